"""Rent on her money page: an aid, from which day to which, who pays it; and what was given in part costs its part."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.calendar import at
from app.db import transaction
from app.family.sheet import SheetVisit, sheet
from app.people.tables import Elder
from app.rental import lending, running
from app.rental.rules import Proration
from app.rental.tables import Rental, RentalCharge
from app.settlement import printing
from tests.app.rental.shop import a_store, an_aid, booked, handed, units
from tests.cast import TEN, an_elder, an_entitlement

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
FIRST_OF_DECEMBER = at(DECEMBER, TEN.time())


@pytest.fixture
def lent(database: Engine) -> tuple[int, int]:
    """Lin Guifen has rented a wheelchair since the 23rd and has 20 yuan in November: an elder and her rental."""
    with transaction() as session:
        store, aid = a_store(session), an_aid(session)
        units(session, store, aid, "WC-1")
        elder = an_elder(session)
        an_entitlement(session, elder, free=2_000)
        return elder.id, handed(session, booked(session, elder, store, aid), "WC-1").id


def told(elder_id: int, month: date = NOVEMBER) -> list[SheetVisit]:
    with transaction() as session:
        return sheet(session, session.get_one(Elder, elder_id), month, "林桂芬", now=TEN).visits


def paid(line: SheetVisit) -> tuple[Any, ...]:
    return line.price_cents, [(one.name_zh, one.cents) for one in line.sources], line.self_pay_cents


def test_she_reads_which_aid_from_which_day_to_which_and_who_pays(lent: tuple[int, int]) -> None:
    (line,) = told(lent[0])
    assert line.rent is not None and not line.over_midnight
    assert (line.rent.aid_zh, line.rent.first, line.rent.last) == ("轮椅", date(2026, 11, 23), date(2026, 11, 30))
    assert (line.counted, *paid(line)) == (False, 2_400, [("区级政府购买服务", 2_000)], 400)
    running.keep_up(now=FIRST_OF_DECEMBER)
    assert [(one.counted, *paid(one)) for one in told(lent[0])] == [(True, 2_400, [("区级政府购买服务", 2_000)], 400)]
    (december,) = told(lent[0], DECEMBER)
    assert december.rent is not None
    assert (december.rent.first, december.rent.last) == (DECEMBER, date(2026, 12, 31))
    assert paid(december) == (9_000, [], 9_000)


def test_an_aid_that_came_back_early_costs_the_days_she_had_it(lent: tuple[int, int]) -> None:
    with transaction() as session:
        lending.bring_back(session, lent[1], "WC-1", by="Sun", now=TEN + timedelta(days=2))
    (line,) = told(lent[0])
    assert line.rent is not None and line.rent.last == date(2026, 11, 25)
    assert (line.agreed_cents, *paid(line)) == (2_400, 900, [("区级政府购买服务", 750)], 150)


def test_where_a_month_is_paid_whole_its_last_day_is_the_months(lent: tuple[int, int]) -> None:
    with transaction() as session:
        session.query(RentalCharge).one().proration = Proration.MONTH
        session.get_one(Rental, lent[1]).ended_on = date(2026, 11, 25)
    (line,) = told(lent[0])
    assert line.rent is not None and line.rent.last == date(2026, 11, 30)


def test_her_sheet_of_paper_says_the_days_and_counts_no_visit(lent: tuple[int, int]) -> None:
    running.keep_up(now=FIRST_OF_DECEMBER)
    with transaction() as session:
        services, allowance, own = printing._services(session, session.get_one(Elder, lent[0]), NOVEMBER)
    assert [(name, [day.said for day in days], cents) for name, days, cents in services] == [
        ("轮椅租金", ["23 日到 30 日"], 2_400)
    ]
    assert (allowance, own, sum(day.visit for day in services[0][1])) == (2_000, 400, 0)
