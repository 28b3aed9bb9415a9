"""Somebody sent to a spot without a door: she answers the offer itself, and says when she is there."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms import sending
from app.alarms.rules import OPEN
from app.alarms.sending_rules import STANDING, OfferEvent, OfferMoveRefused, OfferState, offer_after
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm
from app.errors import NotFound


def sent_to(session: Session, caregiver_id: int) -> list[int]:
    """Her standing offers of spots, newest first: her phone asks about them while there are any."""
    return list(
        session.scalars(
            select(AlarmOffer.id)
            .join(Alarm, Alarm.id == AlarmOffer.alarm_id)
            .where(
                AlarmOffer.caregiver_id == caregiver_id, AlarmOffer.attendance_id.is_(None),
                AlarmOffer.state.in_(STANDING), Alarm.state.in_(OPEN),
            )
            .order_by(AlarmOffer.id.desc())
        )
    )  # fmt: skip


def answer(session: Session, offer_id: int, caregiver_id: int, *, coming: bool, now: datetime) -> None:
    """Her yes or no; the same said twice is said once. Raises NotFound, OfferMoveRefused where the next one goes."""
    alarm, offer = _hers(session, offer_id, caregiver_id)
    event = OfferEvent.ACCEPT if coming else OfferEvent.DECLINE
    if offer.state is not (OfferState.ACCEPTED if coming else OfferState.DECLINED):
        sending.take(session, alarm, offer, event, now=now)


def arrive(session: Session, offer_id: int, caregiver_id: int, *, now: datetime) -> None:
    """She is there; who goes without having said so has said so. The clock takes it to the case."""
    alarm, offer = _hers(session, offer_id, caregiver_id)
    if offer.state is OfferState.OFFERED:
        sending.take(session, alarm, offer, OfferEvent.ACCEPT, now=now)
    if offer.state is not OfferState.ACCEPTED:
        raise OfferMoveRefused("Somebody else was sent meanwhile.", state=offer.state)
    offer.arrived_at = offer.arrived_at or now


def spare(session: Session, alarm: Alarm, *, now: datetime) -> None:
    """The alarm is over: whoever is not there yet need not go."""
    for offer, _ in sending.offers_of(session, alarm.id):
        if offer.attendance_id is None and offer.state in STANDING and offer.arrived_at is None:
            offer.state, offer.answered_at = offer_after(offer.state, OfferEvent.WITHDRAW), now


def _hers(session: Session, offer_id: int, caregiver_id: int) -> tuple[Alarm, AlarmOffer]:
    """The alarm's row first, as everywhere."""
    mine = AlarmOffer.caregiver_id == caregiver_id, AlarmOffer.attendance_id.is_(None)
    alarm_id = session.scalar(select(AlarmOffer.alarm_id).where(AlarmOffer.id == offer_id, *mine))
    if alarm_id is None:
        raise NotFound("There is no such alarm of yours.")
    alarm = session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm.state not in OPEN:
        raise NotFound("This alarm is over.")
    return alarm, session.get_one(AlarmOffer, offer_id, with_for_update=True, populate_existing=True)
