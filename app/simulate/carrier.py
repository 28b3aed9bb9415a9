"""A gateway of text messages and voice in the place of the outside world: HTTP, receipts, and a bad day now and then.

    POST /send   what Apprise's `json://` posts: {message, to, channel, id, urgent}; 202, or 503 on a bad day
    receipt      POST /api/hooks/messages {id, delivered, trouble?}, signed as `docs/connect/telephone.md` says

It knows the ids it has taken: the same one again is answered as before and told nobody a second time.
"""

import json
import random
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from app.calls.exchange import Web
from app.calls.signing import signed

RECEIPTS: Final = "/api/hooks/messages"
LONGEST: Final = 64 * 1024
BAD_DAY: Final = 0.08  # of posts answered with 503
FATES: Final = {None: 0.93, "unreachable": 0.05, "bad_number": 0.02}


class Carrier:
    """What was taken, and the receipts still to be sent."""

    def __init__(self, *, chance: random.Random) -> None:
        self.taken: dict[str, dict[str, Any]] = {}
        self.due: list[tuple[float, dict[str, Any]]] = []
        self._chance, self._lock = chance, threading.Lock()

    def take(self, said: dict[str, Any], *, now: float) -> int:
        """The status of the answer: 202 taken, 400 not to be read, 503 not today."""
        number = str(said.get("id") or "")
        if not (number and said.get("to") and said.get("message")):
            return 400
        with self._lock:
            if number in self.taken:
                return 202
            if self._chance.random() < BAD_DAY:
                return 503
            self.taken[number] = said
            trouble = self._chance.choices(list(FATES), list(FATES.values()))[0]
            word = {"id": number, "delivered": trouble is None, "trouble": trouble}
            self.due.append((now + self._chance.uniform(1, 8), word))
        return 202

    def receipts(self, *, now: float) -> list[dict[str, Any]]:
        """Those whose time has come; each once."""
        with self._lock:
            told = [word for at, word in self.due if at <= now]
            self.due = [(at, word) for at, word in self.due if at > now]
        return told


def serve(carrier: Carrier, port: int) -> ThreadingHTTPServer:
    """A server on this machine only; whoever made it runs and closes it."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            try:
                said = json.loads(self.rfile.read(size)) if 0 < size <= LONGEST else None
            except ValueError:
                said = None
            status = carrier.take(said, now=time.monotonic()) if isinstance(said, dict) else 400
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Numbers and texts belong in no log."""

    return ThreadingHTTPServer(("127.0.0.1", port), Door)


def tell(web: Web, token: str, word: dict[str, Any]) -> None:
    """Send a receipt."""
    body = json.dumps(word).encode()
    headers = {"Content-Type": "application/json", **signed(token, "POST", RECEIPTS, body)}
    web.post(RECEIPTS, content=body, headers=headers).raise_for_status()
