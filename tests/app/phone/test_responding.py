"""Who was sent to an alarm sees the way in and the keys while it is hers, and tells the desk what she found."""

from datetime import UTC, datetime

from sqlalchemy import Engine

from app.access.rules import Role
from app.access.tables import User
from app.alarms import log, sending
from app.alarms.tables import Alarm
from app.db import transaction
from app.planning import attending
from app.planning import queries as planning
from tests.app.alarms.test_sending import ringing
from tests.app.test_every_route import somebody
from tests.cast import a_contact, an_elder, an_item


def test_the_way_in_and_the_keys_are_hers_while_the_alarm_is(database: Engine) -> None:
    liu, wang = somebody(Role.RESPONDER), somebody(Role.RESPONDER)
    now = datetime.now(UTC)
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        elder = an_elder(session, health={"conditions": ["高血压"], "allergies": ["青霉素"]})
        a_contact(session, elder, has_key=True)
        mine = session.get_one(User, liu.get("/api/session").json()["id"]).caregiver_id
        alarm = ringing(session, elder, now=now)
        offer = sending.send(session, alarm, mine or 0, by="test", now=now)
    (sent,) = liu.get("/api/phone/responding").json()["items"]
    assert (sent["kind"], sent["offer"], sent["allergies"]) == ("sos", "offered", ["青霉素"])
    assert [key["has_key"] for key in sent["keys"]] == [True] and sent["address"]
    assert wang.get("/api/phone/responding").json()["items"] == []
    path = f"/api/phone/responding/{offer.attendance_id}/found"
    assert wang.post(path, json={"found": "well"}).status_code == 404
    assert liu.post(path, json={"found": "ambulance", "words": "左腿不能动"}).status_code == 200
    with transaction() as session:
        last = log.of(session, session.get_one(Alarm, alarm.id))[-1]
        assert (last.event, last.facts["text"]) == ("note", "需要 120。左腿不能动")
        attendance = planning.attendance(session, offer.attendance_id or 0, lock=True)
        attending.decline(session, attendance, by="test", now=now, reason="unsafe")
    with transaction() as session:
        sending.hear(session, offer.id, now=now)
    assert liu.get("/api/phone/responding").json()["items"] == []
    assert liu.post(path, json={"found": "well"}).status_code == 404
