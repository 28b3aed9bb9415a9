"""Whoever goes on welfare visits hears once a day what is overdue."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Engine, select

from app import calendar
from app.db import transaction
from app.messages.tables import OutboxMessage
from app.welfare import queries, register
from app.welfare.rules import RiskTier, Visitor, WelfareRules
from app.welfare.telling import tell_overdue
from tests.app.welfare.things import on_the_list
from tests.cast import COMMUNITY, DISTRICT, OTHER_COMMUNITY, a_caregiver, an_elder
from tests.conftest import MORNING

TODAY = calendar.day_of(MORNING)
NINE = MORNING.astimezone(calendar.local(MORNING).tzinfo).replace(hour=9)


def test_once_a_day_from_the_hour_on_and_only_what_is_hers(database: Engine) -> None:
    with transaction() as session:
        for name, area in (("孙立", COMMUNITY), ("郑好", OTHER_COMMUNITY)):
            going = a_caregiver(session, name=name, shifts=())
            register.send(session, going.id, Visitor.COMMUNITY_WORKER, area, by="test", now=MORNING)
        for days in (8, 12, 2):  # every seven days: the third is not late
            on_the_list(session, an_elder(session), tier=RiskTier.HIGH, last_on=TODAY - timedelta(days=days))
    tell_overdue(NINE - timedelta(hours=1))
    with transaction() as session:
        assert session.scalars(select(OutboxMessage)).all() == []
    tell_overdue(NINE)
    tell_overdue(NINE + timedelta(hours=2))
    with transaction() as session:
        (one,) = session.scalars(select(OutboxMessage)).all()
        assert one.to_whom == "孙立" and "2位" in one.text and "已过5天" in one.text
    tell_overdue(NINE + timedelta(days=1))
    with transaction() as session:
        assert len(session.scalars(select(OutboxMessage)).all()) == 2


def test_whom_she_is_paired_with_outside_her_area_counts_too(database: Engine) -> None:
    with transaction() as session:
        going = a_caregiver(session, name="孙立", shifts=())
        register.send(session, going.id, Visitor.VOLUNTEER, OTHER_COMMUNITY, by="test", now=MORNING)
        late = TODAY - timedelta(days=9)
        on_the_list(session, an_elder(session), tier=RiskTier.HIGH, last_on=late, pair_id=going.id)
        (one,) = queries.overdue(session, WelfareRules(), DISTRICT, today=TODAY)
        assert (one.caregiver.name, one.elders, one.oldest) == ("孙立", 1, late + timedelta(days=7))
        never = replace(WelfareRules(), every_days=dict.fromkeys(RiskTier, 366))
        assert queries.overdue(session, never, DISTRICT, today=TODAY) == []
