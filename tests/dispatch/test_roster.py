"""The month's roster: continuity first, absences filled by familiar faces, what cannot be done said by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import (
    BadProblem,
    Line,
    Roster,
    RosterPlan,
    RosterProblem,
    Window,
    Worker,
    from_json,
    nobody,
    roster_faults,
    solve_roster,
    to_json,
)

WEEK = dict.fromkeys(range(5), ((480, 720), (780, 1020)))
MORNING = (Window(480, 660),)


def plan(name: str, times: int = 2, **more: object) -> RosterPlan:
    return replace(RosterPlan(name, name, times, 60, MORNING), **more)  # type: ignore[arg-type]


def worker(name: str, **more: object) -> Worker:
    return replace(Worker(name, WEEK), **more)  # type: ignore[arg-type]


def check(problem: RosterProblem, roster: Roster) -> None:
    assert [str(fault) for fault in roster_faults(problem, roster)] == []


def test_one_face_for_four_weeks_at_one_hour() -> None:
    problem = RosterProblem((plan("zhao", apart=2),), (worker("li"), worker("wang")))
    roster = solve_roster(problem)
    check(problem, roster)
    assert len(roster.lines) == 8
    assert roster.faces == {"zhao": 1}
    assert roster.proven


def test_two_plans_of_one_elder_share_a_caregiver_where_skills_allow() -> None:
    bath = plan("bath", 1, elder="zhao", needs=frozenset({"bath"}))
    tidy = plan("tidy", 2, elder="zhao")
    near = worker("li", place=1)
    problem = RosterProblem(
        (bath, tidy), (near, worker("wang", skills=frozenset({"bath"}), place=2)), np.array([[0, 1, 9]] * 3)
    )
    roster = solve_roster(problem)
    check(problem, roster)
    assert {line.worker for line in roster.lines} == {"wang"}


def test_who_is_absent_is_replaced_by_a_face_the_elder_knows_already() -> None:
    away = frozenset({7, 8, 9, 10, 11})
    plans = (
        plan("tidy", 2, elder="zhao", known=frozenset({"li"})),
        plan("bath", 1, elder="zhao", needs=frozenset({"b"})),
    )
    staff = (worker("li", absent=away), worker("chen", place=0), worker("wang", skills=frozenset({"b"})))
    problem = RosterProblem(plans, staff)
    roster = solve_roster(problem)
    check(problem, roster)
    stand_ins = [line for line in roster.lines if not line.regular]
    assert {line.worker for line in stand_ins} == {"wang"}
    assert roster.faces == {"zhao": 2}
    assert not roster.missing


def test_what_nobody_may_do_is_missing_by_name() -> None:
    problem = RosterProblem((plan("zhao", needs=frozenset({"nurse"})), plan("qian")), (worker("li"),))
    roster = solve_roster(problem)
    check(problem, roster)
    assert roster.missing == (("zhao", -1),)


def test_a_day_with_nobody_is_missing_by_its_day() -> None:
    problem = RosterProblem((plan("zhao", 1, weekdays=frozenset({2})),), (worker("li", absent=frozenset({9})),))
    roster = solve_roster(problem)
    check(problem, roster)
    assert roster.missing == (("zhao", 9),)
    assert [line.day for line in roster.lines] == [2, 16, 23]


def test_a_full_week_leaves_no_room_for_more() -> None:
    plans = tuple(plan(f"p{k}", 1, minutes=120) for k in range(4))
    problem = RosterProblem(plans, (worker("li", most=300),))
    roster = solve_roster(problem)
    check(problem, roster)
    assert len(roster.missing) == 2


@given(
    demands=st.lists(
        st.tuples(st.integers(1, 3), st.sampled_from([30, 60, 90]), st.integers(1, 2), st.sampled_from(["", "b"])),
        min_size=1, max_size=6,
    ),
    away=st.lists(st.frozensets(st.integers(0, 27), max_size=6), min_size=2, max_size=2),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_every_roster_is_sound(demands: list[tuple[int, int, int, str]], away: list[frozenset[int]]) -> None:
    plans = tuple(
        plan(f"p{k}", times, elder=f"e{k // 2}", minutes=minutes, apart=apart, needs=frozenset({need} - {""}))
        for k, (times, minutes, apart, need) in enumerate(demands)
    )
    staff = (worker("li", absent=away[0]), worker("wang", skills=frozenset({"b"}), absent=away[1]))
    problem = RosterProblem(plans, staff)
    check(problem, solve_roster(problem, seconds=2))


@pytest.mark.parametrize(
    ("plans", "fault"),
    [
        ((plan("a"), plan("a")), "id_twice"),
        ((plan("a", windows=()),), "plan"),
        ((plan("a", 4, apart=2),), "too_many_times"),
        ((plan("a", 3, weekdays=frozenset({1, 2})),), "too_many_times"),
    ],
)
def test_a_bad_question_is_refused_by_name(plans: tuple[RosterPlan, ...], fault: str) -> None:
    with pytest.raises(BadProblem) as refused:
        solve_roster(RosterProblem(plans, (worker("li"),)))
    assert refused.value.fault == fault


def test_the_judge_sees_each_fault() -> None:
    strict = plan("a", 1, needs=frozenset({"b"}), sex="f", banned=frozenset({"li"}), weekdays=frozenset({1}), apart=2)
    problem = RosterProblem((strict,), (worker("li", absent=frozenset({6}), most=60),), weeks=1)
    lines = (Line("a", 6, 1100, "li"), Line("a", 6, 1110, "li"))
    found = {fault.rule for fault in roster_faults(problem, Roster(lines))}
    assert found == {
        "skills", "banned", "sex", "absent", "window", "shift", "times", "apart", "hour", "overlap", "max_work",
    }  # fmt: skip


def dated(name: str, days: set[int], **more: object) -> RosterPlan:
    return plan(name, 1, days=frozenset(days), **more)


def test_days_a_rule_names_are_kept_and_two_caregivers_of_one_series_meet_at_one_hour() -> None:
    both = {"elder": "zhao", "series": "bath"}
    plans = (dated("bath 1", {2, 16}, **both), dated("bath 2", {2, 16}, **both), dated("sat", {5}), dated("no", {1}))
    staff = (worker("li"), worker("wang"), worker("sun", hours={5: ((480, 720),)}))
    problem = RosterProblem((*plans[:3], replace(plans[3], needs=frozenset({"none"}))), staff)
    roster = solve_roster(problem)
    check(problem, roster)
    assert [(line.plan, line.day) for line in roster.lines if line.plan != "sat"] == [
        ("bath 1", 2), ("bath 2", 2), ("bath 1", 16), ("bath 2", 16)
    ]  # fmt: skip
    assert len({line.start for line in roster.lines if line.plan.startswith("bath")}) == 1
    assert {line.worker for line in roster.lines if line.plan.startswith("bath")} == {"li", "wang"}
    assert [line.worker for line in roster.lines if line.plan == "sat"] == ["sun"]
    assert roster.missing == (("no", 1),)
    assert nobody(problem, roster, problem.plans[3], 1) == dict.fromkeys(("li", "wang", "sun"), "skills")


def test_rules_of_other_weeks_do_not_stand_in_each_others_way() -> None:
    narrow = (Window(480, 480),)
    turns = (dated("one", {0, 14}, windows=narrow), dated("two", {7, 21}, windows=narrow))
    problem = RosterProblem(turns, (worker("li", most=70),))
    roster = solve_roster(problem)
    check(problem, roster)
    assert {line.worker for line in roster.lines} == {"li"}
    assert not roster.missing
    full = RosterProblem((*turns, dated("three", {0}, windows=narrow)), (worker("li", most=150),))
    answer = solve_roster(full)
    check(full, answer)
    assert [day for _, day in answer.missing] in ([0], [0, 14])
    (name, day), *_ = answer.missing
    assert nobody(full, answer, next(p for p in full.plans if p.id == name), day) == {"li": "busy"}


def test_the_judge_names_a_day_that_is_not_meant_and_an_hour_that_differs_within_a_series() -> None:
    plans = (dated("a", {0}, series="s"), dated("b", {1}, series="s"))
    problem = RosterProblem(plans, (worker("li"),))
    lines = (Line("a", 0, 480, "li"), Line("b", 2, 495, "li"))
    assert {fault.rule for fault in roster_faults(problem, Roster(lines))} == {"window", "times", "hour"}


def test_a_roster_tells_of_itself_while_it_is_made_and_can_be_ended() -> None:
    heard = []
    many = tuple(plan(f"p{n}", 2, elder=f"e{n // 2}") for n in range(60))
    staff = tuple(worker(f"w{n}") for n in range(8))

    def hear(seconds: float, found: int, cost: int, without: int) -> bool:
        heard.append((seconds, found, cost, without))
        return found == 0

    roster = solve_roster(RosterProblem(many, staff), seconds=60, progress=hear)
    assert heard[-1][0] < 30
    assert heard[-1][1] > 0
    check(RosterProblem(many, staff), roster)


def test_rosters_survive_json() -> None:
    problem = RosterProblem((dated("a", {0, 7}),), (worker("li", place=0),), np.array([[0]]))
    roster = solve_roster(problem)
    again = from_json(RosterProblem, to_json(problem))
    assert again.plans == problem.plans
    assert again.workers == problem.workers
    assert from_json(Roster, to_json(roster)) == roster
