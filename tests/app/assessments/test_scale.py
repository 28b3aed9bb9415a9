"""GB/T 42195-2022 as domain.md 2.1 has it, line by line, and what public code gets wrong."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assessments.scale import (
    ITEMS,
    LEVELS,
    MOST,
    ChangeReason,
    Conditions,
    Domain,
    Unassessable,
    assess,
    changed,
    domain_scores,
    level_of,
    read_items,
)
from app.people.rules import AbilityLevel

L, R = AbilityLevel, ChangeReason
BEST = dict(MOST)


def scoring(points: int) -> dict[str, int]:
    """A whole form of so many points, taken from the items in the order of the form."""
    items, left = {}, points
    for item, most in MOST.items():
        items[item] = min(most, left)
        left -= items[item]
    return items


forms = st.fixed_dictionaries({item: st.integers(0, most) for item, most in MOST.items()})
conditions = st.builds(Conditions, st.booleans(), st.booleans(), st.booleans(), st.integers(0, 9))

TABLE = """
eating 4, grooming 4, bathing 4, dressing_upper 4, dressing_lower 4, bladder_control 4, bowel_control 4, toileting 4
bed_positioning 4, bed_chair_transfer 4, walking 4, stairs 3
time_orientation 4, place_orientation 4, person_orientation 4, memory 4, comprehension 4, expression 4, aggression 1,
depression 1, consciousness 2
vision 2, hearing 2, daily_affairs 4, transport 3, social_contact 4
"""


def test_the_form_has_the_26_items_of_the_standard_with_their_most_points() -> None:
    told = [one.split() for one in TABLE.replace("\n", ",").split(",") if one.strip()]
    assert {item: int(most) for item, most in told} == MOST and len(MOST) == 26
    assert list(MOST) == [item for item, _ in told], "in the order of the form"


def test_the_four_domains_make_32_15_28_15_of_90() -> None:
    assert list(domain_scores(MOST).values()) == [32, 15, 28, 15]
    assert sum(MOST.values()) == 90 and list(ITEMS) == list(Domain)
    assert [len(items) for items in ITEMS.values()] == [8, 4, 9, 5]


BANDS = {L.INTACT: (90, 90), L.MILD: (66, 89), L.MODERATE: (46, 65), L.SEVERE: (30, 45), L.TOTAL: (0, 29)}


@pytest.mark.parametrize("score", range(91))
def test_every_score_has_the_level_of_its_band(score: int) -> None:
    result = assess(scoring(score))
    band = next(level for level, (least, most) in BANDS.items() if least <= score <= most)
    assert (result.score, result.initial_level, result.final_level, result.reasons) == (score, band, band, ())


@pytest.mark.parametrize("level", LEVELS)
def test_a_coma_is_total_at_once(level: AbilityLevel) -> None:
    result = assess(scoring(BANDS[level][0]), Conditions(coma=True, dementia=True, risk_events_30d=3))
    assert (result.initial_level, result.final_level, result.reasons) == (level, L.TOTAL, (R.COMA,))


WORSE = {L.INTACT: L.MILD, L.MILD: L.MODERATE, L.MODERATE: L.SEVERE, L.SEVERE: L.TOTAL, L.TOTAL: L.TOTAL}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        (Conditions(dementia=True), R.DEMENTIA),
        (Conditions(other_mental_disorder=True), R.OTHER_MENTAL_DISORDER),
        (Conditions(risk_events_30d=2), R.RISK_EVENTS),
        (Conditions(risk_events_30d=7), R.RISK_EVENTS),
    ],
)
def test_each_condition_makes_the_level_worse_by_one(
    condition: Conditions, reason: ChangeReason, level: AbilityLevel
) -> None:
    result = assess(scoring(BANDS[level][1]), condition)
    assert (result.initial_level, result.final_level, result.reasons) == (level, WORSE[level], (reason,))


@pytest.mark.parametrize("events", [0, 1])
def test_fewer_than_two_events_change_nothing(events: int) -> None:
    result = assess(BEST, Conditions(risk_events_30d=events))
    assert result.final_level is L.INTACT and result.reasons == ()


# -- the known mistakes, each refused or not made ------------------------------------------------------------------


def test_the_scale_is_not_reversed() -> None:
    assert all(assess(scoring(score)).initial_level is L.TOTAL for score in range(21))


@pytest.mark.parametrize("total", [50, 100, 190])
def test_the_best_form_has_90_points_and_no_other_sum(total: int) -> None:
    assert assess(BEST).score == 90 != total


def test_22_items_are_no_form() -> None:
    few = dict(list(BEST.items())[:22])
    with pytest.raises(Unassessable, match="hearing, daily_affairs, transport, social_contact"):
        assess(few)


def test_the_mental_state_has_28_points_not_29() -> None:
    assert domain_scores(MOST)[Domain.MENTAL_STATE] == 28
    for item, most in (("aggression", 2), ("depression", 2), ("consciousness", 3)):
        with pytest.raises(Unassessable, match=item):
            assess(BEST | {item: most})


def test_ten_barthel_items_are_not_the_form_of_2022() -> None:
    barthel = dict.fromkeys(
        ["eating", "bathing", "grooming", "dressing", "bowels", "bladder", "toilet_use", "transfers", "mobility",
         "stairs"], 10,
    )  # fmt: skip
    with pytest.raises(Unassessable, match="dressing, bowels"):
        assess(barthel)


def test_three_conditions_change_the_level_once() -> None:
    all_three = Conditions(dementia=True, other_mental_disorder=True, risk_events_30d=5)
    result = assess(BEST, all_three)
    assert result.final_level is L.MILD and set(result.reasons) == set(R) - {R.COMA}


@pytest.mark.parametrize("score", [65.99, 66.5, 4.0, 0.5, True, "4", None, [4], float("nan")])
def test_an_item_scores_whole_numbers_only(score: Any) -> None:
    with pytest.raises(Unassessable, match="eating"):
        assess(BEST | {"eating": score})


def test_there_is_no_gap_between_the_bands() -> None:
    assert [level_of(score) for score in (29, 30, 45, 46, 65, 66, 89, 90)] == [
        L.TOTAL, L.SEVERE, L.SEVERE, L.MODERATE, L.MODERATE, L.MILD, L.MILD, L.INTACT
    ]  # fmt: skip


# -- what cannot be assessed says which item ----------------------------------------------------------------------


@pytest.mark.parametrize("item", MOST)
def test_a_missing_or_impossible_item_is_named(item: str) -> None:
    with pytest.raises(Unassessable, match=rf"^{item}: not answered"):
        assess({name: score for name, score in BEST.items() if name != item})
    for wrong in (-1, MOST[item] + 1):
        with pytest.raises(Unassessable, match=rf"^{item} scores a whole number from 0 to {MOST[item]}") as caught:
            assess(BEST | {item: wrong})
        assert caught.value.facts == {"items": [item]}


def test_an_item_of_another_scale_is_named() -> None:
    with pytest.raises(Unassessable, match="juggling"):
        assess(BEST | {"juggling": 4})


def test_a_draft_may_have_gaps_but_nothing_wrong() -> None:
    assert read_items({"stairs": 2, "eating": 0}, partly=True) == {"eating": 0, "stairs": 2}
    with pytest.raises(Unassessable, match="stairs"):
        read_items({"stairs": 4}, partly=True)


# -- what is always so ---------------------------------------------------------------------------------------------


def rank(level: AbilityLevel) -> int:
    return LEVELS.index(level)


@given(forms, conditions)
def test_the_score_is_the_sum_and_the_level_at_most_one_worse_without_a_coma(
    items: dict[str, int], condition: Conditions
) -> None:
    result = assess(items, condition)
    assert result.score == sum(items.values()) and 0 <= result.score <= 90
    steps = rank(result.final_level) - rank(result.initial_level)
    if condition.coma:
        assert result.final_level is L.TOTAL
    else:
        assert steps == (1 if result.reasons and result.initial_level is not L.TOTAL else 0)


@given(forms, conditions, st.sampled_from(list(MOST)))
def test_a_worse_item_never_gives_a_better_level(items: dict[str, int], condition: Conditions, item: str) -> None:
    before = assess(items, condition)
    after = assess(items | {item: max(0, items[item] - 1)}, condition)
    assert rank(after.initial_level) >= rank(before.initial_level)
    assert rank(after.final_level) >= rank(before.final_level)


@given(st.sampled_from(LEVELS), conditions)
def test_a_further_condition_never_gives_a_better_level(level: AbilityLevel, condition: Conditions) -> None:
    more = Conditions(condition.coma, True, condition.other_mental_disorder, condition.risk_events_30d + 2)
    assert rank(changed(level, more)) >= rank(changed(level, condition)) >= rank(level)


@given(forms, st.integers(0, 2**32))
def test_the_order_of_the_answers_does_not_matter(items: dict[str, int], seed: int) -> None:
    shuffled = list(items.items())
    random.Random(seed).shuffle(shuffled)
    assert assess(dict(shuffled)) == assess(items)
