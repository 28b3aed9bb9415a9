"""Every impossible problem is refused by name."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dispatch import Break, Caregiver, Link, Problem, Shift, Visit, Weights, Window, bad

ANN = Caregiver("ann", (Shift(0, 100),), start=0, end=0)
BATH = Visit("bath", 1, (Window(0, 50),), 10)
TEA = Visit("tea", 1, (Window(0, 50),), 10)
ROAD = {"ebike": np.array([[0, 5], [5, 0]])}


def a_day(**changes: Any) -> Problem:
    return replace(Problem((ANN,), (BATH, TEA), ROAD), **changes)


def with_bath(**changes: Any) -> Problem:
    return a_day(visits=(replace(BATH, **changes), TEA))


def test_a_sound_day_has_no_fault() -> None:
    assert bad(a_day()) == []


@pytest.mark.parametrize(
    ("problem", "fault"),
    [
        (a_day(caregivers=()), "no_caregivers"),
        (a_day(visits=(BATH, BATH)), "id_twice"),
        (a_day(travel={"ebike": np.zeros((2, 3))}), "matrix_not_square"),
        (a_day(travel={"ebike": np.array([[0, np.nan], [5, 0]])}), "matrix_value"),
        (a_day(travel={"ebike": np.array([[0, -1], [5, 0]])}), "matrix_value"),
        (a_day(travel={"ebike": np.array([[0, 1.5], [5, 0]])}), "matrix_value"),
        (a_day(travel={"car": ROAD["ebike"]}), "mode_unknown"),
        (with_bath(place=7), "place_unknown"),
        (a_day(caregivers=(replace(ANN, start=7),)), "place_unknown"),
        (a_day(caregivers=(replace(ANN, shifts=(Shift(50, 20),)),)), "shift_order"),
        (a_day(caregivers=(replace(ANN, shifts=(Shift(0, 60), Shift(50, 90))),)), "shift_order"),
        (a_day(caregivers=(replace(ANN, shifts=(Shift(0, 100, (Break(40, 50, 20),)),)),)), "break_does_not_fit"),
        (a_day(caregivers=(replace(ANN, max_work=-1),)), "negative"),
        (with_bath(caregivers=3), "caregivers_not_1_or_2"),
        (with_bath(service=0), "no_service"),
        (with_bath(prize=-1), "negative"),
        (with_bath(windows=()), "no_window"),
        (with_bath(windows=(Window(9, 3),)), "window_order"),
        (a_day(weights=Weights(travel=-1)), "negative"),
        (with_bath(pinned_caregivers=("zoe",)), "pin_unknown"),
        (with_bath(pinned_caregivers=("ann", "ann")), "pin_count"),
        (with_bath(frozen=True), "frozen_without_pins"),
        (with_bath(pinned_caregivers=("ann",), banned=frozenset({"ann"})), "pin_contradicts_ban"),
        (with_bath(pinned_start=90), "pin_outside_window"),
        (
            a_day(
                visits=tuple(replace(v, pinned_caregivers=("ann",), pinned_start=s) for v, s in ((BATH, 10), (TEA, 15)))
            ),
            "pins_overlap",
        ),
        (a_day(links=(Link("bath", "nobody"),)), "link_unknown"),
        (a_day(links=(Link("bath", "tea", 5, 3),)), "link_contradicts_itself"),
        (
            a_day(
                visits=(replace(BATH, pinned_start=10), replace(TEA, pinned_start=15)),
                links=(Link("bath", "tea", 20, 30),),
            ),
            "pins_contradict_link",
        ),
    ],
)
def test_an_impossible_day_is_refused_by_name(problem: Problem, fault: str) -> None:
    assert fault in [error.fault for error in bad(problem)]
