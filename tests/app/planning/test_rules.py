"""The lives of a plan and of an attendance, and accepting broken rules."""

from enum import StrEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs import rules as jobs
from app.planning import rules
from app.planning.replan_queries import said
from app.planning.rules import (
    ACTIVE,
    ATTENDANCE_MOVES,
    PLAN_MOVES,
    AttendanceEvent,
    AttendanceMoveRefused,
    AttendanceState,
    CannotOverride,
    PlanMoveRefused,
    PlanState,
    RulesBroken,
    attendance_after,
    attendance_possible,
    check_accepted,
    plan_after,
)

LIVES: list[Any] = [
    (PLAN_MOVES, PlanState.DRAFTING),
    (ATTENDANCE_MOVES, AttendanceState.ASSIGNED),
    (jobs.MOVES, jobs.JobState.QUEUED),
]


@pytest.mark.parametrize(("moves", "first"), LIVES)
def test_every_state_can_be_reached_and_every_life_can_end(moves: dict[tuple[Any, Any], Any], first: StrEnum) -> None:
    states = {s for s, _ in moves} | set(moves.values())
    assert states == set(type(first)), "a state no line mentions"
    reached: set[Any] = {first}
    ends = {s for s in states if not any(source == s for source, _ in moves)}
    for _ in states:
        reached |= {after for (source, _), after in moves.items() if source in reached}
    assert reached == states
    alive = set(ends)
    for _ in states:
        alive |= {source for (source, _), after in moves.items() if after in alive}
    assert ends
    assert alive == states, "a life that can never end"


@given(st.lists(st.sampled_from(AttendanceEvent)))
def test_whatever_a_phone_sends_an_attendance_is_in_a_state_or_refuses(events: list[AttendanceEvent]) -> None:
    state, seen = AttendanceState.ASSIGNED, []
    for event in events:
        allowed = event in attendance_possible(state) or event in (AttendanceEvent.WITHDRAW, AttendanceEvent.RESTORE)
        try:
            state = attendance_after(state, event)
            seen.append(state)
            assert allowed
        except AttendanceMoveRefused:
            assert event not in attendance_possible(state)
    assert seen.count(AttendanceState.FINISHED) <= 1
    assert state in ACTIVE or not attendance_possible(state)


def test_a_plan_is_published_once() -> None:
    with pytest.raises(PlanMoveRefused, match="published plan cannot publish"):
        plan_after(PlanState.PUBLISHED, rules.PlanEvent.PUBLISH)


def test_a_broken_rule_must_be_accepted_by_its_name() -> None:
    with pytest.raises(RulesBroken) as refused:
        check_accepted(["window", "skills"], ["window"])
    assert refused.value.facts["rules"] == ["skills"]
    assert check_accepted(["window", "skills"], ["window", "skills", "sex"]) == {"window", "skills"}


def test_being_in_two_places_cannot_be_accepted() -> None:
    with pytest.raises(CannotOverride):
        check_accepted(["overlap"], ["overlap"])


def test_the_librarys_words_name_people_in_either_language() -> None:
    sentence = {"zh-CN": "若允许c2上门即可完成。c17已满。", "en": "c2 could do it, c99 could not; ask ac2."}
    assert said(sentence, {2: "杨红", 17: "刘丽"}) == {
        "zh-CN": "若允许杨红上门即可完成。刘丽已满。", "en": "杨红 could do it, c99 could not; ask ac2.",
    }  # fmt: skip
