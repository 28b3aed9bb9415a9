"""A draft made by a real child process: progress, stopping, a worker that goes away, a solver that dies."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.access.rules import Role
from app.db import transaction
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.orders.rules import VisitState
from app.people.rules import AbilityLevel, Skill
from app.planning import actions, drafting, queries, thinking
from app.planning.day import plan_of, question
from app.planning.rules import PlanState
from app.planning.tables import Plan, PlanReason
from tests.cast import DISTRICT, a_caregiver, a_visit, an_attendance, an_elder
from tests.clients import Client, ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
DAY = calendar.day_of(MORNING) + timedelta(days=2)


def at(hour: int, minute: int = 0, day: date = DAY) -> datetime:
    return calendar.day_bounds(day)[0] + timedelta(hours=hour, minutes=minute)


def a_day(session: Session, visits: int = 6) -> list[int]:
    """Visits in the morning, one for two caregivers, and one nobody has the skill for."""
    for name in ("刘洁", "王芳", "赵丽"):
        a_caregiver(session, name=name)
    made = [a_visit(session, opens=at(8 + i % 3, 30)) for i in range(visits - 2)]
    heavy = an_elder(session, level=AbilityLevel.SEVERE)
    made.append(a_visit(session, elder=heavy, opens=at(9), caregivers_needed=2))
    made.append(a_visit(session, opens=at(9), needs=[Skill.NURSING]))
    return [visit.id for visit in made]


def asked(session: Session, seconds: int = 1) -> int:
    return actions.ask_draft(session, DISTRICT, DAY, seconds=seconds, seed=7, by="王调度", now=datetime.now(UTC)).id


def test_a_drafted_day_serves_what_it_can_and_says_why_it_cannot_serve_the_rest() -> None:
    with transaction() as session:
        *served, nursing = a_day(session)
        job_id = asked(session)
    drafting.carry_out(job_id)
    drafting.carry_out(job_id)  # the same message may come twice
    with transaction() as session:
        job = session.get_one(Job, job_id)
        assert job.state is JobState.DONE
        assert job.progress
        assert set(job.progress[-1]) == {"seconds", "iterations", "cost", "unserved"}
        plan = queries.plan(session, DISTRICT, DAY, PlanState.DRAFT)
        assert plan is not None
        lines = queries.lines(session, plan.id)
        assert set(lines) == set(served)
        assert [len(lines[v]) for v in served] == [1, 1, 1, 1, 2]
        reasons = {r.visit_id: r for r in session.scalars(select(PlanReason).where(PlanReason.plan_id == plan.id))}
        assert {v for v, r in reasons.items() if r.kind == "served"} == set(served)
        for visit_id, crew in lines.items():
            assert reasons[visit_id].facts["crew"] == [g.caregiver_id for g in crew]
        reason = reasons[nursing]
        assert (reason.visit_id, reason.kind) == (nursing, "impossible")
        assert any(name in reason.sentence["zh-CN"] for name in ("刘洁", "王芳", "赵丽")), (
            "people by name, not by number"
        )
        assert reason.sentence["en"]
        day = queries.day_of(session, DISTRICT, DAY)
        problem = question(day, now=None).problem
        assert list(dispatch.faults(problem, plan_of(problem, day, lines))) == []
        assert day.visit[nursing].state is VisitState.WAITING


def test_a_job_stopped_while_it_thinks_keeps_the_best_plan_so_far() -> None:
    with transaction() as session:
        a_day(session)
        job_id = asked(session, seconds=120)
    begun = time.monotonic()
    worker = threading.Thread(target=drafting.carry_out, args=[job_id])
    worker.start()
    wait(lambda: bool(job(job_id).progress))
    with transaction() as session:
        jobs.stop(session, job_id, district_id=DISTRICT, by="王调度", now=datetime.now(UTC))
    worker.join(40)
    assert not worker.is_alive()
    assert time.monotonic() - begun < 60
    assert job(job_id).state is JobState.DONE
    with transaction() as session:
        assert queries.plan(session, DISTRICT, DAY, PlanState.DRAFT) is not None


def job(job_id: int) -> Job:
    with transaction() as session:
        return session.get_one(Job, job_id)


def wait(true: Callable[[], bool], seconds: float = 40) -> None:
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.1)


class Ended(BaseException):
    """The worker is told to end."""


def test_a_worker_told_to_end_puts_the_job_back_and_another_takes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        a_day(session)
        job_id = asked(session)

    def end(*_: object, **__: object) -> object:
        raise Ended

    with monkeypatch.context() as interrupted:
        interrupted.setattr(thinking, "_drain", end)
        with pytest.raises(Ended):
            drafting.carry_out(job_id)
    assert job(job_id).state is JobState.QUEUED
    drafting.carry_out(job_id)
    assert job(job_id).state is JobState.DONE


def test_a_solver_that_dies_fails_the_job_and_frees_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        a_day(session)
        job_id = asked(session)
    monkeypatch.setattr(drafting, "SOLVER", "app.planning.no_such_module")
    drafting.carry_out(job_id)
    failed = job(job_id)
    assert failed.state is JobState.FAILED
    assert failed.error
    with transaction() as session:
        assert queries.plan(session, DISTRICT, DAY, PlanState.DRAFTING) is None
        asked(session)


def test_a_job_without_a_sign_of_life_is_stuck_and_is_taken_over_by_whoever_gets_it() -> None:
    with transaction() as session:
        a_day(session)
        job_id = asked(session)
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    with transaction() as session:
        assert jobs.begin(session, job_id, by="a worker that dies", now=long_ago) is not None
    with transaction() as session:
        assert list(job_queries.stuck(session, now=datetime.now(UTC))) == [job_id]
    drafting.carry_out(job_id)
    assert job(job_id).state is JobState.DONE


def test_a_visit_cancelled_while_the_solver_thinks_is_not_planned() -> None:
    with transaction() as session:
        visits = a_day(session)
        job_id = asked(session)
    with transaction() as session:
        plan_id = session.get_one(Job, job_id).subject_id
        now = datetime.now(UTC)
        day = queries.day_of(session, DISTRICT, DAY)
    answer = dispatch.solve(question(day, now=now).problem, iterations=5, seed=1)
    with transaction() as session:
        actions.cancel(session, visits[0], by="赵敏", now=now, reason="in hospital")
    with transaction() as session:
        plan = actions.store(session, plan_id, answer, [], asked_at=now, by="planner", now=now)
        assert plan is not None
        assert set(queries.lines(session, plan.id)) == set(visits[1:5])


def test_a_redraft_of_a_published_day_keeps_promises_it_can_keep() -> None:
    with transaction() as session:
        visits = a_day(session)
        first = asked(session)
    drafting.carry_out(first)
    with transaction() as session:
        plan = queries.plan(session, DISTRICT, DAY, PlanState.DRAFT)
        assert plan is not None
        before = queries.lines(session, plan.id)
        actions.publish(session, DISTRICT, DAY, seen=(plan.id, plan.revision), by="王调度", now=datetime.now(UTC))
    with transaction() as session:
        new = a_visit(session, opens=at(14)).id
        again = asked(session)
    drafting.carry_out(again)
    with transaction() as session:
        plan = queries.plan(session, DISTRICT, DAY, PlanState.DRAFT)
        assert plan is not None
        after = queries.lines(session, plan.id)
        assert set(after) == {*before, new}
        assert {v: crew for v, crew in after.items() if v in before} == before
        assert session.query(Plan).filter_by(state=PlanState.PUBLISHED).count() == 1
        assert visits


def test_the_board_shows_the_draft_over_the_day_and_publishes_with_its_etag(client: Callable[..., Client]) -> None:
    with transaction() as session:
        visit, liu = a_visit(session, opens=at(10)), a_caregiver(session)
        a_visit(session, opens=at(10), needs=[Skill.NURSING])
    desk = client(Role.DISPATCHER)
    told = ok(desk.post(f"/api/board/{DAY}/draft", json={"seconds": 1, "seed": 3}))
    assert (told["state"], told["possible"]) == ("queued", ["stop"])
    assert desk.post(f"/api/board/{DAY}/draft", json={"seconds": 1}).status_code == 409
    drafting.carry_out(told["id"])
    assert ok(desk.get(f"/api/jobs/{told['id']}"))["state"] == "done"
    answer = desk.get(f"/api/board/{DAY}")
    board, etag = ok(answer), answer.headers["etag"]
    shown = next(v for v in board["visits"] if v["id"] == visit.id)
    assert (shown["state"], shown["attendances"]) == ("planned", [])
    assert [(a["id"], a["caregiver_id"]) for a in shown["proposed"]] == [(None, liu.id)]
    assert board["draft"]["possible"] == ["publish", "discard"]
    missing = next(v for v in board["visits"] if v["id"] != visit.id)
    assert missing["reason"]["kind"] == "impossible"
    assert desk.get(f"/api/board/{DAY}", headers={"If-None-Match": etag}).status_code == 304
    assert desk.post(f"/api/board/{DAY}/publish").status_code == 409
    wish = {"caregiver_ids": [liu.id], "starts_at": at(12).isoformat()}
    faults = ok(desk.post(f"/api/visits/{visit.id}/move/check", json=wish))["faults"]
    assert {f["rule"] for f in faults} == {"window", "shift"}
    refused = desk.post(f"/api/visits/{visit.id}/move", json=wish)
    assert (refused.status_code, refused.json()["rules"]) == (409, ["shift", "window"])
    published = ok(desk.post(f"/api/board/{DAY}/publish", headers={"If-Match": etag}))
    assert (published["state"], published["possible"]) == ("published", [])
    (gone,) = ok(desk.get(f"/api/board/{DAY}"))["visits"][:1]
    assert gone["proposed"] is None
    candidates = ok(desk.get(f"/api/visits/{visit.id}/candidates"))["items"]
    assert candidates[0]["caregivers"] == ["刘洁"]


def test_somebody_of_one_street_cannot_plan_the_district(client: Callable[..., Client]) -> None:
    desk = client(Role.DISPATCHER, area="370503001")
    assert desk.post(f"/api/board/{DAY}/draft", json={"seconds": 1}).status_code == 403
    assert desk.get(f"/api/board/{DAY}").status_code == 200


def test_a_manager_sees_the_own_people_and_no_full_names(client: Callable[..., Client]) -> None:
    with transaction() as session:
        visit = a_visit(session, opens=at(10), state=VisitState.PUBLISHED)
        liu = a_caregiver(session)
        an_attendance(session, visit, liu)
    board = ok(client(Role.MANAGER, provider_id=liu.provider_id).get(f"/api/board/{DAY}"))
    assert [v["elder"] for v in board["visits"]] == ["林*芬"]
    assert board["possible"] == []


def test_an_empty_day_is_drafted_without_a_solver(database: Engine) -> None:
    with transaction() as session:
        job_id = asked(session)
    drafting.carry_out(job_id)
    assert job(job_id).state is JobState.DONE
