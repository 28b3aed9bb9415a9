"""GB/T 42195-2022: 26 items, 90 points, five levels, and the conditions that make the level worse. Pure.

More points mean more able. A coma is level TOTAL at once; of the other conditions any one, or all of them together,
makes the level worse by one, and TOTAL is the last.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.errors import Unreadable
from app.people.rules import AbilityLevel

STANDARD: Final = "GB/T 42195-2022"


class Domain(StrEnum):
    """The four tables of the form."""

    SELF_CARE = "self_care"  # B.1
    BASIC_MOBILITY = "basic_mobility"  # B.2
    MENTAL_STATE = "mental_state"  # B.3
    SENSORY_SOCIAL = "sensory_social"  # B.4


ITEMS: Final[Mapping[Domain, Mapping[str, int]]] = {  # the most an item can score; the least is 0
    Domain.SELF_CARE: {
        "eating": 4, "grooming": 4, "bathing": 4, "dressing_upper": 4, "dressing_lower": 4, "bladder_control": 4,
        "bowel_control": 4, "toileting": 4,
    },
    Domain.BASIC_MOBILITY: {"bed_positioning": 4, "bed_chair_transfer": 4, "walking": 4, "stairs": 3},
    Domain.MENTAL_STATE: {
        "time_orientation": 4, "place_orientation": 4, "person_orientation": 4, "memory": 4, "comprehension": 4,
        "expression": 4, "aggression": 1, "depression": 1, "consciousness": 2,
    },
    Domain.SENSORY_SOCIAL: {"vision": 2, "hearing": 2, "daily_affairs": 4, "transport": 3, "social_contact": 4},
}  # fmt: skip
MOST: Final = {item: most for items in ITEMS.values() for item, most in items.items()}
LEVELS: Final = tuple(AbilityLevel)  # from intact to total
LEAST_POINTS: Final = (  # of each level, best first
    (AbilityLevel.INTACT, 90), (AbilityLevel.MILD, 66), (AbilityLevel.MODERATE, 46), (AbilityLevel.SEVERE, 30),
    (AbilityLevel.TOTAL, 0),
)  # fmt: skip
RISKY: Final = 2  # care-risk events within 30 days from which the level changes


class ChangeReason(StrEnum):
    """等级变更依据: why the final level is not what the points say. The names are those of the input."""

    COMA = "coma"
    DEMENTIA = "dementia"  # diagnosed, ICD-10 F00–F03
    OTHER_MENTAL_DISORDER = "other_mental_disorder"  # diagnosed by a psychiatrist, F04–F99
    RISK_EVENTS = "risk_events_30d"  # falls, choking, suicide, self-harm, getting lost …: two or more in 30 days


class Unassessable(Unreadable):
    """These answers cannot be assessed."""


@dataclass(frozen=True)
class Conditions:
    """What changes the level besides the points."""

    coma: bool = False
    dementia: bool = False
    other_mental_disorder: bool = False
    risk_events_30d: int = 0

    def reasons(self) -> tuple[ChangeReason, ...]:
        """The reasons that hold; a coma leaves nothing for the others to change."""
        if self.coma:
            return (ChangeReason.COMA,)
        held = {
            ChangeReason.DEMENTIA: self.dementia,
            ChangeReason.OTHER_MENTAL_DISORDER: self.other_mental_disorder,
            ChangeReason.RISK_EVENTS: self.risk_events_30d >= RISKY,
        }
        return tuple(reason for reason, holds in held.items() if holds)


@dataclass(frozen=True)
class Result:
    """What an assessment says. `reasons` are listed also where the level was the last already."""

    score: int
    initial_level: AbilityLevel
    final_level: AbilityLevel
    reasons: tuple[ChangeReason, ...]


def assess(items: Mapping[str, Any], conditions: Conditions = Conditions()) -> Result:
    """Score and levels of a whole form; raises Unassessable naming the items that are missing, unknown or wrong."""
    score = sum(read_items(items).values())
    initial = level_of(score)
    return Result(score, initial, changed(initial, conditions), conditions.reasons())


def level_of(score: int) -> AbilityLevel:
    """初步等级: the level the points alone say."""
    return next(level for level, least in LEAST_POINTS if score >= least)


def changed(initial: AbilityLevel, conditions: Conditions) -> AbilityLevel:
    """最终等级: TOTAL in a coma, else one level worse whatever the number of reasons."""
    if conditions.coma:
        return AbilityLevel.TOTAL
    worse = LEVELS.index(initial) + bool(conditions.reasons())
    return LEVELS[min(worse, len(LEVELS) - 1)]


def read_items(items: Mapping[str, Any], *, partly: bool = False) -> dict[str, int]:
    """The scores in the order of the form; `partly` allows items to be missing, as in a draft."""
    if unknown := [str(item) for item in items if item not in MOST]:
        raise Unassessable(f"{_list(unknown)}: no such item in {STANDARD}.", items=unknown)
    wrong = [item for item, score in items.items() if not _fits(score, MOST[item])]
    if wrong:
        told = "; ".join(f"{item} scores a whole number from 0 to {MOST[item]}" for item in wrong)
        raise Unassessable(f"{told}.", items=wrong)
    missing = [item for item in MOST if item not in items]
    if missing and not partly:
        raise Unassessable(f"{', '.join(missing)}: not answered.", items=missing)
    return {item: items[item] for item in MOST if item in items}


def domain_scores(items: Mapping[str, int]) -> dict[Domain, int]:
    """Points of each of the four tables, of what is answered."""
    return {domain: sum(items.get(item, 0) for item in most) for domain, most in ITEMS.items()}


def _fits(score: Any, most: int) -> bool:
    return type(score) is int and 0 <= score <= most  # true and 4.0 are no scores


def _list(items: list[str]) -> str:
    shown = ", ".join(item[:40] for item in items[:5])
    return shown if len(items) <= 5 else f"{shown} and {len(items) - 5} more"
