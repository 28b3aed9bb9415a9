"""Sending somebody to an alarm at once: offered on her phone, accepted, declined or passed on to the next."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.access.tables import User
from app.alarms import announcing, hers, log, nearest, timers, whereto
from app.alarms.rules import MOVES, OPEN, Event, State, TimerKind
from app.alarms.sending_rules import NOBODY_LEFT, STANDING, NobodyLeft, OfferEvent, OfferState, offer_after, said
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm
from app.alarms.whereto import Spot
from app.config import settings
from app.errors import Conflict, NotFound
from app.messages import actions as messages
from app.messages import phones
from app.messages.rules import Channel, Kind
from app.messages.tables import OutboxMessage
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import VISIT_ENDED
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import ACTIVE, AttendanceEvent, AttendanceState, CannotOverride
from app.planning.tables import Attendance

PLATFORM = timers.PLATFORM
NO_ANSWER = "no_answer"
AT_SPOT_ZH = "户外（手机上有定位）"


class NobodyNamed(Conflict):
    """It is not known whose alarm this is."""


class AlreadySent(Conflict):
    """She has been sent to this alarm."""


class OnAnotherAlarm(Conflict):
    """She is on the way to another alarm."""


def send(
    session: Session, alarm: Alarm, caregiver_id: int, *, by: str, now: datetime, words: str | None = None
) -> AlarmOffer:
    """An offer on her phone, with an urgent visit at price zero where she goes to a door; the alarm's row is held.

    `words`: how to find a spot without a door. From a state that knows no sending (still ringing, say) the state
    stays, and the log tells of it.
    """
    to = whereto_of(session, alarm)
    caregiver = session.get(Caregiver, caregiver_id, with_for_update={"key_share": True})
    if caregiver is None or caregiver.ended_at or caregiver.id == alarm.worker_id:
        raise NotFound("There is no such caregiver.")
    if any(o.caregiver_id == caregiver_id and o.state in STANDING for o, _ in offers_of(session, alarm.id)):
        raise AlreadySent(f"{caregiver.name} has been sent to this alarm already.")
    if caregiver_id in nearest.at_spots(session):
        raise OnAnotherAlarm(f"{caregiver.name} is already on the way to an alarm.")
    offer = AlarmOffer(
        district_id=alarm.district_id, division_code=alarm.division_code, alarm_id=alarm.id, caregiver_id=caregiver_id,
        state=OfferState.OFFERED, offered_at=now, offered_by=by,
        answer_by=now + timedelta(seconds=settings().alarm_answer_seconds),
    )  # fmt: skip
    if isinstance(to, Spot):
        minutes, affected = _set_out(session, to, caregiver, by=by, now=now)
        before_her = (earlier.words for earlier, _ in offers_of(session, alarm.id) if earlier.words)
        offer.words = (words or "").strip() or next(before_her, None)
        facts: dict[str, object] = {"place": alarm.place} | ({"text": offer.words} if offer.words else {})
    else:
        sent = _visit(session, alarm, caregiver, by=by, now=now)
        minutes, affected = sent.travel_minutes, sent.affected
        offer.visit_id, offer.attendance_id = sent.attendance.visit_id, sent.attendance.id
        facts = {"visit_id": offer.visit_id}
    alarm.visit_id, alarm.caregiver_id = offer.visit_id or alarm.visit_id, caregiver_id
    alarm.dispatched_at, alarm.eta_at = now, now + timedelta(minutes=minutes)
    alarm.decided_at = alarm.decided_at or now
    timers.drop(session, alarm, TimerKind.IDLE_CLAIM, now=now)
    session.add(offer)
    session.flush()
    before, alarm.state = alarm.state, MOVES.get((alarm.state, Event.DISPATCH), alarm.state)
    log.append(
        session, alarm, Event.DISPATCH, before, alarm.state, by=by, now=now, caregiver=caregiver.name,
        caregiver_id=caregiver_id, minutes=minutes, affected=[other.visit_id for other in affected], **facts,
    )  # fmt: skip
    _ring_her(session, alarm, caregiver, offer, now=now)
    return offer


def whereto_of(session: Session, alarm: Alarm) -> whereto.Target:
    """Where to send somebody; raises NobodyNamed where neither a door nor a spot is known."""
    to = whereto.of(session, alarm)
    if to is None or (not isinstance(to, Spot) and _elder_id(session, alarm) is None):
        raise nowhere(alarm)
    return to


def nowhere(alarm: Alarm) -> NobodyNamed:
    """What to do about it."""
    if alarm.worker_id:
        return NobodyNamed("Her phone has told no place yet: call her, and ask where she is.")
    return NobodyNamed("Name the elder first, then somebody can be sent to the right door.")


def _elder_id(session: Session, alarm: Alarm) -> int | None:
    return alarm.elder_id or hers.elder_beside(session, alarm)


def _visit(session: Session, alarm: Alarm, caregiver: Caregiver, *, by: str, now: datetime) -> attending.Urgent:
    """The urgent visit in the published plan; one for everybody who is sent to this alarm."""
    visit = session.get(Visit, alarm.visit_id) if alarm.visit_id else None
    if visit is None or visit.state in VISIT_ENDED:
        elder_id = _elder_id(session, alarm)
        assert elder_id is not None  # whereto_of
        visit = orders.urgent(session, elder_id, by=by, now=now, reason=f"alarm {alarm.id}")
    origin = nearest.place_of(session, caregiver, now=now)
    try:
        with session.begin_nested():
            return attending.insert_urgent(session, visit, caregiver.id, by=by, now=now, origin=origin)
    except CannotOverride:
        raise OnAnotherAlarm(f"{caregiver.name} is already on the way to an alarm.") from None


def _set_out(
    session: Session, spot: Spot, caregiver: Caregiver, *, by: str, now: datetime
) -> tuple[int, Sequence[attending.Affected]]:
    """The minutes of her way to a spot, and what of hers waits meanwhile."""
    urgent = exists().where(
        Attendance.caregiver_id == caregiver.id, Attendance.urgent, Attendance.state.in_(ACTIVE),
        Attendance.ends_at > now,
    )  # fmt: skip
    if session.scalar(select(urgent)):
        raise OnAnotherAlarm(f"{caregiver.name} is already on the way to an alarm.")
    until = nearest.away_until(session, caregiver, spot, now=now)
    seconds = nearest.seconds_to(session, caregiver, spot, now=now)
    return -(-seconds // 60), attending.leave(session, caregiver.id, until=until, by=by, now=now)


def _ring_her(session: Session, alarm: Alarm, caregiver: Caregiver, offer: AlarmOffer, *, now: datetime) -> None:
    """Her phone rings while it sleeps; where none of hers can be rung so she is told by SMS at once."""
    user_id = session.scalar(select(User.id).where(User.caregiver_id == caregiver.id, User.ended_at.is_(None)))
    opens = {"attendance": str(offer.attendance_id)} if offer.attendance_id else {"offer": str(offer.id)}
    rung = phones.ring(
        session, user_id, Kind.ALARM_CAREGIVER, district_id=alarm.district_id, division_code=alarm.division_code,
        key=offer.key, about=f"alarms/{alarm.id}", to_whom=caregiver.name, now=now,
        until=offer.answer_by.isoformat(), **opens,
    )  # fmt: skip
    if not rung:
        _tell_her(session, alarm, caregiver, offer, now=now)


def silent(session: Session, *, now: datetime) -> Sequence[int]:
    """Offers whose phone was rung while it slept and which nobody has answered since; for the clock's sweep."""
    told = OutboxMessage.key == AlarmOffer.key
    return session.scalars(
        select(AlarmOffer.id)
        .where(
            AlarmOffer.state == OfferState.OFFERED, AlarmOffer.answer_by > now,
            AlarmOffer.offered_at <= now - timedelta(seconds=settings().push_sms_after),
            ~exists().where(OutboxMessage.district_id == AlarmOffer.district_id, told),
        )
        .order_by(AlarmOffer.id)
    ).all()  # fmt: skip


