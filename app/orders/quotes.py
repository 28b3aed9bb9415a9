"""What a wish would cost and who would pay: plain values and the rules between them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from app.catalogue.rules import Approval, strictest
from app.funding.rules import Source, Split, spend, split


@dataclass(frozen=True)
class Wish:
    """One visit somebody asks for: it starts between these moments; minutes None: the item's own."""

    opens: datetime
    closes: datetime
    minutes: int | None = None


@dataclass(frozen=True)
class Bill:
    """What must be paid for one visit, in the month whose allowance pays it."""

    opens: datetime
    closes: datetime
    minutes: int
    caregivers: int
    month: date
    cents: int
    canteen: str = ""


@dataclass(frozen=True)
class QuoteLine:
    """A bill and who pays it."""

    bill: Bill
    split: Split


@dataclass(frozen=True)
class Quote:
    """All visits of an order, in the order of time."""

    lines: tuple[QuoteLine, ...]
    approval: Approval = Approval.NONE  # what the item or a programme that pays wants

    @property
    def price_cents(self) -> int:
        """All of it."""
        return sum(line.bill.cents for line in self.lines)

    @property
    def allowance_cents(self) -> int:
        """What the allowances pay."""
        return sum(line.split.allowance_cents for line in self.lines)

    @property
    def self_pay_cents(self) -> int:
        """What the elder pays."""
        return sum(line.split.self_pay_cents for line in self.lines)

    def as_facts(self) -> dict[str, Any]:
        """For the problem document of a quote that changed."""
        return {
            "price_cents": self.price_cents,
            "allowance_cents": self.allowance_cents,
            "self_pay_cents": self.self_pay_cents,
        }


def quote(
    bills: Iterable[Bill], aid: str, sources: Mapping[date, Sequence[Source]], *, item: str = "",
    approval: Approval = Approval.NONE,
) -> Quote:  # fmt: skip
    """Earlier visits take first; each month's allowance pays that month's visits only. `approval` is the item's."""
    left = {month: list(of_month) for month, of_month in sources.items()}
    wants = {source.entitlement_id: source.approval for of_month in sources.values() for source in of_month}
    lines, wanted = [], [approval]
    for bill in sorted(bills, key=lambda bill: bill.opens):
        paid = split(bill.cents, aid, left.get(bill.month, []), item=item, canteen=bill.canteen)
        left[bill.month] = spend(left.get(bill.month, []), paid.parts)
        lines.append(QuoteLine(bill, paid))
        wanted += [wants[part.entitlement_id] for part in paid.parts]
    return Quote(tuple(lines), strictest(wanted))
