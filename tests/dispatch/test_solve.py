"""Whatever the day, the judge finds no fault with its plan; and the same seed gives the same plan."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from dispatch import (
    Assignment,
    BadProblem,
    Break,
    Cancelled,
    Caregiver,
    Late,
    Link,
    NoShow,
    Plan,
    Problem,
    Promise,
    Shift,
    Sick,
    Urgent,
    Visit,
    Weights,
    Window,
    bad,
    faults,
    replan,
    solve,
    to_json,
)
from dispatch.board import Board
from dispatch.layout import plan_of
from dispatch.second_opinion import GRACE

SKILLS = st.frozensets(st.sampled_from(["bath", "aid"]), max_size=2)
NAMES = [f"c{k}" for k in range(4)]


@st.composite
def shifts(draw: st.DrawFn) -> tuple[Shift, ...]:
    first = draw(st.integers(0, 30))
    middle = first + draw(st.integers(20, 60))
    rest = draw(st.booleans())
    opens = first + draw(st.integers(0, 10))
    breaks = (Break(opens, opens + draw(st.integers(6, 30)), draw(st.integers(0, 6))),) if rest else ()
    second = middle + draw(st.integers(0, 20))
    split = (Shift(second, second + draw(st.integers(10, 60))),) if draw(st.booleans()) else ()
    return (Shift(first, middle, breaks), *split)


@st.composite
def caregivers(draw: st.DrawFn, name: str) -> Caregiver:
    return Caregiver(
        name,
        draw(shifts()),
        draw(SKILLS),
        draw(st.sampled_from(["female", "male"])),
        draw(st.sampled_from([None, 0, 1])),
        draw(st.sampled_from([None, 0, 1])),
        draw(st.sampled_from(["walk", "ebike"])),
        max_work=draw(st.none() | st.integers(20, 120)),
        fair_work=draw(st.none() | st.integers(20, 60)),
        overtime=draw(st.sampled_from([0, 0, 10])),
    )


@st.composite
def visits(draw: st.DrawFn, name: str) -> Visit:
    opens = draw(st.integers(0, 80))
    window = Window(opens, opens + draw(st.integers(0, 50)))
    again = window.closes + draw(st.integers(1, 20))
    more = (Window(again, again + draw(st.integers(0, 30))),) if draw(st.booleans()) else ()
    crew = draw(st.sampled_from([1, 1, 2]))
    return Visit(
        name,
        draw(st.integers(0, 5)),
        (window, *more),
        draw(st.integers(1, 20)),
        {"c0": draw(st.integers(1, 20))} if draw(st.booleans()) else {},
        draw(SKILLS),
        draw(st.none() | SKILLS),
        crew,
        draw(st.sampled_from(["", "", "female"])),
        allowed=draw(st.none() | st.frozensets(st.sampled_from(NAMES))),
        banned=draw(st.frozensets(st.sampled_from(NAMES), max_size=1)),
        known=draw(st.frozensets(st.sampled_from(NAMES), max_size=2)),
        preferred=draw(st.frozensets(st.sampled_from(NAMES), max_size=1)),
        late=draw(st.sampled_from([0, 0, 0, 15])),
        pinned_caregivers=draw(st.sampled_from([(), (), (), ("c1",)])),
        pinned_start=draw(st.sampled_from([None, None, None, opens])),
        published=draw(st.sampled_from([None, None, Promise(opens, ("c0", "c1")[:crew])])),
    )


@st.composite
def days(draw: st.DrawFn) -> Problem:
    many = draw(st.integers(1, 9))
    size = st.integers(0, 25)
    matrix = st.lists(st.lists(size, min_size=6, max_size=6), min_size=6, max_size=6).map(np.array)
    links = st.builds(
        lambda i, j, least, wide, apart: Link(f"v{i}", f"v{j}", least, least + wide, apart),
        st.integers(0, many - 1),
        st.integers(0, many - 1),
        st.integers(-30, 30), st.integers(0, 30), st.booleans(),
    )  # fmt: skip
    return Problem(
        tuple(draw(caregivers(name)) for name in NAMES),
        tuple(draw(visits(f"v{k}")) for k in range(many)),
        {"walk": draw(matrix), "ebike": draw(matrix)},
        tuple(link for link in draw(st.lists(links, max_size=3)) if link.first != link.second),
    )


@settings(
    max_examples=200,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(days(), st.integers(0, 30))
def test_the_judge_finds_no_fault_with_any_plan(problem: Problem, iterations: int) -> None:
    if bad(problem):
        with pytest.raises(BadProblem):
            solve(problem)
        return
    plan = solve(problem, iterations=iterations, seed=1)
    assert list(faults(problem, plan)) == []


def a_full_day() -> Problem:
    rng = np.random.default_rng(5)
    place = rng.integers(0, 60, (30, 2))
    road = np.abs(place[:, None] - place[None]).sum(axis=2)
    staff = tuple(
        Caregiver(
            f"c{k}", (Shift(0, 240, (Break(100, 160, 30),)), Shift(300, 400)), frozenset({"bath"}), start=k, end=k
        )
        for k in range(5)
    )
    opens = rng.integers(0, 350, 25)
    calls = tuple(
        Visit(f"v{k}", 5 + k, (Window(int(o), int(o) + 60),), 20, caregivers=1 + (k % 8 == 0))
        for k, o in enumerate(opens)
    )
    return Problem(staff, calls, {"ebike": road})


def test_the_same_seed_gives_the_same_plan_and_another_seed_may_not() -> None:
    one, two = (solve(a_full_day(), iterations=40, seed=3) for _ in range(2))
    assert to_json(one) == to_json(two)


def test_the_search_improves_on_the_insertion() -> None:
    day = a_full_day()
    first, better = solve(day), solve(day, iterations=150, seed=1)
    assert first.engine == "insertion"
    assert better.engine == "search"
    assert better.total < first.total


def test_a_start_is_kept_where_nothing_is_better() -> None:
    day = a_full_day()
    plan = solve(day, iterations=100)
    assert solve(day, start=plan).total <= plan.total


def test_a_search_that_is_stuck_begins_anew_but_never_lets_go_of_a_plan_it_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One visit has one plan: nothing is ever lower."""
    alone = replace(a_full_day(), visits=a_full_day().visits[:1])
    plan, absent, cost = solve(alone), list[int](), Board.cost

    def counted(board: Board) -> int:
        absent.append(len(board.absent()))
        return cost(board)

    monkeypatch.setattr(Board, "cost", counted)
    assert solve(alone, iterations=640, start=plan) == replace(plan, engine="search", iterations=640)
    assert 1 not in absent
    assert solve(alone, iterations=640) == replace(plan, engine="search", iterations=640)
    assert absent.count(1) == 2


