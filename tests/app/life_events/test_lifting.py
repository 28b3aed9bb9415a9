"""A death in mid-month, a stay in hospital, a mistake: what stops, what comes back, and what the ledger says of it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from app.calendar import at
from app.db import transaction
from app.errors import CareError, Conflict
from app.funding import actions as funding
from app.funding import queries as balances
from app.life_events import actions
from app.life_events.actions import Lifted
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.quotes import Wish
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.life_rules import AlreadyTold, BadEvent, LifeKind, LifeSource, NotAtHome
from app.people.tables import Elder
from tests.cast import a_program, a_provider, an_elder, an_item

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)


def booked(elder_id: int, day: date, *, now: datetime = NOW) -> int:
    """A bath for 100 yuan at ten in the morning, confirmed; answers its visit."""
    opens = at(day, datetime.min.time().replace(hour=10))
    with transaction() as session:
        made = orders.receive(
            session, elder_id, "BATHING", [Wish(opens, opens + timedelta(minutes=30))], by="test", now=now
        )
        orders.confirm(
            session, made.id, allowance_cents=made.allowance_cents, self_pay_cents=made.self_pay_cents, by="test",
            now=now,
        )  # fmt: skip
        [visit] = order_queries.visits_of(session, made.id)
    return visit.id


def served(visit_id: int, *, now: datetime = NOW) -> None:
    """It took place and counts."""
    with transaction() as session:
        visit = order_queries.visit(session, visit_id)
        visit.state, visit.starts_at, visit.provider_id = VisitState.DONE, visit.opens, a_provider(session).id
        session.flush()
        orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=now)


def told(elder_id: int, kind: LifeKind, starts: date, ends: date | None = None, *, now: datetime = NOW) -> Lifted:
    """The daughter rings up."""
    with transaction() as session:
        return actions.tell(
            session, elder_id, kind=kind, starts=starts, ends=ends, source=LifeSource.FAMILY, note=None, by="test",
            now=now,
        )  # fmt: skip


def state(visit_id: int) -> VisitState:
    with transaction() as session:
        return session.get_one(Visit, visit_id).state


def money(elder_id: int, month: date) -> tuple[int, int, int]:
    """(granted, free, captured) of a month; the books must be right whenever somebody looks."""
    with transaction() as session:
        assert order_queries.verify_ledger(session) == []
        [row] = balances.balances(session, elder_id, month)
    return row.granted_cents, row.free_cents, row.captured_cents


@pytest.fixture
def elder(database: Engine) -> int:
    return someone()


def someone(**terms: Any) -> int:
    """Somebody with 260 yuan for November and, in advance, for December."""
    with transaction() as session:
        an_item(session)
        a_program(session, **terms)
        who = an_elder(session)
        funding.grant_months(session, now=NOW - timedelta(days=20))
    return who.id


def test_a_death_in_mid_month_stops_what_lies_ahead_and_leaves_what_was_done(elder: int) -> None:
    early = booked(elder, date(2026, 11, 10), now=NOW - timedelta(days=15))
    served(early)
    late, next_month = booked(elder, date(2026, 11, 25)), booked(elder, date(2026, 12, 3))
    lifted = told(elder, LifeKind.DEATH, date(2026, 11, 18))
    assert {visit.id for visit in lifted.cancelled} == {late, next_month}
    assert (lifted.released_cents, lifted.budget_cents) == (20_000, 26_000)
    assert [state(v) for v in (early, late, next_month)] == [
        VisitState.VERIFIED, VisitState.CANCELLED, VisitState.CANCELLED,
    ]  # fmt: skip
    assert money(elder, NOVEMBER) == (26_000, 16_000, 10_000)
    assert money(elder, DECEMBER) == (0, 0, 0)
    with pytest.raises(CareError), transaction() as session:
        orders.receive(session, elder, "BATHING", [Wish(NOW, NOW + timedelta(hours=1))], by="test", now=NOW)
    with transaction() as session:
        funding.grant_months(session, now=NOW + timedelta(days=30))
        assert balances.balances(session, elder, date(2027, 1, 1)) == []


def test_a_broken_month_is_paid_by_its_days_only_where_the_version_says_so(database: Engine) -> None:
    by_days = someone(code="by_days", pro_rata=True)
    lifted = told(by_days, LifeKind.DEATH, date(2026, 11, 18))
    assert money(by_days, NOVEMBER) == (15_600, 15_600, 0)  # 18 of 30 days
    assert lifted.budget_cents == 26_000 - 15_600 + 26_000


def test_a_death_told_late_sends_back_what_counted_after_it(elder: int) -> None:
    after = booked(elder, date(2026, 11, 16), now=NOW - timedelta(days=15))
    on_the_day = booked(elder, date(2026, 11, 12), now=NOW - timedelta(days=15))
    for visit_id in (after, on_the_day):
        served(visit_id, now=NOW - timedelta(days=2))
    lifted = told(elder, LifeKind.DEATH, date(2026, 11, 12))
    assert [visit.id for visit in lifted.doubtful] == [after]
    assert state(after) is VisitState.VERIFIED, "a human decides"
    with transaction() as session:
        actions.refund(session, lifted.event.id, by="test", now=NOW)
    assert state(after) is VisitState.NOT_DELIVERED
    assert money(elder, NOVEMBER) == (26_000, 16_000, 10_000)
    with transaction() as session:
        lines = balances.statement(session, 370503, elder, NOVEMBER)
    assert [line.reason for line in lines if line.kind == "refund"] == [actions.reason_of(lifted.event)]


def test_a_mistake_gives_the_money_back_also_after_the_month_has_turned(elder: int) -> None:
    lifted = told(elder, LifeKind.DEATH, date(2026, 11, 18))
    assert money(elder, DECEMBER) == (0, 0, 0)
    later = NOW + timedelta(days=14)
    with transaction() as session:
        funding.expire_months(session, now=later, grace_days=10)
        actions.undo(session, lifted.event.id, by="test", now=later, reason="another person of this name")
        assert session.get_one(Elder, elder).ended_at is None
    assert money(elder, DECEMBER) == (26_000, 26_000, 0)
    assert state(booked(elder, date(2026, 12, 8), now=later)) is VisitState.WAITING
    with pytest.raises(Conflict), transaction() as session:
        actions.undo(session, lifted.event.id, by="test", now=later, reason="again")


def test_in_hospital_nobody_comes_and_afterwards_they_do(elder: int) -> None:
    before, within, after = (booked(elder, date(2026, 11, day)) for day in (24, 26, 30))
    lifted = told(elder, LifeKind.HOSPITAL, date(2026, 11, 25), date(2026, 11, 29))
    assert [visit.id for visit in lifted.cancelled] == [within]
    assert (state(before), state(after)) == (VisitState.WAITING, VisitState.WAITING)
    assert lifted.budget_cents == 0, "the month is hers"
    with pytest.raises(NotAtHome, match="hospital since 2026-11-25"):
        booked(elder, date(2026, 11, 27))
    assert state(booked(elder, date(2026, 11, 29))) is VisitState.WAITING, "home again on that day"


def test_a_stay_without_an_end_ends_when_somebody_says_so(elder: int) -> None:
    lifted = told(elder, LifeKind.HOSPITAL, date(2026, 11, 20))
    with transaction() as session:
        assert session.get_one(Elder, elder).away == LifeKind.HOSPITAL
    with pytest.raises(NotAtHome):
        booked(elder, date(2026, 11, 28))
    with transaction() as session:
        actions.end(session, lifted.event.id, ends=date(2026, 11, 22), by="test", now=NOW)
        assert session.get_one(Elder, elder).away is None
    assert state(booked(elder, date(2026, 11, 28))) is VisitState.WAITING


def test_two_who_tell_of_the_same_death_at_once_tell_it_once(elder: int) -> None:
    def tell(_: int) -> type[Exception] | None:
        try:
            told(elder, LifeKind.DEATH, date(2026, 11, 18))
        except AlreadyTold as error:
            return type(error)
        return None

    with ThreadPoolExecutor(4) as pool:
        assert sorted(map(str, pool.map(tell, range(4)))) == sorted(map(str, [None] + [AlreadyTold] * 3))
    assert money(elder, DECEMBER) == (0, 0, 0)


@pytest.mark.parametrize(
    ("kind", "starts", "ends"),
    [
        (LifeKind.DEATH, date(2026, 12, 1), None),
        (LifeKind.DEATH, date(2026, 11, 1), date(2026, 11, 2)),
        (LifeKind.HOSPITAL, date(2026, 11, 9), date(2026, 11, 2)),
    ],
)
def test_days_that_cannot_be_right_are_refused(elder: int, kind: LifeKind, starts: date, ends: date | None) -> None:
    with pytest.raises(BadEvent):
        told(elder, kind, starts, ends)
