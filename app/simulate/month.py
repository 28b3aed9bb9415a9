"""A month of visits behind: orders, who came, what the phones reported, and every cent through the ledger.

Rows are written in bulk, as an import would; the money goes through `funding.actions`, the only place that moves it.
"""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import queries as catalogue
from app.catalogue.rules import cost, price_on
from app.db import transaction
from app.funding import actions as funding
from app.funding import queries as balances
from app.funding.rules import Split, split
from app.history import History
from app.orders.rules import Channel, OrderState, Payer, VisitState
from app.orders.tables import Order, Visit
from app.people.tables import Caregiver
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.simulate import grading
from app.simulate.bookings import Booking, Roster, hands, items, people, wanted
from app.simulate.progress import Progress
from app.visits.rules import EventKind, Flaw, NotDelivered, Outcome, TaskOutcome
from app.visits.tables import EventOutcome, TaskResult, VisitEvent, VisitFlaw

DAYS_BACK: Final = 31
BY: Final = "赵敏 (zhaomin)"
NO_SHOW, ODD = 0.025, 0.03
HELD_FOR_DAYS: Final = 5  # older ones were looked at long ago
ALWAYS: Final = (Flaw.NO_CHECK_OUT, Flaw.TOO_SHORT) * 2  # so many wait, whatever the dice say
CUTS_OFF: Final = 5  # one caregiver in so many leaves as soon as it counts: rule R5 has something to show
NO_ONE_IN: Final = (NotDelivered.NO_ONE_HOME, NotDelivered.REFUSED, NotDelivered.IN_HOSPITAL)


@dataclass(frozen=True)
class Told:
    """One visit as it went: the rows to be, by hand of the day it was."""

    booking: Booking
    start: datetime
    team: Sequence[Caregiver]
    end: VisitState
    flaw: Flaw | None
    reason: str | None


def past(rng: random.Random, district_id: int, *, now: datetime, tell: Progress) -> int:
    """Visits of the last month up to yesterday; the answer is how many."""
    today = calendar.day_of(now)
    days = list(calendar.days(today - timedelta(days=DAYS_BACK), today - timedelta(days=1)))
    with transaction() as session:
        who, roster, codes = (
            people(session, district_id),
            Roster(hands(session, district_id)),
            items(session, district_id),
        )
        for month in sorted({day.replace(day=1) for day in days}):
            funding.grant_month(session, month, now=calendar.month_bounds(month)[0])
    bookings, count, waits = wanted(rng, who, codes, days), 0, list(ALWAYS)
    for done, day in enumerate(days, 1):
        told = [_went(rng, *served, today=today) for served in roster.day(day, bookings[day])]
        if (today - day).days <= HELD_FOR_DAYS:
            told = [_doubted(one, waits.pop()) if waits else one for one in told]
        with transaction() as session:
            _write(session, rng, told)
            session.info.pop("notices", None)  # nobody is watching yet
        count += len(told)
        tell("past visits", done, len(days))
    return count


def _went(rng: random.Random, booking: Booking, start: datetime, team: Sequence[Caregiver], *, today: date) -> Told:
    chance, recent = rng.random(), (today - calendar.day_of(start)).days <= HELD_FOR_DAYS
    if chance < NO_SHOW:
        return Told(booking, start, team, VisitState.NOT_DELIVERED, None, rng.choice(NO_ONE_IN))
    if chance < NO_SHOW + ODD and recent:
        flaw = rng.choice((Flaw.TOO_SHORT, Flaw.OUTSIDE, Flaw.NO_LOCATION, Flaw.NO_CHECK_OUT))
        return Told(booking, start, team, VisitState.HELD, flaw, flaw)
    return Told(booking, start, team, VisitState.VERIFIED, None, None)


def _doubted(told: Told, flaw: Flaw) -> Told:
    return replace(told, end=VisitState.HELD, flaw=flaw, reason=flaw)


