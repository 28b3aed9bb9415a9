"""One solve in a process of its own, so that it can be stopped, timed and killed whatever it is doing.

in    {"seconds": 10, "seed": 7, "problem": {…}}      one line; later maybe the line `stop`
out   {"progress": {…}}* then {"plan": {…}, "why": […]} or {"error": "…"}

A closed stdin means that the parent is gone: so is this process, then.
"""

import json
import os
import sys
import threading
import time
from typing import Any

import dispatch

EXPLAINING = 10.0  # seconds
LARGE = 120  # caregivers from whom on a day is cut into regions, searched side by side
AT_ONCE = 8
MANY = {"zh-CN": "当日预约超出可服务能力，此单未能排入。", "en": "More was asked for this day than can be served."}


def main() -> None:
    """Read the question, think, answer."""
    asked = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=_listen, args=(stop,), daemon=True).start()
    try:
        problem = dispatch.from_json(dispatch.Problem, json.dumps(asked["problem"]))
        solve = dispatch.solve_large if len(problem.caregivers) > LARGE else dispatch.solve
        plan = solve(problem, seconds=asked["seconds"], seed=asked["seed"], progress=Teller(stop))
        _say({"plan": json.loads(dispatch.to_json(plan)), "why": _why(problem, plan, stop)})
    except dispatch.BadProblem as error:
        _say({"error": str(error)})


def _listen(stop: threading.Event) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            stop.set()
    os._exit(1)


class Teller:
    """Passes progress on where it is news, or once a second; its answer says whether to go on."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop, self.cost, self.told = stop, -1, -1.0

    def __call__(self, seconds: float, iterations: int, cost: int, unserved: int) -> bool:
        if cost != self.cost or seconds - self.told >= 1:
            self.cost, self.told = cost, seconds
            point = {"seconds": round(seconds, 2), "iterations": iterations, "cost": cost, "unserved": unserved}
            _say({"progress": point})
        return not self.stop.is_set()


def _why(problem: dispatch.Problem, plan: dispatch.Plan, stop: threading.Event) -> list[dict[str, Any]]:
    """Reasons for what is unserved, the dearest first, as many as a short while allows: a flooded day has hundreds."""
    until = time.monotonic() + EXPLAINING
    unserved = sorted(plan.unserved, key=lambda u: -problem.visit(u.visit).prize)
    kinds, told = {u.visit: u.reason for u in unserved}, []
    for first in range(0, len(unserved), AT_ONCE):
        names = [u.visit for u in unserved[first : first + AT_ONCE]]
        if stop.is_set() or time.monotonic() > until:
            told += [
                {"visit_id": int(n), "kind": kinds[n], "blocking": {}, "remedy": {}, "sentence": MANY} for n in names
            ]
        else:
            told += [_plain(reason, kinds[reason.visit]) for reason in dispatch.explain(problem, plan, names)]
    return told


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
