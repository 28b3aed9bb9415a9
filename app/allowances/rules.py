"""Words of the allowances, the lives of rules, batches, lines and recoveries, and what a rule may say."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.errors import Conflict, IllegalMove, Refused, Unreadable
from app.people.rules import AbilityLevel, Category

MOST: Final = 100_000_00  # cents a month: above it somebody has mistyped
LONGEST_BACK: Final = 24  # months a batch looks back: late applications, proofs, amended rules
DUE_SOON: Final = 60  # days before its end a proof of life is asked for


class AllowanceKind(StrEnum):
    """What is paid."""

    OLD_AGE = "old_age_allowance"  # 高龄津贴
    NURSING = "nursing_subsidy"  # 护理补贴
    SERVICE = "service_subsidy"  # 养老服务补贴


class BandStart(StrEnum):
    """From when somebody who reaches an age is paid for it."""

    BIRTHDAY_MONTH = "birthday_month"
    NEXT_MONTH = "next_month"


class LastMonth(StrEnum):
    """The last month that is paid when somebody dies or moves away."""

    SAME_MONTH = "same_month"
    MONTH_BEFORE = "month_before"


class RuleState(StrEnum):
    """The life of a rule; whether an approved one is in force, its month says."""

    DRAFT = "draft"
    APPROVED = "approved"
    DROPPED = "dropped"


class BatchState(StrEnum):
    """发放批次: from who is due to what the bank has paid."""

    DRAFTING = "drafting"  # a worker is at it
    DRAFTED = "drafted"
    CHECKED = "checked"
    APPROVED_ONCE = "approved_once"
    APPROVED = "approved"  # by two people; its lines are locked
    ISSUED = "issued"  # the bank has the list
    CLOSED = "closed"
    DROPPED = "dropped"


class BatchEvent(StrEnum):
    """What happens to a batch."""

    FINISH = "finish"
    REDRAFT = "redraft"
    CHECK = "check"
    APPROVE = "approve"
    SEND_BACK = "send_back"
    ISSUE = "issue"
    CLOSE = "close"
    DROP = "drop"


S, E = BatchState, BatchEvent
MOVES: Final[dict[tuple[BatchState, BatchEvent], BatchState]] = {
    (S.DRAFTING, E.FINISH): S.DRAFTED,
    (S.DRAFTING, E.DROP): S.DROPPED,
    (S.DRAFTED, E.REDRAFT): S.DRAFTING,
    (S.DRAFTED, E.CHECK): S.CHECKED,
    (S.DRAFTED, E.DROP): S.DROPPED,
    (S.CHECKED, E.APPROVE): S.APPROVED_ONCE,
    (S.CHECKED, E.SEND_BACK): S.DRAFTED,
    (S.APPROVED_ONCE, E.APPROVE): S.APPROVED,
    (S.APPROVED_ONCE, E.SEND_BACK): S.DRAFTED,
    (S.APPROVED, E.ISSUE): S.ISSUED,
    (S.ISSUED, E.CLOSE): S.CLOSED,
}
LISTABLE: Final = (S.APPROVED, S.ISSUED, S.CLOSED)  # what a bank may be given


class PayWay(StrEnum):
    """How the money reaches somebody; which ways a county knows, its rule says."""

    BANK = "bank"
    COUNTER = "counter"  # in cash, at a window
    DOOR = "door"  # in cash, brought home to who cannot come


class LineState(StrEnum):
    """What became of one elder's money of one month."""

    LISTED = "listed"  # to be paid
    TO_COLLECT = "to_collect"  # in cash, and nobody has signed for it yet
    HELD = "held"  # due, and not paid: its reason says why
    PAID = "paid"
    RETURNED = "returned"  # the bank could not pay it
    PAY_AGAIN = "pay_again"  # corrected; the next batch pays it
    GIVEN_UP = "given_up"  # nobody is there to be paid


class LineEvent(StrEnum):
    """What happens to a line."""

    ISSUE = "issue"
    SET_OUT = "set_out"  # as issued, but in cash
    COLLECT = "collect"
    RETURN = "return"
    TAKE_BACK = "take_back"  # it had not come back after all
    CORRECT = "correct"
    GIVE_UP = "give_up"


