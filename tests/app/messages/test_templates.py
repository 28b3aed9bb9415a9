"""The words of messages: every kind in both languages, a district's own beside them, and what may not stand in one."""

from collections.abc import Callable

import pytest

from app.access.rules import Role
from app.db import transaction
from app.messages import templates
from app.messages.rules import Channel, Kind
from tests.cast import DISTRICT
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database")
WISH = {"kind": "alarm_family", "channel": "sms", "language": "zh-CN"}


def test_every_kind_has_its_words_in_both_languages_and_reads_whole() -> None:
    with transaction() as session:
        found = templates.in_force(session, DISTRICT)
    assert {one.kind for one in found} == set(Kind)
    assert len({(one.kind, one.channel) for one in found}) * 2 == len(found)
    for one in found:
        templates.check(one.kind, one.channel, one.language, one.text)
        text = templates.filled(one.text, templates.SAMPLE[one.language])
        assert "{" not in text and templates.SAMPLE[one.language]["what"] in text, text


def test_a_shift_lead_changes_the_words_and_the_next_message_has_them(client: Callable[..., Client]) -> None:
    mine = WISH | {"text": "【银铃】{elder}{what}，请回{hotline}。"}
    assert client(Role.OPERATOR).post("/api/messages/templates", json=mine).status_code == 403
    ok(client(Role.SHIFT_LEAD).post("/api/messages/templates", json=mine))
    with transaction() as session:
        values = {"elder": "林桂芬", "what": "紧急呼叫"}
        said = templates.words(session, DISTRICT, Kind.ALARM_FAMILY, Channel.SMS, values)
    assert said == "【银铃】林桂芬紧急呼叫，请回12349。"
    shown = ok(client(Role.OPERATOR).get("/api/messages/templates"))
    assert [one["preview"] for one in shown if one["by"]] == [said]


@pytest.mark.parametrize(
    "text",
    ["{elder.__class__}{what}", "{0}{what}", "{elder!r}{what}", "{elder:>999999999}{what}", "{elder", "}{", "{elder}",
     "{what}", "{elder}{what}{id_number}", "", "{elder}{what}" + "长" * 400],
)  # fmt: skip
def test_words_that_cannot_be_used_are_refused(client: Callable[..., Client], text: str) -> None:
    for path in ("/api/messages/templates", "/api/messages/templates/preview"):
        assert client(Role.SHIFT_LEAD).post(path, json=WISH | {"text": text}).status_code == 422


def test_what_nobody_gave_is_left_out_rather_than_nothing_said() -> None:
    assert templates.filled("{elder}在{estate}{what}", {"elder": "林桂芬", "what": "呼叫"}) == "林桂芬在呼叫"
