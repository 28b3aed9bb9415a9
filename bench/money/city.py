"""A city that lives on purchased service: elders, providers, and month after month visits paid to the cent.

    build(SIZES["S"]); turn(date(2026, 1, 1)); fill(owner, date(2026, 1, 1), seed=1)

`turn` is the platform's own run over a month. `fill` writes a month of visits that are over as an import would, by SQL:
97.5 in a hundred verified, their money reserved and captured from the voucher first and the district's allowance next,
the rest self-paid; the others not delivered and released. What the ledger then says, `yinling ledger verify` proves.
History, door events and tasks are left out; attendances are there.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import AidCategory, PriceUnit
from app.db import transaction
from app.funding import month_runs, programs
from app.funding.terms import ProgramKind
from app.people.rules import AbilityLevel
from app.vault import seal
from bench.alarms.city import GIVEN, SURNAMES
from tests.cast import CENTRE, DISTRICT, a_caregiver, a_division, a_home, a_provider, an_elder, an_item

SINCE: Final = date(2025, 1, 1)
SLOTS, WORKDAYS = 7, 22  # visits a caregiver's day, days a month
ITEMS: Final = (  # code, aid, minutes, cents a visit, of ten bookings
    ("CLEAN", AidCategory.CLEANING, 75, 5000, 4), ("BATH", AidCategory.BATHING, 60, 10000, 1),
    ("MEAL", AidCategory.MEAL, 60, 3000, 2), ("CHECK", AidCategory.MEDICAL, 25, 2500, 2),
    ("ERRAND", AidCategory.MOBILITY, 30, 1500, 1),
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """Elders on purchased service, communities, providers (domain.md 4.1)."""

    elders: int
    communities: int
    providers: int

    @property
    def caregivers(self) -> int:
        """Of each provider: as many as the visits of a month need."""
        return -(-self.elders * 13 // (2 * SLOTS * WORKDAYS * self.providers)) + 1


SIZES: Final = {"S": Size(414, 104, 2), "M": Size(5_000, 200, 8), "L": Size(20_000, 500, 25)}

HOMES = text(
    """
    insert into homes (district_id, division_code, estate, address, place, floor, lift)
    select h.district_id, c.codes[1 + n % array_length(c.codes, 1)], h.estate, h.address, h.place, 1 + n % 6, false
    from homes h, generate_series(2, cast(:count as int)) n,
        (select array_agg(code order by code) as codes from divisions where level = 'community') c
    where h.id = :home
    """
)
ELDERS = text(
    """
    insert into elders (district_id, division_code, home_id, name, pinyin, sex, born, level, register, categories,
        health, wishes, id_unverified)
    select h.district_id, h.division_code, h.id,
        substr(:surnames, 1 + (h.id % length(:surnames))::int, 1) || (cast(:given as text[]))[1 + h.id % :givens],
        e.pinyin, e.sex, e.born + (h.id % 5000)::int,
        case when h.id % 100 < 25 then 'intact' when h.id % 100 < 55 then 'mild' when h.id % 100 < 82 then 'moderate'
            when h.id % 100 < 95 then 'severe' else 'total' end,
        e.register, e.categories, e.health, e.wishes, 'pending'
    from homes h, elders e where e.id = :elder and h.id <> e.home_id and not exists (
        select 1 from elders other where other.home_id = h.id)
    """
)
CONTACTS = text(
    """
    insert into contacts (district_id, division_code, elder_id, rank, name, relation, phone, phone_hash, is_emergency,
        has_key, minutes_away)
    select e.district_id, e.division_code, e.id, 1, '周慧', 'daughter', :phone, 'nobody', true, true, 10 from elders e
    """
)
LISTS = text(
    """
    insert into program_enrolments (district_id, division_code, elder_id, program_id, starts, decision, by, at)
    select district_id, division_code, id, :program, :since, 'list 1', 'import', now() from elders
    where level in ('moderate', 'severe', 'total') and id % 3 = 0
    """
)

DRAWN = """
create temp table drawn as
with wished as (
  select e.id as elder_id, e.division_code, e.home_id, j,
    p.ids[1 + e.id % array_length(p.ids, 1)] as provider_id, 1 + (e.id % array_length(p.ids, 1))::int as p,
    i.items[1 + ((e.id * 7 + j * 3 + :seed) % array_length(i.items, 1))::int] as item_id,
    hashint8extended(e.id * 100 + j, :seed) as chance
  from elders e
  cross join lateral generate_series(1, case when level in ('severe', 'total') then 8 when level = 'moderate'
    then 6 + (e.id % 2)::int else 5 end) j
  cross join (select array_agg(id order by id) as ids from providers where district_id = :district) p
  cross join (select array_agg(s.id order by s.id, n) as items from service_items s
    join (values {weights}) w (code, times) on w.code = s.code, generate_series(1, w.times) n) i
  where e.district_id = :district and e.register = 'purchased_service' and e.ended_at is null
),
queued as (
  select *, row_number() over (partition by provider_id order by j, elder_id) - 1 as k from wished
),
sent as (
  select q.*, c.ids[1 + q.k % array_length(c.ids, 1)] as caregiver_id, q.k / array_length(c.ids, 1) as slot
  from queued q
  join (select provider_id, array_agg(id order by id) as ids from caregivers group by 1) c using (provider_id)
)
select nextval(pg_get_serial_sequence('orders', 'id')) as order_id,
  nextval(pg_get_serial_sequence('visits', 'id')) as visit_id, s.elder_id, s.division_code, s.home_id, s.provider_id,
  s.caregiver_id, s.item_id, i.code, i.aid, (i.minutes->>'default')::int as minutes, i.needs, pr.cents as price,
  abs(s.chance % 1000) < 25 as lost,
  cast(:begins as timestamptz) + interval '1 day' * (s.slot / {slots} * 28 / {days}) + interval '8 hours'
    + interval '80 minutes' * (s.slot % {slots}) as starts_at
