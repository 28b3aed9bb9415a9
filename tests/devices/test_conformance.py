"""The codecs against recorded frames of real devices, where those are at hand (they are not part of this project)."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from devices.codecs import CODECS
from devices.conformance import Score, score, table

CORPUS = Path(__file__).parents[2].parent / "shared/data/devices/corpus.jsonl"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    if not CORPUS.exists():
        assert "CI" not in os.environ, f"{CORPUS} is missing"
        pytest.skip(f"no recorded frames at {CORPUS}")
    return [json.loads(line) for line in CORPUS.read_text().splitlines()]


@pytest.mark.parametrize("family", CODECS)
def test_recorded_alarms_of_a_family_are_understood(family: str, rows: list[dict[str, Any]]) -> None:
    tally = score([row for row in rows if row["family"] == family]).get(family, Score())
    assert tally.crashes == 0
    assert tally.false_sos == 0
    assert tally.alarms_right == tally.alarms, tally.wrong
    assert tally.fields >= 0.85 * tally.asserted, tally.wrong


def test_recorded_frames_are_read_as_their_projects_read_them(rows: list[dict[str, Any]]) -> None:
    scores = score(rows)
    fields, asserted = (sum(getattr(tally, name) for tally in scores.values()) for name in ("fields", "asserted"))
    assert fields >= 0.95 * asserted, table(scores)


def test_a_missing_model_costs_no_alarm(rows: list[dict[str, Any]]) -> None:
    for tally in score([{**row, "device": None} for row in rows if row["family"] in CODECS]).values():
        assert tally.alarms_right == tally.alarms, tally.wrong
        assert tally.false_sos == 0
