"""`yinling assess`: what is said to every line, whatever it is."""

import io
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.assessments.lines import LONGEST, answer, lines
from app.assessments.scale import MOST

BEST = dict(MOST)


def told(row: Any) -> dict[str, Any]:
    return answer(json.dumps(row).encode())


def test_a_form_is_answered_with_score_levels_and_reasons() -> None:
    worse = BEST | {"walking": 2, "stairs": 1}
    assert told({"id": "a-1", "items": worse, "dementia": True, "risk_events_30d": 1}) == {
        "id": "a-1", "score": 86, "initial_level": "mild", "final_level": "moderate", "reasons": ["dementia"],
    }  # fmt: skip
    assert told({"items": BEST, "coma": True})["final_level"] == "total"


def test_the_level_a_client_sends_counts_for_nothing() -> None:
    said = told({"items": BEST | {"eating": 0}, "final_level": "intact", "score": 90, "demntia": True})
    assert (said["score"], said["final_level"]) == (86, "mild")
    assert said["ignored"] == ["demntia", "final_level", "score"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"items": BEST | {"eating": 5}}, "eating"),
        ({"items": {k: v for k, v in BEST.items() if k != "hearing"}}, "hearing"),
        ({"items": BEST | {"juggling": 1}}, "juggling"),
        ({"items": BEST | {"vision": 1.5}}, "vision"),
        ({"items": [4] * 26}, "items"),
        ({}, "items"),
        ({"items": BEST, "coma": "yes"}, "coma"),
        ({"items": BEST, "dementia": 1}, "dementia"),
        ({"items": BEST, "other_mental_disorder": None}, "other_mental_disorder"),
        ({"items": BEST, "risk_events_30d": -1}, "risk_events_30d"),
        ({"items": BEST, "risk_events_30d": True}, "risk_events_30d"),
        ({"items": BEST, "risk_events_30d": 1.5}, "risk_events_30d"),
        ([BEST], "object"),
    ],
)
def test_what_cannot_be_assessed_is_refused_by_name(row: Any, reason: str) -> None:
    said = told({"id": 7, **row} if isinstance(row, dict) else row)
    assert reason in said["refused"]
    assert said.keys() == ({"id", "refused"} if isinstance(row, dict) else {"refused"})


def test_an_item_answered_twice_contradicts_itself() -> None:
    text = json.dumps({"id": 1, "items": BEST}).replace('"eating": 4', '"eating": 4, "eating": 0')
    assert answer(text.encode()) == {"id": 1, "refused": "eating: given twice, or not a number."}


WHOLE = json.dumps({"items": BEST}).encode()
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
rows = st.fixed_dictionaries(
    {"items": json_values | st.dictionaries(st.sampled_from([*MOST, "x"]), json_values)},
    optional={"id": json_values, "coma": json_values, "dementia": json_values, "risk_events_30d": json_values},
)


@given(st.binary(max_size=200) | rows.map(lambda row: json.dumps(row).encode()) | json_values.map(str).map(str.encode))
@example(b"[" * 60_000)
@example(b'{"a":' * 12_000)
@example(b'{"items": {"eating": ' + b"9" * 5000 + b"}}")
@example(b'{"id": 1e999, "items": NaN}')
@example(b'{"id": [NaN], "items": {}}')
@example(b'{"id": "\\ud800", "items": {"\\udfff": 1}}')
@example(b"\xef\xbb\xbf" + WHOLE)
def test_any_line_is_answered_with_levels_or_a_refusal(line: bytes) -> None:
    for text in lines(io.BytesIO(line.replace(b"\n", b" "))):
        said = json.loads(text, parse_constant=pytest.fail)
        assert ("refused" in said) != ("final_level" in said)


def test_an_endless_line_is_refused_and_the_next_one_read() -> None:
    said = [json.loads(line) for line in lines(io.BytesIO(b"x" * (3 * LONGEST) + b"\n\n" + WHOLE))]
    assert "refused" in said[0] and said[1]["score"] == 90 and len(said) == 2


def test_the_command_answers_while_it_is_still_being_asked() -> None:
    command = [sys.executable, "-m", "app.cli", "assess"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin and process.stdout
        for line, expected in ((WHOLE, "intact"), (b"\xff\xfe", "refused"), (WHOLE, "intact")):
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            assert expected in process.stdout.readline().decode()
        process.stdin.close()
        assert process.wait(60) == 0