def test_progress_may_cancel() -> None:
    seen: list[tuple[float, int, int, int]] = []

    def watch(*news: float) -> bool:
        seen.append(news)  # type: ignore[arg-type]
        return len(seen) < 3

    plan = solve(a_full_day(), iterations=10_000, progress=watch)
    assert len(seen) == 3
    assert seen[-1][2] <= seen[0][2]
    assert plan.iterations < 10_000


def test_a_visit_for_two_delays_the_first_who_is_there() -> None:
    """Ann is free from the start, Bea comes late: both begin when Bea can."""
    staff = (Caregiver("ann", (Shift(0, 100),)), Caregiver("bea", (Shift(40, 100),)))
    bath = Visit("bath", 0, (Window(0, 80),), 10, caregivers=2)
    plan = solve(Problem(staff, (bath,), {"ebike": np.zeros((1, 1), dtype=np.int64)}))
    assert plan.assignments[0].start == 40


def test_what_nobody_can_do_is_impossible_and_what_was_given_up_is_sacrificed() -> None:
    staff = (Caregiver("ann", (Shift(0, 100),)),)
    bath = Visit("bath", 0, (Window(0, 80),), 10, needs=frozenset({"bath"}))
    tea, cake = (Visit(name, 0, (Window(10, 10),), 10, prize=prize) for name, prize in (("tea", 5), ("cake", 9)))
    plan = solve(Problem(staff, (bath, tea, cake), {"ebike": np.zeros((1, 1), dtype=np.int64)}))
    assert {u.visit: u.reason for u in plan.unserved} == {"bath": "impossible", "tea": "sacrificed"}


def test_an_empty_day_has_an_empty_plan() -> None:
    day = Problem((Caregiver("ann", ()),), (), {"ebike": np.zeros((1, 1), dtype=np.int64)})
    assert solve(day, iterations=5).assignments == ()


def test_an_engine_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no engine"):
        solve(a_full_day(), engine="magic")
    assert isinstance(solve(a_full_day(), engine="insertion"), Plan)


