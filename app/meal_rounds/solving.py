"""One meal's search in a process of its own.

in    {"seconds": 10, "seed": 7, "wave": {…}}      one line; later maybe the line `stop`
out   {"progress": {…}}* then {"rounds": {…}, "why": […]} or {"error": "…"}
"""

import json
import sys
import threading

import dispatch
from app.planning.solving import Teller, listen, say

STEP = 0.2  # of the thinking time is tried for each thing that could be eased


def main() -> None:
    """Read the question, think, answer."""
    asked = json.loads(sys.stdin.readline())
    stop = threading.Event()
    threading.Thread(target=listen, args=(stop,), daemon=True).start()
    try:
        wave = dispatch.from_json(dispatch.Wave, json.dumps(asked["wave"]))
        seconds, seed = asked["seconds"], asked["seed"]
        rounds = dispatch.deliver(wave, seconds=seconds, seed=seed, progress=Teller(stop))
        why = [
            {
                "delivery": told.delivery, "why": told.why, "facts": dict(told.facts),
                "remedy": {"kind": told.remedy[0], "much": told.remedy[1]} if told.remedy else None,
            }
            for told in dispatch.not_delivered(
                wave, rounds, seconds=STEP * seconds, seed=seed, go_on=lambda: not stop.is_set()
            )
        ]  # fmt: skip
        say({"rounds": json.loads(dispatch.to_json(rounds)), "why": why})
    except dispatch.BadProblem as error:
        say({"error": str(error)})


if __name__ == "__main__":
    main()
