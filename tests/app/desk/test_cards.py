"""The card for 120: complete, honest about what is not known, on record; and the clock of care beside the alarm."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from app.access.rules import Role
from app.access.tables import AccessLog
from app.alarms import hearing
from app.alarms.care_clock import care_clock
from app.alarms.rules import AlarmKind
from app.db import transaction
from app.desk.card_rules import composed, parts_of
from app.messages.tables import OutboxMessage
from app.orders.rules import VisitState
from app.people import health
from app.people.tables import Elder
from app.planning.rules import AttendanceState
from tests.cast import TEN, a_caregiver, a_contact, a_visit, an_attendance, an_elder, an_item
from tests.clients import Client


def an_alarm(**given: Any) -> tuple[int, Elder]:
    with transaction() as session:
        elder = an_elder(session, **given)
        a_contact(session, elder)
        who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
        now = datetime.now(UTC)
        alarm = hearing.call_for_help(session, AlarmKind.FALL, who, hearing.Press(now), by="test", now=now)
        return alarm.id, elder


def test_the_card_says_everything_and_what_nobody_has_told_is_not_known(client: Callable[..., Client]) -> None:
    number, elder = an_alarm()
    operator = client(Role.OPERATOR)
    card = operator.post(f"/api/alarms/{number}/card", json={"reason": "ambulance_called"}).json()
    assert (card["name"], card["age"], card["entry"], card["floor"]) == ("林桂芬", 82, "门禁 2580", 3)
    assert card["address"] == "河运小区 12号楼2单元302"
    assert (card["place"]["datum"], card["place"]["at"]) == ("wgs84", None)
    assert {part["part"]: part["value"] for part in card["health"]} == {
        "allergies": ["青霉素"], "conditions": ["高血压"], "medicines": ["氨氯地平"], "blood_type": None,
        "resuscitation": None, "wishes": None,
    }  # fmt: skip
    assert [one["name"] for one in card["key_holders"]] == ["周慧"]
    assert (card["family_told"], card["vitals"], card["responder"]) == ([], [], None)
    with transaction() as session:
        line = session.scalars(select(AccessLog).where(AccessLog.field == "card")).one()
        assert (line.elder_id, line.facts["why"]) == (elder.id, "ambulance_called")
    case = operator.get(f"/api/alarms/{number}").json()
    assert "card" in [step["kind"] for step in case["timeline"]]


def test_the_card_says_first_what_120_asks_first(client: Callable[..., Client]) -> None:
    number, _ = an_alarm()
    operator, path = client(Role.OPERATOR), f"/api/alarms/{number}"

    def card() -> tuple[dict[str, object], str]:
        shown = operator.post(f"{path}/card", json={"reason": "preparing"}).json()
        return {name: shown["condition"][name] for name in ("answers", "breathes")}, shown["sms"]["text"]

    assert card()[0] == {"answers": None, "breathes": None}
    operator.post(f"{path}/claim")
    operator.post(f"{path}/steps/call_elder", json={"result": "no_answer"})
    assert card()[0] == {"answers": False, "breathes": None}
    operator.post(f"{path}/call", json={"target": "elder", "result": "answered"})
    for question, answer in (("hear", "yes"), ("hurt", "yes"), ("breathe", "no")):
        operator.post(f"{path}/steps/ask", json={"question": question, "answer": answer})
    known, text = card()
    assert known == {"answers": True, "breathes": False}
    where, who, state = (text.index(words) for words in ("12号楼2单元302", "林桂芬", "能应答，呼吸不畅"))
    assert where < who < state < text.index("过敏")


def test_who_opened_a_card_is_on_the_supervisors_list_without_the_elders_name(client: Callable[..., Client]) -> None:
    number, _ = an_alarm()
    client(Role.OPERATOR).post(f"/api/alarms/{number}/card", json={"reason": "hospital_asks"})
    (line,) = client(Role.SUPERVISOR).get("/api/card-openings").json()["items"]
    assert (line["by"], line["why"], line["alarm_id"], line["elder"]) == ("赵敏", "hospital_asks", number, None)
    assert client(Role.SHIFT_LEAD).get("/api/card-openings").json()["items"][0]["elder"] == "林桂芬"
    assert client(Role.OPERATOR).get("/api/card-openings").status_code == 403


def test_the_card_goes_to_the_responder_as_a_message_and_without_one_it_is_refused(
    client: Callable[..., Client],
) -> None:
    number, _ = an_alarm()
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        liu = a_caregiver(session)
    operator = client(Role.OPERATOR)
    operator.post(f"/api/alarms/{number}/claim")
    path = f"/api/alarms/{number}/card/sms"
    assert operator.post(path, json={"to": "responder"}).status_code == 409
    operator.post(f"/api/alarms/{number}/send", json={"caregiver_id": liu.id})
    sms = operator.post(path, json={"to": "responder"}).json()
    assert "林桂芬" in sms["text"] and "门禁 2580" in sms["text"] and "过敏：青霉素" in sms["text"]
    assert sms["parts"] == parts_of(sms["text"]) <= 3
    with transaction() as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.key.like("card-%"))).one()
        assert (sent.to, sent.text) == (liu.phone, sms["text"])


@pytest.mark.parametrize(("length", "parts"), [(70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)])
def test_a_message_is_counted_as_the_network_counts_it(length: int, parts: int) -> None:
    assert parts_of("一" * length) == parts


def test_what_does_not_fit_is_named_and_the_most_important_stays() -> None:
    sms = composed([("who", "一" * 60), ("where", "二" * 60), ("wishes", "三" * 100), ("hotline", "四" * 10)])
    assert sms.cut == ["wishes"]
    assert sms.text.startswith("一") and sms.text.endswith("四" * 10)


def test_health_is_written_part_by_part_with_its_day_and_source(client: Callable[..., Client]) -> None:
    _, elder = an_alarm(health={})
    operator, path = client(Role.OPERATOR), f"/api/elders/{elder.id}/health"
    record = operator.get(path).json()
    assert (record["version"], {part["value"] for part in record["parts"]}) == (0, {None})
    told = {"value": [], "as_of": "2026-09-03", "source": "hospital", "version": 0}
    record = operator.put(f"{path}/allergies", json=told).json()
    assert record["parts"][0] == {"part": "allergies", "value": [], "as_of": "2026-09-03", "source": "hospital"}
    assert operator.put(f"{path}/allergies", json=told).status_code == 409
    wrong = told | {"value": "Q", "version": 1}
    assert operator.put(f"{path}/blood_type", json=wrong).status_code == 422
    assert operator.put(f"{path}/wishes", json=told | {"version": 1, "as_of": "2099-01-01"}).status_code == 422


def test_a_part_that_is_taken_back_is_not_known_again(database: Engine) -> None:
    with transaction() as session:
        elder = an_elder(session, health={})
        for seen, value in enumerate((["花生"], None)):
            health.write(
                session, elder.id, health.Part.ALLERGIES, value, as_of=TEN.date(), source=health.ToldBy.FAMILY,
                seen=seen, by="赵敏", now=TEN,
            )  # fmt: skip
        assert health.known(elder.health)[0].value is None


def test_the_clock_tells_who_is_there_who_is_due_and_who_left_last(database: Engine) -> None:
    with transaction() as session:
        elder, liu = an_elder(session), a_caregiver(session)
        wang = a_caregiver(session, name="王芳")
        early = a_visit(session, elder=elder, opens=TEN - timedelta(hours=2), state=VisitState.VERIFIED)
        an_attendance(
            session, early, wang, state=AttendanceState.FINISHED, started_at=TEN - timedelta(hours=2),
            finished_at=TEN - timedelta(hours=1),
        )  # fmt: skip
        now = a_visit(session, elder=elder, state=VisitState.UNDER_WAY)
        an_attendance(session, now, liu, state=AttendanceState.IN_SERVICE, started_at=TEN, arrived_at=TEN)
        later = a_visit(session, elder=elder, opens=TEN + timedelta(hours=5), state=VisitState.PUBLISHED)
        an_attendance(session, later, wang)
        clock = care_clock(session, elder.id, now=TEN + timedelta(minutes=10))
        assert [(one.caregiver, one.since) for one in clock.here] == [("刘洁", TEN)]
        assert clock.due is not None and (clock.due.caregiver, clock.due.soon) == ("王芳", False)
        assert clock.left is not None and clock.left.at == TEN - timedelta(hours=1)
        assert clock.last_contact is not None and (clock.last_contact.how, clock.last_contact.who) == ("visit", "刘洁")
