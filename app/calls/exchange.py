"""A simulated telephone exchange: people who answer, do not, are busy, press 1 or hang up, over the real webhooks.

It keeps a time of its own that whoever runs it moves on, so that a day can be replayed from its seed in no time.
"""

import heapq
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, Final, Protocol

from app.calls.rules import CallEvent, Direction
from app.calls.signing import signed

HOOK: Final = "/api/hooks/calls"
E = CallEvent


class Answer(Protocol):
    """What an HTTP client answers."""

    def json(self) -> Any:
        """The body."""
        ...

    def raise_for_status(self) -> Any:
        """Raises when it was refused."""
        ...


class Web(Protocol):
    """An HTTP client that knows the platform's address."""

    def post(self, url: str, *, content: bytes, headers: dict[str, str]) -> Answer:
        """POST."""
        ...


@dataclass(frozen=True)
class Manners:
    """How people treat their telephone: shares of calls, the rest rings until the exchange gives up."""

    answer: float = 0.74
    busy: float = 0.07
    refuse: float = 0.03
    off: float = 0.03
    voicemail: float = 0.02
    press: float = 0.65  # of those who answer an automatic call; the others listen, or hang up at once
    patience: tuple[float, float] = (18, 45)  # seconds a caller waits for the hotline

    @classmethod
    def always(cls) -> "Manners":
        """Everybody answers and presses."""
        return cls(1, 0, 0, 0, 0, 1)


@dataclass(order=True)
class _Due:
    at: float
    n: int
    name: str = field(compare=False)
    tell: Callable[[], None] = field(compare=False)


