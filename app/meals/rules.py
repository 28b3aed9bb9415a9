"""Meals of a day, how they are had and what they suit; the lives of menus, trips, standing orders and concerns."""

from collections.abc import Collection, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from app.access.rules import BUREAU, HOTLINE, LEADS, PROVIDER, Role
from app.errors import Conflict, IllegalMove, Refused, Unreadable
from app.orders.rules import VisitState


class Meal(StrEnum):
    """Which meal of the day."""

    BREAKFAST = "breakfast"
    LUNCH = "lunch"
    SUPPER = "supper"


class MealWay(StrEnum):
    """How it is had."""

    EAT_IN = "eat_in"  # 堂食
    DELIVERY = "delivery"  # 送餐


class Diet(StrEnum):
    """What a dish suits, and what an elder needs."""

    LOW_SALT = "low_salt"
    DIABETIC = "diabetic"
    SOFT = "soft"
    MINCED = "minced"
    LOW_FAT = "low_fat"
    HALAL = "halal"
    VEGETARIAN = "vegetarian"


class MenuState(StrEnum):
    """菜单: one meal of one canteen on one day."""

    DRAFT = "draft"
    PUBLISHED = "published"  # it can be ordered from
    WITHDRAWN = "withdrawn"  # the kitchen is closed: everything ordered is off


class MenuEvent(StrEnum):
    """What can happen to a menu."""

    PUBLISH = "publish"
    WITHDRAW = "withdraw"


MENU_MOVES: Final[dict[tuple[MenuState, MenuEvent], MenuState]] = {
    (MenuState.DRAFT, MenuEvent.PUBLISH): MenuState.PUBLISHED,
    (MenuState.DRAFT, MenuEvent.WITHDRAW): MenuState.WITHDRAWN,
    (MenuState.PUBLISHED, MenuEvent.WITHDRAW): MenuState.WITHDRAWN,
}


class PortionEvent(StrEnum):
    """What can be done to an ordered meal by hand; its state is its visit's."""

    HAND_OVER = "hand_over"
    MISS = "miss"  # not taken, with why
    CANCEL = "cancel"
    CHANGE = "change"
    REDIRECT = "redirect"  # to another door, into other hands
    TAKE_BACK = "take_back"  # it was handed over by mistake: the money goes back


class Receiver(StrEnum):
    """Who took a meal."""

    ELDER = "elder"
    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    DOOR = "door"  # left at the door, as agreed


class NotTaken(StrEnum):
    """Why a meal was not taken; each is a sign that somebody asks after."""

    NOT_HOME = "not_home"
    NO_ANSWER = "no_answer"  # she should be there and does not open
    REFUSED = "refused"
    UNWELL = "unwell"
    NOT_COLLECTED = "not_collected"  # nobody came to the counter
    NOT_CONFIRMED = "not_confirmed"  # nobody said that it was delivered


class ConcernState(StrEnum):
    """A meal that was not taken, until somebody knows why."""

    OPEN = "open"
    SETTLED = "settled"
    RAISED = "raised"  # nobody had asked in time: it has become an alarm


class ConcernEvent(StrEnum):
    """What can happen to a concern."""

    SETTLE = "settle"
    RAISE = "raise"


CONCERN_MOVES: Final[dict[tuple[ConcernState, ConcernEvent], ConcernState]] = {
    (ConcernState.OPEN, ConcernEvent.SETTLE): ConcernState.SETTLED,
    (ConcernState.OPEN, ConcernEvent.RAISE): ConcernState.RAISED,
}


class Finding(StrEnum):
    """What asking after her has found."""

    WELL = "well"  # forgot it, was out
    AWAY = "away"  # with family, travelling: pause the meals
    HOSPITAL = "hospital"
    NEEDS_HELP = "needs_help"  # somebody was sent
    NO_LONGER = "no_longer"  # does not want these meals any more


TAKERS: Final = HOTLINE | PROVIDER  # order for elders
KITCHEN: Final = PROVIDER | BUREAU  # write menus
ALLOWED: Final[dict[PortionEvent, frozenset[Role]]] = {
    PortionEvent.HAND_OVER: PROVIDER | LEADS,
    PortionEvent.MISS: PROVIDER | LEADS,
    PortionEvent.CANCEL: TAKERS | LEADS,
    PortionEvent.CHANGE: TAKERS,
    PortionEvent.REDIRECT: TAKERS,
    PortionEvent.TAKE_BACK: LEADS,
}


class TooLate(Conflict):
    """The kitchen has its count; this meal is not changed any more."""


class NotYourOverride(Refused):
    """After the cut-off only a shift lead or the bureau may decide."""


class OnItsWay(Conflict):
    """The rider has left; ring him."""


class Full(Conflict):
    """The kitchen cannot cook more of this."""


class MenuClosed(Conflict):
    """This menu cannot be ordered from."""


class OrderedAlready(Conflict):
    """She has this meal already."""


class NoDelivery(Conflict):
    """This canteen does not bring that meal."""


class NotToday(Conflict):
    """A meal is handed over on its own day."""


class BadMenu(Unreadable):
    """The menu does not fit together."""


def menu_after(state: MenuState, event: MenuEvent) -> MenuState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MENU_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A menu that is {state} cannot {event}.", state=state, event=event) from None


def concern_after(state: ConcernState, event: ConcernEvent) -> ConcernState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return CONCERN_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A concern that is {state} cannot {event}.", state=state, event=event) from None


def possible(
    state: VisitState, role: Role, *, cut_off: datetime, now: datetime, leaves: datetime | None
) -> list[PortionEvent]:
    """What this role may do to an ordered meal now: the buttons a screen may show. `leaves`: of what is brought."""
    if state is VisitState.WAITING:
        events = [PortionEvent.HAND_OVER, PortionEvent.MISS]
        if now < cut_off or role in LEADS:
            events += [PortionEvent.CHANGE, PortionEvent.CANCEL]
        if leaves is not None and now < leaves:
            events.append(PortionEvent.REDIRECT)
    else:
        events = [PortionEvent.TAKE_BACK] if state is VisitState.VERIFIED else []
    return [event for event in events if role in ALLOWED[event]]


def check_cut_off(cut_off: datetime, *, now: datetime, role: Role | None, reason: str | None) -> bool:
    """Whether it is after the cut-off and somebody took it on themselves; raises TooLate or NotYourOverride.

    `reason` is why it shall be done all the same, and only a lead may say so; None asks for no exception.
    """
    if now < cut_off:
        return False
    if reason is None:
        raise TooLate("The cut-off of this meal has passed.", cut_off=cut_off.isoformat())
    if role not in LEADS:
        raise NotYourOverride("After the cut-off a shift lead or the bureau decides.", cut_off=cut_off.isoformat())
    return True


def unsuited(needs: Iterable[Diet], suits: Collection[str]) -> list[Diet]:
    """What she needs and the dish does not say of itself. Minced food is soft food too."""
    has = {*suits, Diet.SOFT} if Diet.MINCED in suits else set(suits)
    return [need for need in needs if need not in has]


def allergens(allergies: Iterable[str], *said: str) -> list[str]:
    """Her allergies that a dish names in its words; other words for the same food are for people to see."""
    return [one for one in allergies if len(one) > 1 and any(one.removesuffix("过敏") in words for words in said)]
