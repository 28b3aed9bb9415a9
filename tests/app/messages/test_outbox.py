"""The outbox: said once, tried again, told honestly."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text, update

from app.access.rules import Role
from app.db import transaction
from app.messages import actions
from app.messages.actions import tell
from app.messages.gateway import NotDelivered, Parcel
from app.messages.rules import LEASE, TRIES, Channel, Kind, MessageState, Trouble, awake, next_try, parts
from app.messages.tables import MessageAttempt, OutboxMessage
from tests.app.calls.story import browser
from tests.cast import COMMUNITY, DISTRICT
from tests.clients import Client, ok, post_signed
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")
ALARM = "alarms/17"
SHANGHAI = ZoneInfo("Asia/Shanghai")
RECEIPTS = "/api/hooks/messages"


def say(key: str = "k1", text: str = "请回电", about: str | None = ALARM, kind: Kind = Kind.NOTICE) -> None:
    with transaction() as session:
        tell(
            session, district_id=DISTRICT, division_code=COMMUNITY, key=key, channel=Channel.SMS, to="13900008870",
            to_whom="女儿", text=text, about=about, kind=kind, now=datetime.now(UTC),
        )  # fmt: skip


def rows() -> list[OutboxMessage]:
    with transaction() as session:
        return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


def tries() -> list[tuple[int, str, str | None]]:
    with transaction() as session:
        found = session.scalars(select(MessageAttempt).order_by(MessageAttempt.message_id, MessageAttempt.n))
        return [(one.n, one.state, one.trouble) for one in found]


def now_due() -> None:
    with transaction() as session:
        waits = OutboxMessage.due_at.is_not(None)
        session.execute(update(OutboxMessage).where(waits).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))


def fails(trouble: Trouble) -> Callable[[Parcel], str]:
    def send(parcel: Parcel) -> str:
        raise NotDelivered(trouble, "HTTP 503")

    return send


def taken(parcel: Parcel) -> str:
    return "gateway"


def noting(ids: list[str]) -> Callable[[Parcel], str]:
    def send(parcel: Parcel) -> str:
        ids.append(parcel.id)
        return "gateway"

    return send


class Killed(BaseException):
    """The process ends here."""


def dies(parcel: Parcel) -> str:
    raise Killed


def test_one_occasion_is_told_once_and_delivered_once() -> None:
    said: list[Parcel] = []

    def send(parcel: Parcel) -> str:
        said.append(parcel)
        return "gateway"

    say()
    say()
    assert (actions.deliver_due(send), actions.deliver_due(send)) == (1, 0)
    (parcel,) = said
    assert (parcel.channel, parcel.to, parcel.text) == (Channel.SMS, "13900008870", "请回电")
    assert parcel.id == f"{DISTRICT}-{rows()[0].id}"
    assert rows()[0].sent_at and rows()[0].via == "gateway" and tries() == [(1, "sent", None)]


def test_a_gateway_that_is_down_is_tried_again_later_and_every_try_is_on_record() -> None:
    say()
    assert actions.deliver_due(fails(Trouble.OVERLOADED)) == 0
    (message,) = rows()
    assert message.error == "overloaded" and message.due_at and message.due_at > datetime.now(UTC)
    now_due()
    assert actions.deliver_due(taken) == 1 and rows()[0].error is None
    assert tries() == [(1, "failed", "overloaded"), (2, "sent", None)]


def test_what_is_refused_for_good_is_not_tried_again_and_an_operator_may_send_it_anew(
    client: Callable[..., Client],
) -> None:
    say()
    actions.deliver_due(fails(Trouble.REFUSED))
    desk = client(Role.OPERATOR)
    (item,) = ok(desk.get("/api/messages?state=failed"))["items"]
    assert (item["state"], item["due_at"], item["possible"]) == ("failed", None, ["resend"])
    ok(desk.post(f"/api/messages/{item['id']}/resend"))
    assert actions.deliver_due(taken) == 1
    again, first = ok(desk.get("/api/messages?alarm_id=17"))["items"]
    assert (again["resend_of"], again["state"], first["state"]) == (first["id"], "sent", "failed")
    assert desk.post(f"/api/messages/{again['id']}/resend").status_code == 409


def test_the_tries_come_to_an_end() -> None:
    assert next_try(TRIES, now=MORNING) is None
    waits = [next_try(n, now=MORNING) for n in range(1, TRIES)]
    assert waits == sorted(waits, key=str) and waits[-1] == MORNING + timedelta(hours=1)
    assert next_try(TRIES - 1, now=MORNING, urgent=True) == MORNING + timedelta(minutes=5)


def test_an_alarms_message_overtakes_notices_that_have_waited_longer() -> None:
    for n in range(3):
        say(f"n{n}", f"通知{n}", about=None)
    say("alarm", "紧急")
    now_due()
    said: list[str] = []

    def send(parcel: Parcel) -> str:
        said.append(parcel.text)
        return "gateway"

    assert actions.deliver_due(send, urgent_only=True) == 1 and said == ["紧急"]
    assert actions.deliver_due(send) == 3


@pytest.mark.parametrize(
    ("at", "goes"),
    [
        ("12:00", "12:00"),
        ("21:29", "21:29"),
        ("21:30", "+07:30"),
        ("23:59", "+07:30"),
        ("00:10", "07:30"),
        ("07:30", "07:30"),
    ],
)
def test_at_night_only_alarms_go_out(at: str, goes: str) -> None:
    local = datetime.combine(MORNING.date(), time.fromisoformat(at), SHANGHAI)
    first = awake(local, time(21, 30), time(7, 30))
    assert f"{'+' if first.date() > local.date() else ''}{first:%H:%M}" == goes
    assert first >= local


def test_quiet_hours_within_a_day_end_on_that_day() -> None:
    noon = datetime(2026, 11, 23, 12, 30, tzinfo=SHANGHAI)
    assert awake(noon, time(12), time(14)) == noon.replace(hour=14, minute=0)


def test_a_sender_killed_in_the_middle_is_on_record_and_the_message_goes_out_under_the_same_id() -> None:
    say()
    with pytest.raises(Killed):
        actions.deliver_due(dies)
    assert actions.deliver_due(taken) == 0, "its lease has not run out"
    (message,) = rows()
    assert message.due_at and message.due_at > datetime.now(UTC) + LEASE / 2
    now_due()
    said: list[str] = []
    actions.deliver_due(noting(said))
    assert said == [f"{DISTRICT}-{message.id}"] and tries() == [(1, "unknown", "died"), (2, "sent", None)]


@pytest.mark.usefixtures("forgetful")
def test_where_the_gateway_forgets_only_a_call_for_help_is_said_again_after_a_kill() -> None:
    say("notice", about=None)
    say("alarm")
    now_due()
    for _ in range(2):
        with pytest.raises(Killed):
            actions.deliver_due(dies)
    now_due()
    said: list[str] = []
    actions.deliver_due(noting(said))
    notice, alarm = rows()
    assert said == [f"{DISTRICT}-{alarm.id}"]
    assert (notice.state, notice.due_at, notice.error) == (MessageState.UNKNOWN, None, "died")


def test_a_receipt_tells_what_became_of_it_once_and_may_overtake_the_answer(token: str) -> None:
    def overtaken(parcel: Parcel) -> str:
        assert post_signed(browser(), RECEIPTS, {"id": parcel.id, "delivered": True}).status_code == 204
        return "gateway"

    say("one")
    actions.deliver_due(overtaken)
    say("two")
    actions.deliver_due(taken)
    one, two = rows()
    assert one.state is MessageState.DELIVERED and one.delivered_at
    word = {"id": f"{DISTRICT}-{two.id}", "delivered": False, "trouble": "bad_number", "detail": "空号"}
    for _ in range(2):
        assert post_signed(browser(), RECEIPTS, word).status_code == 204
    assert rows()[1].state is MessageState.FAILED and rows()[1].error == "bad_number"
    assert tries()[-1] == (2, "failed", "bad_number") and len(tries()) == 4


@pytest.mark.parametrize("strange", ["1-1", "x", "370503-", "370503-0", "370503-9" + "9" * 30, "-", "370503-²"])
def test_a_receipt_for_what_we_never_sent_changes_nothing(strange: str, token: str) -> None:
    say()
    assert post_signed(browser(), RECEIPTS, {"id": strange, "delivered": True}).status_code == 404
    assert browser().post(RECEIPTS, json={"id": strange, "delivered": True}).status_code == 403
    assert rows()[0].state is MessageState.QUEUED


def test_the_demo_keeps_a_mailbox_and_shows_no_number(client: Callable[..., Client]) -> None:
    say()
    assert actions.deliver_due() == 1
    (item,) = ok(client(Role.OPERATOR).get("/api/messages"))["items"]
    assert (item["via"], item["to"], item["text"]) == ("mailbox", "139****8870", "请回电")
    with transaction() as session:
        sealed = session.execute(text('select "to" || text from outbox_messages')).scalar_one()
    assert "8870" not in sealed and "请回电" not in sealed


def test_a_long_text_is_charged_in_parts() -> None:
    assert [parts("字" * n) for n in (1, 70, 71, 134, 135)] == [1, 1, 2, 2, 3]
