"""The lives of a plan and of an attendance, and what a plan may not be."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, IllegalMove, Unreadable
from app.orders.rules import VisitState


class PlanState(StrEnum):
    """Where a plan of one district and local day stands."""

    DRAFTING = "drafting"  # a solve is under way
    DRAFT = "draft"  # the dispatcher looks at it
    PUBLISHED = "published"  # the caregivers were told
    SUPERSEDED = "superseded"  # a later version took its place, or it was given up


class PlanEvent(StrEnum):
    """What happens to a plan."""

    STORE = "store"
    PUBLISH = "publish"
    SUPERSEDE = "supersede"


PLAN_MOVES: Final[dict[tuple[PlanState, PlanEvent], PlanState]] = {
    (PlanState.DRAFTING, PlanEvent.STORE): PlanState.DRAFT,
    (PlanState.DRAFTING, PlanEvent.SUPERSEDE): PlanState.SUPERSEDED,
    (PlanState.DRAFT, PlanEvent.PUBLISH): PlanState.PUBLISHED,
    (PlanState.DRAFT, PlanEvent.SUPERSEDE): PlanState.SUPERSEDED,
    (PlanState.PUBLISHED, PlanEvent.SUPERSEDE): PlanState.SUPERSEDED,
}


class AttendanceState(StrEnum):
    """How far one caregiver is with one visit."""

    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    ON_THE_WAY = "on_the_way"
    ARRIVED = "arrived"
    IN_SERVICE = "in_service"  # checked in
    FINISHED = "finished"  # checked out, or turned back at the door
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"  # the plan changed


class AttendanceEvent(StrEnum):
    """What happens to an attendance; all but `withdraw` and `restore` come from the caregiver's phone."""

    ACCEPT = "accept"
    DECLINE = "decline"
    DEPART = "depart"
    ARRIVE = "arrive"
    START = "start"
    FINISH = "finish"
    NOT_DELIVERED = "not_delivered"
    WITHDRAW = "withdraw"
    RESTORE = "restore"  # the desk believes what her phone recorded, though the plan had gone on without her


S, E = AttendanceState, AttendanceEvent

# Somebody at the door is never stopped by a button she forgot: later steps may follow any earlier one.
ATTENDANCE_MOVES: Final[dict[tuple[AttendanceState, AttendanceEvent], AttendanceState]] = {
    (S.ASSIGNED, E.ACCEPT): S.ACCEPTED,
    (S.ASSIGNED, E.DECLINE): S.DECLINED,
    (S.ACCEPTED, E.DECLINE): S.DECLINED,
    (S.ASSIGNED, E.DEPART): S.ON_THE_WAY,
    (S.ACCEPTED, E.DEPART): S.ON_THE_WAY,
    (S.ASSIGNED, E.ARRIVE): S.ARRIVED,
    (S.ACCEPTED, E.ARRIVE): S.ARRIVED,
    (S.ON_THE_WAY, E.ARRIVE): S.ARRIVED,
    (S.ASSIGNED, E.START): S.IN_SERVICE,
    (S.ACCEPTED, E.START): S.IN_SERVICE,
    (S.ON_THE_WAY, E.START): S.IN_SERVICE,
    (S.ARRIVED, E.START): S.IN_SERVICE,
    (S.IN_SERVICE, E.FINISH): S.FINISHED,
    (S.ASSIGNED, E.NOT_DELIVERED): S.FINISHED,
    (S.ACCEPTED, E.NOT_DELIVERED): S.FINISHED,
    (S.ON_THE_WAY, E.NOT_DELIVERED): S.FINISHED,
    (S.ARRIVED, E.NOT_DELIVERED): S.FINISHED,
    (S.IN_SERVICE, E.NOT_DELIVERED): S.FINISHED,
    (S.ASSIGNED, E.WITHDRAW): S.WITHDRAWN,
    (S.ACCEPTED, E.WITHDRAW): S.WITHDRAWN,
    (S.ON_THE_WAY, E.WITHDRAW): S.WITHDRAWN,
    (S.ARRIVED, E.WITHDRAW): S.WITHDRAWN,
    (S.IN_SERVICE, E.WITHDRAW): S.WITHDRAWN,  # an accident, an alarm: they cannot go on
    (S.WITHDRAWN, E.RESTORE): S.ASSIGNED,
    (S.DECLINED, E.RESTORE): S.ASSIGNED,
}

