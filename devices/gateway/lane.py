"""Group commit for a gateway: what waits is stored in one transaction, and only then is each frame answered.

While `receive` raises, nothing is answered and the same messages are tried again: first all, then one by one, with
growing pauses. One that is refused again and again while it can be set aside is the fault, and not the database. What
a gateway has in memory when it is killed was not answered, and comes again.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from devices.signals import Message

log = logging.getLogger(__name__)
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0  # seconds
TRIES_ALONE: Final = 5  # some six seconds; then, if it can be set aside, it is the message and not the database

Receive = Callable[[Sequence[Message]], object]
SetAside = Callable[[Message, Exception], None]


@dataclass(slots=True)
class Waiting:
    """A message, whom to tell when it is safe, and how often it was refused alone."""

    message: Message
    safe: Callable[[], None]
    offered: float
    refused: int = 0


class Lane:
    """One queue into the database, served by one thread. Calls for help have a lane of their own."""

    def __init__(
        self, name: str, receive: Receive, set_aside: SetAside, *, batch: int = 500, most_waiting: int = 20_000
    ) -> None:
        self.name, self._receive, self._set_aside = name, receive, set_aside
        self._batch, self._most = batch, most_waiting
        self._queue: deque[Waiting] = deque()
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, f"lane-{name}")
        self._singly = 0
        self._pause = FIRST_PAUSE
        self._stopping = False
        self.stored = 0
        self.failing_since: float | None = None  # monotonic
        self.error: str | None = None
        self._task = asyncio.create_task(self._run())

    @property
    def waiting(self) -> int:
        return len(self._queue)

    @property
    def oldest(self) -> float | None:
        """Since when the first one waits, monotonic."""
        return self._queue[0].offered if self._queue else None

    def offer(self, message: Message, safe: Callable[[], None]) -> bool:
        """Have it stored; False: there is no room, and whoever brought it must bring it again."""
        if len(self._queue) >= self._most:
            return False
        self._queue.append(Waiting(message, safe, time.monotonic()))
        self._wake.set()
        return True

    async def close(self, seconds: float = 5.0) -> None:
        """Store what waits, as far as that is possible in the time."""
        self._stopping = True
        self._wake.set()
        await asyncio.wait([self._task], timeout=seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        while not (self._stopping and (not self._queue or self.failing_since)):
            if not self._queue:
                self._wake.clear()
                await self._wake.wait()
                continue
            size = 1 if self._singly else min(self._batch, len(self._queue))
            self._singly = max(self._singly - 1, 0)
            await self._try([self._queue.popleft() for _ in range(size)])

    async def _try(self, chunk: list[Waiting]) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._receive, [waiting.message for waiting in chunk])
        except asyncio.CancelledError:
            raise
        except Exception as error:
            await self._failed(chunk, error)
        else:
            self._done(chunk)

    def _done(self, chunk: list[Waiting]) -> None:
        self.failing_since = self.error = None
        self._pause = FIRST_PAUSE
        self.stored += len(chunk)
        for waiting in chunk:
            waiting.safe()

    async def _failed(self, chunk: list[Waiting], error: Exception) -> None:
        log.error("%s: %d messages not stored", self.name, len(chunk), exc_info=error)
        self.error = f"{type(error).__name__}: {error}".splitlines()[0][:300]
        first = chunk[0]
        if len(chunk) > 1:
            self._queue.extendleft(reversed(chunk))
            self._singly = len(chunk)
        elif first.refused >= TRIES_ALONE and await self._is_set_aside(first, error):
            return
        else:
            first.refused += 1
            self._queue.append(first)
        self.failing_since = self.failing_since or time.monotonic()
        await asyncio.sleep(self._pause)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _is_set_aside(self, waiting: Waiting, error: Exception) -> bool:
        """Kept as it came, where somebody sees it: if it is refused while a transaction without it passes."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._thread, self._receive, [])
            try:
                await loop.run_in_executor(self._thread, self._receive, [waiting.message])
            except Exception:
                await loop.run_in_executor(self._thread, self._set_aside, waiting.message, error)
        except Exception:
            log.exception("%s: a message can be neither stored nor set aside", self.name)
            return False
        self._done([waiting])
        return True
