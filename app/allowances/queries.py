"""Reading allowances: rules, batches with their sums, lines, coverage, proofs that are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import func, literal_column, select, text
from sqlalchemy.orm import Session

from app.allowances.rules import (
    AllowanceKind,
    BatchState,
    Hold,
    LineState,
    PayWay,
    RecoveryState,
    ReturnReason,
    Why,
)
from app.allowances.tables import AllowanceClaim, AllowanceRule, Payee, PayoutBatch, PayoutLine, ProofOfLife, Recovery
from app.errors import NotFound
from app.people.tables import Elder

PAGE: Final = 200


def rule(session: Session, rule_id: int, *, lock: bool = False) -> AllowanceRule:
    """The rule; raises NotFound."""
    found = session.get(AllowanceRule, rule_id, with_for_update=lock)
    if found is None:
        raise NotFound("There is no such rule.")
    return found


def all_rules(session: Session, district_id: int) -> Sequence[AllowanceRule]:
    """Every rule, the latest first."""
    return session.scalars(
        select(AllowanceRule)
        .where(AllowanceRule.district_id == district_id)
        .order_by(AllowanceRule.kind, AllowanceRule.area, AllowanceRule.starts.desc(), AllowanceRule.id.desc())
        .limit(PAGE)
    ).all()


def batch(session: Session, batch_id: int, *, lock: bool = False) -> PayoutBatch:
    """The batch; raises NotFound."""
    found = session.get(PayoutBatch, batch_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such batch.")
    return found


def of_month(session: Session, district_id: int, kind: AllowanceKind, month: date) -> PayoutBatch | None:
    """The batch of a month that was not dropped."""
    return session.scalar(
        select(PayoutBatch).where(
            PayoutBatch.district_id == district_id, PayoutBatch.kind == kind, PayoutBatch.month == month,
            PayoutBatch.state != BatchState.DROPPED,
        )
    )  # fmt: skip


def unfinished(session: Session, district_id: int, kind: AllowanceKind) -> date | None:
    """The month of a batch that is on its way to the bank."""
    over = (BatchState.ISSUED, BatchState.CLOSED, BatchState.DROPPED)
    return session.scalar(
        select(PayoutBatch.month).where(
            PayoutBatch.district_id == district_id, PayoutBatch.kind == kind, PayoutBatch.state.not_in(over)
        )
    )


@dataclass(frozen=True)
class Sums:
    """What a batch holds, in cents and elders."""

    listed: int = 0  # lines to be paid or paid
    listed_cents: int = 0
    back_cents: int = 0  # of them for earlier months
    held: int = 0
    held_cents: int = 0
    returned: int = 0  # waiting to be settled
    returned_cents: int = 0
    to_collect: int = 0  # cash nobody has signed for
    to_collect_cents: int = 0
    recoveries: int = 0
    recovery_cents: int = 0


def batches(session: Session, district_id: int) -> Sequence[tuple[PayoutBatch, Sums]]:
    """The last batches with their sums, the newest month first."""
    rows = session.scalars(
        select(PayoutBatch)
        .where(PayoutBatch.district_id == district_id)
        .order_by(PayoutBatch.month.desc(), PayoutBatch.kind, PayoutBatch.id.desc())
        .limit(60)
    ).all()
    told = sums(session, [row.id for row in rows])
    return [(row, told.get(row.id, Sums())) for row in rows]


def sums(session: Session, batch_ids: Sequence[int]) -> dict[int, Sums]:
    """By batch."""
    going = PayoutLine.state.in_((LineState.LISTED, LineState.TO_COLLECT, LineState.PAID))

    def count(condition: Any) -> Any:
        return func.count().filter(condition)

    def cents(condition: Any) -> Any:
        return func.coalesce(func.sum(PayoutLine.cents).filter(condition), 0)

    held, returned = PayoutLine.state == LineState.HELD, PayoutLine.state == LineState.RETURNED
    waiting = PayoutLine.state == LineState.TO_COLLECT
    rows = session.execute(
        select(
            PayoutLine.batch_id, count(going), cents(going), cents(going & (PayoutLine.why != Why.REGULAR)),
            count(held), cents(held), count(returned), cents(returned), count(waiting), cents(waiting),
        )
        .where(PayoutLine.batch_id.in_(batch_ids))
        .group_by(PayoutLine.batch_id)
    )  # fmt: skip
    back = {
        number: (count, total)
        for number, count, total in session.execute(
            select(Recovery.batch_id, func.count(), func.sum(Recovery.cents))
            .where(Recovery.batch_id.in_(batch_ids))
            .group_by(Recovery.batch_id)
        )
    }
    found = {number: tuple(int(n) for n in told) for number, *told in rows}
    return {
        number: Sums(*found.get(number, (0,) * 9), *(int(n) for n in back.get(number, (0, 0))))
        for number in {*found, *back}
    }


def unsettled(session: Session, batch_id: int) -> int:
    """Returned payments that nobody has settled, and cash nobody has signed for."""
    waiting = (LineState.RETURNED, LineState.TO_COLLECT)
    return session.scalar(
        select(func.count())
        .select_from(PayoutLine)
        .where(PayoutLine.batch_id == batch_id, PayoutLine.state.in_(waiting))
    ) or 0  # fmt: skip


def line(session: Session, line_id: int, *, lock: bool = False) -> PayoutLine:
    """The line; raises NotFound also when it is outside the caller's area."""
    found = session.get(PayoutLine, line_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such payment, or it is outside your area.")
    return found


@dataclass(frozen=True)
class LineRow:
    """A line as the page shows it; the account masked."""

    id: int
    elder_id: int
    elder: str
    born: date
    division_code: str
    month: date
    why: Why
    cents: int
    state: LineState
    hold: Hold | None
    returned_for: ReturnReason | None
    payee_id: int | None
    way: PayWay | None
    account: str | None  # sealed until now: mask it
    bank: str | None


def way_of(session: Session, row: PayoutLine) -> PayWay | None:
    """How a line reaches its elder."""
    return session.scalar(select(Payee.way).where(Payee.id == row.payee_id))


def lines(
    session: Session,
    batch_id: int,
    *,
    state: LineState | None = None,
    hold: Hold | None = None,
    why: Why | None = None,
    division: str = "",
    name: str = "",
    after: int = 0,
    limit: int = PAGE,
) -> Sequence[LineRow]:
    """Lines of a batch in the order they were made; each cursor is a line's number."""
    asked = (
        select(
            PayoutLine.id, PayoutLine.elder_id, Elder.name, Elder.born, PayoutLine.division_code, PayoutLine.month,
            PayoutLine.why, PayoutLine.cents, PayoutLine.state, PayoutLine.hold, PayoutLine.returned_for,
            PayoutLine.payee_id, Payee.way, Payee.account, Payee.bank,
        )
        .join(Elder, Elder.id == PayoutLine.elder_id)
        .outerjoin(Payee, Payee.id == PayoutLine.payee_id)
        .where(PayoutLine.batch_id == batch_id, PayoutLine.id > after)
        .order_by(PayoutLine.id)
        .limit(limit)
    )  # fmt: skip
    wanted = ((PayoutLine.state, state), (PayoutLine.hold, hold), (PayoutLine.why, why))
    for column, value in wanted:
        if value is not None:
            asked = asked.where(column == value)
    if division:
        asked = asked.where(PayoutLine.division_code.startswith(division, autoescape=True))
    if name:
        asked = asked.where(Elder.name == name)
    rows: Any = session.execute(asked)
    return [LineRow(*row) for row in rows]


@dataclass(frozen=True)
class Coverage:
    """应发尽发 of one street and month: how many are due, how many have it."""

    division: str
    name: str
    due: int
    due_cents: int
    paid: int
    paid_cents: int
    missed: dict[str, int]  # by reason


COVERED: Final = """
with best as (
  select distinct on (l.elder_id) l.elder_id, l.division_code, l.cents, l.state, l.hold
  from payout_lines l join payout_batches b on b.id = l.batch_id
  where b.district_id = :district and b.kind = :kind and b.state <> 'dropped' and l.month = :month
  order by l.elder_id, l.state <> 'paid', l.state <> 'listed', l.id desc
)
select rpad(left(best.division_code, 9), 12, '0') as street, coalesce(max(d.name), '') as name, count(*) as due,
  sum(cents)::bigint as due_cents, count(*) filter (where state = 'paid') as paid,
  coalesce(sum(cents) filter (where state = 'paid'), 0)::bigint as paid_cents,
  count(*) filter (where hold = 'not_applied') as not_applied, count(*) filter (where hold = 'duplicate') as duplicate,
  count(*) filter (where hold = 'proof_overdue') as proof_overdue,
  count(*) filter (where hold = 'no_account') as no_account,
  count(*) filter (where state = 'listed') as listed, count(*) filter (where state = 'to_collect') as to_collect,
  count(*) filter (where hold is null and state not in ('paid', 'listed', 'to_collect')) as returned
from best left join divisions d on d.code = rpad(left(best.division_code, 9), 12, '0')
group by street order by street"""
MISSED: Final = ("not_applied", "duplicate", "proof_overdue", "no_account", "listed", "to_collect", "returned")


def coverage(session: Session, district_id: int, kind: AllowanceKind, month: date) -> Sequence[Coverage]:
    """By street. What a later batch made good counts as paid; what only stands on a list nobody has issued does not."""
    rows = session.execute(text(COVERED), {"district": district_id, "kind": kind.value, "month": month})
    return [
        Coverage(
            r.street, r.name, r.due, r.due_cents, r.paid, r.paid_cents,
            {reason: getattr(r, reason) for reason in MISSED if getattr(r, reason)},
        )
        for r in rows
    ]  # fmt: skip


def recovery(session: Session, recovery_id: int, *, lock: bool = False) -> Recovery:
    """Money asked back; raises NotFound."""
    found = session.get(Recovery, recovery_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such recovery, or it is outside your area.")
    return found


def recoveries(session: Session, district_id: int) -> Sequence[tuple[Recovery, str]]:
    """Money asked back with the elder's name, open ones first."""
    rows = session.execute(
        select(Recovery, Elder.name)
        .join(Elder, Elder.id == Recovery.elder_id)
        .where(Recovery.district_id == district_id)
        .order_by(Recovery.state != RecoveryState.OPEN, Recovery.id.desc())
        .limit(PAGE)
    )
    return [(row, name) for row, name in rows]


def claim(session: Session, elder_id: int, kind: AllowanceKind) -> AllowanceClaim | None:
    """The live application."""
    return session.scalar(
        select(AllowanceClaim).where(
            AllowanceClaim.elder_id == elder_id, AllowanceClaim.kind == kind, AllowanceClaim.withdrawn_at.is_(None)
        )
    )


def claims_of(session: Session, elder_id: int) -> Sequence[AllowanceClaim]:
    """Every application of an elder, the newest first."""
    return session.scalars(
        select(AllowanceClaim).where(AllowanceClaim.elder_id == elder_id).order_by(AllowanceClaim.id.desc())
    ).all()


def payee_of(session: Session, elder_id: int) -> Payee | None:
    """The account that holds."""
    return session.scalar(select(Payee).where(Payee.elder_id == elder_id, Payee.current.is_(True)))


def proofs_of(session: Session, elder_id: int) -> Sequence[ProofOfLife]:
    """Every proof of an elder's life, the newest first."""
    return session.scalars(
        select(ProofOfLife)
        .where(ProofOfLife.elder_id == elder_id)
        .order_by(ProofOfLife.proven_on.desc(), ProofOfLife.id.desc())
    ).all()


def paid_to(session: Session, elder_id: int) -> Sequence[tuple[PayoutLine, AllowanceKind, datetime | None]]:
    """Every line of an elder with its allowance and the day it was issued, the newest first."""
    rows = session.execute(
        select(PayoutLine, PayoutBatch.kind, PayoutBatch.issued_at)
        .join(PayoutBatch, PayoutBatch.id == PayoutLine.batch_id)
        .where(PayoutLine.elder_id == elder_id, PayoutBatch.state != BatchState.DROPPED)
        .order_by(PayoutLine.id.desc())
        .limit(60)
    )
    return [(line, kind, at) for line, kind, at in rows]


@dataclass(frozen=True)
class ProofRow:
    """An elder whose proof of life ends soon or has ended."""

    elder_id: int
    elder: str
    division_code: str
    proven_on: date
    ends_on: date
    overdue: bool  # the payment is paused from this month on


PROOFS: Final = """
select * from (
  select e.id, e.name, e.division_code, p.proven_on,
    (p.proven_on + make_interval(months => p.months))::date as ends_on,
    date_trunc('month', p.proven_on + make_interval(months => p.months)) < date_trunc('month', cast(:day as date))
      as overdue
  from elders e
  join lateral (
    select greatest(max(c.applied_on), (select max(q.proven_on) from proofs_of_life q where q.elder_id = e.id))
        as proven_on, min((r.terms->>'proof_months')::int) as months
    from allowance_claims c
    join lateral (
      select terms from allowance_rules r where r.district_id = e.district_id and r.kind = c.kind
        and r.state = 'approved' and r.starts <= :day and starts_with(e.division_code, r.area)
      order by length(r.area) desc, r.starts desc limit 1
    ) r on r.terms->'proof_months' <> 'null'
    where c.elder_id = e.id and c.withdrawn_at is null
  ) p on p.months is not null
  where e.district_id = :district and e.ended_at is null
) told where ends_on <= cast(:until as date) order by ends_on, id limit :limit"""


def proofs_due(session: Session, district_id: int, *, day: date, until: date) -> Sequence[ProofRow]:
    """Recipients whose proof ends by a day, the longest overdue first."""
    rows = session.execute(text(PROOFS), {"district": district_id, "day": day, "until": until, "limit": PAGE})
    return [ProofRow(*row) for row in rows]


def shared_accounts(session: Session, batch_id: int) -> Sequence[tuple[str | None, int]]:
    """Accounts (by hash) that more than one elder of a batch is paid to, for whoever checks it."""
    rows = session.execute(
        select(Payee.account_hash, func.count(func.distinct(PayoutLine.elder_id)))
        .join(PayoutLine, PayoutLine.payee_id == Payee.id)
        .where(PayoutLine.batch_id == batch_id, Payee.account_hash.is_not(None))
        .group_by(Payee.account_hash)
        .having(func.count(func.distinct(PayoutLine.elder_id)) > 1)
        .order_by(literal_column("2").desc())
    )
    return [(found, count) for found, count in rows]
