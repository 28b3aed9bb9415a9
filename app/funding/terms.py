"""What a programme says in one of its versions: whom it pays for, how much, which lines, beside which others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.catalogue.rules import AidCategory, Approval, half_up
from app.errors import Conflict, IllegalMove, Unreadable
from app.people.life_rules import ENDING, Away, LifeKind
from app.people.rules import AbilityLevel, Category, Register

LTCI_LEVELS: Final = ("1", "2", "3", "4", "5")  # 长护险: light, middle, severe I, II, III
MOST: Final = 100_000_00  # cents a month: above it somebody has mistyped


class ProgramKind(StrEnum):
    """Whose money it is."""

    DISTRICT = "district"  # 政府购买服务
    VOUCHER = "voucher"  # 养老服务消费补贴
    MEAL = "meal"  # 助餐补贴
    LTCI = "ltci"  # 长护险
    CASH_SERVICE = "cash_service"  # 货币+服务


class TermsState(StrEnum):
    """The life of a version; whether an approved one is in force, its month says."""

    DRAFT = "draft"
    APPROVED = "approved"
    DROPPED = "dropped"


class TermsEvent(StrEnum):
    """What happens to a version."""

    APPROVE = "approve"
    DROP = "drop"


MOVES: Final[dict[tuple[TermsState, TermsEvent], TermsState]] = {
    (TermsState.DRAFT, TermsEvent.APPROVE): TermsState.APPROVED,
    (TermsState.DRAFT, TermsEvent.DROP): TermsState.DROPPED,
}


class Scale(StrEnum):
    """Whose levels the amounts are for."""

    ABILITY = "ability"
    LTCI = "ltci"


class LevelChange(StrEnum):
    """From when a new level of ability gives its amount."""

    NEXT_MONTH = "next_month"  # the month that runs was promised as it is
    AT_ONCE = "at_once"


class BadTerms(Unreadable):
    """These terms contradict themselves."""


class SamePerson(Conflict):
    """A second person approves what the first has written."""


class VersionMoveRefused(IllegalMove):
    """The version cannot do that now."""


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]
Prefix = Annotated[str, StringConstraints(pattern=r"^\d{6}(\d{3}){0,2}$")]
Cents = Annotated[int, Field(ge=0, le=MOST)]
Age = Annotated[int, Field(ge=0, le=130)]


class AgeBand(BaseModel):
    """From this age on, the most that is paid of one line, in cents."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    from_age: Age
    cents: Cents


