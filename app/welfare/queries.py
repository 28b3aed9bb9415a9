"""Reading welfare visits: what is due and how late, coverage, what an elder's visits told, what is not closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, case, cast, func, literal, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.tables import User
from app.errors import NotFound
from app.people.tables import Caregiver, Elder, Home
from app.places.tables import Division
from app.welfare.finding_rules import FindingState
from app.welfare.rules import (
    RiskTier,
    Standing,
    Told,
    WelfareOutcome,
    WelfareRules,
    WelfareWay,
    standing,
    welfare_rules_of,
)
from app.welfare.tables import (
    WelfareElder,
    WelfareFinding,
    WelfareRound,
    WelfareSettings,
    WelfareVisit,
    WelfareVisitor,
)

PAGE = 100


def rules_on(session: Session, district_id: int, day: date) -> tuple[int, WelfareRules]:
    """The version that holds on a day (0: the first settings) and what it says."""
    row = session.execute(
        select(WelfareSettings.version, WelfareSettings.rules)
        .where(WelfareSettings.district_id == district_id, WelfareSettings.starts <= day)
        .order_by(WelfareSettings.version.desc())
        .limit(1)
    ).first()
    return (row.version, welfare_rules_of(row.rules)) if row else (0, WelfareRules())


def versions(session: Session, district_id: int) -> Sequence[WelfareSettings]:
    """Every version, newest first."""
    mine = select(WelfareSettings).where(WelfareSettings.district_id == district_id)
    return session.scalars(mine.order_by(WelfareSettings.version.desc())).all()


def due(rules: WelfareRules) -> ColumnElement[date]:
    """`rules.due_on` in the database; a test compares the two."""
    every = case(dict(rules.every_days), value=WelfareElder.tier)
    retry = case((WelfareElder.tries > 0, WelfareElder.tried_on + rules.retry_days))
    regular = func.coalesce(WelfareElder.last_on, WelfareElder.listed_on) + every
    return cast(func.least(regular, retry, WelfareElder.sooner_on), Date)


@dataclass(frozen=True)
class DueRow:
    """An elder of the list and when she is due. `taken_by`: whoever has her in today's round."""

    on_list: WelfareElder
    elder: Elder
    home: Home
    community: str
    due_on: date
    taken_id: int | None
    taken_by: str | None


def listed(
    session: Session, rules: WelfareRules, *, today: date, tier: RiskTier | None = None, street: str = "",
    late: bool = False, mine: tuple[int, str] | None = None, offset: int = 0, limit: int = PAGE,
) -> Sequence[DueRow]:  # fmt: skip
    """Living elders of the list, the longest overdue first; `mine`: of a visitor's area, paired with her or taken."""
    when = due(rules)
    found = _rows(
        select(WelfareElder, Elder, Home, Division.name, when, WelfareRound.caregiver_id, Caregiver.name), today
    )
    if tier:
        found = found.where(WelfareElder.tier == tier)
    if street:
        found = found.where(WelfareElder.division_code.startswith(street, autoescape=True))
    if late:
        found = found.where(when < today)
    if mine:
        number, area = mine
        found = found.where(
            WelfareElder.division_code.startswith(area, autoescape=True)
            | (WelfareElder.pair_id == number)
            | (WelfareRound.caregiver_id == number)
        )
    rows = session.execute(found.order_by(when, WelfareElder.id).offset(offset).limit(limit))
    return [DueRow(*row) for row in rows]


