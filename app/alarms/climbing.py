"""Where an alarm stands on its tree: the rungs as rows, each attempt and what came of it, and which rung is next."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, false, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alarms import log, timers
from app.alarms.climbing_rules import (
    IN_VAIN,
    NO_REPLY,
    OPEN,
    RungEvent,
    RungState,
    Turn,
    after,
    counts,
    promises,
    target_of,
)
from app.alarms.climbing_tables import AlarmRung, RungAttempt
from app.alarms.rules import LASTING, State, TimerKind
from app.alarms.tables import Alarm
from app.calls.rules import REACHED, Result, Target
from app.config import settings
from app.escalation import queries as trees
from app.escalation.rules import CONTACTS, HELP, Rung, RungKind, Tree, placed
from app.people import queries as people
from app.people.tables import Contact, Elder

SPEAKS = (RungKind.DEVICE, RungKind.ELDER)


# -- the rungs -----------------------------------------------------------------------------------------------


def rungs_of(session: Session, alarm: Alarm) -> Sequence[AlarmRung]:
    """The rungs of the latest climb, in order; empty before the first."""
    latest = select(func.max(AlarmRung.climb)).where(AlarmRung.alarm_id == alarm.id).scalar_subquery()
    mine = select(AlarmRung).where(AlarmRung.alarm_id == alarm.id, AlarmRung.climb == latest)
    return session.scalars(mine.order_by(AlarmRung.n)).all()


def planned(session: Session, alarm: Alarm) -> tuple[list[Rung], Tree | None]:
    """The rungs an alarm would climb now. Of a home of two, everybody's people and then 120: nobody knows whose it is.

    Nobody is called for an alarm nobody knows the home of.
    """
    if alarm.elder_id is not None:
        tree = trees.held(session, alarm.elder_id).tree
        return [rung for _, rung in placed(tree, alarm.kind)], tree
    found: dict[str, Rung] = {}
    ends: list[Rung] = []
    for elder_id in session.scalars(_living(alarm)):
        held = trees.held(session, elder_id)
        for _, rung in placed(held.tree, alarm.kind):
            if rung.contact_id is not None and (phone := held.known.contacts.get(rung.contact_id)):
                found.setdefault(phone, rung)
            elif rung.kind is RungKind.AMBULANCE:
                ends = [rung]
    return [*found.values(), *ends], None


def _living(alarm: Alarm) -> Select[int]:
    """Everybody of the home, whose family may be called; for a caregiver's own call nobody's family is."""
    hers = Elder.home_id == alarm.home_id if alarm.worker_id is None and alarm.home_id is not None else false()
    return select(Elder.id).where(hers, Elder.ended_at.is_(None)).order_by(Elder.id)


def begun(session: Session, alarm: Alarm) -> Sequence[AlarmRung]:
    """The rungs of the climb that goes on; a new one where none does. The tree is kept as it is at that moment."""
    rows = rungs_of(session, alarm)
    if any(row.state in OPEN for row in rows) or reached(alarm, rows):
        return rows
    climb = rows[0].climb + 1 if rows else 1
    fresh = [
        {
            "district_id": alarm.district_id, "division_code": alarm.division_code, "alarm_id": alarm.id,
            "climb": climb, "n": n, "kind": rung.kind, "contact_id": rung.contact_id, "attempts": rung.attempts,
            "wait": rung.wait, "reached": rung.reached, "state": RungState.WAITING, "beside": False, "tried": 0,
            "hours": rung.hours.model_dump(mode="json") if rung.hours else None,
        }
        for n, rung in enumerate(planned(session, alarm)[0], 1)
    ]  # fmt: skip
    if fresh:
        session.execute(insert(AlarmRung).values(fresh))
    return rungs_of(session, alarm) if fresh else []


def reached(alarm: Alarm, rows: Sequence[AlarmRung]) -> bool:
    """Whether somebody was reached since it last rang."""
    return any(row.state is RungState.REACHED and row.ended_at and row.ended_at >= alarm.rung_at for row in rows)


def goes_on(alarm: Alarm, rows: Sequence[AlarmRung]) -> bool:
    """Whether this climb still has something to try or to hear of, or has reached somebody; else a new one begins."""
    return reached(alarm, rows) or any(_untried(row) or awaits(row) for row in rows)


def awaits(row: AlarmRung) -> bool:
    """Whether nothing was heard of its last attempt yet."""
    return row.state is RungState.TRYING and row.result is None


def next_rung(session: Session, alarm: Alarm, rows: Sequence[AlarmRung] | None = None) -> Turn | None:
    """What comes next by hand; none where somebody was reached, or the last answer is awaited.

    Where the elder herself asked for help, the first rung that sends somebody. After a climb in vain the first again.
    """
    rows = rungs_of(session, alarm) if rows is None else rows
    if not goes_on(alarm, rows):
        first = next(iter(planned(session, alarm)[0]), None)
        return _turn(alarm, 1, first, attempt=1) if first else None
    row = in_turn(alarm, rows)
    return _turn(alarm, row.n, row, attempt=row.tried + 1) if row else None


def _turn(alarm: Alarm, n: int, rung: AlarmRung | Rung, *, attempt: int) -> Turn:
    target = target_of(rung.kind, alarm.kind)
    return Turn(n, rung.kind, rung.contact_id, attempt, rung.attempts, rung.wait, target)


def in_turn(alarm: Alarm, rows: Sequence[AlarmRung]) -> AlarmRung | None:
    """The row `next_rung` speaks of."""
    asked = any(row.kind in SPEAKS and row.state is RungState.REACHED and row.result == Result.HELP for row in rows)
    if reached(alarm, rows) and (not asked or any(row.kind in HELP and row.tried for row in rows)):
        return None
    return next((row for row in rows if _untried(row) and (not asked or row.kind in HELP)), None)


def _untried(row: AlarmRung) -> bool:
    return row.state is RungState.WAITING or (row.state is RungState.TRYING and row.tried < row.attempts)


def move(row: AlarmRung, event: RungEvent, *, by: str, now: datetime, reason: str | None = None) -> None:
    """The only place that changes a rung's state."""
    row.state = after(row.state, event)
    if event is RungEvent.TRY:
        row.ended_at = row.ended_by = None
    else:
        row.ended_at, row.ended_by, row.reason = now, by, reason or row.reason


