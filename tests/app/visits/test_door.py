"""What phones report at the door, and what becomes of the visit."""

import threading
import uuid
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.db import transaction
from app.errors import Conflict
from app.funding.rules import Account, EntryKind
from app.funding.tables import LedgerEntry
from app.orders.rules import OrderState, VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.places.rules import Place
from app.planning import actions as plans
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import AttendanceState, PlanChanged
from app.planning.tables import Attendance
from app.visits import actions, proof_queries, queries, review
from app.visits.actions import Reported, Told
from app.visits.proof_rules import Point
from app.visits.rules import CannotCorrect, Cause, EventKind, Flaw, NotDelivered, Outcome, ReasonMissing, Resolution
from app.visits.tables import TaskResult, VisitEvent
from tests.cast import CENTRE, DISTRICT, TEN, a_caregiver, a_draft, a_visit, an_attendance, an_order

HOUR = timedelta(hours=1)
DAY = date(2026, 11, 23)
AWAY = Place(37.9, 118.56, accuracy_m=20)
_seq = iter(range(1, 1_000_000))


def reported(kind: str, attendance: Attendance | int, at: datetime = TEN, **given: Any) -> Reported:
    attendance_id = attendance if isinstance(attendance, int) else attendance.id
    values: dict[str, Any] = {"id": uuid.uuid4(), "seq": next(_seq), "at": at, "offset_ms": 0, "place": CENTRE} | given
    return Reported(kind=EventKind(kind), attendance_id=attendance_id, **values)


def send(session: Session, caregiver: Caregiver | int, *events: Reported, now: datetime | None = None) -> list[Told]:
    caregiver_id = caregiver if isinstance(caregiver, int) else caregiver.id
    told = []
    for event in events:  # each as it happens, unless the test says when it was heard of
        told += actions.receive(session, caregiver_id, [event], sent_at=None, by="刘洁", now=now or event.at)
    return told


def a_published(session: Session, *, minutes: int = 60, crew: int = 1, **given: Any) -> tuple[Visit, list[Attendance]]:
    visit = a_visit(session, state=VisitState.PUBLISHED, minutes=minutes, caregivers_needed=crew, **given)
    people = [a_caregiver(session, name=name) for name in ("刘洁", "王芳")[:crew]]
    return visit, [an_attendance(session, visit, person, rank=i) for i, person in enumerate(people, 1)]


def state(visit: Visit) -> VisitState:
    return visit.state  # as a call, for the type checker believes that an attribute stays what it was


def whole(attendance: Attendance, start: datetime = TEN, minutes: int = 60) -> list[Reported]:
    task = {"task": "pressure", "outcome": "done"}
    return [
        reported("depart", attendance, start - timedelta(minutes=20)),
        reported("arrive", attendance, start - timedelta(minutes=2)),
        reported("start", attendance, start),
        reported("task", attendance, start + timedelta(minutes=5), data=task),
        reported("finish", attendance, start + timedelta(minutes=minutes)),
    ]


