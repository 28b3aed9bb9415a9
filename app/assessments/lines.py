"""`yinling assess`: a JSON line of answers in, a JSON line with levels or a refusal out. Pure; it trusts nothing.

    {"items": {"eating": 4, …}, "coma"?: false, "dementia"?: false, "other_mental_disorder"?: false,
     "risk_events_30d"?: 0, "id"?: …}
    {"score": 90, "initial_level": "intact", "final_level": "intact", "reasons": []}  or  {"refused": "…"}

An `id` comes back as it was given. Other names count for nothing and come back under `ignored`.
"""

import json
from collections.abc import Iterator
from functools import partial
from math import isfinite
from typing import Any, BinaryIO, Final

from app.assessments.scale import ChangeReason, Conditions, Unassessable, assess

LONGEST: Final = 64 * 1024  # bytes of a line; a whole form has 600
ASKED: Final = frozenset({"id", "items", *ChangeReason})


def lines(source: BinaryIO) -> Iterator[str]:
    """Answers line by line as they come; an empty line is passed over, a garbled or endless one refused."""
    while line := source.readline(LONGEST + 1):
        if len(line) > LONGEST:
            while line and not line.endswith(b"\n"):
                line = source.readline(LONGEST)
            yield json.dumps({"refused": f"A line has at most {LONGEST} bytes."})
        elif line.strip():
            yield json.dumps(answer(line))


def answer(line: bytes) -> dict[str, Any]:
    """What to say to one line; never raises, and always fits into JSON."""
    strange: list[str] = []  # what JSON lets pass and we do not
    known: dict[str, Any] = {}
    try:
        row = json.loads(
            line.decode("utf-8-sig"),
            object_pairs_hook=partial(_once, strange),
            parse_constant=strange.append,
            parse_float=lambda digits: float(digits) if isfinite(float(digits)) else strange.append(digits),
        )
        if not isinstance(row, dict):
            raise Unassessable("Not a JSON object.")
        known = {"id": row["id"]} if "id" in row else {}
        if strange:
            raise Unassessable(f"{strange[0][:60]}: given twice, or not a number.")
        ignored = sorted(row.keys() - ASKED)
        return known | _assessed(row) | ({"ignored": ignored} if ignored else {})
    except Unassessable as refusal:
        return known | {"refused": refusal.detail}
    except (ValueError, RecursionError) as error:
        return {"refused": f"Not a JSON line: {str(error) or 'too deep'}"}


def _assessed(row: dict[str, Any]) -> dict[str, Any]:
    items = row.get("items")
    if not isinstance(items, dict):
        raise Unassessable("items must be an object of item names and scores.")
    for flag in (ChangeReason.COMA, ChangeReason.DEMENTIA, ChangeReason.OTHER_MENTAL_DISORDER):
        if not isinstance(row.get(flag, False), bool):
            raise Unassessable(f"{flag} must be true or false.")
    events = row.get(ChangeReason.RISK_EVENTS, 0)
    if type(events) is not int or events < 0:
        raise Unassessable(f"{ChangeReason.RISK_EVENTS} must be a whole number, 0 or more.")
    given = {str(reason): row[reason] for reason in ChangeReason if reason in row}
    result = assess(items, Conditions(**given))
    return {
        "score": result.score, "initial_level": result.initial_level, "final_level": result.final_level,
        "reasons": list(result.reasons),
    }  # fmt: skip


def _once(strange: list[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            strange.append(name)
        found[name] = value
    return found
