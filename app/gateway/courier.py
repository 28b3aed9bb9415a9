"""Carries commands to the devices that are connected here, and their answers back.

The table is the truth: a gateway claims a command in one transaction and says it after the commit, so that no two say
it and a command that opens a microphone is never said twice. A notice of the database only saves the wait for the next
look.
"""

import asyncio
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

import structlog
from sqlalchemy import NullPool, create_engine, text

from app.commands import actions, queries
from app.config import settings
from app.db import transaction
from devices.gateway.orders import Do, Order
from devices.gateway.server import Gateway

log = structlog.get_logger()
LOOK: Final = 2.0  # seconds between two looks when no notice comes
TURN: Final = 1.0


class Courier:
    """One for each gateway process; lives in its event loop, and hears notices in a thread."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        self._stopping = threading.Event()
        self._notes: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._hear_notices, name="notices", daemon=True)

    async def run(self, gateway: Gateway) -> None:
        """Until it is cancelled."""
        self._thread.start()
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), LOOK)
            self._wake.clear()
            try:
                await self.deliver(gateway)
            except Exception as error:
                log.warning("commands wait", error=type(error).__name__)

    async def close(self) -> None:
        """Note the answers that came last."""
        self._stopping.set()
        if self._thread.is_alive():
            await asyncio.to_thread(self._thread.join, 2 * TURN)
        await asyncio.gather(*self._notes, return_exceptions=True)

    def came(self, _device: str) -> None:
        """Something may wait for whoever has just connected."""
        self._wake.set()

    async def deliver(self, gateway: Gateway) -> None:
        """Say what waits for devices that are connected here."""
        for handed in await asyncio.to_thread(self._claim, frozenset(gateway.devices())):
            order = Order(handed.id, Do(handed.kind), handed.numbers, handed.seconds, handed.words)
            told = gateway.tell(handed.wire_id, order)
            if not told:
                await asyncio.to_thread(self._untold, handed.id, has_words=told is not None)

    def answered(self, command_id: int, words: str) -> None:
        """From the event loop: a device has answered."""
        note = self._loop.create_task(asyncio.to_thread(self._answered, command_id, words))
        self._notes.add(note)
        note.add_done_callback(self._noted)

    def _noted(self, note: "asyncio.Task[None]") -> None:
        self._notes.discard(note)
        if not note.cancelled() and (error := note.exception()):
            log.warning("an answer was not noted", error=type(error).__name__)

    def _claim(self, connected: frozenset[str]) -> list[actions.Handed]:
        with transaction() as session:
            now = datetime.now(UTC)
            ids = [number for number, wire_id in queries.waiting(session, now=now) if wire_id in connected]
            return list(actions.hand_over(session, ids, gateway=self.name, now=now)) if ids else []

    def _untold(self, command_id: int, *, has_words: bool) -> None:
        with transaction() as session:
            now = datetime.now(UTC)
            if has_words:
                actions.take_back(session, command_id, gateway=self.name, now=now)
            else:
                reason = "its protocol has no words for it"
                actions.fail(session, command_id, gateway=self.name, now=now, reason=reason)

    def _answered(self, command_id: int, words: str) -> None:
        with transaction() as session:
            actions.answered(session, command_id, words=words, gateway=self.name, now=datetime.now(UTC))

    def _hear_notices(self) -> None:
        engine = create_engine(
            str(settings().database_url), poolclass=NullPool, isolation_level="AUTOCOMMIT",
            connect_args={"connect_timeout": 2, "application_name": f"yinling {self.name} commands"},
        )  # fmt: skip
        while not self._stopping.is_set():
            try:
                with engine.connect() as connection:
                    connection.execute(text(f"listen {actions.CHANNEL}"))
                    link = connection.connection.driver_connection
                    assert link is not None
                    while not self._stopping.is_set():
                        for _ in link.notifies(timeout=TURN, stop_after=1):
                            self._loop.call_soon_threadsafe(self._wake.set)
            except Exception as error:  # the database went away: there is still the look
                log.warning("no notices of commands", error=type(error).__name__)
                self._stopping.wait(LOOK)
