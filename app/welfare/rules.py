"""Tiers and how often, what a visit tells, when the next one is due, and whom the register suggests for which tier.

Frequencies and groups are one region's rule of 2022 (domain.md 2.4, mark [1]: one source) and local everywhere else:
they are a district's versioned settings, and these values are only where it starts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app.errors import Unreadable


class RiskTier(StrEnum):
    """How much has to be feared for somebody."""

    HIGH = "high"
    KEY = "key"
    GENERAL = "general"


class WelfareWay(StrEnum):
    """How somebody was visited."""

    HOME = "home"
    PHONE = "phone"
    VIDEO = "video"


class WelfareOutcome(StrEnum):
    """What came of it; only the first is a visit that counts."""

    SEEN = "seen"  # seen or spoken to
    NO_ANSWER = "no_answer"
    REFUSED = "refused"  # she does not want to be visited
    AWAY = "away"  # somebody says where she is


class WelfareTopic(StrEnum):
    """What is asked."""

    HEALTH = "health"
    MOOD = "mood"
    FOOD = "food"
    HOME = "home"
    EQUIPMENT = "equipment"
    FAMILY = "family"


class Concern(StrEnum):
    """How it is."""

    FINE = "fine"
    CONCERN = "concern"
    URGENT = "urgent"


class Visitor(StrEnum):
    """What somebody who goes is."""

    COMMUNITY_WORKER = "community_worker"
    SOCIAL_WORKER = "social_worker"
    VOLUNTEER = "volunteer"


class Unanswered(StrEnum):
    """What follows when nobody has answered so many times."""

    TICKET = "ticket"  # on the desk, to be followed until it is closed
    ALARM = "alarm"  # the ticket, and the alarm centre rings


class BadWelfareRules(Unreadable):
    """A value is out of its bounds."""


@dataclass(frozen=True)
class WelfareRules:
    """A district's frequencies in days, what follows when nobody answers, and by when what was found is seen to."""

    every_days: Mapping[RiskTier, int] = field(
        default_factory=lambda: {RiskTier.HIGH: 7, RiskTier.KEY: 30, RiskTier.GENERAL: 90}
    )
    unanswered: Mapping[RiskTier, Unanswered] = field(
        default_factory=lambda: {
            RiskTier.HIGH: Unanswered.ALARM, RiskTier.KEY: Unanswered.TICKET, RiskTier.GENERAL: Unanswered.TICKET,
        }
    )  # fmt: skip
    tries: int = 2  # without an answer
    retry_days: int = 1  # after a try without an answer
    change_days: int = 1  # after a major change
    urgent_days: int = 1
    concern_days: int = 7
    tell_hour: int = 9  # local; from then on whoever goes is told what is overdue, once a day
    source: str = "内蒙古 2022 年探访规定（一个来源），待本地文件确认"

    def as_json(self) -> dict[str, Any]:
        """As `welfare_rules_of` reads it."""
        return {
            "every_days": {tier.value: days for tier, days in self.every_days.items()},
            "unanswered": {tier.value: what.value for tier, what in self.unanswered.items()},
            "tries": self.tries, "retry_days": self.retry_days, "change_days": self.change_days,
            "urgent_days": self.urgent_days, "concern_days": self.concern_days, "tell_hour": self.tell_hour,
            "source": self.source,
        }  # fmt: skip


BOUNDS: Final = {"tries": (1, 5), "retry_days": (1, 14), "change_days": (1, 7), "urgent_days": (1, 7),
                 "concern_days": (1, 60), "tell_hour": (6, 20)}  # fmt: skip


