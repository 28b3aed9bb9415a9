"""Appeals on the desk, and the terms by which a district verifies visits."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import func, select

from app import history
from app.access.api import Lead, allowed
from app.access.queries import Caller
from app.access.rules import DESK, PLANNERS, PROVIDER, Role
from app.db import notice, transaction
from app.orders.rules import VisitState
from app.orders.shapes import HistoryOut
from app.vault import mask_name
from app.visits import appeals, stays
from app.visits.appeal_rules import AppealEvent, AppealState, possible
from app.visits.appeal_tables import VisitTerms
from app.visits.shapes import TimeIn
from app.visits.terms_rules import LIMITS, PartRule, Terms, terms_of

router = APIRouter(prefix="/api/appeals", tags=["appeals"])
terms_router = APIRouter(prefix="/api/visit-terms", tags=["visit-terms"])
DECIDERS = PLANNERS | {Role.SUPERVISOR}
Looker = Annotated[Caller, allowed(DECIDERS | PROVIDER)]
Decider = Annotated[Caller, allowed(DECIDERS)]


class AppealOut(BaseModel):
    """An appeal: whose, about which visit, her words, what was answered."""

    id: int
    visit_id: int
    attendance_id: int
    state: AppealState
    possible: list[AppealEvent]
    caregiver: str
    elder_name: str
    item_zh: str
    item_en: str
    starts_at: datetime
    visit_state: VisitState
    price_cents: int
    words: str
    against: str | None
    raised_at: datetime
    answer: str | None
    decided_by: str | None
    decided_at: datetime | None

    @classmethod
    def of(cls, row: Any, me: Caller) -> Self:
        """As this caller may see it; who decided against the visit is offered no decision."""
        appeal, visit, elder, caregiver, zh, en = row
        decides = me.role in DECIDERS and appeal.against != me.by
        return cls(
            id=appeal.id, visit_id=visit.id, attendance_id=appeal.attendance_id, state=appeal.state,
            possible=possible(appeal.state, decides=True) if decides else [], caregiver=caregiver,
            elder_name=elder if me.role in DESK else mask_name(elder), item_zh=zh, item_en=en,
            starts_at=visit.starts_at or visit.opens, visit_state=visit.state, price_cents=visit.price_cents,
            words=appeal.words, against=appeal.against, raised_at=appeal.raised_at, answer=appeal.answer,
            decided_by=appeal.decided_by, decided_at=appeal.decided_at,
        )  # fmt: skip


class AppealsOut(BaseModel):
    """A page of them, newest first."""

    items: list[AppealOut]
    next: str | None


class AppealWhole(AppealOut):
    """One with its history."""

    history: list[HistoryOut] = []


class AnswerIn(BaseModel):
    """What the caregiver is told."""

    answer: str = Field(min_length=2, max_length=500)


class UpholdIn(AnswerIn):
    """What she is told, and times her phone has not said: without a start and a finish nobody is paid."""

    times: list[TimeIn] = Field(default=[], max_length=4)


@router.get("")
def listed(
    me: Looker,
    state: AppealState | None = None,
    cursor: Annotated[int | None, Query(description="`next` of the page before")] = None,
) -> AppealsOut:
    """Appeals of the area, or of the caller's provider."""
    with transaction(me.scope) as session:
        rows = appeals.listed(session, state=state, before=cursor)
        items = [AppealOut.of(row, me) for row in rows]
    return AppealsOut(items=items, next=str(items[-1].id) if len(items) == appeals.PAGE else None)


@router.get("/{appeal_id}")
def appeal(appeal_id: int, me: Looker) -> AppealWhole:
    """One appeal."""
    with transaction(me.scope) as session:
        row = appeals.one(session, appeal_id)
        lines = history.of(session, row.Appeal.district_id, "appeals", appeal_id)
        found = AppealWhole.of(row, me)
        return found.model_copy(update={"history": [HistoryOut.model_validate(line) for line in lines]})


