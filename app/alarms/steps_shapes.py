"""How the steps of an alarm are answered: each with its state, the next with what it needs, and what comes then."""

from datetime import datetime

from pydantic import BaseModel

from app.alarms.patterns import EVENT_OF, Do, Evidence, Question, Words
from app.alarms.progress import Standing, Status
from app.alarms.rules import Event
from app.alarms.steps import NEEDS, Script
from app.calls.rules import Target
from app.escalation.rules import RungKind


class TurnOut(BaseModel):
    """Whom the tree tries next; without a target somebody is sent."""

    n: int
    kind: RungKind
    contact_id: int | None
    attempt: int
    attempts: int
    wait: int  # seconds
    target: Target | None


class ScriptStep(BaseModel):
    """One step of the pattern as it stands."""

    key: str
    do: Do
    event: Event  # of the alarm: the step is offered to whoever has it among `possible`
    words: Words  # the district's own, by language; empty for the screen's usual ones
    status: Status
    why: str  # in_order, no_answer, help, not_needed, no_voice …
    urgent: bool
    ends: Evidence
    at: datetime | None  # done, skipped or begun
    by: str | None
    reason: str | None  # of a step left out
    due_at: datetime | None  # when time alone makes it due
    questions: list[Question]
    question: str | None  # the one to ask now
    contact_id: int | None  # the next to call
    call_id: int | None  # the call whose result is awaited
    minutes: int | None
    needs: str | None  # what must be said with the key: result, answer, note, verdict
    turn: TurnOut | None  # of the step that climbs the tree

    @classmethod
    def of(cls, one: Standing) -> "ScriptStep":
        """As the desk sees it."""
        step, status = one.step, one.status
        needs = "result" if status is Status.DOING else NEEDS.get(step.do)
        return cls(
            key=step.key, do=step.do, event=EVENT_OF[step.do], words=step.words, status=status, why=one.why,
            urgent=one.urgent, ends=step.ended_by, at=one.at, by=one.by, reason=one.reason, due_at=one.due_at,
            questions=step.questions, question=one.question.key if one.question else None, contact_id=one.contact_id,
            call_id=one.call_id, minutes=step.minutes, needs=needs,
            turn=TurnOut(**vars(one.turn)) if one.turn else None,
        )  # fmt: skip


class NextStep(BaseModel):
    """What to do now, why, and what comes after."""

    key: str
    do: Do
    why: str
    urgent: bool
    needs: str | None
    then: str | None  # the key of the step after it, as far as can be said now


class PatternOut(BaseModel):
    """Whose pattern it is, and which version."""

    of: str  # elder, district, platform
    n: int
    since: datetime | None


class ScriptOut(BaseModel):
    """The steps of an alarm."""

    steps: list[ScriptStep]
    next_step: NextStep | None
    pattern: PatternOut | None

    @classmethod
    def standing(cls, script: Script | None) -> "ScriptOut":
        """As the desk sees it; nothing for an installer's test."""
        if script is None:
            return cls(steps=[], next_step=None, pattern=None)
        held, steps = script.held, [ScriptStep.of(one) for one in script.steps]
        one = next((step for step in steps if script.next and step.key == script.next.step.key), None)
        then = script.following.step.key if script.following else None
        following = one and NextStep(
            key=one.key, do=one.do, why=one.why, urgent=one.urgent, needs=one.needs, then=then
        )  # fmt: skip
        return cls(steps=steps, next_step=following, pattern=PatternOut(of=held.of, n=held.n, since=held.since))
