"""Aids for rent: the lives of a unit and of a rental, who may have what, and what a month of it costs."""

from calendar import monthrange
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from app.access.rules import HOTLINE, KEEPERS, LEADS, PROVIDER, Role
from app.catalogue.rules import half_up
from app.errors import Conflict, IllegalMove, Unreadable


class AidKind(StrEnum):
    """What an aid is (辅具类别)."""

    WHEELCHAIR = "wheelchair"  # 轮椅
    WALKER = "walker"  # 助行器
    CARE_BED = "care_bed"  # 护理床
    MATTRESS = "mattress"  # 防压疮床垫
    BATH_CHAIR = "bath_chair"  # 沐浴椅
    COMMODE = "commode"  # 坐便椅
    HOIST = "hoist"  # 移位机
    OXYGEN = "oxygen"  # 制氧机
    OTHER = "other"


class UnitState(StrEnum):
    """Where one piece with its serial number is."""

    AVAILABLE = "available"  # in the store, clean and whole
    RESERVED = "reserved"  # in the store, for somebody
    LENT = "lent"  # at an elder's home
    RETURNED = "returned"  # back, nobody has looked at it yet
    CLEANING = "cleaning"  # being disinfected (消毒)
    REPAIR = "repair"
    MISSING = "missing"  # not found when the store was counted
    WRITTEN_OFF = "written_off"


class UnitEvent(StrEnum):
    """What can happen to a unit."""

    RESERVE = "reserve"
    RELEASE = "release"
    HAND_OVER = "hand_over"
    BRING_BACK = "bring_back"
    CLEAN = "clean"  # into disinfection
    READY = "ready"  # disinfected
    SEND_TO_REPAIR = "send_to_repair"
    MISS = "miss"
    FIND = "find"
    LOSE = "lose"  # the elder's side has lost it
    WRITE_OFF = "write_off"


US, UE = UnitState, UnitEvent
UNIT_MOVES: Final[dict[tuple[UnitState, UnitEvent], UnitState]] = {
    (US.AVAILABLE, UE.RESERVE): US.RESERVED,
    (US.AVAILABLE, UE.SEND_TO_REPAIR): US.REPAIR,
    (US.AVAILABLE, UE.CLEAN): US.CLEANING,
    (US.AVAILABLE, UE.MISS): US.MISSING,
    (US.AVAILABLE, UE.WRITE_OFF): US.WRITTEN_OFF,
    (US.RESERVED, UE.RELEASE): US.AVAILABLE,
    (US.RESERVED, UE.HAND_OVER): US.LENT,
    (US.LENT, UE.BRING_BACK): US.RETURNED,
    (US.LENT, UE.LOSE): US.WRITTEN_OFF,
    (US.RETURNED, UE.CLEAN): US.CLEANING,
    (US.RETURNED, UE.SEND_TO_REPAIR): US.REPAIR,
    (US.RETURNED, UE.WRITE_OFF): US.WRITTEN_OFF,
    (US.CLEANING, UE.READY): US.AVAILABLE,
    (US.CLEANING, UE.SEND_TO_REPAIR): US.REPAIR,
    (US.CLEANING, UE.MISS): US.MISSING,
    (US.REPAIR, UE.CLEAN): US.CLEANING,  # whatever was worked on is disinfected before it is lent
    (US.REPAIR, UE.MISS): US.MISSING,
    (US.REPAIR, UE.WRITE_OFF): US.WRITTEN_OFF,
    (US.MISSING, UE.FIND): US.RETURNED,
    (US.MISSING, UE.WRITE_OFF): US.WRITTEN_OFF,
}
IN_STORE: Final = frozenset({US.AVAILABLE, US.RESERVED, US.RETURNED, US.CLEANING, US.REPAIR})
COUNTABLE: Final = frozenset(state for state, event in UNIT_MOVES if event is UE.MISS)
BY_HAND: Final = frozenset({UE.CLEAN, UE.READY, UE.SEND_TO_REPAIR, UE.FIND, UE.WRITE_OFF})
EXPLAINED: Final = frozenset({UE.SEND_TO_REPAIR, UE.WRITE_OFF, UE.FIND})


class RentalState(StrEnum):
    """租赁单: from the wish to the deposit given back."""

    QUEUED = "queued"  # nothing is free: on the waiting list
    BOOKED = "booked"  # a unit is kept for her until a day
    LENT = "lent"
    DUE_BACK = "due_back"  # it has ended, the unit is to be fetched
    RETURNED = "returned"  # the unit is back, nobody has looked at it
    CLOSED = "closed"  # looked at (or lost), the deposit settled
    CANCELLED = "cancelled"


class RentalEvent(StrEnum):
    """What can happen to a rental."""

    ALLOT = "allot"  # a unit is kept for her
    HAND_OVER = "hand_over"
    RENEW = "renew"
    END = "end"
    BRING_BACK = "bring_back"
    LOSE = "lose"
    INSPECT = "inspect"
    CANCEL = "cancel"