L, V = LineState, LineEvent
LINE_MOVES: Final[dict[tuple[LineState, LineEvent], LineState]] = {
    (L.LISTED, V.ISSUE): L.PAID,
    (L.LISTED, V.SET_OUT): L.TO_COLLECT,
    (L.TO_COLLECT, V.COLLECT): L.PAID,
    (L.TO_COLLECT, V.RETURN): L.RETURNED,
    (L.PAID, V.RETURN): L.RETURNED,
    (L.RETURNED, V.TAKE_BACK): L.PAID,
    (L.RETURNED, V.CORRECT): L.PAY_AGAIN,
    (L.RETURNED, V.GIVE_UP): L.GIVEN_UP,
}


class Why(StrEnum):
    """Why a line is in its batch."""

    REGULAR = "regular"
    BACK_PAY = "back_pay"  # of an earlier month
    AGAIN = "again"  # it came back from the bank


class Hold(StrEnum):
    """Why somebody who is due is not paid."""

    NOT_APPLIED = "not_applied"
    DUPLICATE = "duplicate"  # the same ID number elsewhere, or the same person twice
    PROOF_OVERDUE = "proof_overdue"
    NO_ACCOUNT = "no_account"


class OverpaidFor(StrEnum):
    """Why money is asked back."""

    DEATH = "death"
    MOVED_AWAY = "moved_away"
    DUPLICATE = "duplicate"
    LESS_DUE = "less_due"


class RecoveryState(StrEnum):
    """追回: the life of money asked back."""

    OPEN = "open"
    RECOVERED = "recovered"
    WAIVED = "waived"


class ReturnReason(StrEnum):
    """Why a bank sends money back."""

    WRONG_ACCOUNT = "wrong_account"
    WRONG_NAME = "wrong_name"
    CLOSED_ACCOUNT = "closed_account"
    DORMANT_ACCOUNT = "dormant_account"
    NOT_COLLECTED = "not_collected"  # cash nobody came for
    OTHER = "other"


RETURN_WORDS: Final = {  # how banks say it; the first that fits
    ReturnReason.CLOSED_ACCOUNT: ("销户", "注销", "closed"),
    ReturnReason.DORMANT_ACCOUNT: ("休眠", "久悬", "睡眠", "不动户", "冻结", "止付", "dormant", "frozen"),
    ReturnReason.WRONG_NAME: ("户名", "姓名", "名称", "name"),
    ReturnReason.WRONG_ACCOUNT: ("账号", "账户不存在", "帐号", "卡号", "无此", "account"),
}


def return_reason(words: str) -> ReturnReason:
    """Which of our reasons a bank's words are."""
    said = words.lower()
    return next((reason for reason, marks in RETURN_WORDS.items() if any(m in said for m in marks)), ReturnReason.OTHER)


class ProofWay(StrEnum):
    """How somebody was seen to be alive."""

    COUNTER = "counter"
    HOME_VISIT = "home_visit"
    VIDEO = "video"
    PHONE_FACE = "phone_face"  # a face compared on the telephone
    REGISTER = "register"  # another department's data


class BadAllowanceRule(Unreadable):
    """This rule contradicts itself."""


class RuleThere(Conflict):
    """A rule for this area begins in this month already."""


class MonthAhead(Conflict):
    """That month has not begun."""


class BatchThere(Conflict):
    """There is a batch for this month."""


class BatchUnfinished(Conflict):
    """An earlier batch has not been issued."""


class BadSchedule(Unreadable):
    """This cannot be the day on which batches are drafted."""


class NoRuleHolds(Conflict):
    """No approved rule says what is paid in this month."""


class NotListable(Conflict):
    """Two people have not approved the batch yet."""


class NotIssued(Conflict):
    """The batch is not at the bank, or is closed."""


class SameAccount(Conflict):
    """The account is still the one that the bank refused."""


class PaymentsOpen(Conflict):
    """Payments came back or wait to be collected."""


class BadRows(Conflict):
    """Some rows are no transfers of this batch."""


class NoSuchColumn(Unreadable):
    """The file lacks a column."""


class AppliedAlready(Conflict):
    """The elder has applied for this already."""


class BadAccount(Unreadable):
    """This is no account number."""


class SamePerson(Conflict):
    """Somebody else must do this."""


class BatchMoveRefused(IllegalMove):
    """The batch cannot do that now."""


