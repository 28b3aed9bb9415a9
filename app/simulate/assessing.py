"""Assessments behind the elders: forms whose answers really give the level each elder has, earlier ones, some open."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.access.tables import User
from app.assessments import queries, scale
from app.assessments.rules import AssessmentKind, AssessmentState, RiskEvent, Source, Standard, Venue, due_on
from app.assessments.scale import LEAST_POINTS, LEVELS, MOST, Conditions
from app.assessments.tables import Assessment, AssessmentRequest, AssessmentTerm, LevelChange
from app.db import transaction
from app.history import History
from app.people.rules import AbilityLevel, Category, Register
from app.people.tables import Elder

MONTHS: Final = 12
HARD: Final = {  # how soon an item is lost: the stairs long before one's own name
    "bathing": 5, "stairs": 6, "transport": 6, "daily_affairs": 5, "walking": 3, "dressing_lower": 3, "toileting": 2.5,
    "memory": 3, "social_contact": 2.5, "grooming": 2, "dressing_upper": 2, "bed_chair_transfer": 2, "vision": 2,
    "hearing": 2, "time_orientation": 2, "depression": 1.5, "bladder_control": 1.5, "bed_positioning": 1.2,
    "place_orientation": 1, "comprehension": 1, "expression": 1, "bowel_control": 1, "aggression": 0.6, "eating": 0.7,
    "person_orientation": 0.6, "consciousness": 0.2,
}  # fmt: skip
POINTS: Final = [(item, 1 / HARD[item]) for item, most in MOST.items() for _ in range(most)]
KEEP_LEVEL_DAYS: Final = 62  # the months that are already paid for were paid by this level
OLDER: Final = ((0, AbilityLevel.INTACT), (1, AbilityLevel.MILD), (2, AbilityLevel.MODERATE), (3, AbilityLevel.SEVERE))
WORRIES: Final = ("半月内跌倒两次，下床要人扶", "近一周认不清家人", "出院后一直卧床", "女儿认为等级偏轻，申请复评")


@dataclass(frozen=True)
class Found:
    """One form as it was filled."""

    answers: dict[str, Any]
    result: scale.Result


def behind(rng: random.Random, district_id: int, *, now: datetime) -> int:
    """A valid assessment for every elder on purchased service, and work for the assessors; the answer is how many."""
    with transaction() as session:
        pair = session.scalars(
            select(User.id).where(User.district_id == district_id, User.role == Role.ASSESSOR).order_by(User.id)
        ).all()[:2]
        today = calendar.day_of(now)
        since = date(today.year - 2, 1, 1)
        session.add(AssessmentTerm(district_id=district_id, level=None, months=MONTHS, starts=since))
        elders = session.scalars(
            select(Elder)
            .where(Elder.district_id == district_id, Elder.register == Register.PURCHASED_SERVICE)
            .order_by(Elder.id)
        ).all()
        for first in range(0, len(elders), 500):
            _write(session, rng, elders[first : first + 500], pair, today)
        _open(session, rng, elders, pair, now=now)
        session.info.pop("notices", None)
        return len(elders)


def _write(
    session: Session, rng: random.Random, elders: Sequence[Elder], pair: Sequence[int], today: date
) -> None:  # fmt: skip
    rows: list[Assessment] = []
    changes: list[tuple[Assessment, Assessment]] = []
    for elder in elders:
        on = today - timedelta(days=rng.randint(4, 372))
        recent = (today - on).days <= KEEP_LEVEL_DAYS
        valid = _row(rng, elder, elder.level, on, pair)
        if recent or rng.random() < 0.4:
            valid.kind = AssessmentKind.REGULAR
            better = not recent and elder.level is not AbilityLevel.INTACT and rng.random() < 0.35
            level = LEVELS[LEVELS.index(elder.level) - better]
            earlier = _row(rng, elder, level, on - timedelta(days=rng.randint(330, 380)), pair, answers=valid.answers)
            earlier.state = AssessmentState.SUPERSEDED
            rows.append(earlier)
            if better:
                valid.kind = rng.choice((AssessmentKind.REGULAR, AssessmentKind.IMMEDIATE))
                changes.append((earlier, valid))
        if rng.random() < 0.12:
            rows.append(_older(rng, elder, on, pair))
        rows.append(valid)
    session.add_all(rows)
    session.flush()
    session.add_all(_change(earlier, later) for earlier, later in changes)
    session.add_all(
        History(
            district_id=row.district_id, at=row.published_at, by="simulate", subject="assessments", subject_id=row.id,
            event="imported", after=row.state,
        )
        for row in rows
    )  # fmt: skip
    session.flush()


def _row(
    rng: random.Random,
    elder: Elder,
    level: AbilityLevel,
    on: date,
    pair: Sequence[int],
    *,
    answers: dict[str, Any] | None = None,
) -> Assessment:
    found = filled(rng, level, demented=Category.DEMENTIA in elder.categories, like=answers)
    signed = calendar.at(on, time(rng.randint(9, 16), rng.randrange(60)))
    first, second = pair if rng.random() < 0.6 else reversed(pair)
    return Assessment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id,
        standard=Standard.GBT_42195, kind=AssessmentKind.FIRST, state=AssessmentState.PUBLISHED, assessed_on=on,
        venue=rng.choices((Venue.HOME, Venue.COMMUNITY, Venue.HOSPITAL), (8, 3, 0.3))[0], first_assessor_id=first,
        second_assessor_id=second, first_signed_at=signed, second_signed_at=signed + timedelta(minutes=7),
        published_at=signed + timedelta(hours=26), answers=found.answers,
        result={"score": found.result.score, "reasons": [str(reason) for reason in found.result.reasons]},
        initial_level=found.result.initial_level, final_level=found.result.final_level, due_on=due_on(on, MONTHS),
    )  # fmt: skip


def filled(rng: random.Random, level: AbilityLevel, *, demented: bool, like: dict[str, Any] | None = None) -> Found:
    """A form that gives this level by the scale itself; `like` a later one of the same person, a few points apart."""
    best = level is AbilityLevel.INTACT
    coma = level is AbilityLevel.TOTAL and not like and rng.random() < 0.03
    disorder, fallen = not best and rng.random() < 0.02, not best and rng.random() < 0.05
    condition = Conditions(coma, demented and not best, disorder, rng.randint(2, 3) if fallen else rng.random() < 0.08)
    initial = LEVELS[LEVELS.index(level) - bool(not coma and condition.reasons())]
    if level is AbilityLevel.TOTAL and condition.reasons() and rng.random() < 0.5:
        initial = level
    items = dict.fromkeys(MOST, 0) if coma else _scoring(rng, _points(rng, initial, like), like)
    result = scale.assess(items, condition)
    assert result.final_level is level
    source = rng.choices((Source.FAMILY, Source.SELF, Source.CARER, Source.COMMUNITY_WORKER), (5, 4, 2, 1))[0]
    answers = {
        "items": items, "coma": coma, "dementia": condition.dementia, "other_mental_disorder": disorder,
        "risk_events": _events(rng, condition.risk_events_30d), "source": source, "source_name": "", "note": "",
    }  # fmt: skip
    return Found(answers, result)


def _points(rng: random.Random, level: AbilityLevel, like: dict[str, Any] | None) -> int:
    """A score in the level's band; people are seldom at its very end, and change by a few points in a year."""
    at = LEVELS.index(level)
    least, most = LEAST_POINTS[at][1], 90 if at == 0 else LEAST_POINTS[at - 1][1] - 1
    if like is None or at == 0:
        return round(rng.triangular(max(least, 4), most, (least + 2 * most) / 3))
    near: int = sum(like["items"].values()) + rng.randint(0, 6)
    return min(most, max(least, near))


