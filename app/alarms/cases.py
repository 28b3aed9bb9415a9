"""A case rebuilt from the lines of its log and from nothing else: where it stands, its clocks, who did and heard what.

A pure fold. Events it does not know are steps all the same, and what they tell of calls and people told is taken in by
the names of their facts: whoever adds an event adds nothing here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from app.alarms.log import Line
from app.alarms.rules import DECIDES, Event, State

PLATFORM: Final = "platform"


@dataclass
class Claim:
    """Whose it was, from when to when, and how that ended."""

    by: str
    since: datetime
    until: datetime | None = None
    ended: str | None = None  # the event


@dataclass
class CallMade:
    """A call about it; what was told of it later is taken in."""

    at: datetime
    by: str
    call_id: int | None
    target: str | None
    name: str | None
    result: str | None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Told:
    """Somebody outside who was told, when and how."""

    at: datetime
    who: str
    how: str  # the event


@dataclass
class Clocks:
    """First moments of all, by the server; None where it has not come to that."""

    received_at: datetime | None = None
    raised_at: datetime | None = None
    answered_at: datetime | None = None
    decided_at: datetime | None = None
    arrived_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def seconds(self) -> dict[str, float | None]:
        """The four clocks, and how long it was open."""
        return {
            "receipt": between(self.received_at, self.raised_at),
            "human": between(self.raised_at, self.answered_at),
            "decision": between(self.answered_at, self.decided_at),
            "arrival": between(self.decided_at, self.arrived_at),
            "open": between(self.raised_at, self.closed_at),
        }


def between(first: datetime | None, then: datetime | None) -> float | None:
    """Seconds; None where one is missing or they are the other way round: then no clock ran."""
    return (then - first).total_seconds() if first and then and then >= first else None


@dataclass
class Case:
    """What the log tells."""

    state: str | None = None
    verdict: str | None = None
    presses: int = 0
    rounds: int = 0
    clocks: Clocks = field(default_factory=Clocks)
    claims: list[Claim] = field(default_factory=list)
    calls: list[CallMade] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    suspensions: list[dict[str, Any]] = field(default_factory=list)
    verdicts: list[dict[str, Any]] = field(default_factory=list)
    steps: list[Line] = field(default_factory=list)
    row: dict[str, Any] = field(default_factory=dict)  # as the last line that kept it says
    readable: bool = True  # False where the person's key is gone: then there are events and no facts

    @property
    def head(self) -> str:
        """The hash of the last line: what the printed case is known by."""
        return self.steps[-1].hash if self.steps else ""


def rebuilt(lines: Sequence[Line]) -> Case:
    """The case after these lines, oldest first."""
    case = Case()
    for line in lines:
        _take(case, line)
    return case


def _take(case: Case, line: Line) -> None:
    case.steps.append(line)
    case.state = line.after or case.state
    case.row = line.row or case.row
    case.readable = case.readable and bool(line.row or line.facts)
    _hold(case, line)
    _clock(case, line)
    _verdict(case, line)
    facts = line.facts
    if line.event in ("raise", Event.PRESS):
        case.presses += 1
    if (line.event == "raise" or line.after == State.RINGING) and line.event not in QUIET and _rings(line):
        case.rounds += 1
    if line.event == Event.SUSPEND:
        case.suspensions.append({"at": line.at, "by": line.by, **facts})
    if line.event == Event.DISPATCH or "caregiver_id" in facts and "visit_id" in facts:
        case.sent.append({"at": line.at, "by": line.by, **facts})
    _call(case, line)
    heard = facts.get("told")
    for who in [heard] if isinstance(heard, str) else heard if isinstance(heard, list) else ():
        case.told.append(Told(line.at, _name(who), line.event))


QUIET: Final = frozenset({"ring_all", "ring_lead", "call_family", Event.NOTE})


def _rings(line: Line) -> bool:
    """A new round of ringing: it came back, or began; a press into one that rings joins it."""
    return line.event == "raise" or line.before != State.RINGING or line.event in (Event.RING, Event.UNMARK)


def _hold(case: Case, line: Line) -> None:
    """Who has it: from a claim until somebody else has it, or nobody."""
    last = case.claims[-1] if case.claims and case.claims[-1].until is None else None
    if line.event in (Event.CLAIM, Event.HAND_OVER) or (line.event == Event.CONFIRM and last is None):
        if last:
            last.until, last.ended = line.at, line.event
        who = line.facts.get("to") if line.event == Event.HAND_OVER else line.by
        case.claims.append(Claim(str(who or ""), line.at))
        last = case.claims[-1]
    if last and last.until is None and line.after in (State.RINGING, State.CLOSED):
        last.until, last.ended = line.at, line.event


def _clock(case: Case, line: Line) -> None:
    clocks, row = case.clocks, line.row
    if line.event == "raise":
        clocks.raised_at, clocks.received_at = line.at, _moment(row.get("received_at"))
    if line.event in (Event.CLAIM, Event.CONFIRM):
        clocks.answered_at = clocks.answered_at or line.at
    if line.event in DECIDES:
        clocks.decided_at = clocks.decided_at or line.at
    if line.event == Event.ARRIVE:  # by the responder's own phone it may have been a second before the line
        clocks.arrived_at = clocks.arrived_at or _moment(row.get("arrived_at")) or line.at
    if line.after is not None:
        clocks.closed_at = (
            (line.at if line.before != line.after else clocks.closed_at) if line.after == State.CLOSED else None
        )


def _verdict(case: Case, line: Line) -> None:
    if line.after == State.CLOSED and line.before != line.after:
        case.verdict = line.facts.get("verdict") or line.row.get("verdict")
        case.verdicts.append({"at": line.at, "by": line.by, "verdict": case.verdict, "text": line.facts.get("text")})
    elif line.after not in (None, State.CLOSED):
        case.verdict = None


def _call(case: Case, line: Line) -> None:
    """A call, or more about one: known by its number."""
    facts = line.facts
    number = facts.get("call_id")
    known = next((one for one in case.calls if number is not None and one.call_id == number), None)
    if known:
        known.result, known.facts = facts.get("result") or known.result, known.facts | facts
    elif line.event == Event.CALL or number is not None:
        case.calls.append(
            CallMade(line.at, line.by, number, facts.get("target"), facts.get("name"), facts.get("result"), dict(facts))
        )


def _name(who: Any) -> str:
    return str(who.get("name") or who.get("to_whom") or "") if isinstance(who, Mapping) else str(who)


def _moment(said: Any) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