class Exchange:
    """One exchange. `advance` lets what is due happen; `take_up` asks the desk what it wishes."""

    def __init__(
        self, web: Web, token: str, *, chance: random.Random, manners: Manners | None = None, prefix: str = "",
        hour: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:  # fmt: skip
        self._web, self._token, self._chance, self._clock = web, token, chance, hour
        self._manners = manners or Manners()
        self._prefix = prefix or f"sim-{datetime.now(UTC):%y%m%d%H%M%S%f}"  # never twice, also when a day is replayed
        self._now, self._due, self._number = 0.0, list[_Due](), count(1)
        self._facts: dict[str, dict[str, Any]] = {}  # of calls that go on

    def take_up(self) -> int:
        """Carry out what the desk wishes; answers how many wishes that were."""
        wishes = self._post(f"{HOOK}/to-dial", b"").json()
        for wish in wishes:
            match wish["do"]:
                case "dial":
                    self._dial(wish)
                case "answer":
                    self._answered(wish["call_id"], wish["operator"])
                case "hang_up":
                    self._drop(wish["call_id"])
                    self._end(wish["call_id"], 0, E.HUNG_UP)
        return len(wishes)

    def call_in(self, phone: str, operator: str | None = None, *, answered: bool | None = None) -> str:
        """Somebody calls the hotline: a seat picks up, or nobody does until she hangs up. The exchange's name of it."""
        name = self._begin(direction=Direction.INBOUND, phone=phone)
        patience = self._chance.uniform(*self._manners.patience)
        self._later(name, 0, E.RINGING)
        if answered if answered is not None else self._chance.random() < self._manners.answer:
            self._at(name, self._chance.uniform(4, min(patience, 14)), lambda: self._answered(name, operator))
        else:
            self._end(name, patience, E.HUNG_UP)
        return name

    def advance(self, seconds: float) -> None:
        """Let time pass; everything that falls due is told, in order."""
        until = self._now + seconds
        while self._due and self._due[0].at <= until:
            due = heapq.heappop(self._due)
            self._now = due.at
            due.tell()
        self._now = until

    def run_out(self) -> None:
        """Until nobody is on the line."""
        while self._due:
            self.advance(self._due[0].at - self._now)

    def _dial(self, wish: dict[str, Any]) -> None:
        name = self._begin(
            direction=Direction.OUTBOUND, phone=wish["phone"], ours=wish["ours"], operator=wish["operator"]
        )
        begins = 0.0
        if wish["say"] is None:
            self._later(name, 0, E.OPERATOR)
            begins = self._chance.uniform(1, 4)
        self._later(name, begins, E.RINGING)
        rings, end = begins + self._chance.uniform(4, 14), self._fate()
        if end is None:
            self._spoken(name, rings, wish)
        elif end[0] is E.VOICEMAIL:
            self._later(name, 25, E.VOICEMAIL)
            self._end(name, 31, E.HUNG_UP)
        else:
            self._end(name, 50 if end[0] is E.NO_ANSWER else rings, end[0], cause=end[1])

    def _fate(self) -> tuple[CallEvent, int | None] | None:
        """How a call ends that is not answered, with its Q.850 cause; None: it is answered."""
        manners = self._manners
        fates = {
            None: manners.answer, (E.BUSY, 17): manners.busy, (E.FAILED, 21): manners.refuse,
            (E.FAILED, 20): manners.off, (E.VOICEMAIL, None): manners.voicemail,
        }  # fmt: skip
        unanswered = max(0.0, 1 - sum(fates.values()))
        return self._chance.choices([*fates, (E.NO_ANSWER, 19)], [*fates.values(), unanswered])[0]

    def _spoken(self, name: str, at: float, wish: dict[str, Any]) -> None:
        self._later(name, at, E.ANSWERED)
        if wish["say"] is None:
            self._talk(name, at)
            return
        reads = len(wish["say"]) / 4.5  # characters of Chinese a second
        if self._chance.random() < self._manners.press:
            pressed = at + reads * self._chance.uniform(0.7, 1.3)
            self._later(name, pressed, E.PRESSED, digits=wish["gather"][0])
            self._end(name, pressed + 3, E.HUNG_UP)
        else:
            self._end(name, at + reads * self._chance.choice((0.2, 1.6)), E.HUNG_UP)

    def _talk(self, name: str, at: float) -> None:
        spoken = self._chance.uniform(20, 90)
        if self._chance.random() < 0.1:
            self._later(name, at + spoken * 0.3, E.HELD)
            self._later(name, at + spoken * 0.5, E.RESUMED)
        self._end(name, at + spoken, E.HUNG_UP, seconds=int(spoken), recorded=True)

    def _answered(self, name: str, operator: str | None) -> None:
        """A seat picks up; what the caller would have done alone is off."""
        if name not in self._facts:
            return
        self._drop(name)
        self._facts[name]["operator"] = operator
        self._later(name, 0, E.ANSWERED)
        self._talk(name, 0)

    def _begin(self, **facts: Any) -> str:
        name = f"{self._prefix}-{next(self._number)}"
        self._facts[name] = facts
        return name

    def _drop(self, name: str) -> None:
        """What this call would have done does not happen."""
        self._due = [due for due in self._due if due.name != name]
        heapq.heapify(self._due)

    def _end(self, name: str, after: float, event: CallEvent, *, recorded: bool = False, **more: Any) -> None:
        def over() -> None:
            self._drop(name)
            self._tell(name, event, **more)
            if recorded:
                self._later(name, 2, E.RECORDING, url=f"https://recorder.invalid/{name}.ogg")

        self._at(name, after, over)

    def _later(self, name: str, after: float, event: CallEvent, **more: Any) -> None:
        self._at(name, after, lambda: self._tell(name, event, **more))

    def _at(self, name: str, after: float, tell: Callable[[], None]) -> None:
        heapq.heappush(self._due, _Due(self._now + after, next(self._number), name, tell))

    def _tell(self, name: str, event: CallEvent, **more: Any) -> None:
        facts = {key: value for key, value in self._facts[name].items() if value is not None}
        body = {
            "event": event, "call_id": name, "event_id": f"{name}:{event}:{next(self._number)}",
            "at": self._clock().isoformat(), **facts, **more,
        }  # fmt: skip
        self._post(HOOK, json.dumps(body, ensure_ascii=False).encode())

    def _post(self, target: str, body: bytes) -> Answer:
        headers = {"Content-Type": "application/json", **signed(self._token, "POST", target, body)}
        answer = self._web.post(target, content=body, headers=headers)
        answer.raise_for_status()
        return answer