def welfare_rules_of(said: Mapping[str, Any]) -> WelfareRules:
    """Rules out of JSON; what is not named keeps its first setting. Raises BadWelfareRules."""
    first = WelfareRules()
    every = dict(first.every_days) | {
        RiskTier(tier): int(days) for tier, days in dict(said.get("every_days", {})).items()
    }
    if not 1 <= every[RiskTier.HIGH] <= every[RiskTier.KEY] <= every[RiskTier.GENERAL] <= 366:
        raise BadWelfareRules("A higher tier is visited at least as often as a lower one.", field="every_days")
    unanswered = dict(first.unanswered) | {
        RiskTier(tier): Unanswered(what) for tier, what in dict(said.get("unanswered", {})).items()
    }
    numbers = {name: int(said.get(name, getattr(first, name))) for name in BOUNDS}
    for name, (least, most) in BOUNDS.items():
        if not least <= numbers[name] <= most:
            raise BadWelfareRules(f"{name} is between {least} and {most}.", field=name)
    return WelfareRules(every, unanswered, **numbers, source=str(said.get("source", first.source)))


@dataclass(frozen=True)
class Told:
    """One record of an elder: when, and what came of it."""

    at: datetime
    outcome: WelfareOutcome


@dataclass(frozen=True)
class Standing:
    """How it stands with an elder: last seen, and the tries without an answer since anybody knew of her."""

    seen_at: datetime | None = None
    tries: int = 0
    tried_at: datetime | None = None


def standing(records: Iterable[Told]) -> Standing:
    """The same in whatever order records come in."""
    found = Standing()
    for one in sorted(records, key=lambda record: (record.at, record.outcome)):
        if one.outcome is WelfareOutcome.NO_ANSWER:
            found = Standing(found.seen_at, found.tries + 1, one.at)
        else:
            found = Standing(one.at if one.outcome is WelfareOutcome.SEEN else found.seen_at)
    return found


def due_on(
    rules: WelfareRules, tier: RiskTier, *, last_on: date | None, listed_on: date, tries: int = 0,
    tried_on: date | None = None, sooner_on: date | None = None,
) -> date:  # fmt: skip
    """The local day by which she is to be visited: by her tier, sooner after a try without an answer or a change."""
    days = [(last_on or listed_on) + timedelta(days=rules.every_days[tier])]
    if tries and tried_on:
        days.append(tried_on + timedelta(days=rules.retry_days))
    if sooner_on:
        days.append(sooner_on)
    return min(days)


LONELY: Final = frozenset({"living_alone", "empty_nest", "left_behind"})
SUPPORTED: Final = frozenset({"tekun", "family_planning_special"})
FRAIL: Final = frozenset({"moderate", "severe", "total"})
GRAVE: Final = ("高血压3级", "重度高血压", "心脏病", "冠心病", "心力衰竭")


def suggested(*, age: int, level: str, categories: Iterable[str], conditions: Iterable[str]) -> tuple[RiskTier, str]:
    """The tier the register speaks for and the code of the reason; a person may set another one, with hers."""
    marks = set(categories)
    if "dementia" in marks:
        return RiskTier.HIGH, "dementia"
    if age >= 80 and marks & LONELY:
        return RiskTier.HIGH, "old_and_alone"
    if any(grave in said for said in conditions for grave in GRAVE):
        return RiskTier.HIGH, "grave_illness"
    if marks & SUPPORTED:
        return RiskTier.KEY, "supported"
    if level in FRAIL:
        return RiskTier.KEY, "disabled"
    return RiskTier.GENERAL, "others"


@dataclass(frozen=True)
class Form:
    """What a visitor wrote down, cleaned: unknown topics are left out, words are cut."""

    topics: Mapping[WelfareTopic, Concern]
    wish: str
    words: str
    policy: bool  # what she is entitled to was explained
    urged: bool  # the family was told of its duty


WORDS: Final = 500


def form_of(said: Mapping[str, Any]) -> Form:
    """Out of an event's data; whatever a phone sends, a form comes of it."""
    given = said.get("topics")
    topics = given if isinstance(given, Mapping) else {}
    return Form(
        {topic: Concern(level) for topic in WelfareTopic if (level := str(topics.get(topic))) in set(Concern)},
        str(said.get("wish") or "")[:WORDS].strip(), str(said.get("words") or "")[:WORDS].strip(),
        said.get("policy") is True, said.get("urged") is True,
    )  # fmt: skip
