"""Telephone check-in: only an answered call on the elder's own number proves that somebody is in her home."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.calls import actions
from app.calls.rules import CallEvent, Direction, Said
from app.db import transaction
from app.visits.proof_rules import Point, Sort
from app.visits.proof_tables import VisitPresence
from tests.app.calls.story import the_call
from tests.cast import DISTRICT, TEN, a_contact, a_visit, an_attendance, an_elder
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database", "token")
HERS, DAUGHTERS = "13800005521", "13900008870"


def rings(phone: str, *, answered: bool = True) -> int:
    """A call comes in at ten, and is answered after a minute."""
    events = [CallEvent.RINGING, CallEvent.ANSWERED] if answered else [CallEvent.RINGING]
    for n, event in enumerate(events):
        with transaction() as session:
            said = Said("c1", event, f"c1:{event}", direction=Direction.INBOUND, phone=phone)
            actions.report(session, said, district_id=DISTRICT, now=TEN + timedelta(minutes=n))
    return the_call().id


@pytest.fixture
def attendance_id() -> int:
    """She was to be there from ten on; tomorrow's visit is nobody's business now."""
    with transaction() as session:
        elder = an_elder(session, phone=HERS)
        a_contact(session, elder, phone=DAUGHTERS)
        for days in (0, 1):
            at = TEN + timedelta(days=days)
            visit = a_visit(session, elder=elder, opens=at, closes=at + timedelta(hours=1))
            attendance = an_attendance(session, visit, starts_at=at, ends_at=at + timedelta(hours=1))
            if not days:
                first = attendance.id
    return first


def check_in(browser: Client, call_id: int, attendance_id: int, point: str = "start") -> Any:
    return browser.post(f"/api/calls/{call_id}/check-in", json={"attendance_id": attendance_id, "point": point})


def test_a_call_on_her_own_number_proves_each_end_once(client: Callable[..., Client], attendance_id: int) -> None:
    desk, call_id = client(Role.OPERATOR), rings(HERS)
    (due,) = ok(desk.get(f"/api/calls/{call_id}/attendances"))["items"]
    assert (due["attendance_id"], due["proven"]) == (attendance_id, [])
    for _ in range(2):
        assert check_in(desk, call_id, attendance_id).status_code == 204
    assert ok(desk.get(f"/api/calls/{call_id}/attendances"))["items"][0]["proven"] == ["start"]
    with transaction() as session:
        (kept,) = session.scalars(select(VisitPresence)).all()
    assert (kept.sort, kept.point, kept.source_id) == (Sort.CALL, Point.START, call_id)
    assert kept.happened_at == TEN + timedelta(minutes=1), "when it was answered"


@pytest.mark.parametrize(("phone", "answered"), [(DAUGHTERS, True), (HERS, False), ("13700000001", True)])
def test_any_other_call_proves_nothing(
    client: Callable[..., Client], attendance_id: int, phone: str, answered: bool
) -> None:
    desk, call_id = client(Role.OPERATOR), rings(phone, answered=answered)
    if phone != HERS:
        assert ok(desk.get(f"/api/calls/{call_id}/attendances"))["items"] == []
    assert check_in(desk, call_id, attendance_id).status_code == 409
    with transaction() as session:
        assert session.scalar(select(VisitPresence)) is None


def test_nobody_is_checked_in_who_was_not_to_be_there(client: Callable[..., Client], attendance_id: int) -> None:
    desk, call_id = client(Role.OPERATOR), rings(HERS)
    assert check_in(desk, call_id, attendance_id + 1).status_code == 404, "that is tomorrow"
    assert check_in(desk, call_id, attendance_id, "visit").status_code == 422
    assert check_in(client(Role.SUPERVISOR), call_id, attendance_id).status_code == 403
