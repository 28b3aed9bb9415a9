"""What a month is asked for clues: one statement for each rule, over all of a district."""

from typing import Final

from sqlalchemy import text

from app.settlement.taking import GIVEN

SERVED: Final = "v.district_id = :district and v.given = 'home' and v.item_code <> 'URGENT'"

# R10: of an elder with a provider, and of the provider as a whole.
BURSTS: Final = text(f"""
    select v.provider_id, v.elder_id, count(*) as visits, count(*) filter (where v.opens >= :tail) as late
    from visits v
    where {SERVED} and v.provider_id is not null and v.opens >= :first and v.opens < :last
      and v.state in ('verified', 'held', 'done')
    group by grouping sets ((v.provider_id, v.elder_id), (v.provider_id))
    having count(*) >= :least and count(*) filter (where v.opens >= :tail) * 100 > :percent * count(*)
    order by v.provider_id, v.elder_id
""")

# Whoever the provider visited this month or the last, and is still on the register at its end.
FEW: Final = text(f"""
    with those as materialized (
        select distinct v.elder_id
        from visits v
        where {SERVED} and v.provider_id = :provider and v.opens >= :before and v.opens < :last
          and v.state <> 'cancelled'
    ), counted as materialized (
        select v.elder_id, v.id as visit_id, v.state, v.price_cents
        from visits v join those on those.elder_id = v.elder_id
        where {SERVED} and v.provider_id = :provider and v.opens >= :first and v.opens < :last
    )
    select e.id as elder_id, e.division_code,
        count(*) filter (where t.state = 'verified' and h.minutes >= :minutes) as given,
        count(*) filter (where t.state = 'verified' and coalesce(h.minutes, 0) < :minutes) as short,
        count(*) filter (where t.state = 'not_delivered') as not_delivered,
        count(*) filter (where t.state = 'cancelled') as cancelled,
        count(*) filter (where t.state in ('held', 'done', 'under_way', 'published')) as waiting,
        coalesce(sum(t.price_cents) filter (where t.state = 'verified'), 0) as paid_cents,
        (
            select coalesce(sum(least(coalesce(l.ends, :until), :until) - greatest(l.starts, :month) + 1), 0)
            from life_events l
            where l.elder_id = e.id and l.undone_at is null and l.kind in ('hospital', 'institution')
              and l.starts <= :until and coalesce(l.ends, :until) >= :month
        ) as away_days
    from those
    join elders e on e.id = those.elder_id and (e.ended_at is null or e.ended_at >= :last)
    left join counted t on t.elder_id = e.id
    left join lateral (
        {GIVEN}
    ) h on t.state = 'verified'
    group by e.id, e.division_code
    having count(*) filter (where t.state = 'verified' and h.minutes >= :minutes) < :visits
    order by e.id
""")

# R5: as the phones reported it, for what a person corrected says nothing of where she cut it off.
EXACT: Final = text(f"""
    with stays as materialized (
        select v.provider_id, a.caregiver_id, v.least_minutes,
            extract(epoch from a.finished_at - a.started_at) / 60 - v.least_minutes as beyond
        from visits v join attendances a on a.visit_id = v.id and a.state = 'finished'
        where {SERVED} and v.provider_id is not null and v.opens >= :first and v.opens < :last
          and v.state in ('verified', 'held', 'done') and v.least_minutes > 0
          and a.started_at is not null and a.finished_at is not null
    )
    select provider_id, caregiver_id, count(*) as visits, count(*) filter (where abs(beyond) <= :within) as exact
    from stays
    group by provider_id, caregiver_id
    having count(*) >= :least and count(*) filter (where abs(beyond) <= :within) * 100 >= :percent * count(*)
    order by provider_id, caregiver_id
""")

# R6: distance from the home and accuracy stand for the place, which is sealed.
REPEATED: Final = text(f"""
    with places as materialized (
        select v.provider_id, e.caregiver_id, v.home_id, e.distance_m, e.accuracy_m, count(distinct v.id) as visits
        from visit_events e join visits v on v.id = e.visit_id
        where {SERVED} and v.provider_id is not null and v.opens >= :first and v.opens < :last
          and e.district_id = :district and e.kind in ('start', 'finish') and e.distance_m is not null
        group by v.provider_id, e.caregiver_id, v.home_id, e.distance_m, e.accuracy_m
        having count(distinct v.id) >= :least
    )
    select provider_id, caregiver_id, max(visits) as visits, count(distinct home_id) as homes
    from places
    group by provider_id, caregiver_id
    order by provider_id, caregiver_id
""")

# R11: together often, and never once has anybody asked the elder about it.
PAIRS: Final = text(f"""
    select v.provider_id, v.elder_id, a.caregiver_id, e.division_code, count(*) as visits
    from visits v
    join attendances a on a.visit_id = v.id and a.state = 'finished'
    join elders e on e.id = v.elder_id
    where {SERVED} and v.provider_id is not null and v.opens >= :since and v.opens < :last and v.state = 'verified'
    group by v.provider_id, v.elder_id, a.caregiver_id, e.division_code
    having count(*) >= :least and not exists (
        select from statement_samples s
        join visits w on w.id = s.visit_id and w.elder_id = v.elder_id
        join attendances b on b.visit_id = w.id and b.caregiver_id = a.caregiver_id
        where s.district_id = :district and s.state in ('confirmed', 'denied')
    )
    order by count(*) desc, v.elder_id, a.caregiver_id
    limit 200
""")