@router.post("/{appeal_id}/uphold")
def uphold(appeal_id: int, said: UpholdIn, me: Decider) -> AppealOut:
    """She is right: the visit counts whole."""
    times = [
        appeals.Mended(one.field, one.value.astimezone(UTC), one.cause, one.resolution, one.memo) for one in said.times
    ]
    with transaction(me.scope) as session:
        appeals.uphold(session, appeal_id, answer=said.answer, by=me.by, now=datetime.now(UTC), times=times)
        return AppealOut.of(appeals.one(session, appeal_id), me)


@router.post("/{appeal_id}/dismiss")
def dismiss(appeal_id: int, said: AnswerIn, me: Decider) -> AppealOut:
    """She is not."""
    with transaction(me.scope) as session:
        appeals.dismiss(session, appeal_id, answer=said.answer, by=me.by, now=datetime.now(UTC))
        return AppealOut.of(appeals.one(session, appeal_id), me)


def _number(name: str) -> Any:
    """A threshold within its limits; what is not said keeps its first setting."""
    low, high = LIMITS[name]
    return Field(getattr(Terms(), name), ge=low, le=high)


class TermsValues(BaseModel):
    """Thresholds of the rules across visits, days for an appeal, and how items are paid in part (`default` else)."""

    overlap_minutes: int = _number("overlap_minutes")
    town_kmh: int = _number("town_kmh")
    rural_kmh: int = _number("rural_kmh")
    travel_least_m: int = _number("travel_least_m")
    day_visits: int = _number("day_visits")
    day_hours: int = _number("day_hours")
    appeal_days: int = _number("appeal_days")
    photo_bits: int = _number("photo_bits")
    photo_days: int = _number("photo_days")
    photo_minutes: int = _number("photo_minutes")
    phone_elders: int = _number("phone_elders")
    phone_days: int = _number("phone_days")
    burst_percent: int = _number("burst_percent")
    burst_days: int = _number("burst_days")
    burst_visits: int = _number("burst_visits")
    pair_months: int = _number("pair_months")
    pair_visits: int = _number("pair_visits")
    exact_minutes: int = _number("exact_minutes")
    exact_percent: int = _number("exact_percent")
    exact_visits: int = _number("exact_visits")
    place_visits: int = _number("place_visits")
    partial: dict[str, PartRule] = Field(max_length=100)

    @classmethod
    def of(cls, terms: Terms) -> Self:
        """As JSON."""
        return cls(**{name: getattr(terms, name) for name in LIMITS}, partial=dict(terms.partial))


class TermsIn(BaseModel):
    """New terms and their first day."""

    starts: date
    terms: TermsValues


class TermsOut(BaseModel):
    """What holds today, and every version."""

    today: TermsValues
    versions: list[dict[str, Any]]


@terms_router.get("")
def terms(me: Lead) -> TermsOut:
    """What holds today, and every version, newest first."""
    with transaction(me.scope) as session:
        holding = stays.terms_on(session, me.district_id, datetime.now(UTC).date())
        rows = session.scalars(select(VisitTerms).order_by(VisitTerms.version.desc()))
        versions = [
            {"version": row.version, "starts": row.starts, "by": row.by, "at": row.at, "terms": row.terms}
            for row in rows
        ]
    return TermsOut(today=TermsValues.of(holding), versions=versions)


@terms_router.post("", status_code=201)
def set_terms(said: TermsIn, me: Annotated[Caller, allowed(frozenset({Role.SUPERVISOR}))]) -> TermsValues:
    """A new version from a day on; visits before it keep the terms that held then."""
    values = said.terms.model_dump(mode="json")
    with transaction(me.scope) as session:
        kept = TermsValues.of(terms_of(values))
        session.execute(select(func.pg_advisory_xact_lock(7_301_005, me.district_id)))
        last = session.scalar(select(func.max(VisitTerms.version)).where(VisitTerms.district_id == me.district_id))
        session.add(
            VisitTerms(
                district_id=me.district_id, version=(last or 0) + 1, starts=said.starts, terms=values, by=me.by,
                at=datetime.now(UTC),
            )
        )  # fmt: skip
        notice(session, me.district_id, "visit_terms")
    return kept