def test_a_whole_visit_verifies_itself_and_the_ledger_owes_the_provider(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        told = send(session, mine.caregiver_id, *whole(mine))
        assert {t.outcome for t in told} == {Outcome.ACCEPTED}
        assert visit.state is VisitState.VERIFIED
        assert (mine.state, mine.started_at, mine.finished_at) == (AttendanceState.FINISHED, TEN, TEN + HOUR)
        (entry,) = session.scalars(select(LedgerEntry).where(LedgerEntry.visit_id == visit.id))
        assert (entry.kind, entry.target, entry.cents) == (EntryKind.CAPTURE, Account.OWED, 10_000)


def test_a_place_that_the_phone_says_is_made_up_proves_nothing_and_waits_for_a_person(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        steps = [replace(one, data=one.data | {"mocked": True}) if one.kind == "start" else one for one in whole(mine)]
        send(session, mine.caregiver_id, *steps)
        assert (visit.state, visit.reason) == (VisitState.HELD, "mock_location")
        (row,) = queries.open_flaws(session, [visit.id])[visit.id]
        assert (row.flaw, row.facts) == (Flaw.MOCK_LOCATION, {"end": "start"})
        proofs = proof_queries.located(queries.records(session, visit), geofence_m=300, fine_m=100)
        assert [one.point for one in proofs] == [Point.FINISH]


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_steps_may_arrive_in_any_order_and_none_is_lost(database: Engine, order: tuple[int, ...]) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        steps = [
            reported("arrive", mine, TEN - timedelta(minutes=2), seq=1),
            reported("start", mine, TEN, seq=2),
            reported("finish", mine, TEN + HOUR, seq=3),
        ]
        later = TEN + 2 * HOUR
        for i in order:
            event = steps[i]
            ago = int((later - event.at).total_seconds() * 1000)
            late = Reported(event.id, event.kind, mine.id, event.seq, event.at, ago, CENTRE)
            send(session, mine.caregiver_id, late, now=later)
        assert (mine.state, visit.state) == (AttendanceState.FINISHED, VisitState.VERIFIED)
        assert (mine.arrived_at, mine.started_at, mine.finished_at) == (steps[0].at, TEN, TEN + HOUR)
        assert {o.outcome for o in queries.outcomes(session, mine.district_id, [e.id for e in steps]).values()} == {
            Outcome.ACCEPTED
        }


def test_the_same_event_twice_counts_once_also_when_both_come_at_the_same_moment(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        attendance_id, caregiver_id = mine.id, mine.caregiver_id
    event, start, answers = reported("depart", attendance_id), threading.Barrier(4), list[str]()

    def post() -> None:
        start.wait()
        with transaction() as session:
            answers.extend(told.outcome for told in send(session, caregiver_id, event))

    threads = [threading.Thread(target=post) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["accepted", "repeated", "repeated", "repeated"]
    with transaction() as session:
        assert session.query(VisitEvent).count() == 1


def test_partners_who_finish_at_the_same_moment_both_count(database: Engine) -> None:
    with transaction() as session:
        visit, pair = a_published(session, crew=2)
        for one in pair:
            send(session, one.caregiver_id, *whole(one)[:4])
        ids = [(one.caregiver_id, one.id) for one in pair]
    start = threading.Barrier(2)

    def finish(caregiver_id: int, attendance_id: int) -> None:
        start.wait()
        with transaction() as session:
            send(session, caregiver_id, reported("finish", attendance_id, TEN + HOUR))

    threads = [threading.Thread(target=finish, args=who) for who in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with transaction() as session:
        assert session.get_one(Visit, visit.id).state is VisitState.VERIFIED


def test_a_pair_is_done_only_when_both_are(database: Engine) -> None:
    with transaction() as session:
        visit, (one, other) = a_published(session, crew=2)
        send(session, one.caregiver_id, *whole(one))
        assert state(visit) is VisitState.UNDER_WAY
        send(session, other.caregiver_id, *whole(other, minutes=30))
        assert visit.state is VisitState.HELD
        (flaw,) = queries.open_flaws(session, [visit.id])[visit.id]
        assert (flaw.flaw, flaw.attendance_id, flaw.facts) == (
            Flaw.TOO_SHORT, other.id, {"given_minutes": 30, "least_minutes": 54}
        )  # fmt: skip


@pytest.mark.parametrize(("place", "flaw"), [(AWAY, Flaw.OUTSIDE), (None, Flaw.NO_LOCATION)])
def test_a_wrong_or_missing_place_is_never_blocked_and_is_held(
    database: Engine, place: Place | None, flaw: Flaw
) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        steps = whole(mine)
        steps[2] = reported("start", mine, place=place)
        told = send(session, mine.caregiver_id, *steps)
        assert {t.outcome for t in told} == {Outcome.ACCEPTED}
        assert visit.state is VisitState.HELD
        assert [row.flaw for row in queries.open_flaws(session, [visit.id])[visit.id]] == [flaw]


def test_an_event_that_clashes_with_the_plan_is_kept_and_asks_for_attention(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        attending.withdraw(session, visit.id, by="王调度", now=TEN, reason="elder asked")
        (told,) = send(session, mine.caregiver_id, reported("start", mine))
        assert (told.outcome, told.problem) == (Outcome.ATTENTION, "plan_changed")
        (raw,) = queries.events(session, mine.district_id, visit.id)
        assert (raw.event_id, raw.kind) == (told.id, EventKind.START)
        assert [row.flaw for row in queries.open_flaws(session, [visit.id])[visit.id]] == [Flaw.PLAN_CLASH]


def test_a_caregiver_cannot_act_for_another_and_learns_nothing(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        other = a_caregiver(session, name="王芳")
        told = send(session, other, reported("start", mine), reported("start", 999_999))
        assert [t.problem for t in told] == ["not_yours", "not_yours"]
        assert mine.state is AttendanceState.ASSIGNED
        assert session.query(VisitEvent).count() == 2


def test_no_one_home_ends_the_visit_and_spares_the_partner_the_way(database: Engine) -> None:
    with transaction() as session:
        visit, (one, other) = a_published(session, crew=2)
        steps = [reported("arrive", one), reported("not_delivered", one, data={"reason": "no_one_home"})]
        send(session, one.caregiver_id, *steps)
        assert (visit.state, visit.reason) == (VisitState.NOT_DELIVERED, "no_one_home")
        assert (one.state, other.state) == (AttendanceState.FINISHED, AttendanceState.WITHDRAWN)
        assert session.query(LedgerEntry).count() == 0


def test_who_declines_says_why_and_the_visit_waits_again(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, reported("decline", mine, data={"reason": "ill"}))
        assert (mine.state, mine.reason, visit.state) == (AttendanceState.DECLINED, "ill", VisitState.WAITING)


def test_the_last_word_on_a_task_counts(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        send(
            session, mine.caregiver_id, reported("start", mine, seq=1),
            reported("task", mine, data={"task": "pressure", "outcome": "refused", "reason": "tired"}, seq=3),
            reported("task", mine, data={"task": "pressure", "outcome": "done"}, seq=2),
        )  # fmt: skip
        (row,) = session.scalars(select(TaskResult))
        assert (row.outcome.value, row.reason) == ("refused", "tired")


def test_what_a_phone_reported_cannot_be_changed_by_anybody(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        send(session, mine.caregiver_id, reported("depart", mine))
    for statement in ("update visit_events set seq = 0", "delete from visit_events", "truncate corrections"):
        with pytest.raises(DatabaseError, match="keeps what was written"), database.begin() as connection:
            connection.execute(text(statement))


def a_held(session: Session) -> tuple[Visit, Attendance]:
    visit, (mine,) = a_published(session)
    steps = whole(mine)
    steps[-1] = reported("finish", mine, TEN + timedelta(minutes=20))
    send(session, mine.caregiver_id, *steps)
    assert visit.state is VisitState.HELD
    return visit, mine


def test_a_correction_lies_beside_the_record_and_somebody_must_still_verify(database: Engine) -> None:
    with transaction() as session:
        visit, mine = a_held(session)
        review.correct(
            session, visit.id, mine.id, field="finished_at", value=TEN + HOUR, cause=Cause.FORGOT,
            resolution=Resolution.ELDER_CONFIRMED, memo=None, by="王调度", now=TEN + 3 * HOUR,
        )  # fmt: skip
        assert mine.finished_at == TEN + timedelta(minutes=20), "what was reported stays"
        assert state(visit) is VisitState.HELD
        assert queries.open_flaws(session, [visit.id]) == {}
        review.verify(session, visit.id, by="王调度", now=TEN + 3 * HOUR, reason="elder confirmed by telephone")
        assert visit.state is VisitState.VERIFIED
        with pytest.raises(CannotCorrect):
            review.correct(
                session, visit.id, mine.id, field="finished_at", value=TEN, cause=Cause.FORGOT, by="王调度",
                resolution=Resolution.ELDER_CONFIRMED, memo=None, now=TEN + 4 * HOUR,
            )  # fmt: skip


def test_a_rejected_visit_gives_the_money_back_also_after_it_was_verified(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        send(session, mine.caregiver_id, *whole(mine))
        review.reject(session, visit.id, by="王调度", now=TEN + 9 * HOUR, reason="the elder was in hospital")
        assert visit.state is VisitState.NOT_DELIVERED
        kinds = session.scalars(select(LedgerEntry.kind).order_by(LedgerEntry.id)).all()
        assert kinds == [EntryKind.CAPTURE, EntryKind.REFUND]


def test_the_desk_writes_off_a_visit_nobody_came_to(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        with pytest.raises(ReasonMissing):
            review.not_delivered(session, visit.id, reason=NotDelivered.OTHER, note=None, by="王", now=TEN + 5 * HOUR)
        review.not_delivered(session, visit.id, reason=NotDelivered.MISSED, note=None, by="王", now=TEN + 5 * HOUR)
        assert (visit.state, visit.reason) == (VisitState.NOT_DELIVERED, "missed")
        assert mine.state is AttendanceState.WITHDRAWN


def test_a_visit_nobody_began_is_flagged_once_then_held_and_a_late_phone_clears_it_all(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        assert queries.not_started(session, now=TEN + timedelta(minutes=29)) == []
        at = TEN + timedelta(minutes=31)
        assert queries.not_started(session, now=at) == [visit.id]
        review.flag_not_started(session, visit.id, now=at)
        review.flag_not_started(session, visit.id, now=at)
        assert queries.not_started(session, now=at) == []
        assert state(visit) is VisitState.PUBLISHED
        assert queries.overdue(session, now=TEN + 4 * HOUR) == []
        late = TEN + 6 * HOUR
        assert queries.overdue(session, now=late) == [visit.id]
        review.hold_overdue(session, visit.id, now=late)
        review.hold_overdue(session, visit.id, now=late)
        assert state(visit) is VisitState.HELD
        synced = [
            Reported(e.id, e.kind, mine.id, e.seq, e.at, int((late - e.at).total_seconds() * 1000), CENTRE, e.data)
            for e in whole(mine)
        ]
        send(session, mine.caregiver_id, *synced, now=late)
        assert visit.state is VisitState.VERIFIED
        assert queries.open_flaws(session, [visit.id]) == {}


def test_a_month_that_is_settled_holds_the_visit_instead_of_losing_the_record(database: Engine) -> None:
    with transaction() as session:
        order = an_order(session, allowance_cents=10_000, self_pay_cents=0, state=OrderState.CONFIRMED)
        visit, (mine,) = a_published(session, order=order)  # nothing was ever reserved for it
        send(session, mine.caregiver_id, *whole(mine))
        assert visit.state is VisitState.HELD
        assert [row.flaw for row in queries.open_flaws(session, [visit.id])[visit.id]] == [Flaw.MONTH_SETTLED]
        with pytest.raises(Conflict):
            review.verify(session, visit.id, by="王调度", now=TEN + 3 * HOUR, reason="looked at")
        assert planning.had_to_come(session, visit.id)[0].state is AttendanceState.FINISHED


def test_phones_and_a_publishing_dispatcher_never_block_each_other(database: Engine) -> None:
    """Every phone turns back at a door while the day is published again and again: nobody is told to try later."""
    with transaction() as session:
        people = [a_caregiver(session, name=f"护理员{i}") for i in range(6)]
        day = [a_visit(session) for _ in people]
        crews = [(visit, TEN, (person,)) for visit, person in zip(day, people, strict=True)]
        plan = a_draft(session, *crews, now=TEN - 20 * HOUR)
        before = TEN - 20 * HOUR
        plans.publish(session, DISTRICT, DAY, seen=(plan.id, plan.revision), by="王", now=before)
        plan = a_draft(session, *crews, now=before)
        seen = (plan.id, plan.revision)
        mine = [(p.id, planning.attendances(session, v.id)[0].id) for v, p in zip(day, people, strict=True)]
    start, wrong = threading.Barrier(len(mine) + 1), list[BaseException]()

    def turn_back(caregiver_id: int, attendance_id: int) -> None:
        start.wait()
        try:
            with transaction() as session:
                send(session, caregiver_id, reported("not_delivered", attendance_id, data={"reason": "refused"}))
        except BaseException as error:
            wrong.append(error)

    def publish() -> None:
        start.wait()
        try:
            with transaction() as session:
                plans.publish(session, DISTRICT, DAY, seen=seen, by="王", now=before)
        except PlanChanged:
            pass  # a phone was quicker
        except BaseException as error:
            wrong.append(error)

    threads = [threading.Thread(target=turn_back, args=who) for who in mine] + [threading.Thread(target=publish)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    with transaction() as session:
        assert {v.state for v in session.scalars(select(Visit))} == {VisitState.NOT_DELIVERED}
