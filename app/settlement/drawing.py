"""Drawing up a provider's month: every captured cent that is in no statement yet, line by line, and what is missing.

One provider is one transaction; a statement that is no draft any more is left alone, so that a run may come twice.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import Given, PriceUnit
from app.config import settings
from app.db import add_rows
from app.history import record
from app.orders.tables import Visit
from app.people.tables import Provider
from app.settlement import claims, proof
from app.settlement.rules import (
    ContractState,
    Figures,
    LineKind,
    SampleState,
    Served,
    StatementState,
    Terms,
    Withheld,
    deductions,
    drawn,
)
from app.settlement.tables import (
    ContractTerms,
    SettledEntry,
    Statement,
    StatementDeduction,
    StatementLine,
    StatementSample,
    StatementWithheld,
)
from app.settlement.taking import MISSED, MISSING, TAKE, VISITS

LOCK: Final = 7_301_004  # of advisory locks: one provider is drawn up by one at a time
CHUNK: Final = 2000
UNSERVED: Final = (LineKind.CORRECTION, LineKind.FEE)  # nothing is deducted for them, nobody is asked about them


def draw(session: Session, provider_id: int, month: date, *, by: str, now: datetime) -> Statement:
    """Draw up a provider's month from the ledger as it is now; one that is no draft any more is left as it is."""
    session.execute(select(func.pg_advisory_xact_lock(LOCK, provider_id)))
    statement = _statement(session, provider_id, month)
    if statement.state is not StatementState.DRAFT:
        return statement
    told = _forget(session, statement)
    first, last = calendar.month_bounds(month)
    asked = {
        "district": statement.district_id, "provider": provider_id, "month": month, "statement": statement.id,
        "first": first, "last": last, "zone": settings().timezone,
    }  # fmt: skip
    session.execute(TAKE, asked)
    terms = terms_of(session, provider_id)
    served = list(_store_lines(session, statement, terms, session.execute(VISITS, asked).all()))
    _store_missing(session, statement, session.execute(MISSING, asked).all())
    figures = Figures(served, session.execute(MISSED, asked).scalar_one(), statement.score)
    holding = holding_on(terms, calendar.next_month(month).replace(day=1), last_day=True)
    _deduct(session, statement, figures, holding)
    _sample(session, statement, holding, told)
    _sum_up(session, statement)
    statement.drawn_at = now
    session.flush()
    statement.checksum = proof.checksum(session, statement)
    record(
        session, statement, "draw", statement.state, statement.state, by=by, now=now, lines=statement.lines,
        payable_cents=statement.payable_cents,
    )  # fmt: skip
    return statement