USUAL: Final = (E.ACCEPT, E.DEPART, E.ARRIVE, E.START, E.FINISH, E.NOT_DELIVERED, E.DECLINE)
ACTIVE: Final = frozenset({S.ASSIGNED, S.ACCEPTED, S.ON_THE_WAY, S.ARRIVED, S.IN_SERVICE})
BEGUN: Final = frozenset({S.ON_THE_WAY, S.ARRIVED, S.IN_SERVICE})
COUNTED: Final = ACTIVE | {S.FINISHED}  # had to come, or came
MOVABLE: Final = frozenset({VisitState.WAITING, VisitState.PLANNED, VisitState.PUBLISHED})  # by hand


class PlanMoveRefused(IllegalMove):
    """The plan cannot do that now."""


class AttendanceMoveRefused(IllegalMove):
    """The attendance cannot do that now."""


class PlanChanged(Conflict):
    """The plan has changed since you looked."""


class DraftUnderWay(Conflict):
    """A draft of this day is being made."""


class RulesBroken(Conflict):
    """This breaks rules that were not accepted."""


class CannotOverride(Conflict):
    """Nobody can be in two places; this cannot be accepted."""


class WrongCrew(Unreadable):
    """The visit needs another number of caregivers."""


SERVED: Final = "served"  # the kind of a reason that says why these caregivers

# Rules of `dispatch.check` that a dispatcher may overrule by hand, each named and recorded.
WAIVABLE: Final = frozenset(
    {"window", "skills", "sex", "allowed", "banned", "shift", "travel", "break", "max_work", "link", "link_different"}
)


def plan_after(state: PlanState, event: PlanEvent) -> PlanState:
    """The state that follows; raises PlanMoveRefused where the table has no line."""
    try:
        return PLAN_MOVES[state, event]
    except KeyError:
        raise PlanMoveRefused(f"A {state} plan cannot {event}.", state=state) from None


def attendance_after(state: AttendanceState, event: AttendanceEvent) -> AttendanceState:
    """The state that follows; raises AttendanceMoveRefused where the table has no line."""
    try:
        return ATTENDANCE_MOVES[state, event]
    except KeyError:
        raise AttendanceMoveRefused(f"An attendance that is {state} cannot {event}.", state=state) from None


def plan_possible(state: PlanState) -> list[PlanEvent]:
    """The buttons a dispatcher may see."""
    return [e for (s, e) in PLAN_MOVES if s == state and e is PlanEvent.PUBLISH]


def attendance_possible(state: AttendanceState) -> list[AttendanceEvent]:
    """The buttons the caregiver's phone may show, the usual one first."""
    return [e for e in USUAL if (state, e) in ATTENDANCE_MOVES]


def check_accepted(broken: Iterable[str], accepted: Iterable[str]) -> set[str]:
    """The rules to waive: raises RulesBroken unless each broken rule was accepted, CannotOverride where none may be."""
    rules = set(broken)
    if never := sorted(rules - WAIVABLE):
        raise CannotOverride(f"Not even by hand: {', '.join(never)}.", rules=never)
    if missing := sorted(rules - set(accepted)):
        raise RulesBroken(f"Name the rules you accept breaking: {', '.join(missing)}.", rules=missing)
    return rules


def is_fixed(states: Iterable[AttendanceState], starts_at: datetime, *, now: datetime, freeze_minutes: int) -> bool:
    """Whether a draft must leave a published visit alone: under way, or about to begin."""
    begun = BEGUN | {S.FINISHED}
    return any(s in begun for s in states) or starts_at <= now + timedelta(minutes=freeze_minutes)
