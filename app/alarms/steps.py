"""The steps of an alarm at the desk: what the log says is done, which comes next, and doing it by one key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import actions, climbing, climbing_acts, known, log, nearest, publishing, whereto
from app.alarms.climbing_rules import NOBODY_FREE
from app.alarms.log import Line
from app.alarms.patterns import CALL_BACK, MUST, TARGET_OF, Do, Step
from app.alarms.progress import ENDED, PEOPLE, Standing, Status, following, next_of, standings
from app.alarms.publishing import Held
from app.alarms.rules import Event, State, Verdict
from app.alarms.tables import Alarm
from app.calls import actions as calls
from app.calls.rules import REACHED, Result, Target
from app.errors import Conflict, NotFound
from app.escalation.rules import RungKind
from app.people.tables import Elder


class StepOver(Conflict):
    """That step is over."""


class CannotBeDone(Conflict):
    """That step cannot be done here."""


class SayMore(Conflict):
    """Something is still to be said for this step."""


NEEDS: Final[dict[Do, str]] = {Do.ASK: "answer", Do.NOTE: "note", Do.CLOSE: "verdict"}
"""What the operator must say for a step, beside the key."""


@dataclass(frozen=True)
class Script:
    """An alarm's pattern and how far it is."""

    held: Held
    steps: Sequence[Standing]
    next: Standing | None
    following: Standing | None


@dataclass(frozen=True)
class Wish:
    """What the operator says with the key; a step takes what it needs."""

    result: Result | None = None
    contact_id: int | None = None
    caregiver_id: int | None = None
    question: str | None = None
    answer: str | None = None
    note: str | None = None
    who: str | None = None
    verdict: Verdict | None = None
    minutes: int | None = None


def script_of(session: Session, alarm: Alarm, *, now: datetime, lines: Sequence[Line] | None = None) -> Script | None:
    """Where the alarm stands in its pattern; none for an installer's test, which has its own two buttons."""
    if alarm.test_id is not None:
        return None
    begun = _since_it_began(lines if lines is not None else log.of(session, alarm))
    kind = CALL_BACK if begun and begun[0].before == State.FOLLOW_UP and begun[0].event == Event.RING else alarm.kind
    began_at = begun[0].at if begun else alarm.raised_at
    held = publishing.in_force(session, alarm.district_id, alarm.elder_id, kind, at=began_at)
    stand = standings(held.pattern, known.of(session, alarm, begun, began_at), now=now)
    waits = alarm.state is State.CLOSED or bool(alarm.suspended_until and alarm.suspended_until > now)
    one = None if waits else next_of(stand)
    return Script(held, stand, one, following(stand, one) if one else None)


def do(session: Session, alarm_id: int, key: str, wish: Wish, *, me: Caller, now: datetime) -> Alarm:
    """Do one step, or take down what was heard of it; raises StepOver naming who was faster."""
    alarm = actions.get(session, alarm_id)
    one = _step(session, alarm, key, now=now)
    if one.status is Status.OUT:
        raise CannotBeDone("It cannot be done here.", why=one.why)
    if one.status is Status.DOING and one.call_id:
        return _heard(session, alarm, one, wish, me=me, now=now)
    needed = NEEDS.get(one.step.do)
    if needed and getattr(wish, needed) is None:
        raise SayMore(f"Say the {needed} too.", needs=needed)
    return _DOES[one.step.do](session, alarm, one, wish, me, now)


def skip(session: Session, alarm_id: int, key: str, reason: str, *, me: Caller, now: datetime) -> Alarm:
    """Leave a step out, and say why."""
    alarm = actions.mine(session, alarm_id, Event.STEP, me)
    one = _step(session, alarm, key, now=now)
    if one.step.do in MUST:
        raise CannotBeDone("An alarm is claimed and closed; neither can be left out.", why="must")
    return _write(session, alarm, one.step, me, now, status=Status.SKIPPED, reason=reason)


def _step(session: Session, alarm: Alarm, key: str, *, now: datetime) -> Standing:
    script = script_of(session, alarm, now=now)
    one = next((one for one in script.steps if one.step.key == key), None) if script else None
    if script is None or one is None:
        raise NotFound("There is no such step in this alarm's pattern.")
    if one.status in ENDED:
        raise StepOver(f"{one.by} has settled that step.", by=one.by, at=one.at.isoformat() if one.at else None)
    return one


# -- what the log says ---------------------------------------------------------------------------------------


def _since_it_began(lines: Sequence[Line]) -> Sequence[Line]:
    """The lines since it first rang, was opened again, or its call-back was due."""
    first = 0
    for n, line in enumerate(lines):
        if line.after == State.RINGING and line.before in (None, State.CLOSED, State.FOLLOW_UP):
            first = n
    return lines[first:]


