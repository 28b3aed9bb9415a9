"""The gateway process: watches, trackers and alarm diallers over TCP and UDP, into the same inbox as the broker's.

Calls for help and what nobody can read have a lane of their own into `inbox.receive`; heartbeats, places and readings
take the calm one. A device is answered when the commit is done, and not before.
"""

import asyncio
import resource
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from signal import SIGINT, SIGTERM
from typing import Any, Final

import structlog

from app import vault
from app.alarms import inbox, pulse
from app.alarms.rules import payload_hash, press_number, rings_as
from app.config import settings
from app.db import transaction
from app.equipment import queries as register
from app.gateway.courier import Courier
from app.logs import configure
from app.tables import metadata
from devices import codecs
from devices.gateway.lane import Lane
from devices.gateway.protocols import WIRES
from devices.gateway.server import Ears, Gateway, Limits, link_of
from devices.signals import BadPayload, Message

assert metadata.tables  # a foreign key finds its table only where every table is known
log = structlog.get_logger()
PULSE: Final = 2.0  # seconds
AWAY: Final = 300.0  # seconds without a line until a device is out of reach
SPARE_FILES: Final = 200  # for the database, logs and listeners


class NoListeners(ValueError):
    """The setting names no listener, or one that is not to be understood; the text says how it is written."""


@dataclass
class State:
    """What the process knows beside its connections."""

    name: str
    concentrators: frozenset[str] = frozenset()
    facts: dict[str, Any] = field(default_factory=dict)


def listeners(text: str) -> list[tuple[str, int]]:
    """Protocols and ports as the setting has them; raises NoListeners."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        wire, _, port = part.partition(":")
        if wire not in WIRES or not port.isdecimal() or int(port) > 65535:
            raise NoListeners(f"{part!r} is no listener: write protocol:port, with a protocol of {', '.join(WIRES)}")
        found.append((wire, int(port)))
    if not found:
        raise NoListeners("set YINLING_GATEWAY_LISTENERS, for instance to 3g:5093,gt06:5023,jt808:5015")
    return found


def main(name: str = "1") -> None:
    """Serve until asked to stop; what was heard is stored and answered first."""
    configure(f"gateway-{name}")
    wanted = listeners(settings().gateway_listeners)
    asyncio.run(serve(name, wanted))


async def serve(name: str, wanted: Sequence[tuple[str, int]]) -> None:
    """The process, in its event loop."""
    stopping = asyncio.Event()
    for number in (SIGTERM, SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    state = State(f"gateway-{name}")
    courier = Courier(state.name)
    gateway, lanes = make(state, courier)
    rounds = asyncio.create_task(courier.run(gateway))
    try:
        for wire, port in wanted:
            log.info("listening", protocol=wire, port=await gateway.listen(WIRES[wire], settings().gateway_host, port))
        while not stopping.is_set():
            await asyncio.to_thread(_beat, state, gateway, lanes)
            if gone := gateway.away(AWAY):
                await asyncio.to_thread(out_of_reach, state.name, gone)
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), PULSE)
    finally:
        rounds.cancel()
        await gateway.close()
        await courier.close()


def make(state: State, courier: Courier) -> tuple[Gateway, tuple[Lane, Lane]]:
    """A gateway over the inbox; in a running event loop."""
    lanes = Lane("help", inbox.receive, inbox.put_aside), Lane("calm", inbox.receive_telemetry, inbox.put_aside)
    ears = Ears(
        urgent=urgent,
        is_concentrator=lambda device: device in state.concentrators,
        came=courier.came,
        answered=courier.answered,
    )
    limits = Limits(
        connections=min(settings().gateway_connections, allow_files(settings().gateway_connections + SPARE_FILES)),
        of_an_address=settings().gateway_of_an_address,
        idle_seconds=settings().gateway_idle_minutes * 60,
    )
    return Gateway(state.name, *lanes, ears, secret=vault.digest, limits=limits), lanes


def urgent(message: Message) -> Message | None:
    """A frame that may be a call for help, with what a repeat of it is known by; None: it can wait."""
    received = message.received_at or datetime.now(UTC)
    try:
        signals = codecs.decode(message, message.meta["family"])
    except BadPayload:
        return message
    except Exception:  # a fault of ours must not cost the connection, nor a call for help
        log.exception("could not be judged", topic=message.topic)
        return message
    called = (s for s in signals if rings_as(s.kind, history=s.history, of_button=True))
    if (signal := next(called, None)) is None:
        return None
    known = press_number(message.meta.get("number"), signal.at, received, payload_hash(message.payload))
    extra = {"event_id": known[0], "same_within": known[1]} if known else {}
    return replace(message, meta={**message.meta, **extra})


def allow_files(wanted: int) -> int:
    """Raise this process's limit of open files as far as it may; answers how many connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft - SPARE_FILES if soft != resource.RLIM_INFINITY else wanted


def out_of_reach(name: str, gone: Mapping[str, datetime]) -> None:
    """Devices that kept a line have none, unless they have been heard since, by another gateway."""
    try:
        with transaction() as session:
            seen = register.last_seen(session, gone.keys())
        silent = [device for device, left in gone.items() if device in seen and seen[device] <= left]
        now = datetime.now(UTC)
        inbox.receive_telemetry([link_of(device, "offline", name, now) for device in silent])
    except Exception as error:  # their silence will be noticed by the clock
        log.warning("not noted who is out of reach", error=type(error).__name__)


def _beat(state: State, gateway: Gateway, lanes: tuple[Lane, Lane]) -> None:
    """Tell the desk how it is. While the database is down nobody can be told, and nobody needs to be."""
    failing = [lane for lane in lanes if lane.failing_since]
    figures = gateway.figures
    try:
        with transaction() as session:
            state.concentrators = register.concentrators(session)
            pulse.beat(
                session, state.name, well=not failing, now=datetime.now(UTC), ports=gateway.ports,
                connections=gateway.connections, devices=len(gateway.devices()), frames=figures.frames,
                answered=figures.answered, refused=figures.refused, closed=dict(figures.closed),
                waiting=sum(lane.waiting for lane in lanes), stored=sum(lane.stored for lane in lanes),
                error=failing[0].error if failing else None,
            )  # fmt: skip
    except Exception as error:
        log.warning("no pulse", error=type(error).__name__)
