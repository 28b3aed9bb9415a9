"""How a price is split over sources, and which moves of money exist."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Any, Final, Protocol

from app.catalogue.rules import Approval, half_up
from app.errors import Conflict


class EntryKind(StrEnum):
    """发放 冻结 核销 释放 失效, the two that mend, and the fee of what was called off too late."""

    GRANT = "grant"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    EXPIRE = "expire"
    ADJUST = "adjust"
    REFUND = "refund"
    FEE = "fee"  # of a late cancellation or change: the elder owes it to the provider
    WAIVE = "waive"  # it is not asked for


class Account(StrEnum):
    """Where cents are. Purse, owed and fees belong to a visit, budget to a programme, the rest to an entitlement."""

    BUDGET = "budget"  # the programme's
    FREE = "free"
    RESERVED = "reserved"
    CAPTURED = "captured"  # owed to the provider, from the allowance
    EXPIRED = "expired"
    CASH = "cash"  # to be paid out to the elder; no way leads there from what is for services
    PURSE = "purse"  # the elder's own money
    OWED = "owed"  # owed to the provider, by the elder
    FEES = "fees"  # owed to the provider, by the elder, for a visit that was not made


K, A = EntryKind, Account
WAYS: Final[dict[EntryKind, frozenset[tuple[Account, Account]]]] = {
    K.GRANT: frozenset({(A.BUDGET, A.FREE), (A.BUDGET, A.CASH)}),
    K.RESERVE: frozenset({(A.FREE, A.RESERVED)}),
    K.CAPTURE: frozenset({(A.RESERVED, A.CAPTURED), (A.PURSE, A.OWED)}),
    K.RELEASE: frozenset({(A.RESERVED, A.FREE)}),
    K.EXPIRE: frozenset({(A.FREE, A.EXPIRED)}),
    K.ADJUST: frozenset({(A.BUDGET, A.FREE), (A.FREE, A.BUDGET), (A.BUDGET, A.CASH), (A.CASH, A.BUDGET)}),
    K.REFUND: frozenset({(A.CAPTURED, A.FREE), (A.OWED, A.PURSE)}),
    K.FEE: frozenset({(A.PURSE, A.FEES)}),
    K.WAIVE: frozenset({(A.FEES, A.PURSE)}),
}
OWN_WAYS: Final = {  # between the elder's purse and a provider: what kind is which
    K.CAPTURE: (A.PURSE, A.OWED), K.REFUND: (A.OWED, A.PURSE), K.FEE: (A.PURSE, A.FEES), K.WAIVE: (A.FEES, A.PURSE),
}  # fmt: skip
OF_ENTITLEMENT: Final = (A.FREE, A.RESERVED, A.CAPTURED, A.EXPIRED, A.CASH)  # balances kept in its row


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


class Skipped(StrEnum):
    """Why a source pays nothing of a line."""

    AID = "aid"
    ITEM = "item"
    CANTEEN = "canteen"
    BESIDE = "beside"  # another programme pays of this line already, and the two exclude each other
    USED_UP = "used_up"
    PAID = "paid"  # those before it have paid all


@dataclass(frozen=True)
class Source:
    """An entitlement as it may pay: what is free, the most of a line, what it is for (none: all), beside whom not."""

    entitlement_id: int
    program: str
    month: date
    free_cents: int
    share_percent: int = 100
    aids: tuple[str, ...] = ()
    line_cap_cents: int | None = None
    items: tuple[str, ...] = ()
    canteens: tuple[str, ...] = ()
    not_beside: tuple[str, ...] = ()
    approval: Approval = Approval.NONE  # of orders it pays a part of

    def with_more(self, cents: int) -> "Source":
        """As if so many cents more were free: what a line that is changed holds itself."""
        return replace(self, free_cents=self.free_cents + cents)


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
    skipped: tuple[tuple[str, Skipped], ...] = field(default=(), compare=False)

    @property
    def allowance_cents(self) -> int:
        """What the sources pay together."""
        return sum(part.cents for part in self.parts)


def split(cents: int, aid: str, sources: Sequence[Source], *, item: str = "", canteen: str = "") -> Split:
    """Take from each source in turn, at most its free cents, its share of the line rounded half up, and its cap."""
    left, parts, skipped = cents, [], []
    paying: dict[str, Source] = {}
    for source in sources:
        if why := _barred(source, aid, item, canteen, paying, left):
            skipped.append((source.program, why))
            continue
        most = half_up(cents * source.share_percent, 100)
        take = min(left, source.free_cents, most if source.line_cap_cents is None else min(most, source.line_cap_cents))
        if take > 0:
            parts.append(Part(source.entitlement_id, source.program, take))
            paying[source.program] = source
            left -= take
    return Split(tuple(parts), left, tuple(skipped))


def _barred(
    source: Source, aid: str, item: str, canteen: str, paying: Mapping[str, Source], left: int
) -> Skipped | None:
    if source.aids and aid not in source.aids:
        return Skipped.AID
    if source.items and item not in source.items:
        return Skipped.ITEM
    if source.canteens and canteen not in source.canteens:
        return Skipped.CANTEEN
    if any(source.program in other.not_beside or other.program in source.not_beside for other in paying.values()):
        return Skipped.BESIDE
    if left == 0:
        return Skipped.PAID
    return None if source.free_cents else Skipped.USED_UP


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
