"""How a price is split over sources, and which moves of money exist."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Protocol

from app.catalogue.rules import half_up
from app.errors import Conflict


class EntryKind(StrEnum):
    """发放 冻结 核销 释放 失效, and the two that mend."""

    GRANT = "grant"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    ADJUST = "adjust"
    REFUND = "refund"


class Account(StrEnum):
    """Where cents are. Free, reserved, captured and expired belong to an entitlement; purse and owed to a visit."""

    BUDGET = "budget"  # the programme's
    FREE = "free"
    RESERVED = "reserved"
    CAPTURED = "captured"  # owed to the provider, from the allowance
    EXPIRED = "expired"
    PURSE = "purse"  # the elder's own money
    OWED = "owed"  # owed to the provider, by the elder


K, A = EntryKind, Account
WAYS: Final[dict[EntryKind, frozenset[tuple[Account, Account]]]] = {
    K.GRANT: frozenset({(A.BUDGET, A.FREE)}),
    K.RESERVE: frozenset({(A.FREE, A.RESERVED)}),
    K.CAPTURE: frozenset({(A.RESERVED, A.CAPTURED), (A.PURSE, A.OWED)}),
    K.RELEASE: frozenset({(A.RESERVED, A.FREE)}),
    K.EXPIRE: frozenset({(A.FREE, A.EXPIRED)}),
    K.ADJUST: frozenset({(A.BUDGET, A.FREE), (A.FREE, A.BUDGET)}),
    K.REFUND: frozenset({(A.CAPTURED, A.FREE), (A.OWED, A.PURSE)}),
}
OF_ENTITLEMENT: Final = (A.FREE, A.RESERVED, A.CAPTURED, A.EXPIRED)  # balances kept in its row


class EntitlementUsedUp(Conflict):
    """The allowance of this month is used up."""


class GraceOver(Conflict):
    """The month of this visit is settled; what was reserved for it has expired."""


class Payable(Protocol):
    """What the ledger must know of a visit to book its money."""

    id: Any
    order_id: Any
    district_id: Any
    division_code: Any
    elder_id: Any
    provider_id: Any
    opens: Any
    allowance_cents: Any
    self_pay_cents: Any


@dataclass(frozen=True)
class Source:
    """An entitlement as it may pay: what is free, the share of a line it may pay, the aids it is for (none: all)."""

    entitlement_id: int
    program: str
    month: date
    free_cents: int
    share_percent: int = 100
    aids: tuple[str, ...] = ()


@dataclass(frozen=True)
class Part:
    """What one source pays of a line."""

    entitlement_id: int
    program: str
    cents: int


@dataclass(frozen=True)
class Split:
    """One line paid: from the sources in their order, the remainder by the elder."""

    parts: tuple[Part, ...]
    self_pay_cents: int

    @property
    def allowance_cents(self) -> int:
        """What the sources pay together."""
        return sum(part.cents for part in self.parts)


def split(cents: int, aid: str, sources: Sequence[Source]) -> Split:
    """Take from each source in turn, at most its free cents and its share of the line rounded half up."""
    left, parts = cents, []
    for source in sources:
        if source.aids and aid not in source.aids:
            continue
        take = min(left, source.free_cents, half_up(cents * source.share_percent, 100))
        if take > 0:
            parts.append(Part(source.entitlement_id, source.program, take))
            left -= take
    return Split(tuple(parts), left)


def portion(cents: Sequence[int], given: int, of: int) -> list[int]:
    """The part `given`/`of` of each amount: together exactly the whole sum's part, rounded half up, none above its own.

    Rounded along the running sum, so that a cent is neither lost nor made between two payers.
    """
    bounds, total = [0], 0
    for amount in cents:
        total += amount
        bounds.append(half_up(total * given, of))
    return [after - before for before, after in pairwise(bounds)]


def spend(sources: Sequence[Source], parts: Sequence[Part]) -> list[Source]:
    """The sources after a line was taken from them: the next line sees what is left."""
    taken = {part.entitlement_id: part.cents for part in parts}
    return [replace(source, free_cents=source.free_cents - taken.get(source.entitlement_id, 0)) for source in sources]


def eligible(excluded: Collection[str], categories: Collection[str]) -> bool:
    """Whether no category of the elder shuts them out of a programme."""
    return not set(excluded) & set(categories)
