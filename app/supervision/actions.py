"""Looking at a month for clues, and what the bureau decides about one."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.tables import District
from app.db import notice, transaction
from app.errors import Conflict, NotFound
from app.history import record
from app.people.tables import Elder, Provider
from app.settlement import claims, drawing
from app.settlement.rules import DeductionRule
from app.supervision import asking
from app.supervision.rules import ClueEvent, ClueKind, ClueState, after, taken_for
from app.supervision.tables import Clue
from app.visits import stays
from app.visits.terms_rules import Terms

LOCK = 7_301_032  # of advisory locks: one look at a district's month at a time
DAYS = 10  # of a new month on which the clock still looks at the last one


class MonthNotOver(Conflict):
    """A month is looked at when it is over."""


@dataclass(frozen=True)
class Found:
    """One clue as the records show it."""

    kind: ClueKind
    provider_id: int
    elder_id: int | None
    caregiver_id: int | None
    division_code: str
    facts: dict[str, Any] = field(default_factory=dict)
    cents: int = 0

    @property
    def key(self) -> tuple[ClueKind, int, int | None, int | None]:
        """What there is one of in a month."""
        return self.kind, self.provider_id, self.elder_id, self.caregiver_id


def look(session: Session, district_id: int, month: date, *, now: datetime) -> int:
    """Raise what the month shows; open clues follow the records, decided ones stay. Answers how many there are.

    May be repeated. Raises MonthNotOver.
    """
    if month >= calendar.month_of(now):
        raise MonthNotOver("A month is looked at when it is over.", month=month.isoformat())
    session.execute(select(func.pg_advisory_xact_lock(LOCK, district_id)))
    terms = stays.terms_on(session, district_id, calendar.last_day(month))
    found = {one.key: one for one in _all(session, district_id, month, terms)}
    rows = session.scalars(select(Clue).where(Clue.district_id == district_id, Clue.month == month)).all()
    for row in rows:
        one = found.pop((row.kind, row.provider_id, row.elder_id, row.caregiver_id), None)
        if row.state is not ClueState.OPEN:
            continue
        if one is None:
            session.delete(row)
        elif (row.facts, row.cents) != (one.facts, one.cents):
            row.facts, row.cents = one.facts, one.cents
    session.add_all(
        Clue(
            district_id=district_id, division_code=one.division_code, provider_id=one.provider_id, kind=one.kind,
            state=ClueState.OPEN, month=month, elder_id=one.elder_id, caregiver_id=one.caregiver_id, facts=one.facts,
            cents=one.cents, raised_at=now,
        )
        for one in found.values()
    )  # fmt: skip
    session.flush()
    notice(session, district_id, "clues")
    counted = select(func.count()).where(Clue.district_id == district_id, Clue.month == month)
    return session.scalar(counted) or 0


def _all(session: Session, district_id: int, month: date, terms: Terms) -> Iterator[Found]:
    first, last = calendar.month_bounds(month)
    yield from _bursts(session, district_id, first, last, terms)
    yield from _few(session, district_id, month)
    yield from _alike(session, district_id, first, last, terms)
    since = month
    for _ in range(terms.pair_months - 1):
        since = calendar.last_month(since)
    asked = {
        "district": district_id, "since": calendar.month_bounds(since)[0], "last": last, "least": terms.pair_visits,
    }  # fmt: skip
    for row in session.execute(asking.PAIRS, asked):
        facts = {"visits": row.visits, "months": terms.pair_months}
        yield Found(ClueKind.UNTESTED_PAIR, row.provider_id, row.elder_id, row.caregiver_id, row.division_code, facts)


def _bursts(session: Session, district_id: int, first: datetime, last: datetime, terms: Terms) -> Iterator[Found]:
    asked = {
        "district": district_id, "first": first, "last": last, "tail": last - timedelta(days=terms.burst_days),
        "least": terms.burst_visits, "percent": terms.burst_percent,
    }  # fmt: skip
    rows = session.execute(asking.BURSTS, asked).all()
    wanted = [row.elder_id for row in rows if row.elder_id]
    places = dict(session.execute(select(Elder.id, Elder.division_code).where(Elder.id.in_(wanted))).all())
    for row in rows:
        kind = ClueKind.BURST_OF_ELDER if row.elder_id else ClueKind.BURST_OF_PROVIDER
        facts = {
            "visits": row.visits, "late": row.late, "percent": row.late * 100 // row.visits, "days": terms.burst_days,
            "limit": terms.burst_percent,
        }  # fmt: skip
        place = places[row.elder_id] if row.elder_id else f"{district_id:06d}000000"
        yield Found(kind, row.provider_id, row.elder_id, None, place, facts)


def _alike(session: Session, district_id: int, first: datetime, last: datetime, terms: Terms) -> Iterator[Found]:
    """R5 and R6: minutes, and places, too alike to be true."""
    asked = {"district": district_id, "first": first, "last": last}
    place = f"{district_id:06d}000000"
    exact = {"within": terms.exact_minutes, "percent": terms.exact_percent, "least": terms.exact_visits}
    for row in session.execute(asking.EXACT, asked | exact):
        facts = {"visits": row.visits, "exact": row.exact, "within": terms.exact_minutes}
        yield Found(ClueKind.EXACT_MINUTES, row.provider_id, None, row.caregiver_id, place, facts)
    for row in session.execute(asking.REPEATED, asked | {"least": terms.place_visits}):
        facts = {"visits": row.visits, "homes": row.homes}
        yield Found(ClueKind.REPEATED_PLACE, row.provider_id, None, row.caregiver_id, place, facts)


def _few(session: Session, district_id: int, month: date) -> Iterator[Found]:
    """By each provider's own contract; one whose terms ask for no number of visits is asked about none."""
    until = calendar.last_day(month)
    first, last = calendar.month_bounds(month)
    before = calendar.month_bounds(calendar.last_month(month))[0]
    for provider_id in session.scalars(select(Provider.id).where(Provider.district_id == district_id)):
        terms = drawing.holding_on(drawing.terms_of(session, provider_id), until)
        if terms is None or not terms.least_visits:
            continue
        said = terms.least_visits
        asked = {
            "district": district_id, "provider": provider_id, "month": month, "until": until, "first": first,
            "last": last, "before": before, "visits": said["visits"], "minutes": said["minutes"],
        }  # fmt: skip
        for row in session.execute(asking.FEW, asked):
            missing = said["visits"] - row.given
            facts = {
                "given": row.given, "least": said["visits"], "minutes": said["minutes"], "short": row.short,
                "not_delivered": row.not_delivered, "cancelled": row.cancelled, "waiting": row.waiting,
                "away_days": int(row.away_days), "terms_id": terms.version_id,
            }  # fmt: skip
            cents = taken_for(said, missing, int(row.paid_cents))
            yield Found(ClueKind.TOO_FEW_VISITS, provider_id, row.elder_id, None, row.division_code, facts, cents)


