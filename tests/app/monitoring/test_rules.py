"""Each kind of rule on plain samples: when it fires, when it does not, and that chunks make no difference."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.equipment.measures import Metric
from app.errors import IllegalMove
from app.monitoring.memory import Pause, Sample, State, Word
from app.monitoring.rules import (
    KINDS,
    MOVES,
    NotPreviewed,
    RuleKind,
    VersionEvent,
    VersionState,
    after,
    beginning,
    read_params,
    run,
)
from app.places.rules import to_gcj02
from tests.cast import CENTRE

MIDNIGHT = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Monday 23 November, 00:00 in Shanghai
R, M = RuleKind, Metric

PARAMS: dict[RuleKind, dict[str, Any]] = {
    R.HEART_RATE: {"low": 45, "high": 120, "minutes": 5, "hysteresis": 5},
    R.SPO2: {"low": 90, "minutes": 3, "hysteresis": 1},
    R.RESPIRATION: {"low": 8, "high": 30, "minutes": 3},
    R.BODY_TEMPERATURE: {"high": 38.5, "minutes": 0, "hysteresis": 0.5},
    R.BLOOD_PRESSURE: {"systolic": {"low": 90, "high": 180}, "diastolic": {"low": 50, "high": 110}, "times": 2},
    R.NO_MOVEMENT: {"opens": "07:00", "closes": "21:00", "hours": 4},
    R.NOT_UP: {"opens": "05:00", "closes": "09:30"},
    R.OUT_OF_BED: {"opens": "22:00", "closes": "06:00", "minutes": 30},
    R.FENCE: {"areas": [{"lat": CENTRE.lat, "lon": CENTRE.lon, "radius_m": 500}], "minutes": 10, "margin_m": 30},
    R.DOOR_AT_NIGHT: {"opens": "22:00", "closes": "06:00", "minutes": 10},
    R.SMOKE_NO_ANSWER: {"minutes": 3, "calls": 2},
    R.ROOM_TEMPERATURE: {"low": 12, "high": 35, "minutes": 30, "hysteresis": 1},
}
PARAMS[R.FENCE]["areas"][0]["shape"] = "circle"


def at(clock: str, *, day: int = 0) -> datetime:
    """A local time of that Monday, or some days later."""
    hours, minutes = clock.split(":")
    return MIDNIGHT + timedelta(days=day, hours=int(hours), minutes=int(minutes))


def seen(metric: Metric | Word, *told: tuple[str, float], device: int = 1) -> list[Sample]:
    """Samples of one device of that Monday."""
    return [Sample(at(clock), metric, value, device) for clock, value in told]


def firings(
    kind: RuleKind,
    samples: Sequence[Sample],
    *,
    until: datetime,
    since: datetime = MIDNIGHT,
    pauses: Sequence[Pause] = (),
    **changed: Any,
) -> list[str]:
    """Local times at which the rule of the table above fires, with parameters changed."""
    params = read_params(kind, PARAMS[kind] | changed)
    found = run(kind, params, beginning(kind, since), samples, until=until, pauses=pauses).firings
    return [f"{firing.at - MIDNIGHT:}".removesuffix(":00").removeprefix("0 days, ") for firing in found]


# -- bands ---------------------------------------------------------------------------------------------------


def test_a_heart_that_races_for_five_minutes_fires_once_until_it_has_calmed_down() -> None:
    told = [("8:00", 125.0), ("8:03", 131.0), ("8:05", 128.0), ("8:09", 140.0), ("8:12", 118.0), ("8:14", 126.0)]
    assert firings(R.HEART_RATE, seen(M.HEART_RATE, *told), until=at("9:00")) == ["8:05"]
    calm = [*told, ("8:20", 110.0), ("8:30", 125.0), ("8:36", 125.0)]
    assert firings(R.HEART_RATE, seen(M.HEART_RATE, *calm), until=at("9:00")) == ["8:05", "8:36"]


def test_one_high_reading_and_then_silence_proves_nothing() -> None:
    assert firings(R.HEART_RATE, seen(M.HEART_RATE, ("8:00", 150.0)), until=at("20:00")) == []
    apart = seen(M.HEART_RATE, ("8:00", 150.0), ("11:00", 150.0))
    assert firings(R.HEART_RATE, apart, until=at("20:00")) == []


def test_a_thrifty_watch_that_measures_hourly_still_fires() -> None:
    assert firings(R.HEART_RATE, seen(M.HEART_RATE, ("8:00", 130.0), ("9:00", 131.0)), until=at("10:00")) == ["9:00"]


def test_a_slow_heart_is_the_other_side_of_the_same_band() -> None:
    assert firings(R.HEART_RATE, seen(M.HEART_RATE, ("3:00", 40.0), ("3:06", 41.0)), until=at("4:00")) == ["3:06"]


def test_a_straggler_neither_raises_nor_calms() -> None:
    late = [*seen(M.HEART_RATE, ("8:00", 130.0), ("8:04", 131.0)), *seen(M.HEART_RATE, ("8:01", 70.0), ("8:06", 130.0))]
    assert firings(R.HEART_RATE, late, until=at("9:00")) == ["8:06"]
    calm = [*seen(M.HEART_RATE, ("8:00", 130.0), ("8:10", 70.0)), *seen(M.HEART_RATE, ("8:06", 130.0))]
    assert firings(R.HEART_RATE, calm, until=at("9:00")) == []


def test_a_fever_fires_at_once_where_no_duration_is_asked() -> None:
    assert firings(R.BODY_TEMPERATURE, seen(M.BODY_TEMPERATURE, ("8:00", 38.7)), until=at("9:00")) == ["8:00"]


def test_low_oxygen_and_a_cold_room() -> None:
    assert firings(R.SPO2, seen(M.SPO2, ("2:00", 86.0), ("2:03", 85.0)), until=at("3:00")) == ["2:03"]
    cold = seen(M.ROOM_TEMPERATURE, ("2:00", 9.0), ("2:20", 9.0), ("2:40", 8.5))
    assert firings(R.ROOM_TEMPERATURE, cold, until=at("3:00")) == ["2:40"]
    assert firings(R.RESPIRATION, seen(M.RESPIRATION, ("2:00", 6.0), ("2:03", 6.0)), until=at("3:00")) == ["2:03"]


@pytest.mark.parametrize(
    "wrong",
    [{"low": None, "high": None}, {"low": 120, "high": 100}, {"minutes": -1}, {"low": "much"}, {"colour": "red"}],
)
def test_a_band_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read_params(R.HEART_RATE, PARAMS[R.HEART_RATE] | wrong)


# -- blood pressure ------------------------------------------------------------------------------------------


def pressure(*told: tuple[str, float, float]) -> list[Sample]:
    """Measurements: systolic and diastolic at one moment."""
    pairs = [(M.SYSTOLIC, clock, high, M.DIASTOLIC, low) for clock, high, low in told]
    return [s for a, clock, high, b, low in pairs for s in (*seen(a, (clock, high)), *seen(b, (clock, low)))]


def test_two_bad_pressures_in_a_row_fire_and_a_good_one_between_forgives() -> None:
    assert firings(R.BLOOD_PRESSURE, pressure(("8:00", 190, 95), ("8:30", 185, 90)), until=at("9:00")) == ["8:30"]
    forgiven = pressure(("8:00", 190, 95), ("8:10", 150, 80), ("8:30", 185, 90))
    assert firings(R.BLOOD_PRESSURE, forgiven, until=at("9:00")) == []


def test_a_bad_diastolic_counts_though_the_systolic_beside_it_is_well() -> None:
    assert firings(R.BLOOD_PRESSURE, pressure(("8:00", 150, 115), ("8:30", 150, 120)), until=at("9:00")) == ["8:30"]
    both = pressure(("8:00", 190, 115))
    assert firings(R.BLOOD_PRESSURE, both, until=at("9:00")) == []  # one measurement is one, however bad


def test_pressures_days_apart_are_not_in_a_row() -> None:
    told = [*pressure(("8:00", 190, 95)), *[Sample(at("9:00", day=2), M.SYSTOLIC, 190, 1)]]
    assert firings(R.BLOOD_PRESSURE, told, until=at("9:00", day=3)) == []


# -- nothing happened ----------------------------------------------------------------------------------------


def test_four_hours_of_stillness_by_day_fire_once_that_day() -> None:
    moved = seen(M.MOVEMENT, ("6:30", 1.0), ("8:00", 1.0), ("9:00", 0.0))
    assert firings(R.NO_MOVEMENT, moved, until=at("23:00")) == ["12:00"]


def test_the_night_does_not_count() -> None:
    moved = seen(M.MOVEMENT, ("8:00", 1.0), ("11:30", 1.0), ("15:00", 1.0), ("18:30", 1.0))
    assert firings(R.NO_MOVEMENT, moved, until=at("10:59", day=1)) == []
    assert firings(R.NO_MOVEMENT, moved, until=at("12:00", day=1)) == ["1 day, 11:00"]


def test_any_sensor_of_the_home_shows_that_somebody_is_there() -> None:
    told = sorted(
        [*seen(M.MOVEMENT, ("7:30", 1.0)), *seen(M.DOOR, ("7:00", 0.0), ("10:00", 1.0), device=2),
         *seen(M.STEPS, ("7:00", 300.0), ("13:00", 420.0), ("16:00", 420.0), device=3),
         *seen(M.BED, ("7:00", 0.0), ("16:30", 1.0), device=4)],
        key=lambda s: s.at,
    )  # fmt: skip
    assert firings(R.NO_MOVEMENT, told, until=at("21:00")) == ["20:30"]


def test_a_caregiver_in_the_home_and_a_hospital_suspend_the_wait() -> None:
    moved = seen(M.MOVEMENT, ("8:00", 1.0))
    there = [Pause(at("10:00"), at("11:30"))]
    assert firings(R.NO_MOVEMENT, moved, until=at("20:00"), pauses=there) == ["15:30"]
    assert firings(R.NO_MOVEMENT, moved, until=at("20:00", day=9), pauses=[Pause(at("9:00"))]) == []
    home_again = [Pause(at("9:00"), at("10:00", day=3))]
    assert firings(R.NO_MOVEMENT, moved, until=at("20:00", day=3), pauses=home_again) == ["3 days, 14:00"]


def test_somebody_who_is_not_up_by_half_past_nine() -> None:
    assert firings(R.NOT_UP, [], until=at("23:00"), since=at("4:00")) == ["9:30"]
    assert firings(R.NOT_UP, seen(M.MOVEMENT, ("6:10", 1.0)), until=at("23:00")) == []
    assert firings(R.NOT_UP, seen(M.MOVEMENT, ("4:10", 1.0)), until=at("23:00")) == ["9:30"]
    assert firings(R.NOT_UP, [], until=at("9:30", day=2)) == ["9:30", "1 day, 9:30", "2 days, 9:30"]


def test_out_of_bed_at_night_counts_from_getting_up() -> None:
    night = seen(M.BED, ("21:30", 1.0), ("23:10", 0.0), ("23:20", 1.0), ("23:50", 0.0))
    assert firings(R.OUT_OF_BED, night, until=at("7:00", day=1)) == ["1 day, 0:20"]
    assert firings(R.OUT_OF_BED, seen(M.BED, ("22:30", 0.0)), until=at("7:00", day=1)) == []  # never in bed
    early = [*seen(M.BED, ("5:00", 1.0), ("5:45", 0.0))]
    assert firings(R.OUT_OF_BED, early, until=at("12:00")) == []  # up at a quarter to six


def test_a_door_that_stands_open_at_night_fires_each_night_and_never_by_day() -> None:
    assert firings(R.DOOR_AT_NIGHT, seen(M.DOOR, ("23:00", 1.0), ("23:05", 0.0)), until=at("7:00", day=1)) == []
    assert firings(R.DOOR_AT_NIGHT, seen(M.DOOR, ("10:00", 1.0), ("11:00", 0.0)), until=at("7:00", day=1)) == []
    open_on = seen(M.DOOR, ("20:00", 1.0), ("23:30", 1.0))
    assert firings(R.DOOR_AT_NIGHT, open_on, until=at("7:00", day=2)) == ["22:10", "1 day, 22:10"]


def test_each_door_is_watched_by_itself() -> None:
    told = sorted(
        [*seen(M.DOOR, ("23:00", 1.0), device=1), *seen(M.DOOR, ("23:02", 1.0), ("23:04", 0.0), device=2)],
        key=lambda s: s.at,
    )
    assert firings(R.DOOR_AT_NIGHT, told, until=at("23:59")) == ["23:10"]


# -- places --------------------------------------------------------------------------------------------------


def fix(clock: str, metres_north: float, accuracy: float = 10) -> Sample:
    """A fix so far north of the centre."""
    return Sample(at(clock), M.LOCATION, accuracy, 1, 0, CENTRE.lat + metres_north / 111_195.08, CENTRE.lon)


def test_out_of_the_fence_for_ten_minutes_fires_also_when_the_tracker_falls_silent() -> None:
    assert firings(R.FENCE, [fix("8:00", 300), fix("8:05", 700)], until=at("9:00")) == ["8:15"]
    assert firings(R.FENCE, [fix("8:05", 700), fix("8:10", 400)], until=at("9:00")) == []


def test_the_whole_circle_of_a_fix_must_be_outside() -> None:
    assert firings(R.FENCE, [fix("8:00", 700, 250)], until=at("9:00")) == []
    assert firings(R.FENCE, [fix("8:00", 5000, 2000)], until=at("9:00")) == []  # a cell tower's guess


def test_at_the_edge_nothing_flaps() -> None:
    edge = [fix("8:00", 560), fix("8:04", 520), fix("8:08", 560), fix("8:12", 510), fix("8:16", 560)]
    assert firings(R.FENCE, edge, until=at("9:00")) == ["8:10"]


def test_a_fence_drawn_on_a_chinese_map_stands_where_it_was_drawn() -> None:
    corners = [(-400.0, -400.0), (-400.0, 400.0), (400.0, 400.0), (400.0, -400.0)]
    drawn = [to_gcj02(CENTRE.lat + n / 111_195, CENTRE.lon + e / 87_760) for n, e in corners]
    areas = [{"shape": "polygon", "points": drawn}]
    inside, outside = [fix("8:00", 380)], [fix("8:00", 450)]
    assert firings(R.FENCE, inside, until=at("9:00"), areas=areas, datum="gcj02", margin_m=0) == []
    assert firings(R.FENCE, outside, until=at("9:00"), areas=areas, datum="gcj02", margin_m=0) == ["8:10"]
    kept = read_params(R.FENCE, PARAMS[R.FENCE] | {"areas": areas, "datum": "gcj02"})
    assert read_params(R.FENCE, kept.model_dump(mode="json")) == kept  # moved once


def test_a_fence_may_have_an_inner_corner() -> None:
    ell = [(0.0, 0.0), (0.0, 0.02), (0.01, 0.02), (0.01, 0.01), (0.02, 0.01), (0.02, 0.0)]
    points = [(CENTRE.lat + n, CENTRE.lon + e) for n, e in ell]
    params: dict[str, Any] = {"areas": [{"shape": "polygon", "points": points}], "minutes": 0, "margin_m": 0}
    corner = Sample(at("8:00"), M.LOCATION, 5, 1, 0, CENTRE.lat + 0.015, CENTRE.lon + 0.015)
    arm = Sample(at("8:00"), M.LOCATION, 5, 1, 0, CENTRE.lat + 0.015, CENTRE.lon + 0.005)
    assert firings(R.FENCE, [corner], until=at("9:00"), **params) == ["8:00"]
    assert firings(R.FENCE, [arm], until=at("9:00"), **params) == []


# -- smoke and no answer -------------------------------------------------------------------------------------


def test_smoke_and_nobody_answers() -> None:
    smoke = seen(Word.ALARM, ("8:00", 1.0))
    assert firings(R.SMOKE_NO_ANSWER, smoke, until=at("9:00")) == ["8:03"]
    tried = [*smoke, *seen(Word.UNANSWERED, ("8:01", 1.0), ("8:02", 1.0))]
    assert firings(R.SMOKE_NO_ANSWER, tried, until=at("9:00")) == ["8:02"]
    assert firings(R.SMOKE_NO_ANSWER, [*smoke, *seen(Word.ANSWERED, ("8:02", 1.0))], until=at("9:00")) == []


# -- of all kinds --------------------------------------------------------------------------------------------

METRIC_VALUES = {
    M.HEART_RATE: (30, 160), M.SPO2: (80, 100), M.SYSTOLIC: (80, 200), M.DIASTOLIC: (40, 120), M.STEPS: (0, 3),
    M.BODY_TEMPERATURE: (35, 41), M.RESPIRATION: (5, 40), M.MOVEMENT: (0, 1), M.BED: (0, 1), M.DOOR: (0, 1),
    M.ROOM_TEMPERATURE: (5, 40), M.LOCATION: (5, 300),
}  # fmt: skip


@st.composite
def days(draw: st.DrawFn) -> tuple[RuleKind, list[Sample], list[int]]:
    """Three days of samples for some kind of rule, and where to cut them."""
    kind = draw(st.sampled_from([kind for kind in RuleKind if KINDS[kind].metrics]))
    metrics, moment, samples = sorted(KINDS[kind].metrics), MIDNIGHT, list[Sample]()
    for _ in range(draw(st.integers(0, 40))):
        moment += timedelta(minutes=draw(st.integers(0, 200)))
        metric = draw(st.sampled_from(metrics))
        value = float(draw(st.integers(*METRIC_VALUES[metric])))
        north = draw(st.integers(-900, 900)) / 111_195
        samples.append(Sample(moment, metric, value, draw(st.integers(1, 2)), 0, CENTRE.lat + north, CENTRE.lon))
    return kind, samples, draw(st.lists(st.integers(0, 3 * 24 * 60), max_size=12))


@given(days(), st.lists(st.tuples(st.integers(0, 4000), st.integers(1, 500)), max_size=3))
def test_however_often_one_looks_the_same_fires_at_the_same_moments(
    given: tuple[RuleKind, list[Sample], list[int]], away: list[tuple[int, int]]
) -> None:
    kind, samples, cuts = given
    params, until = read_params(kind, PARAMS[kind]), MIDNIGHT + timedelta(days=8)
    pauses = [Pause(MIDNIGHT + timedelta(minutes=a), MIDNIGHT + timedelta(minutes=a + n)) for a, n in away]
    whole = run(kind, params, beginning(kind, MIDNIGHT), samples, until=until, pauses=pauses)
    state, found, left = beginning(kind, MIDNIGHT), list[datetime](), list(samples)
    for look in [*sorted(MIDNIGHT + timedelta(minutes=cut) for cut in cuts), until]:
        now, left = [s for s in left if s.at <= look], [s for s in left if s.at > look]
        known = [Pause(p.start, p.end if p.end and p.end <= look else None) for p in pauses if p.start <= look]
        part = run(kind, params, State.of(state.as_json()), now, until=look, pauses=known)
        state = part.state
        found += [firing.at for firing in part.firings]
        assert part.wake_at is None or part.wake_at > look
    assert found == [firing.at for firing in whole.firings]
    assert len(set(found)) == len(found)


@given(st.lists(st.sampled_from(list(VersionEvent)), max_size=8))
def test_no_version_is_switched_on_that_was_not_previewed(events: list[VersionEvent]) -> None:
    state, previewed = VersionState.DRAFT, False
    for event in events:
        try:
            state = after(state, event)
        except (NotPreviewed, IllegalMove):
            assert (state, event) not in MOVES
            continue
        previewed = previewed or event is VersionEvent.PREVIEW
        assert state is not VersionState.ACTIVE or previewed


def test_a_draft_says_that_it_wants_a_preview() -> None:
    with pytest.raises(NotPreviewed):
        after(VersionState.DRAFT, VersionEvent.ACTIVATE)
