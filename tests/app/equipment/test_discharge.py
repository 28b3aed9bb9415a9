"""The day a battery will be flat: simulated cells, changes of battery, and when it is better to say nothing."""

import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.equipment.discharge import FLAT, Forecast, Point, Unknown, forecast, since_change

FIRST = date(2026, 6, 1)


def points(levels: list[float]) -> list[Point]:
    return [Point(FIRST + timedelta(days=day), level) for day, level in enumerate(levels)]


def line(days: int, *, life: int, noise: float = 0.0, seed: int = 1) -> list[float]:
    rng = random.Random(seed)
    return [min(100.0, max(0.0, 100 - 95 * day / life + rng.gauss(0, noise))) for day in range(days)]


def error(told: Forecast, flat: date) -> int:
    assert told.flat_on and told.earliest and told.latest and told.earliest <= told.flat_on <= told.latest, told
    return abs((told.flat_on - flat).days)


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_line_is_foretold_two_weeks_ahead_within_days(seed: int) -> None:
    told = forecast(points(line(106, life=120, noise=1.5, seed=seed)))
    assert error(told, FIRST + timedelta(days=120)) <= 5


def test_bad_readings_bend_nothing() -> None:
    levels = line(80, life=120, noise=0.5)
    for day in (20, 41, 60, 77):
        levels[day] = 0.0
    levels[70] = 100.0
    assert error(forecast(points(levels)), FIRST + timedelta(days=120)) <= 4


def test_a_knee_is_seen() -> None:
    levels = [100 - 20 * day / 200 - 75 * (day / 200) ** 8 for day in range(187)]
    told, plain = forecast(points(levels)), forecast(points(levels[:100]))
    assert error(told, FIRST + timedelta(days=200)) <= 8
    assert plain.flat_on is None or plain.flat_on > FIRST + timedelta(days=300), "before the knee nobody can know"


def test_a_change_of_battery_begins_a_new_curve_and_one_high_reading_does_not() -> None:
    changed = points([*line(60, life=100, noise=0.5), *line(30, life=100, noise=0.5, seed=2)])
    rest, on = since_change(changed)
    assert (on, len(rest)) == (FIRST + timedelta(days=60), 30)
    assert error(forecast(changed), FIRST + timedelta(days=160)) <= 6
    levels = line(60, life=100)
    levels[50] = 100.0
    assert since_change(points(levels))[1] is None
    assert since_change([]) == ([], None)


def test_volts_alone_are_enough() -> None:
    lithium = points([3.6 - 0.5 * day / 100 for day in range(80)])
    assert error(forecast(lithium, volts=True), FIRST + timedelta(days=100)) <= 3
    coin = points([3.0 - 0.55 * day / 100 for day in range(80)])
    assert error(forecast(coin, volts=True), FIRST + timedelta(days=100)) <= 3


def test_coarse_levels_are_read_at_their_edges() -> None:
    levels = [float(round(level / 25) * 25) for level in line(55, life=60)]
    assert error(forecast(points(levels)), FIRST + timedelta(days=60)) <= 6


@pytest.mark.parametrize(
    ("levels", "reason"),
    [
        ([], Unknown.TOO_FEW),
        ([90.0] * 5, Unknown.TOO_FEW),
        ([90.0] * 40, Unknown.NOT_FALLING),
        ([50.0 + day / 10 for day in range(40)], Unknown.NOT_FALLING),
        ([90.0 - day / 100 for day in range(40)], Unknown.FAR),
    ],
)
def test_what_is_not_known_is_said_to_be_unknown(levels: list[float], reason: Unknown) -> None:
    assert forecast(points(levels)).unknown is reason


@given(st.lists(st.floats(0, 100), max_size=70), st.sets(st.integers(0, 69)))
def test_any_curve_has_a_day_or_a_reason(levels: list[float], unheard: set[int]) -> None:
    told = forecast([one for n, one in enumerate(points(levels)) if n not in unheard])
    assert (told.flat_on is None) == (told.unknown is not None)
    if told.flat_on:
        assert told.earliest and told.latest and told.earliest <= told.flat_on <= told.latest


def test_an_empty_one_is_flat_today() -> None:
    levels = [*line(40, life=40)[:-1], FLAT, FLAT - 1]
    assert forecast(points(levels)).flat_on == FIRST + timedelta(days=40)
