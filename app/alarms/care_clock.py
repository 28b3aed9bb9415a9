"""One clock for care and alarm: who is in the home, who is due, who left last, when anybody was heard."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import column, select, table
from sqlalchemy.orm import Session

from app import calendar
from app.alarms.tables import Alarm
from app.calls.rules import REACHED, Direction
from app.calls.tables import Call
from app.catalogue.rules import AidCategory, Given
from app.catalogue.tables import ServiceItem
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.planning.rules import ACTIVE, AttendanceState
from app.planning.tables import Attendance
from app.vault import mask_phone
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent

BACK, AHEAD = timedelta(days=14), timedelta(days=7)
DUE_WITHIN = timedelta(hours=2)
HERE = frozenset({AttendanceState.ARRIVED, AttendanceState.IN_SERVICE})


class HereOut(BaseModel):
    """A caregiver who has checked in and not out: call her first."""

    caregiver_id: int
    caregiver: str
    phone: str
    item: str
    since: datetime
    until: datetime  # as planned


class DueOut(BaseModel):
    """Somebody who is to come; `soon` within two hours, or late."""

    visit_id: int
    caregiver: str
    item: str
    at: datetime
    soon: bool
    on_the_way: bool


class LeftOut(BaseModel):
    """Who left last, and what she wrote down."""

    visit_id: int
    caregiver: str
    item: str
    at: datetime
    note: str | None


class MealsOut(BaseModel):
    """Meals of today: brought, still to come, not delivered."""

    delivered: int
    to_come: int
    missed: int
    last_at: datetime | None


class ContactedOut(BaseModel):
    """The last time anybody saw or heard her, and how."""

    at: datetime
    how: str  # visit, call, press
    who: str | None


class CareClock(BaseModel):
    """The care around this moment."""

    here: list[HereOut]
    due: DueOut | None
    left: LeftOut | None
    meals: MealsOut
    last_contact: ContactedOut | None


def care_clock(session: Session, elder_id: int, *, now: datetime) -> CareClock:
    """Two weeks back and one ahead, in a handful of statements."""
    a = Attendance
    rows = session.execute(
        select(a, ServiceItem.name_zh.label("item"), Caregiver.name, Caregiver.phone)
        .join(Visit, Visit.id == a.visit_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Caregiver, Caregiver.id == a.caregiver_id)
        .where(Visit.elder_id == elder_id, a.state.in_([*ACTIVE, AttendanceState.FINISHED]))
        .where(a.starts_at.between(now - BACK, now + AHEAD))
        .order_by(a.starts_at, a.id)
    ).all()
    here = [row for row in rows if row.Attendance.state in HERE]
    coming = [row for row in rows if row.Attendance.state in ACTIVE - HERE]
    gone = [row for row in rows if row.Attendance.state is AttendanceState.FINISHED and row.Attendance.started_at]
    last = max(gone, key=lambda row: row.Attendance.finished_at or row.Attendance.ends_at, default=None)
    return CareClock(
        here=[
            HereOut(
                caregiver_id=r.Attendance.caregiver_id, caregiver=r.name, phone=mask_phone(r.phone), item=r.item,
                since=r.Attendance.arrived_at or r.Attendance.started_at or r.Attendance.starts_at,
                until=r.Attendance.ends_at,
            )
            for r in here
        ],
        due=_due(coming[0], now) if coming else None,
        left=LeftOut(
            visit_id=last.Attendance.visit_id, caregiver=last.name, item=last.item,
            at=last.Attendance.finished_at or last.Attendance.ends_at,
            note=_note(session, last.Attendance.district_id, last.Attendance.visit_id),
        ) if last else None,
        meals=_meals(session, elder_id, now=now), last_contact=_contact(session, elder_id, [*gone, *here], now=now),
    )  # fmt: skip


def _due(row: Any, now: datetime) -> DueOut:
    attendance = row.Attendance
    return DueOut(
        visit_id=attendance.visit_id, caregiver=row.name, item=row.item, at=attendance.starts_at,
        soon=attendance.starts_at <= now + DUE_WITHIN, on_the_way=attendance.state is AttendanceState.ON_THE_WAY,
    )  # fmt: skip


def _note(session: Session, district_id: int, visit_id: int) -> str | None:
    """What was written down at the last visit."""
    said = session.scalar(
        select(VisitEvent.data)
        .where(
            VisitEvent.district_id == district_id, VisitEvent.visit_id == visit_id, VisitEvent.kind == EventKind.NOTE
        )
        .order_by(VisitEvent.id.desc())
        .limit(1)
    )  # fmt: skip
    return str(said["text"]) if said and said.get("text") else None


def _meals(session: Session, elder_id: int, *, now: datetime) -> MealsOut:
    first, last = calendar.day_bounds(calendar.day_of(now))
    rows = session.execute(
        select(Visit.state, Attendance.state, Attendance.finished_at)
        .join(Attendance, Attendance.visit_id == Visit.id)
        .where(Visit.elder_id == elder_id, Visit.aid == AidCategory.MEAL, Visit.given == Given.HOME)
        .where(Attendance.starts_at >= first, Attendance.starts_at < last)
        .where(Attendance.state.in_([*ACTIVE, AttendanceState.FINISHED]))
    ).all()
    portion = table("portions", column("visit_id"), column("handed_at"))  # of a later stage of care
    ordered = session.execute(
        select(Visit.state, portion.c.handed_at)
        .join(portion, portion.c.visit_id == Visit.id)
        .where(Visit.elder_id == elder_id, Visit.given == Given.MEAL, Visit.opens >= first, Visit.opens < last)
    ).all()
    brought = [at for visit, state, at in rows if state is AttendanceState.FINISHED and visit != "not_delivered"]
    brought += [at for visit, at in ordered if visit is VisitState.VERIFIED]
    visits = [row[0] for row in (*rows, *ordered)]
    to_come = sum(state in ACTIVE for _, state, _ in rows) + sum(visit is VisitState.WAITING for visit, _ in ordered)
    return MealsOut(
        delivered=len(brought), to_come=to_come, missed=sum(visit is VisitState.NOT_DELIVERED for visit in visits),
        last_at=max((at for at in brought if at), default=None),
    )  # fmt: skip


def _contact(session: Session, elder_id: int, rows: Sequence[Any], *, now: datetime) -> ContactedOut | None:
    """The newest of: a caregiver at the door, a call somebody answered, a press of hers."""
    found = [
        ContactedOut(at=at, how="visit", who=row.name) for row in rows if (at := _seen(row.Attendance)) and at <= now
    ]
    call = session.execute(
        select(Call.answered_at, Call.began_at)
        .where(Call.elder_id == elder_id, (Call.result.in_(REACHED)) | (Call.direction == Direction.INBOUND))
        .where(Call.contact_id.is_(None))
        .order_by(Call.began_at.desc())
        .limit(1)
    ).first()
    if call:
        found.append(ContactedOut(at=call.answered_at or call.began_at, how="call", who=None))
    pressed = session.scalar(
        select(Alarm.raised_at).where(Alarm.elder_id == elder_id, Alarm.test_id.is_(None)).order_by(
            Alarm.raised_at.desc()).limit(1)
    )  # fmt: skip
    if pressed:
        found.append(ContactedOut(at=pressed, how="press", who=None))
    return max(found, key=lambda one: one.at, default=None)


def _seen(attendance: Attendance) -> datetime | None:
    return attendance.finished_at or attendance.started_at or attendance.arrived_at
