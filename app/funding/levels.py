"""A new level of ability in a month that runs: programmes whose version says «at once» pay by it from the day it holds.

Every other programme keeps the month as it was promised; what is granted in advance follows with the next run.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.assessments.tables import LevelChange as Changed
from app.catalogue.rules import half_up
from app.db import notice
from app.funding import actions, programs
from app.funding.granting import CLOCK
from app.funding.rules import Account
from app.funding.tables import Entitlement, Program, ProgramVersion
from app.funding.terms import LevelChange, Scale, Terms, age_in, last_of, served_days
from app.people import queries as people
from app.people.tables import Elder

REASON: Final = "the level of ability has changed"
_at_once: Final = (
    (ProgramVersion.terms["level_change"].as_string() == LevelChange.AT_ONCE)
    & (ProgramVersion.terms["scale"].as_string() == Scale.ABILITY)
)  # fmt: skip


def behind(session: Session, *, now: datetime) -> Sequence[int]:
    """Elders whose month was granted for another level than they have, by a programme that follows at once."""
    return session.scalars(
        select(Elder.id)
        .join(Entitlement, Entitlement.elder_id == Elder.id)
        .join(ProgramVersion, ProgramVersion.id == Entitlement.version_id)
        .where(Entitlement.month == calendar.month_of(now), Entitlement.level != Elder.level, _at_once)
        .distinct()
        .order_by(Elder.id)
    ).all()


def catch_up(session: Session, elder_id: int, *, now: datetime) -> int:
    """The month that runs, by the new level; answers the cents more (or less). Bears repetition.

    The whole month's amount, or with `pro_rata` by the days served since the level holds. What is reserved or spent
    stays: of a smaller amount only what is free goes back.
    """
    month, moved = calendar.month_of(now), 0
    elder = people.get(session, elder_id)
    rows = session.execute(
        select(Entitlement, ProgramVersion.terms, Program.code)
        .join(ProgramVersion, ProgramVersion.id == Entitlement.version_id)
        .join(Program, Program.id == Entitlement.program_id)
        .where(Entitlement.elder_id == elder.id, Entitlement.month == month, Entitlement.level != elder.level, _at_once)
        .order_by(Entitlement.id)
        .with_for_update(of=Entitlement)
        .execution_options(populate_existing=True)
    ).all()
    person = programs.person(session, elder, month)
    for row, said, code in rows:
        terms, since = Terms(**said), _since(session, elder, month)
        of_days = last_of(month).day
        part = of_days
        if terms.pro_rata:  # days in hospital are paid by no level where they stop the programme
            on_list = person.enrolled.get(code) if terms.enrolled else None
            part = served_days(person, terms, on_list, month, since=since)
        more = [
            half_up(after * part, of_days) - half_up(before * part, of_days)
            for before, after in zip(terms.of_level(row.level), terms.of_level(elder.level), strict=True)
        ]
        row.level, row.line_cap_cents = elder.level, terms.line_cap(age_in(elder.born, month))
        session.flush()
        held = ((Account.FREE, row.free_cents), (Account.CASH, row.cash_cents))
        for (account, free), cents in zip(held, more, strict=True):
            gain = max(cents, -free)
            moved += actions.settle_account(session, row.id, account, -gain, by=CLOCK, now=now, reason=REASON)
    notice(session, elder.district_id, f"entitlements/{elder.id}")
    return moved


def _since(session: Session, elder: Elder, month: date) -> date:
    """The day from which she has her level, not before the month began."""
    found = session.scalar(
        select(Changed.effective_on)
        .where(Changed.elder_id == elder.id, Changed.district_id == elder.district_id, Changed.after == elder.level)
        .order_by(Changed.at.desc())
        .limit(1)
    )
    return max(found or month, month)
