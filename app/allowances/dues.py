"""Who is due what, for a slice of elders and all months a batch looks back over, in one statement.

Each month is what its rule says less what was paid: a late application, a proof that came or a rule amended is
back-pay, a death told late is money to ask back, and drafting a batch twice gives the same lines.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from app import calendar
from app.allowances.rules import LONGEST_BACK, AllowanceKind, NoRuleHolds, RuleState, Terms
from app.allowances.tables import AllowanceRule, PayoutBatch
from app.config import settings

DUES: Final = """
with months as materialized (
  select d::date as month from generate_series(cast(:first as date), cast(:month as date), interval '1 month') d
),
people as materialized (
  select e.id as elder_id, e.division_code, e.born, e.level, e.categories,
    c.applied_on, c.resident_from, p.id as payee_id, p.way, stop.kind as stop_kind, stop.starts as stopped_on,
    greatest(c.applied_on, (select max(q.proven_on) from proofs_of_life q where q.elder_id = e.id)) as proven_on,
    c.id is not null and (
      exists (select from elders x
        where x.id_hash = e.id_hash and x.id <> e.id and x.ended_at is null
          and (select k.id from allowance_claims k where k.elder_id = x.id and k.kind = :kind
            and k.withdrawn_at is null and (k.applied_on, k.id) < (c.applied_on, c.id) limit 1) is not null)
      or exists (select from elders x
        where x.name = e.name and x.born = e.born and x.sex = e.sex and x.district_id = e.district_id and x.id <> e.id
          and (x.id_hash is null or e.id_hash is null) and x.ended_at is null
          and (select k.id from allowance_claims k where k.elder_id = x.id and k.kind = :kind
            and k.withdrawn_at is null and (k.applied_on, k.id) < (c.applied_on, c.id) limit 1) is not null)
    ) as double
  from elders e
  left join allowance_claims c on c.elder_id = e.id and c.kind = :kind and c.withdrawn_at is null
  left join payees p on p.elder_id = e.id and p.current
  left join lateral (
    select kind, starts from (
      select l.kind, l.starts from life_events l
        where l.elder_id = e.id and l.undone_at is null and l.kind in ('death', 'moved_away')
      union all
      select 'moved_away', (e.ended_at at time zone :zone)::date where e.ended_at is not null and not exists (
        select from life_events l
        where l.elder_id = e.id and l.undone_at is null and l.kind in ('death', 'moved_away'))
    ) told order by starts limit 1
  ) stop on true
  where e.district_id = :district and e.id > :after and e.id <= :until
    and (e.born < :born_before or exists (select from payout_lines l where l.elder_id = e.id))
),
chosen as materialized (
  select d.division_code, m.month, r.id as rule_id, r.terms
  from (select distinct division_code from people) d cross join months m
  cross join lateral (
    select r.id, r.terms from allowance_rules r
    where r.district_id = :district and r.kind = :kind and r.state = 'approved' and r.starts <= m.month
      and starts_with(d.division_code, r.area)
    order by length(r.area) desc, r.starts desc limit 1
  ) r
),
dues as materialized (
  select p.elder_id, p.division_code, c.month, c.rule_id, b.cents, p.payee_id, p.stop_kind,
    case
      when p.applied_on is null then 'not_applied'
      when p.double then 'duplicate'
      when c.terms->'proof_months' <> 'null' and date_trunc('month',
        p.proven_on + make_interval(months => (c.terms->>'proof_months')::int)) < c.month then 'proof_overdue'
      when p.payee_id is null or not coalesce(c.terms->'ways', '["bank"]') ? p.way then 'no_account'
    end as hold
  from people p join chosen c using (division_code)
  cross join lateral (
    select x.cents from jsonb_to_recordset(c.terms->'bands') x (from_age int, level text, cents int)
    where (x.level is null or x.level = p.level)
      and case c.terms->>'band_start'
        when 'birthday_month' then date_trunc('month', p.born + make_interval(years => x.from_age)) <= c.month
        else date_trunc('month', p.born + make_interval(years => x.from_age)) < c.month end
    order by x.from_age desc, x.cents desc limit 1
  ) b
  where b.cents > 0
    and (c.terms->'any_category' = '[]'
         or exists (select from jsonb_array_elements_text(c.terms->'any_category') one where p.categories ? one))
    and not exists (select from jsonb_array_elements_text(c.terms->'no_category') one where p.categories ? one)
    and (p.stop_kind is null or case c.terms->>('last_month_of_' || replace(p.stop_kind, 'moved_away', 'move'))
         when 'same_month' then date_trunc('month', p.stopped_on) >= c.month
         else date_trunc('month', p.stopped_on) > c.month end)
    and (p.resident_from is null or date_trunc('month', p.resident_from) <= c.month)
    and (p.applied_on is null
         or date_trunc('month', p.applied_on) - make_interval(months => (c.terms->>'back_months')::int) <= c.month)
),
settled as materialized (
  select l.elder_id, l.month,
    sum(l.cents) filter (where l.state in ('listed', 'to_collect', 'paid', 'returned', 'given_up')) as settled,
    sum(l.cents) filter (where l.state = 'paid') as given, bool_or(l.state = 'pay_again') as again
  from payout_lines l join payout_batches b on b.id = l.batch_id
  where b.kind = :kind and b.state <> 'dropped' and b.id <> :batch and l.elder_id in (select elder_id from people)
  group by l.elder_id, l.month
),
asked as materialized (
  select r.elder_id, r.month, coalesce(sum(r.cents) filter (where r.state = 'recovered'), 0) as recovered,
    coalesce(sum(r.cents) filter (where r.state <> 'recovered'), 0) as asked
  from payout_recoveries r
  where r.kind = :kind and r.batch_id <> :batch and r.elder_id in (select elder_id from people)
  group by r.elder_id, r.month
)"""

DRAFT: Final = (
    DUES
    + """,
