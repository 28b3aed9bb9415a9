"""Where lateness is the objective: proven optima are found, and both forms of the benchmark are read."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.dispatch import hhcrsp
from dispatch import BadProblem, Break, Caregiver, Link, Problem, Shift, Visit, Weights, Window, faults, solve
from dispatch import anneal as annealing
from dispatch import anneal_rota as rotas

DATA = Path(__file__).parents[3] / "shared" / "data"
TEXT = DATA / "hhcrsp-mankowska"
needs_data = pytest.mark.skipif(not TEXT.exists(), reason="no ../shared/data here")

ROAD = {"ebike": np.array([[0, 4, 6], [4, 0, 3], [6, 3, 0]])}
LATE = Weights(overload=0, worst_lateness=1, lateness=1)
STAFF = tuple(Caregiver(name, (Shift(0, 10**6),), start=0, end=0) for name in ("ann", "bea"))


def visit(name: str, place: int, opens: int, closes: int) -> Visit:
    return Visit(name, place, (Window(opens, closes),), 5, late=10**6)


def test_the_first_of_two_waits_for_the_second() -> None:
    """The dressing follows the bath after at most one tick, and its own window opens late."""
    day = Problem(
        STAFF,
        (visit("bath", 1, 0, 100), visit("dressing", 2, 50, 60)),
        ROAD,
        (Link("bath", "dressing", 0, 1, different=True),),
        LATE,
    )
    plan = solve(day, iterations=500, engine="anneal")
    assert list(faults(day, plan)) == []
    assert {a.visit: a.start for a in plan.assignments} == {"bath": 49, "dressing": 50}


def test_a_visit_for_two_is_late_once() -> None:
    day = Problem(STAFF, (replace(visit("bath", 1, 0, 1), caregivers=2),), ROAD, weights=LATE)
    seen: list[int] = []
    plan = solve(day, iterations=100, engine="anneal", progress=lambda *news: seen.append(news[2]))
    assert plan.cost["lateness"] == 3
    assert seen[-1] == plan.total


def test_the_same_seed_gives_the_same_plan() -> None:
    day = Problem(STAFF, tuple(visit(f"v{k}", k % 3, 7 * k, 7 * k) for k in range(9)), ROAD, weights=LATE)
    assert solve(day, iterations=900, seed=4, engine="anneal") == solve(day, iterations=900, seed=4, engine="anneal")


@pytest.mark.parametrize("seed", range(6))
def test_times_that_follow_a_move_are_those_counted_anew(seed: int) -> None:
    """Every move is accepted; of four pairs, some wait for each other, some follow within a while."""
    chance = np.random.default_rng(seed)
    far = chance.integers(5, 60, (14, 14))
    staff = tuple(replace(STAFF[0], id=f"c{k}") for k in range(4))
    opens = chance.integers(0, 400, 14)
    visits = tuple(visit(f"v{k}", k, int(opens[k]), int(opens[k]) + 60) for k in range(14))
    links = tuple(
        Link(f"v{2 * k}", f"v{2 * k + 1}", least, most, different=True)
        for k, (least, most) in enumerate([(0, 0), (0, 0), (10, 25), (60, 240)])
    )
    s = annealing.staffing(Problem(staff, visits, {"ebike": far}, links, LATE))
    rota = annealing.first(s, seed)
    best, costs = rota.next.copy(), np.full(2, rotas.cost(s, rota))
    moved = 0
    for _ in range(100):
        before = rota.next.copy()
        annealing.anneal(s, rota, best, costs, 5, 1e9, 1e9)
        moved += bool((before != rota.next).any())
        followed = rota.start.copy(), rota.numbers[rotas.LATE], rota.numbers[rotas.WORST]
        assert rotas.settle(s, rota)
        assert (followed[0] == rota.start).all()
        assert followed[1:] == (rota.numbers[rotas.LATE], rota.numbers[rotas.WORST])
    assert moved > 90


@pytest.mark.parametrize(
    "day",
    [
        Problem((replace(STAFF[0], shifts=(Shift(0, 99, (Break(5, 50, 5),)),)),), (visit("v", 1, 0, 9),), ROAD),
        Problem((replace(STAFF[0], shifts=(Shift(0, 9), Shift(20, 30))),), (visit("v", 1, 0, 9),), ROAD),
        Problem(STAFF, (replace(visit("v", 1, 0, 9), needs=frozenset({"bath"})),), ROAD),
    ],
)
def test_a_day_of_another_kind_is_refused_by_name(day: Problem) -> None:
    with pytest.raises(BadProblem) as error:
        solve(replace(day, weights=LATE), iterations=10, engine="anneal")
    assert error.value.fault == "not_for_anneal"


@needs_data
def test_a_proven_optimum_is_found_and_the_published_judge_agrees() -> None:
    path = TEXT / "instances" / "InstanzCPLEX_HCSRP_10_1.txt"
    day = hhcrsp.read(path)
    plan = solve(day, iterations=60_000, seed=1, engine="anneal")
    spec = importlib.util.spec_from_file_location("evaluate", TEXT / "evaluate.py")
    assert spec is not None
    assert spec.loader is not None
    evaluate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(evaluate)
    cost, *_, bad = evaluate.cost(evaluate.read_txt(path), json.loads(json.dumps(hhcrsp.solution(plan))))
    assert bad == []
    assert cost == pytest.approx(218.199, abs=0.01)
    assert hhcrsp.cost(plan) == pytest.approx(cost, abs=0.01)
    assert list(faults(day, plan)) == []


@needs_data
def test_the_json_form_is_read_too() -> None:
    day = hhcrsp.read(DATA / "hhcrsp-json" / "HHCRSP_10_3_11_0.4_R_C.json")
    assert len(day.caregivers) == 3
    assert len(day.links) == 4
    plan = solve(day, iterations=60_000, seed=1, engine="anneal")
    assert list(faults(day, plan)) == []
    assert hhcrsp.cost(plan) == pytest.approx(106.667, abs=0.01)
