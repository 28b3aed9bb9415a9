"""Handing a message to a browser's push service: sealed for that phone alone, signed by this installation."""

import json
import time
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import requests
from py_vapid import Vapid02
from py_vapid.utils import b64urldecode, b64urlencode

from app.config import settings
from app.db import transaction
from app.errors import Unreadable
from app.messages.parcels import NotDelivered, Parcel
from app.messages.push_sealing import seal
from app.messages.push_tables import PushSubscription
from app.messages.rules import PUSH_TTL, Trouble

PATIENCE: Final = 5  # seconds
SIGNED: Final = 12 * 3600  # seconds; at most a day (RFC 8292 section 2)
GONE: Final = (404, 410)  # RFC 8030 section 7.3: the phone is not to be reached under this address any more


class NoSuchPhone(Unreadable):
    """That is no address of a push service this installation talks to."""


@dataclass(frozen=True)
class _Address:
    endpoint: str
    p256dh: str
    auth: str


def key() -> Vapid02 | None:
    """The key this installation signs with; None where none was set and nobody can be rung."""
    text = settings().push_key.get_secret_value()
    file = Path(settings().var_dir) / "push_key"
    if not text and file.exists():
        text = file.read_text().strip()
    return Vapid02.from_string(text) if text else None


def new_key() -> str:
    """A fresh private key, as the settings take it."""
    made = Vapid02()
    made.generate_keys()
    return str(b64urlencode(made.private_key.private_numbers().private_value.to_bytes(32, "big")))


def public_key() -> str | None:
    """What a browser must know to subscribe: the uncompressed point, base64url."""
    mine = key()
    if mine is None:
        return None
    numbers = mine.public_key.public_numbers()
    return str(b64urlencode(b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")))


def check(endpoint: str) -> None:
    """Raises NoSuchPhone for an address that is none of a push service's: a phone must not aim the server elsewhere."""
    try:
        parts = urlsplit(endpoint)
        host, secure = parts.hostname or "", parts.scheme == "https" or (settings().demo and parts.scheme == "http")
    except ValueError:
        host, secure = "", False
    known = [name.strip() for name in settings().push_hosts.split(",") if name.strip()]
    if not secure or parts.username or not any(fnmatch(host, name) for name in known):
        raise NoSuchPhone("This browser's push service is not among those this installation talks to.")


def carry(parcel: Parcel) -> str:
    """Hand one over; `to` is the number of a subscription. Raises NotDelivered; BAD_NUMBER: the phone is gone."""
    mine, address = key(), _address(parcel.to)
    if mine is None:
        raise NotDelivered(Trouble.NOT_CONFIGURED, "set YINLING_PUSH_KEY")
    if address is None:
        raise NotDelivered(Trouble.BAD_NUMBER, "unsubscribed")
    headers = {"Urgency": "high" if parcel.urgent else "normal", "Topic": parcel.id[-32:]}  # a repeat takes its place
    headers |= {"TTL": str(PUSH_TTL[parcel.urgent]), "Content-Encoding": "aes128gcm"}
    try:
        check(address.endpoint)
        body = seal(parcel.text.encode(), _decoded(address.p256dh), _decoded(address.auth))
        with _straight() as line:
            answer = line.post(
                address.endpoint, body, headers=headers | _signed(mine, address.endpoint), timeout=PATIENCE
            )
    except NoSuchPhone as refused:
        raise NotDelivered(Trouble.BAD_NUMBER, refused.detail) from None
    except ValueError:
        raise NotDelivered(Trouble.REFUSED, "cannot be sealed for this phone") from None
    except requests.RequestException:
        raise NotDelivered(Trouble.NO_ANSWER) from None
    if not answer.ok:
        raise _trouble(answer.status_code)
    return urlsplit(address.endpoint).hostname or ""


def _decoded(text: str) -> bytes:
    return bytes(b64urldecode(text.encode()))


def _signed(key: Vapid02, endpoint: str) -> dict[str, str]:
    """RFC 8292: who rings, for this push service and for some hours only."""
    parts = urlsplit(endpoint)
    claims = {
        "aud": f"{parts.scheme}://{parts.netloc}",
        "exp": int(time.time()) + SIGNED,
        "sub": settings().push_contact,
    }
    return dict(key.sign(claims))


def _address(number: str) -> _Address | None:
    with transaction() as session:
        row = session.get(PushSubscription, int(number))
        return _Address(row.endpoint, row.p256dh, row.auth) if row else None


def _straight() -> requests.Session:
    """No redirects: to the push service or nowhere."""
    line = requests.Session()
    line.max_redirects = 0
    return line


def _trouble(code: int) -> NotDelivered:
    if code in GONE:
        return NotDelivered(Trouble.BAD_NUMBER, f"HTTP {code}")
    if code == 429 or code >= 500:
        return NotDelivered(Trouble.OVERLOADED, f"HTTP {code}")
    return NotDelivered(Trouble.REFUSED, f"HTTP {code}")


def payload(kind: str, about: str, **more: str) -> str:
    """What the phone is told: what kind of thing and where to look; never a name, a door or an illness."""
    return json.dumps({"kind": kind, "about": about, **more}, separators=(",", ":"))
