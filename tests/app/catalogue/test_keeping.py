"""The catalogue as it is kept: new prices never change the past, agreed orders keep what was agreed."""

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError

from app.access.rules import Role
from app.catalogue import keeping, queries
from app.catalogue.rules import (
    BadItem,
    BadPrice,
    CancellationTerm,
    FeePayer,
    FeeUnit,
    Holding,
    PriceUnit,
    check_item,
    late_fee,
    price_on,
    room_for,
)
from app.catalogue.tables import Price, ServiceItem
from app.db import transaction
from app.errors import Conflict
from app.orders import queries as orders
from tests.app.bodies import body
from tests.cast import DISTRICT, TEN, a_visit, an_item
from tests.clients import Client, ok

TODAY = date(2026, 11, 23)
NEW_YEAR = date(2027, 1, 1)
IDS: dict[str, Any] = defaultdict(lambda: 1)


def priced(item: ServiceItem, cents: int, starts: date, ends: date | None = None, area: str = "") -> None:
    with transaction() as session:
        keeping.new_price(
            session, session.get_one(ServiceItem, item.id), unit=PriceUnit.VISIT, cents=cents, area=area, starts=starts,
            ends=ends, by="Li", now=TEN,
        )  # fmt: skip


def costs(item: ServiceItem, day: date, code: str = "370503001001") -> int:
    with transaction() as session:
        return price_on(queries.prices_of(session, item.id), code, day).cents


@pytest.fixture
def bath(database: Engine) -> ServiceItem:
    """100 yuan since the first of January 2026."""
    with transaction() as session:
        return an_item(session)


def test_a_new_price_holds_from_its_day_and_the_old_one_until_the_day_before(bath: ServiceItem) -> None:
    priced(bath, 11_000, NEW_YEAR)
    assert [costs(bath, day) for day in (TODAY, NEW_YEAR - timedelta(days=1), NEW_YEAR)] == [10_000, 10_000, 11_000]
    priced(bath, 9_000, NEW_YEAR, area="370503001")
    assert [costs(bath, NEW_YEAR), costs(bath, NEW_YEAR, "370503002001")] == [9_000, 11_000]


@pytest.mark.parametrize(
    ("starts", "ends"),
    [(TODAY - timedelta(days=1), None), (date(2026, 12, 1), NEW_YEAR), (NEW_YEAR, None), (NEW_YEAR, date(2026, 12, 1))],
    ids=["the past", "over one to come", "on one to come", "ends first"],
)
def test_the_past_and_what_is_to_come_are_not_run_over(bath: ServiceItem, starts: date, ends: date | None) -> None:
    priced(bath, 11_000, NEW_YEAR)
    with pytest.raises(BadPrice):
        priced(bath, 12_000, starts, ends)


def test_the_database_refuses_two_prices_of_a_day(bath: ServiceItem) -> None:
    with pytest.raises(IntegrityError, match="ex_prices_overlap"), transaction() as session:
        session.add(Price(district_id=DISTRICT, item_id=bath.id, unit=PriceUnit.VISIT, cents=1, starts=NEW_YEAR))


spans = st.tuples(st.integers(0, 60), st.none() | st.integers(0, 30))


@given(st.lists(spans, max_size=12))
def test_whatever_is_entered_no_two_prices_hold_on_a_day_and_no_past_day_changes(
    wishes: list[tuple[int, int | None]],
) -> None:
    held: dict[int, Holding] = {0: Holding(0, "", date(2026, 1, 1), None)}
    for n, (after, length) in enumerate(wishes, 1):
        starts = TODAY + timedelta(days=after)
        ends = None if length is None else starts + timedelta(days=length)
        try:
            old = room_for(held.values(), "", starts, ends, today=TODAY)
        except BadPrice:
            continue
        if old is not None:
            held[old] = Holding(old, "", held[old].starts, starts - timedelta(days=1))
        held[n] = Holding(n, "", starts, ends)
    for day in (TODAY - timedelta(days=1), *(TODAY + timedelta(days=n) for n in range(100))):
        holding = [one.id for one in held.values() if one.starts <= day and (one.ends is None or day <= one.ends)]
        assert len(holding) <= 1
        assert day >= TODAY or holding == [0]