def _rows(asked: Any, today: date) -> Any:
    return (
        asked.join(Elder, Elder.id == WelfareElder.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .join(Division, Division.code == WelfareElder.division_code)
        .outerjoin(WelfareRound, (WelfareRound.elder_id == Elder.id) & (WelfareRound.day == today))
        .outerjoin(Caregiver, Caregiver.id == WelfareRound.caregiver_id)
        .where(Elder.ended_at.is_(None))
    )


def on_list(session: Session, elder_id: int, *, lock: bool = False) -> WelfareElder:
    """Her place on the list; raises NotFound."""
    mine = select(WelfareElder).where(WelfareElder.elder_id == elder_id)
    if lock:
        mine = mine.with_for_update().execution_options(populate_existing=True)
    found = session.scalar(mine)
    if found is None:
        raise NotFound("This elder is not on the list of welfare visits.")
    return found


def visitor(session: Session, caregiver_id: int) -> WelfareVisitor | None:
    """Whether somebody goes on welfare visits, and where."""
    return session.scalar(
        select(WelfareVisitor).where(WelfareVisitor.caregiver_id == caregiver_id, WelfareVisitor.ended_at.is_(None))
    )


def visitors(session: Session) -> Sequence[tuple[WelfareVisitor, Caregiver]]:
    """All who go, by area."""
    rows = session.execute(
        select(WelfareVisitor, Caregiver)
        .join(Caregiver, Caregiver.id == WelfareVisitor.caregiver_id)
        .where(WelfareVisitor.ended_at.is_(None), Caregiver.ended_at.is_(None))
        .order_by(WelfareVisitor.area, Caregiver.id)
    )
    return [(row[0], row[1]) for row in rows]


@dataclass(frozen=True)
class Overdue:
    """How many elders somebody should have visited by now, and since when the first of them waits."""

    caregiver: Caregiver
    elders: int
    oldest: date


def overdue(session: Session, rules: WelfareRules, district_id: int, *, today: date) -> Sequence[Overdue]:
    """Of everybody who goes: elders of her area or paired with her whose visit is late."""
    when = due(rules)
    hers = WelfareElder.division_code.startswith(WelfareVisitor.area) | (
        WelfareElder.pair_id == WelfareVisitor.caregiver_id
    )
    rows = session.execute(
        select(Caregiver, func.count(), func.min(when))
        .join(WelfareVisitor, WelfareVisitor.caregiver_id == Caregiver.id)
        .join(WelfareElder, hers)
        .join(Elder, Elder.id == WelfareElder.elder_id)
        .where(
            WelfareVisitor.ended_at.is_(None), Caregiver.ended_at.is_(None), Elder.ended_at.is_(None),
            WelfareElder.district_id == district_id, WelfareVisitor.district_id == district_id, when < today,
        )
        .group_by(Caregiver.id)
    )  # fmt: skip
    return [Overdue(*row) for row in rows]


def possible_visitors(session: Session) -> Sequence[Caregiver]:
    """Who has a login of the phone and does not go yet, by name."""
    goes = select(WelfareVisitor.id).where(
        WelfareVisitor.caregiver_id == Caregiver.id, WelfareVisitor.ended_at.is_(None)
    )
    login = select(User.id).where(User.caregiver_id == Caregiver.id, User.ended_at.is_(None))
    query = select(Caregiver).where(Caregiver.ended_at.is_(None), login.exists(), ~goes.exists())
    return session.scalars(query.order_by(Caregiver.name, Caregiver.id)).all()


def stands(session: Session, elder_id: int) -> Standing:
    """How it stands by every record of her that counts."""
    rows = session.execute(
        select(WelfareVisit.happened_at, WelfareVisit.outcome).where(
            WelfareVisit.elder_id == elder_id, WelfareVisit.problem.is_(None)
        )
    )
    return standing(Told(at, outcome) for at, outcome in rows)


def visits_of(session: Session, elder_id: int, *, limit: int = 50) -> Sequence[WelfareVisit]:
    """What was told of her, newest first."""
    mine = select(WelfareVisit).where(WelfareVisit.elder_id == elder_id)
    return session.scalars(mine.order_by(WelfareVisit.happened_at.desc(), WelfareVisit.id.desc()).limit(limit)).all()


def latest(session: Session, limit: int = 20) -> Sequence[tuple[WelfareVisit, Elder]]:
    """The last records of the area, whoever they are of."""
    rows = session.execute(
        select(WelfareVisit, Elder)
        .join(Elder, Elder.id == WelfareVisit.elder_id)
        .order_by(WelfareVisit.happened_at.desc(), WelfareVisit.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def finding(session: Session, finding_id: int, *, lock: bool = False) -> WelfareFinding:
    """One finding; raises NotFound."""
    found = session.get(WelfareFinding, finding_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such finding.")
    return found


@dataclass(frozen=True)
class FindingRow:
    """A finding, whose it is, and who told of it how."""

    finding: WelfareFinding
    elder: Elder
    visit: WelfareVisit
    seen_since: bool


def findings(
    session: Session, *, open_only: bool, elder_id: int | None = None, limit: int = PAGE
) -> Sequence[FindingRow]:
    """Urgent ones first, then by when they are due."""
    found = (
        select(WelfareFinding, Elder, WelfareVisit, WelfareElder.last_at)
        .join(Elder, Elder.id == WelfareFinding.elder_id)
        .join(WelfareVisit, WelfareVisit.id == WelfareFinding.visit_id)
        .outerjoin(WelfareElder, WelfareElder.elder_id == Elder.id)
    )
    if open_only:
        found = found.where(WelfareFinding.state != FindingState.CLOSED)
    if elder_id is not None:
        found = found.where(WelfareFinding.elder_id == elder_id)
    ordered = found.order_by(
        (WelfareFinding.state == FindingState.CLOSED), WelfareFinding.urgent.desc(), WelfareFinding.due_on,
        WelfareFinding.id.desc(),
    ).limit(limit)  # fmt: skip
    return [
        FindingRow(row[0], row[1], row[2], row[3] is not None and row[3] > row[2].happened_at)
        for row in session.execute(ordered)
    ]


@dataclass(frozen=True)
class CoverageRow:
    """Of one street and tier: on the list, seen in the month (in which way first), overdue today."""

    street: str
    name: str
    tier: RiskTier
    listed: int
    seen: int
    by_home: int
    late: int


def coverage(session: Session, rules: WelfareRules, *, month: date, today: date) -> Sequence[CoverageRow]:
    """巡访覆盖率: elders with at least one visit in the natural month ÷ elders on the list, by street and tier."""
    begins, ends = calendar.month_bounds(month)
    counted = (
        select(WelfareVisit.elder_id, func.bool_or(WelfareVisit.way == WelfareWay.HOME).label("home"))
        .where(WelfareVisit.happened_at >= begins, WelfareVisit.happened_at < ends)
        .where(WelfareVisit.outcome == WelfareOutcome.SEEN, WelfareVisit.problem.is_(None))
        .group_by(WelfareVisit.elder_id)
        .subquery()
    )
    street = func.left(WelfareElder.division_code, 9)
    rows = session.execute(
        select(
            street, WelfareElder.tier, func.count(), func.count(counted.c.elder_id),
            func.count().filter(counted.c.home), func.count().filter(due(rules) < literal(today)),
        )
        .join(Elder, Elder.id == WelfareElder.elder_id)
        .outerjoin(counted, counted.c.elder_id == WelfareElder.elder_id)
        .where(Elder.ended_at.is_(None), WelfareElder.listed_on < calendar.next_month(month))
        .group_by(street, WelfareElder.tier)
        .order_by(street, WelfareElder.tier)
    ).all()  # fmt: skip
    codes = {f"{row[0]}000" for row in rows}
    found = session.execute(select(Division.code, Division.name).where(Division.code.in_(codes)))
    names = dict(found.all())
    return [CoverageRow(row[0], names.get(f"{row[0]}000") or row[0], *row[1:]) for row in rows]