class Terms(BaseModel):
    """One version of a programme. An empty list of aids, items, canteens or divisions means all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rank: int = Field(1, ge=1, le=99, description="the order in which programmes pay: 1 first")
    scale: Scale = Scale.ABILITY
    amounts: dict[Code, Cents] = Field(default_factory=dict, description="cents a month by level")
    cash: dict[Code, Cents] = Field(default_factory=dict, description="cents of the cash part by level")
    share_percent: int = Field(100, ge=1, le=100, description="the most it pays of one line")
    line_cap_cents: Cents | None = Field(None, description="the most it pays of one line")
    bands: tuple[AgeBand, ...] = Field((), max_length=12, description="the most of one line by age")
    aids: tuple[AidCategory, ...] = ()
    items: tuple[Code, ...] = Field((), max_length=200)
    canteens: tuple[Code, ...] = Field((), max_length=500)
    registers: tuple[Register, ...] = (Register.PURCHASED_SERVICE,)
    min_age: Age | None = None
    max_age: Age | None = None
    any_category: tuple[Category, ...] = ()
    no_category: tuple[Category, ...] = ()
    divisions: tuple[Prefix, ...] = Field((), max_length=500)
    enrolled: bool = Field(False, description="only who stands on the programme's list")
    not_with: tuple[Code, ...] = Field((), max_length=20, description="nothing for who has one of these programmes")
    not_on_line_with: tuple[Code, ...] = Field((), max_length=20, description="not on a line one of these pays")
    stopped_by: tuple[LifeKind, ...] = Field((), description="besides a death or a move")
    pro_rata: bool = Field(False, description="a month that is broken is paid by its days")
    level_change: LevelChange = Field(LevelChange.NEXT_MONTH, description="from when a new level gives its amount")
    approval: Approval = Field(Approval.NONE, description="who allows each order it pays a part of")

    def line_cap(self, age: int) -> int | None:
        """The most of one line at an age: its band, else the general cap."""
        reached = [band.cents for band in sorted(self.bands, key=lambda band: band.from_age) if band.from_age <= age]
        return reached[-1] if reached else (0 if self.bands and self.line_cap_cents is None else self.line_cap_cents)

    def of_level(self, level: str | None) -> tuple[int, int]:
        """(service, cash) cents a month; TOTAL without a line of its own is SEVERE."""
        if level == AbilityLevel.TOTAL and level not in self.amounts and level not in self.cash:
            level = AbilityLevel.SEVERE
        return self.amounts.get(level or "", 0), self.cash.get(level or "", 0)

    @property
    def stops(self) -> frozenset[LifeKind]:
        """What ends or interrupts it; who is dead or gone is served by none."""
        return frozenset(self.stopped_by) | ENDING


def check(terms: Terms, kind: ProgramKind, code: str, others: Mapping[str, Terms]) -> None:
    """Raises BadTerms with the field and what is wrong; `others` are the programmes in force beside it."""
    levels = LTCI_LEVELS if terms.scale is Scale.LTCI else tuple(AbilityLevel)
    problems = [
        (field, why)
        for wrong, field, why in (
            (not any(terms.amounts.values()) and not any(terms.cash.values()), "amounts", "no level gets anything"),
            (not set(terms.amounts) | set(terms.cash) <= set(levels), "amounts", "a level this scale does not have"),
            (any(terms.cash.values()) and kind is not ProgramKind.CASH_SERVICE, "cash", "for cash and service only"),
            (terms.scale is Scale.LTCI and not terms.enrolled, "enrolled", "the levels come with its list"),
            (
                terms.min_age is not None and terms.max_age is not None and terms.min_age > terms.max_age,
                "max_age", "less than the least age",
            ),
            (len({band.from_age for band in terms.bands}) < len(terms.bands), "bands", "an age stands there twice"),
            (bool(set(terms.any_category) & set(terms.no_category)), "no_category", "asked for and shut out"),
            (not terms.registers, "registers", "nobody is in none"),
            (code in terms.not_with or code in terms.not_on_line_with, "not_with", "a programme cannot exclude itself"),
            (
                not set(terms.not_with) | set(terms.not_on_line_with) <= set(others), "not_with",
                "a programme that does not exist",
            ),
        )
        if wrong
    ]  # fmt: skip
    if not problems:
        try:
            in_order({**others, code: terms})
        except BadTerms as error:
            problems.append(("not_with", error.detail))
    if problems:
        raise BadTerms("; ".join(f"{field}: {why}" for field, why in problems), fields=dict(problems))


def in_order(programs: Mapping[str, Terms]) -> list[str]:
    """The codes so that what excludes comes before what it excludes, else by rank; raises BadTerms on a circle."""
    order: list[str] = []
    left = dict(sorted(programs.items(), key=lambda one: (one[1].rank, one[0])))
    while left:
        ready = [code for code, terms in left.items() if not set(terms.not_with) & set(left)]
        if not ready:
            raise BadTerms("the programmes exclude each other in a circle")
        order.append(ready[0])
        del left[ready[0]]
    return order


def version_after(state: TermsState, event: TermsEvent) -> TermsState:
    """The state that follows; raises VersionMoveRefused."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise VersionMoveRefused(f"A version that is {state} cannot {event}.", state=state) from None


# -- who gets what, and why -------------------------------------------------------------------------------------------


class EligibilityRule(StrEnum):
    """What was looked at; the words are in the locale files."""

    REGISTER = "register"
    LEVEL = "level"
    AGE = "age"
    ANY_CATEGORY = "any_category"
    NO_CATEGORY = "no_category"
    DIVISION = "division"
    ENROLLED = "enrolled"
    NOT_WITH = "not_with"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Enrolled:
    """From when to when somebody is on a programme's list, with the level the list gives."""

    starts: date
    ends: date | None = None
    level: str | None = None

    def holds(self, first: date, last: date) -> bool:
        """Whether it touches these days."""
        return self.starts <= last and (self.ends is None or self.ends >= first)


@dataclass(frozen=True)
class Person:
    """What programmes ask of an elder."""

    level: str
    register: Register
    born: date
    division_code: str
    categories: Sequence[str] = ()
    enrolled: Mapping[str, Enrolled] = field(default_factory=dict)  # by programme
    away: Sequence[Away] = ()


@dataclass(frozen=True)
class Finding:
    """One rule, what it wants and what was found."""

    rule: EligibilityRule
    holds: bool
    wanted: Any
    found: Any


@dataclass(frozen=True)
class Verdict:
    """What one programme gives an elder for one month, and why."""

    program: str
    findings: tuple[Finding, ...]
    level: str | None
    cents: int
    cash_cents: int
    line_cap_cents: int | None
    days: int
    of_days: int

    @property
    def eligible(self) -> bool:
        """Whether there is anything for her."""
        return all(finding.holds for finding in self.findings)


