"""UDP: every datagram stands for itself, names its device and is answered where it came from, once it is stored."""

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, cast

from devices.gateway.frames import Cutter
from devices.gateway.talk import Link, Wire

if TYPE_CHECKING:
    from devices.gateway.server import Gateway

Peer = tuple[str, int]
FRAMES: Final = 16  # of one datagram


class Datagrams(asyncio.DatagramProtocol):
    """One port."""

    def __init__(self, gateway: "Gateway", wire: Wire) -> None:
        self._gateway, self._wire = gateway, wire
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        frames = list(Cutter(self._wire.cut).feed(data, self._wire.LONGEST))
        for frame in frames[:FRAMES]:
            if self._gateway.allows(addr[0]):
                self._hear(frame, addr)

    def _hear(self, frame: bytes, peer: Peer) -> None:
        link = Link(self._gateway.secret)
        said = self._wire.read(frame, link, datetime.now(UTC))
        self._gateway.figures.frames += 1
        if said.device is None:
            return  # over UDP nobody has logged in: a frame without a name is nobody's
        if not said.keep and not said.refused:
            self._answer(said.reply, peer)
            return
        link.device = said.device
        message = self._gateway.message(self._wire, link, said, frame, peer[0])
        self._gateway.offer(message, lambda: self._answer(said.reply, peer), refused=bool(said.refused))

    def _answer(self, reply: bytes, peer: Peer) -> None:
        if reply and self._transport and not self._transport.is_closing():
            self._transport.sendto(reply, peer)
            self._gateway.figures.answered += 1