from sent s join service_items i on i.id = s.item_id join prices pr on pr.item_id = i.id
order by starts_at, s.elder_id
"""
PAID = """
create temp table paid as
with running as (
  select d.*, v.id as voucher, coalesce(v.free_cents, 0) as voucher_free, a.id as allowance,
    coalesce(a.free_cents, 0) as allowance_free, (d.price + 1) / 2 as half,
    sum((d.price + 1) / 2) over w as halves
  from drawn d
  left join entitlements v on v.elder_id = d.elder_id and v.month = :month and v.program_id = :voucher
  left join entitlements a on a.elder_id = d.elder_id and a.month = :month and a.program_id = :allowance
  window w as (partition by d.elder_id order by d.visit_id)
),
first as (
  select *, (least(voucher_free, halves) - least(voucher_free, halves - half))::int as by_voucher from running
),
rest as (
  select *, sum(price - by_voucher) over (partition by elder_id order by visit_id) as rests from first
)
select *, (least(allowance_free, rests) - least(allowance_free, rests - (price - by_voucher)))::int as by_allowance
from rest
"""
ORDERS = """
insert into orders (id, district_id, division_code, elder_id, home_id, item_id, state, channel, payer, approval,
  price_cents, allowance_cents, self_pay_cents, received_at, received_by, visits_open, visits_tried, version)
overriding system value
select order_id, :district, division_code, elder_id, home_id, item_id, 'closed', 'hotline', 'entitlement', 'none',
  price, by_voucher + by_allowance, price - by_voucher - by_allowance, starts_at - interval '2 days', 'import', 0, 1, 1
from paid order by order_id
"""
VISITS = """
insert into visits (id, district_id, division_code, order_id, elder_id, home_id, provider_id, item_id, item_code, aid,
  state, minutes, least_minutes, needs, caregivers_needed, same_sex, opens, closes, starts_at, priority, price_cents,
  allowance_cents, self_pay_cents, reason, version)
overriding system value
select visit_id, :district, division_code, order_id, elder_id, home_id, provider_id, item_id, code, aid,
  case when lost then 'not_delivered' else 'verified' end, minutes, minutes * 9 / 10, needs, 1, false, starts_at,
  starts_at + interval '30 minutes', starts_at, 0, price, by_voucher + by_allowance, price - by_voucher - by_allowance,
  case when lost then 'no_one_home' end, 1
from paid order by visit_id
"""
ATTENDANCES = """
insert into attendances (district_id, division_code, provider_id, visit_id, caregiver_id, rank, state, starts_at,
  ends_at, urgent, arrived_at, started_at, finished_at, reason, version)
select :district, division_code, provider_id, visit_id, caregiver_id, 1, 'finished', starts_at,
  starts_at + interval '1 minute' * minutes, false, starts_at, case when not lost then starts_at end,
  case when not lost then starts_at + interval '1 minute' * minutes end, case when lost then 'no_one_home' end, 1
from paid order by visit_id
"""
ENTRIES = """
insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,
  program_id, entitlement_id, order_id, visit_id, provider_id, reason)
select :district, e.at, 'import', e.kind, e.source, e.target, e.cents, division_code, elder_id, :month, e.program,
  e.entitlement, order_id, visit_id, e.provider, case when e.kind = 'release' then 'no_one_home' end