def _statement(session: Session, provider_id: int, month: date) -> Statement:
    found = session.scalar(
        select(Statement)
        .where(Statement.provider_id == provider_id, Statement.month == month)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if found is None:
        found = Statement(
            district_id=session.get_one(Provider, provider_id).district_id, provider_id=provider_id, month=month,
            state=StatementState.DRAFT, seed=secrets.token_hex(8), payers={},
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def _forget(session: Session, statement: Statement) -> dict[int, StatementSample]:
    """Take out what a former drawing put in; what elders said to call-backs is kept."""
    samples = select(StatementSample).where(StatementSample.statement_id == statement.id)
    told = {row.visit_id: row for row in session.scalars(samples) if row.state is not SampleState.OPEN}
    for row in told.values():
        session.expunge(row)
    claims.let_go(session, statement)
    for table in (StatementLine, SettledEntry, StatementWithheld, StatementDeduction, StatementSample):
        session.execute(delete(table).where(table.statement_id == statement.id))
    return told


def terms_of(session: Session, provider_id: int) -> list[tuple[date, date | None, Terms]]:
    """Every version in force of a provider's contracts, newest first: first day, last day, terms."""
    rows = session.scalars(
        select(ContractTerms)
        .where(ContractTerms.provider_id == provider_id, ContractTerms.state == ContractState.IN_FORCE)
        .order_by(ContractTerms.starts.desc(), ContractTerms.id.desc())
    )
    return [(row.starts, row.ends, values_of(row)) for row in rows]


def values_of(row: ContractTerms) -> Terms:
    """A version as plain values."""
    prices = {one["item"]: (PriceUnit(one["unit"]), int(one["cents"])) for one in row.prices}
    least = {item: int(minutes) for item, minutes in row.least_minutes.items()}
    return Terms(row.id, prices, least, row.sampling_percent, row.answer_days, row.deductions, row.least_visits)


def holding_on(
    versions: Sequence[tuple[date, date | None, Terms]], day: date, *, last_day: bool = False
) -> Terms | None:
    """The terms that hold on a day; `last_day`: on the day before it."""
    for starts, ends, terms in versions:
        if (starts < day if last_day else starts <= day) and (ends is None or ends >= day or last_day):
            return terms
    return None


def _store_lines(
    session: Session, statement: Statement, terms: Sequence[tuple[date, date | None, Terms]], visits: Sequence[Any]
) -> Iterator[Served]:
    rows: list[Mapping[str, Any]] = []
    number = 0
    for visit in visits:
        served_on = calendar.day_of(visit.served_at)
        holding = holding_on(terms, served_on)
        charged = visit.allowance_cents + visit.self_pay_cents
        charged_all = charged + (visit.charged_before or 0)
        fees = visit.fee_cents + visit.fee_before  # no contract sets a price for what was not done
        worth = charged_all - fees
        if holding is not None and (worth > 0 or visit.free):
            worth = holding.worth(visit.item_code, visit.planned_minutes, worth, visit.given, visit.whole)
        contract = worth + fees - (visit.contract_before or 0)
        if not charged and not contract and visit.charged_before is None and not visit.free:
            continue  # captured and given back before anybody was paid
        number += 1
        kind = LineKind.LATE if visit.month < statement.month else LineKind.SERVICE
        kind = LineKind.FEE if visit.fee_cents and visit.fee_cents == charged else kind
        kind = kind if visit.charged_before is None else LineKind.CORRECTION
        rows.append(
            {
                "district_id": statement.district_id, "division_code": visit.division_code,
                "provider_id": statement.provider_id, "statement_id": statement.id, "number": number, "kind": kind,
                "visit_id": visit.id, "order_id": visit.order_id, "elder_id": visit.elder_id,
                "item_code": visit.item_code, "served_on": served_on.isoformat(), "minutes": visit.minutes,
                "planned_minutes": visit.planned_minutes, "given": visit.given, "whole": visit.whole,
                "allowance_cents": visit.allowance_cents, "self_pay_cents": visit.self_pay_cents,
                "contract_cents": contract, "payers": visit.payers, "terms_id": holding.version_id if holding else None,
            }
        )  # fmt: skip
        if kind not in UNSERVED:
            least = holding.least_minutes.get(visit.item_code) if holding else None
            yield Served(
                visit.id, contract - visit.fee_cents, visit.minutes, visit.least_minutes if least is None else least,
                visit.corrected, visit.appealed,
            )  # fmt: skip
        if len(rows) == CHUNK:
            add_rows(session, StatementLine, rows)
            rows = []
    add_rows(session, StatementLine, rows)


def _why(visit: Any) -> Withheld:
    if visit.appealed:
        return Withheld.APPEALED
    if visit.doubted:
        return Withheld.DOUBTED
    by_state = {"held": Withheld.HELD, "verified": Withheld.ELDER_GONE, "not_delivered": Withheld.REJECTED}
    return by_state.get(visit.state, Withheld.UNFINISHED)


def _store_missing(session: Session, statement: Statement, visits: Sequence[Any]) -> None:
    add_rows(
        session, StatementWithheld,
        [
            {
                "district_id": statement.district_id, "division_code": visit.division_code,
                "provider_id": statement.provider_id, "statement_id": statement.id, "visit_id": visit.id,
                "served_on": calendar.day_of(visit.served_at).isoformat(), "reason": _why(visit), "cents": visit.cents,
                "facts": {"reasons": (visit.reason or "").split(",")} if visit.state == "held" else {},
            }
            for visit in visits
        ],
    )  # fmt: skip


def _deduct(session: Session, statement: Statement, figures: Figures, terms: Terms | None) -> None:
    taken_here = deductions(figures, terms.deductions if terms else ())
    left = max(0, figures.cents) - sum(one.cents for one in taken_here)
    session.add_all(
        StatementDeduction(
            district_id=statement.district_id, provider_id=statement.provider_id, statement_id=statement.id,
            rule=taken.rule, counted=taken.counted, whole=taken.of, basis_cents=taken.basis_cents, cents=taken.cents,
            said=dict(taken.said),
        )
        for taken in [*taken_here, *claims.take(session, statement, left)]
    )  # fmt: skip
    session.flush()


def _sample(session: Session, statement: Statement, terms: Terms | None, told: Mapping[int, StatementSample]) -> None:
    lines = session.execute(
        select(StatementLine.visit_id, StatementLine.division_code)
        .join(Visit, Visit.id == StatementLine.visit_id)
        .where(StatementLine.statement_id == statement.id, StatementLine.kind.not_in(UNSERVED))
        .where(Visit.given != Given.RENTAL)  # nobody came: whoever signed for the aid is on record
    ).all()
    places = {visit_id: code for visit_id, code in lines}  # noqa: C416
    chosen = drawn(places.keys(), terms.sampling_percent if terms else 0, statement.seed)
    for rank, visit_id in enumerate(chosen, 1):
        said = told.get(visit_id)
        session.add(
            StatementSample(
                district_id=statement.district_id, division_code=places[visit_id], provider_id=statement.provider_id,
                statement_id=statement.id, visit_id=visit_id, rank=rank,
                state=said.state if said else SampleState.OPEN, note=said.note if said else None,
                by=said.by if said else None, at=said.at if said else None,
            )
        )  # fmt: skip
    session.flush()


def _sum_up(session: Session, statement: Statement) -> None:
    lines = session.execute(
        select(
            StatementLine.allowance_cents, StatementLine.self_pay_cents, StatementLine.contract_cents,
            StatementLine.payers,
        ).where(StatementLine.statement_id == statement.id)
    ).all()  # fmt: skip
    payers: Counter[str] = Counter()
    for line in lines:
        payers.update(line.payers)
    taken = session.scalars(
        select(StatementDeduction.cents).where(StatementDeduction.statement_id == statement.id)
    ).all()
    statement.lines = len(lines)
    statement.allowance_cents = sum(line.allowance_cents for line in lines)
    statement.self_pay_cents = sum(line.self_pay_cents for line in lines)
    statement.contract_cents = sum(line.contract_cents for line in lines)
    statement.deducted_cents = sum(taken)
    statement.payable_cents = statement.contract_cents - statement.self_pay_cents - statement.deducted_cents
    statement.payers = dict(sorted(payers.items()))
    statement.last_entry_id = session.scalar(
        select(func.max(SettledEntry.entry_id)).where(SettledEntry.statement_id == statement.id)
    )
