"""What an item costs, where and when."""

from collections.abc import Callable
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.access.rules import Role
from app.catalogue.rules import NoPrice, PriceLine, PriceUnit, cost, half_up, may_start, price_on
from app.db import transaction
from tests.cast import an_item
from tests.clients import Client, ok

NEW_YEAR = date(2026, 1, 1)


def a_price(cents: int, area: str = "", starts: date = NEW_YEAR, ends: date | None = None) -> PriceLine:
    return PriceLine(PriceUnit.HOUR, cents, area, starts, ends)


def test_the_smallest_area_and_then_the_newest_price_counts() -> None:
    lines = [
        a_price(4000),
        a_price(4200, "370503"),
        a_price(4400, "370503", date(2026, 7, 1)),
        a_price(9900, "370502"),
    ]
    assert price_on(lines, "370503001001", date(2026, 6, 30)).cents == 4200
    assert price_on(lines, "370503001001", date(2026, 7, 1)).cents == 4400
    assert price_on(lines, "410000000000", date(2026, 7, 1)).cents == 4000


def test_without_a_price_in_force_there_is_a_clear_error() -> None:
    with pytest.raises(NoPrice, match="2027"):
        price_on([a_price(4000, ends=date(2026, 12, 31))], "370503001001", NEW_YEAR.replace(year=2027))


def test_an_hourly_price_is_rounded_half_up() -> None:
    assert cost(a_price(4001), 90) == 6002  # 6001.5


@given(st.integers(0, 10**9), st.integers(1, 10**4))
def test_half_up_is_never_more_than_half_a_cent_off(numerator: int, denominator: int) -> None:
    rounded = half_up(numerator, denominator)
    assert -denominator < 2 * (rounded * denominator - numerator) <= denominator


def test_a_wish_fits_when_one_window_holds_all_of_it() -> None:
    windows = [(time(9, 30), time(11)), (time(14), time(16, 30))]
    assert may_start(windows, time(9, 30), time(11))
    assert not may_start(windows, time(10), time(14, 30))
    assert may_start([], time(3), time(4))


def test_everybody_logged_in_may_see_what_can_be_booked(client: Callable[..., Client]) -> None:
    with transaction() as session:
        an_item(session, cents=9_000)
    [item] = ok(client(Role.CAREGIVER).get("/api/items"))["items"]
    assert (item["code"], item["aid"], item["price"]) == ("BATHING", "bathing", {"unit": "visit", "cents": 9_000})
    assert item["caregivers"] == {"default": 1, "severe": 2, "total": 2}
