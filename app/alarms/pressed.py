"""A press of the elder's button that somebody at the desk has found to be a test proves who was with her."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.alarms.rules import AlarmKind
from app.alarms.tables import Alarm
from app.orders import queries as orders
from app.visits import actions as visits
from app.visits import proof
from app.visits.proof_rules import Point, Sort

WITHIN: Final = timedelta(minutes=10)  # between her phone's word and the press


def proves(session: Session, alarm: Alarm, *, by: str, now: datetime) -> None:
    """Presence of each caregiver whose phone had said that she asks for the press; at the end it lies nearer to."""
    if alarm.elder_id is None or alarm.device_id is None or alarm.kind is not AlarmKind.SOS:
        return
    for attendance in proof.pressed_for(session, alarm.elder_id, alarm.raised_at, WITHIN):
        ends = {Point.START: attendance.started_at or attendance.arrived_at, Point.FINISH: attendance.finished_at}
        known = {point: at for point, at in ends.items() if at is not None}
        point = min(known, key=lambda one: abs(known[one] - alarm.raised_at), default=Point.START)
        proof.prove(
            session, attendance, Sort.BUTTON, point, source_id=alarm.id, happened_at=alarm.raised_at, by=by, now=now
        )
        visits.settle(session, orders.visit(session, attendance.visit_id, lock=True), now=now)