# -- doing ---------------------------------------------------------------------------------------------------


def _write(session: Session, alarm: Alarm, step: Step, me: Caller, now: datetime, **facts: Any) -> Alarm:
    return actions.move(session, alarm, Event.STEP, by=me.by, now=now, step=step.key, **facts)


def _heard(session: Session, alarm: Alarm, one: Standing, wish: Wish, *, me: Caller, now: datetime) -> Alarm:
    """What came of the call that is on; without a word of it the call simply goes on."""
    actions.mine(session, alarm.id, Event.STEP, me)
    if wish.result is None or one.call_id is None:
        return alarm
    call = calls.write_result(session, one.call_id, wish.result, now=now)
    if wish.result in REACHED and call.target in PEOPLE:
        alarm.reached_at = now
    said = {"text": wish.note} if wish.note else {}
    climbing.heard_by_hand(session, alarm, call.id, wish.result, by=me.by, now=now)
    return _write(session, alarm, one.step, me, now, call_id=call.id, result=wish.result, **said)


def _claim(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    return actions.claim(session, alarm.id, me=me, now=now)


def _call(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    contact = wish.contact_id or one.contact_id
    called, _ = actions.call(
        session, alarm.id, target=TARGET_OF.get(one.step.do, Target.CONTACT), contact_id=contact, result=wish.result,
        note=wish.note, me=me, now=now,
    )  # fmt: skip
    return called


def _climb(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    """The next attempt on her tree, or whoever of her people is named."""
    if wish.contact_id is not None:
        return _call(session, alarm, one, wish, me, now)
    climbed, _ = climbing_acts.climb(session, alarm.id, result=wish.result, note=wish.note, me=me, now=now)
    return climbed


def _ask(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    """Answers to one question after the other; an answer to another than the one that is open comes too late."""
    actions.mine(session, alarm.id, Event.STEP, me)
    question = one.question or one.step.questions[0]
    if wish.question not in (None, question.key):
        raise StepOver("That question has been answered.", question=question.key)
    answer = next((answer for answer in question.answers if answer.key == wish.answer), None)
    if answer is None:
        raise SayMore("That is no answer to the question.", needs="answer")
    means = {"means": answer.means} if answer.means else {}
    return _write(session, alarm, one.step, me, now, question=question.key, answer=answer.key, **means)


def _send(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    """Whoever is named; without a name the nearest who lacks nothing and is not on the way to another alarm.

    Where nobody is, that is written down, and the rescue service goes before everything else.
    """
    caregiver = wish.caregiver_id
    if caregiver is None:
        actions.mine(session, alarm.id, Event.DISPATCH, me)
        elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
        to = whereto.of(session, alarm)
        near = nearest.candidates(session, to, elder, now=now) if to else []
        free = [c.caregiver_id for c in near if not c.lacks and not c.going and c.caregiver_id != alarm.worker_id]
        caregiver = next(iter(free), None)
    if caregiver is None:
        said = {"kind": RungKind.RESPONDER}
        log.append(session, alarm, NOBODY_FREE, alarm.state, alarm.state, by=me.by, now=now, **said)
        return alarm
    return actions.dispatch(session, alarm.id, caregiver, me=me, now=now)


def _arrive(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    return actions.arrive(session, alarm.id, me=me, now=now, who=wish.who)


def _check(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    actions.mine(session, alarm.id, Event.STEP, me)
    said = {"text": wish.note} if wish.note else {}
    return _write(session, alarm, one.step, me, now, status=Status.DONE, **said)


def _note(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    return actions.note(session, alarm.id, wish.note or "", me=me, now=now)


def _call_back(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    return actions.follow_up(session, alarm.id, minutes=wish.minutes or one.step.minutes, me=me, now=now)


def _close(session: Session, alarm: Alarm, one: Standing, wish: Wish, me: Caller, now: datetime) -> Alarm:
    return actions.close(session, alarm.id, wish.verdict or Verdict.REAL, me=me, now=now, note=wish.note)


_DOES: Final = {
    Do.CLAIM: _claim, Do.SPEAK: _call, Do.CALL_ELDER: _call, Do.CALL_WORKER: _call,
    Do.ASK: _ask, Do.CLIMB: _climb, Do.SEND: _send,
    Do.AMBULANCE: _call, Do.FIRE: _call, Do.POLICE: _call, Do.INFORM: _call, Do.ARRIVE: _arrive, Do.CHECK: _check,
    Do.NOTE: _note, Do.CALL_BACK: _call_back, Do.CLOSE: _close,
}  # fmt: skip
