"""The lives of contract terms, statements and disputes; what a visit is worth by contract; what is deducted."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeVar

from app.catalogue.rules import PriceLine, PriceUnit, cost, half_up
from app.errors import Conflict, IllegalMove, Refused


class ContractState(StrEnum):
    """A version of a contract's terms."""

    DRAFT = "draft"
    CHECKED = "checked"  # one supervisor has
    IN_FORCE = "in_force"  # from its first day, since a second has
    REFUSED = "refused"


class StatementState(StrEnum):
    """A provider's month (结算单)."""

    DRAFT = "draft"  # may be drawn up again
    ISSUED = "issued"  # the provider looks at it, and may dispute
    AGREED = "agreed"  # by the provider
    CHECKED = "checked"  # by one supervisor
    APPROVED = "approved"  # by a second
    LOCKED = "locked"  # paid; what was wrong comes in a later one


class DisputeState(StrEnum):
    """What a provider says is wrong."""

    OPEN = "open"
    ACCEPTED = "accepted"  # the statement is drawn up again
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


class Event(StrEnum):
    """What can happen to one of the three."""

    CHECK = "check"
    APPROVE = "approve"
    REFUSE = "refuse"
    ISSUE = "issue"
    AGREE = "agree"
    RETURN = "return"
    LOCK = "lock"
    ACCEPT = "accept"
    WITHDRAW = "withdraw"


class LineKind(StrEnum):
    """Why a line is in a statement."""

    SERVICE = "service"  # given in its month
    LATE = "late"  # given in an earlier month, verified since
    CORRECTION = "correction"  # of what an earlier statement paid
    FEE = "fee"  # of a visit called off too late: the elder owes it to the provider


class Withheld(StrEnum):
    """Why a visit of the month is not in the statement."""

    HELD = "held"  # an exception waits for a human
    APPEALED = "appealed"  # a caregiver's appeal is open
    UNFINISHED = "unfinished"  # its record is not whole
    ELDER_GONE = "elder_gone"  # verified, but the elder had died or left before (R8)
    REJECTED = "rejected"  # a human found that it does not count
    DOUBTED = "doubted"  # verified, and a photo or a telephone speaks against it since (R7, R9): a person looks first


class SampleState(StrEnum):
    """A visit that was drawn to be called back before the statement is payable."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DENIED = "denied"  # the elder says nobody came, or not so
    UNREACHED = "unreached"


class DeductionRule(StrEnum):
    """By what something is deducted; each is a function of the month's figures."""

    SHORT_VISITS = "short_visits"
    MISSED_VISITS = "missed_visits"
    CORRECTED_RECORDS = "corrected_records"
    APPRAISAL = "appraisal"
    TOO_FEW_VISITS = "too_few_visits"  # what supervision proposed and a person upheld, elder by elder


T, S, D, E = ContractState, StatementState, DisputeState, Event
TERMS_MOVES: Final[dict[tuple[ContractState, Event], ContractState]] = {
    (T.DRAFT, E.CHECK): T.CHECKED,
    (T.CHECKED, E.APPROVE): T.IN_FORCE,
    (T.DRAFT, E.REFUSE): T.REFUSED,
    (T.CHECKED, E.REFUSE): T.REFUSED,
}
MOVES: Final[dict[tuple[StatementState, Event], StatementState]] = {
    (S.DRAFT, E.ISSUE): S.ISSUED,
    (S.ISSUED, E.AGREE): S.AGREED,
    (S.ISSUED, E.CHECK): S.CHECKED,  # the time to dispute is over
    (S.AGREED, E.CHECK): S.CHECKED,
    (S.CHECKED, E.APPROVE): S.APPROVED,
    (S.APPROVED, E.LOCK): S.LOCKED,
    (S.ISSUED, E.RETURN): S.DRAFT,
    (S.AGREED, E.RETURN): S.DRAFT,
    (S.CHECKED, E.RETURN): S.DRAFT,
    (S.APPROVED, E.RETURN): S.DRAFT,
}
DISPUTE_MOVES: Final[dict[tuple[DisputeState, Event], DisputeState]] = {
    (D.OPEN, E.ACCEPT): D.ACCEPTED,
    (D.OPEN, E.REFUSE): D.REFUSED,
    (D.OPEN, E.WITHDRAW): D.WITHDRAWN,
}
DISPUTABLE: Final = frozenset({S.ISSUED})
BY_PROVIDER: Final = frozenset({E.AGREE, E.WITHDRAW})  # all else is the bureau's


