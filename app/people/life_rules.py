"""Events in an elder's life that end or interrupt what the district pays, and the days they cover."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, Unreadable


class LifeKind(StrEnum):
    """变动登记: what happened."""

    DEATH = "death"
    MOVED_AWAY = "moved_away"
    HOSPITAL = "hospital"
    INSTITUTION = "institution"


class LifeSource(StrEnum):
    """Who told."""

    FAMILY = "family"
    COMMUNITY = "community"
    CAREGIVER = "caregiver"
    HOSPITAL = "hospital"
    POLICE = "police"  # 户籍注销
    REGISTER = "register"  # another department's list


ENDING: Final = frozenset({LifeKind.DEATH, LifeKind.MOVED_AWAY})  # the elder is no longer served here


class BadEvent(Unreadable):
    """The days of this event cannot be right."""


class NotAtHome(Conflict):
    """The elder is not at home on that day."""


class AlreadyTold(Conflict):
    """This is on record already."""


@dataclass(frozen=True)
class Away:
    """What happened and from when to when (None: no end known). The first and the last day are still at home."""

    kind: LifeKind
    starts: date
    ends: date | None = None

    @property
    def first_day_off(self) -> date:
        """The first whole day that is not served."""
        return self.starts + timedelta(days=1)

    @property
    def last_day_off(self) -> date | None:
        """The last whole day that is not served; none: no end in sight."""
        return self.ends - timedelta(days=1) if self.ends else None

    def covers(self, day: date) -> bool:
        """Whether nobody should come on this day. A death covers its own day too: what has not begun will not."""
        first = self.starts if self.kind is LifeKind.DEATH else self.first_day_off
        return first <= day and (self.last_day_off is None or day <= self.last_day_off)


def check_days(kind: LifeKind, starts: date, ends: date | None, *, today: date) -> None:
    """Raises BadEvent where the days contradict the kind or each other."""
    if kind in ENDING and ends is not None:
        raise BadEvent("A death or a move has no last day.", kind=kind)
    if ends is not None and ends < starts:
        raise BadEvent("The last day is before the first.")
    if kind is LifeKind.DEATH and starts > today:
        raise BadEvent("A death cannot lie ahead.")
    if starts.year < 2000 or (ends or starts).year > today.year + 5:
        raise BadEvent("That day is too far away to be right.")
