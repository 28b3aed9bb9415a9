"""Her week and her month: visits by day, hours against the law, illness in two taps, swaps, and what she has earned."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response
from pydantic import AwareDatetime, BaseModel
from pydantic import Field as Given
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Field, Now
from app.access.queries import Caller
from app.catalogue.tables import ServiceItem
from app.db import transaction
from app.errors import NotFound
from app.idempotency import once
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.phone.api import caregiver_of
from app.planning import choices, replan_actions
from app.planning import queries as planning
from app.planning.replan_rules import Happened, NothingSaid, WhatHappened
from app.planning.rules import COUNTED, AttendanceState, PlanState
from app.planning.tables import Attendance
from app.vault import mask_name
from app.workers import actions, queries
from app.workers.rules import Standing, SwapState
from dispatch import BadProblem

router = APIRouter(prefix="/api/phone", tags=["phone"])
Key = Annotated[str | None, Header()]
BACK: Final = timedelta(days=3)  # how long a swap that is over is still shown
WAITED: Final = timedelta(days=2)  # so long a word of hers may have waited for a signal


class WeekVisit(BaseModel):
    """A visit of her week, with as little of the elder as it takes to know which."""

    attendance_id: int
    visit_id: int
    state: AttendanceState
    starts_at: datetime
    ends_at: datetime
    elder: str
    estate: str
    item_zh: str
    item_en: str
    may_swap: bool


class WeekDay(BaseModel):
    """A local day: its visits, its minutes, and by how much it is over the day's limit."""

    day: date
    minutes: int
    over_minutes: int
    absent: bool
    visits: list[WeekVisit]


class LimitsOut(BaseModel):
    """What the law allows here."""

    day_minutes: int
    week_minutes: int
    overtime_month_minutes: int
    source: str


class SwapOut(BaseModel):
    """A swap she has a part in. `mine`: she asked."""

    id: int
    mine: bool
    state: SwapState
    other: str
    elder: str
    item: str
    starts_at: datetime
    minutes: int
    words: str
    answer_by: datetime
    against: list[str]


class WeekOut(BaseModel):
    """Monday to Sunday. Without limits the district has set none."""

    first: date
    days: list[WeekDay]
    minutes: int
    over_minutes: int
    month_overtime_minutes: int
    limits: LimitsOut | None
    swaps: list[SwapOut]
    server_time: datetime


class ColleagueOut(BaseModel):
    """Somebody who could take a visit; `free`: no rule stands against it."""

    caregiver_id: int
    name: str
    free: bool


class ColleaguesOut(BaseModel):
    """Those who could, first those whom nothing stands against."""

    items: list[ColleagueOut]


class SwapIn(BaseModel):
    """Which visit, whom to ask, and what to say."""

    attendance_id: int = Given(ge=1, lt=2**63)
    to_id: int = Given(ge=1, lt=2**63)
    words: str = Given("", max_length=200)


class AnswerIn(BaseModel):
    """Yes or no."""

    agree: bool


class SickIn(BaseModel):
    """From the day she said so on (today where nothing is said), so many days: it may have waited for a signal."""

    days: int = Given(1, ge=1, le=14)
    said_at: AwareDatetime | None = None


class SickOut(BaseModel):
    """She is off. `change_id`: what becomes of today is proposed to the dispatcher; none: nothing was planned."""

    first: date
    last: date
    visits: int
    change_id: int | None


class EarningOut(BaseModel):
    """One visit of the month."""

    attendance_id: int
    day: date
    elder: str
    item_zh: str
    item_en: str
    minutes: int
    part_percent: int
    cents_per_hour: int | None
    cents: int
    standing: Standing


class EarningsOut(BaseModel):
    """A month, line by line: what is sure, what is protected while it is doubted, and what is still to be checked."""

    month: date
    items: list[EarningOut]
    sure_cents: int
    protected_cents: int
    coming_cents: int
    minutes: int


