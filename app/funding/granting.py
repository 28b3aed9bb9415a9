"""A month for thousands at once: one statement for each programme and slice of elders, by the rules `terms.judge` has.

`terms` says the same in Python for one elder with its reasons; a property test holds the two against each other.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.funding import programs
from app.funding.terms import in_order

CLOCK: Final = "clock"  # who grants and expires
ALL: Final = 2**62

DUE: Final = """
with t as materialized (select cast(:terms as jsonb) as t),
who as materialized (
  select e.id, e.division_code, r.starts as listed, r.ends as unlisted,
    case t.t->>'scale' when 'ltci' then r.level else e.level end as level,
    cast(extract(year from age(cast(:last as date), e.born)) as int) as age,
    e.ended_at is not null or exists (select from life_events l where l.elder_id = e.id and l.undone_at is null)
      as broken, e.ended_at
  from elders e cross join t
  left join lateral (
    select x.starts, x.ends, x.level from program_enrolments x where x.elder_id = e.id and x.program_id = :program
      and x.starts <= :last and (x.ends is null or x.ends >= :first) order by x.starts desc, x.id desc limit 1
  ) r on true
  where e.district_id = :district and e.id > :after and e.id <= :until
    and t.t->'registers' ? e.register
    and (t.t->'min_age' = 'null' or extract(year from age(cast(:last as date), e.born)) >= (t.t->>'min_age')::int)
    and (t.t->'max_age' = 'null' or extract(year from age(cast(:last as date), e.born)) <= (t.t->>'max_age')::int)
    and (t.t->'any_category' = '[]'
         or exists (select from jsonb_array_elements_text(t.t->'any_category') c where e.categories ? c))
    and not exists (select from jsonb_array_elements_text(t.t->'no_category') c where e.categories ? c)
    and (t.t->'divisions' = '[]'
         or exists (select from jsonb_array_elements_text(t.t->'divisions') d where starts_with(e.division_code, d)))
    and (not (t.t->>'enrolled')::bool or r.starts is not null)
    and not exists (
      select from entitlements x join programs p on p.id = x.program_id
      where x.elder_id = e.id and x.month = :first and x.granted_cents > 0 and t.t->'not_with' ? p.code)
),
told as (
  select who.*, cast(extract(day from cast(:last as date)) as int) as of_days,
    case when not broken and not (t.t->>'enrolled')::bool
      then cast(extract(day from cast(:last as date)) as int)
      else (select count(*)::int from generate_series(
          case when (t.t->>'enrolled')::bool then greatest(cast(:first as date), listed) else :first end,
          case when (t.t->>'enrolled')::bool then least(cast(:last as date), unlisted) else :last end,
          interval '1 day') d
        where not exists (
          select from life_events l where l.elder_id = who.id and l.undone_at is null and l.starts < d::date
            and (l.ends is null or d::date < l.ends)
            and (l.kind in ('death', 'moved_away') or t.t->'stopped_by' ? l.kind))
          and not (who.ended_at is not null and (who.ended_at at time zone :zone)::date < d::date and not exists (
            select from life_events l where l.elder_id = who.id and l.undone_at is null
              and l.kind in ('death', 'moved_away'))))
    end as days,
    case when level = 'total' and not t.t->'amounts' ? 'total' and not t.t->'cash' ? 'total' then 'severe'
      else level end as paid_as
  from who cross join t
),
sums as (
  select told.*, case when (t.t->>'pro_rata')::bool then days else of_days end as part,
    coalesce((t.t->'amounts'->>paid_as)::bigint, 0) as service, coalesce((t.t->'cash'->>paid_as)::bigint, 0) as money,
    coalesce(
      (select (b->>'cents')::int from jsonb_array_elements(t.t->'bands') b where (b->>'from_age')::int <= age
       order by (b->>'from_age')::int desc limit 1),
      (t.t->>'line_cap_cents')::int,
      case when t.t->'bands' <> '[]' then 0 end) as line_cap
  from told cross join t
),
due as materialized (
  select id as elder_id, division_code, level, line_cap,
    cast((2 * service * part + of_days) / (2 * of_days) as int) as cents,
    cast((2 * money * part + of_days) / (2 * of_days) as int) as cash
  from sums where days > 0 and service + money > 0
)"""

GRANT: Final = (
    DUE
    + """,
made as (
  insert into entitlements (district_id, division_code, elder_id, program_id, month, version_id, level, line_cap_cents,
    granted_cents, free_cents, reserved_cents, captured_cents, expired_cents, cash_cents)
  select :district, division_code, elder_id, :program, :first, :version, level, line_cap, cents + cash, cents, 0, 0, 0,
    cash from due where cents + cash > 0 order by elder_id
  on conflict do nothing returning *
),
booked as (
  insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,
    program_id, entitlement_id)
  select district_id, :now, :by, 'grant', 'budget', one.target, one.cents, division_code, elder_id, month,
    program_id, id
  from made cross join lateral (values ('free', free_cents), ('cash', cash_cents)) one (target, cents)
  where one.cents > 0 order by id
)
select count(*), coalesce(sum(granted_cents), 0) from made"""
)

MEND: Final = (
    DUE
    + """,
