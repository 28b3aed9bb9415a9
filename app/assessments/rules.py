"""The life of an assessment, who moves it, what contradicts itself, and when the next one is due."""

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.access.rules import DESK, Role
from app.errors import Conflict, IllegalMove, Refused, Unreadable

ASSESSORS: Final = frozenset({Role.ASSESSOR})
ASKERS: Final = ASSESSORS | DESK  # may ask for somebody to be assessed again
WATCHERS: Final = ASSESSORS | {Role.SUPERVISOR}  # see who is due
FIRST_MONTHS: Final = 12  # until a district says after how many months it assesses again


class Standard(StrEnum):
    """Scales whose results we keep; the column takes other codes too."""

    GBT_42195 = "gbt_42195_2022"
    MZT_039 = "mzt_039_2013"  # the older scale: levels 0 to 3
    LTCI = "ltci_2021"  # 长期护理失能等级评估标准(试行): levels 0 to 5


class AssessmentKind(StrEnum):
    """评估原因."""

    FIRST = "first"
    REGULAR = "regular"
    IMMEDIATE = "immediate"  # the condition has changed
    REVIEW = "review"  # the result was doubted
    OTHER = "other"


class Venue(StrEnum):
    """Where it was done."""

    HOME = "home"
    COMMUNITY = "community"
    INSTITUTION = "institution"
    HOSPITAL = "hospital"
    OTHER = "other"


class Source(StrEnum):
    """信息提供者: who answered beside what was seen."""

    SELF = "self"
    FAMILY = "family"
    CARER = "carer"
    COMMUNITY_WORKER = "community_worker"
    OTHER = "other"


class RiskEvent(StrEnum):
    """照护风险事件 of the last 30 days, counted by kind."""

    FALL = "fall"
    CHOKING = "choking"
    SUICIDE = "suicide"
    SELF_HARM = "self_harm"
    LOST = "lost"
    OTHER = "other"


class AssessmentState(StrEnum):
    """The life of an assessment."""

    DRAFT = "draft"
    SIGNED = "signed"  # by two people; from here on nothing in it changes
    PUBLISHED = "published"
    SUPERSEDED = "superseded"  # a later one was published
    WITHDRAWN = "withdrawn"


class AssessmentEvent(StrEnum):
    """What can happen to it."""

    SIGN = "sign"  # the second signature: the first one leaves it a draft
    REOPEN = "reopen"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"
    RESTORE = "restore"  # what took its place came in a file that was undone
    TAKE_BACK = "take_back"  # the file it came in was undone
    WITHDRAW = "withdraw"


S, E = AssessmentState, AssessmentEvent
MOVES: Final[dict[tuple[AssessmentState, AssessmentEvent], AssessmentState]] = {
    (S.DRAFT, E.SIGN): S.SIGNED,
    (S.DRAFT, E.WITHDRAW): S.WITHDRAWN,
    (S.SIGNED, E.REOPEN): S.DRAFT,
    (S.SIGNED, E.PUBLISH): S.PUBLISHED,
    (S.SIGNED, E.WITHDRAW): S.WITHDRAWN,
    (S.PUBLISHED, E.SUPERSEDE): S.SUPERSEDED,
    (S.PUBLISHED, E.WITHDRAW): S.WITHDRAWN,
    (S.PUBLISHED, E.TAKE_BACK): S.WITHDRAWN,
    (S.SUPERSEDED, E.TAKE_BACK): S.WITHDRAWN,
    (S.SUPERSEDED, E.RESTORE): S.PUBLISHED,
}
FOLLOWS: Final = (E.SUPERSEDE, E.RESTORE, E.TAKE_BACK)  # from something else, never from a button
OPEN: Final = (S.DRAFT, S.SIGNED)


class NotYours(Refused):
    """This form belongs to two other assessors."""


class SamePerson(Conflict):
    """An assessment is signed by two different people."""


class Incomplete(Unreadable):
    """Something is still missing before this can be signed."""


class Contradiction(Conflict):
    """The answers contradict each other."""


class WrongKind(Conflict):
    """This kind of assessment does not fit what was assessed before."""


def after(state: AssessmentState, event: AssessmentEvent) -> AssessmentState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An assessment that is {state} cannot {event}.", state=state, event=event) from None


@dataclass(frozen=True)
class Hands:
    """Whose form it is and who has signed."""

    first: int
    second: int | None
    first_signed: bool
    second_signed: bool

    def theirs(self, user_id: int) -> bool:
        """Whether somebody may write in it: its two assessors, or anybody else while there is no second one."""
        return user_id in (self.first, self.second) or self.second is None

    def may_sign(self, user_id: int) -> bool:
        """Whether their signature is still missing."""
        if user_id == self.first:
            return not self.first_signed
        return user_id == self.second and not self.second_signed or self.second is None


def possible(state: AssessmentState, role: Role, user_id: int, hands: Hands) -> list[AssessmentEvent]:
    """The events it accepts from this caller now: the buttons a screen may show."""
    if role not in ASSESSORS:
        return []
    events: list[AssessmentEvent] = [event for (source, event) in MOVES if source is state and event not in FOLLOWS]
    if state is S.DRAFT:
        allowed = {E.SIGN: hands.may_sign(user_id), E.WITHDRAW: hands.theirs(user_id)}
        return [event for event in events if allowed[event]]
    return events


def check_contradictions(items: Mapping[str, int], *, coma: bool) -> None:
    """Raises Contradiction naming the item: somebody in a coma is not awake."""
    if coma and items.get("consciousness", 0) > 0:
        raise Contradiction("Somebody in a coma scores 0 for consciousness.", items=["consciousness", "coma"])


def fitting(*, assessed_before: bool) -> list[AssessmentKind]:
    """The kinds that fit: only who has no result yet is assessed for the first time, and only who has one again."""
    again = (AssessmentKind.REGULAR, AssessmentKind.IMMEDIATE, AssessmentKind.REVIEW)
    return [kind for kind in AssessmentKind if kind is AssessmentKind.OTHER or (kind in again) is assessed_before]


def check_kind(kind: AssessmentKind, *, assessed_before: bool) -> None:
    """Raises WrongKind where it does not fit."""
    if kind not in fitting(assessed_before=assessed_before):
        known = "has been assessed before; say why again" if assessed_before else "has no result yet; this is the first"
        raise WrongKind(f"This elder {known}.", assessment=kind)


def due_on(assessed_on: date, months: int) -> date:
    """The day by which the next assessment is due: the same day so many months on, or the last of that month."""
    year, month = divmod(assessed_on.year * 12 + assessed_on.month - 1 + months, 12)
    return date(year, month + 1, min(assessed_on.day, calendar.monthrange(year, month + 1)[1]))
