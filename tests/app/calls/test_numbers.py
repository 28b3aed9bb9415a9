"""Whose number it is: found in any form, several it may be, numbers linked by hand, numbers gone bad."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from app.access.rules import Role
from app.config import settings
from app.db import transaction
from tests.app.calls.story import say, the_call
from tests.cast import a_caregiver, a_contact, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database", "token")


@pytest.fixture
def area_code(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Landlines of this district begin with 0546."""
    monkeypatch.setenv("YINLING_AREA_CODE", "0546")
    settings.cache_clear()
    yield "0546"
    monkeypatch.undo()
    settings.cache_clear()


@pytest.mark.usefixtures("area_code")
@pytest.mark.parametrize("shown", ["8331234", "05468331234", "+865468331234", "0546-8331234-802"])
def test_a_landline_finds_the_elder_in_whatever_form_the_switchboard_shows_it(shown: str) -> None:
    with transaction() as session:
        elder = an_elder(session, phone="05468331234")
    say("ringing", phone=shown, direction="inbound")
    assert the_call().elder_id == elder.id


def test_of_several_it_may_be_the_operator_chooses(client: Callable[..., Client]) -> None:
    with transaction() as session:
        mother, aunt = an_elder(session, name="林桂芬"), an_elder(session, name="林桂芳")
        gone = an_elder(session, name="已故老人")
        gone.ended_at = MORNING
        for elder in (mother, aunt, gone):
            a_contact(session, elder, phone="13900008870")
        a_caregiver(session, name="周慧", phone="139 0000 8870")
    say("ringing", phone="13900008870", direction="inbound")
    call, desk = the_call(), client(Role.OPERATOR)
    assert call.elder_id is None, "nobody is guessed"
    found = ok(desk.get(f"/api/calls/{call.id}"))["callers"]
    assert [(one["kind"], one["elder_name"]) for one in found] == [
        ("contact", "林桂芬"), ("contact", "林桂芳"), ("caregiver", None),
    ]  # fmt: skip
    hers = found[0]["contact_id"]
    wrong = desk.post(f"/api/calls/{call.id}/link", json={"elder_id": aunt.id, "contact_id": hers})
    assert wrong.status_code == 404 and the_call().elder_id is None
    ok(desk.post(f"/api/calls/{call.id}/link", json={"elder_id": mother.id, "contact_id": hers}))
    assert (the_call().elder_id, the_call().contact_id) == (mother.id, hers)


def test_a_home_with_one_number_is_its_elder_whoever_of_them_calls() -> None:
    with transaction() as session:
        elder = an_elder(session, phone="13800005521")
        a_contact(session, elder, phone="13800005521", name="林桂芬老伴")
    say("ringing", phone="13800005521", direction="inbound")
    assert the_call().elder_id == elder.id


def test_an_unknown_number_linked_once_is_known_the_next_time(client: Callable[..., Client]) -> None:
    with transaction() as session:
        elder = an_elder(session)
    desk = client(Role.OPERATOR)
    say("ringing", phone="13700001234", direction="inbound")
    call = the_call()
    assert call.elder_id is None and ok(desk.get(f"/api/calls/{call.id}"))["callers"] == []
    ok(desk.post(f"/api/calls/{call.id}/link", json={"elder_id": elder.id, "who": "邻居王大姐"}))
    ok(desk.post(f"/api/calls/{call.id}/link", json={"elder_id": elder.id, "who": "邻居王大姐"}))
    say("ringing", "pbx-2", phone="+86 137 0000 1234", direction="inbound")
    (_, second) = sorted(ok(desk.get(f"/api/calls?elder_id={elder.id}"))["items"], key=lambda one: one["id"])
    assert [(one["kind"], one["name"]) for one in ok(desk.get(f"/api/calls/{second['id']}"))["callers"]] == [
        ("linked", "邻居王大姐")
    ]


def test_a_number_that_led_nowhere_is_marked_until_somebody_answers_there(client: Callable[..., Client]) -> None:
    with transaction() as session:
        elder = an_elder(session)
        contact = a_contact(session, elder, phone="13900008870")
    desk = client(Role.OPERATOR)

    def after(result: str) -> Any:
        call = ok(desk.post("/api/calls", json={"contact_id": contact.id}))
        ok(desk.post(f"/api/calls/{call['id']}/result", json={"result": result}))
        (shown,) = ok(desk.get(f"/api/elders/{elder.id}"))["contacts"]
        bad: str | None = shown["bad_number"]
        return bad

    said = ("busy", "wrong_number", "no_answer", "answered", "not_in_service")
    assert [after(one) for one in said] == [None, "wrong_number", "wrong_number", None, "not_in_service"]
