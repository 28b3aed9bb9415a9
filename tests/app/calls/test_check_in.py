"""Telephone check-in: only an answered call on the elder's own number proves that somebody is in her home."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.calls import actions
from app.calls.rules import CallEvent, Direction, Said
from app.calls.tables import Call
from app.db import transaction
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.visits import actions as visits
from app.visits.actions import Reported
from app.visits.proof_rules import Grade, Point, Sort
from app.visits.proof_tables import VisitGrade, VisitPresence
from app.visits.rules import EventKind
from tests.cast import DISTRICT, TEN, a_contact, a_visit, an_attendance, an_elder
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database", "token")
HERS, DAUGHTERS = "13800005521", "13900008870"


def stay(attendance_id: int) -> tuple[Any, ...]:
    """Her state, the visit's, when she came, began and left."""
    with transaction() as session:
        mine = session.get_one(Attendance, attendance_id)
        visit = session.get_one(Visit, mine.visit_id)
        return mine.state, visit.state, mine.arrived_at, mine.started_at, mine.finished_at


def rings(phone: str, *, answered: bool = True, name: str = "c1", at: datetime = TEN) -> int:
    """A call comes in, at ten where no other time is said, and is answered after a minute."""
    events = [CallEvent.RINGING, CallEvent.ANSWERED] if answered else [CallEvent.RINGING]
    for n, event in enumerate(events):
        with transaction() as session:
            said = Said(name, event, f"{name}:{event}", direction=Direction.INBOUND, phone=phone)
            actions.report(session, said, district_id=DISTRICT, now=at + timedelta(minutes=n))
    with transaction() as session:
        return session.scalars(select(Call.id).order_by(Call.id.desc()).limit(1)).one()


@pytest.fixture
def attendance_id() -> int:
    """She was to be there from ten on; tomorrow's visit is nobody's business now."""
    with transaction() as session:
        elder = an_elder(session, phone=HERS)
        a_contact(session, elder, phone=DAUGHTERS)
        for days in (0, 1):
            at = TEN + timedelta(days=days)
            until = at + timedelta(hours=1)
            visit = a_visit(session, elder=elder, state=VisitState.PUBLISHED, opens=at, closes=until)
            attendance = an_attendance(session, visit, starts_at=at, ends_at=until)
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


def test_her_stay_begins_and_ends_with_the_calls_where_her_phone_is_dead(
    client: Callable[..., Client], attendance_id: int
) -> None:
    desk, call_id = client(Role.OPERATOR), rings(HERS)
    assert check_in(desk, call_id, attendance_id, "finish").status_code == 204, "proof, and no stay that never began"
    assert stay(attendance_id)[:2] == (AttendanceState.ASSIGNED, VisitState.PUBLISHED)
    assert check_in(desk, call_id, attendance_id).status_code == 204
    came = TEN + timedelta(minutes=1)
    assert stay(attendance_id) == (AttendanceState.IN_SERVICE, VisitState.UNDER_WAY, came, came, None)
    later = rings(HERS, name="c2", at=TEN + timedelta(minutes=58))
    assert check_in(desk, later, attendance_id, "finish").status_code == 204
    left = TEN + timedelta(minutes=59)
    assert stay(attendance_id) == (AttendanceState.FINISHED, VisitState.VERIFIED, came, came, left)
    with transaction() as session:
        assert session.scalars(select(VisitGrade.grade)).all()[-1] is Grade.C, "enough, and no more"
    assert check_in(desk, later, attendance_id, "finish").status_code == 204


def test_what_her_phone_says_later_of_the_same_end_counts_more_than_the_call(
    client: Callable[..., Client], attendance_id: int
) -> None:
    desk, call_id = client(Role.OPERATOR), rings(HERS)
    assert check_in(desk, call_id, attendance_id).status_code == 204
    with transaction() as session:
        caregiver_id = session.get_one(Attendance, attendance_id).caregiver_id
        told = [
            Reported(uuid4(), EventKind(kind), attendance_id, seq, TEN - timedelta(minutes=7 - seq))
            for seq, kind in enumerate(("depart", "arrive", "start"))
        ]
        late = TEN + timedelta(minutes=20)
        answers = visits.receive(session, caregiver_id, told, sent_at=late, by="phone", now=late)
    assert [one.problem for one in answers] == [None, None, None]
    assert stay(attendance_id)[3] == TEN - timedelta(minutes=5)


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
