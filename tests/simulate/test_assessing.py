"""Simulated forms are whole, believable, and give the level they are for by the scale itself."""

import random

import pytest

from app.assessments import scale
from app.people.rules import AbilityLevel
from app.simulate.assessing import filled


@pytest.mark.parametrize("level", scale.LEVELS)
@pytest.mark.parametrize("demented", [False, True])
def test_a_form_gives_the_level_it_is_for(level: AbilityLevel, demented: bool) -> None:
    rng = random.Random(1)
    for _ in range(60):
        later = filled(rng, level, demented=demented)
        earlier = filled(rng, level, demented=demented, like=later.answers)
        for found in (later, earlier):
            assert scale.read_items(found.answers["items"]) == found.answers["items"]
            assert found.result.final_level is level


def test_stairs_are_lost_before_ones_own_name() -> None:
    rng = random.Random(2)
    forms = [filled(rng, AbilityLevel.MODERATE, demented=False).answers["items"] for _ in range(200)]
    share = {item: sum(form[item] for form in forms) / (200 * most) for item, most in scale.MOST.items()}
    assert share["stairs"] < share["walking"] < share["eating"] < share["consciousness"]