held as materialized (
  select x.* from entitlements x where x.district_id = :district and x.program_id = :program and x.month = :first
    and x.elder_id > :after and x.elder_id <= :until order by x.id for update skip locked
),
wrong as (
  select h.id, greatest(coalesce(d.cents, 0) - (h.granted_cents - h.cash_cents), -h.free_cents) as more,
    coalesce(d.cash, 0) - h.cash_cents as more_cash, d.level, d.line_cap, d.elder_id is not null as due
  from held h left join due d on d.elder_id = h.elder_id
),
mended as (
  update entitlements x set granted_cents = granted_cents + w.more + w.more_cash, free_cents = free_cents + w.more,
    cash_cents = cash_cents + w.more_cash, level = coalesce(w.level, x.level),
    version_id = case when w.due then :version else x.version_id end,
    line_cap_cents = case when w.due then w.line_cap else x.line_cap_cents end
  from wrong w where w.id = x.id and (w.more <> 0 or w.more_cash <> 0 or w.due and
    (x.level, x.version_id, x.line_cap_cents) is distinct from (w.level, :version, w.line_cap))
  returning x.*, w.more, w.more_cash
),
booked as (
  insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,
    program_id, entitlement_id, reason)
  select district_id, :now, :by, 'adjust', case when one.cents > 0 then 'budget' else one.account end,
    case when one.cents > 0 then one.account else 'budget' end, abs(one.cents), division_code, elder_id, month,
    program_id, id, :reason
  from mended cross join lateral (values ('free', more), ('cash', more_cash)) one (account, cents)
  where one.cents <> 0 order by id
)
select count(*) filter (where more <> 0 or more_cash <> 0), coalesce(sum(more + more_cash), 0) from mended"""
)

EXPIRE: Final = """
with due as materialized (
  select id, free_cents as cents from entitlements
  where month < :month and free_cents > 0 and id > :after and (:district = 0 or district_id = :district)
  order by id limit :slice for update skip locked
),
moved as (
  update entitlements x set free_cents = free_cents - due.cents, expired_cents = expired_cents + due.cents
  from due where due.id = x.id returning x.*, due.cents
),
booked as (
  insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,
    program_id, entitlement_id)
  select district_id, :now, :by, 'expire', 'free', 'expired', cents, division_code, elder_id, month, program_id, id
  from moved order by id
)
select count(*), coalesce(sum(cents), 0), coalesce(max(id), 0) from moved"""

OVERDUE: Final = """
select id from entitlements where month < :month and reserved_cents > 0 and id > :after
  and (:district = 0 or district_id = :district) order by id limit :slice for update skip locked"""

RELEASE: Final = """
with held as (
  select district_id, entitlement_id, visit_id, order_id, max(division_code) as division_code,
    max(elder_id) as elder_id, max(month) as month, max(program_id) as program_id,
    sum(case when target = 'reserved' then cents when source = 'reserved' then -cents else 0 end) as cents
  from ledger_entries where entitlement_id = any(:ids) group by 1, 2, 3, 4
),
moved as (
  update entitlements x set reserved_cents = reserved_cents - s.cents, free_cents = free_cents + s.cents
  from (select entitlement_id, sum(cents) as cents from held where cents > 0 group by 1) s where s.entitlement_id = x.id
)
insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,
  program_id, entitlement_id, order_id, visit_id, reason)
select district_id, :now, :by, 'release', 'reserved', 'free', cents, division_code, elder_id, month, program_id,
  entitlement_id, order_id, visit_id, 'the days of grace are over' from held where cents > 0"""


@dataclass(frozen=True)
class Count:
    """How many entitlements were touched, and by how many cents."""

    rows: int = 0
    cents: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.rows + other.rows, self.cents + other.cents)


def follow(
    session: Session, district_id: int, month: date, *, after: int = 0, until: int = ALL, by: str = CLOCK,
    now: datetime, mended_for: str | None = None,
) -> tuple[Count, Count]:  # fmt: skip
    """What elders numbered after..until are due in a month and do not have yet; answers what was granted and mended.

    With a reason to mend for, and only in a month that has not begun, what was granted in advance follows what has
    changed since: levels, rules, lists, events; never below nothing. One programme after the other, those first that
    exclude others. Harmless when repeated.
    """
    known = {one.code: one for one in programs.in_force(session, district_id, month)}
    told: dict[str, Any] = {
        "district": district_id, "first": month, "last": calendar.next_month(month) - timedelta(days=1),
        "after": after, "until": until, "zone": settings().timezone, "by": by, "now": now, "reason": mended_for,
    }  # fmt: skip
    granted, mended = Count(), Count()
    if mended_for and month <= calendar.month_of(now):
        raise ValueError("a month that has begun was promised")
    for code in in_order({code: one.terms for code, one in known.items()}):
        one = known[code]
        said = {"terms": one.terms.model_dump_json(), "program": one.program_id, "version": one.version_id}
        if mended_for:
            mended += _count(session, MEND, told | said)
        granted += _count(session, GRANT, told | said)
    return granted, mended


def _count(session: Session, statement: str, told: dict[str, Any]) -> Count:
    row = session.execute(text(statement), told).one()
    return Count(row[0], int(row[1]))


def expire(
    session: Session, *, now: datetime, after: int = 0, slice_: int = ALL, district_id: int = 0
) -> tuple[Count, int]:
    """What is free of ended months, after an entitlement's number; answers also the last number dealt with."""
    told = {"month": calendar.month_of(now), "after": after, "slice": slice_, "district": district_id}
    row = session.execute(text(EXPIRE), told | {"now": now, "by": CLOCK}).one()
    return Count(row[0], int(row[1])), row[2]


def release(
    session: Session, *, now: datetime, grace_days: int, after: int = 0, slice_: int = ALL, district_id: int = 0
) -> int:
    """What is still reserved of months whose days of grace are over is free again, to expire; answers the last number.

    The rows are locked first and the ledger is read afterwards, so that no capture comes between.
    """
    month = calendar.month_of(now - timedelta(days=grace_days))
    told = {"month": month, "after": after, "slice": slice_, "district": district_id}
    ids = session.scalars(text(OVERDUE), told).all()
    if ids:
        session.execute(text(RELEASE), {"ids": ids, "now": now, "by": CLOCK})
    return max(ids, default=0)
