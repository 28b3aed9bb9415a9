"""What a gateway bears from its peers: the slow, the loud, the dumb, the vanished and the many."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from devices.gateway import connection, server
from devices.gateway.lane import TRIES_ALONE, Lane
from devices.gateway.orders import Do, Order
from devices.gateway.protocols import WIRES
from devices.gateway.server import Ears, Gateway, Limits
from devices.signals import Message
from tests.devices.gateway import samples

pytestmark = pytest.mark.alone
CALLS = b"AL,"
END = b"]"


@dataclass
class Store:
    """A database of lists, which may be down."""

    messages: list[Message] = field(default_factory=list)
    aside: list[Message] = field(default_factory=list)
    down: Callable[[Sequence[Message]], bool] = lambda _batch: False
    gate: threading.Event = field(default_factory=threading.Event)

    def receive(self, batch: Sequence[Message]) -> None:
        if self.down(batch):
            raise ConnectionError("the database is down")
        self.messages += [m for m in batch if m.transport != "gateway"]  # what was said, not that somebody came

    def put_aside(self, message: Message, _error: Exception) -> None:
        if self.down([]):
            raise ConnectionError("the database is down")
        self.aside.append(message)


@asynccontextmanager
async def running(store: Store, **limits: Any) -> AsyncIterator[Gateway]:
    lanes = Lane("help", store.receive, store.put_aside), Lane("calm", store.receive, store.put_aside)
    ears = Ears(urgent=lambda message: message if CALLS in message.payload else None)
    gateway = Gateway("test", *lanes, ears, limits=replace(Limits(), **limits))
    try:
        await gateway.listen(WIRES["3g"], "127.0.0.1", 0)
        yield gateway
    finally:
        await gateway.close()


@asynccontextmanager
async def line(gateway: Gateway) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", gateway.ports["3g"])
    try:
        yield reader, writer
    finally:
        writer.close()
        await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def hung_up(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(30):
        try:
            return await reader.read() == b""
        except ConnectionError:
            return True


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "ROUND", 0.05)
    monkeypatch.setattr("devices.gateway.lane.FIRST_PAUSE", 0.01)
    monkeypatch.setattr("devices.gateway.lane.LONGEST_PAUSE", 0.02)


@pytest.mark.parametrize(
    ("said", "limits", "why"),
    [
        (b"", {"login_seconds": 0.2}, "never said who it is"),
        (samples.watch("LK") + b"[3G*", {"frame_seconds": 0.2}, "never finished a frame"),
        (samples.watch("LK"), {"idle_seconds": 0.2}, "silent"),
        (b"GET / HTTP/1.1\r\n" * 1000, {}, "garbage"),
        (b"[3G*1*FFFF*" + b"A" * 20_000, {}, "garbage"),
    ],
)
def test_who_keeps_a_line_and_says_nothing_of_use_loses_it(said: bytes, limits: dict[str, Any], why: str) -> None:
    async def story() -> None:
        async with running(Store(), **limits) as gateway, line(gateway) as (reader, writer):
            writer.write(said)
            if said.startswith(samples.watch("LK")):
                await reader.readuntil(END)
            assert await hung_up(reader)
            assert gateway.figures.closed[why] == 1
            assert gateway.connections == 0 or await _parted(gateway)

    asyncio.run(story())


async def _parted(gateway: Gateway) -> bool:
    async with asyncio.timeout(30):
        while gateway.connections:
            await asyncio.sleep(0.01)
    return True


def test_one_byte_at_a_time_is_no_excuse() -> None:
    """A frame has a time to be finished in, however diligently its bytes drip."""

    async def story() -> None:
        async with running(Store(), frame_seconds=0.3) as gateway, line(gateway) as (reader, writer):
            writer.write(samples.watch("LK"))
            await reader.readuntil(END)
            writer.write(b"[3G*")
            async with asyncio.timeout(30):
                while not gateway.figures.closed:
                    writer.write(b"1")
                    await asyncio.sleep(0.02)
            assert await hung_up(reader)
            assert gateway.figures.closed["never finished a frame"] == 1

    asyncio.run(story())


def test_a_device_that_comes_again_replaces_its_old_line_and_hears_its_orders_on_the_new_one() -> None:
    async def story() -> None:
        async with running(Store()) as gateway, line(gateway) as (old, said), line(gateway) as (new, says):
            said.write(samples.watch("LK"))
            await old.readuntil(END)
            says.write(samples.watch("LK"))
            await new.readuntil(END)
            assert await hung_up(old) and gateway.figures.closed["replaced"] == 1
            assert gateway.tell(samples.WATCH, Order(1, Do.FIND))
            assert await new.readuntil(END) == b"[3G*3011234567*0004*FIND]"
            assert gateway.tell("nobody", Order(2, Do.FIND)) is False

    asyncio.run(story())


def test_a_loud_device_is_read_later_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WINDOW", 0.3)
    store = Store()

    async def story() -> None:
        async with running(store, frames=10) as gateway, line(gateway) as (reader, writer):
            for n in range(50):
                writer.write(samples.watch(f"LK,{n},0,80"))
            async with asyncio.timeout(30):
                for _ in range(50):
                    await reader.readuntil(END)

    asyncio.run(story())
    assert [m.payload for m in store.messages] == [samples.watch(f"LK,{n},0,80") for n in range(50)]


def test_half_a_goodbye_is_answered_before_the_line_is_closed() -> None:
    """A device may send its alarm and close its end."""
    store = Store()

    async def story() -> None:
        async with running(store) as gateway, line(gateway) as (reader, writer):
            writer.write(samples.watch_sos())
            writer.write_eof()
            assert await reader.read() == b"[3G*3011234567*0002*AL]"

    asyncio.run(story())


def test_while_nothing_can_be_stored_lines_are_cut_unanswered_and_what_was_heard_is_stored_later() -> None:
    store = Store()
    down = True
    store.down = lambda _batch: down

    async def story() -> None:
        nonlocal down
        async with running(store, answer_seconds=0.2) as gateway:
            async with line(gateway) as (reader, writer):
                writer.write(samples.watch_sos())
                assert await hung_up(reader)
            assert gateway.figures.answered == 0 and store.messages == []
            down = False
            async with asyncio.timeout(30):
                while not store.messages:
                    await asyncio.sleep(0.01)

    asyncio.run(story())


def test_one_message_that_cannot_be_stored_does_not_hold_up_the_others() -> None:
    store = Store()
    store.down = lambda batch: any(b"poison" in message.payload for message in batch)

    async def story() -> None:
        async with running(store) as gateway, line(gateway) as (reader, writer):
            writer.write(samples.watch("AL,poison") + samples.watch("AL,well") * 3)
            async with asyncio.timeout(30):
                for _ in range(4):
                    await reader.readuntil(END)

    asyncio.run(story())
    assert [m.payload for m in store.aside] == [samples.watch("AL,poison")] and len(store.messages) == 3
    assert TRIES_ALONE > 1, "a passing trouble sets nothing aside"


def test_two_thousand_watches_are_heard_at_once() -> None:
    store, many = Store(), 2000

    async def one(gateway: Gateway, n: int) -> bytes:
        async with line(gateway) as (reader, writer):
            device = f"3{n:09d}"
            writer.write(samples.watch("LK", device))
            await reader.readuntil(END)
            connected.append(device)
            async with asyncio.timeout(60):
                while len(connected) < many:
                    await asyncio.sleep(0.05)
            writer.write(samples.watch_sos(device=device))
            return await reader.readuntil(END)

    connected: list[str] = []

    async def story() -> list[bytes]:
        async with running(store) as gateway:
            return await asyncio.gather(*(one(gateway, n) for n in range(many)))

    from app.gateway import allow_files

    if allow_files(2 * many + 500) < 2 * many:
        pytest.skip("this account may not open so many files")
    assert asyncio.run(story()) == [f"[3G*3{n:09d}*0002*AL]".encode() for n in range(many)]
    assert len(store.messages) == 2 * many
