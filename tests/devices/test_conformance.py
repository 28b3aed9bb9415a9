"""The codecs against recorded frames of real devices, where those are at hand (they are not part of this project)."""

import json
import os
from pathlib import Path

import pytest

from devices.codecs import CODECS
from devices.conformance import score

CORPUS = Path(__file__).parents[2].parent / "shared/data/devices/corpus.jsonl"


@pytest.mark.parametrize("family", CODECS)
def test_recorded_frames_are_read_as_their_projects_read_them(family: str) -> None:
    if not CORPUS.exists():
        assert "CI" not in os.environ, f"{CORPUS} is missing"
        pytest.skip(f"no recorded frames at {CORPUS}")
    rows = [json.loads(line) for line in CORPUS.read_text().splitlines()]
    chosen = [row for row in rows if row["family"] == family]
    if not chosen:
        return  # a protocol of our own
    tally = score(chosen)[family]
    assert tally.crashes == 0
    assert tally.false_sos == 0
    assert tally.alarms_right == tally.alarms, tally.wrong
    assert tally.fields >= 0.95 * tally.asserted, tally.wrong
