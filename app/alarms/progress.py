"""Where an alarm stands in its pattern: which steps are done, which is next and why; no database, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.alarms.patterns import TARGET_OF, Condition, Do, Evidence, Pattern, Question, Step, When
from app.alarms.rules import ATTENDED, State
from app.calls.rules import REACHED, Result, Target


class Status(StrEnum):
    """How a step stands."""

    DONE = "done"
    SKIPPED = "skipped"
    DOING = "doing"  # begun; its evidence is awaited
    OPEN = "open"
    WAITING = "waiting"  # its condition does not hold, or not yet
    OUT = "out"  # it cannot be done here: a device without a voice, nobody to call


ENDED: Final = (Status.DONE, Status.SKIPPED)
PEOPLE: Final = (Target.ELDER, Target.DEVICE, Target.CONTACT)
BAD: Final = ("help", "ambulance")


@dataclass(frozen=True)
class Tried:
    """A call of this round."""

    id: int
    target: Target | None
    contact_id: int | None
    result: Result | None
    at: datetime
    by: str | None


@dataclass(frozen=True)
class Mark:
    """What the log says of a step: skipped, or done by the operator's word."""

    status: Status
    at: datetime
    by: str
    reason: str | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of an alarm since it began, as its steps need it."""

    state: State
    began_at: datetime
    claimed: tuple[datetime, str] | None = None
    speaks: bool = False
    has_phone: bool = False
    named: bool = True  # it is known whose alarm it is
    contacts: tuple[int, ...] = ()  # to call, in order
    climbing: bool = False  # the elder has a tree to climb
    climbed: tuple[datetime, str] | None = None  # the tree has reached somebody or come to its end
    calls: Sequence[Tried] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    answers: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)  # step to (question, answer)
    asked: Mapping[str, tuple[datetime, str]] = field(default_factory=dict)  # step to its last answer
    outcome: tuple[str, datetime] | None = None  # what the script meant last
    sent: tuple[datetime, str] | None = None
    arrived: tuple[datetime, str] | None = None
    noted: tuple[datetime, str] | None = None
    promised: tuple[datetime, str] | None = None
    call_back_at: datetime | None = None
    closed: tuple[datetime, str] | None = None

    @property
    def tries(self) -> list[Tried]:
        """Calls to her, through her device or to her people."""
        return [call for call in self.calls if call.target in PEOPLE]

    @property
    def reached(self) -> bool:
        """Somebody was spoken to, or is there."""
        return self.arrived is not None or any(call.result in REACHED for call in self.tries)

    @property
    def word(self) -> str | None:
        """The last that was heard of how she is: safe, help or ambulance."""
        heard = [(call.at, str(call.result)) for call in self.tries if call.result in (Result.SAFE, Result.HELP)]
        if self.outcome:
            heard.append((self.outcome[1], self.outcome[0]))
        return max(heard)[1] if heard else None


@dataclass(frozen=True)
class Standing:
    """One step as it stands."""

    step: Step
    status: Status
    why: str  # a word for the screen: in_order, no_answer, help …
    urgent: bool = False
    at: datetime | None = None
    by: str | None = None
    reason: str | None = None
    due_at: datetime | None = None  # when time alone makes it due
    question: Question | None = None  # the one to ask now
    contact_id: int | None = None  # the next to call
    call_id: int | None = None  # the call whose result is awaited


def standings(pattern: Pattern, facts: Facts, *, now: datetime) -> list[Standing]:
    """Every step in order."""
    return [_standing(step, facts, now=now) for step in pattern.steps]


def next_of(steps: Sequence[Standing]) -> Standing | None:
    """The one to do now: an urgent one first, else the first that is open or under way."""
    ready = [one for one in steps if one.status in (Status.OPEN, Status.DOING)]
    urgent = next((one for one in ready if one.urgent), None)
    return urgent or next(iter(ready), None)


def following(steps: Sequence[Standing], one: Standing) -> Standing | None:
    """What comes when that one is done, as far as can be said now."""
    rest = [other for other in steps if other is not one]
    return next_of(rest) or next((s for s in rest if s.status is Status.WAITING and s.due_at), None)


def _standing(step: Step, facts: Facts, *, now: datetime) -> Standing:
    if ended := _ended(step, facts):
        return Standing(step, Status.DONE, step.ended_by, at=ended[0], by=ended[1])
    if mark := facts.marks.get(step.key):
        return Standing(step, mark.status, mark.status, at=mark.at, by=mark.by, reason=mark.reason)
    if lacking := _lacking(step, facts):
        return Standing(step, Status.OUT, lacking)
    contact = _next_contact(step, facts)
    if (call := _under_way(step, facts)) and facts.state is not State.RINGING:
        urgent, why = _due(step, facts, now=now)[1:]
        return Standing(step, Status.DOING, why or "in_order", urgent=urgent, at=call.at, by=call.by, call_id=call.id,
                        contact_id=call.contact_id)  # fmt: skip
    if step.do is not Do.CLAIM and facts.state not in (*ATTENDED, State.FOLLOW_UP):
        return Standing(step, Status.WAITING, "claim_first")
    due_at, urgent, why = _due(step, facts, now=now)
    if why is None:
        later = "call_back" if step.do is Do.CLOSE else "no_answer"
        return Standing(step, Status.WAITING, later if due_at else "not_needed", due_at=due_at)
    question = question_of(step, facts) if step.do is Do.ASK else None
    return Standing(step, Status.OPEN, why, urgent=urgent, question=question, contact_id=contact)


def _due(step: Step, facts: Facts, *, now: datetime) -> tuple[datetime | None, bool, str | None]:
    """When time will make it due, whether it is pressing, and why it is due now, if it is."""
    if step.do is Do.CLOSE and facts.state is State.FOLLOW_UP and facts.call_back_at and facts.call_back_at > now:
        return facts.call_back_at, False, None
    if step.do is Do.CLOSE and (not facts.reached or (facts.word in BAD and not (facts.arrived or facts.promised))):
        return None, False, None
    if step.do is Do.CALL_BACK and facts.state is State.CLAIMED:
        return None, False, None
    later: datetime | None = None
    plain: str | None = None
    for condition in step.when:
        holds, at = _holds(condition, facts, now=now)
        if holds and condition.urgent:
            return None, True, condition.when
        if holds and plain is None:
            plain = "in_order" if condition.when in (When.ALWAYS, When.UNREACHED) else str(condition.when)
        if at is not None:
            later = min(later or at, at)
    return later, False, plain


def _holds(condition: Condition, facts: Facts, *, now: datetime) -> tuple[bool, datetime | None]:
    """Whether it holds, or when it will if nothing changes."""
    match condition.when:
        case When.NO_ANSWER:
            if facts.reached or not facts.tries:
                return False, None
            at = min(call.at for call in facts.tries) + timedelta(seconds=condition.after_seconds)
            return at <= now, None if at <= now else at
        case When.UNREACHED:
            return not facts.reached, None
        case When.REACHED:
            return facts.reached and facts.word is None, None
        case When.HELP | When.AMBULANCE | When.SAFE as word:
            return facts.word == word, None
        case When.SENT:
            return facts.sent is not None and facts.arrived is None, None
        case When.ARRIVED:
            return facts.arrived is not None, None
        case When.ALWAYS:
            return True, None


def _ended(step: Step, facts: Facts) -> tuple[datetime, str] | None:
    """When and by whom a step's evidence was given."""
    match step.ended_by:
        case Evidence.CLAIMED:
            return facts.claimed
        case Evidence.SENT:
            return facts.sent
        case Evidence.ARRIVED:
            return facts.arrived
        case Evidence.NOTED:
            return facts.noted
        case Evidence.PROMISED:
            return facts.promised
        case Evidence.CLOSED:
            return facts.closed
        case Evidence.ANSWERED:
            out = facts.answers.get(step.key) and question_of(step, facts) is None
            return facts.asked.get(step.key) if out else None
        case Evidence.SAID:
            return None  # a mark
    if step.do is Do.CLIMB and facts.climbed:
        return facts.climbed
    calls = list(_made(step, facts))
    told = [call for call in calls if call.result in REACHED or (step.ended_by is Evidence.TRIED and call.result)]
    if step.do is Do.CLIMB and not told and not facts.climbing and _all_tried(facts):
        told = [call for call in calls if call.result]
    return (told[-1].at, told[-1].by or "") if told else None