RS, RE = RentalState, RentalEvent
RENTAL_MOVES: Final[dict[tuple[RentalState, RentalEvent], RentalState]] = {
    (RS.QUEUED, RE.ALLOT): RS.BOOKED,
    (RS.QUEUED, RE.CANCEL): RS.CANCELLED,
    (RS.BOOKED, RE.HAND_OVER): RS.LENT,
    (RS.BOOKED, RE.CANCEL): RS.CANCELLED,
    (RS.LENT, RE.RENEW): RS.LENT,
    (RS.LENT, RE.END): RS.DUE_BACK,
    (RS.LENT, RE.BRING_BACK): RS.RETURNED,
    (RS.LENT, RE.LOSE): RS.CLOSED,
    (RS.DUE_BACK, RE.BRING_BACK): RS.RETURNED,
    (RS.DUE_BACK, RE.LOSE): RS.CLOSED,
    (RS.RETURNED, RE.INSPECT): RS.CLOSED,
}
OPEN: Final = frozenset({RS.QUEUED, RS.BOOKED, RS.LENT, RS.DUE_BACK, RS.RETURNED})
HOLDING: Final = (RS.BOOKED, RS.LENT, RS.DUE_BACK, RS.RETURNED)  # a unit stands behind it


class Signer(StrEnum):
    """Who signed for a unit."""

    ELDER = "elder"
    FAMILY = "family"
    NEIGHBOUR = "neighbour"
    GUARDIAN = "guardian"


class Condition(StrEnum):
    """How a unit came back."""

    GOOD = "good"
    WORN = "worn"  # as used things are: nobody pays
    DAMAGED = "damaged"
    RUINED = "ruined"  # beyond repair


class EndReason(StrEnum):
    """Why a rental ended."""

    WISH = "wish"
    DEATH = "death"
    MOVED_AWAY = "moved_away"
    HOSPITAL = "hospital"  # a long stay
    INSTITUTION = "institution"
    LOST = "lost"


class DepositKind(StrEnum):
    """What happened to a deposit; it is the provider's and the elder's own money, never an allowance."""

    TAKEN = "taken"
    GIVEN_BACK = "given_back"
    KEPT = "kept"  # for damage or loss


class MoneyWay(StrEnum):
    """How a deposit went from hand to hand."""

    CASH = "cash"
    TRANSFER = "transfer"
    WECHAT = "wechat"
    ALIPAY = "alipay"


class Proration(StrEnum):
    """What a month costs in which she had the aid for some days only."""

    DAYS = "days"  # its days
    MONTH = "month"  # all of it


TAKERS: Final = HOTLINE | PROVIDER  # write bookings down
STORE: Final = PROVIDER  # hand over, take back, count
CATALOGUE: Final = KEEPERS
ADVISERS: Final = frozenset({Role.ASSESSOR, Role.SUPERVISOR})
RENTAL_ALLOWED: Final[dict[RentalEvent, frozenset[Role]]] = {
    RE.ALLOT: frozenset(),  # by itself, first come first served
    RE.HAND_OVER: STORE,
    RE.RENEW: TAKERS,
    RE.END: TAKERS | LEADS,
    RE.BRING_BACK: STORE,
    RE.LOSE: STORE,
    RE.INSPECT: STORE,
    RE.CANCEL: TAKERS | LEADS,
}


class NotForHer(Conflict):
    """This aid is not for her: her level or an assessor's advice is missing."""


class HasOne(Conflict):
    """She has, or waits for, this aid already."""


class WrongUnit(Conflict):
    """The number on the unit belongs to another one."""


class NotFree(Conflict):
    """This unit is not free."""


class BadRental(Unreadable):
    """The days or the money of this rental cannot be right."""


class Reasonless(Unreadable):
    """This needs a reason."""


@dataclass(frozen=True)
class Terms:
    """The first settings are estimates; a district's own stand in `rental_terms`, from a day on."""

    proration: Proration = Proration.DAYS
    hold_days: int = 3  # a unit is kept for whoever booked it
    pickup_days: int = 7  # after the end until the unit must be back
    stay_days: int = 30  # in hospital or an institution, until the rental ends


def unit_after(state: UnitState, event: UnitEvent) -> UnitState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return UNIT_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A unit that is {state} cannot {event}.", state=state, event=event) from None


def rental_after(state: RentalState, event: RentalEvent) -> RentalState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return RENTAL_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A rental that is {state} cannot {event}.", state=state, event=event) from None


def unit_possible(state: UnitState, role: Role) -> list[UnitEvent]:
    """What this role may do to a unit by hand: the buttons a screen may show."""
    return [event for source, event in UNIT_MOVES if source is state and event in BY_HAND and role in STORE]


def rental_possible(state: RentalState, role: Role) -> list[RentalEvent]:
    """What this role may do to a rental: the buttons a screen may show."""
    return [event for source, event in RENTAL_MOVES if source is state and role in RENTAL_ALLOWED[event]]


def check_for_her(levels: Collection[str], level: str, *, needs_advice: bool, advised: bool) -> None:
    """Raises NotForHer. An assessor's advice stands in for a level that is not on the list."""
    if needs_advice and not advised:
        raise NotForHer("This aid needs an assessor's advice that still holds.", wants="advice")
    if levels and level not in levels and not advised:
        raise NotForHer("This aid is for other levels of ability; an assessor may advise it.", wants="level")


def rent_of(rent_cents: int, first: date, last: date, proration: Proration) -> int:
    """Cents for the days from first to last, both included, of one month."""
    if proration is Proration.MONTH:
        return rent_cents
    return half_up(rent_cents * ((last - first).days + 1), monthrange(first.year, first.month)[1])


def after_months(day: date, months: int) -> date:
    """The same day so many months later, the month's last where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def settled_deposit(held_cents: int, damage_cents: int) -> tuple[int, int]:
    """(kept, given back) of a deposit; what damage is above it, the elder owes beside it."""
    kept = min(held_cents, damage_cents)
    return kept, held_cents - kept
