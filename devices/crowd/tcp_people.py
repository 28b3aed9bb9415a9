"""Devices over TCP: each with its own connection, its log-in, and the answers its protocol gives."""

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final

from devices.crowd import spoken
from devices.crowd.links import TcpLink
from devices.crowd.plan import Person
from devices.crowd.rates import Way
from devices.crowd.spoken import Word
from devices.signals import Kind

if TYPE_CHECKING:
    from devices.crowd.crowd import Crowd

BACK_AFTER: Final = 3.0
BATTERY: Final = 85
LOOPBACKS: Final = 16  # on one machine the crowd comes from several addresses, as from several carriers
MOST_SERIAL: Final = 0xFFFF


class Wearer:
    """A watch, a pendant or a locator."""

    __slots__ = (
        "_back_after", "_been_up", "_crowd", "_link", "_log_in", "_open", "_person", "_score", "_serial", "_words",
        "is_ready",
    )  # fmt: skip

    def __init__(self, crowd: "Crowd", person: Person, host: str, port: int) -> None:
        self._crowd, self._person, self._score = crowd, person, crowd.scores[person.sort.way]
        source = f"127.0.0.{2 + person.number % LOOPBACKS}" if host.startswith("127.") else ""
        self._link = TcpLink(crowd.loop, host, port, source=source, ready=self._greet, hear=self._hear, lost=self._lost)
        self._words: dict[str, Word] = {}  # events that are not answered yet, by our key
        self._open: deque[tuple[str, str]] = deque()  # what an answer will name, and our key; the oldest first
        self._serial, self._log_in = 0, ""
        self._back_after, self._been_up, self.is_ready = BACK_AFTER, False, False

    def connect(self) -> None:
        self._link.connect()

    def beat(self, person: Person) -> None:
        if self.is_ready:
            self._link.send(self._beat().payload)
            self._score.beats += 1

    def say(self, key: str, person: Person, kind: Kind, at: datetime, *, copies: int) -> None:
        self._words[key] = self._alarm(kind, at)
        for _ in range(copies):
            self._send(key)

    def repeat(self, key: str) -> None:
        if self._send(key):
            self._score.repeated += 1

    def cut(self, *, back_after: float) -> None:
        self._link.cut()
        self._away(back_after)

    def leave(self) -> None:
        self._link.cut()
        self.is_ready = False

    def _send(self, key: str) -> bool:
        word = self._words.get(key)
        if word is None or not self.is_ready:
            return False
        self._link.send(word.payload)
        if word.key is not None and (word.key, key) not in self._open:
            self._open.append((word.key, key))
        self._score.sent += 1
        return True

    # The protocols

    def _next(self) -> int:
        self._serial = self._serial % MOST_SERIAL + 1
        return self._serial

    def _greet(self) -> None:
        device, way = self._person.wire_id, self._person.sort.way
        if way is Way.WATCH:
            word = spoken.watch_beat(device, steps=0, battery=BATTERY)
        elif way is Way.GT06:
            word = spoken.gt06_login(device, self._next())
        else:
            word = spoken.jt808_register(device, self._next())
        self._log_in = word.key or ""
        self._link.send(word.payload)

    def _beat(self) -> Word:
        match self._person.sort.way:
            case Way.WATCH:
                return spoken.watch_beat(self._person.wire_id, steps=1200, battery=BATTERY)
            case Way.GT06:
                return spoken.gt06_beat(self._next(), battery=BATTERY)
        return spoken.jt808(spoken.BEAT, self._person.wire_id, self._next())

    def _alarm(self, kind: Kind, at: datetime) -> Word:
        device = self._person.wire_id
        match self._person.sort.way:
            case Way.WATCH:
                return spoken.watch_alarm(device, kind, at, battery=BATTERY)
            case Way.GT06:
                return spoken.gt06_alarm(kind, at, self._next(), battery=BATTERY)
        return spoken.jt808_alarm(kind, device, at, self._next(), battery=BATTERY)

    def _answers(self) -> Iterator[tuple[str, bytes]]:
        match self._person.sort.way:
            case Way.WATCH:
                return ((name, b"") for name in spoken.watch_answers(self._link.buffer))
            case Way.GT06:
                return ((name, b"") for name in spoken.gt06_answers(self._link.buffer))
        return spoken.jt808_answers(self._link.buffer)

    # What comes back

    def _hear(self) -> None:
        for name, code in self._answers():
            if code:  # JT/T 808: registered, and now the code that proves it
                word = spoken.jt808(spoken.LOG_IN, self._person.wire_id, self._next(), code)
                self._log_in = word.key or ""
                self._link.send(word.payload)
            elif not self.is_ready and name == self._log_in:
                self._up()
            else:
                self._answered(name)

    def _up(self) -> None:
        self.is_ready = True
        if self._been_up:
            self._score.returned += 1
        else:
            self._score.connections += 1
            self._been_up = True
        self._back_after = BACK_AFTER
        for key in list(self._words):
            self._send(key)

    def _answered(self, name: str) -> None:
        found = next((pair for pair in self._open if pair[0] == name), None)
        if found is None:
            self._score.beats_answered += 1
            return
        self._open.remove(found)
        if self._words.pop(found[1], None) is not None:
            self._crowd.answered(found[1])

    def _lost(self) -> None:
        self._away(self._back_after)

    def _away(self, back_after: float) -> None:
        self.is_ready = False
        self._open.clear()
        self._crowd.loop.after(back_after, self.connect)
