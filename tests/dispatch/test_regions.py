"""Large days: groups that share nobody, parts that give back what is not theirs, and a plan that never gets worse."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bench.dispatch import district
from dispatch import Assignment, Link, Plan, Problem, faults, plan_of, solve, solve_large
from dispatch.regions import Dealt, deal, merged, part_of


@pytest.fixture(scope="module")
def day() -> Problem:
    """A third of a small district."""
    whole = district.day("S", 5)
    visits = whole.visits[:36]
    names = {v.id for v in visits}
    links = tuple(link for link in whole.links if link.first in names and link.second in names)
    return replace(whole, visits=visits, caregivers=whole.caregivers[:9], links=links)


@pytest.fixture(scope="module")
def plan(day: Problem) -> Plan:
    return solve(day, engine="insertion")


def test_everybody_is_dealt_once_and_what_nobody_serves_is_offered_once(day: Problem, plan: Plan) -> None:
    without = replace(plan, unserved=tuple(replace(u, reason="sacrificed") for u in plan.unserved))
    for seed in range(5):
        groups = deal(day, without, 4, random.Random(seed))
        assert sorted(name for g in groups for name in g.caregivers) == sorted(c.id for c in day.caregivers)
        assert max(len(g.caregivers) for g in groups) <= 4
        assert sorted(name for g in groups for name in g.unserved) == sorted(u.visit for u in plan.unserved)


def test_parts_searched_one_by_one_make_a_sound_plan_that_is_no_dearer(day: Problem, plan: Plan) -> None:
    """Visits for two are held by two groups, links by two parts: both stay as they are."""
    better, shared = plan, 0
    for seed in range(4):
        for dealt in deal(day, better, 3, random.Random(seed)):
            part = part_of(day, better, dealt)
            shared += len(part.shared)
            found = solve(part.problem, iterations=20, seed=seed, start=Plan(part.start)).assignments
            better = merged(day, better, part, found)
            assert list(faults(day, better)) == []
    assert shared
    assert better.total < plan.total


def test_linked_visits_that_nobody_serves_are_offered_together(day: Problem) -> None:
    """Two groups that each served one of them would know nothing of the time between."""
    for seed in range(6):
        plan = plan_of(day, ())
        parts = [part_of(day, plan, dealt) for dealt in deal(day, plan, 2, random.Random(seed))]  # side by side
        for part in parts:
            found = solve(part.problem, iterations=20, seed=seed, start=Plan(part.start)).assignments
            plan = merged(day, plan, part, found)
        assert {link.first for link in day.links} & {a.visit for a in plan.assignments}
        assert list(faults(day, plan)) == []


def test_a_chain_of_links_that_begins_with_another_group_can_be_searched(day: Problem) -> None:
    """Its first visit is served by one group, the other two by nobody: the middle one has to wait."""
    a, b, c = (replace(v, caregivers=1, helper_needs=None, needs=frozenset()) for v in day.visits[:3])
    chain = replace(day, visits=(a, b, c), links=(Link(a.id, b.id, 0, 600), Link(b.id, c.id, 0, 600)))
    one, other = (frozenset(p.id for p in chain.caregivers[k::2]) for k in (0, 1))
    plan = plan_of(chain, [Assignment(a.id, a.windows[0].opens, (min(one),))])
    part = part_of(chain, plan, Dealt(other, frozenset({b.id, c.id})))
    found = solve(part.problem, iterations=20, seed=1, start=Plan(part.start)).assignments
    assert {v.id for v in part.problem.visits} == {c.id}
    assert list(faults(chain, merged(chain, plan, part, found))) == []


def test_an_answer_that_lost_anothers_visit_is_not_taken(day: Problem, plan: Plan) -> None:
    dealt = [group for seed in range(9) for group in deal(day, plan, 2, random.Random(seed))]
    parts = (part_of(day, plan, group) for group in dealt)
    part = next(p for p in parts if p.shared)
    assert merged(day, plan, part, [a for a in part.start if a.visit not in part.shared]) is plan


@pytest.mark.alone
def test_side_by_side_in_processes(day: Problem, plan: Plan) -> None:
    seen: list[int] = []
    found = solve_large(day, seconds=6, group=3, workers=2, progress=lambda *news: seen.append(news[2]))
    assert list(faults(day, found)) == []
    assert found.total <= plan.total
    assert seen == sorted(seen, reverse=True)
