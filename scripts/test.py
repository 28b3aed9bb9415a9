"""Run the stages of `make check` and `make test` one after another, all of them, and say at the end how each went."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

from app.cli.warm import cache_dir
from scripts import setup

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
PYTEST = [f"{BIN}/pytest", "-q", "-ra", "--durations=10"]
CHECKS = {
    "ruff": [f"{BIN}/ruff", "check", "--quiet", "."],
    "ruff format": [f"{BIN}/ruff", "format", "--check", "--quiet", "."],
    "mypy": [f"{BIN}/mypy"],
    "lint-imports": [f"{BIN}/lint-imports", "--no-logo"],
    "vue-tsc": ["npm", "run", "--silent", "typecheck"],
    "eslint": ["npm", "run", "--silent", "lint"],
}
TESTS = {
    "vitest": ["npm", "run", "--silent", "test"],
    "pytest": [*PYTEST, "-n", "2", "-m", "not alone and not journey and not torture"],
    "pytest alone": [*PYTEST, "-m", "(alone or journey) and not torture"],
}
SETS = {"check": CHECKS, "all": {**CHECKS, **TESTS}, "types": {"types": ["npm", "run", "--silent", "types"]}}
CLOSING = re.compile(r"\d+ (passed|failed|errors?)\b.* in [\d.:]+")  # what pytest says last


def stage(name: str, command: list[str]) -> tuple[bool, str]:
    """Run one; its output streams through. The answer: whether it passed, and pytest's closing line."""
    print(f"\n== {name}", flush=True)
    started, closing = time.monotonic(), ""
    folder = ROOT / "web" if command[0] == "npm" else ROOT
    if command[0] == "npm":
        command = node_command(command)
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            closing = line.strip(" =\n") if CLOSING.search(line) else closing
    passed = process.returncode == 0
    print(f"== {name}: {'passed' if passed else 'FAILED'}, {time.monotonic() - started:.0f} s", flush=True)
    return passed, closing


def node_command(command: list[str]) -> list[str]:
    """npm as the set-up found it: the system's, or the one of the wheel."""
    return [*setup.find_node(), *command[1:]]


def main(what: str) -> int:
    """Everything, also after a failure: one run shows all there is to mend."""
    os.chdir(ROOT)
    os.environ["NUMBA_CACHE_DIR"] = str(cache_dir(ROOT / "var"))  # beside the sources, numba would keep stale code
    results = {name: stage(name, command) for name, command in SETS[what].items()}
    print("\n== summary")
    for name, (passed, closing) in results.items():
        print(f"{'passed' if passed else 'FAILED':8}{name:16}{closing}")
    return 0 if all(passed for passed, _ in results.values()) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
