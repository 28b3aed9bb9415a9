"""What is run over a month of money beside the turn: statements of providers, a batch of an allowance; set up and run.

    equip(); settle(month); pay(month)

Everything is called as the worker calls it; two supervisors sign what two must sign.
"""

from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.rules import Role
from app.allowances import actions as allowances
from app.allowances import drafting
from app.allowances.rules import AllowanceKind, Band, Terms
from app.allowances.tables import PayoutBatch, PayoutLine
from app.db import transaction
from app.people.tables import Contract, Provider
from app.settlement import actions as settlement
from app.settlement import running
from app.settlement.rules import Event, StatementState
from app.settlement.tables import ContractTerms, Statement
from app.vault import seal
from bench.money.city import ITEMS, SINCE
from tests.cast import DISTRICT, a_user

DEDUCTIONS: Final = (
    {"rule": "short_visits", "percent": 20, "cap_percent": 3},
    {"rule": "missed_visits", "percent": 1, "above_percent": 2},
)
BANDS: Final = (  # ages of the city are spread over 70 to 99: half are due something
    Band(from_age=80, cents=10_000), Band(from_age=90, cents=20_000), Band(from_age=100, cents=50_000),
)  # fmt: skip

AGES = text(
    """
    update elders set born = date '1926-01-01' + (id * 7919 % 10957)::int,
        id_hash = md5('id' || id), id_unverified = null
    where district_id = :district
    """
)
CLAIMS = text(
    """
    insert into allowance_claims (district_id, division_code, elder_id, kind, applied_on, by, at)
    select district_id, division_code, id, :kind, date '2025-06-01' + (id % 300)::int, 'list', now() from elders
    where id % 20 <> 0 and born < date '1947-01-01'
    """
)
PAYEES = text(
    """
    insert into payees (district_id, division_code, elder_id, way, holder, bank, account, account_hash, current, by, at)
    select e.district_id, e.division_code, e.id, 'bank', e.name, '农村商业银行', :account, md5('account' || e.id), true,
        'list', now() from elders e where e.id % 50 <> 0
    """
)
PROOFS = text(
    """
    insert into proofs_of_life (district_id, division_code, elder_id, proven_on, way, by, at)
    select district_id, division_code, id, :day, 'home_visit', 'list', now() from elders
    where id % 12 = extract(month from cast(:day as date))::int % 12
    """
)


def equip() -> None:
    """Contracts in force with every provider; an allowance with its rule, applications, accounts and proofs."""
    now = calendar.month_bounds(SINCE)[0]
    with transaction() as session:
        one, other = (a_user(session, Role.SUPERVISOR) for _ in range(2))
        for provider_id in session.scalars(select(Provider.id)).all():
            contract = Contract(
                district_id=DISTRICT, provider_id=provider_id, number=f"2025-{provider_id}", areas=[str(DISTRICT)],
                aids=[], starts=SINCE, ends=date(2027, 12, 31), terms={},
            )  # fmt: skip
            session.add(contract)
            session.flush()
            session.add(
                ContractTerms(
                    district_id=DISTRICT, provider_id=provider_id, contract_id=contract.id, version=1, starts=SINCE,
                    state="in_force", ends=None, deductions=[dict(rule) for rule in DEDUCTIONS], sampling_percent=5,
                    prices=[{"item": code, "unit": "visit", "cents": cents} for code, _, _, cents, _ in ITEMS],
                    least_minutes={}, made_by="bench", made_at=now, checked_by_id=one.id, approved_by_id=other.id,
                )
            )  # fmt: skip
        session.execute(AGES, {"district": DISTRICT})
        rule = allowances.draft_rule(
            session, district_id=DISTRICT, kind=AllowanceKind.OLD_AGE, area=str(DISTRICT), starts=SINCE,
            terms=Terms(bands=BANDS, back_months=3, proof_months=12), note="bench", by="one", now=now,
        )  # fmt: skip
        allowances.approve_rule(session, rule.id, by="other", now=now)
        session.execute(CLAIMS, {"kind": AllowanceKind.OLD_AGE})
        session.execute(PAYEES, {"account": seal("6228480000000000000")})
        for n in range(12):  # the year before: a twelfth of the elders was seen in each month
            session.execute(PROOFS, {"day": date(2025, 1 + n, 15)})


def supervisors(session: Session) -> list[Caller]:
    """Both of them."""
    rows = session.execute(
        text("select id, login, name from users where role = 'supervisor' and district_id = :d order by id"),
        {"d": DISTRICT},
    )
    return [
        Caller(row.id, row.login, row.name, Role.SUPERVISOR, DISTRICT, "", str(DISTRICT), None, None, "")
        for row in rows
    ]  # fmt: skip


def settle(month: date) -> int:
    """The statements of a month that is over, as the job draws them up. Answers how many visits are in them."""
    return running.run(DISTRICT, month, by="bench", since=_after(month))


def issue(month: date) -> int:
    """Each statement is shown to its provider, its check sum taken. Answers how many."""
    with transaction() as session:
        ids = session.scalars(
            select(Statement.id).where(Statement.month == month, Statement.state == StatementState.DRAFT)
        ).all()
        me = supervisors(session)[0]
    for number in ids:
        with transaction() as session:
            settlement.move(session, number, Event.ISSUE, me=me, now=_after(month))
    return len(ids)


def pay(month: date) -> int:
    """The batch of a month, drafted by the worker, signed by two and given to the bank. Answers how many lines."""
    now = _after(month)
    with transaction() as session:
        session.execute(PROOFS, {"day": month.replace(day=15)})
        batch, job = allowances.open_batch(
            session, district_id=DISTRICT, kind=AllowanceKind.OLD_AGE, month=month, by="clerk", now=now
        )
    drafting.carry_out(job.id)
    with transaction() as session:
        allowances.check(session, batch.id, by="clerk", now=now)
        for who in ("one", "other"):
            allowances.approve(session, batch.id, by=who, now=now)
        allowances.issue(session, batch.id, by="one", now=now)
    with transaction() as session:
        assert session.get_one(PayoutBatch, batch.id).issued_at is not None
        return len(session.scalars(select(PayoutLine.id).where(PayoutLine.batch_id == batch.id)).all())


def _after(month: date) -> datetime:
    return calendar.month_bounds(month)[1] + timedelta(hours=3)
