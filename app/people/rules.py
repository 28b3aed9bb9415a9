"""Words for people, and the checks a person's numbers must pass."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final, TypeVar

from app.errors import Unreadable

T = TypeVar("T", datetime, int)


class Sex(StrEnum):
    """As in the ID document."""

    FEMALE = "female"
    MALE = "male"


class AbilityLevel(StrEnum):
    """GB/T 42195-2022: 能力完好, 轻度, 中度, 重度失能, 完全失能."""

    INTACT = "intact"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"
    TOTAL = "total"


class Category(StrEnum):
    """Tags that drive eligibility and priority (domain.md 1.3)."""

    TEKUN = "tekun"
    DIBAO = "dibao"
    DIBAO_MARGINAL = "dibao_marginal"
    FAMILY_PLANNING_SPECIAL = "family_planning_special"
    VETERAN_BENEFIT = "veteran_benefit"
    LIVING_ALONE = "living_alone"
    EMPTY_NEST = "empty_nest"
    LEFT_BEHIND = "left_behind"
    DEMENTIA = "dementia"


class Relation(StrEnum):
    """Who a contact is to the elder."""

    SPOUSE = "spouse"
    SON = "son"
    DAUGHTER = "daughter"
    GRANDCHILD = "grandchild"
    SIBLING = "sibling"
    NEIGHBOUR = "neighbour"
    KEY_HOLDER = "key_holder"
    COMMUNITY_WORKER = "community_worker"
    OTHER = "other"


class TeamRole(StrEnum):
    """The five of the 5个一 care team."""

    GUARDIAN = "guardian"
    CARER = "carer"
    RESPONSIBLE = "responsible"
    CAREGIVER = "caregiver"
    SOCIAL_WORKER = "social_worker"


def care_team_due(categories: Iterable[str]) -> bool:
    """Whether somebody must have a 5个一 care team: those in destitute support who live at home."""
    return Category.TEKUN in categories


class Skill(StrEnum):
    """What a caregiver may be sent for; most rest on a certificate with an expiry."""

    CLEANING = "cleaning"
    MEALS = "meals"
    ERRANDS = "errands"
    BATHING = "bathing"
    REHAB = "rehab"
    NURSING = "nursing"
    ESCORT = "escort"
    FIRST_AID = "first_aid"


class Register(StrEnum):
    """Why an elder is known to the district."""

    PURCHASED_SERVICE = "purchased_service"
    WELFARE_VISITS = "welfare_visits"


class BadIdNumber(Unreadable):
    """The ID number is not valid."""


_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def id_check_digit(first17: str) -> str:
    """The 18th character of a citizen ID number (GB 11643-1999)."""
    return "10X98765432"[sum(int(c) * w for c, w in zip(first17, _WEIGHTS, strict=True)) % 11]


def read_id_number(number: str) -> tuple[date, Sex]:
    """Birth date and sex of a citizen ID number; raises BadIdNumber saying what is wrong."""
    number = number.strip().upper()
    if len(number) != 18 or not number[:17].isdigit():
        raise BadIdNumber("An ID number has 17 digits and a check character.")
    if id_check_digit(number[:17]) != number[17]:
        raise BadIdNumber("The check character does not fit; one digit may be mistyped.")
    try:
        birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadIdNumber("The birth date in the ID number does not exist.") from None
    return birth, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE


def without(spans: Sequence[tuple[T, T]], holes: Iterable[tuple[T, T]]) -> list[tuple[T, T]]:
    """Stretches of time with others cut out of them, in order."""
    left = sorted(spans)
    for first, last in holes:
        left = [
            part
            for begins, ends in left
            for part in ((begins, min(ends, first)), (max(begins, last), ends))
            if part[0] < part[1]
        ]
    return left