def _write(session: Session, rng: random.Random, told: Sequence[Told]) -> None:
    hand = random.Random(f"signs:{calendar.day_of(told[0].start) if told else ''}")  # dice of its own
    rows = [_order_and_visit(session, t) for t in told]
    session.add_all(order for order, _ in rows)
    session.flush()
    for order, visit in rows:
        visit.order_id = order.id
    session.add_all(visit for _, visit in rows)
    session.flush()
    going = [
        (t, visit, [_attendance(rng, t, visit, c, n) for n, c in enumerate(t.team, 1)])
        for t, (_, visit) in zip(told, rows, strict=True)
    ]
    session.add_all(attendance for _, _, team in going for attendance in team)
    session.flush()
    for t, visit, team in going:
        said = [row for attendance in team for row in _door(session, rng, t, visit, attendance)]
        said += [row for attendance in team for row in grading.sign(attendance, hand)]
        session.add_all(said)
        if t.end is not VisitState.NOT_DELIVERED:
            grading.grade(session, visit, team, said, at=_end(t))
        _money(session, t, visit)
        if t.flaw:
            session.add(
                VisitFlaw(
                    district_id=visit.district_id,
                    division_code=visit.division_code,
                    visit_id=visit.id,
                    attendance_id=team[0].id,
                    flaw=t.flaw,
                    facts=_facts(t),
                    raised_at=_end(t),
                )
            )
    session.flush()


