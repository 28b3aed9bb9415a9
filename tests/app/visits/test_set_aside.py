"""What a phone sent and no visit could take: seen at the desk, answered once, never applied."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from app.access.rules import Role
from app.db import transaction
from app.errors import Conflict, NotFound
from app.planning import attending
from app.visits import queries, set_aside
from tests.app.visits.test_door import a_published, reported, send, whole
from tests.cast import TEN, a_caregiver, a_client

LATER = TEN + timedelta(hours=2)


def test_a_record_of_somebody_elses_visit_is_on_the_desk_until_it_is_answered(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        send(session, a_caregiver(session, name="王芳"), reported("start", mine))
        (one,) = set_aside.waiting(session, now=LATER)
        assert (one.caregiver, one.problem, one.event.visit_id) == ("王芳", "not_yours", 0)
        set_aside.answer(session, one.event.id, "电话问过本人，误点", by="韩雪", now=LATER)
        assert set_aside.waiting(session, now=LATER) == []
        with pytest.raises(Conflict):
            set_aside.answer(session, one.event.id, "again", by="韩雪", now=LATER)


def test_what_came_too_early_waits_an_hour_for_what_comes_before_it(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        depart, arrive, start, _, finish = whole(mine)
        send(session, mine.caregiver_id, finish)
        assert set_aside.waiting(session, now=TEN) == []
        assert [one.problem for one in set_aside.waiting(session, now=LATER)] == ["out_of_order"]
        send(session, mine.caregiver_id, depart, arrive, start)
        assert set_aside.waiting(session, now=LATER) == []


def test_a_clash_with_the_plan_stands_in_its_own_list_and_cannot_be_answered_here(database: Engine) -> None:
    with transaction() as session:
        visit, (mine,) = a_published(session)
        attending.withdraw(session, visit.id, by="韩雪", now=TEN, reason="elder asked")
        (told,) = send(session, mine.caregiver_id, reported("start", mine))
        assert told.problem == "plan_changed" and set_aside.waiting(session, now=LATER) == []
        with pytest.raises(NotFound):
            set_aside.answer(
                session, queries.events(session, visit.district_id, visit.id)[0].id, "误点", by="韩雪", now=LATER
            )


def test_dispatchers_answer_and_others_of_the_desk_look(database: Engine) -> None:
    with transaction() as session:
        _, (mine,) = a_published(session)
        send(session, a_caregiver(session, name="王芳"), reported("start", mine))
    operator, dispatcher = a_client(Role.OPERATOR), a_client(Role.DISPATCHER)
    (seen,) = operator.get("/api/records-set-aside").json()["items"]
    assert (seen["caregiver"], seen["problem"], seen["visit_id"]) == ("王芳", "not_yours", None)
    path = f"/api/records-set-aside/{seen['id']}/answer"
    assert operator.post(path, json={"words": "误点"}).status_code == 403
    assert dispatcher.post(path, json={"words": "误点"}).status_code == 204
    assert dispatcher.get("/api/records-set-aside").json()["items"] == []
