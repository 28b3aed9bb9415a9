"""Paying a month's visits once more under other terms: the same eligibility, the same split, other numbers."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from app.funding.rules import Source, spend, split
from app.funding.terms import Person, Terms, Verdict, judge_all

STEPS: Final = (-10_000, -5_000, -1, 0, 1, 5_000, 10_000)  # cents an elder gains: the bounds of the chart's bars


@dataclass(frozen=True)
class Line:
    """A visit that was agreed: what it cost and what it was."""

    cents: int
    aid: str
    item: str
    canteen: str = ""


@dataclass(frozen=True)
class Paid:
    """An elder's month: what each programme promised and paid, and what was left to her."""

    promised: Mapping[str, int]
    paid: Mapping[str, int]
    self_pay_cents: int

    @property
    def allowance_cents(self) -> int:
        """What the programmes paid together."""
        return sum(self.paid.values())


@dataclass
class Side:
    """Sums before or after: promised and paid by programme, paid by level and by street, self-paid."""

    promised: Counter[str] = field(default_factory=Counter)
    paid: Counter[str] = field(default_factory=Counter)
    levels: Counter[str] = field(default_factory=Counter)
    streets: Counter[str] = field(default_factory=Counter)
    self_pay_cents: int = 0

    def add(self, person: Person, paid: Paid) -> None:
        """Count an elder in."""
        self.promised.update(paid.promised)
        self.paid.update(paid.paid)
        self.levels[person.level] += paid.allowance_cents
        self.streets[person.division_code[:9]] += paid.allowance_cents
        self.self_pay_cents += paid.self_pay_cents

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return vars(self)


@dataclass
class Outcome:
    """What a change would have done to one month."""

    before: Side = field(default_factory=Side)
    after: Side = field(default_factory=Side)
    actual_cents: int = 0  # what the ledger's visits really had of the programmes: how far the replay can be trusted
    visits: int = 0
    elders: int = 0
    gaining: int = 0  # elders of whom the programmes pay more
    losing: int = 0
    newly: int = 0  # elders the changed programme did not pay for and would
    no_longer: int = 0
    bars: list[int] = field(default_factory=lambda: [0] * (len(STEPS) + 1))

    def add(self, person: Person, before: Paid, after: Paid, program: str, lines: Sequence[Line]) -> None:
        """Count an elder in."""
        self.before.add(person, before)
        self.after.add(person, after)
        self.visits += len(lines)
        self.elders += bool(lines or before.promised or after.promised)
        had, has = before.promised.get(program, 0) > 0, after.promised.get(program, 0) > 0
        self.newly += has and not had
        self.no_longer += had and not has
        change = after.allowance_cents - before.allowance_cents
        self.gaining += change > 0
        self.losing += change < 0
        if lines:
            self.bars[sum(change >= step for step in STEPS)] += 1

    def as_json(self) -> dict[str, Any]:
        """Plain values, as they are stored."""
        return {**vars(self), "before": self.before.as_json(), "after": self.after.as_json()}


def pay(person: Person, programs: Mapping[str, Terms], month: date, lines: Sequence[Line]) -> Paid:
    """An elder's month from the beginning: what she is due, then line after line as they were agreed."""
    due = [verdict for verdict in judge_all(person, programs, month) if verdict.cents + verdict.cash_cents]
    due.sort(key=lambda verdict: (programs[verdict.program].rank, verdict.program))
    sources = [source(n, verdict, programs[verdict.program], month) for n, verdict in enumerate(due)]
    paid, own = Counter[str](), 0
    for line in lines:
        shared = split(line.cents, line.aid, sources, item=line.item, canteen=line.canteen)
        sources = spend(sources, shared.parts)
        own += shared.self_pay_cents
        for part in shared.parts:
            paid[part.program] += part.cents
    return Paid({verdict.program: verdict.cents + verdict.cash_cents for verdict in due}, paid, own)


def source(number: int, verdict: Verdict, terms: Terms, month: date) -> Source:
    """What a verdict would be as an entitlement nobody has touched."""
    return Source(
        number, verdict.program, month, verdict.cents, terms.share_percent, terms.aids, verdict.line_cap_cents,
        terms.items, terms.canteens, terms.not_on_line_with,
    )  # fmt: skip