def last_of(month: date) -> date:
    """The last day of a month."""
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def age_in(born: date, month: date) -> int:
    """Full years reached by the end of the month: who turns eighty in it counts as eighty."""
    last = last_of(month)
    return last.year - born.year - ((last.month, last.day) < (born.month, born.day))


def served_days(person: Person, terms: Terms, on_list: Enrolled | None, month: date, *, since: date = date.min) -> int:
    """Days of the month, from a day on, on which the elder is there and, where a list is asked for, on it."""
    last = last_of(month)
    first = max(month, since, on_list.starts if on_list else month)
    until = min(last, on_list.ends or last) if on_list else last
    stops = [event for event in person.away if event.kind in terms.stops]
    days = (first + timedelta(days=n) for n in range((until - first).days + 1))
    return sum(not any(_off(event, day) for event in stops) for day in days)


def _off(event: Away, day: date) -> bool:
    return event.first_day_off <= day and (event.last_day_off is None or day <= event.last_day_off)


def of_days(terms: Terms, level: str, person: Person, code: str, month: date) -> tuple[int, int]:
    """(service, cash) cents of a level for the days of a month that are served: by the day where the terms say so."""
    days, whole = (
        served_days(person, terms, person.enrolled.get(code) if terms.enrolled else None, month),
        last_of(month).day,
    )
    part = (days if terms.pro_rata else whole) if days else 0
    service, cash = terms.of_level(level)
    return half_up(service * part, whole), half_up(cash * part, whole)


def judge(person: Person, code: str, terms: Terms, month: date, *, has: Iterable[str] = ()) -> Verdict:
    """Every rule of a version, held against an elder; `has` are the programmes that pay for her already."""
    on_list = person.enrolled.get(code)
    if on_list and not on_list.holds(month, last_of(month)):
        on_list = None
    level = (
        on_list.level if terms.scale is Scale.LTCI and on_list else None if terms.scale is Scale.LTCI else person.level
    )
    cents, cash = terms.of_level(level)
    age = age_in(person.born, month)
    of_days = last_of(month).day
    days = served_days(person, terms, on_list if terms.enrolled else None, month)
    shut_out, beside = set(terms.no_category) & set(person.categories), set(terms.not_with) & set(has)
    told: list[tuple[EligibilityRule, bool, Any, Any]] = [
        (EligibilityRule.REGISTER, person.register in terms.registers, list(terms.registers), person.register),
        (EligibilityRule.LEVEL, cents + cash > 0, [*dict.fromkeys([*terms.amounts, *terms.cash])], level),
    ]
    if terms.min_age is not None or terms.max_age is not None:
        fits = (terms.min_age or 0) <= age <= (terms.max_age if terms.max_age is not None else 999)
        told.append((EligibilityRule.AGE, fits, [terms.min_age, terms.max_age], age))
    if terms.any_category:
        have = set(terms.any_category) & set(person.categories)
        told.append((EligibilityRule.ANY_CATEGORY, bool(have), list(terms.any_category), sorted(have)))
    if terms.no_category:
        told.append((EligibilityRule.NO_CATEGORY, not shut_out, list(terms.no_category), sorted(shut_out)))
    if terms.divisions:
        here = person.division_code.startswith(terms.divisions)
        told.append((EligibilityRule.DIVISION, here, list(terms.divisions), person.division_code))
    if terms.enrolled:
        told.append((EligibilityRule.ENROLLED, on_list is not None, None, str(on_list.starts) if on_list else None))
    if terms.not_with:
        told.append((EligibilityRule.NOT_WITH, not beside, list(terms.not_with), sorted(beside)))
    told.append(
        (EligibilityRule.STOPPED, days > 0, sorted(terms.stops), [(e.kind, str(e.starts)) for e in person.away])
    )
    findings = tuple(Finding(*one) for one in told)
    good = all(finding.holds for finding in findings)
    part = days if terms.pro_rata else of_days
    return Verdict(
        code, findings, level, half_up(cents * part, of_days) if good else 0,
        half_up(cash * part, of_days) if good else 0, terms.line_cap(age), days, of_days,
    )  # fmt: skip


def judge_all(person: Person, programs: Mapping[str, Terms], month: date) -> list[Verdict]:
    """All programmes of a month in the order in which they exclude each other."""
    verdicts: list[Verdict] = []
    for code in in_order(programs):
        has = [verdict.program for verdict in verdicts if verdict.eligible]
        verdicts.append(judge(person, code, programs[code], month, has=has))
    return verdicts


@dataclass(frozen=True)
class Difference:
    """A field that two versions do not share."""

    field: str
    before: Any
    after: Any

    @classmethod
    def between(cls, before: Terms, after: Terms) -> list[Self]:
        """What changes from one version to the next."""
        old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
        return [cls(name, old[name], new[name]) for name in old if old[name] != new[name]]
