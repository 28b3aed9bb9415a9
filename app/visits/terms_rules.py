"""What a district settles for itself about verifying visits: thresholds of the cross rules, appeals, partial visits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from app.errors import Conflict, Unreadable


class PartRule(StrEnum):
    """By what a visit that was given in part is paid."""

    MINUTES = "minutes"  # of those agreed, for all who had to come
    TASKS = "tasks"  # done, of those that applied
    LOWER = "lower"  # the smaller of the two shares
    NOTHING = "nothing"  # whole or not at all


class NothingMissing(Conflict):
    """This visit was given whole, or not at all; there is no part to pay."""


@dataclass(frozen=True)
class Terms:
    """The first settings are estimates (domain.md 3.2); a district's own stand in `visit_terms`, from a day on."""

    overlap_minutes: int = 0  # R1: more than this at two homes at once
    town_kmh: int = 45  # R2: straight line between two homes, of which one lies in a community
    rural_kmh: int = 60  # R2: both in villages
    travel_least_m: int = 500  # nearer homes prove nothing
    day_visits: int = 12  # R3: more than this in one day
    day_hours: int = 10  # R3: more than this at the elders' homes in one day
    appeal_days: int = 7  # after the exception or the verdict
    photo_bits: int = 6  # R7: two photos that differ in no more of 64 bits show the same
    photo_days: int = 90  # R7: photos of other visits so far back are compared
    photo_minutes: int = 60  # R7: a photo taken further from the stay than this
    phone_elders: int = 3  # R9: so many elders confirmed from one telephone
    phone_days: int = 30  # R9: within these days
    burst_percent: int = 40  # R10: more than this share of a month's visits
    burst_days: int = 3  # R10: in its last days
    burst_visits: int = 5  # R10: of fewer visits nothing is said
    pair_months: int = 3  # R11: so far back, with the month itself
    pair_visits: int = 12  # R11: so many visits of one caregiver to one elder
    exact_minutes: int = 1  # R5: no further from the least minutes of the item than this is exactly at them
    exact_percent: int = 60  # R5: so large a share of a caregiver's month
    exact_visits: int = 5  # R5: of fewer visits nothing is said
    place_visits: int = 4  # R6: the very same place, to the decimetre, at so many visits to one home
    partial: Mapping[str, PartRule] = field(default_factory=lambda: {"default": PartRule.MINUTES})  # by item code

    def part_rule(self, item_code: str) -> PartRule:
        """How a visit of this item is paid in part."""
        return self.partial.get(item_code, self.partial.get("default", PartRule.MINUTES))


LIMITS: Final = {
    "overlap_minutes": (0, 60), "town_kmh": (10, 200), "rural_kmh": (10, 200), "travel_least_m": (0, 10_000),
    "day_visits": (1, 60), "day_hours": (1, 24), "appeal_days": (1, 60), "photo_bits": (0, 16), "photo_days": (1, 366),
    "photo_minutes": (1, 1440), "phone_elders": (2, 50), "phone_days": (1, 366),
    "burst_percent": (11, 100), "burst_days": (1, 15), "burst_visits": (1, 100),
    "pair_months": (1, 12), "pair_visits": (2, 366), "exact_minutes": (0, 10), "exact_percent": (30, 100),
    "exact_visits": (3, 100), "place_visits": (3, 100),
}  # fmt: skip


class BadTerms(Unreadable):
    """A value is out of its bounds."""


def terms_of(said: Mapping[str, Any]) -> Terms:
    """Terms out of JSON; what is not named keeps its first setting. Raises BadTerms."""
    numbers: dict[str, Any] = {name: int(said[name]) for name in LIMITS if name in said}
    for name, value in numbers.items():
        low, high = LIMITS[name]
        if not low <= value <= high:
            raise BadTerms(f"{name} is between {low} and {high}.", field=name)
    partial = {str(item): PartRule(rule) for item, rule in dict(said.get("partial", {})).items()}
    return Terms(**numbers | ({"partial": partial} if partial else {}))


def share_of_minutes(given_minutes: list[int], planned: int, caregivers: int) -> tuple[int, int]:
    """Minutes given, of those agreed: nobody's extra minutes make up for another's."""
    return sum(min(given, planned) for given in given_minutes), planned * caregivers


def share_of_tasks(outcomes: list[str | None]) -> tuple[int, int]:
    """Tasks done, of those that applied; nothing to do counts as all done."""
    applied = [outcome for outcome in outcomes if outcome != "not_applicable"]
    return (sum(outcome == "done" for outcome in applied), len(applied)) if applied else (1, 1)


def part_of(rule: PartRule, minutes: tuple[int, int], tasks: tuple[int, int]) -> tuple[int, int]:
    """The share that is paid (given, of) by a rule; raises NothingMissing where all or nothing was given."""
    if rule is PartRule.NOTHING:
        raise NothingMissing("This item is paid whole or not at all.")
    shares = {PartRule.MINUTES: minutes, PartRule.TASKS: tasks}
    given, of = shares.get(rule) or min(minutes, tasks, key=lambda share: share[0] / share[1])
    if not 0 < given < of:
        raise NothingMissing("This visit was given whole, or not at all; there is no part to pay.", given=given, of=of)
    return given, of
