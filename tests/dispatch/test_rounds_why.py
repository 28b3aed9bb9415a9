"""Why a door is in no round, what really would help, and rounds in an order somebody else has settled."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dispatch import Delivery, Rider, Wave, Window, deliver, from_json, in_order, not_delivered, to_json, wrong
from dispatch.rounds import Rounds
from tests.dispatch.test_rounds import NOON, door, line

WANG = Rider("wang", 0, 300, 9)


def reasons(wave: Wave) -> dict[str, tuple[str, tuple[str, int] | None]]:
    rounds = deliver(wave, iterations=200)
    return {one.delivery: (one.why, one.remedy) for one in not_delivered(wave, rounds, minute=1, iterations=100)}


def test_a_door_too_far_for_hot_food_is_reached_with_ten_minutes_more() -> None:
    wave = Wave((door("near", 1), door("far", 2)), (WANG,), line(0, 5, 48), longest_ride=40)
    assert reasons(wave) == {"far": ("too_far", ("ride", 10))}


def test_a_door_too_late_even_alone_asks_for_a_later_noon() -> None:
    wave = Wave((door("late", 1, window=Window(0, 20), ready=15),), (WANG,), line(0, 13))
    assert reasons(wave) == {"late": ("closed", ("till", 10))}


def test_a_rider_who_must_be_back_is_named_and_nothing_short_of_another_helps() -> None:
    wave = Wave((door("a", 1),), (replace(WANG, end=30),), line(0, 20))
    assert reasons(wave) == {"a": ("shift", None)}  # one more rider of the same hours does not help either


def test_what_fits_alone_but_not_together_wants_one_more_rider() -> None:
    """Two doors in opposite directions, both before 60: alone each is easy."""
    doors = tuple(door(name, k, window=Window(0, 55)) for k, name in ((1, "east"), (2, "west")))
    wave = Wave(doors, (replace(WANG, end=500),), line(0, 50, -50))
    ((why, remedy),) = reasons(wave).values()
    assert (why, remedy) == ("crowded", ("rider", 1))


def test_an_eased_rule_that_costs_somebody_else_the_meal_is_no_remedy() -> None:
    wave = Wave(
        (door("big", 1, amount=9, prize=100), door("dear", 2)), (replace(WANG, room=9, end=24),), line(0, 9, -9)
    )
    assert deliver(wave, iterations=100).undelivered == ("big",)
    assert reasons(wave) == {"big": ("crowded", ("rider", 1))}


def test_a_door_with_more_meals_than_any_box_holds() -> None:
    wave = Wave((door("feast", 1, amount=12),), (WANG,), line(0, 5))
    empty = Rounds((), ("feast",))
    (said,) = not_delivered(wave, empty, minute=1, go_on=lambda: False)
    assert (said.why, said.facts, said.remedy) == ("too_much", {"amount": 12, "room": 9}, None)


def test_an_order_by_hand_leaves_as_early_as_it_can_and_the_judge_says_what_it_breaks() -> None:
    doors = (door("a", 1, window=Window(10, 120)), door("b", 2), door("c", 3))
    wave = Wave(doors, (replace(WANG, start=2),), line(0, 5, 6, -4), reload=3, longest_ride=30)
    rounds = in_order(wave, [("wang", ["a", "b"]), ("wang", ["c"])])
    assert [(t.leaves, t.stops, t.returns) for t in rounds.trips] == [
        (5, (("a", 10), ("b", 12)), 19),
        (22, (("c", 26),), 31),
    ]
    assert not list(wrong(wave, rounds))
    back_and_forth = in_order(wave, [("wang", ["c", "a", "b"])])
    assert not list(wrong(wave, back_and_forth))
    hurried = in_order(replace(wave, longest_ride=10), [("wang", ["c", "a", "b"])])
    assert [(f.rule, f.visit) for f in wrong(replace(wave, longest_ride=10), hurried)] == [("ride", "a"), ("ride", "b")]
    assert in_order(wave, [("wang", ["a"])]).undelivered == ("b", "c")


@pytest.mark.parametrize("kind", [Wave, Rounds])
def test_wave_and_rounds_come_back_from_the_wire_as_they_went(kind: type) -> None:
    wave = Wave((Delivery("a", 1, NOON, 1),), (WANG,), line(0, 5), reload=3, longest_ride=30)
    thing = wave if kind is Wave else deliver(wave, iterations=10)
    assert to_json(from_json(kind, to_json(thing))) == to_json(thing)
