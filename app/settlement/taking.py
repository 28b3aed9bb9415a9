"""What a provider's month is made of, asked of the database: cents to take, visits behind them, visits left out.

A visit that costs nothing has no cent in the ledger: it is taken when it is verified, once, for the record and for what
the contract pays for it.
"""

from typing import Final

from sqlalchemy import text

from app.visits.rules import DOUBTS

# Minutes of the shortest stay at a visit `t.visit_id`, corrections laid over, and whether there were any.
GIVEN: Final = """select
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
    where a.visit_id = t.visit_id and a.state not in ('declined', 'withdrawn')"""
# Visits that verified themselves and are doubted since: nobody is paid for them before a person has looked.
LISTED: Final = ", ".join(f"'{flaw}'" for flaw in sorted(DOUBTS))
DOUBTED: Final = f"""doubted as materialized (
        select f.visit_id from visit_flaws f join visits v on v.id = f.visit_id and v.state = 'verified'
        where f.district_id = :district and f.resolved_at is null and f.flaw in ({LISTED})
    )"""

# What was just taken the planner knows nothing of: these go visit by visit through indexes, or they would be quadratic.
TAKE: Final = text(f"""
    with {DOUBTED}, earned as materialized (
        select e.id, e.visit_id, case e.kind when 'capture' then e.cents else -e.cents end as cents
        from ledger_entries e
        where e.district_id = :district and e.provider_id = :provider and e.kind in ('capture', 'refund')
          and e.month <= :month
          and not exists (select from settled_entries s where s.district_id = e.district_id and s.entry_id = e.id)
        union all
        select e.id, e.visit_id, case e.kind when 'fee' then e.cents else -e.cents end
        from ledger_entries e
        where e.district_id = :district and e.provider_id = :provider and e.kind in ('fee', 'waive')
          and e.month <= :month
          and not exists (select from settled_entries s where s.district_id = e.district_id and s.entry_id = e.id)
    )
    insert into settled_entries (district_id, entry_id, statement_id, visit_id, cents)
    select :district, e.id, :statement, e.visit_id, e.cents
    from earned e
    join visits v on v.id = e.visit_id
    join elders p on p.id = v.elder_id
    where (p.ended_at is null or p.ended_at > coalesce(v.starts_at, v.opens) or v.state <> 'verified')
      and e.visit_id not in (select visit_id from doubted)
    order by e.id
""")

VISITS: Final = text(f"""
    with {DOUBTED}, taken as materialized (
        select e.visit_id, min(e.month) as month,
            sum(s.cents) filter (where e.entitlement_id is not null) as allowance_cents,
            sum(s.cents) filter (where e.entitlement_id is null) as self_pay_cents,
            coalesce(sum(s.cents) filter (where e.kind in ('fee', 'waive')), 0) as fee_cents
        from settled_entries s join ledger_entries e on e.district_id = s.district_id and e.id = s.entry_id
        where s.district_id = :district and s.statement_id = :statement
        group by e.visit_id
        union all
        select v.id, date_trunc('month', v.opens at time zone :zone)::date, 0, 0, 0
        from visits v
        join elders p on p.id = v.elder_id
        left join lateral (
            select count(*) as lines, coalesce(sum(l.contract_cents), 0) as contract_cents from statement_lines l
            where l.district_id = v.district_id and l.visit_id = v.id and l.statement_id <> :statement
        ) b on true
        where v.district_id = :district and v.provider_id = :provider and v.price_cents = 0 and v.opens < :last
          and case when v.state = 'verified'
            then b.lines = 0 and v.id not in (select visit_id from doubted)
              and (p.ended_at is null or p.ended_at > coalesce(v.starts_at, v.opens))
            else b.contract_cents <> 0 end
    )
    select v.id, v.division_code, v.order_id, v.elder_id, v.item_code, v.state, v.minutes as planned_minutes,
        v.least_minutes, coalesce(v.starts_at, v.opens) as served_at, t.month,
        v.price_cents = 0 and v.state = 'verified' as free,
        coalesce(t.allowance_cents, 0) as allowance_cents, coalesce(t.self_pay_cents, 0) as self_pay_cents,
        t.fee_cents, coalesce(f.cents, 0) as fee_before,
        coalesce(w.payers, '{{}}') as payers, b.charged_cents as charged_before, b.contract_cents as contract_before,
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
        select sum(s.cents) as cents
        from settled_entries s join ledger_entries e on e.district_id = s.district_id and e.id = s.entry_id
        where s.district_id = :district and s.visit_id = t.visit_id and s.statement_id <> :statement
          and e.kind in ('fee', 'waive')
    ) f on true
    left join lateral (
        select given, whole from partial_visits where visit_id = t.visit_id order by id desc limit 1
    ) q on true
    left join lateral (
        {GIVEN}
    ) h on true
    order by served_at, v.id
""")

MISSING: Final = text(f"""
    with {DOUBTED}, those as materialized (
        select v.id
        from visits v
        where v.district_id = :district and v.provider_id = :provider and v.opens >= :first and v.opens < :last
          and (
            v.state in ('published', 'under_way', 'done', 'held')
            or v.state = 'not_delivered'
              and exists (select from visit_flaws f where f.visit_id = v.id and f.resolution like 'rejected:%')
          )
        union all
        select v.id
        from elders p join visits v on v.elder_id = p.id and v.opens >= :first and v.opens < :last
        where p.district_id = :district and p.ended_at is not null and p.ended_at <= coalesce(v.starts_at, v.opens)
          and v.provider_id = :provider and v.state = 'verified'
        union
        select v.id
        from doubted join visits v on v.id = doubted.visit_id
        where v.provider_id = :provider and v.opens >= :first and v.opens < :last
    )
    select v.id, v.division_code, coalesce(v.starts_at, v.opens) as served_at, v.price_cents as cents, v.state,
        v.reason, v.id in (select visit_id from doubted) as doubted,
        exists (select from appeals x where x.visit_id = v.id and x.state = 'open') as appealed
    from those join visits v on v.id = those.id
    order by served_at, v.id
""")

MISSED: Final = text("""
    select count(*) from visits
    where district_id = :district and provider_id = :provider and opens >= :first and opens < :last
      and state = 'not_delivered' and reason in ('missed', 'nobody was sent')
""")
