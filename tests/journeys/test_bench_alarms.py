"""The alarm centre's bench still runs: a small storm, real parts, a real browser."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.alarms.figures import spread
from tests.journeys.house import ROOT

pytestmark = pytest.mark.journey


def test_percentiles_are_of_the_nearest_rank() -> None:
    assert spread([n / 1000 for n in range(1, 201)]) == {"p50, ms": 100, "p99, ms": 198, "max, ms": 200}
    assert spread([]) == {"p50, ms": -1, "p99, ms": -1, "max, ms": -1}


def test_a_small_storm_is_measured_to_its_last_row(tmp_path: Path) -> None:
    kept = tmp_path / "figures.jsonl"
    command = [sys.executable, "-m", "bench.alarms", "--rows", "3", "--small", "--devices", "100"]
    env = {key: value for key, value in os.environ.items() if not key.startswith("YINLING_")}
    done = subprocess.run(
        command, cwd=ROOT, env={**env, "BENCH_FIGURES": str(kept)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    (row,) = (json.loads(line) for line in kept.read_text().splitlines())
    (line,) = row["lines"]
    assert (line["presses"], line["painted"], line["gravest and oldest first"]) == (15, 15, True)
