"""One solve in a process of its own, so that it can be stopped, timed and killed whatever it is doing.

in    {"seconds": 10, "seed": 7, "problem": {…}}      one line; later maybe the line `stop`
out   {"progress": {…}}* then {"plan": {…}, "why": […]} or {"error": "…"}

A closed stdin means that the parent is gone: so is this process, then.
"""

import json
import os
import sys
import threading
from typing import Any

import dispatch


def main() -> None:
    """Read the question, think, answer."""
    asked = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        problem = dispatch.from_json(dispatch.Problem, json.dumps(asked["problem"]))
        plan = dispatch.solve(problem, seconds=asked["seconds"], seed=asked["seed"], progress=lambda p: _tell(p, stop))
        why = [_plain(dispatch.explain(problem, plan, u.visit), u.reason) for u in plan.unserved]
        _say({"plan": json.loads(dispatch.to_json(plan)), "why": why})
    except dispatch.BadProblem as error:
        _say({"error": str(error)})


def _listen(stop: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            stop.set()
    os._exit(1)


def _tell(progress: Any, stop: threading.Event) -> bool:
    """Report; the answer is whether to go on."""
    _say({"progress": {"seconds": progress.seconds, "cost": progress.cost, "unserved": progress.unserved}})
    return not stop.is_set()


def _plain(reason: dispatch.Reason, kind: str) -> dict[str, Any]:
    remedy = reason.remedy
    return {
        "visit_id": int(reason.visit), "kind": kind, "blocking": dict(reason.blocking),
        "remedy": {"kind": remedy.kind, "facts": dict(remedy.facts)} if remedy else {},
        "sentence": dict(reason.sentence),
    }  # fmt: skip


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