# -- attempts ------------------------------------------------------------------------------------------------


def attempt(
    session: Session, row: AlarmRung, *, by: str, now: datetime, call_id: int | None = None,
    caregiver_id: int | None = None, visit_id: int | None = None, beside: bool = False,
) -> RungAttempt:  # fmt: skip
    """Somebody is tried. What was tried before on this rung, and not heard of, was in vain."""
    move(row, RungEvent.TRY, by=by, now=now)
    session.execute(
        update(RungAttempt)
        .where(RungAttempt.rung_id == row.id, RungAttempt.result.is_(None))
        .values(result=NO_REPLY, ended_at=now)
    )
    row.tried, row.tried_at, row.beside, row.result = row.tried + 1, now, row.beside or beside, None
    made = RungAttempt(
        district_id=row.district_id, division_code=row.division_code, alarm_id=row.alarm_id, rung_id=row.id,
        n=row.tried, at=now, by=by, call_id=call_id, caregiver_id=caregiver_id, visit_id=visit_id,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def settle_before(rows: Sequence[AlarmRung], current: AlarmRung, *, by: str, now: datetime) -> None:
    """Going on to another rung ends those that were tried as often as they may be."""
    for row in rows:
        if row is not current and row.state is RungState.TRYING and row.tried >= row.attempts and not row.beside:
            move(row, RungEvent.FAIL, by=by, now=now, reason=NO_REPLY)


def called(
    session: Session, alarm: Alarm, target: Target, contact_id: int | None, call_id: int, *, by: str, now: datetime,
    result: Result | None,
) -> dict[str, int]:  # fmt: skip
    """An operator calls somebody, in turn or not; answers the rung and attempt for the log, nothing off the tree."""
    rows = begun(session, alarm)
    fit = [row for row in rows if target_of(row.kind, alarm.kind) is target and row.contact_id == contact_id]
    row = next((row for row in fit if _untried(row)), None) or (fit[0] if fit else None)
    if row is not None:
        settle_before(rows, row, by=by, now=now)
        made = attempt(session, row, by=by, now=now, call_id=call_id)
        if result is not None:
            made.heard = result
            heard(session, alarm, made, row, result, by=by, now=now, by_hand=True, quiet=True)
    if target in (Target.ELDER, Target.DEVICE, Target.CONTACT) and result not in REACHED:
        _have_help_ready(session, alarm, rows, spoke_to=target, now=now)
    return {"rung": row.n, "attempt": row.tried} if row else {}


def sent(
    session: Session, alarm: Alarm, caregiver_id: int, visit_id: int | None, *, by: str, now: datetime
) -> dict[str, int]:
    """An operator sends somebody: the rung of responders is tried."""
    rows = begun(session, alarm)
    row = next((row for row in rows if row.kind is RungKind.RESPONDER), None)
    if row is not None:
        settle_before(rows, row, by=by, now=now)
        attempt(session, row, by=by, now=now, caregiver_id=caregiver_id, visit_id=visit_id)
        row.promised_at = alarm.eta_at
    await_arrivals(session, alarm, rows)
    return {"rung": row.n, "attempt": row.tried} if row else {}


def _have_help_ready(
    session: Session, alarm: Alarm, rows: Sequence[AlarmRung], *, spoke_to: Target, now: datetime
) -> None:
    """Beside the calls: at once where the kind asks for it, or when the elder was called and does not speak."""
    tree = trees.held(session, alarm.elder_id).tree if alarm.elder_id else None
    if tree is None or alarm.test_id is not None:
        return
    if _unsent(rows, tree.at_once.get(alarm.kind, ())):
        timers.schedule(session, alarm, (TimerKind.SILENCE, now))
    elif spoke_to is not Target.CONTACT and _unsent(rows, tree.silence.get(alarm.kind, ())):
        timers.schedule(session, alarm, (TimerKind.SILENCE, now + timedelta(seconds=settings().alarm_silence_after)))


def _unsent(rows: Sequence[AlarmRung], wanted: Sequence[RungKind]) -> bool:
    return any(row.kind in wanted and row.tried == 0 and row.state is RungState.WAITING for row in rows)


# -- what came of it -----------------------------------------------------------------------------------------


def heard_by_hand(session: Session, alarm: Alarm, call_id: int, result: Result, *, by: str, now: datetime) -> None:
    """What an operator says came of a call of this alarm, whose row is locked, where it stands on a rung."""
    found = session.execute(
        select(RungAttempt, AlarmRung)
        .join(AlarmRung, AlarmRung.id == RungAttempt.rung_id)
        .where(RungAttempt.alarm_id == alarm.id, RungAttempt.call_id == call_id)
    ).first()
    if found is not None and found[0].result != result:
        found[0].heard = result
        heard(session, alarm, found[0], found[1], result, by=by, now=now, by_hand=True)


def give_up(rows: Sequence[AlarmRung], *, by: str, now: datetime) -> None:
    """Of a climb that does not go on: what was tried in vain has failed."""
    for row in rows:
        if row.state is RungState.TRYING:
            move(row, RungEvent.FAIL, by=by, now=now, reason=row.result)


def heard(
    session: Session, alarm: Alarm, made: RungAttempt, row: AlarmRung, result: str, *, by: str, now: datetime,
    by_hand: bool, quiet: bool = False,
) -> None:  # fmt: skip
    """Reached: the climb stops. In vain: it goes on, at once where there is no use in waiting."""
    made.result, made.ended_at, row.result = result, now, result
    if counts(row.kind, row.reached, result, by_hand=by_hand):
        if row.state is not RungState.REACHED:
            move(row, RungEvent.REACH, by=by, now=now)
        _stop(session, alarm, row, result, now=now)
        if row.kind in (*CONTACTS, *SPEAKS):
            alarm.reached_at = now
        _write(session, alarm, "rung_reached", row, by=by, now=now, result=result, quiet=quiet,
               promised_at=row.promised_at)  # fmt: skip
        return
    over = result in IN_VAIN or (by_hand and row.tried >= row.attempts)
    if row.state is RungState.REACHED or (over and row.state is RungState.TRYING):
        move(row, RungEvent.FAIL, by=by, now=now, reason=result)
        _write(session, alarm, "rung_failed", row, by=by, now=now, result=result, quiet=quiet)
    if alarm.state is State.RINGING and row.state is RungState.FAILED:
        timers.schedule(session, alarm, (TimerKind.RUNG, now))


def _stop(session: Session, alarm: Alarm, row: AlarmRung, result: str, *, now: datetime) -> None:
    timers.drop(session, alarm, TimerKind.RUNG, now=now)
    if row.kind in SPEAKS:
        timers.drop(session, alarm, TimerKind.SILENCE, now=now)
    if row.kind in CONTACTS:
        contact = session.get(Contact, row.contact_id)
        away = contact.minutes_away if contact else None
        row.promised_at = promises(row.kind, row.reached, result, minutes_away=away, now=now)
    await_arrivals(session, alarm, rungs_of(session, alarm))


def await_arrivals(session: Session, alarm: Alarm, rows: Sequence[AlarmRung]) -> None:
    """Ring again when the first of those who are coming should have been there for some minutes."""
    if due := [at for row in rows if (at := overdue_at(row))]:
        timers.schedule(session, alarm, (TimerKind.ARRIVAL, min(due)))


def waits_until(row: AlarmRung) -> datetime | None:
    """Until when an attempt waits for its answer."""
    return row.tried_at + timedelta(seconds=row.wait) if row.tried_at else None


def overdue_at(row: AlarmRung) -> datetime | None:
    """When whoever promised to come is missed."""
    if row.promised_at is None or row.state not in (RungState.REACHED, RungState.TRYING):
        return None
    return row.promised_at + timedelta(minutes=settings().alarm_promise_grace_minutes)


def arrived(session: Session, alarm: Alarm, *, by: str, now: datetime) -> None:
    """A human is with the elder: nobody else need be called."""
    for row in rungs_of(session, alarm):
        row.promised_at = None
        if row.kind is RungKind.RESPONDER and row.state is RungState.TRYING:
            move(row, RungEvent.REACH, by=by, now=now)
    timers.drop(session, alarm, TimerKind.RUNG, *LASTING, now=now)


def end(session: Session, alarm: Alarm, *, by: str, now: datetime) -> None:
    """Settled: what was not tried is not needed. If it rings again, the climb begins anew."""
    for row in rungs_of(session, alarm):
        row.promised_at = None
        if row.state in OPEN:
            move(row, RungEvent.END, by=by, now=now)
    timers.drop(session, alarm, TimerKind.RUNG, *LASTING, now=now)


def name_of(session: Session, row: AlarmRung) -> str | None:
    """The contact on a rung."""
    contact = session.get(Contact, row.contact_id) if row.contact_id else None
    return contact.name if contact else None


def facts_of(session: Session, row: AlarmRung) -> Iterator[tuple[str, object]]:
    """What the log says of a rung."""
    yield from (("n", row.n), ("kind", row.kind))
    if row.contact_id:
        yield from (("contact_id", row.contact_id), ("name", name_of(session, row)))


def _write(
    session: Session, alarm: Alarm, event: str, row: AlarmRung, *, by: str, now: datetime, quiet: bool,
    **facts: object,
) -> None:  # fmt: skip
    """Into the log, but for what its own line says already."""
    if not quiet:
        told = dict(facts_of(session, row)) | {name: value for name, value in facts.items() if value is not None}
        log.append(session, alarm, event, alarm.state, alarm.state, by=by, now=now, **told)


def people_of(session: Session, alarm: Alarm) -> Sequence[Contact]:
    """Everybody who may be called about an alarm."""
    living = [alarm.elder_id] if alarm.elder_id else session.scalars(_living(alarm)).all()
    return [contact for elder_id in living for contact in people.contacts_of(session, elder_id)]
