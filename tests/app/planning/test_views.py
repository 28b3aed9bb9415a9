"""Looking at plans: why these caregivers, two versions side by side, plan against the day, hours to offer."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.db import transaction
from app.errors import NotFound
from app.orders.rules import VisitState
from app.planning import actions, actual, attending, by_hand, comparing, marks, queries, slots, why
from app.planning.rules import AttendanceEvent, AttendanceState
from app.planning.tables import Plan
from tests.cast import DISTRICT, TEN, a_caregiver, a_draft, a_visit, an_attendance, an_elder, an_item
from tests.clients import Client, ok
from tests.conftest import MORNING

DAY = date(2026, 11, 23)
BY = "王调度"
EARLY = MORNING - timedelta(hours=14)
BUILT = timedelta(days=10)


def publish(session: Session, plan: Plan) -> Plan:
    return actions.publish(session, DISTRICT, DAY, seen=(plan.id, plan.revision), by=BY, now=EARLY)


def test_whoever_knows_the_elder_is_why_and_the_other_would_be_a_new_face(database: Engine) -> None:
    with transaction() as session:
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        visit = a_visit(session)
        before = a_visit(session, order=None, elder=None, opens=TEN - BUILT, state=VisitState.VERIFIED)
        before.elder_id = visit.elder_id
        an_attendance(session, before, liu, state=AttendanceState.FINISHED)
        a_draft(session, (visit, TEN, (liu,)))
        chosen = why.why(session, visit.id).chosen
        assert chosen is not None
        assert (chosen.caregiver_ids, chosen.known, chosen.other, chosen.strangers) == (
            [liu.id],
            [liu.id],
            [wang.id],
            [wang.id],
        )
        assert chosen.added_cost is not None
        assert chosen.added_cost >= 600
        assert "王芳" in chosen.zh
        assert "new face" in chosen.en


def test_what_was_settled_by_hand_says_by_whom(database: Engine) -> None:
    with transaction() as session:
        liu, wang, visit = a_caregiver(session), a_caregiver(session, name="王芳"), a_visit(session)
        a_draft(session, (visit, TEN, (liu,)))
        by_hand.move_by_hand(session, visit.id, caregiver_ids=[wang.id], starts_at=TEN, accept=[], by=BY, now=EARLY)
        chosen = why.why(session, visit.id).chosen
        assert chosen is not None
        assert (chosen.settled, chosen.pinned_by, chosen.caregiver_ids) == ("pin", BY, [wang.id])


def test_nobody_is_explained_where_nobody_comes(database: Engine) -> None:
    with transaction() as session:
        assert why.why(session, a_visit(session).id).chosen is None


def test_two_versions_differ_in_what_moved_changed_hands_came_and_went(database: Engine) -> None:
    with transaction() as session:
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        stays, moves, changes, goes, comes = (
            a_visit(session, opens=TEN + timedelta(hours=h), closes=TEN + timedelta(hours=h + 1))
            for h in (0, 4, 5, 6, -2)
        )
        at = {v.id: v.opens for v in (stays, moves, changes, goes, comes)}
        one = a_draft(
            session, (stays, at[stays.id], (liu,)), (moves, at[moves.id], (liu,)), (changes, at[changes.id], (wang,)),
            (goes, at[goes.id], (wang,)),
        )  # fmt: skip
        two = a_draft(
            session, (stays, at[stays.id], (liu,)), (moves, at[moves.id] + timedelta(minutes=20), (liu,)),
            (changes, at[changes.id] + timedelta(minutes=20), (liu,)), (comes, at[comes.id], (wang,)),
        )  # fmt: skip
        found = comparing.compare(session, DISTRICT, DAY, one.id, two.id).comparison
        assert found is not None
        assert {c.visit_id: c.kind for c in found.changes} == {
            moves.id: "moved", changes.id: "handed", goes.id: "dropped", comes.id: "added",
        }  # fmt: skip
        assert found.same == 1
        loads = {load.caregiver: load.visits for load in found.loads}
        assert loads == {"刘洁": (2, 3), "王芳": (2, 1)}
        assert (found.before.served, found.after.served) == (4, 4)
        assert found.before.cost["unserved"] == found.after.cost["unserved"]
        handed = next(c for c in found.changes if c.kind == "handed")
        assert (handed.before.caregivers, handed.after.caregivers) == (["王芳"], ["刘洁"])


def test_a_district_sets_its_own_mark_from_a_day_on_and_days_before_keep_theirs(database: Engine) -> None:
    with transaction() as session:
        assert marks.mark(session, DISTRICT, DAY) == 15
        for minutes, later in ((20, 2), (10, 5)):
            starts = DAY + timedelta(days=later)
            marks.set_mark(session, DISTRICT, minutes=minutes, starts=starts, note="合同约定", by=BY, now=TEN)
        held = [marks.mark(session, DISTRICT, DAY + timedelta(days=n)) for n in (1, 2, 4, 5)]
        assert held == [15, 20, 20, 10]
        assert [row.minutes for row in marks.marks(session, DISTRICT)] == [10, 20]
        assert actual.actual(session, DISTRICT, DAY + timedelta(days=2), None).mark == 20
        with pytest.raises(marks.MarkInThePast):
            marks.set_mark(session, DISTRICT, minutes=5, starts=DAY - timedelta(days=1), note="合同", by=BY, now=TEN)


def test_a_version_of_another_day_is_not_compared(database: Engine) -> None:
    with transaction() as session:
        plan = a_draft(session, (a_visit(session), TEN, (a_caregiver(session),)))
        with pytest.raises(NotFound):
            comparing.compare(session, DISTRICT, DAY + timedelta(days=1), plan.id, plan.id)


def test_the_day_is_held_against_what_was_promised_first(database: Engine) -> None:
    with transaction() as session:
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        kept, handed = a_visit(session), a_visit(session, opens=TEN + timedelta(hours=5))
        publish(session, a_draft(session, (kept, TEN, (liu,)), (handed, handed.opens, (liu,))))
        (mine,) = queries.attendances(session, kept.id)
        for event, minutes in ((AttendanceEvent.ARRIVE, 20), (AttendanceEvent.START, 22), (AttendanceEvent.FINISH, 97)):
            attending.move(session, mine, event, by="刘洁", now=TEN + timedelta(minutes=minutes))
        by_hand.move_by_hand(
            session, handed.id, caregiver_ids=[wang.id], starts_at=handed.opens, accept=[], by=BY, now=TEN
        )
        theirs = queries.attendances(session, handed.id, active=True)[0]
        attending.move(session, theirs, AttendanceEvent.START, by="王芳", now=handed.opens + timedelta(minutes=4))
        extra = a_visit(session, opens=TEN + timedelta(hours=6), state=VisitState.UNDER_WAY)
        an_attendance(session, extra, wang, state=AttendanceState.IN_SERVICE, started_at=extra.opens)
        found = actual.actual(session, DISTRICT, DAY, None)
        assert {row.visit_id: row.kind for row in found.visits} == {
            kept.id: "as_planned", handed.id: "handed", extra.id: "unplanned",
        }  # fmt: skip
        one = next(row for row in found.visits if row.visit_id == kept.id)
        assert (one.late, one.took, one.over) == (20, 75, 15)
        assert (found.on_time, found.timed) == (1, 2)
        assert [(step.since, step.visits) for step in found.steps if step.visits] == [(0, 1), (15, 1)]
        staff = {row.caregiver: row for row in found.staff}
        assert (staff["刘洁"].promised, staff["刘洁"].done, staff["刘洁"].late, staff["刘洁"].gave_up) == (2, 1, 1, 1)
        assert (staff["王芳"].promised, staff["王芳"].took_over) == (0, 2)


def test_an_hour_is_offered_where_somebody_is_free_and_not_where_nobody_is(database: Engine) -> None:
    with transaction() as session:
        liu, booked = a_caregiver(session), a_visit(session)
        publish(session, a_draft(session, (booked, TEN, (liu,))))
        elder, item = an_elder(session), an_item(session)
        found = slots.slots(session, elder.id, item.code, DAY, minutes=None, now=EARLY)
        assert found.plan == "published"
        hours = {slot.opens for slot in found.items}
        lunch = TEN + timedelta(hours=2)
        assert lunch in found.full, "from twelve to one nobody works"
        assert lunch not in hours
        assert hours | set(found.full) == {TEN + timedelta(hours=h) for h in range(-2, 8)}
        assert [slot.added_cost for slot in found.items] == sorted(slot.added_cost for slot in found.items)
        for slot in found.items:
            assert slot.opens <= slot.starts_at <= slot.closes
            made = a_visit(session, elder=elder, item=item, opens=slot.opens, closes=slot.closes)
            trial = by_hand.try_move(session, made.id, caregiver_ids=slot.caregiver_ids, starts_at=slot.starts_at)
            assert slot.delayed or not trial.faults, "an hour that was offered can be kept"
            made.state, made.reason = VisitState.CANCELLED, "只是试试"
            session.flush()


def test_a_day_nobody_has_planned_counts_what_is_booked_already(database: Engine) -> None:
    with transaction() as session:
        a_caregiver(session)
        for _ in range(3):
            a_visit(session, opens=TEN - timedelta(hours=2), closes=TEN)
        found = slots.slots(session, an_elder(session).id, an_item(session).code, DAY, minutes=None, now=EARLY)
        assert found.plan == "none"
        assert TEN - timedelta(hours=2) in found.full
        assert found.items


def test_without_caregivers_no_hour_is_offered(database: Engine) -> None:
    with transaction() as session:
        elder, item = an_elder(session), an_item(session)
        found = slots.slots(session, elder.id, item.code, DAY, minutes=None, now=EARLY)
        assert (found.items, len(found.full)) == ([], 10)


def test_the_doors_answer(database: Engine, client: Callable[..., Client]) -> None:
    with transaction() as session:
        liu, visit = a_caregiver(session), a_visit(session)
        plan = publish(session, a_draft(session, (visit, TEN, (liu,))))
    desk = client(Role.SHIFT_LEAD)
    assert ok(desk.get(f"/api/visits/{visit.id}/why"))["chosen"]["caregiver_ids"] == [liu.id]
    (version,) = ok(desk.get(f"/api/board/{DAY}/versions"))["items"]
    assert (version["id"], version["visits"]) == (plan.id, 1)
    assert ok(desk.get(f"/api/board/{DAY}/compare?before={plan.id}&after={plan.id}"))["comparison"]["changes"] == []
    assert ok(desk.get(f"/api/board/{DAY}/compare"))["comparison"] is None, "there is only one version"
    assert ok(desk.get(f"/api/board/{DAY}/actual"))["against"]["id"] == plan.id
    offered = ok(desk.post(f"/api/elders/{visit.elder_id}/slots", json={"item": visit.item_code, "day": str(DAY)}))
    assert offered["plan"] == "published"
