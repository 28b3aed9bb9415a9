"""A push service in the place of the browsers' own: RFC 8030 over HTTP, RFC 8292 at its door, RFC 8291 in its phones.

    POST /push/<phone>   TTL, Urgency, Topic, Content-Encoding: aes128gcm, Authorization: vapid t=…,k=…
    201 with Location    or 401 and 403 at the door, 404, 410, 413, 415

A phone that subscribed with a key is rung by whoever has that key and by nobody else; a message with a topic takes the
place of the one before; one that nobody fetched in time is gone. A phone that was given up answers 410.
"""

import json
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from py_vapid import Vapid02
from py_vapid.utils import b64urldecode, b64urlencode

from app.messages.push_sealing import unseal

LARGEST: Final = 4096  # bytes a push service must take (RFC 8030 section 7.2)
LONGEST_TOKEN: Final = 24 * 3600  # seconds (RFC 8292 section 2)
URGENCIES: Final = ("very-low", "low", "normal", "high")


@dataclass
class Waiting:
    """A message kept for a phone."""

    said: dict[str, Any]
    urgency: str
    topic: str
    until: float


@dataclass
class Phone:
    """A browser that has subscribed: its keys, and what came."""

    rung_by: str  # the public key it subscribed with
    key: Any = field(default_factory=lambda: _fresh().private_key)
    auth: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    waiting: list[Waiting] = field(default_factory=list)
    came: list[dict[str, Any]] = field(default_factory=list)  # all of it, in order
    gone: bool = False


def _fresh() -> Vapid02:
    made = Vapid02()
    made.generate_keys()
    return made


class PushService:
    """Its phones, and what it answers."""

    def __init__(self, origin: str = "") -> None:
        self.origin = origin
        self.phones: dict[str, Phone] = {}
        self._lock = threading.Lock()

    def subscribe(self, public_key: str) -> dict[str, Any]:
        """As `PushManager.subscribe` answers a page."""
        name, phone = secrets.token_urlsafe(16), Phone(public_key)
        numbers = phone.key.public_key().public_numbers()
        point = b"\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")
        with self._lock:
            self.phones[name] = phone
        keys = {"p256dh": b64urlencode(point), "auth": b64urlencode(phone.auth)}
        return {"endpoint": f"{self.origin}/push/{name}", "keys": keys}

    def give_up(self, endpoint: str) -> None:
        """The browser was reset: nobody reaches this phone under that address any more."""
        self.phones[endpoint.rpartition("/")[2]].gone = True

    def heard(self, endpoint: str) -> list[Waiting]:
        """What its phone would show, the newest last; what is too old is gone."""
        with self._lock:
            return [one for one in self.phones[endpoint.rpartition("/")[2]].waiting if one.until > time.time()]

    def take(self, name: str, headers: Mapping[str, str], body: bytes) -> int:
        """The status of the answer."""
        headers = {given.lower(): value for given, value in headers.items()}
        phone = self.phones.get(name)
        if phone is None:
            return 404
        if phone.gone:
            return 410
        if refused := self._at_the_door(phone, headers):
            return refused
        ttl, urgency = headers.get("ttl", ""), headers.get("urgency", "normal")
        if not ttl.isdecimal() or urgency not in URGENCIES or len(topic := headers.get("topic", "")) > 32:
            return 400
        if headers.get("content-encoding") != "aes128gcm":
            return 415
        if len(body) > LARGEST:
            return 413
        try:
            said = json.loads(unseal(body, phone.key, phone.auth))
        except ValueError:
            return 400  # a real service cannot look inside; its phone would throw it away
        with self._lock:
            phone.waiting = [one for one in phone.waiting if not topic or one.topic != topic]
            phone.came.append(said)
            phone.waiting.append(Waiting(said, urgency, topic, time.time() + int(ttl)))
        return 201

    def _at_the_door(self, phone: Phone, headers: Mapping[str, str]) -> int:
        """0, or why whoever rings is not let in."""
        scheme, _, given = headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in given.split(",") if "=" in part)
        if scheme.lower() != "vapid" or {"t", "k"} - parts.keys():
            return 401
        if parts["k"] != phone.rung_by:
            return 403
        try:
            claims = json.loads(b64urldecode(parts["t"].split(".")[1].encode()))
            right = Vapid02.verify(f"vapid t={parts['t']},k={parts['k']}")
        except Exception:  # whatever a token can be that is none
            return 401
        fits = claims.get("aud") == self.origin and time.time() < claims.get("exp", 0) <= time.time() + LONGEST_TOKEN
        return 0 if right and fits and str(claims.get("sub", "")).startswith(("mailto:", "https:")) else 403


def serve(service: PushService, port: int = 0) -> ThreadingHTTPServer:
    """A server on this machine only; whoever made it runs and closes it."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST + 1))
            status = service.take(self.path.removeprefix("/push/"), dict(self.headers.items()), body)
            self.send_response(status)
            if status == 201:
                self.send_header("Location", f"{service.origin}/message/{secrets.token_urlsafe(8)}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Addresses of phones belong in no log."""

    door = ThreadingHTTPServer(("127.0.0.1", port), Door)
    service.origin = service.origin or f"http://127.0.0.1:{door.server_port}"
    return door