def _made(step: Step, facts: Facts) -> Iterator[Tried]:
    target = TARGET_OF.get(step.do)
    return (call for call in facts.calls if target is not None and call.target is target)


def _under_way(step: Step, facts: Facts) -> Tried | None:
    return next((call for call in _made(step, facts) if call.result is None), None)


def _all_tried(facts: Facts) -> bool:
    told = {call.contact_id for call in facts.calls if call.target is Target.CONTACT and call.result}
    return bool(facts.contacts) and told >= set(facts.contacts)


def _next_contact(step: Step, facts: Facts) -> int | None:
    """Who is called next: whoever was not tried yet, else from the beginning."""
    if step.do not in (Do.CLIMB, Do.INFORM) or not facts.contacts:
        return None
    tried = {call.contact_id for call in facts.calls if call.target is Target.CONTACT}
    return next((contact for contact in facts.contacts if contact not in tried), facts.contacts[0])


def _lacking(step: Step, facts: Facts) -> str | None:
    """What makes a step impossible here, in a word for the screen."""
    if step.do is Do.SPEAK and not facts.speaks:
        return "no_voice"
    if step.do is Do.CALL_ELDER and not facts.has_phone:
        return "no_phone"
    if step.do in (Do.CLIMB, Do.INFORM) and not facts.contacts and not (facts.climbing and step.do is Do.CLIMB):
        return "no_contacts"
    return None


def question_of(step: Step, facts: Facts) -> Question | None:
    """The question to ask now; None once the script has come out."""
    key = step.questions[0].key
    for asked, said in facts.answers.get(step.key, ()):
        question = next((one for one in step.questions if one.key == asked), None)
        answer = next((one for one in question.answers if one.key == said), None) if question else None
        if answer is None or asked != key:
            continue
        if answer.leads is None:
            return None
        key = answer.leads
    return next((question for question in step.questions if question.key == key), None)