State = TypeVar("State", bound=StrEnum)


class TwoPersons(Refused):
    """Two different supervisors approve; you were the first."""


class NotReady(Conflict):
    """Something is still open."""


class MayStillDispute(NotReady):
    """The provider's time to dispute is not over."""


class DisputesOpen(NotReady):
    """The provider's disputes wait for an answer."""


class DisputeAccepted(NotReady):
    """A dispute was accepted, and the statement is not drawn up again."""


class CallBacksOpen(NotReady):
    """Visits that were drawn by lot have not been asked about."""


class VisitDenied(NotReady):
    """An elder denies a visit that is to be paid."""


class ContentChanged(NotReady):
    """The content is not what was issued."""


class StatementLocked(Conflict):
    """A locked statement never changes; what was wrong comes in a later one."""


def after(moves: Mapping[tuple[State, Event], State], state: State, event: Event) -> State:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return moves[state, event]
    except KeyError:
        raise IllegalMove(f"What is {state} cannot {event}.", state=state, event=event) from None


def possible(moves: Mapping[tuple[State, Event], State], state: State, *, provider: bool) -> list[Event]:
    """The events this side may send now: the buttons a screen may show."""
    return [event for source, event in moves if source == state and (event in BY_PROVIDER) is provider]


def check_second(first_id: int | None, second_id: int) -> None:
    """Raises TwoPersons when the second person is the first."""
    if first_id == second_id:
        raise TwoPersons("You have checked this; somebody else approves it.")


# -- what a visit is worth by contract ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Terms:
    """A contract's terms as values: prices and least minutes by item code, the share called back, what is deducted."""

    version_id: int
    prices: Mapping[str, tuple[PriceUnit, int]] = field(default_factory=dict)
    least_minutes: Mapping[str, int] = field(default_factory=dict)
    sampling_percent: int = 0
    answer_days: int = 5
    deductions: Sequence[Mapping[str, Any]] = ()
    least_visits: Mapping[str, Any] = field(default_factory=dict)  # {visits, minutes, cents or percent}; none asked

    def worth(self, item_code: str, minutes: int, charged_cents: int, given: int, of: int) -> int:
        """Cents a visit is paid with: by the contract's own price where it has one, else what was charged.

        `charged_cents` is for what was given already; the contract's price is cut to the share here.
        """
        if item_code not in self.prices:
            return charged_cents
        unit, cents = self.prices[item_code]
        whole = cost(PriceLine(unit, cents, "", _EVER, None), minutes)
        return half_up(whole * given, of)


_EVER: Final[Any] = None  # a contract's price has the days of its version


# -- what is deducted --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Served:
    """A line as far as deductions ask: cents by contract, minutes given and least ones, whether it was corrected."""

    visit_id: int
    cents: int
    minutes: int | None
    least_minutes: int
    corrected: bool = False
    protected: bool = False  # an appeal is open: nothing is deducted for it


@dataclass(frozen=True)
class Figures:
    """A provider's month: what it gave, what it missed by its own fault, and the bureau's score of it (0–100)."""

    served: Sequence[Served]
    missed: int = 0
    score: int | None = None

    @property
    def cents(self) -> int:
        """What the month is worth."""
        return sum(line.cents for line in self.served)


@dataclass(frozen=True)
class Deduction:
    """What one rule takes: how many of how many, of which cents, and how much after its cap."""

    rule: DeductionRule
    counted: int
    of: int
    basis_cents: int
    cents: int
    said: Mapping[str, Any]


