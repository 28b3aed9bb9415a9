"""The gateway: listens for watches, trackers and alarm diallers, and answers only what is stored.

It knows no database: `store` takes calls for help and calm words as messages, `urgent` tells one from the other, and
whoever runs it hears of devices that come, go and answer.
"""

import asyncio
import json
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from devices.gateway.connection import WINDOW, Connection
from devices.gateway.datagrams import Datagrams
from devices.gateway.lane import Lane
from devices.gateway.orders import Order
from devices.gateway.talk import Link, Said, Wire
from devices.signals import Message

log = logging.getLogger(__name__)
ROUND: Final = 1.0  # seconds between two looks at every connection
BACKLOG: Final = 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a peer may take. Many devices share one address behind a carrier's network."""

    connections: int = 10_000
    strangers_of_an_address: int = 2_500  # connections that have not said who they are
    of_an_address: int = 8_000
    login_seconds: float = 30  # until the first whole frame
    frame_seconds: float = 30  # for a frame that has begun
    idle_seconds: float = 1200
    answer_seconds: float = 10  # unanswered because nothing can be stored: hang up, so that the device says it again
    frames: int = 200  # in ten seconds; more are read later
    frames_of_an_address: int = 20_000  # in ten seconds; over UDP more are dropped
    garbage: int = 8192  # bytes since the last whole frame
    longest_of_a_stranger: int = 1024


@dataclass(slots=True)
class Figures:
    """What a gateway has seen since its start."""

    frames: int = 0
    answered: int = 0
    refused: int = 0
    closed: Counter[str] = field(default_factory=Counter)  # why


@dataclass(frozen=True, slots=True)
class Ears:
    """Whom the gateway tells what, from its event loop: none of these may wait."""

    urgent: Callable[[Message], Message | None]  # the message as the lane of calls for help takes it; None: calm
    is_concentrator: Callable[[str], bool] = lambda _device: False  # may speak for others
    came: Callable[[str], None] = lambda _device: None
    answered: Callable[[int, str], None] = lambda _order, _words: None


