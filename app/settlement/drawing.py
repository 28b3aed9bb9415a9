"""Drawing up a provider's month: every captured cent that is in no statement yet, line by line, and what is missing.

One provider is one transaction; a statement that is no draft any more is left alone, so that a run may come twice.
"""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import delete, func, select, text
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import PriceUnit
from app.db import add_rows
from app.history import record
from app.people.tables import Provider
from app.settlement import proof
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

LOCK: Final = 7_301_004  # of advisory locks: one provider is drawn up by one at a time
CHUNK: Final = 2000

# What was just taken the planner knows nothing of: these go visit by visit through indexes, or they would be quadratic.
TAKE: Final = text("""
    with earned as materialized (
        select e.id, e.visit_id, case e.kind when 'capture' then e.cents else -e.cents end as cents
        from ledger_entries e
        where e.district_id = :district and e.provider_id = :provider and e.kind in ('capture', 'refund')
          and e.month <= :month
          and not exists (select from settled_entries s where s.district_id = e.district_id and s.entry_id = e.id)
    )
    insert into settled_entries (district_id, entry_id, statement_id, visit_id, cents)
    select :district, e.id, :statement, e.visit_id, e.cents
    from earned e
    join visits v on v.id = e.visit_id
    join elders p on p.id = v.elder_id
    where p.ended_at is null or p.ended_at > coalesce(v.starts_at, v.opens) or v.state <> 'verified'
    order by e.id
""")

VISITS: Final = text("""
    with taken as materialized (
        select e.visit_id, min(e.month) as month,
            sum(s.cents) filter (where e.entitlement_id is not null) as allowance_cents,
            sum(s.cents) filter (where e.entitlement_id is null) as self_pay_cents
        from settled_entries s join ledger_entries e on e.district_id = s.district_id and e.id = s.entry_id
        where s.district_id = :district and s.statement_id = :statement
        group by e.visit_id
    )
    select v.id, v.division_code, v.order_id, v.elder_id, v.item_code, v.state, v.minutes as planned_minutes,
        v.least_minutes, coalesce(v.starts_at, v.opens) as served_at, t.month,
        coalesce(t.allowance_cents, 0) as allowance_cents, coalesce(t.self_pay_cents, 0) as self_pay_cents,
        coalesce(w.payers, '{}') as payers, b.charged_cents as charged_before, b.contract_cents as contract_before,
        coalesce(q.given, 1) as given, coalesce(q.whole, 1) as whole, h.minutes,
        coalesce(h.corrected, false) as corrected,
        exists (select from appeals x where x.visit_id = v.id and x.state = 'open') as appealed
    from taken t
    join visits v on v.id = t.visit_id
    left join lateral (
        select jsonb_object_agg(code, cents) as payers
        from (
            select g.code, sum(s.cents) as cents
            from settled_entries s
            join ledger_entries e on e.district_id = s.district_id and e.id = s.entry_id
            join programs g on g.id = e.program_id
            where s.district_id = :district and s.visit_id = t.visit_id
              and s.statement_id is not distinct from :statement  -- found by its visit, not by the whole statement
            group by g.code
        ) by_program
    ) w on true
    left join lateral (
        select sum(allowance_cents + self_pay_cents) as charged_cents, sum(contract_cents) as contract_cents
        from statement_lines
        where district_id = :district and visit_id = t.visit_id and statement_id <> :statement
    ) b on true
    left join lateral (
        select given, whole from partial_visits where visit_id = t.visit_id order by id desc limit 1
    ) q on true
    left join lateral (
        select
            floor(min(extract(epoch from coalesce(m.finished_at, a.finished_at) - coalesce(m.started_at, a.started_at)))
                / 60)::int as minutes,
            bool_or(coalesce(m.finished_at, m.started_at) is not null) as corrected
        from attendances a
        left join lateral (
            select max(after) filter (where field = 'started_at') as started_at,
                max(after) filter (where field = 'finished_at') as finished_at
            from (
                select distinct on (field) field, after from corrections
                where district_id = :district and visit_id = t.visit_id and attendance_id = a.id
                order by field, id desc
            ) latest
        ) m on true
        where a.visit_id = t.visit_id and a.state not in ('declined', 'withdrawn')
    ) h on true
    order by served_at, v.id
""")

