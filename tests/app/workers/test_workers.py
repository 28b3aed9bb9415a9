"""Her month in cents, protected while it is doubted; a visit given to a colleague; illness in two taps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, select

from app import calendar
from app.access.rules import Role
from app.db import transaction
from app.orders.rules import VisitState
from app.people.tables import Absence, Caregiver
from app.planning import actions as planning
from app.planning.replan_tables import PlanChange
from app.planning.rules import AttendanceState, PlanState
from app.planning.tables import Attendance
from app.workers import actions, queries
from app.workers.rules import (
    MOVES,
    NotToSwap,
    Share,
    Standing,
    SwapEvent,
    SwapMoveRefused,
    SwapState,
    after,
    pay,
    standing,
)
from app.workers.tables import LabourLimit, PayRate, Swap
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, TEN, a_caregiver, a_visit, an_attendance
from tests.clients import Client


@given(st.integers(1, 600), st.integers(100, 20_000), st.integers(1, 10), st.integers(1, 10))
def test_pay_is_whole_cents_and_never_off_by_more_than_half_of_one(minutes: int, rate: int, a: int, b: int) -> None:
    share = Share(min(a, b), max(a, b))
    exact = minutes * rate * share.given / (60 * share.whole)
    assert abs(pay(minutes, rate, share) - exact) <= 0.5 + 1e-6


def test_half_a_cent_goes_up() -> None:
    assert (pay(1, 30, Share()), pay(1, 29, Share()), pay(60, 2_550, Share(1, 2))) == (1, 0, 1_275)


def test_nothing_is_taken_away_while_it_is_doubted_or_appealed() -> None:
    assert standing(VisitState.HELD, appealed=False) is Standing.PROTECTED
    assert standing(VisitState.NOT_DELIVERED, appealed=True) is Standing.PROTECTED
    assert standing(VisitState.NOT_DELIVERED, appealed=False) is Standing.LOST
    assert standing(VisitState.CANCELLED, appealed=False) is None


def test_a_swap_moves_by_its_table_alone() -> None:
    for state in SwapState:
        for event in SwapEvent:
            if (state, event) in MOVES:
                assert after(state, event) is MOVES[state, event]
            else:
                with pytest.raises(SwapMoveRefused):
                    after(state, event)


def test_her_month_line_by_line_by_the_rate_of_its_day(database: Engine) -> None:
    with transaction() as session:
        liu = a_caregiver(session)
        old, new = TEN.date() - timedelta(days=30), TEN.date()
        for starts, cents in ((old, 2_400), (new, 3_000)):
            actions.set_rate(
                session,
                PayRate(
                    district_id=DISTRICT, provider_id=liu.provider_id, aid=None, starts=starts, cents_per_hour=cents,
                    by="test", at=TEN,
                ),
            )  # fmt: skip
        for state, day in ((VisitState.VERIFIED, 0), (VisitState.HELD, 1), (VisitState.VERIFIED, -2)):
            at = TEN + timedelta(days=day)
            visit = a_visit(session, state=state, opens=at, closes=at, provider_id=liu.provider_id)
            an_attendance(
                session, visit, liu, state=AttendanceState.FINISHED, starts_at=at,
                ends_at=at + timedelta(minutes=visit.minutes),
            )  # fmt: skip
        lines = queries.month(session, liu.id, calendar.month_of(TEN))
        assert [(line.cents_per_hour, line.standing) for line in lines] == [
            (2_400, Standing.SURE), (3_000, Standing.SURE), (3_000, Standing.PROTECTED)
        ]  # fmt: skip
        assert [line.cents for line in lines] == [
            pay(line.minutes, line.cents_per_hour or 0, Share()) for line in lines
        ]


def test_who_is_ill_says_so_once_and_is_off(database: Engine) -> None:
    liu = somebody(Role.CAREGIVER)
    for _ in range(2):
        answer = liu.post("/api/phone/sick", json={"days": 2})
        assert answer.status_code == 200, answer.text
    with transaction() as session:
        (absence,) = session.scalars(select(Absence)).all()
        assert (absence.last - absence.first).days == 1
        assert session.scalars(select(PlanChange)).all() == []  # nothing was published for today
    days = {day["day"]: day["absent"] for day in liu.get("/api/phone/week").json()["days"]}
    assert any(days.values())


def a_swap_asked(liu: Client, wang: Client) -> tuple[int, int]:
    """Liu asks Wang to take a visit the day after tomorrow; answers the swap and the visit."""
    now = datetime.now(UTC)
    with transaction() as session:
        mine = session.get_one(Caregiver, her(liu))
        session.get_one(Caregiver, her(wang)).provider_id = mine.provider_id
        at = calendar.day_bounds(calendar.day_of(now) + timedelta(days=2))[0] + timedelta(hours=10)
        visit = a_visit(session, opens=at, closes=at + timedelta(hours=2), state="published", starts_at=at)
        attendance = an_attendance(session, visit, mine, starts_at=at, ends_at=at + timedelta(minutes=visit.minutes))
        plan = planning.new_plan(
            session, DISTRICT, calendar.day_of(at), PlanState.PUBLISHED, seconds=1, seed=1, by="test", now=now
        )
        attendance.plan_id = plan.id
        number, visit_id = attendance.id, visit.id
    answer = liu.post("/api/phone/swaps", json={"attendance_id": number, "to_id": her(wang), "words": "孩子家长会"})
    assert answer.status_code == 200, answer.text
    with transaction() as session:
        return session.scalars(select(Swap.id)).one(), visit_id


def her(client: Client) -> int:
    return int(client.get("/api/session").json()["caregiver_id"])


def test_a_colleague_agrees_and_what_stands_against_it_goes_to_the_dispatcher(
    client: Callable[..., Client],
) -> None:
    liu, wang, stranger = somebody(Role.CAREGIVER), somebody(Role.CAREGIVER), somebody(Role.CAREGIVER)
    swap_id, visit_id = a_swap_asked(liu, wang)
    assert stranger.post(f"/api/phone/swaps/{swap_id}/answer", json={"agree": True}).status_code == 404
    answer = wang.post(f"/api/phone/swaps/{swap_id}/answer", json={"agree": True})
    assert answer.status_code == 200, answer.text
    dispatcher = client(Role.DISPATCHER)
    (row,) = dispatcher.get("/api/workers/swaps").json()["items"]
    if row["state"] == "agreed":
        assert row["against"]
        done = dispatcher.post(f"/api/workers/swaps/{swap_id}/confirm", json={"accept": row["against"]})
        assert done.status_code == 200, done.text
    with transaction() as session:
        assert session.get_one(Swap, swap_id).state is SwapState.DONE
        going = session.scalars(
            select(Attendance.caregiver_id).where(
                Attendance.visit_id == visit_id, Attendance.state == AttendanceState.ASSIGNED
            )
        ).all()
        assert going == [her(wang)]


def test_a_swap_is_refused_withdrawn_or_lapses_and_the_visit_stays_hers(database: Engine) -> None:
    liu, wang = somebody(Role.CAREGIVER), somebody(Role.CAREGIVER)
    swap_id, visit_id = a_swap_asked(liu, wang)
    assert wang.post(f"/api/phone/swaps/{swap_id}/answer", json={"agree": False}).status_code == 200
    assert liu.post(f"/api/phone/swaps/{swap_id}/withdraw").status_code == 409
    with transaction() as session:
        mine = session.scalars(select(Attendance).where(Attendance.visit_id == visit_id)).one()
        now = mine.starts_at - timedelta(days=1)
        again = actions.ask(session, mine.id, her(liu), her(wang), words="", by="test", now=now)
        with pytest.raises(NotToSwap):
            actions.ask(session, mine.id, her(liu), her(wang), words="", by="test", now=now)
        session.flush()
        assert queries.late(session, now=again.answer_by) == [again.id]
        actions.lapse(session, again.id, now=again.answer_by)
        assert again.state is SwapState.LAPSED
        with pytest.raises(NotToSwap):
            actions.ask(session, mine.id, her(liu), her(wang), words="", by="test", now=mine.starts_at)


def test_limits_and_rates_are_set_by_those_whose_they_are_and_never_backwards(client: Callable[..., Client]) -> None:
    today = calendar.day_of(datetime.now(UTC))
    law = {
        "starts": str(today), "day_minutes": 480, "week_minutes": 2640, "overtime_day_minutes": 180,
        "overtime_month_minutes": 2160, "source": "劳动法第三十六、四十一条",
    }  # fmt: skip
    lead = client(Role.SHIFT_LEAD)
    assert lead.post("/api/workers/limits", json=law).json()["limits"][0]["week_minutes"] == 2640
    late = law | {"starts": str(today - timedelta(days=1))}
    assert lead.post("/api/workers/limits", json=late).status_code == 422
    assert client(Role.MANAGER).post("/api/workers/limits", json=law).status_code == 403
    liu = somebody(Role.CAREGIVER)
    assert liu.get("/api/phone/week").json()["limits"]["week_minutes"] == 2640
    with transaction() as session:
        provider = session.get_one(Caregiver, her(liu)).provider_id
        assert session.scalars(select(LabourLimit.id)).all()
    manager = client(Role.MANAGER, provider_id=provider)
    rate = {"starts": str(today), "cents_per_hour": 2_800}
    assert manager.post("/api/workers/rates", json=rate).json()["rates"][0]["cents_per_hour"] == 2_800
    assert lead.post("/api/workers/rates", json=rate).status_code == 403
