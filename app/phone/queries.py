"""A caregiver's today and tomorrow, with as little of the elder as the hour allows."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.orders import queries as orders
from app.orders.tables import Order, Visit
from app.people import queries as people
from app.people.tables import Caregiver, Elder, Home
from app.phone import proving
from app.phone.changes import changes
from app.phone.rules import may_see
from app.phone.shapes import (
    Days,
    Hours,
    PartnerOut,
    PhoneContact,
    PhoneDay,
    PhoneElder,
    PhoneTask,
    PhoneVisit,
    PointOut,
)
from app.places.rules import Place, travel_seconds
from app.planning import queries as planning
from app.planning.rules import ACTIVE, COUNTED, AttendanceState, attendance_possible
from app.planning.tables import Attendance
from app.vault import mask_name
from app.visits import queries as visits
from app.visits.reading_rules import ReadingRules


def days(session: Session, caregiver_id: int, *, now: datetime) -> Days:
    """Today and tomorrow in order, and what of yesterday is not finished."""
    caregiver = session.get_one(Caregiver, caregiver_id)
    today = calendar.day_of(now)
    rows = _rows(session, caregiver_id, today)
    shown: dict[date, list[PhoneVisit]] = {today: [], today + timedelta(days=1): []}
    results = visits.task_results(session, [row.Visit.id for row in rows])
    proofs = proving.Proofs.of(session, caregiver.district_id, [row.Visit for row in rows])
    here: dict[date, Place] = {}
    for row in rows:
        day = calendar.day_of(row.Attendance.starts_at)
        home = Place.of(row.Home.place)
        way = _way(caregiver, here.get(day, Place.of(caregiver.base)), home)
        here[day] = home
        visit = _visit(session, row, caregiver, results.get(row.Visit.id, []), proofs, travel_minutes=way, now=now)
        shown.setdefault(day, []).append(visit)
    return Days(
        server_time=now, days=[PhoneDay(day=day, visits=shown[day]) for day in sorted(shown)],
        changes=changes(session, caregiver_id, now=now), hours=_hours(session, caregiver, today, rows),
        measuring=proving.measuring(session, caregiver.district_id, today),
    )  # fmt: skip


def _rows(session: Session, caregiver_id: int, today: date) -> Sequence[Any]:
    first, _ = calendar.day_bounds(today)
    _, last = calendar.day_bounds(today + timedelta(days=1))
    return session.execute(
        select(Attendance, Visit, Elder, Home, ServiceItem, Order)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Home, Home.id == Visit.home_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Order, Order.id == Visit.order_id)
        .where(
            Attendance.caregiver_id == caregiver_id,
            Attendance.state.in_(COUNTED),
            Attendance.starts_at < last,
            or_(
                Attendance.starts_at >= first,
                (Attendance.starts_at >= first - timedelta(days=1)) & Attendance.state.in_(ACTIVE),
            ),
        )
        .order_by(Attendance.starts_at, Attendance.id)
    ).all()


def _way(caregiver: Caregiver, origin: Place, home: Place) -> int:
    return -(-travel_seconds(origin, home, caregiver.mode, door_minutes=settings().door_minutes) // 60)


def _visit(
    session: Session, row: Any, caregiver: Caregiver, results: Sequence[Any], proofs: proving.Proofs, *,
    travel_minutes: int, now: datetime,
) -> PhoneVisit:  # fmt: skip
    attendance, visit, elder, home, item, order = row
    shown = may_see(attendance.starts_at, attendance.ends_at, now=now)
    health = elder.health if shown else {}
    agreed, rules = orders.tasks_of(session, visit), proofs.rules[visit.id]
    times = {"arrive": attendance.arrived_at, "start": attendance.started_at, "finish": attendance.finished_at}
    return PhoneVisit(
        attendance_id=attendance.id, visit_id=visit.id, state=attendance.state, visit_state=visit.state,
        possible=possible(attendance.state), urgent=attendance.urgent, starts_at=attendance.starts_at,
        ends_at=attendance.ends_at, minutes=visit.minutes, aid=visit.aid.value, item_code=item.code,
        item_zh=item.name_zh, item_en=item.name_en, shown=shown, elder=_elder(elder, shown=shown, on=visit.opens),
        contact=_contact(session, elder.id) if shown else None, home_id=home.id, estate=home.estate,
        address=f"{home.estate}{home.address}" if shown else None, access_note=home.access_note if shown else None,
        floor=home.floor, lift=home.lift,
        place=PointOut(lat=home.place["lat"], lon=home.place["lon"]) if shown else None,
        place_accuracy_m=home.place.get("accuracy_m") if shown else None,
        travel_minutes=travel_minutes, mode=caregiver.mode,
        notes=[*health.get("notes", ()), *([order.note] if shown and order.note else ())],
        allergies=list(health.get("allergies", ())), partners=_partners(session, attendance, shown=shown),
        tasks=_tasks(agreed, {r.task: r for r in results if r.attendance_id == attendance.id}, rules),
        gate=proving.gate(agreed, visit.aid, rules), readings=proofs.readings.get(visit.id, []) if shown else [],
        grade=proofs.grades.get(visit.id),
        times={kind: at for kind, at in times.items() if at is not None},
    )  # fmt: skip


def possible(state: AttendanceState) -> list[str]:
    """The events the phone may send about an attendance, the usual one first."""
    events = [str(event) for event in attendance_possible(state)]
    if state is AttendanceState.IN_SERVICE:
        events.append("task")
    return [*events, "note"] if state in ACTIVE else events


def _elder(elder: Elder, *, shown: bool, on: datetime) -> PhoneElder:
    return PhoneElder(
        name=elder.name if shown else mask_name(elder.name), sex=elder.sex,
        age=calendar.age_on(elder.born, calendar.day_of(on)), level=elder.level if shown else None,
        phone=elder.phone if shown else None,
    )  # fmt: skip


def _contact(session: Session, elder_id: int) -> PhoneContact | None:
    contact = next((c for c in people.contacts_of(session, elder_id) if c.is_emergency), None)
    return PhoneContact(name=contact.name, relation=contact.relation, phone=contact.phone) if contact else None


def _partners(session: Session, mine: Attendance, *, shown: bool) -> list[PartnerOut]:
    rows = session.execute(
        select(Caregiver.name, Caregiver.phone, Attendance)
        .join(Attendance, Attendance.caregiver_id == Caregiver.id)
        .where(Attendance.visit_id == mine.visit_id, Attendance.id != mine.id, Attendance.state.in_(COUNTED))
        .order_by(Attendance.rank)
    )
    return [
        PartnerOut(
            name=name, state=one.state, since=one.finished_at or one.started_at or one.arrived_at,
            phone=phone if shown else None,
        )
        for name, phone, one in rows
    ]  # fmt: skip


def _tasks(tasks: Sequence[Any], results: Mapping[str, Any], rules: ReadingRules) -> list[PhoneTask]:
    return [
        PhoneTask(
            code=task["code"], zh=task["zh"], en=task["en"], evidence=task.get("evidence", "none"),
            reading=rules.tasks.get(task["code"]) if task.get("evidence") == "reading" else None,
            outcome=results[task["code"]].outcome if task["code"] in results else None,
            reason=results[task["code"]].reason if task["code"] in results else None,
        )
        for task in tasks
    ]  # fmt: skip


def _hours(session: Session, caregiver: Caregiver, today: date, rows: Sequence[Any]) -> Hours:
    spans = [r.Attendance for r in rows if calendar.day_of(r.Attendance.starts_at) == today]
    week = planning.minutes_of_week(session, caregiver.district_id, today, with_day=True)
    return Hours(
        today_minutes=sum(int((a.ends_at - a.starts_at).total_seconds() // 60) for a in spans),
        week_minutes=week.get(caregiver.id, 0), week_limit_minutes=caregiver.weekly_minutes,
    )  # fmt: skip