@router.get("/week")
def week(me: Field, now: Now, response: Response, ahead: int = 0) -> WeekOut:
    """My week; `ahead`: 0 this one, 1 the next."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        return _week(session, caregiver_of(me), ahead=max(-4, min(ahead, 4)), now=now)


@router.get("/swaps/colleagues/{attendance_id}")
def colleagues(attendance_id: int, me: Field, now: Now) -> ColleaguesOut:
    """Whom I could ask to take a visit."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        attendance = planning.attendance(session, attendance_id)
        if attendance.caregiver_id != caregiver_id:
            raise NotFound("There is no such visit of yours.")
        mine = session.get_one(Caregiver, caregiver_id)
        free = {c for one in choices.candidates(session, attendance.visit_id, now=now) for c in one.caregiver_ids}
        others = session.scalars(
            select(Caregiver)
            .where(Caregiver.provider_id == mine.provider_id, Caregiver.ended_at.is_(None), Caregiver.id != mine.id)
            .order_by(Caregiver.name)
        ).all()
        items = [ColleagueOut(caregiver_id=one.id, name=one.name, free=one.id in free) for one in others]
        return ColleaguesOut(items=sorted(items, key=lambda one: not one.free)[:30])


@router.post("/swaps")
def ask_swap(said: SwapIn, me: Field, now: Now, idempotency_key: Key = None) -> WeekOut:
    """Ask a colleague to take one of my visits."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now, request=["swap", said.model_dump()],
            do=lambda: actions.ask(
                session, said.attendance_id, caregiver_id, said.to_id, words=said.words, by=me.by, now=now
            ).id,
        )  # fmt: skip
        return _week(session, caregiver_id, ahead=0, now=now)


@router.post("/swaps/{swap_id}/answer")
def answer_swap(swap_id: int, said: AnswerIn, me: Field, now: Now) -> WeekOut:
    """My answer to a colleague who asked me."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        actions.answer(session, swap_id, caregiver_id, agree=said.agree, by=me.by, now=now)
        return _week(session, caregiver_id, ahead=0, now=now)


@router.post("/swaps/{swap_id}/withdraw")
def withdraw_swap(swap_id: int, me: Field, now: Now) -> WeekOut:
    """I go myself after all."""
    caregiver_id = caregiver_of(me)
    with transaction() as session:
        actions.withdraw(session, swap_id, caregiver_id, by=me.by, now=now)
        return _week(session, caregiver_id, ahead=0, now=now)


@router.post("/sick")
def sick(said: SickIn, me: Field, now: Now, idempotency_key: Key = None) -> SickOut:
    """I am ill: the absence stands at once, and what becomes of today is worked out for the dispatcher."""
    caregiver_id = caregiver_of(me)
    first = max(calendar.day_of(now) - WAITED, min(calendar.day_of(now), calendar.day_of(said.said_at or now)))
    last = first + timedelta(days=said.days - 1)
    change_id = _propose(me, caregiver_id, calendar.day_of(now), now=now) if last >= calendar.day_of(now) else None
    with transaction() as session:
        once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now,
            request=["sick", said.said_at or first, said.days],
            do=lambda: actions.absent(session, caregiver_id, first, last, by=me.by, now=now).id,
        )  # fmt: skip
        left = session.scalars(
            select(Attendance.id).where(
                Attendance.caregiver_id == caregiver_id, Attendance.ends_at > now,
                Attendance.starts_at < calendar.day_bounds(last)[1],
                Attendance.state.in_([AttendanceState.ASSIGNED, AttendanceState.ACCEPTED, AttendanceState.ON_THE_WAY]),
            )
        ).all()  # fmt: skip
        return SickOut(first=first, last=last, visits=len(left), change_id=change_id)


def _propose(me: Caller, caregiver_id: int, day: date, *, now: datetime) -> int | None:
    """As the board would: think without a transaction, keep what was thought. Her word does not hang on it."""
    try:
        with transaction() as session:
            if planning.plan(session, me.district_id, day, PlanState.PUBLISHED) is None:
                return None
            happened = [Happened(WhatHappened.SICK, caregiver_id=caregiver_id, at=now)]
            asked = replan_actions.ask(session, me.district_id, day, happened, now=now)
        thought = replan_actions.think(asked)
    except (NothingSaid, BadProblem):
        return None
    with transaction() as session:
        change = replan_actions.keep(session, asked, thought, by=me.by, now=now)
        session.flush()
        return change.id


