"""From a draft to the caregivers: storing, publishing, moving by hand, withdrawing, cancelling."""

import threading
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import history
from app.db import transaction
from app.errors import CareError
from app.orders.rules import OrderState, VisitState
from app.orders.tables import Visit
from app.people.rules import Skill
from app.people.tables import Absence, Caregiver
from app.planning import actions, attending, by_hand, choices, queries
from app.planning.day import named, question
from app.planning.rules import (
    AttendanceEvent,
    AttendanceState,
    CannotOverride,
    DraftUnderWay,
    PlanChanged,
    PlanMoveRefused,
    PlanState,
    RulesBroken,
)
from app.planning.tables import Attendance, Pin, Plan, PlanReason
from tests.cast import DISTRICT, TEN, a_caregiver, a_draft, a_visit, an_attendance, an_elder, an_order
from tests.conftest import MORNING

DAY = date(2026, 11, 23)
BY = "王调度"
EVENING_BEFORE = MORNING - timedelta(hours=14)


def published(session: Session, plan: Plan, *, now: datetime = EVENING_BEFORE) -> Plan:
    return actions.publish(session, DISTRICT, DAY, seen=(plan.id, plan.revision), by=BY, now=now)


def crew(session: Session, visit_id: int) -> list[tuple[int, AttendanceState]]:
    return [(a.caregiver_id, a.state) for a in queries.attendances(session, visit_id)]


