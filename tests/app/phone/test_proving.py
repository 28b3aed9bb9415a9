"""What the phone is told to prove a visit with, and what it tells that the alarm centre must hear."""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Engine, select

from app.access.rules import Role
from app.alarms import hearing
from app.alarms.handling_tables import OnTestWindow
from app.alarms.rules import AlarmKind
from app.alarms.tables import Alarm
from app.db import transaction
from app.people.tables import Home
from app.visits.proof_rules import Sort
from app.visits.proof_tables import VisitPresence
from tests.app.phone.test_phone import a_promised, event, first_visit, phone_of, soon
from tests.app.test_every_route import somebody
from tests.cast import a_device
from tests.clients import Client, ok

BrowserOf = Callable[..., Client]


def test_the_phone_knows_the_gate_and_the_limits_without_asking(client: BrowserOf) -> None:
    _, _, (liu,) = a_promised(soon())
    days = ok(phone_of(client, liu).get("/api/phone/days"))
    visit = first_visit(days)
    assert visit["gate"] == {"task": "pressure", "guards": []}
    assert visit["tasks"][0]["reading"] == "blood_pressure"
    (systolic,) = [one for one in days["measuring"]["kinds"]["blood_pressure"] if one["name"] == "systolic"]
    assert (systolic["low"], systolic["high"], systolic["outside"]) == (90, 159, "stop")


def test_what_she_measured_comes_back_with_what_follows(client: BrowserOf) -> None:
    _, (mine,), (liu,) = a_promised(soon())
    values = {"systolic": 182, "diastolic": 95}
    told = event("reading", mine, 1, data={"kind": "blood_pressure", "values": values, "task": "pressure"})
    answer = ok(phone_of(client, liu).post("/api/phone/events", json={"events": [told]}))
    (reading,) = first_visit(answer["days"])["readings"]
    assert (reading["values"], reading["verdict"]) == (values, "stop")


def test_the_elder_is_worse_rings_once_however_often_it_is_sent(client: BrowserOf) -> None:
    visit, (mine,), (liu,) = a_promised(soon())
    phone = phone_of(client, liu)
    told = event("worse", mine, 1, data={"note": "胸口痛，出冷汗"})
    for _ in range(2):
        ok(phone.post("/api/phone/events", json={"events": [told]}))
    with transaction() as session:
        (alarm,) = session.scalars(select(Alarm))
        assert (alarm.kind, alarm.elder_id, alarm.count) == (AlarmKind.SOS, visit.elder_id, 1)


def test_somebody_elses_visit_does_not_ring(client: BrowserOf) -> None:
    _, (_, other), (liu, _) = a_promised(soon(), names=("刘洁", "王芳"))
    ok(phone_of(client, liu).post("/api/phone/events", json={"events": [event("worse", other, 1)]}))
    with transaction() as session:
        assert session.scalar(select(Alarm.id)) is None


def test_a_press_she_asked_for_rings_and_proves_only_after_a_voice(client: BrowserOf, database: Engine) -> None:
    visit, (mine,), (liu,) = a_promised(soon())
    ok(phone_of(client, liu).post("/api/phone/events", json={"events": [event("press", mine, 1)]}))
    operator = somebody(Role.OPERATOR)
    with transaction() as session:
        window = session.scalars(select(OnTestWindow)).one()
        assert (window.home_id, window.installer_id) == (visit.home_id, liu.id)
        device = a_device(session, home=session.get_one(Home, visit.home_id))
        who = hearing.Whose(visit.district_id, visit.division_code, visit.elder_id, visit.home_id, device.id)
        now = datetime.now(UTC)
        alarm_id = hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(now), by="wire", now=now).id
        assert session.get_one(Alarm, alarm_id).closed_at is None  # it rings
        assert session.scalar(select(VisitPresence.id)) is None
    ok(operator.post(f"/api/alarms/{alarm_id}/claim"))
    ok(operator.post(f"/api/alarms/{alarm_id}/call", json={"target": "elder", "result": "answered"}))
    ok(operator.post(f"/api/alarms/{alarm_id}/as-test", json={}))
    with transaction() as session:
        proof = session.scalars(select(VisitPresence)).one()
        assert (proof.sort, proof.attendance_id, proof.source_id) == (Sort.BUTTON, mine.id, alarm_id)
