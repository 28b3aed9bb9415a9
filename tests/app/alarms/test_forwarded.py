"""What other servers forward over HTTP rings like any other call, and is answered in their own words."""

import json
from collections.abc import Callable

from sqlalchemy import select

from app.access.rules import Role
from app.alarms.tables import Alarm, InboxMessage
from app.db import transaction
from tests.cast import a_device
from tests.clients import Client, ok

Browser = Callable[..., Client]

SOS = {
    "event": {"id": 9, "type": "alarm", "eventTime": "2026-03-01T08:00:00Z", "attributes": {"alarm": "sos"}},
    "position": {"latitude": 0, "longitude": 0, "valid": False, "attributes": {}},
}


def test_an_sos_that_traccar_forwards_rings_once_however_often_it_is_sent(client: Browser, token: str) -> None:
    with transaction() as session:
        device = a_device(session, wire_id="861234567890123", model="traccar-client")
    browser, headers = client(Role.OPERATOR), {"Authorization": f"Bearer {token}"}
    body = json.dumps({**SOS, "device": {"uniqueId": device.wire_id}})
    for _ in range(2):
        ok(browser.post("/api/ingest/from/traccar", content=body, headers=headers))
    [ringing] = ok(browser.get("/api/alarms"))["items"]
    assert (ringing["kind"], ringing["count"]) == ("sos", 1)
    assert browser.post("/api/ingest/from/traccar", content=body).status_code == 403
    assert browser.post("/api/ingest/from/elsewhere", content=body, headers=headers).status_code == 422


def test_a_social_alarm_is_accepted_when_it_is_stored_and_told_what_is_wrong(client: Browser, token: str) -> None:
    with transaction() as session:
        a_device(session, wire_id="123456", model="scaip-unit")
    browser, headers = client(Role.OPERATOR), {"Authorization": f"Bearer {token}"}
    told = {
        "<mrq><ref>a1</ref><mty>ME</mty><cid>123456</cid><dty>0003</dty><stc>0010</stc></mrq>": ("a1", 0),
        "<mrq><ref>a2</ref></mrq>": ("", 7),
        "<mrq><ref>a3": ("", 2),
    }
    for body, (ref, number) in told.items():
        answer = browser.post("/api/ingest/from/scaip", content=body, headers=headers)
        assert answer.status_code == 200 and answer.headers["content-type"].startswith("application/scaip+xml")
        assert answer.text == f"<mrs><ref>{ref}</ref><snu>{number}</snu></mrs>"
    with transaction() as session:
        assert session.scalars(select(Alarm.kind)).all() == ["sos"]
        assert len(session.scalars(select(InboxMessage.id)).all()) == 3, "what was wrong is kept too"


def test_a_pulse_that_a_health_gateway_posts_is_kept(client: Browser, token: str) -> None:
    with transaction() as session:
        a_device(session, wire_id="Device/scale-7", model="fhir-monitor")
    observation = {
        "resourceType": "Observation", "status": "final", "effectiveDateTime": "2026-03-01T08:00:00+08:00",
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "valueQuantity": {"value": 71, "code": "/min"}, "device": {"reference": "Device/scale-7"},
    }  # fmt: skip
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    ok(client(Role.OPERATOR).post("/api/ingest/from/fhir", content=json.dumps(observation), headers=headers))
    with transaction() as session:
        assert session.scalars(select(InboxMessage.reason)).all() == [None]
