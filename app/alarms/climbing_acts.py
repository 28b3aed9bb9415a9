"""Going up the tree: by itself while nobody claims, beside the calls when help must not wait, by an operator's key."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.alarms import actions, announcing, climbing, log, sending, timers
from app.alarms.climbing_rules import (
    ACCEPTED,
    BY_PLATFORM,
    CLIMBS,
    DECLINED,
    NOBODY_FREE,
    OPEN,
    ClimbedOn,
    HelpIsNotSkipped,
    RungEvent,
    RungState,
    TreeAtItsEnd,
    target_of,
)
from app.alarms.climbing_tables import AlarmRung, RungAttempt
from app.alarms.rules import Event, Rings, State, TimerKind
from app.alarms.sending_rules import STANDING, NobodyLeft, OfferState
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm
from app.calls.rules import Result
from app.calls.tables import Call
from app.config import settings
from app.errors import Conflict
from app.escalation import queries as trees
from app.escalation.rules import BY_ITSELF, CONTACTS, HELP, Hours, RungKind
from app.people.tables import Contact

Seen = tuple[int | None, int | None]
"""The rung and attempt a screen showed as next."""

# -- by itself -----------------------------------------------------------------------------------------------


def start(session: Session, alarm: Alarm, *, now: datetime, **late: int) -> None:
    """Nobody has claimed it for long: the family is called, and from there the climb goes on by itself."""
    if alarm.test_id is not None:
        return
    rows = climbing.begun(session, alarm)
    if alarm.elder_id is not None:
        tree = trees.held(session, alarm.elder_id).tree
        _help_beside(session, alarm, rows, tree.at_once.get(alarm.kind, ()), reason="at_once", now=now)
    step(session, alarm, now=now, event=TimerKind.CALL_FAMILY, **late)


def step(session: Session, alarm: Alarm, *, now: datetime, event: str = "climb", **late: int) -> None:
    """The next attempt: once more on this rung, or on the next that needs nobody at the desk."""
    rows = climbing.begun(session, alarm)
    if climbing.reached(alarm, rows):
        return
    mine = [row for row in rows if row.kind in BY_ITSELF and row.state in OPEN]
    for row in sorted(mine, key=lambda row: (row.state is not RungState.TRYING or row.beside, row.n)):
        if row.state is RungState.TRYING and row.tried >= row.attempts:
            climbing.move(row, RungEvent.FAIL, by=BY_PLATFORM, now=now, reason="no_reply")
        elif why := _unfit(session, alarm, row, now=now):
            _pass(session, alarm, row, why, by=BY_PLATFORM, now=now)
        elif _try(session, alarm, row, now=now, event=event, **late):
            return
    _exhausted(session, alarm, rows, now=now)


def _try(session: Session, alarm: Alarm, row: AlarmRung, *, now: datetime, event: str, **late: int) -> bool:
    """One attempt by the platform; False where nobody could be sent, and the next rung is tried at once."""
    if row.kind is RungKind.RESPONDER:
        if not _send(session, alarm, row, now=now, facts=late):
            return False
    else:
        call = announcing.announce(session, alarm, row, now=now)
        climbing.attempt(session, row, by=BY_PLATFORM, now=now, call_id=call.id)
        name = climbing.name_of(session, row)
        _note(session, alarm, event if name else "climb", row, now=now, attempt=row.tried, of=row.attempts,
              call_id=call.id, target=call.target, told=[name] if name else [], **late)  # fmt: skip
    if alarm.state is State.RINGING:
        timers.schedule(session, alarm, (TimerKind.RUNG, now + timedelta(seconds=row.wait)))
    return True


def _unfit(session: Session, alarm: Alarm, row: AlarmRung, *, now: datetime) -> str | None:
    """Why the platform cannot try this rung now."""
    if row.kind in CONTACTS and session.get(Contact, row.contact_id) is None:
        return "contact_gone"
    if row.hours and not Hours.model_validate(row.hours).hold(calendar.local(now).time()):
        return "out_of_hours"
    if row.kind is RungKind.RESPONDER and alarm.elder_id is None:
        return "nobody_named"
    return None


def _send(
    session: Session, alarm: Alarm, row: AlarmRung, *, now: datetime, facts: Mapping[str, object], beside: bool = False
) -> bool:
    """The nearest who is suitable, free and was not asked before goes; False where nobody is.

    While somebody's phone still rings nobody else is sent: `sending` passes the offer on by itself.
    """
    offers = sending.offers_of(session, alarm.id)
    if not any(offer.state in STANDING for offer, _ in offers):
        asked = {offer.caregiver_id for offer, _ in offers if offer.offered_at >= alarm.rung_at}
        try:
            with session.begin_nested():
                sending.send_nearest(session, alarm, by=BY_PLATFORM, now=now, without=asked)
        except Conflict:
            if not beside:
                climbing.move(row, RungEvent.SKIP, by=BY_PLATFORM, now=now, reason=NOBODY_FREE)
            _note(session, alarm, NOBODY_FREE, row, now=now, **facts)
            return False
    climbing.attempt(session, row, by=BY_PLATFORM, now=now, caregiver_id=alarm.caregiver_id, visit_id=alarm.visit_id,
                     beside=beside)  # fmt: skip
    row.promised_at = alarm.eta_at
    _note(session, alarm, "climb", row, now=now, attempt=row.tried, of=row.attempts, **facts)
    climbing.await_arrivals(session, alarm, climbing.rungs_of(session, alarm))
    return True


def _exhausted(session: Session, alarm: Alarm, rows: Sequence[AlarmRung], *, now: datetime) -> None:
    """Everybody was tried in vain: it rings at the lead, and the tree begins anew after a while."""
    for row in rows:
        if row.state in OPEN:
            climbing.move(row, RungEvent.END, by=BY_PLATFORM, now=now)
    climb = rows[0].climb if rows else 0
    alarm.rings = Rings.LEAD
    log.append(session, alarm, "tree_exhausted", alarm.state, alarm.state, by=BY_PLATFORM, now=now, climb=climb)
    if 0 < climb < CLIMBS:
        later = now + timedelta(seconds=settings().alarm_climbs_again_after)
        timers.schedule(session, alarm, (TimerKind.RUNG, later))


# -- beside the calls ----------------------------------------------------------------------------------------


def help_out(session: Session, alarm: Alarm, *, now: datetime, **late: int) -> None:
    """She was called and does not speak, or the kind of alarm leaves no time: help goes out beside the calls."""
    if alarm.elder_id is None:
        return
    rows, tree = climbing.begun(session, alarm), trees.held(session, alarm.elder_id).tree
    at_once = tree.at_once.get(alarm.kind, ())
    wanted, reason = (at_once, "at_once") if at_once else (tree.silence.get(alarm.kind, ()), "silence")
    _help_beside(session, alarm, rows, wanted, reason=reason, now=now, **late)


def _help_beside(
    session: Session, alarm: Alarm, rows: Sequence[AlarmRung], wanted: Sequence[RungKind], *, reason: str,
    now: datetime, **late: int,
) -> None:  # fmt: skip
    """Somebody goes; 120 is called by the platform only while nobody has the alarm: an operator has a telephone."""
    for row in rows:
        if row.kind not in wanted or row.state is not RungState.WAITING or row.tried:
            continue
        if row.kind is RungKind.RESPONDER:
            _send(session, alarm, row, now=now, beside=True, facts={"reason": reason, **late})
        elif alarm.claimed_by is None:
            call = announcing.announce(session, alarm, row, now=now)
            climbing.attempt(session, row, by=BY_PLATFORM, now=now, call_id=call.id, beside=True)
            _note(
                session, alarm, "climb", row, now=now, attempt=1, of=row.attempts, call_id=call.id, target=call.target,
                reason=reason,
            )  # fmt: skip


def missed(session: Session, alarm: Alarm, *, now: datetime, **late: int) -> None:
    """Somebody said they would come and nobody is there: it rings again, first at whoever has it."""
    rows = climbing.rungs_of(session, alarm)
    late_ones = [row for row in rows if (due := climbing.overdue_at(row)) and due <= now]
    if late_ones:
        who = [climbing.name_of(session, row) or row.kind for row in late_ones]
        for row in late_ones:
            row.promised_at = None
            broken = RungEvent.BREAK if row.state is RungState.REACHED else RungEvent.FAIL
            climbing.move(row, broken, by=BY_PLATFORM, now=now, reason="nobody_came")
        timers.ring(session, alarm, Event.RING, by=BY_PLATFORM, now=now, to=alarm.claimed_by, reason="nobody_came",
                    names=who, **late)  # fmt: skip
    climbing.await_arrivals(session, alarm, rows)


timers.HAPPENS |= {
    TimerKind.CALL_FAMILY: start,
    TimerKind.RUNG: step,
    TimerKind.SILENCE: help_out,
    TimerKind.ARRIVAL: missed,
}


# -- what the switchboard and the phones say -----------------------------------------------------------------


def answered(session: Session, *, now: datetime) -> Sequence[int]:
    """Alarms of whose calls or responders something was heard that their rungs do not know."""
    heard = exists().where(
        Call.id == RungAttempt.call_id, Call.result.is_not(None), Call.result.is_distinct_from(RungAttempt.heard)
    )
    sent = RungAttempt.caregiver_id.is_not(None) & RungAttempt.result.is_(None)
    offer = exists().where(AlarmOffer.alarm_id == RungAttempt.alarm_id, AlarmOffer.visit_id == RungAttempt.visit_id)
    said = offer.where(AlarmOffer.state == OfferState.ACCEPTED) | ~offer.where(AlarmOffer.state.in_(STANDING))
    return session.scalars(
        select(RungAttempt.alarm_id)
        .join(Alarm, Alarm.id == RungAttempt.alarm_id)
        .where(Alarm.state != State.CLOSED, heard | (sent & said))
        .distinct()
    ).all()


def hear(session: Session, alarm_id: int, *, now: datetime) -> None:
    """For the clock's sweep: reached, the climb stops; in vain, it goes on."""
    alarm = actions.get(session, alarm_id)
    if alarm.state is State.CLOSED:
        return
    tried = (
        select(RungAttempt, AlarmRung)
        .join(AlarmRung, AlarmRung.id == RungAttempt.rung_id)
        .where(RungAttempt.alarm_id == alarm.id)
        .order_by(RungAttempt.id)
    )
    calls = tried.add_columns(Call).join(Call, Call.id == RungAttempt.call_id)
    for made, row, call in session.execute(calls.where(Call.result.is_distinct_from(RungAttempt.heard))).all():
        made.heard = call.result
        result, by_hand = announcing.meaning(call), call.user_id is not None
        climbing.heard(session, alarm, made, row, result, by=BY_PLATFORM, now=now, by_hand=by_hand)
    sent = tried.where(RungAttempt.caregiver_id.is_not(None), RungAttempt.result.is_(None))
    for made, row in session.execute(sent).all():
        _hear_offers(session, alarm, made, row, now=now)


