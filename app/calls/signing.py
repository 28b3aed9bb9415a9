"""How a switchboard or gateway proves who it is: HMAC-SHA256 over the time, the door and the very bytes it sends.

X-Yinling-Timestamp: 1795226400                 seconds since 1970, by the sender's clock
X-Yinling-Signature: sha256=<hex of HMAC-SHA256(secret, timestamp "\\n" METHOD "\\n" path?query "\\n" body)>
"""

import hashlib
import hmac
import time
from datetime import datetime, timedelta
from typing import Final

from app.calls.rules import HooksClosed

TIMESTAMP: Final = "X-Yinling-Timestamp"
SIGNATURE: Final = "X-Yinling-Signature"
WINDOW: Final = timedelta(minutes=5)  # how far the two clocks may differ, and how long a report may be sent again
BODY: Final = 16 * 1024  # bytes; the longest report of the contract has a fifth


def signed(secret: str, method: str, target: str, body: bytes, *, timestamp: str | None = None) -> dict[str, str]:
    """The headers to send with a request; `target` is path and query as they go over the wire."""
    timestamp = timestamp or str(int(time.time()))
    return {TIMESTAMP: timestamp, SIGNATURE: "sha256=" + _mac(secret, timestamp, method, target, body)}


def check(secret: str, method: str, target: str, body: bytes, *, timestamp: str, signature: str, now: datetime) -> None:
    """Raises HooksClosed unless whoever knows the secret sent exactly this, within the window."""
    if not secret:
        raise HooksClosed("The webhooks are closed: no YINLING_HOOKS_TOKEN is set.")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise HooksClosed(f"Send {TIMESTAMP} with the seconds since 1970.")
    if abs(now.timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise HooksClosed("The signature is too old, or the sender's clock is wrong: sign anew with the time of now.")
    right = "sha256=" + _mac(secret, timestamp, method, target, body)
    if not hmac.compare_digest(signature.encode(), right.encode()):
        raise HooksClosed("The signature does not fit this request.")


def _mac(secret: str, timestamp: str, method: str, target: str, body: bytes) -> str:
    said = f"{timestamp}\n{method}\n{target}\n".encode() + body
    return hmac.new(secret.encode(), said, hashlib.sha256).hexdigest()
