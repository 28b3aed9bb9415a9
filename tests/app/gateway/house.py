"""A gateway on real sockets over the real inbox, and a device's end of a line: words for the stories of this folder."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from app import gateway as process
from app.alarms.tables import Alarm, InboxMessage
from app.db import transaction
from app.equipment.tables import Device
from app.gateway.courier import Courier
from devices.gateway.protocols import WIRES
from devices.gateway.server import Gateway
from tests.cast import a_device

PATIENCE = 60.0


@dataclass
class House:
    """A gateway on free ports."""

    gateway: Gateway

    async def dial(self, wire: str) -> "Line":
        return Line(*await asyncio.open_connection("127.0.0.1", self.gateway.ports[wire]))


@dataclass
class Line:
    """A device's end of a connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def say(self, frame: bytes, until: bytes = b"") -> bytes:
        """Answers what came back, up to these bytes; nothing is waited for without them."""
        self.writer.write(frame)
        await self.writer.drain()
        return await asyncio.wait_for(self.reader.readuntil(until), PATIENCE) if until else b""

    async def is_hung_up(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), PATIENCE) == b""

    async def hang_up(self) -> None:
        self.writer.close()
        await asyncio.gather(self.writer.wait_closed(), return_exceptions=True)


@asynccontextmanager
async def house(name: str = "gateway-test", *, concentrators: frozenset[str] = frozenset()) -> AsyncIterator[House]:
    """All of the process but its pulse."""
    courier = Courier(name)
    gateway, _ = process.make(process.State(name, concentrators), courier)
    rounds = asyncio.create_task(courier.run(gateway))
    try:
        for wire in WIRES.values():
            await gateway.listen(wire, "127.0.0.1", 0)
        yield House(gateway)
    finally:
        rounds.cancel()
        await gateway.close()
        await courier.close()


async def until(claim: Callable[[], bool]) -> None:
    """Wait for something to come true."""
    async with asyncio.timeout(PATIENCE):
        while not await asyncio.to_thread(claim):
            await asyncio.sleep(0.02)


def now() -> datetime:
    return datetime.now(UTC)


def registered(wire_id: str, model: str = "yl-watch") -> Device:
    with transaction() as session:
        return a_device(session, wire_id=wire_id, model=model)


def alarms() -> list[Alarm]:
    with transaction() as session:
        return list(session.scalars(select(Alarm).order_by(Alarm.id)))


def stored() -> list[InboxMessage]:
    with transaction() as session:
        return list(session.scalars(select(InboxMessage).order_by(InboxMessage.id)))