def test_a_published_draft_sends_its_caregivers_and_the_old_plan_steps_back(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        first = published(session, a_draft(session, (visit, TEN, (liu,))))
        assert visit.state is VisitState.PUBLISHED
        assert (visit.starts_at, visit.provider_id) == (TEN, liu.provider_id)
        assert crew(session, visit.id) == [(liu.id, AttendanceState.ASSIGNED)]
        wang = a_caregiver(session, name="王芳")
        second = published(session, a_draft(session, (visit, TEN + timedelta(minutes=15), (wang,))))
        assert (first.state, second.state) == (PlanState.SUPERSEDED, PlanState.PUBLISHED)
        assert crew(session, visit.id) == [(liu.id, AttendanceState.WITHDRAWN), (wang.id, AttendanceState.ASSIGNED)]
        assert visit.starts_at == TEN + timedelta(minutes=15)


def test_a_caregiver_who_stays_keeps_her_acceptance_when_the_time_moves(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        published(session, a_draft(session, (visit, TEN, (liu,))))
        (attendance,) = queries.attendances(session, visit.id)
        attending.move(session, attendance, AttendanceEvent.ACCEPT, by="刘洁", now=MORNING)
        published(session, a_draft(session, (visit, TEN + timedelta(minutes=30), (liu,))))
        assert attendance.state is AttendanceState.ACCEPTED
        assert attendance.starts_at == TEN + timedelta(minutes=30)
        assert [line.event for line in history.of(session, DISTRICT, "attendances", attendance.id)][-1] == "retime"


def test_two_dispatchers_publish_and_one_is_told_to_look_again(database: Engine) -> None:
    with transaction() as session:
        plan = a_draft(session, (a_visit(session), TEN, (a_caregiver(session),)))
        seen = (plan.id, plan.revision)
    start, answers = threading.Barrier(2), []

    def press() -> None:
        start.wait()
        try:
            with transaction() as session:
                actions.publish(session, DISTRICT, DAY, seen=seen, by=BY, now=EVENING_BEFORE)
            answers.append("published")
        except PlanChanged:
            answers.append("look again")

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["look again", "published"]
    with transaction() as session:
        assert session.query(Attendance).count() == 1


def test_a_draft_changed_by_hand_must_be_looked_at_again(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        plan = a_draft(session, (visit, TEN, (liu,)))
        seen = (plan.id, plan.revision)
        move(session, visit, (liu,), TEN + timedelta(minutes=10))
        with pytest.raises(PlanChanged):
            actions.publish(session, DISTRICT, DAY, seen=seen, by=BY, now=EVENING_BEFORE)


def move(session: Session, visit: Visit, caregivers: tuple[Caregiver, ...], at: datetime, *accept: str) -> Visit:
    session.flush()
    return by_hand.move_by_hand(
        session,
        visit.id,
        caregiver_ids=[c.id for c in caregivers],
        starts_at=at,
        accept=accept,
        by=BY,
        now=EVENING_BEFORE,
    )


def test_the_database_itself_keeps_a_caregiver_out_of_two_visits_at_once(database: Engine) -> None:
    with transaction() as session:
        liu = a_caregiver(session)
        one = a_visit(session, state=VisitState.PUBLISHED)
        an_attendance(session, one, liu)
        other = a_visit(session, state=VisitState.PUBLISHED)
    with pytest.raises(IntegrityError, match="ex_attendances_overlap"), transaction() as session:
        an_attendance(session, other, session.get_one(Caregiver, liu.id), starts_at=TEN + timedelta(minutes=59))
    with transaction() as session:  # one after the other is fine
        an_attendance(session, other, session.get_one(Caregiver, liu.id), starts_at=TEN + timedelta(minutes=60))


def test_two_caregivers_trade_places_in_one_publishing(database: Engine) -> None:
    with transaction() as session:
        one, other = a_visit(session), a_visit(session)
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        later = TEN + timedelta(minutes=60)
        other.closes = later
        published(session, a_draft(session, (one, TEN, (liu,)), (other, TEN, (wang,))))
        published(session, a_draft(session, (one, TEN, (wang,)), (other, TEN, (liu,))))
        assert {a.caregiver_id for a in queries.attendances(session, one.id, active=True)} == {wang.id}
        assert {a.caregiver_id for a in queries.attendances(session, other.id, active=True)} == {liu.id}


def test_what_breaks_a_rule_when_it_is_stored_is_left_out_and_said_so(database: Engine) -> None:
    with transaction() as session:
        visit, unskilled = a_visit(session), a_caregiver(session, skills=(Skill.MEALS,))
        plan = a_draft(session, (visit, TEN, (unskilled,)))
        assert visit.state is VisitState.WAITING
        (reason,) = session.scalars(select(PlanReason).where(PlanReason.plan_id == plan.id))
        assert (reason.visit_id, reason.kind) == (visit.id, "changed_meanwhile")
        assert set(reason.sentence) == {"zh-CN", "en"}


def test_a_rule_broken_between_draft_and_publishing_stops_the_publishing(database: Engine) -> None:
    with transaction() as session:
        liu, visit = a_caregiver(session), a_visit(session)
        plan = a_draft(session, (visit, TEN, (liu,)))
        session.add(Absence(district_id=DISTRICT, caregiver_id=liu.id, first=DAY, last=DAY, reason="sick"))
        session.flush()
        with pytest.raises(RulesBroken) as refused:
            published(session, plan)
        assert refused.value.facts["faults"] == [{"rule": "shift", "visit_id": visit.id, "caregiver_id": liu.id}]


def test_a_move_names_what_it_breaks_and_the_accepted_rule_is_on_record(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        noon = TEN + timedelta(minutes=75)  # after the window, and she would return after half past eleven
        trial = by_hand.try_move(session, visit.id, caregiver_ids=[liu.id], starts_at=noon)
        assert {fault.rule for fault in trial.faults} == {"window", "shift"}
        with pytest.raises(RulesBroken):
            move(session, visit, (liu,), noon, "window")
        move(session, visit, (liu,), noon, "window", "shift")
        (pin,) = session.scalars(select(Pin))
        assert (pin.waived, pin.by) == (["shift", "window"], BY)
        assert crew(session, visit.id) == [], "nobody is told of a draft"
        published(session, plan_of_day(session, PlanState.DRAFT))
        assert visit.state is VisitState.PUBLISHED


def plan_of_day(session: Session, state: PlanState) -> Plan:
    plan = queries.plan(session, DISTRICT, DAY, state)
    assert plan is not None
    return plan


def test_a_move_onto_a_caregiver_who_is_elsewhere_cannot_be_accepted(database: Engine) -> None:
    with transaction() as session:
        one, other, liu = a_visit(session), a_visit(session), a_caregiver(session)
        published(session, a_draft(session, (one, TEN, (liu,))))
        with pytest.raises(CannotOverride):
            move(session, other, (liu,), TEN + timedelta(minutes=30), "overlap")


def test_a_move_on_a_published_day_reaches_the_caregivers_at_once(database: Engine, notices: list[str]) -> None:
    with transaction() as session:
        visit, liu, wang = a_visit(session), a_caregiver(session), a_caregiver(session, name="王芳")
        published(session, a_draft(session, (visit, TEN, (liu,))))
        move(session, visit, (wang,), TEN + timedelta(minutes=20))
        assert crew(session, visit.id) == [(liu.id, AttendanceState.WITHDRAWN), (wang.id, AttendanceState.ASSIGNED)]
        assert visit.starts_at == TEN + timedelta(minutes=20)
    assert {f"caregivers/{liu.id}", f"caregivers/{wang.id}", "board/2026-11-23"} <= set(notices)


def test_a_later_draft_asks_for_what_was_settled_by_hand(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        move(session, visit, (liu,), TEN + timedelta(minutes=20))
        (posed,) = question(queries.day_of(session, DISTRICT, DAY), now=EVENING_BEFORE).problem.visits
        assert posed.pinned_caregivers == (named(liu.id),)
        assert posed.pinned_start == (10 * 60 + 20) * 60


def test_withdrawing_frees_the_caregiver_and_the_visit_waits_again(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session), a_caregiver(session)
        published(session, a_draft(session, (visit, TEN, (liu,))))
        attending.withdraw(session, visit.id, by=BY, now=MORNING, reason="elder asked")
        assert (visit.state, visit.starts_at) == (VisitState.WAITING, None)
        assert crew(session, visit.id) == [(liu.id, AttendanceState.WITHDRAWN)]
        a_draft(session, (visit, TEN, (liu,)))
        assert visit.state is VisitState.PLANNED


def test_cancelling_an_order_frees_everybody_who_was_to_come(database: Engine) -> None:
    with transaction() as session:
        order = an_order(session)
        visit, liu = a_visit(session, order=order), a_caregiver(session)
        published(session, a_draft(session, (visit, TEN, (liu,))))
        actions.cancel_order(session, order.id, by=BY, now=MORNING, reason="in hospital")
        assert (order.state, visit.state) == (OrderState.CANCELLED, VisitState.CANCELLED)
        assert crew(session, visit.id) == [(liu.id, AttendanceState.WITHDRAWN)]


def test_when_the_only_caregiver_declines_the_visit_waits_when_one_of_two_does_it_keeps_its_time(
    database: Engine,
) -> None:
    with transaction() as session:
        alone, pair = a_visit(session), a_visit(session, caregivers_needed=2)
        liu, wang, zhao = (a_caregiver(session, name=name) for name in ("刘洁", "王芳", "赵丽"))
        published(session, a_draft(session, (alone, TEN, (liu,)), (pair, TEN, (wang, zhao))))
        attending.decline(session, queries.attendances(session, alone.id)[0], by="刘洁", now=MORNING, reason="ill")
        attending.decline(session, queries.attendances(session, pair.id)[1], by="赵丽", now=MORNING, reason="ill")
        assert alone.state is VisitState.WAITING
        assert pair.state is VisitState.PUBLISHED
        posed = question(queries.day_of(session, DISTRICT, DAY), now=EVENING_BEFORE).problem.visit(str(pair.id))
        assert (posed.pinned_caregivers, posed.pinned_start) == ((named(wang.id),), 10 * 3600)
        move(session, pair, (wang, liu), TEN)
        assert {a.caregiver_id for a in queries.attendances(session, pair.id, active=True)} == {wang.id, liu.id}


def test_an_alarm_takes_the_responder_at_once_and_tells_whose_visit_it_cuts_into(database: Engine) -> None:
    with transaction() as session:
        visit, urgent, liu = a_visit(session), a_visit(session, minutes=30), a_caregiver(session)
        published(session, a_draft(session, (visit, TEN, (liu,))))
        sent = attending.insert_urgent(session, urgent, liu.id, by="赵敏", now=TEN - timedelta(minutes=10))
        assert urgent.state is VisitState.PUBLISHED
        assert sent.attendance.urgent
        assert [(a.visit_id, a.under_way) for a in sent.affected] == [(visit.id, False)]
        assert sent.affected[0].late_minutes == sent.travel_minutes + 20
        day = queries.day_of(session, DISTRICT, DAY)
        asked = question(day, now=TEN - timedelta(minutes=9))
        assert asked.fixed == {urgent.id}, "what it cuts into may be moved, however near it is"
    with transaction() as session:
        other = a_visit(session)
    with pytest.raises(CannotOverride), transaction() as session:
        attending.insert_urgent(session, other, liu.id, by="赵敏", now=TEN)


def test_a_draft_leaves_what_is_under_way_or_near_as_it_is(database: Engine) -> None:
    with transaction() as session:
        near, far = a_visit(session), a_visit(session, opens=TEN + timedelta(hours=4))
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        published(session, a_draft(session, (near, TEN, (liu,)), (far, TEN + timedelta(hours=4), (liu,))))
        asked = question(queries.day_of(session, DISTRICT, DAY), now=TEN - timedelta(minutes=50))
        assert asked.fixed == {near.id}
        posed = asked.problem.visit(str(far.id))
        assert posed.published is not None
        assert posed.published.caregivers == (named(liu.id),)
        assert asked.problem.visit(str(near.id)).frozen
        assert wang.id


@pytest.mark.parametrize("before", [timedelta(minutes=10), timedelta(hours=3)])
def test_who_else_could_come_is_answered_however_near_the_visit_is(database: Engine, before: timedelta) -> None:
    with transaction() as session:
        visit = a_visit(session)
        liu, wang = a_caregiver(session), a_caregiver(session, name="王芳")
        published(session, a_draft(session, (visit, TEN, (liu,))))
        found = choices.candidates(session, visit.id, now=TEN - before)
        assert {tuple(one.caregiver_ids) for one in found} == {(liu.id,), (wang.id,)}
        assert all(one.starts_at >= TEN - before for one in found)


def test_a_visit_whose_window_has_passed_is_said_to_be_too_late(database: Engine) -> None:
    with transaction() as session:
        visit = a_visit(session)
        a_caregiver(session)
        asked = question(queries.day_of(session, DISTRICT, DAY), now=TEN + timedelta(minutes=30))
        assert asked.too_late == (visit.id,)


def test_the_day_knows_split_shifts_expired_skills_and_absences(database: Engine) -> None:
    with transaction() as session:
        liu = a_caregiver(session, expires=DAY - timedelta(days=1))
        ill = a_caregiver(session, name="王芳")
        session.add(Absence(district_id=DISTRICT, caregiver_id=ill.id, first=DAY, last=DAY, reason="sick"))
        an_order(session, elder=an_elder(session), state=OrderState.RECEIVED)
        day = queries.day_of(session, DISTRICT, DAY)
    assert day.caregiver[liu.id].skills == frozenset()
    assert day.caregiver[ill.id].shifts == ()
    problem = question(day, now=EVENING_BEFORE).problem
    (posed,) = problem.caregivers
    assert [(s.start, s.end) for s in posed.shifts] == [(8 * 3600, 41400), (48600, 63000)]


def test_only_one_draft_of_a_day_is_made_at_a_time_and_giving_it_up_opens_the_door(database: Engine) -> None:
    with transaction() as session:
        job = actions.ask_draft(session, DISTRICT, DAY, seconds=5, by=BY, now=MORNING)
        with pytest.raises(DraftUnderWay):
            actions.ask_draft(session, DISTRICT, DAY, seconds=5, by=BY, now=MORNING)
        actions.give_up(session, job.subject_id, by=BY, now=MORNING, reason="stopped")
        actions.ask_draft(session, DISTRICT, DAY, seconds=5, by=BY, now=MORNING)


def test_a_visit_under_way_is_not_moved_by_hand(database: Engine) -> None:
    with transaction() as session:
        visit, liu = a_visit(session, state=VisitState.UNDER_WAY), a_caregiver(session)
        with pytest.raises(PlanMoveRefused):
            move(session, visit, (liu,), TEN)


def test_discarding_a_draft_lets_its_visits_wait(database: Engine) -> None:
    with transaction() as session:
        visit = a_visit(session)
        a_draft(session, (visit, TEN, (a_caregiver(session),)))
        actions.discard(session, DISTRICT, DAY, by=BY, now=MORNING)
        assert visit.state is VisitState.WAITING


def test_every_refusal_of_the_plan_is_an_error_in_words() -> None:
    assert all(issubclass(e, CareError) for e in (PlanChanged, RulesBroken, CannotOverride, DraftUnderWay))
