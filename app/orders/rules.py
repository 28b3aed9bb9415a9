"""The lives of an order and of its visits, and who may move them."""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from app.access.rules import APPROVERS, DESK, HOTLINE, PLANNERS, Role
from app.catalogue.rules import Approval, Given
from app.errors import Conflict, IllegalMove, Refused, Unreadable


class OrderState(StrEnum):
    """订单: what was bought."""

    RECEIVED = "received"  # the hotline wrote it down
    WAITING_APPROVAL = "waiting_approval"  # agreed with the elder and reserved; somebody must still allow it
    CONFIRMED = "confirmed"  # price and window agreed, allowance reserved
    CLOSED = "closed"  # every visit has ended
    CANCELLED = "cancelled"


class OrderEvent(StrEnum):
    """What can happen to an order."""

    CONFIRM = "confirm"
    SUBMIT = "submit"  # confirmed, and the item wants an approval
    APPROVE = "approve"
    REFUSE = "refuse"
    CLOSE = "close"
    CANCEL = "cancel"


class VisitState(StrEnum):
    """工单: one appointment at a home."""

    WAITING = "waiting"  # for a plan
    PLANNED = "planned"  # in a draft nobody outside has seen
    PUBLISHED = "published"  # promised to elder and caregivers
    UNDER_WAY = "under_way"
    DONE = "done"  # everybody who had to come has finished
    HELD = "held"  # needs a human before it counts
    VERIFIED = "verified"  # counts: the money is captured
    NOT_DELIVERED = "not_delivered"  # no one home, refused, missed: the money is released
    CANCELLED = "cancelled"


class VisitEvent(StrEnum):
    """What can happen to a visit."""

    PLAN = "plan"
    PUBLISH = "publish"
    WITHDRAW = "withdraw"  # out of the plan: moved, declined, re-planned
    BEGIN = "begin"
    FINISH = "finish"
    HAND_OVER = "hand_over"  # a meal, at the counter or the door: nobody's day was planned for it
    VERIFY = "verify"
    HOLD = "hold"
    REJECT = "reject"  # a human found that it does not count
    UPHOLD = "uphold"  # it was rejected, and an appeal showed that it counts
    FAIL = "fail"  # no one home, refused, missed
    CANCEL = "cancel"


class Channel(StrEnum):
    """How an order came in."""

    HOTLINE = "hotline"
    DESK = "desk"
    COMMUNITY = "community"
    ALARM = "alarm"
    CARE_PLAN = "care_plan"


class Payer(StrEnum):
    """Who pays for an order."""

    ENTITLEMENT = "entitlement"  # the elder's allowances in their order, the remainder the elder
    SELF = "self"  # the elder alone
    NONE = "none"  # an alarm's response


class FeeCause(StrEnum):
    """What came too late."""

    CANCEL = "cancel"
    CHANGE = "change"


class FeeState(StrEnum):
    """Where the fee of a late cancellation stands."""

    DUE = "due"
    WAIVED = "waived"  # by hand, with a reason: an ambulance came, the family was not told
    SETTLED = "settled"  # on a statement that is locked


class FeeEvent(StrEnum):
    """What can happen to a fee."""

    WAIVE = "waive"
    SETTLE = "settle"
    REOPEN = "reopen"  # its statement was taken back


FEE_MOVES: Final[dict[tuple[FeeState, FeeEvent], FeeState]] = {
    (FeeState.DUE, FeeEvent.WAIVE): FeeState.WAIVED,
    (FeeState.DUE, FeeEvent.SETTLE): FeeState.SETTLED,
    (FeeState.SETTLED, FeeEvent.REOPEN): FeeState.DUE,
}
FEES_OWED: Final = (FeeState.DUE, FeeState.SETTLED)

S, OE = OrderState, OrderEvent
ORDER_MOVES: Final[dict[tuple[OrderState, OrderEvent], OrderState]] = {
    (S.RECEIVED, OE.CONFIRM): S.CONFIRMED,
    (S.RECEIVED, OE.SUBMIT): S.WAITING_APPROVAL,
    (S.WAITING_APPROVAL, OE.APPROVE): S.CONFIRMED,
    (S.WAITING_APPROVAL, OE.REFUSE): S.CANCELLED,
    (S.CONFIRMED, OE.CLOSE): S.CLOSED,
    (S.CONFIRMED, OE.SUBMIT): S.WAITING_APPROVAL,  # changed into something that must be allowed
    (S.RECEIVED, OE.CANCEL): S.CANCELLED,
    (S.WAITING_APPROVAL, OE.CANCEL): S.CANCELLED,
    (S.CONFIRMED, OE.CANCEL): S.CANCELLED,
}

