"""Notices to the screens: «orders/17 changed», from a capped Redis Stream. Losing one loses nothing."""

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import redis
import redis.asyncio

from app.config import settings

STREAM = "yinling:live"
Down = redis.RedisError  # what every call to `client()` may raise
KEPT = 10_000  # notices a screen may have missed and still resume without a reset
log = logging.getLogger(__name__)


@cache
def client() -> "redis.Redis":
    """The Redis of this process; short time-outs, for nothing may wait on a notice."""
    url = settings().redis_url.get_secret_value()
    return redis.Redis.from_url(url, decode_responses=True, socket_timeout=2, socket_connect_timeout=2)


def is_well() -> bool:
    """Whether Redis answers."""
    try:
        return bool(client().ping())
    except redis.RedisError:
        return False


def announce(notices: Iterable[tuple[int, str]]) -> None:
    """Tell the screens of each district what changed. Redis being down is logged, never raised."""
    topics: dict[int, list[str]] = {}
    for district_id, topic in dict.fromkeys(notices):
        topics.setdefault(district_id, []).append(topic)
    try:
        with client().pipeline(transaction=False) as pipe:
            for district_id, names in topics.items():
                fields = {"district": str(district_id), "topics": json.dumps(names)}
                pipe.xadd(STREAM, fields, maxlen=KEPT, approximate=True)  # type: ignore[arg-type]
            pipe.execute()
    except redis.RedisError as error:
        log.warning("notices lost: %s", error)


@dataclass(frozen=True)
class Notice:
    """One line of the stream; topics empty means «ask for everything again» (reset)."""

    id: str
    topics: tuple[str, ...]


@dataclass(eq=False)
class _Listener:
    district_id: int
    queue: asyncio.Queue[Notice] = field(default_factory=lambda: asyncio.Queue(maxsize=200))

    def give(self, notice: Notice) -> None:
        try:
            self.queue.put_nowait(notice)
        except asyncio.QueueFull:  # a slow screen asks again instead of holding up the others
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(Notice(notice.id, ()))


class Hub:
    """One reader of the stream per web process, one bounded queue per screen."""

    def __init__(self) -> None:
        self._listeners: set[_Listener] = set()
        self._redis = redis.asyncio.Redis.from_url(settings().redis_url.get_secret_value(), decode_responses=True)
        self.connected = False

    async def run(self) -> None:
        """Read for ever; on every new connection to Redis all screens are told to ask again."""
        last = "$"
        while True:
            try:
                if last == "$":
                    last = await self._newest()
                answer: Any = await self._redis.xread({STREAM: last}, count=500, block=5000)
                if not self.connected:
                    self.connected = True
                    self._tell_all(Notice(last, ()))
                for _, lines in answer or ():
                    for line_id, values in lines:
                        last = line_id
                        self._spread(int(values["district"]), Notice(line_id, tuple(json.loads(values["topics"]))))
            except (redis.RedisError, OSError) as error:
                if self.connected:
                    log.warning("live stream lost: %s", error)
                self.connected, last = False, "$"
                await asyncio.sleep(0.5)

    async def subscribe(self, district_id: int, after: str | None) -> AsyncIterator[Notice]:
        """Notices of one district from now on, or after a known one; a gap begins with a reset."""
        listener = _Listener(district_id)
        self._listeners.add(listener)
        try:
            seen = after or ""
            for notice in await self._missed(district_id, after) if after else ():
                seen = notice.id
                yield notice
            while True:
                notice = await listener.queue.get()
                if not notice.topics or _later(notice.id, seen):
                    yield notice
        finally:
            self._listeners.discard(listener)

    async def close(self) -> None:
        """Let go of the connection."""
        with contextlib.suppress(Exception):
            await self._redis.aclose()

    async def _newest(self) -> str:
        lines: Any = await self._redis.xrevrange(STREAM, count=1)
        return str(lines[0][0]) if lines else "0-0"

    async def _missed(self, district_id: int, after: str) -> list[Notice]:
        try:
            newest = await self._newest()
            oldest: Any = await self._redis.xrange(STREAM, count=1)
            if not oldest or _gap(oldest[0][0], after, newest):
                return [Notice(newest, ())]
            lines: Any = await self._redis.xrange(STREAM, min=f"({after}")
        except (redis.RedisError, OSError):
            return [Notice("0-0", ())]
        return [
            Notice(line_id, tuple(json.loads(values["topics"])))
            for line_id, values in lines
            if int(values["district"]) == district_id
        ]

    def _spread(self, district_id: int, notice: Notice) -> None:
        for listener in self._listeners:
            if listener.district_id == district_id:
                listener.give(notice)

    def _tell_all(self, notice: Notice) -> None:
        for listener in self._listeners:
            listener.give(notice)


def _gap(oldest: str, after: str, newest: str) -> bool:
    """Whether something may have been missed: too long ago, of another stream, or no id of ours at all."""
    return not re.fullmatch(r"\d{1,20}-\d{1,20}", after) or _later(oldest, after) or _later(after, newest)


def _later(one: str, other: str) -> bool:
    def key(line_id: str) -> tuple[int, int]:
        ms, _, seq = line_id.partition("-")
        return int(ms or 0), int(seq or 0)

    return key(one) > key(other)
