"""Rules, recipients and batches with sensible defaults."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.allowances import actions, drafting, queries, recipients
from app.allowances.rules import AllowanceKind, Band, BatchState, Terms
from app.allowances.tables import PayoutBatch, PayoutLine, Recovery
from app.db import transaction
from app.people.life_rules import LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.tables import Elder
from tests.cast import DISTRICT, an_elder
from tests.conftest import MORNING

OLD_AGE = AllowanceKind.OLD_AGE
BANDS = (Band(from_age=80, cents=100_00), Band(from_age=90, cents=200_00), Band(from_age=100, cents=600_00))
CARD = "6222021234567890"


def a_rule(session: Session, *, starts: date = date(2026, 1, 1), area: str = str(DISTRICT), **terms: Any) -> None:
    """100, 200 and 600 yuan from 80, 90 and 100, approved by a second person."""
    said = Terms(**({"bands": BANDS} | terms))
    row = actions.draft_rule(
        session, district_id=DISTRICT, kind=OLD_AGE, area=area, starts=starts, terms=said, note="区政府文件",
        by="王主任", now=MORNING,
    )  # fmt: skip
    actions.approve_rule(session, row.id, by="李主任", now=MORNING)


def a_recipient(
    session: Session, *, born: date = date(1944, 3, 8), applied_on: date = date(2026, 1, 5), account: bool = True,
    **given: Any,
) -> Elder:  # fmt: skip
    """She has applied and said where the money goes."""
    elder = an_elder(session, born=born, **given)
    recipients.apply_for(session, elder, OLD_AGE, applied_on=applied_on, by="test", now=MORNING)
    if account:
        recipients.set_payee(
            session, elder, holder=elder.name, bank="农商银行", account=f"{CARD}{elder.id:05d}", by="test", now=MORNING
        )
    return elder


def told(session: Session, elder: Elder, kind: LifeKind, starts: date) -> LifeEvent:
    """A death or a move."""
    event = LifeEvent(
        district_id=DISTRICT, division_code=elder.division_code, elder_id=elder.id, kind=kind, starts=starts,
        source=LifeSource.COMMUNITY, told_by="test", told_at=MORNING,
    )  # fmt: skip
    session.add(event)
    session.flush()
    return event


def drafted(month: date, *, now: datetime = MORNING) -> int:
    """A batch of the month, drafted."""
    with transaction() as session:
        row, _ = actions.open_batch(session, district_id=DISTRICT, kind=OLD_AGE, month=month, by="王主任", now=now)
    drafting.carry_on(row.id, now=now)
    return row.id


def issued(month: date, *, now: datetime = MORNING) -> int:
    """A batch of the month that went all the way to the bank."""
    number = drafted(month, now=now)
    with transaction() as session:
        actions.check(session, number, by="王主任", now=now)
        actions.approve(session, number, by="李主任", now=now)
        actions.approve(session, number, by="张局长", now=now)
        actions.issue(session, number, by="王主任", now=now + timedelta(minutes=1))
    return number


def lines(number: int) -> Sequence[PayoutLine]:
    """All lines of a batch."""
    with transaction() as session:
        return session.scalars(
            select(PayoutLine).where(PayoutLine.batch_id == number).order_by(PayoutLine.elder_id, PayoutLine.month)
        ).all()


def told_lines(number: int) -> list[tuple[date, str, int, str]]:
    """Month, reason in the batch, cents, and state or what holds it."""
    return [(line.month, line.why.value, line.cents, (line.hold or line.state).value) for line in lines(number)]


def recoveries() -> list[tuple[date, int, str]]:
    """Month, cents and reason of what is asked back."""
    with transaction() as session:
        rows = session.scalars(select(Recovery).order_by(Recovery.month)).all()
    return [(row.month, row.cents, row.why.value) for row in rows]


def state_of(number: int) -> BatchState:
    """Where a batch stands."""
    with transaction() as session:
        found: PayoutBatch = queries.batch(session, number)
        return found.state