def _hear_offers(session: Session, alarm: Alarm, made: RungAttempt, row: AlarmRung, *, now: datetime) -> None:
    """Taken on by somebody; or by nobody, and there is nobody left to ask."""
    offers = [offer for offer, _ in sending.offers_of(session, alarm.id) if offer.visit_id == made.visit_id]
    if any(offer.state is OfferState.ACCEPTED for offer in offers):
        row.promised_at = alarm.eta_at
        climbing.heard(session, alarm, made, row, ACCEPTED, by=BY_PLATFORM, now=now, by_hand=False)
    elif not any(offer.state in STANDING for offer in offers):
        row.promised_at = None
        climbing.heard(session, alarm, made, row, DECLINED, by=BY_PLATFORM, now=now, by_hand=False)


# -- by hand -------------------------------------------------------------------------------------------------


def climb(
    session: Session, alarm_id: int, *, me: Caller, now: datetime, seen: Seen = (None, None),
    result: Result | None = None, note: str | None = None,
) -> tuple[Alarm, Call | None]:  # fmt: skip
    """«Next»: the operator calls whoever stands on the next rung, or sends the nearest who is free.

    Where nobody is, the rung is passed over and the log says so: the next key goes on to 120. `seen` is the rung and
    attempt that stood next on the operator's screen; raises ClimbedOn where the climb has gone on since.
    """
    alarm = actions.mine(session, alarm_id, Event.CALL, me)
    row = _turn(session, alarm, seen, by=me.by, now=now)
    target = target_of(row.kind, alarm.kind)
    if target is not None:
        return actions.call(
            session, alarm_id, target=target, contact_id=row.contact_id, result=result, note=note, climbs=True,
            me=me, now=now,
        )  # fmt: skip
    actions.mine(session, alarm_id, Event.DISPATCH, me)
    asked = {offer.caregiver_id for offer, _ in sending.offers_of(session, alarm.id)}
    try:
        offer = sending.send_nearest(session, alarm, by=me.by, now=now, without=asked)
    except NobodyLeft:
        climbing.move(row, RungEvent.SKIP, by=me.by, now=now, reason=NOBODY_FREE)
        told = dict(climbing.facts_of(session, row))
        log.append(session, alarm, NOBODY_FREE, alarm.state, alarm.state, by=me.by, now=now, **told)
        return alarm, None
    climbing.sent(session, alarm, offer.caregiver_id, offer.visit_id, by=me.by, now=now)
    return alarm, None


