"""One connection: bytes in, frames out, who it is, how much it may say, and what it is told."""

import asyncio
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from devices.gateway.frames import Cutter
from devices.gateway.orders import Order
from devices.gateway.talk import Link, Said, Wire

if TYPE_CHECKING:
    from devices.gateway.server import Gateway

WINDOW: Final = 10.0  # seconds over which frames are counted
UNREAD: Final = 32_768  # bytes of ours that a peer may leave unread


class Connection(asyncio.Protocol):
    """Kept small: thousands of these wait for months."""

    __slots__ = (
        "_cutter", "_gateway", "_transport", "address", "began", "closing", "counted", "counted_since", "heard",
        "held_until", "hung_up", "link", "unfinished_since", "wire",
    )  # fmt: skip

    def __init__(self, gateway: "Gateway", wire: Wire) -> None:
        self._gateway, self.wire = gateway, wire
        self._cutter = Cutter(wire.cut)
        self._transport: asyncio.Transport | None = None
        self.address = ""
        self.link = Link(gateway.secret)
        self.began = self.heard = self.counted_since = time.monotonic()
        self.unfinished_since: float | None = None
        self.held_until: float | None = None  # it said too much: not read until then
        self.counted = 0
        self.closing = self.hung_up = False

    # asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        peer = transport.get_extra_info("peername") or ("",)
        self.address = str(peer[0])
        transport.set_write_buffer_limits(high=UNREAD)
        if why := self._gateway.greet(self, transport):
            self.close(why)

    def connection_lost(self, exc: Exception | None) -> None:
        self.closing = True
        self._gateway.part(self)

    def eof_received(self) -> bool:
        """Half closed is closed, once what waits is answered: a device may send its alarm and hang up its end."""
        self.hung_up = self._gateway.owes(self)
        return self.hung_up

    def pause_writing(self) -> None:
        self.close("deaf")  # it does not read what it is told

    def data_received(self, data: bytes) -> None:
        if self.closing:
            return
        limits = self._gateway.limits
        longest = self.wire.LONGEST if self.link.device else min(self.wire.LONGEST, limits.longest_of_a_stranger)
        before = len(self._cutter.buffer)
        for frame in self._cutter.feed(data, longest):
            before = 0
            self.heard = time.monotonic()
            self._count()
            self._gateway.hear(self, frame)
            if self.closing:
                return
        if not self._cutter.buffer:
            self.unfinished_since = None
        elif not before or self.unfinished_since is None:
            self.unfinished_since = time.monotonic()
        if self._cutter.garbage > limits.garbage:
            self.close("garbage")

    # ours

    def hold(self, until: float) -> None:
        """Read no more until then: nothing is lost, the net waits."""
        if self.held_until is None and self._transport and not self.closing:
            self._transport.pause_reading()
        self.held_until = until

    def release(self) -> None:
        self.held_until = None
        if self._transport and not self.closing:
            self._transport.resume_reading()

    def send(self, frame: bytes) -> bool:
        if self.closing or self._transport is None:
            return False
        self._transport.write(frame)
        return True

    def close(self, why: str) -> None:
        """Says nothing more; what is already written still leaves."""
        if not self.closing:
            self.closing = True
            self._gateway.closed(self, why)
            if self._transport:
                self._transport.close()

    def abort(self, why: str) -> None:
        """At once: nobody is there to wait for."""
        self.close(why)
        if self._transport:
            self._transport.abort()

    def read(self, frame: bytes) -> Said:
        return self.wire.read(frame, self.link, datetime.now(UTC))

    def order(self, order: Order) -> bool | None:
        """Tell the device; None: its protocol has no words for it."""
        written = self.wire.write(order, self.link, datetime.now(UTC))
        if written is None:
            return None
        self.link.sent[written[0]] = order.id
        return self.send(written[1])

    def _count(self) -> None:
        now = time.monotonic()
        if now - self.counted_since > WINDOW:
            self.counted, self.counted_since = 0, now
        self.counted += 1
        if self.counted > self._gateway.limits.frames or not self._gateway.allows(self.address):
            self.hold(self.counted_since + WINDOW)
