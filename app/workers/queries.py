"""Her week against the limits, her month in cents, and the swaps she has a part in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

from app import calendar
from app.catalogue.tables import ServiceItem
from app.errors import NotFound
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder
from app.planning.rules import COUNTED, AttendanceState
from app.planning.tables import Attendance
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal, PartialVisit
from app.workers.rules import OPEN, PAID, Share, Standing, SwapState, pay, standing
from app.workers.tables import LabourLimit, PayRate, Swap


def limits(session: Session, district_id: int, on: date) -> LabourLimit | None:
    """The limits in force on a day."""
    return session.scalar(
        select(LabourLimit)
        .where(LabourLimit.district_id == district_id, LabourLimit.starts <= on)
        .order_by(LabourLimit.starts.desc(), LabourLimit.id.desc())
        .limit(1)
    )


def minutes_by_day(session: Session, caregiver_id: int, first: date, last: date) -> dict[date, int]:
    """Minutes at visits on each local day, planned or given."""
    spans = session.execute(
        select(Attendance.starts_at, Attendance.ends_at).where(
            Attendance.caregiver_id == caregiver_id, Attendance.state.in_(COUNTED),
            Attendance.starts_at >= calendar.day_bounds(first)[0], Attendance.starts_at < calendar.day_bounds(last)[1],
        )
    )  # fmt: skip
    found: dict[date, int] = {}
    for starts, ends in spans:
        day = calendar.day_of(starts)
        found[day] = found.get(day, 0) + int((ends - starts).total_seconds() // 60)
    return found


@dataclass(frozen=True)
class PayLine:
    """One visit in her month."""

    visit_id: int
    attendance_id: int
    day: date
    elder: str
    item_zh: str
    item_en: str
    minutes: int
    share: Share
    cents_per_hour: int | None  # none: the provider has set no rate for that day
    cents: int
    standing: Standing


def month(session: Session, caregiver_id: int, first: date) -> list[PayLine]:
    """Every visit she gave in a month, and what each comes to by the rate of its day."""
    starts, ends = calendar.day_bounds(first)[0], calendar.day_bounds(calendar.next_month(first))[0]
    rows = session.execute(
        select(Attendance, Visit, Elder.name, ServiceItem.name_zh, ServiceItem.name_en, Caregiver.provider_id)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(Attendance.caregiver_id == caregiver_id, Attendance.state == AttendanceState.FINISHED)
        .where(Attendance.starts_at >= starts, Attendance.starts_at < ends, Attendance.urgent.is_(False))
        .order_by(Attendance.starts_at, Attendance.id)
    ).all()
    shares = _shares(session, [row.Visit.id for row in rows])
    appealed = set(
        session.scalars(
            select(Appeal.attendance_id).where(
                Appeal.attendance_id.in_([row.Attendance.id for row in rows]), Appeal.state == AppealState.OPEN
            )
        )
    )
    rates = _rates(session, {row.provider_id for row in rows}, calendar.next_month(first))
    found = []
    for attendance, visit, elder, zh, en, provider_id in rows:
        stands = standing(visit.state, appealed=attendance.id in appealed)
        if stands is None:
            continue
        day = calendar.day_of(attendance.starts_at)
        rate = _rate(rates, provider_id, str(visit.aid), day)
        share = Share() if stands is Standing.PROTECTED else shares.get(visit.id, Share())
        cents = pay(visit.minutes, rate, share) if rate and stands in PAID else 0
        found.append(
            PayLine(visit.id, attendance.id, day, elder, zh, en, visit.minutes, share, rate, cents, stands)
        )  # fmt: skip
    return found


def _shares(session: Session, visit_ids: Sequence[int]) -> dict[int, Share]:
    """The last word on each visit that counts in part."""
    last = select(func.max(PartialVisit.id)).where(PartialVisit.visit_id.in_(visit_ids)).group_by(PartialVisit.visit_id)
    rows = session.scalars(select(PartialVisit).where(PartialVisit.id.in_(last)))
    return {row.visit_id: Share(row.given, row.whole) for row in rows}


def _rates(session: Session, provider_ids: set[int], before: date) -> Sequence[PayRate]:
    return session.scalars(
        select(PayRate)
        .where(PayRate.provider_id.in_(provider_ids), PayRate.starts < before)
        .order_by(PayRate.starts.desc(), PayRate.id.desc())
    ).all()


def _rate(rates: Sequence[PayRate], provider_id: int, aid: str, day: date) -> int | None:
    """The newest in force that day: of this service, else of any."""
    mine = [one for one in rates if one.provider_id == provider_id and one.starts <= day]
    named = next((one for one in mine if one.aid == aid), None)
    found = named or next((one for one in mine if one.aid is None), None)
    return found.cents_per_hour if found else None


def swap(session: Session, swap_id: int, *, lock: bool = False) -> Swap:
    """One swap; raises NotFound."""
    found = session.get(Swap, swap_id, with_for_update=True if lock else None, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such swap.")
    return found


def swaps(session: Session, *, caregiver_id: int | None = None, since: datetime) -> Sequence[Any]:
    """Open ones and the latest, with names: of one caregiver's asking or being asked, or all that may be seen."""
    giver, taker = aliased(Caregiver), aliased(Caregiver)
    asked = (
        select(Swap, giver.name.label("giver"), taker.name.label("taker"), Elder.name.label("elder"),
               ServiceItem.name_zh.label("item"), Visit.minutes)
        .join(giver, giver.id == Swap.from_id)
        .join(taker, taker.id == Swap.to_id)
        .join(Visit, Visit.id == Swap.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(or_(Swap.state.in_(OPEN), Swap.asked_at >= since))
        .order_by(Swap.state.not_in(OPEN), Swap.starts_at, Swap.id)
        .limit(200)
    )  # fmt: skip
    if caregiver_id is not None:
        asked = asked.where(or_(Swap.from_id == caregiver_id, Swap.to_id == caregiver_id))
    return session.execute(asked).all()


def late(session: Session, *, now: datetime) -> Sequence[int]:
    """Open ones nobody answered in time, for the clock."""
    passed = (Swap.state == SwapState.ASKED) & (Swap.answer_by <= now) | (Swap.starts_at <= now)
    return session.scalars(select(Swap.id).where(Swap.state.in_(OPEN), passed)).all()


def week_of(day: date) -> tuple[date, date]:
    """Monday and Sunday."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)
