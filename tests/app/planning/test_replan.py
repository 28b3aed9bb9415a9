"""A day that runs and something happens: what is proposed, what moves once it is accepted, and who hears of it."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import history
from app.access.rules import Role
from app.db import transaction
from app.messages.tables import OutboxMessage
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.rules import Skill
from app.people.tables import Absence, Caregiver
from app.phone.changes import changes
from app.places.rules import Place
from app.planning import actions, attending, queries, replan_actions, replan_queries
from app.planning.replan_rules import (
    Changed,
    ChangeMoveRefused,
    ChangeStale,
    ChangeState,
    Happened,
    NothingSaid,
    Shift,
    WhatHappened,
)
from app.planning.replan_tables import PlanChange
from app.planning.rules import AttendanceEvent
from app.planning.tables import Pin, PlanReason
from tests.cast import (
    CENTRE,
    COMMUNITY,
    DISTRICT,
    TEN,
    a_caregiver,
    a_contact,
    a_draft,
    a_home,
    a_user,
    a_visit,
    an_elder,
)
from tests.clients import Client
from tests.conftest import MORNING

DAY = date(2026, 11, 23)
BY = "王调度"
EVENING_BEFORE = MORNING - timedelta(hours=14)
NINE = TEN - timedelta(hours=1)
BATHES = (Skill.CLEANING, Skill.BATHING)
WHOLE = ((time(8), time(17, 30)),)


@dataclass
class Morning:
    """Liu bathes Lin at ten and Chen at half past eleven; Wang is free. Every home is its own."""

    liu: Caregiver
    wang: Caregiver
    first: Visit
    second: Visit


def a_morning(session: Session, skills: tuple[Skill, ...] = BATHES) -> Morning:
    """The published day these stories begin with."""
    liu = a_caregiver(session, shifts=WHOLE)
    wang = a_caregiver(session, name="王芳", shifts=WHOLE, skills=skills)
    lin, chen = an_elder(session), an_elder(session, name="陈秀英")
    a_contact(session, lin)
    first = a_visit(session, elder=lin)
    later = TEN + timedelta(minutes=90)
    second = a_visit(session, elder=chen, opens=later, closes=later + timedelta(hours=1))
    plan = a_draft(session, (first, TEN, (liu,)), (second, later, (liu,)))
    actions.publish(session, DISTRICT, DAY, seen=(plan.id, plan.revision), by=BY, now=EVENING_BEFORE)
    return Morning(liu, wang, first, second)


def propose(session: Session, *happened: Happened, now: datetime = NINE, seed: int = 7) -> PlanChange:
    """In one transaction, for a story."""
    session.flush()
    asked = replan_actions.ask(session, DISTRICT, DAY, happened, now=now)
    change = replan_actions.keep(session, asked, replan_actions.think(asked, seed=seed), by=BY, now=now)
    session.flush()
    return change


def told(change: PlanChange) -> dict[int, Changed]:
    return {c.visit_id: c for c in replan_queries.changes_of(change)}


def crew(session: Session, visit: Visit) -> list[int]:
    return [a.caregiver_id for a in queries.attendances(session, visit.id, active=True)]


def step(session: Session, visit: Visit, *events: AttendanceEvent, now: datetime = NINE) -> None:
    (attendance,) = queries.attendances(session, visit.id, active=True)
    for event in events:
        attending.move(session, attendance, event, by="刘洁", now=now)


SICK = WhatHappened.SICK


def test_the_visits_of_the_sick_are_proposed_to_others_and_nothing_moves_before_it_is_accepted(
    database: Engine,
) -> None:
    with transaction() as session:
        m = a_morning(session)
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        assert {v: (c.shift, c.will and c.will.caregiver_ids) for v, c in told(change).items()} == {
            m.first.id: (Shift.HANDED, (m.wang.id,)),
            m.second.id: (Shift.HANDED, (m.wang.id,)),
        }
        assert crew(session, m.first) == [m.liu.id]
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert crew(session, m.first) == crew(session, m.second) == [m.wang.id]
        assert session.scalars(select(Absence.reason).where(Absence.caregiver_id == m.liu.id)).all() == ["sick"]
        assert [line.event for line in history.of(session, DISTRICT, "plan_changes", change.id)] == [
            "propose",
            "accept",
        ]


def test_everybody_who_must_hear_is_written_to_once_and_no_family_hears_of_an_illness(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        sent = {
            row.key.removeprefix(f"replan-{change.id}-"): row.text for row in session.scalars(select(OutboxMessage))
        }
    assert set(sent) == {
        f"elder-{m.first.id}", f"family-{m.first.id}", f"elder-{m.second.id}", f"caregiver-{m.liu.id}",
        f"caregiver-{m.wang.id}",
    }  # fmt: skip
    assert "由王芳上门" in sent[f"family-{m.first.id}"]
    assert "林桂芬的上门助浴改为今天10:00" in sent[f"elder-{m.first.id}"]
    assert not any("病" in text for text in sent.values())


def test_a_caregivers_phone_says_what_moved_and_why_and_of_her_own_visits_alone(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        other = a_caregiver(session, name="孙强", shifts=WHOLE, skills=())
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        assert changes(session, m.wang.id, now=NINE) == [], "a proposal is nobody's news"
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        (hers,) = changes(session, m.wang.id, now=NINE)
        assert (hers.cause, hers.at) == (SICK, NINE)
        assert [(one.visit_id, one.was_at) for one in hers.moved] == [(m.first.id, None), (m.second.id, None)]
        assert hers.moved[0].starts_at == TEN and "林桂芬" not in hers.moved[0].elder
        (given,) = changes(session, m.liu.id, now=NINE)
        assert [(one.was_at is None, one.starts_at) for one in given.moved] == [(False, None), (False, None)]
        assert changes(session, other.id, now=NINE) == []


def test_a_visit_nobody_can_take_waits_again_with_the_rule_in_the_way(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session, skills=(Skill.CLEANING,))
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        lost = told(change)[m.first.id]
        assert lost.shift is Shift.LOST and lost.why is not None
        assert lost.why["blocking"][str(m.wang.id)] == "skills"
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert (m.first.state, m.first.starts_at, crew(session, m.first)) == (VisitState.WAITING, None, [])
        reason = session.scalars(select(PlanReason).where(PlanReason.visit_id == m.first.id)).one()
        assert "资质" in reason.sentence["zh-CN"]


def test_what_is_under_way_stays_with_whoever_is_there(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        step(session, m.first, AttendanceEvent.ARRIVE, AttendanceEvent.START, now=TEN)
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id), now=TEN + timedelta(minutes=20))
        assert set(told(change)) == {m.second.id}


def test_whoever_is_late_comes_later_even_behind_the_window_and_that_is_on_record(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session, skills=(Skill.CLEANING,))
        until = TEN + timedelta(minutes=75)
        now = TEN + timedelta(minutes=5)
        change = propose(session, Happened(WhatHappened.LATE, caregiver_id=m.liu.id, at=until), now=now)
        moved = told(change)[m.first.id]
        assert moved.shift is Shift.MOVED and moved.will is not None
        assert moved.will.starts_at >= until and moved.after_window >= 15
        replan_actions.accept(session, change.id, by=BY, now=now)
        assert m.first.starts_at == moved.will.starts_at
        pin = session.scalars(select(Pin).where(Pin.visit_id == m.first.id, Pin.ended_at.is_(None))).one()
        assert (pin.waived, pin.by) == (["window"], BY)


def test_a_cancelled_visit_frees_its_caregiver(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        change = propose(session, Happened(WhatHappened.CANCELLED, visit_id=m.first.id))
        assert {v: c.shift for v, c in told(change).items()} == {m.first.id: Shift.ENDED}
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert (m.first.state, crew(session, m.first)) == (VisitState.CANCELLED, [])
        assert crew(session, m.second) == [m.liu.id]


def test_an_urgent_order_is_placed_beside_what_was_promised(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        urgent = a_visit(session, elder=an_elder(session, name="孙桂兰"), opens=TEN, closes=TEN + timedelta(minutes=30))
        other = a_visit(session, elder=an_elder(session, name="赵玉珍"))
        change = propose(session, Happened(WhatHappened.URGENT, visit_id=urgent.id))
        assert {v: c.shift for v, c in told(change).items()} == {urgent.id: Shift.PLACED}
        replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert (urgent.state, crew(session, urgent)) == (VisitState.PUBLISHED, [m.wang.id])
        assert other.state is VisitState.WAITING


def test_nobody_home_ends_the_visit_and_the_money_is_free(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        now = TEN + timedelta(minutes=10)
        step(session, m.first, AttendanceEvent.ARRIVE, now=TEN)
        happened = Happened(WhatHappened.NO_SHOW, visit_id=m.first.id, at=now + timedelta(minutes=5))
        change = propose(session, happened, now=now)
        assert told(change)[m.first.id].shift is Shift.ENDED
        replan_actions.accept(session, change.id, by=BY, now=now)
        assert (m.first.state, m.first.reason) == (VisitState.NOT_DELIVERED, "no_one_home")


def test_a_responder_leaves_what_she_cannot_keep_to_others_and_comes_back_to_the_rest(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        home = a_home(session, place=Place(CENTRE.lat + 0.01, CENTRE.lon))
        now, until = TEN - timedelta(minutes=15), TEN + timedelta(minutes=25)
        step(session, m.first, AttendanceEvent.ACCEPT, AttendanceEvent.DEPART, now=now)
        responder = replan_queries.Responder(m.liu.id, Place.of(home.place), COMMUNITY, until)
        happened = (Happened(WhatHappened.ALARM, caregiver_id=m.liu.id, at=until),)
        asked = replan_actions.ask(session, DISTRICT, DAY, happened, now=now, alarm_id=9, responder=responder)
        change = replan_actions.keep(session, asked, replan_actions.think(asked, seed=7), by=BY, now=now)
        assert {v: (c.shift, c.will and c.will.caregiver_ids) for v, c in told(change).items()} == {
            m.first.id: (Shift.HANDED, (m.wang.id,))
        }
        with pytest.raises(ChangeMoveRefused):
            replan_actions.of_the_board(session, change.id)


def test_nothing_happens_twice_nor_after_its_time(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        late = NINE + timedelta(minutes=16)
        with pytest.raises(ChangeStale):
            replan_actions.accept(session, change.id, by=BY, now=late)
        assert list(replan_queries.expired(session, now=late)) == [change.id]
        replan_actions.expire(session, change.id, now=late)
        replan_actions.expire(session, change.id, now=late)
        assert change.state is ChangeState.EXPIRED
        with pytest.raises(ChangeMoveRefused):
            replan_actions.refuse(session, change.id, by=BY, now=late, reason="太晚了")
        assert crew(session, m.first) == [m.liu.id]


def test_a_day_that_has_changed_since_is_proposed_again(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        change = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        attending.withdraw(session, m.second.id, by=BY, now=NINE, reason="家属要求")
        session.flush()
        with pytest.raises(ChangeStale):
            replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert crew(session, m.first) == [m.liu.id]
        again = propose(session, Happened(SICK, caregiver_id=m.liu.id))
        replan_actions.accept(session, again.id, by=BY, now=NINE)
        assert crew(session, m.first) == [m.wang.id]
        assert change.state is ChangeState.STALE


def test_whoever_has_set_out_meanwhile_is_not_called_back(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        urgent = a_visit(session, elder=an_elder(session, name="孙桂兰"), opens=TEN, closes=TEN + timedelta(hours=2))
        change = propose(session, Happened(WhatHappened.LATE, caregiver_id=m.liu.id, at=TEN + timedelta(minutes=30)))
        assert m.first.id in told(change)
        step(session, m.first, AttendanceEvent.DEPART)
        session.flush()
        with pytest.raises(ChangeStale):
            replan_actions.accept(session, change.id, by=BY, now=NINE)
        assert urgent.state is VisitState.WAITING


def test_two_dispatchers_accept_two_proposals_and_one_happens(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        ids = [propose(session, Happened(SICK, caregiver_id=m.liu.id), seed=seed).id for seed in (1, 2)]
    start, answers = threading.Barrier(2), []

    def press(change_id: int) -> None:
        start.wait()
        try:
            with transaction() as session:
                replan_actions.accept(session, change_id, by=BY, now=NINE)
            answers.append("accepted")
        except (ChangeStale, ChangeMoveRefused):
            answers.append("look again")

    threads = [threading.Thread(target=press, args=[change_id]) for change_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["accepted", "look again"]
    with transaction() as session:
        assert sorted(session.scalars(select(PlanChange.state))) == [ChangeState.ACCEPTED, ChangeState.STALE]
        assert len(crew(session, m.first)) == 1
        keys = session.scalars(select(OutboxMessage.key).where(OutboxMessage.key.like(f"%elder-{m.first.id}"))).all()
        assert len(keys) == 1


def test_an_acceptance_that_is_cut_off_has_moved_nothing(database: Engine) -> None:
    with transaction() as session:
        m = a_morning(session)
        change_id = propose(session, Happened(SICK, caregiver_id=m.liu.id)).id

    def cut_off() -> None:
        with transaction() as session:
            replan_actions.accept(session, change_id, by=BY, now=NINE)
            raise ConnectionAbortedError

    with pytest.raises(ConnectionAbortedError):
        cut_off()
    with transaction() as session:
        assert session.get_one(PlanChange, change_id).state is ChangeState.PROPOSED
        assert crew(session, session.get_one(Visit, m.first.id)) == [m.liu.id]
        assert session.scalars(select(OutboxMessage)).all() == []
        replan_actions.accept(session, change_id, by=BY, now=NINE)
        assert crew(session, session.get_one(Visit, m.first.id)) == [m.wang.id]


@pytest.mark.parametrize(
    "happened",
    [
        Happened(SICK),
        Happened(WhatHappened.CANCELLED),
        Happened(WhatHappened.LATE, caregiver_id=1),
        Happened(SICK, caregiver_id=1),
    ],
)
def test_an_event_must_say_who_and_until_when(database: Engine, happened: Happened) -> None:
    with transaction() as session, pytest.raises(NothingSaid):
        replan_actions.ask(session, DISTRICT, DAY, [happened], now=NINE)


def test_the_board_proposes_shows_and_refuses_with_a_reason(client: Callable[..., Client]) -> None:
    with transaction() as session:
        m = a_morning(session)
    dispatcher = client(Role.DISPATCHER)
    answer = dispatcher.post(
        f"/api/board/{DAY}/replan", json={"events": [{"cause": "cancelled", "visit_id": m.second.id}], "seed": 3}
    )
    assert answer.status_code == 201, answer.text
    change = answer.json()
    assert change["possible"] == ["accept", "refuse"]
    assert [(c["elder"], c["shift"]) for c in change["changes"]][-1] == ("陈秀英", "ended")
    refused = dispatcher.post(f"/api/replans/{change['id']}/refuse", json={"reason": "家属改了主意"})
    assert refused.json()["state"] == "refused" and refused.json()["possible"] == []
    assert dispatcher.post(f"/api/replans/{change['id']}/accept").status_code == 409
    assert [one["id"] for one in dispatcher.get(f"/api/board/{DAY}/replans").json()["items"]] == [change["id"]]


def test_somebody_of_one_street_moves_nobody(client: Callable[..., Client]) -> None:
    with transaction() as session:
        m = a_morning(session)
        a_user(session)
    street = client(Role.DISPATCHER, area=COMMUNITY)
    body = {"events": [{"cause": "cancelled", "visit_id": m.second.id}]}
    assert street.post(f"/api/board/{DAY}/replan", json=body).status_code == 403