def _order_and_visit(session: Session, told: Told) -> tuple[Order, Visit]:
    booking, elder = told.booking, told.booking.person.elder
    day = calendar.day_of(booking.opens)
    price = cost(price_on(catalogue.prices_of(session, booking.item.id), elder.division_code, day), booking.minutes)
    shared = {
        "district_id": elder.district_id, "division_code": elder.division_code, "elder_id": elder.id,
        "home_id": elder.home_id, "item_id": booking.item.id, "price_cents": price, "allowance_cents": 0,
        "self_pay_cents": price,
    }  # fmt: skip
    booked = booking.opens - timedelta(days=1 + elder.id % 3, hours=elder.id % 5)
    order = Order(
        **shared, channel=Channel.HOTLINE, payer=Payer.ENTITLEMENT, received_at=booked, received_by=BY,
        state=OrderState.CONFIRMED if told.end is VisitState.HELD else OrderState.CLOSED,
        visits_open=int(told.end is VisitState.HELD), visits_tried=int(told.end is not VisitState.HELD),
    )  # fmt: skip
    visit = Visit(
        **shared, provider_id=told.team[0].provider_id, item_code=booking.item.code, aid=booking.item.aid,
        state=told.end, minutes=booking.minutes, least_minutes=-(-booking.minutes * booking.item.least_percent // 100),
        needs=booking.item.needs, caregivers_needed=booking.caregivers, same_sex=booking.item.same_sex,
        opens=booking.opens, closes=booking.closes, starts_at=told.start, reason=told.reason,
    )  # fmt: skip
    return order, visit


def _attendance(rng: random.Random, told: Told, visit: Visit, caregiver: Caregiver, rank: int) -> Attendance:
    arrived = told.start + timedelta(seconds=rng.randint(-240, 540))
    attendance = Attendance(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=caregiver.provider_id,
        visit_id=visit.id, caregiver_id=caregiver.id, rank=rank, state=AttendanceState.FINISHED, starts_at=told.start,
        ends_at=told.start + timedelta(minutes=visit.minutes), arrived_at=arrived, reason=told.reason,
    )  # fmt: skip
    if told.end is not VisitState.NOT_DELIVERED:
        given = visit.minutes * (0.5 if told.flaw is Flaw.TOO_SHORT else rng.uniform(0.97, 1.1))
        if told.flaw is None and caregiver.id % CUTS_OFF == 0:
            given = visit.least_minutes + given % 1
        attendance.reason = None
        attendance.started_at = arrived + timedelta(seconds=rng.randint(20, 150))
        if told.flaw is not Flaw.NO_CHECK_OUT:
            attendance.finished_at = attendance.started_at + timedelta(minutes=given)
    return attendance


def _door(session: Session, rng: random.Random, told: Told, visit: Visit, attendance: Attendance) -> list[Any]:
    """What the phone reported, and that it was accepted: rows to be kept."""
    rows: list[Any] = []
    place, far = told.booking.person.place, told.flaw is Flaw.OUTSIDE
    steps = [
        (EventKind.ARRIVE, attendance.arrived_at),
        (EventKind.START, attendance.started_at),
        (EventKind.FINISH, attendance.finished_at),
    ]
    if told.end is VisitState.NOT_DELIVERED:
        steps[1:] = [(EventKind.NOT_DELIVERED, attendance.arrived_at)]
    for seq, (kind, at) in enumerate(steps, 1):
        if at is None:
            continue
        located = told.flaw is not Flaw.NO_LOCATION and kind is not EventKind.NOT_DELIVERED
        distance = rng.uniform(900, 2400) if far else abs(rng.gauss(0, 18))
        accuracy = round(rng.uniform(6, 40), 1)
        event_id = uuid.UUID(int=rng.getrandbits(128), version=4)
        rows.append(
            VisitEvent(
                district_id=visit.district_id,
                division_code=visit.division_code,
                provider_id=attendance.provider_id,
                event_id=event_id,
                kind=kind,
                caregiver_id=attendance.caregiver_id,
                attendance_id=attendance.id,
                visit_id=visit.id,
                seq=seq,
                device_at=at,
                offset_ms=rng.randint(200, 3000),
                received_at=at,
                happened_at=at,
                accuracy_m=accuracy if located else None,
                distance_m=distance if located else None,
                place={"lat": place.lat + distance / 111_320, "lon": place.lon, "accuracy_m": accuracy}
                if located
                else None,
                data={"reason": told.reason} if kind is EventKind.NOT_DELIVERED else {},
            )
        )
        rows.append(
            EventOutcome(
                district_id=visit.district_id,
                event_id=event_id,
                attendance_id=attendance.id,
                outcome=Outcome.ACCEPTED,
                at=at,
            )
        )
    if attendance.rank == 1 and attendance.finished_at:
        session.add_all(
            TaskResult(
                district_id=visit.district_id,
                division_code=visit.division_code,
                visit_id=visit.id,
                attendance_id=attendance.id,
                task=task["code"],
                seq=10 + n,
                at=attendance.finished_at,
                outcome=TaskOutcome.REFUSED if rng.random() < 0.01 else TaskOutcome.DONE,
            )
            for n, task in enumerate(told.booking.item.tasks)
        )
    session.add(
        History(
            district_id=visit.district_id,
            at=_end(told),
            by="simulate",
            subject="visits",
            subject_id=visit.id,
            event="imported",
            after=visit.state,
            reason=told.reason,
        )
    )
    return rows


def _money(session: Session, told: Told, visit: Visit) -> None:
    order = session.get_one(Order, visit.order_id)
    month, booked = calendar.month_of(visit.opens), order.received_at
    found = balances.sources(session, visit.elder_id, [month]).get(month, [])
    paid: Split = split(visit.price_cents, visit.aid, found, item=visit.item_code)
    for row in (order, visit):
        row.allowance_cents, row.self_pay_cents = paid.allowance_cents, paid.self_pay_cents
    session.flush()
    funding.reserve_for(session, visit, paid, by=BY, now=booked)
    if told.end is VisitState.VERIFIED:
        funding.capture_for(session, visit, by="verification", now=_end(told))
    elif told.end is VisitState.NOT_DELIVERED:
        funding.release_for(session, visit, by="verification", now=_end(told), reason=told.reason)


def _end(told: Told) -> datetime:
    return told.start + timedelta(minutes=told.booking.minutes + 5)


def _facts(told: Told) -> dict[str, object]:
    if told.flaw is Flaw.TOO_SHORT:
        return {"given_minutes": told.booking.minutes // 2, "item_minutes": told.booking.minutes}
    if told.flaw in (Flaw.OUTSIDE, Flaw.NO_LOCATION):
        return {"end": "start"} | ({"distance_m": 1400} if told.flaw is Flaw.OUTSIDE else {})
    return {}
