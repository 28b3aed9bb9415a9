"""Which days a plan means: rules of RFC 5545, holidays, exceptions, pauses, month ends."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from app.care_plans.recurring import BadRule, days
from app.care_plans.rules import (
    DAY_MOVES,
    PLAN_MOVES,
    DayEvent,
    DayKind,
    Days,
    DayState,
    Meant,
    OnHolidays,
    PlanEvent,
    PlanState,
    WhyNot,
    day_after,
    meant,
    plan_after,
)
from app.errors import IllegalMove

MONDAY = date(2026, 11, 23)
NO_DAYS = Days({}, [])


def listed(rule: str, starts: date = MONDAY, weeks: int = 6) -> list[str]:
    return [f"{day:%m-%d}" for day in days(rule, starts, starts, starts + timedelta(weeks=weeks))]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=4", ["11-23", "11-26", "11-30", "12-03"]),
        ("FREQ=WEEKLY;INTERVAL=2", ["11-23", "12-07", "12-21", "01-04"]),
        ("FREQ=DAILY;UNTIL=20261125", ["11-23", "11-24", "11-25"]),
        ("FREQ=MONTHLY;BYDAY=2MO", ["12-14"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["11-27", "12-25"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["11-30", "12-31"]),
    ],
)
def test_a_rule_names_its_days(rule: str, expected: list[str]) -> None:
    assert listed(rule) == expected


def test_the_thirty_first_is_left_out_of_short_months() -> None:
    found = [
        str(day) for day in days("FREQ=MONTHLY;BYMONTHDAY=31", date(2026, 1, 1), date(2026, 1, 1), date(2026, 6, 30))
    ]
    assert found == ["2026-01-31", "2026-03-31", "2026-05-31"]


@pytest.mark.parametrize(
    "rule",
    [
        "", "weekly", "FREQ=HOURLY", "FREQ=SECONDLY;INTERVAL=1", "FREQ=WEEKLY;BYDAY=2MO", "FREQ=WEEKLY;BYMONTHDAY=3",
        "FREQ=MONTHLY;BYMONTHDAY=0", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=WEEKLY;COUNT=0", "FREQ=WEEKLY;INTERVAL=0",
        "FREQ=DAILY;UNTIL=20261301", "FREQ=DAILY;UNTIL=20261231T000000Z", "FREQ=DAILY;COUNT=3;UNTIL=20261231",
        "FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;BYHOUR=3", "FREQ=DAILY;" + "X" * 300, "FREQ=WEEKLY;BYDAY=XX",
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_followed_says_so(rule: str) -> None:
    with pytest.raises(BadRule):
        listed(rule)


def test_a_rule_without_days_ends() -> None:
    assert (
        list(days("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", date(2026, 2, 1), date(2026, 2, 1), date(2030, 1, 1))) == []
    )


def holidays(*numbers: int, worked: tuple[int, ...] = ()) -> Days:
    """The first days of October 2026."""
    special = {date(2026, 10, n): DayKind.HOLIDAY for n in numbers} | {
        date(2026, 10, n): DayKind.WORKDAY for n in worked
    }
    return Days(special, [])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (OnHolidays.KEEP, (date(2026, 10, 1), None)),
        (OnHolidays.SKIP, (date(2026, 10, 1), WhyNot.HOLIDAY)),
        (OnHolidays.BEFORE, (date(2026, 9, 30), None)),
        (OnHolidays.AFTER, (date(2026, 10, 10), None)),  # the Saturday is worked in exchange, before Monday comes
    ],
)
def test_a_holiday_is_kept_skipped_or_moved_to_a_working_day(policy: OnHolidays, expected: tuple[date, Any]) -> None:
    golden_week = holidays(1, 2, 3, 4, 5, 6, 7, 8, 9, worked=(10,))
    assert meant([date(2026, 10, 1)], golden_week, holidays=policy) == [Meant(date(2026, 10, 1), *expected)]


def test_a_day_moved_by_a_holiday_onto_another_of_its_line_is_one_visit() -> None:
    found = meant([date(2026, 10, 1), date(2026, 10, 2)], holidays(1), holidays=OnHolidays.AFTER)
    assert [(one.day.day, one.why) for one in found] == [(2, None), (2, WhyNot.EXCEPTION)]


def test_a_hand_moves_a_day_also_onto_a_holiday_and_a_pause_holds_for_the_day_it_is_served() -> None:
    paused = Days({MONDAY: DayKind.HOLIDAY}, [(MONDAY + timedelta(days=3), None)])
    rule_days = [MONDAY - timedelta(days=7), MONDAY + timedelta(days=7)]
    moved = {rule_days[0]: MONDAY, rule_days[1]: MONDAY + timedelta(days=2)}
    found = meant(rule_days, paused, holidays=OnHolidays.SKIP, moved=moved)
    assert [(one.day, one.why) for one in found] == [(MONDAY, None), (MONDAY + timedelta(days=2), None)]
    assert meant(rule_days[1:], paused, holidays=OnHolidays.SKIP)[0].why is WhyNot.PAUSED


WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
rules = st.one_of(
    st.builds(lambda n: f"FREQ=DAILY;INTERVAL={n}", st.integers(1, 9)),
    st.builds(
        lambda n, names: f"FREQ=WEEKLY;INTERVAL={n};BYDAY={','.join(sorted(names))}", st.integers(1, 4),
        st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    ),
    st.builds(lambda n: f"FREQ=MONTHLY;BYMONTHDAY={n}", st.integers(-31, 31).filter(bool)),
    st.builds(
        lambda n, day: f"FREQ=MONTHLY;BYDAY={n}{day}", st.integers(-5, 5).filter(bool), st.sampled_from(WEEKDAYS)
    ),
)  # fmt: skip
some_days = st.dates(date(2026, 1, 1), date(2027, 12, 31))


@given(rules, some_days, st.sets(some_days), st.lists(st.tuples(some_days, st.integers(0, 40)), max_size=3), st.data())
def test_what_is_served_is_the_rule_without_exceptions_and_pauses(
    rule: str, starts: date, holiday: set[date], pauses: list[tuple[date, int]], data: st.DataObject
) -> None:
    last = starts + timedelta(days=120)
    by_the_book = [day.date() for day in rrulestr(rule, dtstart=datetime.combine(starts, time())).between(
        datetime.combine(starts, time()), datetime.combine(last, time()), inc=True)]  # fmt: skip
    skipped = set(data.draw(st.lists(st.sampled_from(by_the_book)))) if by_the_book else set()
    away = [(first, first + timedelta(days=n)) for first, n in pauses]
    around = Days(dict.fromkeys(holiday, DayKind.HOLIDAY), away)
    found = meant(days(rule, starts, starts, last), around, holidays=OnHolidays.SKIP, skipped=skipped)
    served = [one.day for one in found if one.why is None]
    assert [one.rule_day for one in found] == by_the_book  # nothing is lost without a reason
    assert served == [
        day for day in by_the_book
        if day not in skipped and day not in holiday and not any(first <= day <= end for first, end in away)
    ]  # fmt: skip


@given(rules, some_days, st.sets(some_days), st.sampled_from([OnHolidays.BEFORE, OnHolidays.AFTER]))
def test_a_line_is_never_served_twice_on_a_day_nor_on_a_holiday(
    rule: str, starts: date, holiday: set[date], policy: OnHolidays
) -> None:
    around = Days(dict.fromkeys(holiday, DayKind.HOLIDAY), [])
    found = meant(days(rule, starts, starts, starts + timedelta(days=90)), around, holidays=policy)
    served = [one.day for one in found if one.why is None]
    assert len(served) == len(set(served))
    assert not holiday & set(served)


@pytest.mark.parametrize("state", list(DayState))
@pytest.mark.parametrize("event", list(DayEvent))
def test_a_day_moves_as_its_table_says(state: DayState, event: DayEvent) -> None:
    if (state, event) in DAY_MOVES:
        assert day_after(state, event) is DAY_MOVES[state, event]
    else:
        with pytest.raises(IllegalMove):
            day_after(state, event)


@pytest.mark.parametrize("state", list(PlanState))
def test_only_a_draft_is_agreed_to(state: PlanState) -> None:
    if state is PlanState.DRAFT:
        assert plan_after(state, PlanEvent.AGREE) is PLAN_MOVES[state, PlanEvent.AGREE] is PlanState.AGREED
    else:
        with pytest.raises(IllegalMove):
            plan_after(state, PlanEvent.AGREE)
