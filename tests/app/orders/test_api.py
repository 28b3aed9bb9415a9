"""Orders over HTTP."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app import calendar
from app.access.rules import Role
from app.db import transaction
from app.funding import actions as funding
from app.people.tables import Elder
from tests.cast import OTHER_COMMUNITY, a_program, an_elder, an_item, an_order
from tests.clients import Client, ok

HOUR = timedelta(hours=1)


@pytest.fixture
def zhao(client: Callable[..., Client]) -> Client:
    """An operator."""
    return client(Role.OPERATOR, name="赵敏")


@pytest.fixture
def lin(database: object) -> Elder:
    """An elder with this and next month's allowance."""
    with transaction() as session:
        an_item(session)
        a_program(session)
        elder = an_elder(session)
        funding.grant_months(session, now=datetime.now(UTC))
        return elder


def a_booking(elder: Elder, **given: Any) -> dict[str, Any]:
    opens = calendar.day_bounds(calendar.day_of(datetime.now(UTC)) + timedelta(days=1))[0] + 10 * HOUR
    visit = {"opens": opens.isoformat(), "closes": (opens + HOUR).isoformat()}
    return {"elder_id": elder.id, "item": "BATHING", "visits": [visit]} | given


def test_an_operator_quotes_books_and_confirms(zhao: Client, lin: Elder) -> None:
    quote = ok(zhao.post("/api/orders/quote", json=a_booking(lin)))
    assert (quote["price_cents"], quote["allowance_cents"], quote["self_pay_cents"]) == (10_000, 10_000, 0)
    assert quote["lines"][0]["parts"] == [
        {"program": "district", "name_zh": "区级政府购买服务", "name_en": "District purchase", "cents": 10_000}
    ]
    agent = {"name": "周慧", "relation": "daughter", "phone": "13900000001", "present": True}
    order = ok(zhao.post("/api/orders", json=a_booking(lin, agent=agent, note="请先打电话")))
    assert (order["state"], order["possible"], order["agent"]) == ("received", ["confirm", "cancel"], agent)
    promise = {"allowance_cents": 10_000, "self_pay_cents": 0}
    order = ok(zhao.post(f"/api/orders/{order['id']}/confirm", json=promise))
    assert (order["state"], order["possible"]) == ("confirmed", ["cancel"])
    assert [line["event"] for line in order["history"]] == ["receive", "confirm"]
    assert "赵敏" in order["history"][1]["by"]
    [row] = ok(zhao.get("/api/orders", params={"elder_id": lin.id}))["items"]
    assert (row["id"], row["visits"], row["elder_name"]) == (order["id"], 1, "林桂芬")


def test_a_changed_quote_is_a_problem_with_the_new_split(zhao: Client, lin: Elder) -> None:
    order = ok(zhao.post("/api/orders", json=a_booking(lin)))
    answer = zhao.post(f"/api/orders/{order['id']}/confirm", json={"allowance_cents": 9_000, "self_pay_cents": 1_000})
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["type"], problem["allowance_cents"]) == ("/problems/QuoteChanged", 10_000)


def test_a_repeated_booking_is_one_order(zhao: Client, lin: Elder) -> None:
    key = {"Idempotency-Key": "0d4c"}
    first, again = (ok(zhao.post("/api/orders", json=a_booking(lin), headers=key)) for _ in range(2))
    assert first == again
    assert zhao.post("/api/orders", json=a_booking(lin, note="x"), headers=key).status_code == 422


def test_a_supervisor_reads_orders_without_names_and_takes_none(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        order = an_order(
            session, elder=lin, note="secret", agent={"name": "周慧", "relation": "daughter", "phone": None}
        )
    supervisor = client(Role.SUPERVISOR)
    seen = ok(supervisor.get(f"/api/orders/{order.id}"))
    assert (seen["elder_name"], seen["agent"], seen["note"], seen["possible"]) == ("林*芬", None, None, [])
    assert ok(supervisor.get("/api/orders"))["items"][0]["elder_name"] == "林*芬"
    assert supervisor.post("/api/orders", json=a_booking(lin)).status_code == 403


@pytest.mark.parametrize("role", [Role.CAREGIVER, Role.MANAGER, Role.ASSESSOR, Role.ADMIN])
def test_others_have_no_business_with_orders(client: Callable[..., Client], lin: Elder, role: Role) -> None:
    browser = client(role)
    assert browser.get("/api/orders").status_code == 403
    assert browser.post("/api/orders/quote", json=a_booking(lin)).status_code == 403


def test_another_areas_elder_and_order_are_not_found(client: Callable[..., Client], lin: Elder) -> None:
    with transaction() as session:
        far = an_elder(session, division_code=OTHER_COMMUNITY)
        order = an_order(session, elder=far)
    near = client(Role.OPERATOR, area="370503001")
    assert near.post("/api/orders/quote", json=a_booking(far)).status_code == 404
    assert near.post("/api/orders", json=a_booking(far)).status_code == 404
    assert near.get(f"/api/orders/{order.id}").status_code == 404
    promise = {"allowance_cents": 0, "self_pay_cents": 10_000}
    assert near.post(f"/api/orders/{order.id}/confirm", json=promise).status_code == 404
    assert ok(near.get("/api/orders"))["items"] == []
