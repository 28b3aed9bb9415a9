"""What goes out as JSON comes back the same, and the published schema is the code's."""

import json
from pathlib import Path

import numpy as np
import pytest

from dispatch import BadProblem, Caregiver, Plan, Problem, Promise, Shift, Visit, Window, from_json, schema, to_json

A_DAY = Problem(
    (Caregiver("c", (Shift(0, 10),), frozenset({"bath", "aid"})),),
    (Visit("v", 0, (Window(0, 5),), 3, service_by={"c": 4}, published=Promise(1, ("c",))),),
    {"ebike": np.zeros((1, 1), dtype=np.int64)},
)


def test_a_problem_comes_back_as_it_went_out() -> None:
    text = to_json(A_DAY)
    assert to_json(from_json(Problem, text)) == text


def test_a_plan_comes_back_as_it_went_out() -> None:
    plan = Plan((), cost={"travel": 3})
    assert from_json(Plan, to_json(plan)) == plan


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "{}", '{"caregivers":1,"visits":[],"travel":{}}', '{"caregivers":[],"visits":[],"travel":{},"x":1}'],
)
def test_what_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(BadProblem) as error:
        from_json(Problem, text)
    assert error.value.fault == "unreadable"


def test_a_bool_is_no_number() -> None:
    text = to_json(A_DAY).replace('"service":3', '"service":true')
    with pytest.raises(BadProblem, match=r"problem.visits\[0\].service"):
        from_json(Problem, text)


def test_the_published_schema_is_the_codes() -> None:
    published = Path(__file__).parents[2] / "dispatch" / "schema.json"
    assert json.loads(published.read_text("utf-8")) == schema()