@settings(max_examples=100, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(days(), st.integers(0, 80), st.data())
def test_the_judge_finds_no_fault_with_any_replanned_day(problem: Problem, now: int, data: st.DataObject) -> None:
    if bad(problem):
        return
    plan = solve(problem)
    visit = st.sampled_from([v.id for v in problem.visits])
    event = st.one_of(
        st.builds(Sick, st.sampled_from(NAMES), st.integers(0, 80)),
        st.builds(Late, st.sampled_from(NAMES), st.integers(now, 100)),
        st.builds(Cancelled, visit),
        st.builds(Urgent, visits("new")),
        st.builds(NoShow, visit, st.integers(now, now + 20)),
    )
    happened, freeze = data.draw(event), data.draw(st.integers(0, 20))
    if isinstance(happened, Urgent) and bad(replace(problem, visits=(*problem.visits, happened.visit))):
        with pytest.raises(BadProblem):
            replan(problem, plan, [happened], now=now, freeze=freeze)
        return
    diff = replan(problem, plan, [happened], now=now, freeze=freeze, iterations=2)
    assert list(faults(diff.problem, diff.plan)) == []


@settings(max_examples=100, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(days())
def test_the_search_and_the_plan_count_the_same_cost(problem: Problem) -> None:
    if bad(problem):
        return
    plan = solve(problem)
    board = Board(problem)
    assert board.fill(plan.assignments) == []
    dear = sum(int(board.f.prize[v]) - board.day.visits[v].prize for v in board.absent())
    assert board.cost() - dear == plan.total


@pytest.mark.parametrize("fast", [False, True])
def test_a_visit_for_two_is_late_and_moved_once(fast: bool) -> None:
    """Bea comes 6 ticks after the window closes and 9 after the promise, and Ann waits for her."""
    staff = (Caregiver("ann", (Shift(0, 100),)), Caregiver("bea", (Shift(40, 100),)))
    promise = Promise(31, ("ann", "bea"))
    bath = Visit("bath", 0, (Window(0, 34),), 10, caregivers=2, late=20, published=promise, prize=34)
    day = Problem(staff, (bath,), {"ebike": np.zeros((1, 1), dtype=np.int64)}, weights=Weights(worst_lateness=1))
    board = Board(day, fast=fast)
    assert board.insert(0)
    plan = plan_of(day, board.assignments())
    assert board.cost() == plan.total == 4 * 6 + 9 + 6
    assert plan.assignments[0].start == 40


def test_a_plan_put_on_the_board_costs_what_it_costs() -> None:
    """As long as nothing comes later, a rest before the pair's visit looks as good as one after it."""
    staff = tuple(Caregiver(name, (Shift(0, 240, (Break(100, 160, 30),)),), start=0, end=0) for name in ("ann", "bea"))
    road = np.array([[0, 30, 30, 40], [30, 0, 60, 8], [30, 60, 0, 12], [40, 8, 12, 0]])
    calls = (
        Visit("a", 1, (Window(70, 70),), 20),
        Visit("b", 2, (Window(71, 71),), 20),
        Visit("pair", 3, (Window(90, 160),), 20, caregivers=2, published=Promise(90, ("ann", "bea"))),
        Visit("later", 0, (Window(193, 193),), 20, caregivers=2),
    )
    day = Problem(staff, calls, {"ebike": road})
    starts = {"a": 70, "b": 71, "pair": 103, "later": 193}
    crews = {"a": ("ann",), "b": ("bea",), "pair": ("ann", "bea"), "later": ("ann", "bea")}
    plan = plan_of(day, [Assignment(name, start, crews[name]) for name, start in starts.items()])
    board = Board(day)
    assert list(faults(day, plan)) == []
    assert board.fill(plan.assignments) == []
    assert board.starts() == starts
    assert board.cost() == plan.total


def test_the_second_opinion_keeps_its_limit_and_is_no_worse() -> None:
    day = a_full_day()
    begun = time.monotonic()
    plan = solve(day, seconds=1, engine="ortools")
    assert time.monotonic() - begun < 1 + GRACE + 2
    assert list(faults(day, plan)) == []
    assert plan.engine == "ortools"
    assert plan.total <= solve(day).total


@pytest.mark.parametrize("now", range(0, 400, 25))
def test_a_cancelled_visit_changes_nobody_elses_day_at_any_hour(now: int) -> None:
    """Also in the middle of a break, or on the way."""
    day = a_full_day()
    plan = solve(day)
    last = plan.assignments[-1].visit
    diff = replan(day, plan, [Cancelled(last)], now=now)
    was = {a.visit: a for a in plan.assignments if a.visit != last}
    will = {a.visit: a for a in diff.plan.assignments}
    assert {v: will[v].caregivers for v in was} == {v: a.caregivers for v, a in was.items()}
    assert list(faults(diff.problem, diff.plan)) == []