@router.get("/earnings")
def earnings(me: Field, now: Now, response: Response, back: int = 0) -> EarningsOut:
    """My month; `back`: 0 this one, 1 the last."""
    response.headers["Cache-Control"] = "no-store"
    month = calendar.month_of(now)
    for _ in range(max(0, min(back, 12))):
        month = calendar.last_month(month)
    with transaction(me.scope) as session:
        lines = queries.month(session, caregiver_of(me), month)

    def total(which: Standing) -> int:
        return sum(line.cents for line in lines if line.standing is which)

    return EarningsOut(
        month=month, sure_cents=total(Standing.SURE), protected_cents=total(Standing.PROTECTED),
        coming_cents=total(Standing.COMING), minutes=sum(line.minutes for line in lines),
        items=[
            EarningOut(
                attendance_id=line.attendance_id, day=line.day, elder=mask_name(line.elder), item_zh=line.item_zh,
                item_en=line.item_en, minutes=line.minutes, part_percent=100 * line.share.given // line.share.whole,
                cents_per_hour=line.cents_per_hour, cents=line.cents, standing=line.standing,
            )
            for line in reversed(lines)
        ],
    )  # fmt: skip


def _week(session: Session, caregiver_id: int, *, ahead: int, now: datetime) -> WeekOut:
    session.flush()
    today = calendar.day_of(now)
    first, last = queries.week_of(today + timedelta(weeks=ahead))
    caregiver = session.get_one(Caregiver, caregiver_id)
    law = queries.limits(session, caregiver.district_id, first)
    minutes = queries.minutes_by_day(session, caregiver_id, first, last)
    shown: dict[date, list[WeekVisit]] = {day: [] for day in calendar.days(first, last)}
    for visit in _visits(session, caregiver_id, first, last, now=now):
        shown[calendar.day_of(visit.starts_at)].append(visit)
    off = planning.absent_days(session, caregiver_id, first, last)
    total = sum(minutes.values())
    day_limit, week_limit = (law.day_minutes, law.week_minutes) if law else (24 * 60, 7 * 24 * 60)
    return WeekOut(
        first=first, minutes=total, over_minutes=max(0, total - week_limit), server_time=now,
        month_overtime_minutes=_overtime(session, caregiver_id, calendar.month_of(now), week_limit),
        limits=law and LimitsOut(
            day_minutes=law.day_minutes, week_minutes=law.week_minutes,
            overtime_month_minutes=law.overtime_month_minutes, source=law.source,
        ),
        days=[
            WeekDay(
                day=day, minutes=minutes.get(day, 0), over_minutes=max(0, minutes.get(day, 0) - day_limit),
                absent=day in off, visits=visits,
            )
            for day, visits in shown.items()
        ],
        swaps=[_swap(row, caregiver_id) for row in queries.swaps(session, caregiver_id=caregiver_id, since=now - BACK)],
    )  # fmt: skip


def _overtime(session: Session, caregiver_id: int, month: date, week_limit: int) -> int:
    """Minutes beyond the week's limit, summed over the weeks that begin in the month."""
    monday, over = month + timedelta(days=-month.weekday() % 7), 0
    while monday < calendar.next_month(month):
        minutes = queries.minutes_by_day(session, caregiver_id, monday, monday + timedelta(days=6))
        over += max(0, sum(minutes.values()) - week_limit)
        monday += timedelta(weeks=1)
    return over


def _visits(session: Session, caregiver_id: int, first: date, last: date, *, now: datetime) -> list[WeekVisit]:
    rows = session.execute(
        select(Attendance, Elder.name, Home.estate, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Home, Home.id == Visit.home_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Attendance.caregiver_id == caregiver_id, Attendance.state.in_(COUNTED))
        .where(Attendance.starts_at >= calendar.day_bounds(first)[0])
        .where(Attendance.starts_at < calendar.day_bounds(last)[1])
        .order_by(Attendance.starts_at, Attendance.id)
    ).all()
    return [
        WeekVisit(
            attendance_id=a.id, visit_id=a.visit_id, state=a.state, starts_at=a.starts_at, ends_at=a.ends_at,
            elder=mask_name(elder), estate=estate, item_zh=zh, item_en=en,
            may_swap=a.state in actions.GIVES and not a.urgent and a.starts_at - actions.BEFORE > now,
        )
        for a, elder, estate, zh, en in rows
    ]  # fmt: skip


def _swap(row: Any, caregiver_id: int) -> SwapOut:
    swap, giver, taker, elder, item, minutes = row
    mine = swap.from_id == caregiver_id
    return SwapOut(
        id=swap.id, mine=mine, state=swap.state, other=taker if mine else giver, elder=mask_name(elder), item=item,
        starts_at=swap.starts_at, minutes=minutes, words=swap.words, answer_by=swap.answer_by, against=swap.against,
    )  # fmt: skip
