"""One month's search in a process of its own.

in    {"seconds": 60, "seed": 7, "problem": {…}}      one line; later maybe the line `stop`
out   {"progress": {…}}* then {"roster": {…}, "why": […]} or {"error": "…"}
"""

import json
import sys
import threading

import dispatch
from app.planning.solving import Teller, listen, say


def main() -> None:
    """Read the question, think, answer."""
    asked = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    try:
        problem = dispatch.from_json(dispatch.RosterProblem, json.dumps(asked["problem"]))
        roster = dispatch.solve_roster(problem, seconds=asked["seconds"], seed=asked["seed"], progress=Teller(stop))
        plans = {plan.id: plan for plan in problem.plans}
        why = [
            {"plan": name, "day": day, "blocking": dispatch.nobody(problem, roster, plans[name], day)}
            for name, missing in roster.missing
            for day in (sorted(plans[name].days or ()) if missing < 0 else [missing])
        ]
        say({"roster": json.loads(dispatch.to_json(roster)), "why": why})
    except dispatch.BadProblem as error:
        say({"error": str(error)})


if __name__ == "__main__":
    main()
