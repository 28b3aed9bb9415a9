"""Care plans of most elders on purchased service, agreed some weeks ago; they make the orders of the days ahead."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import actions, holidays, recurring
from app.care_plans.actions import LineTerms
from app.care_plans.rules import OnHolidays, PauseReason
from app.care_plans.tables import CarePlan
from app.catalogue import queries as catalogue
from app.catalogue.rules import by_level, cost, price_on
from app.catalogue.tables import ServiceItem
from app.db import transaction
from app.funding import queries as funding
from app.orders.rules import Payer
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from app.simulate.bookings import WORKLOAD, Somebody, a_booking, items, people
from app.simulate.catalogue import ITEMS
from app.simulate.progress import Progress

BY: Final = "赵敏 (zhaomin)"
WITH_PLAN: Final = 0.8
DAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
OWN_CENTS: Final = (0, 0, 20_00, 50_00, 100_00)
TOO_MUCH: Final = 0.04  # of plans want more than the allowance and she pay for: somebody must look at them
AGENTS: Final = (("女儿", "女士"), ("儿子", "先生"))


def agree(rng: random.Random, district_id: int, *, now: datetime, tell: Progress) -> set[tuple[int, str]]:
    """Plans of most elders with their orders from today on; the answer is which elder has which item planned."""
    evening = calendar.day_bounds(calendar.day_of(now))[0] - timedelta(hours=8)
    with transaction() as session:
        holidays.load(session, now=now)
        who, codes = people(session, district_id), items(session, district_id)
        session.expunge_all()
    planned: set[tuple[int, str]] = set()
    chosen = [person for person in who if rng.random() < WITH_PLAN]
    for first in range(0, len(chosen), 20):
        with transaction() as session:
            for person in chosen[first : first + 20]:
                own = rng.choice(OWN_CENTS)
                lines = _lines(rng, person, codes, calendar.day_of(now))
                if rng.random() >= TOO_MUCH:
                    lines = _within(session, person.elder, codes, lines, own, now=now)
                if lines:
                    _sign(session, rng, person, lines, own, now=evening)
                    planned |= {(person.elder.id, line.item_code) for line in lines}
            session.info.pop("notices", None)
        tell("care plans", min(first + 20, len(chosen)), len(chosen))
    _away(rng, chosen, now=now)
    return planned


def _lines(rng: random.Random, person: Somebody, codes: Mapping[str, ServiceItem], today: date) -> list[LineTerms]:
    """What comes often enough at her level to be planned, on days of the week that are not all the same."""
    found = []
    for some in ITEMS:
        mean = some.a_month.get(AbilityLevel(person.elder.level), some.a_month.get(None, 0.0))
        if mean < 0.4 or (mean < 0.8 and rng.random() > mean):
            continue
        weekday = rng.choices(range(7), WORKLOAD)[0]
        starts = today - timedelta(days=35 + (today.weekday() - weekday) % 7 + rng.choice((0, 7)))
        if mean >= 1.6:
            rule = f"FREQ=WEEKLY;INTERVAL={1 if rng.random() < 0.15 else 2};BYDAY={DAYS[weekday]}"
        else:
            rule = f"FREQ=MONTHLY;BYDAY={rng.randint(1, 4)}{DAYS[weekday]}"
        booking = a_booking(rng, person, codes[some.code], some, starts)
        found.append(
            LineTerms(
                key=None, item_code=some.code, rule=rule, starts=starts, opens=calendar.local(booking.opens).time(),
                closes=calendar.local(booking.closes).time(), minutes=None, payer=Payer.ENTITLEMENT,
                holidays=rng.choice((OnHolidays.KEEP, OnHolidays.AFTER)),
            )
        )  # fmt: skip
    return found


def _within(
    session: Session, elder: Elder, codes: Mapping[str, ServiceItem], lines: Sequence[LineTerms], own: int, *,
    now: datetime,
) -> list[LineTerms]:  # fmt: skip
    """Line after line as long as each month's free allowance, with what she adds of her own, pays for all its days."""
    today = calendar.day_of(now)
    months = [today.replace(day=1), calendar.next_month(today.replace(day=1))]
    found = funding.sources(session, elder.id, months)
    left = {
        month: own + sum(one.free_cents for one in found.get(month, ()) if one.share_percent == 100 and not one.aids)
        for month in months
    }
    kept = []
    for line in lines:
        item = codes[line.item_code]
        price = price_on(catalogue.prices_of(session, item.id), elder.division_code, today)
        cents = cost(price, by_level(item.minutes, elder.level))
        last = calendar.last_day(months[-1])
        times = Counter(day.replace(day=1) for day in recurring.days(line.rule, line.starts, today, last))
        if all(left[month] >= times[month] * cents for month in months):
            left = {month: left[month] - times[month] * cents for month in months}
            kept.append(line)
    return kept


def _sign(
    session: Session, rng: random.Random, person: Somebody, lines: Sequence[LineTerms], own: int, *, now: datetime
) -> None:
    elder, agreed_at = person.elder, now - timedelta(days=rng.randint(8, 34), minutes=rng.randint(0, 300))
    plan = actions.draft(
        session, elder.id, lines, starts=calendar.day_of(now), most_self_pay_cents=own, seen=0, by=BY, now=now,
    )  # fmt: skip
    signed = {"who": "elder", "how": rng.choice(("paper", "telephone"))}
    if rng.random() < 0.3:
        relation, title = rng.choice(AGENTS)
        signed = {"who": "agent", "how": "in_person", "name": elder.name[0] + title, "relation": relation}
    actions.agree(session, elder.id, signed, seen=plan.version, by=BY, now=now)
    session.flush()
    values = {"starts": calendar.day_of(agreed_at), "signed_at": agreed_at, "made_at": agreed_at}
    session.execute(update(CarePlan).where(CarePlan.id == plan.id).values(values))


def _away(rng: random.Random, who: Sequence[Somebody], *, now: datetime) -> None:
    """A few are with their children for some days, or come back from hospital next week."""
    today = calendar.day_of(now)
    for person in rng.sample(list(who), max(2, len(who) // 40)):
        first = today + timedelta(days=rng.randint(1, 9))
        reason = rng.choice((PauseReason.FAMILY, PauseReason.TRAVEL, PauseReason.HOSPITAL))
        with transaction() as session:
            actions.pause(
                session, person.elder.id, first, first + timedelta(days=rng.randint(3, 12)), reason, by=BY, now=now
            )
            session.info.pop("notices", None)
