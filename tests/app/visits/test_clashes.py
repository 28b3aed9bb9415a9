"""What a phone did and the plan no longer held: a list at the desk, and what the desk may decide."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.db import transaction
from app.errors import Conflict
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.planning import attending
from app.planning.rules import AttendanceEvent, AttendanceState
from app.planning.tables import Attendance
from app.visits import clashes
from app.visits.clashes import CannotCount, ClashKind, ClashOutcome
from tests.app.visits.test_door import a_published, reported, send, whole
from tests.cast import TEN, a_caregiver, a_client, an_attendance

LATER = TEN + timedelta(hours=2)
OFFICE = "韩雪"


def a_clash(session: Session, *, with_other: bool = True) -> tuple[Visit, Attendance, Attendance | None]:
    """The plan gave her visit to somebody else while she was without signal; she went, and gave it."""
    visit, (mine,) = a_published(session)
    attending.move(session, mine, AttendanceEvent.WITHDRAW, by=OFFICE, now=TEN, reason="replanned")
    other = an_attendance(session, visit, a_caregiver(session, name="赵云")) if with_other else None
    send(session, mine.caregiver_id, *whole(mine))
    return visit, mine, other


def settle(session: Session, outcome: ClashOutcome) -> None:
    (one,) = clashes.open_ones(session)
    clashes.settle(session, one.flaw.id, outcome, words="家属证实她去了", by=OFFICE, now=LATER)


def test_it_stands_in_the_list_with_what_she_did_and_what_the_plan_says(database: Engine) -> None:
    with transaction() as session:
        visit, mine, _ = a_clash(session)
        (one,) = clashes.open_ones(session)
        assert (one.visit.id, one.attendance.id, one.kind) == (visit.id, mine.id, ClashKind.OTHER)
        assert one.now_with == ["赵云"] and ClashOutcome.COUNTS in one.possible
        assert [event.kind for event in one.events] == ["depart", "arrive", "start", "task", "finish"]


def test_counted_for_her_it_is_judged_as_any_visit_and_the_other_is_free(database: Engine) -> None:
    with transaction() as session:
        visit, mine, other = a_clash(session)
        assert other is not None
        settle(session, ClashOutcome.COUNTS)
        assert (mine.state, other.state) == (AttendanceState.FINISHED, AttendanceState.WITHDRAWN)
        assert (mine.started_at, visit.state) == (TEN, VisitState.VERIFIED)
        assert clashes.open_ones(session) == []


def test_a_visit_that_waits_again_is_counted_too(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        attending.withdraw(session, visit.id, by=OFFICE, now=TEN, reason="elder asked")
        send(session, mine.caregiver_id, *whole(mine))
        assert clashes.open_ones(session)[0].kind is ClashKind.UNASSIGNED
        settle(session, ClashOutcome.COUNTS)
        session.refresh(visit)
        assert visit.state is VisitState.VERIFIED


@pytest.mark.parametrize("outcome", [ClashOutcome.STANDS, ClashOutcome.IN_VAIN])
def test_where_the_plan_stands_nothing_moves_but_who_decided_is_kept(database: Engine, outcome: ClashOutcome) -> None:
    with transaction() as session:
        visit, mine, other = a_clash(session)
        assert other is not None
        (one,) = clashes.open_ones(session)
        settle(session, outcome)
        assert (visit.state, mine.state, other.state) == (
            VisitState.PUBLISHED, AttendanceState.WITHDRAWN, AttendanceState.ASSIGNED,
        )  # fmt: skip
        assert one.flaw.resolved_by == OFFICE and one.flaw.resolution == f"{outcome}: 家属证实她去了"
        with pytest.raises(Conflict):
            clashes.settle(session, one.flaw.id, outcome, words="again", by=OFFICE, now=LATER)


def test_what_somebody_else_has_begun_or_she_never_finished_is_not_counted(database: Engine) -> None:
    with transaction() as session:
        _, _, other = a_clash(session)
        assert other is not None
        send(session, other.caregiver_id, reported("start", other, LATER))
        assert ClashOutcome.COUNTS not in clashes.open_ones(session)[0].possible
        with pytest.raises(CannotCount):
            settle(session, ClashOutcome.COUNTS)


def test_dispatchers_decide_and_others_of_the_desk_look(database: Engine) -> None:
    with transaction() as session:
        a_clash(session)
    operator, dispatcher = a_client(Role.OPERATOR), a_client(Role.DISPATCHER)
    (seen,) = operator.get("/api/plan-clashes").json()["items"]
    assert seen["possible"] == []
    body = {"outcome": "counts", "words": "电话核实"}
    assert operator.post(f"/api/plan-clashes/{seen['id']}/settle", json=body).status_code == 403
    assert dispatcher.post(f"/api/plan-clashes/{seen['id']}/settle", json=body).status_code == 204
    assert dispatcher.get("/api/plan-clashes").json()["items"] == []
