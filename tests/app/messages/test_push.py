"""A phone is rung while it sleeps: sealed for it alone, without a name, and given up once its push service says so."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.alarms import sending
from app.config import settings
from app.db import transaction
from app.messages import actions, phones, push
from app.messages.push_tables import PushSubscription
from app.messages.rules import Channel, Kind, MessageState, Trouble
from app.messages.tables import OutboxMessage
from app.simulate.push_service import PushService, serve
from app.simulate.ringing import Ringing
from tests.app.test_every_route import somebody
from tests.cast import COMMUNITY, DISTRICT, a_caregiver, a_user, an_elder, an_item
from tests.clients import Client
from tests.conftest import MORNING


@pytest.fixture
def service() -> Iterator[PushService]:
    """A push service, and an installation that has a key and knows it."""
    os.environ |= {"YINLING_PUSH_KEY": push.new_key(), "YINLING_PUSH_HOSTS": "127.0.0.1"}
    settings.cache_clear()
    made = PushService()
    with serve(made) as door:
        running = threading.Thread(target=door.serve_forever)
        running.start()
        yield made
        door.shutdown()
        running.join()
    del os.environ["YINLING_PUSH_KEY"], os.environ["YINLING_PUSH_HOSTS"]
    settings.cache_clear()


def subscribed(client: Client, service: PushService) -> dict[str, Any]:
    phone = service.subscribe(client.get("/api/phone/push").json()["key"])
    answer = client.put("/api/phone/push", json=phone | {"device": "华为"})
    assert (answer.status_code, answer.json()["phones"]) == (200, 1), answer.text
    return phone


def rung(user_id: int, *, key: str = "one") -> None:
    with transaction() as session:
        phones.ring(
            session, user_id, Kind.WORKER_CHECK, district_id=DISTRICT, division_code=COMMUNITY, key=key,
            about="lone/1", to_whom="刘洁", now=datetime.now(UTC),
        )  # fmt: skip
    actions.deliver_due()


def her_id(client: Client) -> int:
    return int(client.get("/api/session").json()["id"])


def test_a_sleeping_phone_hears_what_kind_of_thing_it_is_and_no_name(database: object, service: PushService) -> None:
    liu = somebody(Role.CAREGIVER)
    phone = subscribed(liu, service)
    rung(her_id(liu))
    (heard,) = service.heard(phone["endpoint"])
    assert (heard.said, heard.urgency) == ({"kind": "worker_check", "about": "lone/1"}, "high")
    with transaction() as session:
        assert session.scalars(select(OutboxMessage.state)).all() == [MessageState.SENT]


def test_a_phone_that_was_given_up_is_forgotten_and_not_tried_again(database: object, service: PushService) -> None:
    liu = somebody(Role.CAREGIVER)
    phone = subscribed(liu, service)
    service.give_up(phone["endpoint"])
    rung(her_id(liu))
    with transaction() as session:
        assert session.scalars(select(PushSubscription.id)).all() == []
        found = session.execute(select(OutboxMessage.state, OutboxMessage.error)).one()
        assert (found.state, found.error) == (MessageState.FAILED, Trouble.BAD_NUMBER)
    assert liu.get("/api/phone/push").json()["phones"] == 0


def test_a_phone_rings_for_whoever_logged_in_last(database: object, service: PushService) -> None:
    liu, wang = somebody(Role.CAREGIVER), somebody(Role.RESPONDER)
    phone = subscribed(liu, service)
    assert wang.put("/api/phone/push", json=phone | {"device": ""}).json()["phones"] == 1
    assert liu.get("/api/phone/push").json()["phones"] == 0
    assert wang.post("/api/phone/push/leave", json={"endpoint": phone["endpoint"]}).status_code == 204
    rung(her_id(wang))
    assert service.heard(phone["endpoint"]) == []


def test_a_phone_cannot_aim_the_server_at_another_house(database: object, service: PushService) -> None:
    liu = somebody(Role.CAREGIVER)
    phone = service.subscribe(liu.get("/api/phone/push").json()["key"])
    for endpoint in ("http://10.0.0.1/push/x", "https://127.0.0.1@evil.example/x", "file:///etc/passwd", "http://["):
        answer = liu.put("/api/phone/push", json=phone | {"endpoint": endpoint})
        assert answer.status_code == 422, endpoint


def test_another_installation_cannot_ring_our_phones(database: object, service: PushService) -> None:
    liu = somebody(Role.CAREGIVER)
    phone = subscribed(liu, service)
    os.environ["YINLING_PUSH_KEY"] = push.new_key()
    settings.cache_clear()
    rung(her_id(liu))
    assert service.heard(phone["endpoint"]) == []
    with transaction() as session:
        assert session.scalars(select(OutboxMessage.error)).all() == [Trouble.REFUSED]


def test_an_alarm_rings_her_phone_and_without_an_answer_a_message_follows(
    database: object, service: PushService
) -> None:
    from tests.app.alarms.test_sending import ringing

    now = MORNING
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        liu = a_caregiver(session)
        user = a_user(session, Role.RESPONDER, caregiver_id=liu.id)
        phones.subscribe(
            session, user.id, district_id=DISTRICT, expires_at=None, device="小米", now=now,
            **_given(service.subscribe(push.public_key() or "")),
        )  # fmt: skip
        offer = sending.send(session, ringing(session, an_elder(session)), liu.id, by="test", now=now)
    with transaction() as session:
        sent = session.scalars(select(OutboxMessage)).all()
        assert [one.channel for one in sent] == [Channel.PUSH]
        assert "林" not in sent[0].text and json.loads(sent[0].text)["attendance"] == str(offer.attendance_id)
        assert sending.silent(session, now=now + timedelta(seconds=14)) == []
        assert sending.silent(session, now=now + timedelta(seconds=16)) == [offer.id]
        sending.ring_by_sms(session, offer.id, now=now + timedelta(seconds=16))
        assert sending.silent(session, now=now + timedelta(seconds=17)) == []


def _given(phone: dict[str, Any]) -> dict[str, str]:
    return {"endpoint": phone["endpoint"], **phone["keys"]}


def test_the_service_refuses_what_the_standards_refuse(service: PushService) -> None:
    phone = service.subscribe(push.public_key() or "")
    name = phone["endpoint"].rpartition("/")[2]
    refused: Callable[..., int] = service.take
    assert refused("nobody", {}, b"") == 404
    assert refused(name, {"TTL": "5"}, b"") == 401
    assert refused(name, {"TTL": "5", "Authorization": "vapid t=a.b.c,k=other"}, b"") == 403
    assert refused(name, {"TTL": "5", "Authorization": f"vapid t=a.b.c,k={push.public_key()}"}, b"") == 401


def test_the_phones_of_the_demos_responders_ring_when_they_are_sent(database: object, service: PushService) -> None:
    with transaction() as session:
        caregiver = a_caregiver(session, responder=True)
        user = a_user(session, Role.RESPONDER, login="hl09", caregiver_id=caregiver.id)
        a_user(session, Role.CAREGIVER, login="hl10", caregiver_id=a_caregiver(session).id)
        user_id = user.id
    phone = Ringing(service)
    assert phone.subscribe() == 1
    assert phone.subscribe() == 1  # begun again: the phones of before are gone
    rung(user_id)
    assert list(phone.rings()) == [("hl09", "worker_check")]
    assert list(phone.rings()) == []