class Gateway:
    """Listeners of any number of protocols over two lanes into the database."""

    def __init__(
        self, name: str, help_lane: Lane, calm_lane: Lane, ears: Ears, *,
        secret: Callable[[str, str], str] = lambda _purpose, _device: "", limits: Limits | None = None,
    ) -> None:  # fmt: skip
        self.name, self.secret, self.limits = name, secret, limits or Limits()
        self._help, self._calm, self._ears = help_lane, calm_lane, ears
        self._connections: set[Connection] = set()
        self._devices: dict[str, Connection] = {}
        self._here: dict[str, Connection] = {}  # those of them that have been answered: before that, none takes orders
        self._addresses: Counter[str] = Counter()
        self._left: dict[str, datetime] = {}  # since when a device that kept its line has none
        self._owed: Counter[Connection] = Counter()
        self._spoken: Counter[str] = Counter()
        self._spoken_since = time.monotonic()
        self._servers: list[asyncio.Server] = []
        self._datagrams: list[asyncio.DatagramTransport] = []
        self._rounds = asyncio.create_task(self._look_after())
        self.ports: dict[str, int] = {}
        self.figures = Figures()

    # Life

    async def listen(self, wire: Wire, host: str, port: int) -> int:
        """Answers the port, which it chooses itself for 0; the same for TCP and UDP."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Connection(self, wire), host, port, backlog=BACKLOG, reuse_address=True
        )
        self._servers.append(server)
        port = int(server.sockets[0].getsockname()[1])
        if wire.UDP:
            transport, _ = await loop.create_datagram_endpoint(lambda: Datagrams(self, wire), local_addr=(host, port))
            self._datagrams.append(transport)
        self.ports[wire.NAME] = port
        return port

    async def close(self) -> None:
        """Take nothing new, store and answer what was heard, hang up."""
        for server in self._servers:
            server.close()
        for transport in self._datagrams:
            transport.close()
        self._rounds.cancel()
        await asyncio.gather(self._rounds, return_exceptions=True)
        await asyncio.gather(self._help.close(), self._calm.close())
        for connection in list(self._connections):
            connection.close("stopping")
        await asyncio.sleep(0)

    # What others ask

    @property
    def connections(self) -> int:
        return len(self._connections)

    def devices(self) -> Mapping[str, Connection]:
        """Who is connected, by the name of the device."""
        return self._here

    def away(self, seconds: float) -> dict[str, datetime]:
        """Who has left so long ago and not come back here, and when; told once."""
        limit = datetime.now(UTC) - timedelta(seconds=seconds)
        gone = {device: left for device, left in self._left.items() if left < limit}
        for device in gone:
            del self._left[device]
        return gone

    def tell(self, device: str, order: Order) -> bool | None:
        """Whether the order has left for the device; None: its protocol has no words for it."""
        connection = self._here.get(device)
        return connection.order(order) if connection else False

    # What connections say

    def greet(self, connection: Connection, transport: asyncio.Transport) -> str | None:
        """Take a new one in; answers why not."""
        self._connections.add(connection)
        self._addresses[connection.address] += 1
        self._addresses["?" + connection.address] += 1
        keep_alive(transport.get_extra_info("socket"))
        if len(self._connections) > self.limits.connections:
            return "too many connections"
        if self._addresses[connection.address] > self.limits.of_an_address:
            return "too many of one address"
        if self._addresses["?" + connection.address] > self.limits.strangers_of_an_address:
            return "too many strangers of one address"
        return None

    def allows(self, address: str) -> bool:
        """Count a frame; False: this address has said enough for now."""
        now = time.monotonic()
        if now - self._spoken_since > WINDOW:
            self._spoken.clear()
            self._spoken_since = now
        self._spoken[address] += 1
        return self._spoken[address] <= self.limits.frames_of_an_address

    def part(self, connection: Connection) -> None:
        if connection not in self._connections:
            return
        self._connections.discard(connection)
        self._owed.pop(connection, None)
        self._less(connection.address)
        if connection.link.device is None:
            self._less("?" + connection.address)
        elif self._devices.get(connection.link.device) is connection:
            del self._devices[connection.link.device]
        if self._here.get(connection.link.device or "") is connection:
            del self._here[str(connection.link.device)]
            if connection.wire.STAYS:
                self._left[str(connection.link.device)] = datetime.now(UTC)

    def closed(self, connection: Connection, why: str) -> None:
        self.figures.closed[why] += 1
        log.debug("%s %s hung up: %s", connection.wire.NAME, connection.address, why)

    def owes(self, connection: Connection) -> bool:
        """Whether an answer to it is still to come."""
        return self._owed[connection] > 0

    def hear(self, connection: Connection, frame: bytes) -> None:
        """One whole frame of a connection."""
        said, is_new = connection.read(frame), connection.link.device is None
        self.figures.frames += 1
        if said.device:
            said = self._believe(connection, said)
        message = self.message(connection.wire, connection.link, said, frame, connection.address)
        if said.answers is not None:
            order = connection.link.sent.pop(said.answers, None)
            if order is not None:
                self._ears.answered(order, said.answer)
        if said.login and not said.refused:
            message = is_here(message)
        elif not said.keep and not said.refused:
            connection.send(said.reply)
            return

        def safe() -> None:
            if connection in self._owed:  # not hung up meanwhile
                self._owed[connection] -= 1
                self._welcome(connection)
                if said.reply and connection.send(said.reply):
                    self.figures.answered += 1
                if said.refused:
                    connection.close("refused")
                elif connection.hung_up and not self.owes(connection):
                    connection.close("hung up")

        self._owed[connection] += 1
        if said.refused:
            self.figures.refused += 1
        if not self.offer(message, safe, refused=bool(said.refused)):
            connection.abort("no room")
        if is_new and not said.login and connection.wire.STAYS:
            self._calm.offer(is_here(message), lambda: None)

    def offer(self, message: Message, safe: Callable[[], None], *, refused: bool = False) -> bool:
        """Into the right lane."""
        urgent = message if refused else self._ears.urgent(message)
        return self._help.offer(urgent, safe) if urgent else self._calm.offer(message, safe)

    def message(self, wire: Wire, link: Link, said: Said, frame: bytes, address: str) -> Message:
        """A frame as the inbox takes it. Who has not named itself is known by its address alone."""
        device = link.device if said.refused or not said.device else said.device
        device = device or f"unnamed at {address}"
        meta: dict[str, Any] = {"family": wire.FAMILY, "device": device, **said.meta}
        if said.refused:
            meta["refused"] = said.refused
        if said.number:
            meta["number"] = said.number
        return Message(
            topic=f"gateway/{wire.NAME}/{device}", payload=frame, qos=1, received_at=datetime.now(UTC),
            source=f"{self.name} {address}", transport=f"{wire.FAMILY} {wire.NAME}", meta=meta,
        )  # fmt: skip

    # Who is who

    def _believe(self, connection: Connection, said: Said) -> Said:
        """The first name counts; another one on the same connection is refused, unless it may speak for others."""
        link = connection.link
        if link.device is None and not said.refused:
            self._introduce(connection, str(said.device))
        elif said.device != link.device and link.device and not self._ears.is_concentrator(link.device):
            return Said(keep=True, refused=f"speaks as {said.device} on the connection of {link.device}")
        return said

    def _introduce(self, connection: Connection, device: str) -> None:
        """A device that comes again has lost its old connection, whatever the net still thinks."""
        connection.link.device = device
        self._less("?" + connection.address)
        before = self._devices.get(device)
        self._devices[device] = connection
        if before:
            before.close("replaced")

    def _welcome(self, connection: Connection) -> None:
        """What it said first is stored: it is here."""
        device = connection.link.device
        if device and self._devices.get(device) is connection and self._here.get(device) is not connection:
            self._here[device] = connection
            self._left.pop(device, None)
            self._ears.came(device)

    def _less(self, address: str) -> None:
        self._addresses[address] -= 1
        if self._addresses[address] <= 0:
            del self._addresses[address]

    # The rounds

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(ROUND)
            now = time.monotonic()
            for connection in list(self._connections):
                self._look_at(connection, now)
            self._hang_up_on_the_unanswered(now)

    def _look_at(self, connection: Connection, now: float) -> None:
        limits = self.limits
        if connection.closing:
            if now - connection.heard > limits.idle_seconds:
                connection.abort("gone")
        elif connection.link.device is None and now - connection.began > limits.login_seconds:
            connection.abort("never said who it is")
        elif connection.unfinished_since and now - connection.unfinished_since > limits.frame_seconds:
            connection.abort("never finished a frame")
        elif now - connection.heard > limits.idle_seconds:
            connection.abort("silent")
        elif connection.held_until is not None and now >= connection.held_until:
            connection.release()

    def _hang_up_on_the_unanswered(self, now: float) -> None:
        """While nothing can be stored: a device that gets no answer and loses its line says it again."""
        oldest = [lane.oldest for lane in (self._help, self._calm) if lane.failing_since and lane.oldest]
        if oldest and now - min(oldest) > self.limits.answer_seconds:
            for connection, owed in list(self._owed.items()):
                if owed > 0:
                    connection.abort("nothing can be stored")


def keep_alive(link: socket.socket | None) -> None:
    """Notice a peer that is gone: after four minutes of silence ask it, six times."""
    if link is None:
        return
    link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 240), ("TCP_KEEPINTVL", 20), ("TCP_KEEPCNT", 6)):
        if hasattr(socket, name):
            link.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def is_here(message: Message) -> Message:
    """A log-in says that the device is there, as a last will says that it is not."""
    return link_of(message.meta["device"], "online", message.source, message.received_at)


def link_of(device: str, status: str, source: str, at: datetime | None) -> Message:
    """What a broker says of a connection: `online` or `offline`."""
    return Message(
        topic=f"care/v1/{device}/status", payload=json.dumps({"status": status}).encode(), qos=1, received_at=at,
        source=source, transport="gateway", meta={"family": "care_v1", "device": device},
    )  # fmt: skip
