"""While the day runs: what is under way stays, and the answer says what changed and who must be told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dispatch import (
    Cancelled,
    Caregiver,
    Event,
    Late,
    NoShow,
    Plan,
    Problem,
    Shift,
    Sick,
    Urgent,
    Visit,
    Window,
    candidates,
    explain,
    faults,
    replan,
    solve,
)

ROAD = {"ebike": np.array([[0, 5, 5], [5, 0, 5], [5, 5, 0]])}
STAFF = tuple(Caregiver(name, (Shift(0, 200),), frozenset({"bath"}), start=0, end=0) for name in ("ann", "bea"))
TEA, BATH, WALK, LUNCH = (
    Visit("tea", 1, (Window(10, 20),), 20, known=frozenset({"ann"})),
    Visit("bath", 2, (Window(50, 60),), 20, caregivers=2),
    Visit("walk", 1, (Window(90, 120),), 20, known=frozenset({"ann"})),
    Visit("lunch", 2, (Window(100, 120),), 20, known=frozenset({"bea"})),
)
DAY = Problem(STAFF, (TEA, BATH, WALK, LUNCH), ROAD)
PLAN = solve(DAY)


def crews(plan: Plan) -> dict[str, set[str]]:
    return {a.visit: set(a.caregivers) for a in plan.assignments}


def test_the_plan_these_stories_begin_with() -> None:
    assert crews(PLAN) == {"tea": {"ann"}, "bath": {"ann", "bea"}, "walk": {"ann"}, "lunch": {"bea"}}


@pytest.mark.parametrize(
    "event",
    [
        Sick("ann", 60),
        Late("ann", 80),
        Cancelled("walk"),
        Urgent(Visit("fall", 1, (Window(55, 80),), 10)),
        NoShow("bath", 58),
    ],
)
def test_what_is_under_way_does_not_move_and_the_judge_agrees(event: Event) -> None:
    diff = replan(DAY, PLAN, [event], now=55, iterations=20)
    assert list(faults(diff.problem, diff.plan)) == []
    for visit in ("tea", "bath"):
        before, after = PLAN.assignment(visit), diff.plan.assignment(visit)
        assert before == after


def test_the_visits_of_the_sick_go_to_others_who_are_told() -> None:
    diff = replan(DAY, PLAN, [Sick("ann", 75)], now=75)
    assert [(h.visit, h.before, h.after) for h in diff.handed] == [("walk", ("ann",), ("bea",))]
    assert "walk" in diff.tell_visits
    assert set(diff.tell_caregivers) == {"ann", "bea"}


def test_a_late_visit_pushes_only_what_it_must() -> None:
    diff = replan(DAY, PLAN, [Late("ann", 100)], now=60)
    assert [(m.visit, m.after) for m in diff.moved] == [("walk", 105)]
    assert diff.handed == ()


def test_a_cancelled_visit_moves_nobody() -> None:
    diff = replan(DAY, PLAN, [Cancelled("lunch")], now=60)
    assert diff.moved == ()
    assert [(h.visit, h.after) for h in diff.handed] == [("lunch", ())]


def test_an_urgent_visit_is_served_beside_what_was_promised() -> None:
    diff = replan(DAY, PLAN, [Urgent(Visit("fall", 1, (Window(72, 80),), 8, prize=10**6))], now=71)
    assert diff.plan.assignment("fall") is not None
    assert [h.visit for h in diff.handed] == ["fall"]


def test_nobody_home_frees_the_caregivers_early() -> None:
    diff = replan(DAY, PLAN, [NoShow("bath", 55)], now=55)
    assert {s.end for r in diff.plan.routes for s in r.stops if s.visit == "bath"} == {55}


def test_nothing_sets_out_in_the_past() -> None:
    diff = replan(DAY, PLAN, [Urgent(Visit("fall", 1, (Window(0, 150),), 8))], now=71)
    fall = diff.plan.assignment("fall")
    assert fall is not None
    assert fall.start >= 76
    past = replace(diff.problem, now=200)
    assert "past" in {fault.rule for fault in faults(past, diff.plan)}


def test_candidates_are_ranked_and_each_was_tried() -> None:
    ways = candidates(DAY, PLAN, "walk")
    assert [w.caregivers for w in ways] == [("ann",), ("bea",)]
    assert ways[0].added <= ways[1].added
    assert all(90 <= w.start <= w.latest <= 120 for w in ways)


def test_candidates_for_two_come_in_pairs() -> None:
    assert {frozenset(w.caregivers) for w in candidates(DAY, PLAN, "bath")} == {frozenset({"ann", "bea"})}


def test_a_visit_without_anybody_qualified_is_explained_with_a_remedy_that_works() -> None:
    day = replace(DAY, visits=(*DAY.visits, Visit("feed", 1, (Window(130, 150),), 10, needs=frozenset({"feeding"}))))
    reason = explain(day, solve(day))[0]
    assert reason.impossible
    assert reason.blocking == {"ann": "skills", "bea": "skills"}
    assert reason.remedy is not None
    assert reason.remedy.kind == "waive"
    assert "资质" in reason.sentence["zh-CN"]
    assert "qualification" in reason.sentence["en"]


def test_a_visit_that_lost_against_others_is_explained_with_a_wider_window() -> None:
    day = replace(DAY, visits=(*DAY.visits, Visit("shop", 0, (Window(50, 55),), 10, prize=10)))
    reason = explain(day, solve(day))[0]
    assert not reason.impossible
    assert set(reason.blocking.values()) == {"busy"}
    assert reason.remedy is not None
    assert reason.remedy.kind == "window"


def test_a_served_visit_is_explained_by_its_second_best() -> None:
    reason = explain(DAY, PLAN, ["walk"])[0]
    assert reason.served
    assert "bea" in reason.sentence["en"]