V, VE = VisitState, VisitEvent
VISIT_MOVES: Final[dict[tuple[VisitState, VisitEvent], VisitState]] = {
    (V.WAITING, VE.PLAN): V.PLANNED,
    (V.WAITING, VE.CANCEL): V.CANCELLED,
    (V.WAITING, VE.HAND_OVER): V.DONE,
    (V.WAITING, VE.FAIL): V.NOT_DELIVERED,  # its window passed and nobody could be sent
    (V.PLANNED, VE.PUBLISH): V.PUBLISHED,
    (V.PLANNED, VE.WITHDRAW): V.WAITING,
    (V.PLANNED, VE.CANCEL): V.CANCELLED,
    (V.PLANNED, VE.FAIL): V.NOT_DELIVERED,
    (V.PUBLISHED, VE.BEGIN): V.UNDER_WAY,
    (V.PUBLISHED, VE.WITHDRAW): V.WAITING,
    (V.PUBLISHED, VE.CANCEL): V.CANCELLED,
    (V.PUBLISHED, VE.FAIL): V.NOT_DELIVERED,
    (V.PUBLISHED, VE.HOLD): V.HELD,  # its end passed without a record: maybe a phone without signal
    (V.UNDER_WAY, VE.FINISH): V.DONE,
    (V.UNDER_WAY, VE.WITHDRAW): V.WAITING,  # the caregiver cannot go on: an accident, an alarm
    (V.UNDER_WAY, VE.FAIL): V.NOT_DELIVERED,
    (V.UNDER_WAY, VE.HOLD): V.HELD,  # the check-out never came
    (V.DONE, VE.VERIFY): V.VERIFIED,
    (V.DONE, VE.HOLD): V.HELD,
    (V.HELD, VE.VERIFY): V.VERIFIED,
    (V.HELD, VE.REJECT): V.NOT_DELIVERED,
    (V.VERIFIED, VE.REJECT): V.NOT_DELIVERED,  # found out later: the money goes back
    (V.NOT_DELIVERED, VE.UPHOLD): V.VERIFIED,
}

UNAGREED: Final = frozenset({S.RECEIVED, S.WAITING_APPROVAL})  # nobody may be sent yet
VISIT_ENDED: Final = frozenset({V.VERIFIED, V.NOT_DELIVERED, V.CANCELLED})
CANCELLABLE: Final = frozenset(state for state, event in VISIT_MOVES if event is VE.CANCEL)
CHANGEABLE: Final = frozenset({V.WAITING, V.PLANNED, V.PUBLISHED})
BLOCKING: Final = frozenset({V.UNDER_WAY, V.DONE, V.HELD})  # an order with one of these cannot be cancelled

ORDER_ALLOWED: Final[dict[OrderEvent, frozenset[Role]]] = {
    OE.CONFIRM: HOTLINE,
    OE.SUBMIT: frozenset(),  # what confirming does where the item says so
    OE.APPROVE: APPROVERS,
    OE.REFUSE: APPROVERS,
    OE.CANCEL: DESK,
    OE.CLOSE: frozenset(),  # happens by itself
}
VISIT_ALLOWED: Final[dict[VisitEvent, frozenset[Role]]] = {
    VE.PLAN: PLANNERS,
    VE.PUBLISH: PLANNERS,
    VE.WITHDRAW: PLANNERS,
    VE.CANCEL: DESK,
    VE.FAIL: DESK,
    VE.VERIFY: PLANNERS,
    VE.REJECT: PLANNERS,
}


class FeeChanged(Conflict):
    """It costs more by now than was told."""


class QuoteChanged(Conflict):
    """The price is no longer split as it was promised."""


class BadWindow(Conflict):
    """A visit cannot be booked for that time."""


class VisitChanged(Conflict):
    """Somebody has changed this visit meanwhile."""


class NotYourApproval(Refused):
    """This order is for somebody else to approve."""


class NoReason(Unreadable):
    """This needs a reason."""


class OnTheWay(Conflict):
    """A visit of this order is under way or waits for a check; it cannot be cancelled any more."""


def check_home(given: Given) -> None:
    """Raises VisitChanged for a meal or a month's rent: its own page knows when and how it ends."""
    if given is not Given.HOME:
        raise VisitChanged("Meals and rents are changed and cancelled on their own page.", given=given)


def order_after(state: OrderState, event: OrderEvent) -> OrderState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return ORDER_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An order that is {state} cannot {event}.", state=state, event=event) from None


def visit_after(state: VisitState, event: VisitEvent) -> VisitState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return VISIT_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A visit that is {state} cannot {event}.", state=state, event=event) from None


def fee_after(state: FeeState, event: FeeEvent) -> FeeState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return FEE_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A fee that is {state} cannot {event}.", state=state, event=event) from None


def order_possible(
    state: OrderState, role: Role, visits: Collection[VisitState] = (), approval: Approval = Approval.NONE
) -> list[OrderEvent]:
    """The events an order in this state accepts from this role: the buttons a screen may show."""
    begun = any(visit in BLOCKING for visit in visits)
    return [
        event
        for source, event in ORDER_MOVES
        if source is state
        and role in ORDER_ALLOWED[event]
        and not (begun and event is OrderEvent.CANCEL)
        and (event not in (OrderEvent.APPROVE, OrderEvent.REFUSE) or may_approve(approval, role))
    ]


def changeable(state: VisitState, role: Role) -> bool:
    """Whether this role may agree with the elder on another time or item for a visit in this state."""
    return state in CHANGEABLE and role in HOTLINE


def may_approve(approval: Approval, role: Role) -> bool:
    """Whether this role approves orders of an item that wants this approval; the bureau stands in for the desk."""
    return role is Role.SUPERVISOR or (role is Role.SHIFT_LEAD and approval is not Approval.SUPERVISOR)


def visit_possible(state: VisitState, role: Role) -> list[VisitEvent]:
    """The events a visit in this state accepts from this role by hand."""
    nobody: frozenset[Role] = frozenset()
    return [event for source, event in VISIT_MOVES if source is state and role in VISIT_ALLOWED.get(event, nobody)]