from paid cross join lateral (values
  (1, starts_at - interval '2 days', 'reserve', 'free', 'reserved', by_voucher, :voucher, voucher, null::bigint),
  (1, starts_at - interval '2 days', 'reserve', 'free', 'reserved', by_allowance, :allowance, allowance, null),
  (2, starts_at + interval '80 minutes', case when lost then 'release' else 'capture' end, 'reserved',
    case when lost then 'free' else 'captured' end, by_voucher, :voucher, voucher, provider_id),
  (2, starts_at + interval '80 minutes', case when lost then 'release' else 'capture' end, 'reserved',
    case when lost then 'free' else 'captured' end, by_allowance, :allowance, allowance, provider_id),
  (3, starts_at + interval '80 minutes', 'capture', 'purse', 'owed',
    case when lost then 0 else price - by_voucher - by_allowance end, null, null, provider_id)
) e (step, at, kind, source, target, cents, program, entitlement, provider)
where e.cents > 0 order by e.step, visit_id
"""
BALANCES = """
update entitlements x set captured_cents = captured_cents + s.cents, free_cents = free_cents - s.cents
from (select id, sum(cents) as cents from (
  select voucher as id, by_voucher as cents from paid where not lost
  union all select allowance, by_allowance from paid where not lost) one where id is not null group by 1) s
where s.id = x.id and s.cents > 0
"""


def build(size: Size) -> None:
    """An empty, migrated database becomes a city; sealed fields are the same ciphertext in every row."""
    with transaction() as session:
        session.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
        for n in range(size.communities):
            code = f"{DISTRICT}{1 + n // 20:03d}{1 + n % 20:03d}"
            a_division(session, code)
        home = a_home(session, division_code=code, place=CENTRE)
        elder = an_elder(session, home=home)
        session.execute(HOMES, {"home": home.id, "count": size.elders})
        session.execute(ELDERS, {"elder": elder.id, "surnames": SURNAMES, "given": list(GIVEN), "givens": len(GIVEN)})
        session.execute(CONTACTS, {"phone": seal("13900000000")})
        for item, aid, minutes, cents, _ in ITEMS:
            an_item(
                session, item, cents=cents, aid=aid, minutes={"default": minutes}, unit=PriceUnit.VISIT, needs=[],
                caregivers={"default": 1}, tasks=[],
            )  # fmt: skip
        session.execute(text("update prices set starts = :since"), {"since": SINCE})
        for n in range(size.providers):
            provider = a_provider(session, name=f"居家养老服务中心 {n + 1}")
            for _ in range(size.caregivers):
                a_caregiver(session, provider=provider, skills=(), shifts=())
        _programs(session)
        month_of_lists = {"program": _program_id(session, "voucher"), "since": SINCE}
        session.execute(LISTS, month_of_lists)


def _programs(session: Session) -> None:
    levels = {
        AbilityLevel.INTACT: 20_000, AbilityLevel.MILD: 20_000, AbilityLevel.MODERATE: 26_000,
        AbilityLevel.SEVERE: 32_000,
    }  # fmt: skip
    programs.add_program(
        session, district_id=DISTRICT, code="district", name_zh="区级政府购买服务", name_en="District purchase",
        starts=SINCE, amounts=levels, rank=2,
    )  # fmt: skip
    programs.add_program(
        session, district_id=DISTRICT, code="voucher", name_zh="养老服务消费补贴", name_en="National voucher",
        kind=ProgramKind.VOUCHER, starts=SINCE, rank=1, share_percent=50, enrolled=True,
        amounts=dict.fromkeys((AbilityLevel.MODERATE, AbilityLevel.SEVERE, AbilityLevel.TOTAL), 10_000),
    )  # fmt: skip


def _program_id(session: Session | Connection, code: str) -> int:
    found = text("select id from programs where code = :code and district_id = :district")
    return int(session.scalar(found, {"code": code, "district": DISTRICT}))


def turn(month: date) -> datetime:
    """The run at the first minute of a month: grants, next month's in advance, and what is over expires."""
    now = calendar.month_bounds(month)[0] + timedelta(minutes=1)
    month_runs.keep_up(now=now)
    return now


def fill(owner: Engine, month: date, *, seed: int = 1) -> int:
    """A month of visits that are over; its entitlements must be there. Answers how many."""
    weights = ", ".join(f"('{code}', {times})" for code, _, _, _, times in ITEMS)
    with owner.begin() as connection:
        connection.exec_driver_sql("set local session_replication_role = replica")  # as an import: no key is looked up
        connection.exec_driver_sql("set local work_mem = '64MB'")
        known = {
            "district": DISTRICT, "seed": seed, "month": month, "begins": calendar.month_bounds(month)[0],
            "voucher": _program_id(connection, "voucher"), "allowance": _program_id(connection, "district"),
        }  # fmt: skip
        connection.execute(text(DRAWN.format(weights=weights, slots=SLOTS, days=WORKDAYS)), known)
        connection.exec_driver_sql("analyze drawn")
        for statement in (PAID, ORDERS, VISITS, ATTENDANCES, ENTRIES, BALANCES):
            connection.execute(text(statement), known)
        count = connection.scalar(text("select count(*) from paid")) or 0
        connection.exec_driver_sql("drop table drawn, paid")
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("analyze")
    return int(count)