def _scoring(rng: random.Random, points: int, like: dict[str, Any] | None) -> dict[str, int]:
    """Items of so many points, the hard ones lost first; near to a given form where there is one."""
    if like is None:
        order = sorted(POINTS, key=lambda point: rng.random() ** point[1])
        kept = [item for item, _ in order[:points]]
        return {item: kept.count(item) for item in MOST}
    items: dict[str, int] = dict(like["items"])
    short = points - sum(items.values())
    step = 1 if short > 0 else -1
    while short:
        item = rng.choice(list(MOST))
        if 0 <= items[item] + step <= MOST[item]:
            items[item] += step
            short -= step
    return items


def _events(rng: random.Random, count: int) -> dict[str, int]:
    kinds = rng.choices((RiskEvent.FALL, RiskEvent.CHOKING, RiskEvent.LOST), (7, 2, 1), k=count)
    return {str(kind): kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _older(rng: random.Random, elder: Elder, on: date, pair: Sequence[int]) -> Assessment:
    number = min(LEVELS.index(elder.level), 3)
    given, level = OLDER[max(0, number - (rng.random() < 0.5))]
    day = on - timedelta(days=rng.randint(800, 1500))
    return Assessment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id,
        standard=Standard.MZT_039, kind=AssessmentKind.OTHER, state=AssessmentState.PUBLISHED, assessed_on=day,
        first_assessor_id=pair[0], answers={}, level_given=str(given), final_level=level, counts=False,
        assessed_by="河口区评估中心", note="旧标准结果，仅留存", published_at=calendar.at(day, time(10)),
    )  # fmt: skip


def _change(earlier: Assessment, later: Assessment) -> LevelChange:
    assert earlier.final_level and later.final_level and later.published_at
    return LevelChange(
        district_id=later.district_id, division_code=later.division_code, elder_id=later.elder_id,
        assessment_id=later.id, before=earlier.final_level, after=later.final_level, by="simulate",
        effective_on=calendar.day_of(later.published_at), at=later.published_at,
    )  # fmt: skip


def _open(session: Session, rng: random.Random, elders: Sequence[Elder], pair: Sequence[int], *, now: datetime) -> None:
    """What lies on the assessors' desk this morning: asked for, half filled, waiting to be published."""
    some = rng.sample(list(elders), min(len(elders) // 8, 7))
    asked, begun = some[:4], some[4:]
    for elder, worry in zip(asked, WORRIES, strict=False):
        session.add(
            AssessmentRequest(
                district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, reason=worry,
                kind=AssessmentKind.REVIEW if "复评" in worry else AssessmentKind.IMMEDIATE, asked_by="赵敏 (zhaomin)",
                asked_at=now - timedelta(hours=rng.randint(2, 60)),
            )
        )  # fmt: skip
    for number, elder in enumerate(begun):
        valid = queries.valid_of(session, elder.id)
        row = _row(rng, elder, elder.level, calendar.day_of(now), pair, answers=valid.answers if valid else None)
        row.kind, row.first_assessor_id, row.second_assessor_id = AssessmentKind.REGULAR, pair[0], pair[1]
        row.first_signed_at, row.second_signed_at = now - timedelta(minutes=40), now - timedelta(minutes=20)
        row.state, row.published_at, row.due_on = AssessmentState.SIGNED, None, None
        if number:  # one waits for the second signature, the others are half filled
            row.state = AssessmentState.DRAFT
            row.result = row.initial_level = row.final_level = row.second_signed_at = None
        if number > 1:
            row.first_signed_at, row.second_assessor_id = None, None
            row.answers |= {"items": dict(list(row.answers["items"].items())[:15])}
        session.add(row)
    session.flush()
