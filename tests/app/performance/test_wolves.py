"""Devices that call for nothing: counted by device, model and kind, and exchanged by one key."""

from datetime import UTC, datetime, timedelta

import pytest

from app import history
from app.access.rules import Role
from app.alarms.rules import Verdict
from app.db import transaction
from app.equipment import upkeep
from app.equipment.rules import Fault
from app.equipment.tables import Device, DeviceFault
from app.equipment.upkeep_rules import Remedy, Upkeep
from tests.app.alarms.story import an_operator
from tests.app.performance.test_figures import answered
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT
from tests.clients import ok

pytestmark = pytest.mark.usefixtures("database")


def wolf(name: str, *verdicts: Verdict, days_ago: int = 1, model: str = "yl-pendant") -> int:
    """A device that called so often; its number."""
    at = datetime.now(UTC) - timedelta(days=days_ago)
    with transaction() as session:
        me = an_operator(session)
        alarms = [
            answered(session, me, at + timedelta(minutes=n), 6, verdict, wire_id=f"{name}-{n}", model=model)
            for n, verdict in enumerate(verdicts)
        ]
        for alarm in alarms:
            alarm.device_id = alarms[0].device_id
        device = session.get_one(Device, alarms[0].device_id)
        device.wire_id = name
        return device.id


def test_three_false_calls_in_seven_days_are_marked_and_models_and_kinds_have_their_rates() -> None:
    wolf("pendant-a", Verdict.FALSE, Verdict.ACCIDENTAL, Verdict.FALSE, Verdict.REAL)
    wolf("pendant-b", Verdict.FALSE, Verdict.FALSE, Verdict.FALSE, days_ago=9)
    wolf("pendant-c", Verdict.REAL)
    wolf("smoke-d", Verdict.FALSE, Verdict.REAL, model="yl-smoke")
    told = ok(somebody(Role.SUPERVISOR).get("/api/figures/false"))
    seen = [(one["wire_id"], one["false"], one["alarms"], one["week"], one["too_often"]) for one in told["items"]]
    assert seen == [
        ("pendant-a", 3, 4, 3, True), ("smoke-d", 1, 2, 1, False), ("pendant-b", 3, 3, 0, False),
    ]  # fmt: skip
    ways = {(one["kind"], one["model"]): (one["devices"], one["false"], one["alarms"]) for one in told["ways"]}
    assert ways[("help_button", None)] == (3, 6, 8) and ways[("smoke_sensor", None)] == (1, 1, 2)
    assert len(ways) == 4 and sum(model is not None for _, model in ways) == 2


def test_one_key_puts_its_exchange_on_the_technical_list_with_who_and_until_when() -> None:
    number = wolf("pendant-a", Verdict.FALSE, Verdict.FALSE, Verdict.FALSE)
    lead = somebody(Role.SHIFT_LEAD)
    (before,) = ok(lead.get("/api/figures/false"))["items"]
    assert before["possible"] == ["exchange"] and before["exchange"] is None
    door = f"/api/figures/false/{number}/exchange"
    assert somebody(Role.MANAGER).post(door).status_code == 403
    made = ok(lead.post(door))
    assert made["state"] == "waiting" and made["due_at"] > made["since"] and not made["overdue"]
    assert lead.post(door).status_code == 409, "asked for once"
    (after,) = ok(lead.get("/api/figures/false"))["items"]
    assert after["possible"] == [] and after["exchange"] == made
    hidden = ok(somebody(Role.MANAGER).get("/api/figures/false"))["items"][0]["exchange"]
    assert (hidden["asked_by"], hidden["due_at"]) == ("", made["due_at"])
    (listed,) = ok(lead.get("/api/upkeep"))["items"]
    assert (listed["kind"], listed["device_id"], listed["due_at"]) == ("false_alarms", number, made["due_at"])


def test_an_exchange_is_over_when_somebody_says_what_was_done_and_its_history_tells_who_asked() -> None:
    number = wolf("pendant-a", Verdict.FALSE, Verdict.FALSE, Verdict.FALSE)
    lead = somebody(Role.SHIFT_LEAD)
    made = ok(lead.post(f"/api/figures/false/{number}/exchange"))
    now = datetime.now(UTC)
    with transaction() as session:
        me = an_operator(session, name="周工")
        entry = upkeep.fault(session, session.query(DeviceFault.id).filter_by(kind=Fault.FALSE_ALARMS).scalar())
        upkeep.claim(session, entry, user_id=me.id, by=me.by, now=now)
        upkeep.finish(session, entry, remedy=Remedy.SWAPPED, note=None, user_id=me.id, by=me.by, now=now)
        assert entry.state is Upkeep.OVER
        lines = history.of(session, DISTRICT, "device_faults", entry.id)
    assert [line.event for line in lines] == ["ask", "claim", "finish", "end"] and lines[0].by == made["asked_by"]
    assert ok(lead.get("/api/figures/false"))["items"][0]["possible"] == ["exchange"], "if it goes on"