MISSING: Final = text("""
    with those as materialized (
        select v.id
        from visits v
        where v.district_id = :district and v.provider_id = :provider and v.opens >= :first and v.opens < :last
          and v.price_cents > 0
          and (
            v.state in ('published', 'under_way', 'done', 'held')
            or v.state = 'not_delivered'
              and exists (select from visit_flaws f where f.visit_id = v.id and f.resolution like 'rejected:%')
          )
        union all
        select v.id
        from elders p join visits v on v.elder_id = p.id and v.opens >= :first and v.opens < :last
        where p.district_id = :district and p.ended_at <= coalesce(v.starts_at, v.opens)
          and v.provider_id = :provider and v.price_cents > 0 and v.state = 'verified'
    )
    select v.id, v.division_code, coalesce(v.starts_at, v.opens) as served_at, v.price_cents as cents, v.state,
        v.reason,
        exists (select from appeals x where x.visit_id = v.id and x.state = 'open') as appealed
    from those join visits v on v.id = those.id
    order by served_at, v.id
""")

MISSED: Final = text("""
    select count(*) from visits
    where district_id = :district and provider_id = :provider and opens >= :first and opens < :last
      and state = 'not_delivered' and reason in ('missed', 'nobody was sent')
""")


def draw(session: Session, provider_id: int, month: date, *, by: str, now: datetime) -> Statement:
    """Draw up a provider's month from the ledger as it is now; one that is no draft any more is left as it is."""
    session.execute(select(func.pg_advisory_xact_lock(LOCK, provider_id)))
    statement = _statement(session, provider_id, month)
    if statement.state is not StatementState.DRAFT:
        return statement
    told = _forget(session, statement)
    asked = {"district": statement.district_id, "provider": provider_id, "month": month, "statement": statement.id}
    session.execute(TAKE, asked)
    terms = terms_of(session, provider_id)
    served = list(_store_lines(session, statement, terms, session.execute(VISITS, asked).all()))
    first, last = calendar.month_bounds(month)
    asked |= {"first": first, "last": last}
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
    return Terms(row.id, prices, least, row.sampling_percent, row.answer_days, row.deductions)


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
        worth = charged_all
        if holding is not None and charged_all > 0:
            worth = holding.worth(visit.item_code, visit.planned_minutes, charged_all, visit.given, visit.whole)
        contract = worth - (visit.contract_before or 0)
        if not charged and not contract and visit.charged_before is None:
            continue  # captured and given back before anybody was paid
        number += 1
        kind = LineKind.LATE if visit.month < statement.month else LineKind.SERVICE
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
        if kind is not LineKind.CORRECTION:
            least = holding.least_minutes.get(visit.item_code) if holding else None
            yield Served(
                visit.id, contract, visit.minutes, visit.least_minutes if least is None else least, visit.corrected,
                visit.appealed,
            )  # fmt: skip
        if len(rows) == CHUNK:
            add_rows(session, StatementLine, rows)
            rows = []
    add_rows(session, StatementLine, rows)


def _why(visit: Any) -> Withheld:
    if visit.appealed:
        return Withheld.APPEALED
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
    session.add_all(
        StatementDeduction(
            district_id=statement.district_id, provider_id=statement.provider_id, statement_id=statement.id,
            rule=taken.rule, counted=taken.counted, whole=taken.of, basis_cents=taken.basis_cents, cents=taken.cents,
            said=dict(taken.said),
        )
        for taken in deductions(figures, terms.deductions if terms else ())
    )  # fmt: skip
    session.flush()


def _sample(session: Session, statement: Statement, terms: Terms | None, told: Mapping[int, StatementSample]) -> None:
    lines = session.execute(
        select(StatementLine.visit_id, StatementLine.division_code).where(
            StatementLine.statement_id == statement.id, StatementLine.kind != LineKind.CORRECTION
        )
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