class Band(BaseModel):
    """From an age on, and perhaps at one level only, so many cents a month."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_age: int = Field(ge=0, le=130)
    level: AbilityLevel | None = None
    cents: int = Field(ge=0, le=MOST)


class Terms(BaseModel):
    """What a rule says. All of it is local and differs by county."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=40)]
    band_start: BandStart = BandStart.BIRTHDAY_MONTH
    any_category: tuple[Category, ...] = ()
    no_category: tuple[Category, ...] = ()
    last_month_of_death: LastMonth = LastMonth.SAME_MONTH
    last_month_of_move: LastMonth = LastMonth.SAME_MONTH
    back_months: int = Field(0, ge=0, le=LONGEST_BACK, description="months paid before the month of application")
    proof_months: int | None = Field(12, ge=1, le=60, description="how long a proof of life lasts; none: not asked for")
    ways: Annotated[tuple[PayWay, ...], Field(min_length=1, max_length=len(PayWay))] = (PayWay.BANK,)


Area = Annotated[str, StringConstraints(pattern=r"^\d{6}(\d{3}){0,2}$")]


def check(terms: Terms, area: str, starts: date, *, district_id: int, this_month: date) -> None:
    """Raises BadAllowanceRule where a rule contradicts itself, lies elsewhere or rewrites what was long paid."""
    keys = [(band.from_age, band.level) for band in terms.bands]
    if len(set(keys)) < len(keys):
        raise BadAllowanceRule("An age and level stands there twice.", field="bands")
    if not any(band.cents for band in terms.bands):
        raise BadAllowanceRule("No band pays anything.", field="bands")
    if not area.startswith(f"{district_id:06d}"):
        raise BadAllowanceRule("That area is not in this district.", field="area")
    if starts.day != 1:
        raise BadAllowanceRule("A rule begins with a month.", field="starts")
    if abs((starts.year - this_month.year) * 12 + starts.month - this_month.month) > LONGEST_BACK:
        raise BadAllowanceRule(f"A rule begins at most {LONGEST_BACK} months from now.", field="starts")
    if set(terms.any_category) & set(terms.no_category):
        raise BadAllowanceRule("A category is asked for and excluded.", field="any_category")


def check_whole_district(area: str) -> None:
    """Rules and batches are the whole district's: who sees only some of it changes none. Raises Refused."""
    if len(area) > len("370503"):
        raise Refused("Allowances are paid for the whole district, and you see only a part of it.")


def after(state: BatchState, event: BatchEvent) -> BatchState:
    """The state that follows; raises BatchMoveRefused where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise BatchMoveRefused(f"A {state} batch cannot {event}.", state=state) from None


def line_after(state: LineState, event: LineEvent) -> LineState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return LINE_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A {state} line cannot {event}.", state=state) from None


def possible(state: BatchState, by: str, *, first_by: str | None, unsettled: int) -> list[BatchEvent]:
    """The buttons this person may press: nobody approves twice; returns and cash are settled before the end."""
    refused = {E.FINISH}
    if by == first_by:
        refused.add(E.APPROVE)
    if unsettled:
        refused.add(E.CLOSE)
    return [event for (source, event) in MOVES if source is state and event not in refused]


def line_possible(state: LineState, way: PayWay | None) -> list[LineEvent]:
    """The buttons of a line; issuing is the batch's, and what nobody came for was never paid."""
    refused = {V.ISSUE, V.SET_OUT} if way in (None, PayWay.BANK) else {V.ISSUE, V.SET_OUT, V.TAKE_BACK}
    return [event for (source, event) in LINE_MOVES if source is state and event not in refused]


def mask_account(number: str) -> str:
    """**** **** 1234."""
    return f"**** **** {number[-4:]}" if len(number) >= 8 else "****"


def check_account(number: str) -> str:
    """An account's digits; a card's last digit must fit (Luhn), a passbook's need not. Raises BadAccount."""
    digits = "".join(character for character in number if not character.isspace())
    if not digits.isascii() or not digits.isdigit() or not 8 <= len(digits) <= 30:
        raise BadAccount("A bank account has 8 to 30 digits.")
    if len(digits) == 19 and digits.startswith("62") and not luhn([int(digit) for digit in digits]):
        raise BadAccount("The check digit of this card does not fit; one digit may be mistyped.")
    return digits


def luhn(digits: Sequence[int]) -> bool:
    """ISO/IEC 7812-1: whether the last digit fits the others."""
    doubled = [digit if n % 2 == 0 else digit * 2 - 9 * (digit > 4) for n, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