def test_a_changed_item_leaves_agreed_visits_as_they_were_agreed(bath: ServiceItem) -> None:
    with transaction() as session:
        item = session.get_one(ServiceItem, bath.id)
        visit = a_visit(session, item=item, tasks=item.tasks)
        seen, was = item.version, (visit.minutes, visit.price_cents, visit.tasks)
    terms = keeping.ItemTerms(
        aid=item.aid, head=item.head, name_zh="助浴", name_en="Bath", minutes={"default": 90},
        caregivers={"default": 2}, least_percent=80, needs=["bathing"], same_sex=True, tasks=[],
        windows=[("09:00", "11:00")], approval=item.approval,
    )  # fmt: skip
    with transaction() as session:
        keeping.change(session, session.get_one(ServiceItem, bath.id), terms, seen=seen, by="Li", now=TEN)
    with transaction() as session:
        visit = orders.visit(session, visit.id)
        assert (visit.minutes, visit.price_cents, orders.tasks_of(session, visit)) == was


def test_what_has_ended_is_neither_changed_nor_priced_nor_offered(bath: ServiceItem) -> None:
    with transaction() as session:
        keeping.end(session, session.get_one(ServiceItem, bath.id), by="Li", now=TEN, reason="replaced")
        assert queries.items(session, DISTRICT, area="", day=TODAY) == []
    with pytest.raises(Conflict):
        priced(bath, 11_000, NEW_YEAR)
    with pytest.raises(Conflict), transaction() as session:
        keeping.end(session, session.get_one(ServiceItem, bath.id), by="Li", now=TEN, reason="again")


@pytest.mark.parametrize(
    ("hours_before", "fee_unit", "fee", "expected"),
    [
        (25, FeeUnit.PERCENT, 30, 0), (24, FeeUnit.PERCENT, 30, 0), (23, FeeUnit.PERCENT, 30, 3_000),
        (1, FeeUnit.MINUTES, 30, 5_000), (1, FeeUnit.MINUTES, 600, 10_000), (-1, FeeUnit.PERCENT, 100, 10_000),
    ],
)  # fmt: skip
def test_a_late_cancellation_costs_what_the_rule_says(
    hours_before: int, fee_unit: FeeUnit, fee: int, expected: int
) -> None:
    term = CancellationTerm(24, fee_unit, fee, FeePayer.ELDER)
    now = TEN - timedelta(hours=hours_before)
    assert late_fee(term, opens=TEN, now=now, price_cents=10_000, minutes=60) == expected


@pytest.mark.parametrize(
    ("minutes", "caregivers"),
    [({"severe": 60}, {"default": 1}), ({"default": 3}, {"default": 1}), ({"default": 60}, {"default": 3})],
)
def test_an_item_must_fit_together(minutes: dict[str, int], caregivers: dict[str, int]) -> None:
    with pytest.raises(BadItem):
        check_item(minutes, caregivers, [])


def test_the_bureau_keeps_the_catalogue_over_http(bath: ServiceItem, client: Callable[..., Client]) -> None:
    bureau = client(Role.SUPERVISOR)
    made = ok(bureau.post("/api/catalogue/items", json=body("/api/catalogue/items", IDS)))
    path = f"/api/catalogue/items/{made['id']}"
    tomorrow = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    price = {"unit": "visit", "cents": 9_900, "starts": tomorrow}
    assert [p["cents"] for p in ok(bureau.post(f"{path}/prices", json=price))["prices"]] == [9_900]
    change = body("/api/catalogue/items/{service_item_id}", IDS) | {"name_zh": "到家助浴"}
    assert ok(bureau.put(path, json=change))["name_zh"] == "到家助浴"
    assert bureau.put(path, json=change | {"name_zh": "别的"}).status_code == 409  # the version has moved on
    assert bureau.post("/api/catalogue/items", json=body("/api/catalogue/items", IDS)).status_code == 409
    ok(bureau.post(f"{path}/end", json={"reason": "no longer bought"}))
    assert [line["event"] for line in ok(bureau.get(f"{path}/history"))["items"]] == ["end", "change", "price", "add"]
    assert [item["code"] for item in ok(bureau.get("/api/catalogue"))["items"]] == ["BATHING", "BATH_B"]
    assert client(Role.OPERATOR).get("/api/catalogue").status_code == 403
