"""Four weeks from a Monday, what a hand may not put aside, and what is asked of a roster."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Final

from app.errors import Conflict, Unreadable
from app.planning.rules import CannotOverride, PlanState, RulesBroken

WEEKS: Final = 4
AHEAD: Final = timedelta(weeks=8)  # how far off the first day may be
NEVER: Final = frozenset({"absent", "overlap"})  # nobody can be in two places, or where she is not
POSSIBLE: Final[dict[PlanState, tuple[str, ...]]] = {
    PlanState.DRAFTING: ("stop",),
    PlanState.DRAFT: ("move", "publish", "discard"),
    PlanState.PUBLISHED: ("move",),
    PlanState.SUPERSEDED: (),
}


class NotAMonday(Unreadable):
    """A roster begins on a Monday that is not over, and not further off than eight weeks."""


class RosterUnderWay(Conflict):
    """A roster of these weeks is being made."""


class RosterChanged(Conflict):
    """Somebody has changed this roster meanwhile."""


class NotThisRoster(Conflict):
    """Only a draft or the roster in force is changed by hand."""


def last_day(starts: date, *, today: date) -> date:
    """The last of the four weeks; raises NotAMonday."""
    monday = today - timedelta(days=today.weekday())
    if starts.weekday() != 0 or not monday <= starts <= monday + AHEAD:
        raise NotAMonday("Choose a Monday from this week to eight weeks ahead.", starts=str(starts))
    return starts + timedelta(days=7 * WEEKS - 1)


def check_accepted(broken: Iterable[str], accepted: Iterable[str]) -> set[str]:
    """The rules to waive; raises CannotOverride or RulesBroken where one is not named, or may not be."""
    rules = set(broken)
    if never := sorted(rules & NEVER):
        raise CannotOverride(f"Not even by hand: {', '.join(never)}.", rules=never)
    if missing := sorted(rules - set(accepted)):
        raise RulesBroken(f"Name the rules you accept breaking: {', '.join(missing)}.", rules=missing)
    return rules
