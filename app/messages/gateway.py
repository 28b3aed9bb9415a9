"""The door to the outside: a message through the Apprise address of the settings, and why it did not go."""

import logging
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import apprise

from app.config import settings
from app.messages import push
from app.messages.parcels import NotDelivered as NotDelivered
from app.messages.parcels import Parcel as Parcel
from app.messages.rules import Channel, Trouble

MAILBOX, GATEWAY = "mailbox", "gateway"


def knows_repeats() -> bool:
    """Whether the gateway is told the id of a message, and so takes the same one only once."""
    return "{id}" in settings().messages_url.get_secret_value() or not settings().messages_url.get_secret_value()


def send(parcel: Parcel) -> str:
    """Hand it over; answers by what way, raises NotDelivered. Without an address the demo keeps it in its mailbox."""
    if parcel.channel is Channel.PUSH:
        return push.carry(parcel)
    address = settings().messages_url.get_secret_value()
    if not address:
        if settings().demo:
            return MAILBOX
        raise NotDelivered(Trouble.NOT_CONFIGURED, "set YINLING_MESSAGES_URL")
    given = {"to": parcel.to, "channel": parcel.channel, "id": parcel.id, "urgent": str(int(parcel.urgent))}
    for name, value in given.items():
        address = address.replace("{" + name + "}", quote(value, safe=""))
    service = apprise.Apprise()
    if not service.add(address):
        raise NotDelivered(Trouble.NOT_CONFIGURED, "YINLING_MESSAGES_URL is no address that Apprise knows")
    with _overheard() as said:
        taken = service.notify(body=parcel.text)
    if not taken:
        raise _trouble(" ".join(said))
    return GATEWAY


def _trouble(said: str) -> NotDelivered:
    if found := re.search(r"error=(\d{3})", said):
        code = int(found[1])
        kind = Trouble.OVERLOADED if code == 429 or code >= 500 else Trouble.REFUSED
        return NotDelivered(kind, f"HTTP {code}")
    return NotDelivered(Trouble.NO_ANSWER if "onnection" in said else Trouble.REFUSED)


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What Apprise logs in this thread: it answers only yes or no, and its log knows why."""
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == threading.get_ident():
                said.append(record.getMessage())

    ear, logger = Ear(logging.WARNING), logging.getLogger("apprise")
    logger.addHandler(ear)
    try:
        yield said
    finally:
        logger.removeHandler(ear)
