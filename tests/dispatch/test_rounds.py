"""Delivery rounds: several trips a rider, hot food, pick-ups with deliveries; judged by code that shares nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch import BadProblem, Delivery, Rider, Rounds, Trip, Wave, Window, deliver, wrong
from dispatch.descent import Descent
from dispatch.rounds import _Search

NOON = Window(0, 120)


def line(*at: int) -> np.ndarray:
    """Places along a street; the kitchen is the first."""
    return np.abs(np.subtract.outer(at, at)).astype(np.int64)


def door(name: str, place: int, **more: object) -> Delivery:
    return replace(Delivery(name, place, NOON, 1), **more)  # type: ignore[arg-type]


def check(wave: Wave, rounds: Rounds) -> None:
    assert [f"{fault}" for fault in wrong(wave, rounds)] == []


def test_a_full_box_needs_a_second_trip() -> None:
    wave = Wave((door("a", 1), door("b", 2), door("c", 3)), (Rider("wang", 0, 200, 2),), line(0, 5, 6, -4), reload=3)
    rounds = deliver(wave, iterations=100)
    check(wave, rounds)
    assert sorted(len(t.stops) for t in rounds.trips) == [1, 2]
    assert rounds.cost["way"] == 20
    assert not rounds.undelivered


def test_what_is_cooked_late_leaves_late() -> None:
    late = door("late", 1, ready=50)
    wave = Wave((late, door("early", 2, window=Window(0, 10))), (Rider("wang", 0, 200, 9),), line(0, 5, 6))
    rounds = deliver(wave, iterations=100)
    check(wave, rounds)
    assert [t.leaves >= 50 for t in rounds.trips] == [False, True]


def test_hot_food_is_not_on_the_way_too_long() -> None:
    """One trip would do by room and time, but the last meal would ride 11 ticks."""
    doors = tuple(door(f"d{k}", k) for k in range(1, 5))
    wave = Wave(doors, (Rider("wang", 0, 500, 9),), line(0, 2, 4, 6, 8), longest_ride=9)
    rounds = deliver(wave, iterations=200)
    check(wave, rounds)
    assert len(rounds.trips) == 2
    assert len(deliver(replace(wave, longest_ride=None), iterations=200).trips) == 1


def test_a_trip_waits_in_the_kitchen_rather_than_on_the_road() -> None:
    """The second door opens at 60: leaving at once would let its meal grow cold."""
    wave = Wave(
        (door("a", 1), door("b", 2, window=Window(60, 70))), (Rider("wang", 0, 500, 9),), line(0, 5, 9), longest_ride=12
    )
    rounds = deliver(wave, iterations=100)
    check(wave, rounds)
    assert not rounds.undelivered


def test_what_cannot_be_delivered_is_said() -> None:
    far = door("far", 2, window=Window(0, 3))
    wave = Wave((door("a", 1), far), (Rider("wang", 0, 200, 9),), line(0, 5, 60))
    rounds = deliver(wave, iterations=100)
    check(wave, rounds)
    assert rounds.undelivered == ("far",)
    assert rounds.cost["undelivered"] == far.prize


def test_a_pick_up_goes_before_what_it_brings() -> None:
    pairs = (
        door("from", 2, amount=3), door("to", 1, amount=-3, brings="from"),
        door("from2", 1, amount=2), door("to2", 2, amount=-2, brings="from2"),
    )  # fmt: skip
    wave = Wave(pairs, (Rider("wang", 0, 200, 4),), line(0, 5, 9), several=False)
    rounds = deliver(wave, iterations=100)
    check(wave, rounds)
    assert not rounds.undelivered


def test_fewer_riders_before_shorter_ways() -> None:
    """Two riders on either side of the kitchen drive less; one alone can do it."""
    doors = (door("a", 1), door("b", 2))
    wave = Wave(doors, (Rider("wang", 0, 200, 9), Rider("li", 0, 200, 9)), line(0, 5, -5), several=False)
    assert len({t.rider for t in deliver(replace(wave, fewest=True), iterations=200).trips}) == 1


def test_the_same_seed_gives_the_same_rounds() -> None:
    doors = tuple(door(f"d{k}", k % 7 + 1, amount=1 + k % 3) for k in range(20))
    wave = Wave(doors, (Rider("wang", 0, 300, 8), Rider("li", 0, 300, 8)), line(0, 3, 8, 2, 9, 5, 7, 1))
    assert deliver(wave, iterations=90, seed=3) == deliver(wave, iterations=90, seed=3)


def test_it_can_be_stopped() -> None:
    wave = Wave((door("a", 1),), (Rider("wang", 0, 300, 8),), line(0, 3))
    assert deliver(wave, iterations=10**6, progress=lambda *_: False).iterations == 0


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"riders": ()}, "no_riders"),
        ({"deliveries": (door("a", 1), door("a", 1))}, "id_twice"),
        ({"deliveries": (door("a", 7),)}, "place_unknown"),
        ({"deliveries": (door("a", 1, amount=99),)}, "too_much"),
        ({"deliveries": (door("a", 1, brings="b"),)}, "pair"),
        ({"deliveries": (door("a", 1, window=Window(5, 4)),)}, "delivery"),
        ({"travel": np.array([[0.0, np.nan], [1.0, 0.0]])}, "matrix_value"),
        ({"travel": np.zeros((2, 3))}, "matrix_not_square"),
        ({"deliveries": (door("a", 1, amount=1), door("b", 1, amount=-1, brings="a"))}, "pairs_only"),
    ],
)
def test_a_bad_question_is_refused_by_name(change: dict[str, object], fault: str) -> None:
    wave = Wave((door("a", 1),), (Rider("wang", 0, 300, 8),), line(0, 3))
    with pytest.raises(BadProblem) as refused:
        deliver(replace(wave, **change))  # type: ignore[arg-type]
    assert refused.value.fault == fault


@given(
    at=st.lists(st.integers(-20, 20), min_size=1, max_size=5),
    windows=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=5, max_size=5),
    room=st.integers(1, 4),
    ride=st.one_of(st.none(), st.integers(10, 60)),
    ready=st.lists(st.sampled_from([0, 0, 15, 40]), min_size=5, max_size=5),
)
@settings(max_examples=30, deadline=None)
def test_no_rounds_of_small_waves_are_shorter(
    at: list[int], windows: list[tuple[int, int]], room: int, ride: int | None, ready: list[int]
) -> None:
    """All orders and all cuts into trips of one rider, tried one by one: the search finds what they find."""
    doors = tuple(
        door(f"d{k}", k + 1, window=Window(opens, opens + wide), ready=ready[k])
        for k, ((opens, wide), _) in enumerate(zip(windows, at, strict=False))
    )
    wave = Wave(doors, (Rider("wang", 0, 400, room),), line(0, *at), reload=2, longest_ride=ride)
    rounds = deliver(wave, iterations=300)
    check(wave, rounds)
    assert rounds.total <= _best(wave)


def _best(wave: Wave) -> int:
    """The cheapest of every subset, order and cut; a trip leaves as late as its first door lets it."""
    best = sum(d.prize for d in wave.deliveries)
    n = len(wave.deliveries)
    for size in range(1, n + 1):
        for order in permutations(wave.deliveries, size):
            missing = sum(d.prize for d in wave.deliveries if d not in order)
            if missing >= best:
                continue
            for cuts in product((False, True), repeat=size - 1):
                cost = _drive(wave, order, cuts)
                best = min(best, best if cost is None else cost + missing)
    return best


def _drive(wave: Wave, order: tuple[Delivery, ...], cuts: tuple[bool, ...]) -> int | None:
    trips: list[list[Delivery]] = [[]]
    for k, one in enumerate(order):
        if k and cuts[k - 1]:
            trips.append([])
        trips[-1].append(one)
    rider, free, way = wave.riders[0], wave.riders[0].start, 0
    for trip in trips:
        if sum(d.amount for d in trip) > rider.room:
            return None
        for leaves in range(max([free, *(d.ready for d in trip)]), rider.end):
            here, now, fine = 0, leaves, True
            for one in trip:
                now = max(one.window.opens, now + int(wave.travel[here, one.place]))
                ride = wave.longest_ride
                fine &= now <= one.window.closes and (ride is None or now - leaves <= ride)
                here, now = one.place, now + one.service
            now += int(wave.travel[here, 0])
            if fine and now <= rider.end:
                break
        else:
            return None
        places = [0, *(d.place for d in trip), 0]
        way += sum(int(wave.travel[a, b]) for a, b in pairwise(places))
        free = now + wave.reload
    return way


def test_the_judge_sees_each_fault() -> None:
    wave = Wave(
        (door("a", 1, ready=9), door("b", 2, amount=2)), (Rider("wang", 5, 60, 2),), line(0, 5, 9), longest_ride=8
    )
    bad = Rounds((Trip("wang", 0, (("a", 3), ("b", 130)), 99),), ("a",), {"way": 1})
    assert {f.rule for f in wrong(wave, bad)} == {
        "once", "travel", "window", "ready", "ride", "returns", "room", "shift", "cost",
    }  # fmt: skip
    twice = Rounds((Trip("wang", 9, (("a", 14),), 20), Trip("wang", 20, (("b", 29),), 39)), (), {"way": 28})
    assert {f.rule for f in wrong(replace(wave, several=False, reload=1), twice)} == {"trips", "reload", "ride"}


@pytest.mark.parametrize("fast", [False, True])
def test_progress_is_told_in_numbers_that_travel(fast: bool) -> None:
    """Compiled or not: whoever passes it on writes it as JSON."""
    wave = Wave((door("a", 1), door("b", 2)), (Rider("wang", 0, 200, 9),), line(0, 5, 6))
    seen: list[tuple[object, ...]] = []
    deliver(wave, iterations=100, fast=fast, progress=lambda *news: seen.append(news))
    assert json.loads(json.dumps(seen[-1][1:])) == [100, 12, 0]


@pytest.mark.parametrize("fast", [True, False])
def test_a_search_that_is_stuck_begins_anew(fast: bool) -> None:
    """One door has one tour: nothing is ever lower. A quarter of the time must pass, and as much be left."""
    wave = Wave((door("a", 1),), (Rider("wang", 0, 200, 9),), line(0, 5))
    search = _Search(wave, 1, fast)
    began = []
    for share in (0.0, 0.2, 0.26, 0.5, 0.52, 0.76, 0.8):
        search.improve(1, share)
        began.append(search.descent.began)
    assert began == [0.0, 0.0, 0.26, 0.26, 0.52, 0.52, 0.52]
    rounds = search.rounds(7)
    check(wave, rounds)
    assert rounds.cost["way"] == 10


def test_what_gets_lower_is_left_to_go_on_and_cools_to_the_end() -> None:
    descent = Descent(100)
    assert not any(descent.stuck(100 - k, share) for k, share in enumerate((0.0, 0.2, 0.4, 0.6)))
    assert descent.lowered == 0.6
    assert [Descent(100, 0.5, 0.5).cooled(share) for share in (0.5, 0.75, 1.0)] == [0.0, 0.5, 1.0]
