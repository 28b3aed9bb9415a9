"""Reading proposed changes of a day."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import NotFound
from app.people.tables import Caregiver
from app.places.rules import Place
from app.planning.day import caregiver_of
from app.planning.replan_rules import Changed, ChangeState, Happened
from app.planning.replan_tables import PlanChange


@dataclass(frozen=True)
class Responder:
    """Somebody who would be sent to an alarm: who, where to, and when she is free again."""

    caregiver_id: int
    place: Place
    division_code: str
    until: datetime


def get(session: Session, change_id: int, *, lock: bool = False) -> PlanChange:
    """The proposal; raises NotFound."""
    found = session.get(PlanChange, change_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such proposal.")
    return found


def about(session: Session, change_id: int) -> tuple[int, date, int | None]:
    """District, day and alarm of a proposal, read as numbers: a row read before its lock would be stale behind it."""
    row = session.execute(
        select(PlanChange.district_id, PlanChange.day, PlanChange.alarm_id).where(PlanChange.id == change_id)
    ).first()
    if row is None:
        raise NotFound("There is no such proposal.")
    return row.district_id, row.day, row.alarm_id


def changes_of(change: PlanChange) -> list[Changed]:
    """What it does, visit by visit."""
    return [Changed.of(data) for data in change.changes]


def events_of(change: PlanChange) -> list[Happened]:
    """What happened."""
    return [Happened.of(data) for data in change.events]


def of_day(session: Session, district_id: int, day: date, *, limit: int = 20) -> Sequence[PlanChange]:
    """The latest proposals of a day, newest first."""
    return session.scalars(
        select(PlanChange)
        .where(PlanChange.district_id == district_id, PlanChange.day == day)
        .order_by(PlanChange.id.desc())
        .limit(limit)
    ).all()


def open_of_day(session: Session, district_id: int, day: date) -> Sequence[PlanChange]:
    """Proposals nobody has decided, locked in one order."""
    return session.scalars(
        select(PlanChange)
        .where(
            PlanChange.district_id == district_id, PlanChange.day == day, PlanChange.state == ChangeState.PROPOSED
        )
        .order_by(PlanChange.id)
        .with_for_update()
    ).all()  # fmt: skip


def accepted(session: Session, district_id: int, day: date) -> Sequence[PlanChange]:
    """What was carried out on a day, oldest first."""
    return session.scalars(
        select(PlanChange)
        .where(
            PlanChange.district_id == district_id, PlanChange.day == day, PlanChange.state == ChangeState.ACCEPTED
        )
        .order_by(PlanChange.decided_at, PlanChange.id)
    ).all()  # fmt: skip


def expired(session: Session, *, now: datetime) -> Sequence[int]:
    """Proposals nobody decided in time; for the clock's sweep."""
    return session.scalars(
        select(PlanChange.id)
        .where(PlanChange.state == ChangeState.PROPOSED, PlanChange.expires_at <= now)
        .order_by(PlanChange.id)
    ).all()


def names(session: Session, district_id: int) -> Mapping[int, str]:
    """Caregivers by number."""
    rows = session.execute(select(Caregiver.id, Caregiver.name).where(Caregiver.district_id == district_id))
    return {row.id: row.name for row in rows}


def said(sentence: Mapping[str, str], people: Mapping[int, str]) -> dict[str, str]:
    """The library says c17; people say Liu Jie."""
    return {
        language: re.sub(r"(?<![a-zA-Z0-9])c\d+", lambda found: people.get(caregiver_of(found[0]), found[0]), words)
        for language, words in sentence.items()
    }