lines as (
  insert into payout_lines
    (district_id, division_code, batch_id, elder_id, month, why, cents, rule_id, state, hold, payee_id)
  select :district, d.division_code, :batch, d.elder_id, d.month,
    case when s.again then 'again' when d.month < :month then 'back_pay' else 'regular' end,
    d.cents - coalesce(s.settled, 0) + coalesce(a.recovered, 0), d.rule_id,
    case when d.hold is null then 'listed' else 'held' end, d.hold, d.payee_id
  from dues d left join settled s using (elder_id, month) left join asked a using (elder_id, month)
  where d.cents > coalesce(s.settled, 0) - coalesce(a.recovered, 0) and (d.hold is null or d.month = :month)
  order by d.elder_id, d.month returning 1
),
back as (
  insert into payout_recoveries (district_id, division_code, batch_id, elder_id, kind, month, cents, why, state)
  select :district, p.division_code, :batch, p.elder_id, :kind, s.month,
    s.given - coalesce(d.cents, 0) - coalesce(a.recovered + a.asked, 0),
    case when h.hold is not null then 'duplicate' when d.elder_id is null and p.stop_kind is not null then p.stop_kind
      else 'less_due' end, 'open'
  from settled s join people p using (elder_id)
  left join dues h on h.elder_id = s.elder_id and h.month = s.month and h.hold = 'duplicate'
  left join dues d on d.elder_id = s.elder_id and d.month = s.month and d.hold is distinct from 'duplicate'
  left join asked a on a.elder_id = s.elder_id and a.month = s.month
  where s.month >= :first and s.given > coalesce(d.cents, 0) + coalesce(a.recovered + a.asked, 0)
  returning 1
)
select (select count(*) from lines), (select count(*) from back)"""
)


def question(session: Session, batch: PayoutBatch) -> dict[str, Any]:
    """What the statement is asked with, but for the slice; raises NoRuleHolds where no rule holds."""
    first, born_before = _window(session, batch.district_id, batch.kind, batch.month)
    return {
        "district": batch.district_id, "kind": batch.kind.value, "month": batch.month, "batch": batch.id,
        "first": first, "born_before": born_before, "zone": settings().timezone,
    }  # fmt: skip


def _window(session: Session, district_id: int, kind: AllowanceKind, month: date) -> tuple[date, date]:
    """The first month a batch looks back to, and the birthday before which somebody may be due anything."""
    rows = session.execute(
        select(AllowanceRule.starts, AllowanceRule.terms).where(
            AllowanceRule.district_id == district_id, AllowanceRule.kind == kind,
            AllowanceRule.state == RuleState.APPROVED, AllowanceRule.starts <= month,
        )
    ).all()  # fmt: skip
    if not rows:
        raise NoRuleHolds("No approved rule says what is paid in this month; add one and have it approved.")
    months = month.year * 12 + month.month - 1 - LONGEST_BACK
    youngest = min(band.from_age for _, terms in rows for band in Terms(**terms).bands)
    first = max(min(starts for starts, _ in rows), date(months // 12, months % 12 + 1, 1))
    return first, calendar.next_month(month.replace(year=month.year - youngest))


def draft(session: Session, asked: Mapping[str, Any], *, after: int, until: int) -> tuple[int, int]:
    """Lines and recoveries of the elders of a slice; answers how many of each."""
    slice_ = {**asked, "after": after, "until": until}
    session.execute(text("select set_config('enable_nestloop', 'off', true)"))  # months and elders are joined whole
    for table in ("payout_lines", "payout_recoveries"):
        session.execute(
            text(f"delete from {table} where batch_id = :batch and elder_id > :after and elder_id <= :until"), slice_
        )
    made = session.execute(text(DRAFT), slice_).one()
    return int(made[0]), int(made[1])
