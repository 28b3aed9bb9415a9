"""The judge: a sound plan has no fault, and each rule, broken, is named."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dispatch import Assignment, Break, Caregiver, Link, Plan, Problem, Shift, Unserved, Visit, Window, faults
from dispatch.plan import Rest, Route, Stop

WOMEN = {"sex": "female", "start": 0, "end": 0, "skills": frozenset({"bath"})}
ANN = Caregiver("ann", (Shift(0, 100, (Break(40, 60, 10),)), Shift(120, 200)), **WOMEN)  # type: ignore[arg-type]
BEA = Caregiver("bea", (Shift(0, 200),), **WOMEN)  # type: ignore[arg-type]
CAI = Caregiver("cai", (Shift(0, 200),), sex="male", start=0, end=0)
BATH = Visit("bath", 1, (Window(0, 30), Window(70, 80)), 20, needs=frozenset({"bath"}), caregivers=2, sex="female")
TEA = Visit("tea", 2, (Window(0, 190),), 10)
ROAD = {"ebike": np.array([[0, 5, 8], [5, 0, 6], [8, 6, 0]])}
DAY = Problem((ANN, BEA, CAI), (BATH, TEA), ROAD)
PLAN = Plan((Assignment("bath", 10, ("ann", "bea")), Assignment("tea", 80, ("ann",))))


def broken(problem: Problem, plan: Plan) -> set[str]:
    return {fault.rule for fault in faults(problem, plan)}


def day(bath: dict[str, Any] | None = None, tea: dict[str, Any] | None = None, **changes: Any) -> Problem:
    return replace(DAY, visits=(replace(BATH, **(bath or {})), replace(TEA, **(tea or {}))), **changes)


def plan(
    bath: tuple[int, tuple[str, ...]] = (10, ("ann", "bea")), tea: tuple[int, tuple[str, ...]] = (80, ("ann",))
) -> Plan:
    return Plan((Assignment("bath", *bath), Assignment("tea", *tea)))


def test_a_sound_plan_has_no_fault() -> None:
    assert broken(DAY, PLAN) == set()


@pytest.mark.parametrize(
    ("problem", "answer", "rule"),
    [
        (DAY, Plan((Assignment("sauna", 10, ("ann",)),)), "unknown"),
        (DAY, Plan(PLAN.assignments[:1]), "once"),
        (DAY, replace(PLAN, unserved=(Unserved("tea", "sacrificed"),)), "once"),
        (DAY, plan(bath=(10, ("ann",))), "crew"),
        (DAY, plan(bath=(10, ("ann", "ann"))), "crew"),
        (DAY, plan(bath=(31, ("ann", "bea"))), "window"),
        (DAY, plan(bath=(81, ("ann", "bea"))), "window"),
        (DAY, plan(bath=(10, ("ann", "cai"))), "skills"),
        (DAY, plan(bath=(10, ("ann", "cai"))), "sex"),
        (day(tea={"allowed": frozenset({"bea"})}), PLAN, "allowed"),
        (day(tea={"banned": frozenset({"ann"})}), PLAN, "banned"),
        (day(tea={"pinned_caregivers": ("bea",)}), PLAN, "pin"),
        (day(tea={"pinned_start": 81}), PLAN, "pin"),
        (day(tea={"pinned_start": 81, "pinned_caregivers": ("ann",), "frozen": True}), PLAN, "frozen"),
        (DAY, plan(bath=(4, ("ann", "bea"))), "shift"),
        (DAY, plan(tea=(83, ("ann",))), "shift"),
        (DAY, plan(tea=(127, ("ann",))), "shift"),
        (DAY, plan(tea=(35, ("ann",))), "travel"),
        (DAY, plan(tea=(29, ("ann",))), "overlap"),
        (DAY, plan(bath=(30, ("ann", "bea")), tea=(62, ("ann",))), "break"),
        (replace(DAY, caregivers=(replace(ANN, max_work=48), BEA, CAI)), PLAN, "max_work"),
        (replace(DAY, links=(Link("bath", "tea", 0, 69),)), PLAN, "link"),
        (replace(DAY, links=(Link("bath", "tea", 0, 99, different=True),)), PLAN, "link_different"),
        (DAY, replace(PLAN, routes=(Route("ann", 0, 5, 98, (Stop("tea", 80, 80, 90, 6),)),)), "route"),
        (DAY, replace(PLAN, routes=(Route("ann", 0, 5, 98, (), (Rest(30, 40, 1),)),)), "break"),
    ],
)
def test_a_broken_rule_is_named(problem: Problem, answer: Plan, rule: str) -> None:
    assert rule in broken(problem, answer)


def test_the_helper_may_need_less_than_the_first() -> None:
    lifting = day(bath={"helper_needs": frozenset(), "sex": ""})
    assert broken(lifting, plan(bath=(10, ("ann", "cai")))) == set()
    assert broken(lifting, plan(bath=(10, ("cai", "ann")))) == {"skills"}


def test_what_a_human_overruled_is_no_fault() -> None:
    assert broken(day(tea={"banned": frozenset({"ann"}), "waived": frozenset({"banned"})}), PLAN) == set()


def test_lateness_is_allowed_as_far_as_the_visit_says() -> None:
    assert broken(day(bath={"late": 5}), plan(bath=(85, ("bea", "ann")), tea=(20, ("ann",)))) == {"shift"}
    assert broken(day(bath={"late": 4}), plan(bath=(85, ("bea", "ann")), tea=(20, ("ann",)))) == {"shift", "window"}


def test_overtime_is_allowed_as_far_as_the_caregiver_says() -> None:
    longer = replace(DAY, caregivers=(replace(ANN, overtime=10), BEA, CAI))
    assert broken(longer, plan(tea=(92, ("ann",)))) == set()
    assert broken(longer, plan(tea=(93, ("ann",)))) == {"shift"}


def test_a_break_may_interrupt_the_way() -> None:
    assert broken(DAY, plan(bath=(28, ("ann", "bea")), tea=(64, ("ann",)))) == set()
    assert broken(DAY, plan(bath=(28, ("ann", "bea")), tea=(63, ("ann",)))) == {"break"}
