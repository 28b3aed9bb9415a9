"""The doors: a preview before anything is switched on, health for the desk alone, FHIR that others can read."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.observation import Observation
from sqlalchemy import select

from app.access.rules import Role
from app.access.tables import AccessLog
from app.db import transaction
from app.equipment.measures import measures
from app.equipment.tables import Device, Reading
from app.monitoring import queries, vitals
from app.monitoring.tables import VitalDay
from app.people.tables import Elder, Home
from devices.codecs import decode
from devices.signals import Message
from tests.app.monitoring.story import reading, send
from tests.cast import DISTRICT, STREET, a_device, an_elder
from tests.clients import Client, ok

pytestmark = pytest.mark.usefixtures("database")
Browser = Callable[..., Client]
HEART = {"low": 45, "high": 120, "minutes": 5, "hysteresis": 5}


@pytest.fixture(autouse=True)
def fresh_numbers() -> None:
    queries.forget_params()


def an_elder_with_a_day(*, days: int = 1) -> Elder:
    """Somebody whose watch measured every ten minutes, with a gap, and whose heart raced two hours ago."""
    now = datetime.now(UTC)
    with transaction() as session:
        elder = an_elder(session)
        watch = a_device(session, elder=elder, model="yl-watch")
        motion = a_device(session, home=session.get_one(Home, elder.home_id), model="yl-motion")

        def add(device: Device, kind: str, minutes: int, place: dict[str, float] | None = None, **said: Any) -> None:
            session.add(
                Reading(
                    district_id=DISTRICT, division_code=elder.division_code, device_id=device.id,
                    elder_id=device.elder_id, home_id=device.home_id, kind=kind, at=now - timedelta(minutes=minutes),
                    measured={"readings": said, "place": place}, device_kind="watch" if place else None,
                )
            )  # fmt: skip

        for minute in range(days * 24 * 60, 0, -10):
            if not 300 < minute < 420:
                rate = 131 if 100 <= minute <= 120 else 70
                add(watch, "vitals", minute, heartRate=rate, pressureHigh=128, pressureLow=79, bloodOxygen=97)
            add(motion, "activity", minute, occupancy=minute % 60 < 30)
        add(watch, "vitals", 5, heartRate=0)
        add(watch, "location", 4, {"lat": 37.88, "lon": 118.52, "accuracy_m": 100.0}, steps=3204)
    return elder


def test_a_rule_is_drafted_previewed_and_only_then_switched_on(client: Browser) -> None:
    elder = an_elder_with_a_day()
    lead = client(Role.SHIFT_LEAD)
    made = ok(lead.post(f"/api/elders/{elder.id}/rules", json={"kind": "heart_rate", "params": HEART, "note": "出院"}))
    assert (made["n"], made["state"], made["possible"]) == (1, "draft", ["preview", "stop"])
    refused = lead.post(f"/api/rules/versions/{made['id']}/activate")
    assert refused.status_code == 409 and "NotPreviewed" in refused.json()["type"]
    seen = ok(lead.post(f"/api/rules/versions/{made['id']}/preview"))
    assert seen["preview"]["count"] == 1 and seen["preview"]["present_count"] == 0
    assert [one["value"] for one in seen["preview"]["firings"][0]["cause"]] == [131, 131]
    assert ok(lead.post(f"/api/rules/versions/{made['id']}/activate"))["state"] == "active"
    next_one = ok(
        lead.post(f"/api/elders/{elder.id}/rules", json={"kind": "heart_rate", "params": HEART | {"high": 140}})
    )
    assert lead.post(f"/api/rules/versions/{next_one['id']}/activate").status_code == 409  # its own, not the last one's
    beside = ok(lead.post(f"/api/rules/versions/{next_one['id']}/preview"))["preview"]
    assert (beside["count"], beside["present_count"]) == (0, 1)
    ok(lead.post(f"/api/rules/versions/{next_one['id']}/activate"))
    told = ok(lead.get(f"/api/elders/{elder.id}/rules"))
    assert [(v["n"], v["state"]) for v in told["items"]] == [(2, "active"), (1, "ended")]
    assert told["in_force"] == [next_one["id"]]
    ok(lead.post(f"/api/rules/versions/{next_one['id']}/stop"))
    assert ok(lead.get(f"/api/elders/{elder.id}/rules"))["in_force"] == []


@pytest.mark.parametrize(
    "params", [{}, {"high": "x"}, {"high": 100, "low": 110}, {"high": 120, "minutes": 10**9}, {"high": 120, "x": 1}]
)
def test_parameters_that_make_no_sense_are_refused_in_words(client: Browser, params: dict[str, Any]) -> None:
    with transaction() as session:
        elder = an_elder(session)
    answer = client(Role.DISPATCHER).post(
        f"/api/elders/{elder.id}/rules", json={"kind": "heart_rate", "params": params}
    )
    assert answer.status_code == 422 and answer.json()["faults"]


def test_an_operator_reads_rules_and_a_lead_changes_them(client: Browser) -> None:
    elder = an_elder_with_a_day()
    operator = client(Role.OPERATOR)
    wish = {"kind": "heart_rate", "params": HEART}
    assert operator.post(f"/api/elders/{elder.id}/rules", json=wish).status_code == 403
    assert ok(operator.get(f"/api/elders/{elder.id}/rules"))["may_change"] is False


def test_a_street_reads_the_districts_rules_and_cannot_change_them(client: Browser) -> None:
    wide = client(Role.DISPATCHER)
    made = ok(wide.post("/api/rules", json={"kind": "spo2", "params": {"low": 90}}))
    street = client(Role.DISPATCHER, area=STREET[:9])
    assert [(v["id"], v["possible"]) for v in ok(street.get("/api/rules"))["items"]] == [(made["id"], [])]
    elder = an_elder_with_a_day()
    hers = ok(street.post(f"/api/elders/{elder.id}/rules", json={"kind": "heart_rate", "params": HEART}))
    listed = {v["id"]: v["possible"] for v in ok(street.get(f"/api/elders/{elder.id}/rules"))["items"]}
    assert listed == {made["id"]: [], hers["id"]: ["preview", "stop"]}
    assert street.post("/api/rules", json={"kind": "spo2", "params": {"low": 80}}).status_code == 403
    for act in ("preview", "activate", "stop"):
        assert street.post(f"/api/rules/versions/{made['id']}/{act}").status_code == 403
    assert wide.post("/api/rules", json={"kind": "spo2", "params": {"low": 80}, "model_id": "no"}).status_code == 404


def test_a_wide_rule_is_previewed_over_the_homes_it_is_for(client: Browser) -> None:
    for _ in range(2):
        an_elder_with_a_day()
    lead = client(Role.SHIFT_LEAD)
    made = ok(lead.post("/api/rules", json={"kind": "heart_rate", "params": HEART, "model_id": "yl-watch"}))
    told = ok(lead.post(f"/api/rules/versions/{made['id']}/preview"))["preview"]
    assert (told["homes"], told["sampled"], told["count"]) == (2, 2, 2)


def test_charts_show_bands_gaps_and_marks_and_leave_a_row(client: Browser) -> None:
    elder = an_elder_with_a_day()
    operator = client(Role.OPERATOR)
    drawn = ok(operator.get(f"/api/elders/{elder.id}/vitals"))
    curves = {curve["metric"]: curve for curve in drawn["curves"]}
    assert set(curves) == {"heart_rate", "spo2", "systolic", "diastolic"}
    assert curves["heart_rate"]["doubted"] == 1 and curves["heart_rate"]["gap_seconds"] == 1800
    assert drawn["steps"][-1]["steps"] == 3204
    assert (drawn["fix"]["lat"], drawn["fix"]["accuracy_m"]) == (37.88, 100)
    with transaction() as session:
        assert [row.field for row in session.scalars(select(AccessLog))] == ["vitals"]
    for role in (Role.SUPERVISOR, Role.CAREGIVER, Role.MANAGER, Role.ADMIN):
        assert client(role).get(f"/api/elders/{elder.id}/vitals").status_code == 403


def test_a_week_is_drawn_from_sums_that_do_not_change_when_summed_again(client: Browser) -> None:
    elder = an_elder_with_a_day(days=2)
    now = datetime.now(UTC)
    vitals.sum_all(now=now)
    with transaction() as session:
        once = {(r.subject, r.metric, r.day): r.sums for r in session.scalars(select(VitalDay))}
        first, last = now - timedelta(days=3), vitals.floor(now - vitals.LATE)
        vitals.sum_between(session, DISTRICT, vitals.floor(first), last)
    with transaction() as session:
        assert {(r.subject, r.metric, r.day): r.sums for r in session.scalars(select(VitalDay))} == once
    rates = [sums["day"] for (_, metric, _), sums in once.items() if metric == "heart_rate"]
    assert max(most for _, _, _, most in rates) == 131 and min(least for _, least, _, _ in rates) == 70
    for days in (7, 30):
        drawn = ok(client(Role.OPERATOR).get(f"/api/elders/{elder.id}/vitals?days={days}"))
        assert next(c for c in drawn["curves"] if c["metric"] == "heart_rate")["points"]
        assert drawn["strips"]


def test_old_readings_are_forgotten_and_their_sums_stay(client: Browser) -> None:
    with transaction() as session:
        elder = an_elder(session)
        watch = a_device(session, elder=elder, model="yl-watch").wire_id
    now = datetime.now(UTC)
    send(reading(watch, "vitals", now - timedelta(days=20), heartRate=66), reading(watch, "vitals", now, heartRate=70))
    vitals.sum_all(now=now)
    assert vitals.forget(now=now, days=10) == 1
    assert vitals.forget(now=now, days=10) == 0
    with transaction() as session:
        assert len(session.scalars(select(VitalDay)).all()) == 1


def test_observations_are_fhir_r4_and_come_back_as_they_went(client: Browser) -> None:
    elder = an_elder_with_a_day()
    operator = client(Role.OPERATOR)
    since = (datetime.now(UTC) - timedelta(hours=3)).isoformat().replace("+00:00", "Z")
    answer = operator.get(f"/api/elders/{elder.id}/observations", params={"since": since})
    assert answer.headers["content-type"].startswith("application/fhir+json")
    found: Any = Bundle.model_validate(answer.json())
    resources: list[Any] = [entry.resource for entry in found.entry]
    assert {r.code.coding[0].code for r in resources} == {"8867-4", "2708-6", "85354-9", "55423-8"}
    pressure = next(r for r in resources if r.code.coding[0].code == "85354-9")
    assert [float(part.valueQuantity.value) for part in pressure.component] == [128, 79]
    assert pressure.component[0].valueQuantity.code == "mm[Hg]"
    assert not [r for r in resources if r.code.coding[0].code == "8867-4" and float(r.valueQuantity.value) == 0]
    for entry in answer.json()["entry"]:
        message = Message("", json.dumps(entry["resource"]).encode(), transport="http fhir")
        (signal,) = decode(message, "fhir_observation")
        back = measures(None, signal.kind, {"readings": signal.readings})
        assert back and signal.at == datetime.fromisoformat(entry["resource"]["effectiveDateTime"])
        if value := entry["resource"].get("valueQuantity"):
            assert back[0].value == value["value"]
        else:
            assert [one.value for one in back] == [128, 79]
    with transaction() as session:
        (row,) = session.scalars(select(AccessLog)).all()
        assert (row.field, row.reason, row.elder_id) == ("vitals", "FHIR export", elder.id)


def test_pages_of_observations_follow_one_another(client: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.monitoring.api.PAGE", 20)
    elder = an_elder_with_a_day()
    operator, ids = client(Role.OPERATOR), list[str]()
    url, pages = f"/api/elders/{elder.id}/observations?format=ndjson", 0
    while url:
        answer = operator.get(url)
        lines = [json.loads(line) for line in answer.text.splitlines()]
        ids += [str(Observation.model_validate(line).id) for line in lines]
        url, pages = answer.links.get("next", {}).get("url", ""), pages + 1
    assert len(ids) == len(set(ids)) and pages > 5
    whole = ok(operator.get(f"/api/elders/{elder.id}/observations"))
    assert whole["link"][1]["relation"] == "next"
    assert operator.get(f"/api/elders/{elder.id}/observations?cursor=oops").status_code == 422


def test_an_elder_is_paused_and_back(client: Browser) -> None:
    with transaction() as session:
        elder = an_elder(session)
    operator = client(Role.OPERATOR)
    assert operator.post(f"/api/elders/{elder.id}/pause", json={"reason": "hospital"}).status_code == 204
    assert operator.post(f"/api/elders/{elder.id}/pause", json={"reason": "away"}).status_code == 409
    assert ok(operator.get(f"/api/elders/{elder.id}/rules"))["pause"]["reason"] == "hospital"
    assert operator.post(f"/api/elders/{elder.id}/resume").status_code == 204
    assert operator.post(f"/api/elders/{elder.id}/resume").status_code == 409
