"""What is measured at a visit: kinds with units and what can be true at all; beyond which limits a bath is not begun.

The limits are estimates, to be settled by a district's own nurses; what a district has set stands in `proof_settings`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.errors import Unreadable


class ReadingKind(StrEnum):
    """What is measured."""

    BLOOD_PRESSURE = "blood_pressure"
    PULSE = "pulse"
    TEMPERATURE = "temperature"
    GLUCOSE = "glucose"
    OXYGEN = "oxygen"
    WATER = "water"  # of the bath, not of her body


class ReadingVerdict(StrEnum):
    """What follows from a reading."""

    FINE = "fine"
    NOTE = "note"  # outside what is usual: shown, nothing stops
    STOP = "stop"  # what the task guards is not begun


@dataclass(frozen=True)
class Value:
    """One number of a reading: its unit, and between which values (inclusive) a device can show it at all."""

    unit: str
    least: float
    most: float
    step: float = 1


VALUES: Final[Mapping[ReadingKind, Mapping[str, Value]]] = {
    ReadingKind.BLOOD_PRESSURE: {
        "systolic": Value("mmHg", 50, 260), "diastolic": Value("mmHg", 30, 160), "pulse": Value("/min", 30, 220),
    },
    ReadingKind.PULSE: {"pulse": Value("/min", 30, 220)},
    ReadingKind.TEMPERATURE: {"temperature": Value("℃", 33, 43, 0.1)},
    ReadingKind.GLUCOSE: {"glucose": Value("mmol/L", 1, 35, 0.1)},
    ReadingKind.OXYGEN: {"oxygen": Value("%", 50, 100)},
    ReadingKind.WATER: {"water": Value("℃", 10, 70, 0.5)},
}  # fmt: skip
OPTIONAL: Final = frozenset({(ReadingKind.BLOOD_PRESSURE, "pulse")})


class BadReading(Unreadable):
    """A value is missing, or no device can have shown it."""


@dataclass(frozen=True)
class Limit:
    """Fine from `low` to `high`, both inclusive; outside them the verdict."""

    low: float
    high: float
    outside: ReadingVerdict = ReadingVerdict.STOP


@dataclass(frozen=True)
class ReadingRules:
    """Limits by value; which task asks for which reading; at which aids a reading guards the tasks behind it."""

    limits: Mapping[str, Limit] = field(
        default_factory=lambda: {
            "systolic": Limit(90, 159), "diastolic": Limit(60, 99), "pulse": Limit(50, 110),
            "temperature": Limit(35.5, 37.2), "glucose": Limit(3.9, 16.7, ReadingVerdict.NOTE),
            "oxygen": Limit(93, 100), "water": Limit(36, 41),
        }
    )  # fmt: skip
    tasks: Mapping[str, ReadingKind] = field(
        default_factory=lambda: {
            "pressure_before": ReadingKind.BLOOD_PRESSURE, "pressure": ReadingKind.BLOOD_PRESSURE,
            "sugar": ReadingKind.GLUCOSE, "water": ReadingKind.WATER,
        }
    )  # fmt: skip
    guarded_aids: frozenset[str] = frozenset({"bathing"})
    rest_minutes: int = 15  # between a reading that stops and the next try

    def as_json(self) -> dict[str, Any]:
        """As `reading_rules_of` reads it."""
        return {
            "limits": {
                name: {"low": limit.low, "high": limit.high, "outside": limit.outside.value}
                for name, limit in self.limits.items()
            },
            "tasks": {task: kind.value for task, kind in self.tasks.items()},
            "guarded_aids": sorted(self.guarded_aids), "rest_minutes": self.rest_minutes,
        }  # fmt: skip


def reading_rules_of(said: Mapping[str, Any]) -> ReadingRules:
    """Rules out of JSON; what is not named keeps its first setting. Raises BadReading."""
    first = ReadingRules()
    limits = dict(first.limits)
    for name, limit in dict(said.get("limits", {})).items():
        if name not in first.limits:
            raise BadReading(f"Nothing called {name} is measured.", field=name)
        limits[name] = Limit(float(limit["low"]), float(limit["high"]), ReadingVerdict(limit["outside"]))
        if limits[name].low >= limits[name].high:
            raise BadReading("The lower limit lies below the upper one.", field=name)
    tasks = {str(task): ReadingKind(kind) for task, kind in dict(said.get("tasks", first.tasks)).items()}
    rest = int(said.get("rest_minutes", first.rest_minutes))
    if not 0 <= rest <= 120:
        raise BadReading("A rest lasts two hours at most.", field="rest_minutes")
    return ReadingRules(limits, tasks, frozenset(said.get("guarded_aids", first.guarded_aids)), rest)


def values_of(kind: ReadingKind, said: Mapping[str, Any]) -> dict[str, float]:
    """The numbers of a reading; raises BadReading for what is missing, unknown or implausible."""
    known = VALUES[kind]
    if unknown := sorted(set(said) - set(known)):
        raise BadReading(f"{unknown[0]} is no value of {kind}.", field=unknown[0])
    found = {}
    for name, value in known.items():
        given = said.get(name)
        if given is None and (kind, name) in OPTIONAL:
            continue
        if isinstance(given, bool) or not isinstance(given, int | float) or not value.least <= given <= value.most:
            raise BadReading(f"{name} lies between {value.least} and {value.most} {value.unit}.", field=name)
        found[name] = float(given)
    if kind is ReadingKind.BLOOD_PRESSURE and found["diastolic"] >= found["systolic"]:
        raise BadReading("The lower value of a blood pressure is the smaller one.", field="diastolic")
    return found


def verdict(values: Mapping[str, float], rules: ReadingRules) -> ReadingVerdict:
    """The gravest of what its values say."""
    outside = {
        limit.outside
        for name, value in values.items()
        if (limit := rules.limits.get(name)) and not limit.low <= value <= limit.high
    }
    return next((one for one in (ReadingVerdict.STOP, ReadingVerdict.NOTE) if one in outside), ReadingVerdict.FINE)


def gate_of(tasks: Sequence[Mapping[str, Any]], aid: str, rules: ReadingRules) -> tuple[str, list[str]] | None:
    """The task whose reading guards the others (the first that asks for one of her body), and those it guards."""
    if aid not in rules.guarded_aids:
        return None
    codes = [str(task["code"]) for task in tasks]
    for index, task in enumerate(tasks):
        kind = rules.tasks.get(codes[index])
        if task.get("evidence") == "reading" and kind not in (None, ReadingKind.WATER):
            return codes[index], codes[index + 1 :]
    return None