def clue(session: Session, clue_id: int) -> Clue:
    """The clue, locked, if this transaction may see it; raises NotFound."""
    found = session.get(Clue, clue_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("There is no such clue.")
    return found


def decide(session: Session, clue_id: int, event: ClueEvent, *, words: str, by: str, now: datetime) -> Clue:
    """The only place that changes a clue's state. What is upheld is deducted in the next statement drawn up."""
    found = clue(session, clue_id)
    before, found.state = found.state, after(found.kind, found.state, event)
    found.words, found.decided_by, found.decided_at = words, by, now
    record(session, found, event, before, found.state, by=by, now=now, cents=found.cents)
    if event is ClueEvent.UPHOLD and found.kind is ClueKind.TOO_FEW_VISITS and found.cents:
        claims.claim(
            session, found.provider_id, found.month, DeductionRule.TOO_FEW_VISITS, found.cents,
            district_id=found.district_id, source_id=found.id, by=by, now=now,
        )  # fmt: skip
    session.flush()
    notice(session, found.district_id, f"clues/{found.id}")
    return found


def keep_up(now: datetime) -> None:
    """In the first days of a month the clock looks at the last one: records still come in, and clues follow them."""
    if calendar.day_of(now).day > DAYS:
        return
    with transaction() as session:
        districts = session.scalars(select(District.id).order_by(District.id)).all()
    for district_id in districts:
        with transaction() as session:
            look(session, district_id, calendar.last_month(calendar.month_of(now)), now=now)
