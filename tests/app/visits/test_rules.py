"""When a visit counts, and when a phone's clock is believed."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.visits.rules import HOLDING, Fix, Flaw, Record, happened, judge

TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NEAR = Fix(distance_m=40, accuracy_m=20, home_accuracy_m=30)


def flaws(*records: Record, caregivers: int = 1, least_minutes: int = 54) -> set[Flaw]:
    return {f.flaw for f in judge(records, least_minutes=least_minutes, geofence_m=300, caregivers=caregivers)}


def an_hour(**given: object) -> Record:
    values = {
        "attendance_id": 1, "started_at": TEN, "finished_at": TEN + timedelta(minutes=60), "start_fix": NEAR,
        "finish_fix": NEAR,
    } | given  # fmt: skip
    return Record(**values)  # type: ignore[arg-type]


def test_an_hour_at_the_right_place_has_no_flaw() -> None:
    assert flaws(an_hour()) == set()


def test_nine_tenths_are_enough_and_a_minute_less_is_not() -> None:
    assert flaws(an_hour(finished_at=TEN + timedelta(minutes=54))) == set()
    assert flaws(an_hour(finished_at=TEN + timedelta(minutes=53))) == {Flaw.TOO_SHORT}


def test_everyone_who_had_to_come_must_have_come() -> None:
    assert flaws(an_hour(), caregivers=2) == {Flaw.NO_CHECK_IN}
    assert flaws(an_hour(), an_hour(attendance_id=2, finished_at=None), caregivers=2) == {Flaw.NO_CHECK_OUT}


def test_a_place_fits_when_the_circle_touches_the_homes_fence() -> None:
    assert flaws(an_hour(start_fix=Fix(350, 20, 30))) == set()
    assert flaws(an_hour(start_fix=Fix(351, 20, 30))) == {Flaw.OUTSIDE}


def test_no_place_and_a_place_too_vague_to_prove_anything_are_the_same() -> None:
    assert flaws(an_hour(finish_fix=None)) == {Flaw.NO_LOCATION}
    assert flaws(an_hour(finish_fix=Fix(0, 5000, 30))) == {Flaw.NO_LOCATION}


def test_a_place_the_phone_says_is_made_up_holds_the_visit_however_near_it_is() -> None:
    assert flaws(an_hour(mocked=frozenset({"start"}))) == {Flaw.MOCK_LOCATION}
    assert flaws(an_hour(mocked=frozenset({"finish"}), proven=frozenset({"finish"}))) == {Flaw.MOCK_LOCATION}
    assert Flaw.MOCK_LOCATION in HOLDING


def test_a_clock_that_is_off_is_shown_and_holds_nothing() -> None:
    assert flaws(an_hour(skew=timedelta(minutes=3))) == {Flaw.CLOCK_SKEW}
    assert Flaw.CLOCK_SKEW not in HOLDING
    assert flaws(an_hour(skew=timedelta(minutes=-2))) == set()


def test_the_servers_clock_decides_whatever_the_phone_believes() -> None:
    wrong = datetime(2031, 1, 1, tzinfo=UTC)
    assert happened(wrong, received_at=TEN, offset_ms=90_000, sent_at=None) == TEN - timedelta(seconds=90)
    sent = wrong + timedelta(minutes=5)
    assert happened(wrong, received_at=TEN, offset_ms=None, sent_at=sent) == TEN - timedelta(minutes=5)


def test_a_phone_that_slept_says_how_long_ago_by_its_wall_clock() -> None:
    at, sent, steady = TEN - timedelta(hours=3), TEN, 60_000  # asleep all but a minute, and its steady clock with it
    assert happened(at, received_at=TEN, offset_ms=steady, sent_at=sent) == at
    hours_off = timedelta(hours=5)
    off_ms = int(hours_off.total_seconds() * 1000)
    told = happened(at - hours_off, received_at=TEN, offset_ms=steady, sent_at=sent - hours_off, clock_off_ms=off_ms)
    assert told == at


def test_a_clock_that_was_set_between_gives_way_to_the_steady_one() -> None:
    before = TEN - timedelta(minutes=10)
    ahead, back = timedelta(hours=1), -timedelta(hours=1)
    for by in (ahead, back):
        told = happened(before, received_at=TEN, offset_ms=600_000, sent_at=TEN + by, clock_off_ms=0)
        assert told == before, by
    assert happened(before, received_at=TEN, offset_ms=600_000, sent_at=TEN + back) == before  # never met the server


MOMENTS = st.timedeltas(-timedelta(days=30_000), timedelta(days=30_000)).map(lambda off: TEN + off)


@given(
    device_at=MOMENTS,
    sent_at=st.none() | MOMENTS,
    offset=st.none() | st.integers(0, 10**9),
    off=st.none() | st.integers(-(10**12), 10**12),
)
def test_nothing_happens_after_it_was_heard_of(
    device_at: datetime, sent_at: datetime | None, offset: int | None, off: int | None
) -> None:
    assert happened(device_at, received_at=TEN, offset_ms=offset, sent_at=sent_at, clock_off_ms=off) <= TEN
