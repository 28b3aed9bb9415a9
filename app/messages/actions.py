"""Writing into the outbox, and carrying it out: read in one transaction, send in none, store in a second."""

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

import apprise
import structlog
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.db import notice, transaction
from app.messages import queries
from app.messages.rules import LEASE, Channel, next_try
from app.messages.tables import OutboxMessage

log = structlog.get_logger()
Send = Callable[[Channel, str, str], str]
"""Tells somebody a text by a channel; answers by what way, raises NotDelivered."""


class NotDelivered(Exception):
    """The gateway did not take it; the text says why, without a number or a name."""


def tell(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    key: str,
    channel: Channel,
    to: str,
    to_whom: str,
    text: str,
    now: datetime,
    about: str | None = None,
) -> None:
    """Have somebody told, once for each key; goes out after the commit."""
    row = {
        "district_id": district_id, "division_code": division_code, "key": key, "channel": channel, "to": to,
        "to_whom": to_whom, "text": text, "about": about, "created_at": now, "due_at": now, "attempts": 0,
    }  # fmt: skip
    session.execute(insert(OutboxMessage).values(row).on_conflict_do_nothing())
    notice(session, district_id, "messages")


def deliver_due(send: Send | None = None) -> int:
    """Carry out what is due, one by one; answers how many went out. May run beside itself: each takes its own."""
    with transaction() as session:
        ids = queries.due(session, now=datetime.now(UTC))
    return sum(_deliver(message_id, send or by_gateway) for message_id in ids)


def _deliver(message_id: int, send: Send) -> bool:
    now = datetime.now(UTC)
    with transaction() as session:
        message = session.get(OutboxMessage, message_id, with_for_update={"skip_locked": True})
        if message is None or message.due_at is None or message.due_at > now:
            return False
        message.attempts += 1
        message.due_at = now + LEASE
        channel, to, text = message.channel, message.to, message.text
    via, error = None, None
    try:
        via = send(channel, to, text)
    except NotDelivered as failure:
        error = str(failure)
    with transaction() as session:
        message = session.get_one(OutboxMessage, message_id, with_for_update=True)
        now = datetime.now(UTC)
        message.via, message.error = via, error
        message.sent_at = now if via else None
        message.due_at = None if via else next_try(message.attempts, now=now)
        notice(session, message.district_id, "messages")
    if error:
        log.warning("message not delivered", id=message_id, error=error)
    return via is not None


def by_gateway(channel: Channel, to: str, text: str) -> str:
    """Through the Apprise address of the settings; without one the demo keeps it in its mailbox."""
    address = settings().messages_url.get_secret_value()
    if not address:
        if settings().demo:
            return "mailbox"
        raise NotDelivered("no gateway is configured: set YINLING_MESSAGES_URL")
    gateway = apprise.Apprise()
    if not gateway.add(address.replace("{to}", quote(to, safe="")).replace("{channel}", channel)):
        raise NotDelivered("YINLING_MESSAGES_URL is no address that Apprise knows")
    if not gateway.notify(body=text):
        raise NotDelivered("the gateway did not take it")
    return "gateway"
