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
from collections.abc import Iterator, Sequence
from typing import Any

import dispatch
from app.planning.rules import SERVED

EXPLAINING, BECAUSE = 10.0, 8.0  # seconds for what is left out, and for why these caregivers
HURRY = 4  # who stops early waits so many times less for reasons
LARGE = 120  # caregivers from whom on a day is cut into regions, searched side by side
AT_ONCE = 32
MANY = {"zh-CN": "当日预约超出可服务能力，此单未能排入。", "en": "More was asked for this day than can be served."}


def main() -> None:
    """Read the question, think, answer."""
    asked = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    try:
        problem = dispatch.from_json(dispatch.Problem, json.dumps(asked["problem"]))
        solve = dispatch.solve_large if len(problem.caregivers) > LARGE else dispatch.solve
        plan = solve(problem, seconds=asked["seconds"], seed=asked["seed"], progress=Teller(stop))
        say({"plan": json.loads(dispatch.to_json(plan)), "why": _why(problem, plan, stop)})
    except dispatch.BadProblem as error:
        say({"error": str(error)})


def listen(stop: threading.Event) -> None:
    """Wait for the word to stop; a closed stdin ends the process."""
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
            say({"progress": point})
        return not self.stop.is_set()


def _why(problem: dispatch.Problem, plan: dispatch.Plan, stop: threading.Event) -> list[dict[str, Any]]:
    """Reasons for what is unserved, the dearest first, then for who was chosen; as many as a short while allows."""
    hurry = HURRY if stop.is_set() else 1
    unserved = [u.visit for u in sorted(plan.unserved, key=lambda u: -problem.visit(u.visit).prize)]
    kinds = {u.visit: u.reason for u in plan.unserved}
    reasons = {r.visit: r for r in _explained(problem, plan, unserved, EXPLAINING / hurry)}
    told = [
        _plain(reasons[name], kinds[name]) if name in reasons
        else {"visit_id": int(name), "kind": kinds[name], "blocking": {}, "remedy": {}, "sentence": MANY, "facts": {}}
        for name in unserved
    ]  # fmt: skip
    served = [a.visit for a in plan.assignments]
    return told + [_plain(reason, SERVED) for reason in _explained(problem, plan, served, BECAUSE / hurry)]


def _explained(
    problem: dispatch.Problem, plan: dispatch.Plan, names: Sequence[str], seconds: float
) -> Iterator[dispatch.Reason]:
    """A flooded day has hundreds: what is not said in time is asked for when somebody looks."""
    until = time.monotonic() + seconds
    for first in range(0, len(names), AT_ONCE):
        if time.monotonic() > until:
            return
        yield from dispatch.explain(problem, plan, names[first : first + AT_ONCE])


def _plain(reason: dispatch.Reason, kind: str) -> dict[str, Any]:
    remedy = reason.remedy
    return {
        "visit_id": int(reason.visit), "kind": kind, "blocking": {} if reason.served else dict(reason.blocking),
        "remedy": {"kind": remedy.kind, "facts": dict(remedy.facts)} if remedy else {},
        "sentence": dict(reason.sentence), "facts": dict(reason.facts),
    }  # fmt: skip


def say(line: dict[str, Any]) -> None:
    """One line of the answer."""
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
