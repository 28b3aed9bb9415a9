"""Welfare visits at the desk: the list and who is overdue, coverage, what was found and what is done about it."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from app import calendar, history
from app.access.api import Bureau, Desk, Lead, Reader
from app.access.queries import Caller
from app.access.rules import DESK, LEADS
from app.db import transaction
from app.people import queries as people
from app.welfare import following, queries, register
from app.welfare.rules import RiskTier
from app.welfare.shapes import (
    CoverageCell,
    Enlisted,
    FindingAnswerIn,
    OnList,
    PairIn,
    ReferralIn,
    TierChange,
    TierIn,
    VisitorIn,
    VisitorName,
    VisitorOut,
    VisitorsOut,
    WelfareCoverage,
    WelfareElderOut,
    WelfareFindingLine,
    WelfareFindingOut,
    WelfareFindings,
    WelfareListOut,
    WelfareOrderIn,
    WelfarePaired,
    WelfareRecords,
    WelfareRulesIn,
    WelfareRulesOut,
    WelfareRulesValues,
    WelfareVersionOut,
    WelfareVisitOut,
)

router = APIRouter(prefix="/api/welfare", tags=["welfare"])


def full(me: Caller) -> bool:
    """Whether the caller works with elders by name."""
    return me.role in DESK


@router.get("/coverage")
def coverage(
    me: Reader, month: Annotated[str | None, Query(pattern=r"^20\d{2}-(0[1-9]|1[0-2])$", description="YYYY-MM")] = None
) -> WelfareCoverage:
    """Who was seen in a natural month, by street and tier, and who is overdue today."""
    today = calendar.day_of(datetime.now(UTC))
    first = date.fromisoformat(f"{month}-01") if month else today.replace(day=1)
    with transaction(me.scope) as session:
        _, rules = queries.rules_on(session, me.district_id, today)
        rows = queries.coverage(session, rules, month=first, today=today)
    return WelfareCoverage(month=first, today=today, cells=[CoverageCell.of(row) for row in rows])


@router.get("/list")
def listed(
    me: Reader,
    tier: RiskTier | None = None,
    street: Annotated[str, Query(pattern=r"^\d{0,12}$", description="beginning of a division code")] = "",
    late: bool = False,
    cursor: Annotated[int, Query(ge=0, le=10_000_000, description="`next` of the page before")] = 0,
) -> WelfareListOut:
    """The list, the longest overdue first."""
    today = calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        _, rules = queries.rules_on(session, me.district_id, today)
        rows = queries.listed(session, rules, today=today, tier=tier, street=street, late=late, offset=cursor)
    more = cursor + len(rows) if len(rows) == queries.PAGE else None
    return WelfareListOut(today=today, items=[OnList.of(row, today=today, full=full(me)) for row in rows], next=more)


@router.post("/list", status_code=201)
def enlist(me: Lead) -> Enlisted:
    """Put on the list who lives here and is not on it, in the tier the register speaks for."""
    with transaction(me.scope) as session:
        return Enlisted(added=register.enlist(session, me.district_id, by=me.by, now=datetime.now(UTC)))


@router.get("/records")
def records(me: Reader) -> WelfareRecords:
    """The last records of the area."""
    with transaction(me.scope) as session:
        rows = queries.latest(session)
    return WelfareRecords(items=[WelfareVisitOut.of(visit, elder.name, full=full(me)) for visit, elder in rows])


@router.get("/elders/{elder_id}")
def elder(elder_id: int, me: Reader) -> WelfareElderOut:
    """Her tier and how it came to be, what was told of her, what was found."""
    with transaction(me.scope) as session:
        return _elder(session, elder_id, me)


@router.post("/elders/{elder_id}/tier")
def tier(elder_id: int, said: TierIn, me: Lead) -> WelfarePaired:
    """Another tier, for a reason that stays in her history."""
    with transaction(me.scope) as session:
        row = register.set_tier(
            session, elder_id, said.tier, reason=said.reason, changed=said.changed, by=me.by, now=datetime.now(UTC)
        )
        return WelfarePaired.of(row)


@router.post("/elders/{elder_id}/pair")
def pair(elder_id: int, said: PairIn, me: Lead) -> WelfarePaired:
    """Whose she is (结对)."""
    with transaction(me.scope) as session:
        return WelfarePaired.of(register.pair(session, elder_id, said.caregiver_id, by=me.by, now=datetime.now(UTC)))


@router.get("/visitors")
def visitors(me: Reader) -> VisitorsOut:
    """Who goes, and where."""
    with transaction(me.scope) as session:
        return _visitors(session, me)


@router.post("/visitors/{caregiver_id}")
def send(caregiver_id: int, said: VisitorIn, me: Lead) -> VisitorsOut:
    """Somebody with a login of the phone goes on welfare visits in an area."""
    with transaction(me.scope) as session:
        register.send(session, caregiver_id, said.kind, said.area, by=me.by, now=datetime.now(UTC))
        session.flush()
        return _visitors(session, me)


@router.delete("/visitors/{caregiver_id}", status_code=204)
def recall(caregiver_id: int, me: Lead) -> None:
    """She goes no longer."""
    with transaction(me.scope) as session:
        register.recall(session, caregiver_id, by=me.by, now=datetime.now(UTC))


@router.get("/findings")
def findings(me: Reader, open_only: bool = True) -> WelfareFindings:
    """What was found and is not closed, urgent ones first."""
    with transaction(me.scope) as session:
        rows = queries.findings(session, open_only=open_only)
    return WelfareFindings(items=[WelfareFindingLine.line(row, full=full(me)) for row in rows])


@router.post("/findings/{finding_id}/take")
def take(finding_id: int, me: Desk) -> WelfareFindingOut:
    """I see to it."""
    with transaction(me.scope) as session:
        return WelfareFindingOut.of(following.take(session, finding_id, by=me.by, now=datetime.now(UTC)))


@router.post("/findings/{finding_id}/order")
def order(finding_id: int, said: WelfareOrderIn, me: Desk) -> WelfareFindingOut:
    """Write down an order for it, to be confirmed with the elder."""
    with transaction(me.scope) as session:
        row = following.order(session, finding_id, said.item, said.visit.value(), by=me.by, now=datetime.now(UTC))
        return WelfareFindingOut.of(row)


@router.post("/findings/{finding_id}/refer")
def refer(finding_id: int, said: ReferralIn, me: Desk) -> WelfareFindingOut:
    """Somebody outside is asked."""
    with transaction(me.scope) as session:
        return WelfareFindingOut.of(following.refer(session, finding_id, said.to, by=me.by, now=datetime.now(UTC)))


@router.post("/findings/{finding_id}/close")
def close(finding_id: int, said: FindingAnswerIn, me: Desk) -> WelfareFindingOut:
    """It is seen to, and how."""
    with transaction(me.scope) as session:
        return WelfareFindingOut.of(following.close(session, finding_id, said.answer, by=me.by, now=datetime.now(UTC)))


@router.get("/rules")
def rules(me: Reader) -> WelfareRulesOut:
    """What holds today, and every version."""
    with transaction(me.scope) as session:
        return _rules(session, me.district_id)


@router.post("/rules", status_code=201)
def set_rules(said: WelfareRulesIn, me: Bureau) -> WelfareRulesOut:
    """A new version from a day on."""
    with transaction(me.scope) as session:
        register.set_rules(
            session, me.district_id, said.rules.model_dump(mode="json"), starts=said.starts, by=me.by,
            now=datetime.now(UTC),
        )  # fmt: skip
        return _rules(session, me.district_id)


def _visitors(session: Session, me: Caller) -> VisitorsOut:
    possible = queries.possible_visitors(session) if me.role in LEADS else []
    return VisitorsOut(
        items=[
            VisitorOut(caregiver_id=who.id, name=who.name, kind=row.kind, area=row.area)
            for row, who in queries.visitors(session)
        ],
        possible=[VisitorName(caregiver_id=who.id, name=who.name) for who in possible],
    )


def _rules(session: Session, district_id: int) -> WelfareRulesOut:
    version, held = queries.rules_on(session, district_id, calendar.day_of(datetime.now(UTC)))
    rows = queries.versions(session, district_id)
    return WelfareRulesOut(
        version=version, rules=WelfareRulesValues.of(held),
        versions=[
            WelfareVersionOut(
                version=row.version, starts=row.starts, by=row.by, at=row.at, rules=WelfareRulesValues(**row.rules)
            )
            for row in rows
        ],
    )  # fmt: skip


def _elder(session: Session, elder_id: int, me: Caller) -> WelfareElderOut:
    row = queries.on_list(session, elder_id)
    name = people.get(session, elder_id).name
    lines = history.of(session, row.district_id, row.__tablename__, row.id)
    return WelfareElderOut(
        tier=row.tier, why=row.why, listed_on=row.listed_on, last_on=row.last_on, tries=row.tries,
        pair_id=row.pair_id,
        visits=[WelfareVisitOut.of(visit, name, full=full(me)) for visit in queries.visits_of(session, elder_id)],
        findings=[
            WelfareFindingLine.line(one, full=full(me))
            for one in queries.findings(session, open_only=False, elder_id=elder_id)
        ],
        history=[TierChange(**vars(line)) for line in lines],
    )  # fmt: skip