def ring_by_sms(session: Session, offer_id: int, *, now: datetime) -> None:
    """The second way, where the first has not woken her."""
    offer = session.get_one(AlarmOffer, offer_id)
    alarm, caregiver = session.get_one(Alarm, offer.alarm_id), session.get_one(Caregiver, offer.caregiver_id)
    if offer.state is OfferState.OFFERED:
        _tell_her(session, alarm, caregiver, offer, now=now)


def _tell_her(session: Session, alarm: Alarm, caregiver: Caregiver, offer: AlarmOffer, *, now: datetime) -> None:
    """No door and no illness in it, as the shipped words go."""
    values = announcing.said_of(session, alarm, alarm.elder_id) | {"seconds": str(settings().alarm_answer_seconds)}
    if offer.attendance_id is None:
        values["estate"] = AT_SPOT_ZH
    messages.say(
        session, kind=Kind.ALARM_CAREGIVER, values=values, district_id=alarm.district_id,
        division_code=alarm.division_code, key=offer.key, channel=Channel.SMS, to=caregiver.phone,
        to_whom=f"{caregiver.name}（护理员）", about=f"alarms/{alarm.id}", now=now, elder_id=alarm.elder_id,
    )  # fmt: skip


def send_nearest(
    session: Session, alarm: Alarm, *, by: str, now: datetime, without: Collection[int] = ()
) -> AlarmOffer:
    """Send whoever is qualified and there first; the alarm's row is held. Raises NobodyLeft, NobodyNamed."""
    to, elder_id = whereto_of(session, alarm), _elder_id(session, alarm)
    elder = session.get(Elder, elder_id) if elder_id and not isinstance(to, Spot) else None
    for candidate in nearest.candidates(session, to, elder, now=now, limit=50):
        if not candidate.lacks and candidate.caregiver_id not in {*without, alarm.worker_id}:
            return send(session, alarm, candidate.caregiver_id, by=by, now=now)
    raise NobodyLeft("Nobody who is qualified and free can be sent.")


