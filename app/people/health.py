"""What a first responder must know of an elder: each part with the day it was true and who said so, sealed as one.

    {"conditions": […], …, "told": {"conditions": {"as_of": "2026-09-03", "source": "hospital"}}, "version": 3}

A part nobody has told of is not known; an empty list somebody has told of means none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy.orm import Session

from app import calendar
from app.errors import Conflict, NotFound, Unreadable
from app.history import record
from app.people.tables import Elder


class Part(StrEnum):
    """A part of the record, in the order it is read aloud."""

    ALLERGIES = "allergies"
    CONDITIONS = "conditions"
    MEDICINES = "medicines"
    BLOOD_TYPE = "blood_type"
    RESUSCITATION = "resuscitation"
    WISHES = "wishes"


class ToldBy(StrEnum):
    """Who said so."""

    ELDER = "elder"
    FAMILY = "family"
    HOSPITAL = "hospital"
    DOCTOR = "doctor"  # the family doctor
    ASSESSMENT = "assessment"
    IMPORTED = "imported"


class Resuscitation(StrEnum):
    """What she wants done when her heart stops; a paper must exist for anything but `full`."""

    FULL = "full"
    NOT_WISHED = "not_wished"


LISTS: Final = frozenset({Part.ALLERGIES, Part.CONDITIONS, Part.MEDICINES})
BLOOD: Final = frozenset({"A", "B", "AB", "O", "A+", "A-", "B+", "B-", "AB+", "AB-", "O+", "O-"})
LONGEST: Final = 200


class HealthChanged(Conflict):
    """Somebody has just changed this record; look again."""


class BadHealth(Unreadable):
    """This part of the record cannot be read."""


@dataclass(frozen=True)
class Known:
    """One part as it is known: `value` is None where nobody has told."""

    part: Part
    value: list[str] | str | None
    as_of: date | None
    source: ToldBy | None


def known(health: Mapping[str, Any]) -> list[Known]:
    """Every part, in the order it is read aloud."""
    told = health.get("told") or {}
    parts = []
    for part in Part:
        said, value = told.get(part.value), health.get(part.value)
        if not said and not value:
            parts.append(Known(part, None, None, None))
            continue
        as_of = date.fromisoformat(said["as_of"]) if said and said.get("as_of") else None
        source = ToldBy(said["source"]) if said and said.get("source") else None
        parts.append(Known(part, value if value is not None else [], as_of, source))
    return parts


def version_of(health: Mapping[str, Any]) -> int:
    """Grows with every change; whoever changes it names the one they saw."""
    return int(health.get("version", 0))


def write(
    session: Session, elder_id: int, part: Part, value: list[str] | str | None, *, as_of: date, source: ToldBy,
    seen: int, by: str, now: datetime,
) -> Elder:  # fmt: skip
    """Put one part on record, or with None say that it is not known after all; raises HealthChanged, BadHealth."""
    elder = session.get(Elder, elder_id, with_for_update=True, populate_existing=True)
    if elder is None:
        raise NotFound("There is no such elder, or they live outside your area.")
    if version_of(elder.health) != seen:
        raise HealthChanged("Somebody has just changed this record; look again.", version=version_of(elder.health))
    if as_of > calendar.day_of(now):
        raise BadHealth("It cannot be true from a day to come.", part=part)
    said = dict(elder.health.get("told") or {})
    said.pop(part.value, None)
    if value is not None:
        said[part.value] = {"as_of": as_of.isoformat(), "source": source.value}
    elder.health = {**elder.health, part.value: _read(part, value), "told": said, "version": seen + 1}
    record(session, elder, "health", None, None, by=by, now=now, part=part.value, source=source.value)
    return elder


def _read(part: Part, value: list[str] | str | None) -> list[str] | str | None:
    if value is None:
        return [] if part in LISTS else None
    if part in LISTS:
        words = value if isinstance(value, list) else [value]
        cleaned = [word.strip() for word in words if word.strip()]
        if any(len(word) > LONGEST for word in cleaned) or len(cleaned) > 50:
            raise BadHealth("Keep each line short.", part=part)
        return cleaned
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST * 5:
        raise BadHealth("Say it in words.", part=part)
    if (part is Part.BLOOD_TYPE and value not in BLOOD) or (
        part is Part.RESUSCITATION and value not in set(Resuscitation)
    ):
        raise BadHealth("There is no such value.", part=part, value=value)
    return value.strip()