def skip(
    session: Session, alarm_id: int, reason: str, *, me: Caller, now: datetime, seen: Seen = (None, None)
) -> Alarm:
    """The operator knows better than the tree, and says why; the last rung sends help and is never skipped."""
    alarm = actions.mine(session, alarm_id, Event.CALL, me)
    row = _turn(session, alarm, seen, by=me.by, now=now)
    later = [other for other in climbing.begun(session, alarm) if other.n > row.n and other.state in OPEN]
    if row.kind in HELP and not any(other.kind in HELP for other in later):
        raise HelpIsNotSkipped("Nobody has been reached and this is the last who could go; call or send them.")
    _pass(session, alarm, row, reason, by=me.by, now=now)
    return alarm


def _turn(session: Session, alarm: Alarm, seen: Seen, *, by: str, now: datetime) -> AlarmRung:
    rows = climbing.begun(session, alarm)
    if not climbing.goes_on(alarm, rows):
        climbing.give_up(rows, by=by, now=now)
        rows = climbing.begun(session, alarm)
    row = climbing.in_turn(alarm, rows)
    if row is None:
        raise TreeAtItsEnd("Somebody has been reached." if climbing.reached(alarm, rows)
                           else "The last answer is awaited.")  # fmt: skip
    if seen[0] not in (None, row.n) or seen[1] not in (None, row.tried + 1):
        raise ClimbedOn("The climb has gone on meanwhile; look again.", n=row.n, attempt=row.tried + 1)
    return row


def _pass(session: Session, alarm: Alarm, row: AlarmRung, reason: str, *, by: str, now: datetime) -> None:
    climbing.move(row, RungEvent.SKIP, by=by, now=now, reason=reason)
    told = dict(climbing.facts_of(session, row))
    log.append(session, alarm, "rung_skipped", alarm.state, alarm.state, by=by, now=now, reason=reason, **told)


def _note(session: Session, alarm: Alarm, event: str, row: AlarmRung, *, now: datetime, **facts: object) -> None:
    told = dict(climbing.facts_of(session, row)) | facts
    log.append(session, alarm, event, alarm.state, alarm.state, by=BY_PLATFORM, now=now, **told)
