"""The small commands: frames in and signals out, and the document that the screens are typed from."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def yinling(*arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "app.cli", *arguments]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=120)


def test_decode_answers_each_line_in_order_with_signals_or_a_refusal() -> None:
    press = {"id": "e-1", "kind": "sos", "at": "2026-11-20T08:00:00Z"}
    frame = {"id": "1", "transport": "mqtt", "topic": "care/v1/b-7/event", "payload": json.dumps(press)}
    answer = yinling("decode", given=json.dumps(frame) + "\nnot json\n")
    first, second = map(json.loads, answer.stdout.splitlines())
    assert (first["id"], first["signals"][0]["kind"], first["signals"][0]["device"]) == ("1", "sos", "b-7")
    assert "refused" in second
    assert answer.returncode == 0


def test_the_screens_are_typed_from_the_routes_as_they_are() -> None:
    now = json.loads(yinling("openapi").stdout)
    kept = json.loads((ROOT / "web" / "openapi.json").read_text())
    assert now == kept, "a route changed: run `make api`"


def test_an_unknown_command_is_refused() -> None:
    assert yinling("gateway").returncode == 2
    assert yinling("bench").returncode == 2