def offers_of(session: Session, alarm_id: int) -> Sequence[tuple[AlarmOffer, str]]:
    """Whom an alarm was offered to, by name, oldest first."""
    rows = session.execute(
        select(AlarmOffer, Caregiver.name)
        .join(Caregiver, Caregiver.id == AlarmOffer.caregiver_id)
        .where(AlarmOffer.alarm_id == alarm_id)
        .order_by(AlarmOffer.id)
    )
    return [(row.AlarmOffer, row.name) for row in rows]


def unheard(session: Session, *, now: datetime) -> Sequence[int]:
    """Offers whose caregiver has said something since, or nothing in time; for the clock's sweep."""
    waits = AlarmOffer.state == OfferState.OFFERED
    return session.scalars(
        select(AlarmOffer.id)
        .outerjoin(Attendance, Attendance.id == AlarmOffer.attendance_id)
        .where(
            or_(
                waits & (Attendance.state != AttendanceState.ASSIGNED),
                waits & (AlarmOffer.answer_by <= now),
                (AlarmOffer.state == OfferState.ACCEPTED)
                & Attendance.state.in_([AttendanceState.DECLINED, AttendanceState.WITHDRAWN]),
            )
        )
        .order_by(AlarmOffer.id)
    ).all()


def hear(session: Session, offer_id: int, *, now: datetime) -> None:
    """Take an answer, or its absence, to the case; without a yes the next one is sent. Bears repetition."""
    alarm_id = session.scalar(select(AlarmOffer.alarm_id).where(AlarmOffer.id == offer_id))
    if alarm_id is None:
        return
    alarm = session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    offer = session.get_one(AlarmOffer, offer_id, with_for_update=True, populate_existing=True)
    attendance = _attendance(session, offer)
    event = said(attendance.state) if attendance else None
    if offer.state not in STANDING or (event is OfferEvent.ACCEPT and offer.state is OfferState.ACCEPTED):
        return
    if event is None:
        if offer.answer_by > now or offer.state is not OfferState.OFFERED:
            return
        event = OfferEvent.PASS
        if attendance:
            attending.move(session, attendance, AttendanceEvent.WITHDRAW, by=PLATFORM, now=now, reason=NO_ANSWER)
    take(session, alarm, offer, event, now=now)


def _attendance(session: Session, offer: AlarmOffer) -> Attendance | None:
    """None of an offer of a spot; else held, its visit before it."""
    if offer.visit_id is None or offer.attendance_id is None:
        return None
    order_queries.visit(session, offer.visit_id, lock=True)
    return planning.attendance(session, offer.attendance_id, lock=True)


def take(session: Session, alarm: Alarm, offer: AlarmOffer, event: OfferEvent, *, now: datetime) -> None:
    """What came of an offer, into the case; both rows are held. Raises OfferMoveRefused."""
    offer.state, offer.answered_at = offer_after(offer.state, event), now
    name = session.scalar(select(Caregiver.name).where(Caregiver.id == offer.caregiver_id))
    _note(session, alarm, offer.state, now=now, caregiver=name, caregiver_id=offer.caregiver_id)
    if event is OfferEvent.ACCEPT:
        _expect(session, alarm, offer, now=now)
    elif event in (OfferEvent.DECLINE, OfferEvent.PASS):
        _next(session, alarm, now=now)


def _expect(session: Session, alarm: Alarm, offer: AlarmOffer, *, now: datetime) -> None:
    """She sets out now: when she will be there is counted anew, from where she is."""
    caregiver = session.get_one(Caregiver, offer.caregiver_id)
    to = whereto.of(session, alarm)
    if alarm.caregiver_id == caregiver.id and alarm.arrived_at is None and to is not None:
        alarm.eta_at = now + timedelta(seconds=nearest.seconds_to(session, caregiver, to, now=now))


def _next(session: Session, alarm: Alarm, *, now: datetime) -> None:
    """Somebody else, unless somebody is there or coming; with nobody left the alarm rings again."""
    offers = [offer for offer, _ in offers_of(session, alarm.id)]
    if alarm.state not in OPEN or alarm.arrived_at or any(offer.state in STANDING for offer in offers):
        return
    try:
        send_nearest(session, alarm, by=PLATFORM, now=now, without={offer.caregiver_id for offer in offers})
    except Conflict as refused:
        alarm.caregiver_id = alarm.eta_at = None
        if alarm.state is State.DISPATCHED:
            timers.ring(session, alarm, Event.RING, by=PLATFORM, now=now, to=alarm.claimed_by, reason=NOBODY_LEFT)
        else:
            _note(session, alarm, NOBODY_LEFT, now=now, text=refused.detail)


def _note(session: Session, alarm: Alarm, event: str, *, now: datetime, **facts: object) -> None:
    log.append(session, alarm, event, alarm.state, alarm.state, by=PLATFORM, now=now, **facts)
