"""Each month's batch is drafted by the clock on its day, once; missed ones are caught up, the oldest first."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine

from app import calendar
from app.allowances import actions, scheduling
from app.allowances.rules import AllowanceKind, BadSchedule, BatchState
from app.allowances.tables import PayoutBatch
from app.db import transaction
from app.jobs.tables import Job
from tests.app.allowances.cast import OLD_AGE, a_rule
from tests.cast import DISTRICT
from tests.conftest import MORNING

NOVEMBER, DECEMBER, JANUARY = date(2026, 11, 1), date(2026, 12, 1), date(2027, 1, 1)


@pytest.fixture(autouse=True)
def rule(database: Engine) -> None:
    """Old-age allowance is paid since January."""
    with transaction() as session:
        a_rule(session)


def settled(day: int | None, starts: date = NOVEMBER, kind: AllowanceKind = OLD_AGE, now: datetime = MORNING) -> None:
    with transaction() as session:
        scheduling.settle_day(session, DISTRICT, kind, starts, day, note="区局通知", by="王主任", now=now)


def batches() -> list[tuple[date, str]]:
    with transaction() as session:
        return [(row.month, row.drafted_by) for row in session.query(PayoutBatch).order_by(PayoutBatch.month)]


def issued(month: date) -> None:
    with transaction() as session:
        batch = session.query(PayoutBatch).filter_by(month=month).one()
        batch.state, batch.issued_by, batch.issued_at = BatchState.ISSUED, "王主任", MORNING
        batch.checked_by, batch.first_by, batch.second_by = "赵科长", "李主任", "王主任"


def on(day: date) -> datetime:
    return calendar.day_bounds(day)[0] + timedelta(hours=1)


def test_nothing_is_drafted_before_its_day_and_then_once_however_often_the_clock_comes() -> None:
    settled(25)
    assert scheduling.keep_up(on(date(2026, 11, 24))) == 0
    assert [scheduling.keep_up(on(date(2026, 11, 25))) for _ in range(3)] == [1, 0, 0]
    assert batches() == [(NOVEMBER, "clock")]
    with transaction() as session:
        assert [job.kind for job in session.query(Job)] == [actions.JOB]


def test_missed_months_are_caught_up_the_oldest_first_and_behind_what_is_not_issued() -> None:
    settled(5)
    late = on(date(2027, 1, 20))
    assert [scheduling.keep_up(late) for _ in range(2)] == [1, 0]
    with transaction() as session:
        turn = scheduling.next_turn(session, DISTRICT, OLD_AGE, today=date(2027, 1, 20))
        assert turn is not None and (turn.month, turn.behind) == (DECEMBER, NOVEMBER)
    for month in (NOVEMBER, DECEMBER):
        issued(month)
        assert scheduling.keep_up(late) == 1
    assert [month for month, _ in batches()] == [NOVEMBER, DECEMBER, JANUARY]


def test_a_new_day_holds_from_its_month_on_and_no_day_means_by_hand() -> None:
    settled(5)
    settled(20, DECEMBER)
    settled(None, JANUARY)
    with transaction() as session:
        known = scheduling.versions(session, DISTRICT, OLD_AGE)
    assert [scheduling.day_in(known, month) for month in (NOVEMBER, DECEMBER, JANUARY)] == [
        date(2026, 11, 5), date(2026, 12, 20), None,
    ]  # fmt: skip
    with pytest.raises(BadSchedule):
        settled(5, date(2026, 10, 1))


def test_a_batch_somebody_dropped_is_not_drafted_again_behind_their_back() -> None:
    settled(5)
    scheduling.keep_up(MORNING)
    with transaction() as session:
        batch = session.query(PayoutBatch).one()
        batch.state = BatchState.DRAFTED
        session.flush()
        actions.drop(session, batch.id, by="王主任", now=MORNING, reason="名单有误")
    assert scheduling.keep_up(MORNING) == 0


def test_an_allowance_no_rule_speaks_of_waits_and_hinders_no_other() -> None:
    settled(5)
    settled(5, kind=AllowanceKind.NURSING)
    assert scheduling.keep_up(MORNING) == 1
    assert scheduling.keep_up(MORNING) == 0