def short_visits(figures: Figures, said: Mapping[str, Any]) -> Deduction:
    """Visits below the contract's least minutes: a percentage of each, or cents for each."""
    open_to = [line for line in figures.served if not line.protected and line.cents > 0]
    short = [line for line in open_to if line.minutes is not None and line.minutes < line.least_minutes]
    basis = sum(line.cents for line in short)
    taken = len(short) * int(said["cents"]) if "cents" in said else half_up(basis * int(said["percent"]), 100)
    return _capped(DeductionRule.SHORT_VISITS, len(short), len(open_to), basis, min(taken, basis), figures, said)


def missed_visits(figures: Figures, said: Mapping[str, Any]) -> Deduction:
    """Visits nobody came to, above a share of all: a percentage of the month."""
    return _share(DeductionRule.MISSED_VISITS, figures.missed, len(figures.served) + figures.missed, figures, said)


def corrected_records(figures: Figures, said: Mapping[str, Any]) -> Deduction:
    """Records mended by hand, above a share of all: a percentage of the month."""
    mended = sum(line.corrected and not line.protected for line in figures.served)
    return _share(DeductionRule.CORRECTED_RECORDS, mended, len(figures.served), figures, said)


def appraisal(figures: Figures, said: Mapping[str, Any]) -> Deduction:
    """The score's band: from so many points on, so many per cent; nothing while nobody has given a score."""
    percent = 0
    if figures.score is not None:
        bands = sorted(((int(least), int(taken)) for least, taken in said["bands"]), reverse=True)
        percent = next((taken for least, taken in bands if figures.score >= least), 0)
    taken = half_up(figures.cents * percent, 100) if figures.cents > 0 else 0
    return _capped(DeductionRule.APPRAISAL, figures.score or 0, 100, figures.cents, taken, figures, said)


def _share(rule: DeductionRule, counted: int, of: int, figures: Figures, said: Mapping[str, Any]) -> Deduction:
    above = of > 0 and counted * 100 > of * int(said.get("threshold_percent", 0))
    taken = half_up(figures.cents * int(said["percent"]), 100) if above and figures.cents > 0 else 0
    return _capped(rule, counted, of, figures.cents, taken, figures, said)


def _capped(
    rule: DeductionRule, counted: int, of: int, basis: int, cents: int, figures: Figures, said: Mapping[str, Any]
) -> Deduction:
    caps = [cents, max(0, figures.cents)]
    if "cap_cents" in said:
        caps.append(int(said["cap_cents"]))
    if "cap_percent" in said:
        caps.append(half_up(max(0, figures.cents) * int(said["cap_percent"]), 100))
    return Deduction(rule, counted, of, basis, min(caps), dict(said))


RULES: Final = {
    DeductionRule.SHORT_VISITS: short_visits,
    DeductionRule.MISSED_VISITS: missed_visits,
    DeductionRule.CORRECTED_RECORDS: corrected_records,
    DeductionRule.APPRAISAL: appraisal,
}


def deductions(figures: Figures, said: Sequence[Mapping[str, Any]]) -> list[Deduction]:
    """What the rules of a contract take, one after another, together never more than the month is worth."""
    found, left = [], max(0, figures.cents)
    for one in said:
        taken = RULES[DeductionRule(one["rule"])](figures, one)
        cents = min(taken.cents, left)
        found.append(Deduction(taken.rule, taken.counted, taken.of, taken.basis_cents, cents, taken.said))
        left -= cents
    return found


# -- which visits are called back --------------------------------------------------------------------------------------


def drawn(visit_ids: Collection[int], percent: int, seed: str) -> list[int]:
    """The visits to call back, in order: whoever knows the seed, which is printed, draws the same."""
    count = -(-len(visit_ids) * percent // 100)
    return sorted(visit_ids, key=lambda one: hashlib.sha256(f"{seed}/{one}".encode()).digest())[:count]
