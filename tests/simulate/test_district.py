"""The first customer, small: believable, reproducible, and true to the ledger."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import Engine, func, select, text

from app.access.tables import District
from app.alarms import on_test, proving
from app.alarms.handling_tables import HandoverSheet
from app.alarms.rules import State, Verdict
from app.alarms.tables import Alarm, LogAnchor
from app.assessments.tables import Assessment
from app.db import transaction
from app.funding import queries as funding
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.rules import Register
from app.people.tables import Caregiver, Elder
from app.simulate import district
from app.visits.incident_rules import IncidentState
from app.visits.proof_rules import Grade
from app.visits.proof_tables import Incident, VisitGrade
from app.workers.rules import SwapState
from app.workers.tables import Swap
from tests.app.alarms.test_cases import as_rebuilt

NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.fixture
def nowhere(database: Engine) -> Engine:
    """A database without a district."""
    with database.begin() as connection:
        connection.execute(text("delete from districts"))
    return database


def test_a_district_is_built_once_with_everything_in_it(nowhere: Engine) -> None:
    built = district.build(elders=40, seed=7, password="correct horse 7", now=NOW)
    with transaction() as session:
        states = dict(session.execute(select(Visit.state, func.count()).group_by(Visit.state)).all())
        served = session.scalar(select(func.count()).where(Elder.register == Register.PURCHASED_SERVICE))
        assert served == 40 and built.caregivers == session.scalar(select(func.count(Caregiver.id)))
        assert states[VisitState.VERIFIED] > 150 and states[VisitState.WAITING] > 20
        assert states[VisitState.PUBLISHED] > 3, "today's plan"
        grades = dict(session.execute(select(VisitGrade.grade, func.count()).group_by(VisitGrade.grade)).all())
        assert grades[Grade.A] > 50 and grades[Grade.B] > 30, "what was paid says by what it was proven"
        assert list(funding.faults(session)) == []
        assert not list(proving.verify(session)) and session.scalar(select(func.count(LogAnchor.id)))
        rung = session.scalars(select(Alarm).where(Alarm.state == State.CLOSED)).all()
        assert len(rung) > 30
        for alarm in rung:  # every one can be rebuilt from its log alone
            as_rebuilt(session, alarm)
        waits = session.scalars(select(Alarm).where(Alarm.state == State.FOLLOW_UP).order_by(Alarm.id)).all()
        assert [one.suspended_until is not None for one in waits] == [True, False]
        assert all(one.call_back_at and one.call_back_at > NOW for one in waits)
        sheet = session.scalars(select(HandoverSheet)).one()
        assert sheet.state == "signed" and len(sheet.rows["cases"]) == 2
        assert len(on_test.standing(session, now=NOW)) == 2
        hers = session.scalars(select(Alarm).where(Alarm.worker_id.is_not(None))).one()
        assert (hers.state, hers.verdict) == (State.CLOSED, Verdict.REAL)
        states_told = set(session.scalars(select(Incident.state)))
        assert states_told == set(IncidentState), "an incident of each state"
        asked = dict(session.execute(select(Swap.state, func.count()).group_by(Swap.state)).all())
        assert asked.get(SwapState.ASKED) == 1 and SwapState.DONE not in asked
        assert all(one.against for one in session.scalars(select(Swap).where(Swap.state == SwapState.AGREED)))
        levels = select(Elder.level, Assessment.final_level).join(Assessment, Assessment.elder_id == Elder.id)
        found = session.execute(levels.where(Assessment.state == "published", Assessment.counts)).all()
        assert len(found) == 40 and all(mine == theirs for mine, theirs in found)
    with pytest.raises(district.AlreadyThere):
        district.build(elders=40, seed=7, password="correct horse 7", now=NOW)


def test_the_same_seed_makes_the_same_people(nowhere: Engine) -> None:
    def names() -> list[str]:
        district.build(elders=8, seed=3, password="correct horse 7", now=NOW)
        with transaction() as session:
            return list(session.scalars(select(Elder.name).order_by(Elder.id)))

    first = names()
    with nowhere.begin() as connection:
        connection.exec_driver_sql("set local session_replication_role = replica")
        for table in reversed(District.metadata.sorted_tables):
            connection.exec_driver_sql(f"delete from {table.name}")
    assert names() == first
    assert len(set(first)) == len(first)
