"""The outbox: said once, tried again, told honestly."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text, update

from app.access.rules import Role
from app.db import transaction
from app.messages import actions
from app.messages.actions import NotDelivered, tell
from app.messages.rules import TRIES, Channel, next_try
from app.messages.tables import OutboxMessage
from tests.cast import COMMUNITY, DISTRICT, a_client
from tests.clients import ok
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def say(key: str = "k1", text: str = "请回电") -> None:
    with transaction() as session:
        tell(
            session, district_id=DISTRICT, division_code=COMMUNITY, key=key, channel=Channel.SMS, to="13900008870",
            to_whom="女儿", text=text, now=datetime.now(UTC),
        )  # fmt: skip


def rows() -> list[OutboxMessage]:
    with transaction() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def test_one_occasion_is_told_once_and_delivered_once() -> None:
    said: list[tuple[Channel, str, str]] = []

    def send(channel: Channel, to: str, text: str) -> str:
        said.append((channel, to, text))
        return "gateway"

    say()
    say()
    assert (actions.deliver_due(send), actions.deliver_due(send)) == (1, 0)
    assert said == [(Channel.SMS, "13900008870", "请回电")]
    assert rows()[0].sent_at and rows()[0].via == "gateway"


def test_a_gateway_that_is_down_is_tried_again_later_and_the_reason_is_kept() -> None:
    def down(*_: object) -> str:
        raise NotDelivered("the gateway did not take it")

    say()
    assert actions.deliver_due(down) == 0
    (message,) = rows()
    assert message.error and message.attempts == 1 and message.due_at and message.due_at > datetime.now(UTC)
    with transaction() as session:
        session.execute(update(OutboxMessage).values(due_at=datetime.now(UTC)))
    assert actions.deliver_due(lambda *_: "gateway") == 1 and rows()[0].error is None


def test_the_tries_come_to_an_end() -> None:
    assert next_try(TRIES, now=MORNING) is None
    waits = [next_try(n, now=MORNING) for n in range(1, TRIES)]
    assert waits == sorted(waits, key=str) and waits[-1] == MORNING + timedelta(hours=1)


def test_the_demo_keeps_a_mailbox_and_shows_no_number() -> None:
    say()
    assert actions.deliver_due() == 1
    (item,) = ok(a_client(Role.OPERATOR).get("/api/messages"))["items"]
    assert (item["via"], item["to"], item["text"]) == ("mailbox", "139****8870", "请回电")
    with transaction() as session:
        sealed = session.execute(text('select "to" || text from outbox_messages')).scalar_one()
    assert "8870" not in sealed and "请回电" not in sealed
