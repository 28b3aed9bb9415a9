"""The technical list in people's hands: its clocks, its shelves, what was done and whether it helped."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import history
from app.access.rules import Role
from app.alarms.tables import Alarm
from app.db import transaction
from app.equipment import faults, presence, upkeep
from app.equipment.clocks import due_after
from app.equipment.rules import Fault
from app.equipment.tables import Device, DeviceFault, Outage
from app.equipment.upkeep_rules import CONFIRMS_WITHIN, MOVES, Remedy, Shared, Upkeep, UpkeepEvent, after, possible
from app.errors import Conflict, Unreadable
from tests.app.alarms.story import hear, press
from tests.cast import DISTRICT, TEN, a_device, a_user
from tests.clients import Client, ok

DAY = timedelta(days=1)


@pytest.fixture
def device(database: object) -> Device:
    """A pendant with a low battery and an opened case."""
    with transaction() as session:
        found = a_device(session)
        faults.add(session, [faults.New(found, kind, TEN) for kind in (Fault.LOW_BATTERY, Fault.TAMPER)])
    return found


def entry(kind: Fault = Fault.LOW_BATTERY) -> DeviceFault:
    with transaction() as session:
        return session.query(DeviceFault).filter_by(kind=kind).one()


def test_an_entry_is_claimed_once_put_aside_for_a_reason_and_done_with_something(
    device: Device, client: Callable[..., Client]
) -> None:
    zhao, sun = client(Role.OPERATOR, name="赵敏"), client(Role.OPERATOR, name="孙磊")
    door = f"/api/upkeep/faults/{entry().id}"
    assert ok(zhao.post(door, json={"event": "claim"}))["possible"] == ["release", "shelve", "finish"]
    assert sun.post(door, json={"event": "claim"}).status_code == 409
    assert sun.post(door, json={"event": "finish", "remedy": "charged"}).status_code == 409
    until = (datetime.now(UTC) + DAY).isoformat()
    assert sun.post(door, json={"event": "shelve", "until": until}).status_code == 422, "a shelf has a reason"
    assert ok(sun.post(door, json={"event": "shelve", "until": until, "reason": "老人住院"}))["state"] == "shelved"
    shown = ok(zhao.get("/api/upkeep"))
    (low,) = [row for row in shown["items"] if row["kind"] == "low_battery"]
    assert (low["shelve_reason"], low["claimed_name"], low["possible"]) == ("老人住院", None, ["claim", "resume"])
    assert shown["by_kind"] == {"low_battery": 1, "tamper": 1} and shown["waiting"] == 1
    ok(zhao.post(door, json={"event": "claim"}))
    ok(zhao.post(door, json={"event": "finish", "remedy": "new_battery", "note": "换了新电池"}))
    done = entry()
    assert (done.state, done.done_with, done.ended_at) == (Upkeep.DONE, Remedy.NEW_BATTERY, None), "its word is awaited"
    hear(press(device.wire_id, kind="heartbeat", battery=100), now=TEN + DAY)
    assert entry().state is Upkeep.OVER
    with transaction() as session:
        lines = [(line.event, line.after) for line in history.of(session, DISTRICT, "device_faults", done.id)]
    assert [event for event, _ in lines] == ["claim", "shelve", "claim", "finish", "end"] and lines[-1][1] == "over"


def test_what_no_device_confirms_waits_again_and_so_does_what_was_put_aside(device: Device) -> None:
    with transaction() as session:
        user = a_user(session)
        one = upkeep.fault(session, entry().id)
        upkeep.claim(session, one, user_id=user.id, by="赵敏", now=TEN)
        upkeep.finish(session, one, remedy=Remedy.CHARGED, note=None, user_id=user.id, by="赵敏", now=TEN)
        other = upkeep.fault(session, entry(Fault.TAMPER).id)
        upkeep.shelve(session, other, until=TEN + DAY, reason="装修", by="赵敏", now=TEN)
    for now, states in (
        (TEN + CONFIRMS_WITHIN, (Upkeep.DONE, Upkeep.SHELVED)),
        (TEN + DAY, (Upkeep.WAITING, Upkeep.WAITING)),
    ):
        with transaction() as session:
            presence.wake(session, now=now)
        assert (entry().state, entry(Fault.TAMPER).state) == states
    assert entry(Fault.TAMPER).shelve_reason is None


def test_an_opened_case_is_over_by_the_word_of_whoever_looked(device: Device) -> None:
    with transaction() as session:
        user = a_user(session)
        one = upkeep.fault(session, entry(Fault.TAMPER).id)
        upkeep.claim(session, one, user_id=user.id, by="赵敏", now=TEN)
        upkeep.finish(session, one, remedy=Remedy.NO_FAULT, note=None, user_id=user.id, by="赵敏", now=TEN)
    assert entry(Fault.TAMPER).state is Upkeep.OVER


def test_a_shelf_keeps_no_call_for_help_from_ringing(device: Device) -> None:
    with transaction() as session:
        one = upkeep.fault(session, entry().id)
        upkeep.shelve(session, one, until=TEN + DAY, reason="老人住院", by="赵敏", now=TEN)
        with pytest.raises(Unreadable):
            upkeep.shelve(session, one, until=TEN + 31 * DAY, reason="很久", by="赵敏", now=TEN)
    hear(press(device.wire_id), now=TEN)
    with transaction() as session:
        assert session.query(Alarm).one().elder_id == device.elder_id


def test_a_member_of_an_outage_is_handled_with_the_others(device: Device, client: Callable[..., Client]) -> None:
    with transaction() as session:
        outage = Outage(
            district_id=DISTRICT, division_code="370503000000", shared=Shared.GATEWAY, key="gw-7", since=TEN,
            due_at=TEN, members=9,
        )  # fmt: skip
        session.add(outage)
        session.flush()
        session.get_one(DeviceFault, entry().id).outage_id = outage.id
    with transaction() as session, pytest.raises(Conflict):
        upkeep.fault(session, entry().id)
    desk = client(Role.DISPATCHER)
    found = ok(desk.get(f"/api/upkeep/outages/{outage.id}"))
    assert (found["outage"]["missing"], [row["possible"] for row in found["items"]]) == (1, [[]])
    assert ok(desk.post(f"/api/upkeep/outages/{outage.id}", json={"event": "claim"}))["state"] == "claimed"
    assert client(Role.SUPERVISOR).get("/api/upkeep").status_code == 403


def test_every_kind_has_a_clock() -> None:
    assert all(due_after(kind) >= timedelta(hours=1) for kind in Fault)


@given(st.lists(st.sampled_from(list(UpkeepEvent)), max_size=30))
def test_what_is_over_stays_over_and_buttons_do_what_they_say(events: list[UpkeepEvent]) -> None:
    state = Upkeep.WAITING
    for event in events:
        assert all((state, shown) in MOVES for shown in possible(state, mine=True))
        if (state, event) in MOVES:
            assert state is not Upkeep.OVER
            state = after(state, event)


def test_a_flood_is_told_to_the_screens_once(database: Any, notices: list[str]) -> None:
    with transaction() as session:
        some = [a_device(session, last_seen_at=TEN, look_at=TEN) for _ in range(60)]
    notices.clear()
    presence.watch(TEN + DAY)
    assert len(some) == 60 and set(notices) == {"devices/0"}
