"""A new level in a month that runs: programmes that follow at once, and those that keep the month as promised."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.assessments.tables import LevelChange
from app.db import transaction
from app.funding import actions, levels, queries
from app.funding.rules import Account, EntryKind
from app.funding.tables import Entitlement
from app.orders import queries as orders
from app.people.life_rules import LifeKind, LifeSource
from app.people.life_tables import LifeEvent
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from tests.cast import DISTRICT, TEN, a_program, an_elder, an_entitlement

NOVEMBER = date(2026, 11, 1)


def a_moderate_elder(**terms: Any) -> int:
    """260 yuan in a month that was granted by a programme with these terms."""
    with transaction() as session:
        a_program(session, **terms)
        elder = an_elder(session, level=AbilityLevel.MODERATE)
        an_entitlement(session, elder)
        return elder.id


def found(elder_id: int, level: AbilityLevel, *, now: datetime = TEN) -> None:
    with transaction() as session:
        elder = session.get_one(Elder, elder_id)
        session.add(
            LevelChange(
                district_id=DISTRICT, division_code=elder.division_code, elder_id=elder.id, assessment_id=1,
                before=elder.level, after=level, effective_on=now.date(), at=now, by="test",
            )
        )  # fmt: skip
        elder.level = level


def followed(elder_id: int, *, now: datetime = TEN) -> tuple[list[int], int, int]:
    """Who is behind, and what is granted and free once they have caught up."""
    with transaction() as session:
        who = list(levels.behind(session, now=now))
        for one in who:
            levels.catch_up(session, one, now=now)
        (row,) = queries.balances(session, elder_id, NOVEMBER)
        assert orders.verify_ledger(session) == []
        assert levels.behind(session, now=now) == []
        return who, row.granted_cents, row.free_cents


def test_a_month_is_kept_as_promised_unless_the_version_says_otherwise(database: Engine) -> None:
    elder_id = a_moderate_elder()
    found(elder_id, AbilityLevel.SEVERE)
    assert followed(elder_id) == ([], 26_000, 26_000)


@pytest.mark.parametrize(("level", "granted"), [(AbilityLevel.SEVERE, 32_000), (AbilityLevel.MILD, 20_000)])
def test_at_once_the_whole_month_follows(database: Engine, level: AbilityLevel, granted: int) -> None:
    elder_id = a_moderate_elder(level_change="at_once")
    found(elder_id, level)
    assert followed(elder_id) == ([elder_id], granted, granted)
    assert followed(elder_id)[0] == []  # harmless when repeated


def test_in_a_month_by_its_days_the_new_level_pays_from_its_day(database: Engine) -> None:
    elder_id = a_moderate_elder(level_change="at_once", pro_rata=True)
    day = TEN.replace(day=21)  # ten of thirty days: a third of 60 yuan more
    found(elder_id, AbilityLevel.SEVERE, now=day)
    assert followed(elder_id, now=day) == ([elder_id], 28_000, 28_000)


def test_days_in_hospital_are_not_paid_by_the_new_level(database: Engine) -> None:
    elder_id = a_moderate_elder(level_change="at_once", pro_rata=True, stopped_by=[LifeKind.HOSPITAL])
    day = TEN.replace(day=21)
    with transaction() as session:
        elder = session.get_one(Elder, elder_id)
        session.add(
            LifeEvent(
                district_id=DISTRICT, division_code=elder.division_code, elder_id=elder_id, kind=LifeKind.HOSPITAL,
                starts=date(2026, 11, 25), ends=None, source=LifeSource.FAMILY, told_by="test",
                told_at=day,
            )
        )  # fmt: skip
    found(elder_id, AbilityLevel.SEVERE, now=day)
    assert followed(elder_id, now=day) == ([elder_id], 27_000, 27_000), "21 to 25: five of thirty days of 60 yuan"


def test_what_is_reserved_already_is_not_taken_back(database: Engine) -> None:
    elder_id = a_moderate_elder(level_change="at_once")
    with transaction() as session:
        entitlement_id = session.query(Entitlement.id).filter_by(elder_id=elder_id).scalar()
        actions.post(
            session, EntryKind.RESERVE, Account.FREE, Account.RESERVED, 23_000, entitlement_id, by="test", now=TEN
        )
    found(elder_id, AbilityLevel.MILD)
    assert followed(elder_id) == ([elder_id], 23_000, 0)


def test_a_month_gone_by_stays_as_it_was(database: Engine) -> None:
    elder_id = a_moderate_elder(level_change="at_once")
    found(elder_id, AbilityLevel.SEVERE)
    with transaction() as session:
        assert levels.behind(session, now=TEN + timedelta(days=31)) == []
