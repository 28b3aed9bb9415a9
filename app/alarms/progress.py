"""Where an alarm stands in its pattern: which steps are done, which is next and why; no database, no clock."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.alarms.climbing_rules import Turn
from app.alarms.patterns import TARGET_OF, Condition, Do, Evidence, Pattern, Question, Step, When
from app.alarms.rules import ATTENDED, State
from app.calls.rules import REACHED, Result, Target
from app.escalation.rules import RungKind


class Status(StrEnum):
    """How a step stands."""

    DONE = "done"
    SKIPPED = "skipped"
    DOING = "doing"  # begun; its evidence is awaited
    OPEN = "open"
    WAITING = "waiting"  # its condition does not hold, or not yet
    OUT = "out"  # it cannot be done here: a device without a voice, nobody to call


ENDED: Final = (Status.DONE, Status.SKIPPED)
HER: Final = (Target.ELDER, Target.DEVICE, Target.WORKER)
PEOPLE: Final = (*HER, Target.CONTACT)
BAD: Final = ("help", "ambulance")
RESCUERS: Final = (Target.AMBULANCE, Target.FIRE)
RESCUES: Final = (Do.AMBULANCE, Do.FIRE)
LOOK_AGAIN: Final = timedelta(minutes=2)  # when nobody was free, somebody may be


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
    climbing: bool = False  # there is a tree to climb
    turn: Turn | None = None  # whom it tries next; none while an answer is awaited
    climbs: frozenset[int] = frozenset()  # calls that were its next attempt, whomever they went to
    climbed: tuple[datetime, str] | None = None  # it has reached somebody, or is at its end and help is coming
    answer_by: datetime | None = None  # a responder's phone rings until then
    there_by: datetime | None = None  # one of her people promised to stand at the door by then
    brought: Mapping[Do, tuple[datetime, str]] = field(default_factory=dict)  # what must not wait: since when, and why
    nobody_free: datetime | None = None  # when nobody could be sent, if nobody is on the way since
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
    def heard(self) -> bool:
        """She was spoken to herself, or somebody is with her."""
        return self.arrived is not None or any(c.result in REACHED for c in self.calls if c.target in HER)

    @property
    def coming(self) -> bool:
        """Somebody was sent, or a rescue service has taken it on."""
        rescued = any(call.target in RESCUERS and call.result in (*REACHED, Result.HEARD) for call in self.calls)
        return self.sent is not None or rescued

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
    turn: Turn | None = None  # of the tree: whom the next key tries


def standings(pattern: Pattern, facts: Facts, *, now: datetime) -> list[Standing]:
    """Every step in order. Without a rescue service among them sending is tried again at once."""
    kinds = {step.do for step in pattern.steps}
    if kinds.isdisjoint(RESCUES):
        facts = replace(facts, nobody_free=None)
    if Do.ARRIVE not in kinds:
        facts = replace(facts, there_by=None)  # nothing there could end the waiting
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
    if held_up := _held_up(step, facts, now=now):
        return Standing(step, Status.WAITING, held_up[0], due_at=held_up[1])
    due_at, urgent, why = _due(step, facts, now=now)
    if why is None:
        later = "call_back" if step.do is Do.CLOSE else "no_answer"
        return Standing(step, Status.WAITING, later if due_at else "not_needed", due_at=due_at)
    question = question_of(step, facts) if step.do is Do.ASK else None
    return Standing(step, Status.OPEN, why, urgent=urgent, question=question, contact_id=contact,
                    turn=facts.turn if step.do is Do.CLIMB else None)  # fmt: skip


def _held_up(step: Step, facts: Facts, *, now: datetime) -> tuple[str, datetime | None] | None:
    """Why a step whose condition may hold cannot be done at this moment, and until when."""
    if step.do is Do.SEND and facts.nobody_free and now < facts.nobody_free + LOOK_AGAIN:
        return "nobody_free", facts.nobody_free + LOOK_AGAIN
    if step.do is not Do.CLIMB or facts.reached:
        return None
    if facts.turn is None:
        return "answer_awaited", None
    if facts.turn.kind is RungKind.RESPONDER and facts.answer_by:
        return "answer_awaited", facts.answer_by
    return None


def _due(step: Step, facts: Facts, *, now: datetime) -> tuple[datetime | None, bool, str | None]:
    """When time will make it due, whether it is pressing, and why it is due now, if it is."""
    if step.do is Do.CLOSE and facts.state is State.FOLLOW_UP and facts.call_back_at and facts.call_back_at > now:
        return facts.call_back_at, False, None
    if step.do is Do.CLOSE and _too_early_to_close(facts):
        return None, False, None
    if step.do is Do.CALL_BACK and facts.state is State.CLAIMED:
        return None, False, None
    later: datetime | None = None
    plain: str | None = None
    if brought := facts.brought.get(step.do):
        if brought[0] <= now:
            return None, True, brought[1]
        later = brought[0]
    for condition in step.when:
        holds, at = _holds(condition, facts, now=now)
        if holds and condition.urgent:
            return None, True, condition.when
        if holds and plain is None:
            plain = "in_order" if condition.when in (When.ALWAYS, When.UNREACHED) else str(condition.when)
        if at is not None:
            later = min(later or at, at)
    return later, False, plain


def _too_early_to_close(facts: Facts) -> bool:
    if not facts.reached or (facts.there_by and not facts.arrived and facts.word != "safe"):
        return True
    return facts.word in BAD and not (facts.arrived or facts.promised)


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
            return facts.heard and facts.word is None, None
        case When.HELP | When.AMBULANCE | When.SAFE as word:
            return facts.word == word, None
        case When.SENT:
            return (facts.coming or facts.there_by is not None) and facts.arrived is None, None
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
    if step.do is Do.CLIMB:
        return facts.climbed
    calls = list(_made(step, facts))
    told = [
        call for call in calls
        if call.result in REACHED or (step.ended_by is Evidence.TRIED and call.result)
        or (step.do in RESCUES and call.result is Result.HEARD)
    ]  # fmt: skip
    return (told[-1].at, told[-1].by or "") if told else None


def _made(step: Step, facts: Facts) -> Iterator[Tried]:
    if step.do is Do.CLIMB:
        return (call for call in facts.calls if call.id in facts.climbs or call.target is Target.CONTACT)
    target = TARGET_OF.get(step.do)
    return (call for call in facts.calls if target is not None and call.target is target)


def _under_way(step: Step, facts: Facts) -> Tried | None:
    return next((call for call in _made(step, facts) if call.result is None), None)


def _next_contact(step: Step, facts: Facts) -> int | None:
    """Who is called next: whoever stands on the rung, or was not told yet, else from the beginning."""
    if step.do is Do.CLIMB:
        return facts.turn.contact_id if facts.turn else None
    if step.do is not Do.INFORM or not facts.contacts:
        return None
    tried = {call.contact_id for call in facts.calls if call.target is Target.CONTACT}
    return next((contact for contact in facts.contacts if contact not in tried), facts.contacts[0])


def _lacking(step: Step, facts: Facts) -> str | None:
    """What makes a step impossible here, in a word for the screen."""
    if step.do is Do.SPEAK and not facts.speaks:
        return "no_voice"
    if step.do is Do.CALL_ELDER and not facts.has_phone:
        return "no_phone"
    if step.do is Do.INFORM and not facts.contacts or step.do is Do.CLIMB and not facts.climbing:
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
