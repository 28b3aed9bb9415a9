"""The four clocks count what the server saw, beside what others promise and what the district has set itself."""

import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.alarms import actions, hearing, inbox, timers
from app.alarms.rules import AlarmKind, Verdict
from app.alarms.tables import Alarm, Duty
from app.calls.rules import Result, Target
from app.db import Scope, engine, transaction
from app.errors import Unreadable
from app.performance import hours, load, queries, rules
from app.performance.rules import By, Clock
from devices.signals import Message
from tests.app.alarms.story import an_operator, press
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, a_device, an_elder
from tests.clients import ok
from tests.conftest import MORNING

DAY = MORNING.date()
TODAY = queries.period_of(DISTRICT, DAY, DAY, now=MORNING + timedelta(hours=6))


def answered(
    session: Session, me: Any, at: datetime, wait: float, verdict: Verdict = Verdict.FALSE, **given: Any
) -> Alarm:
    """An alarm that was answered after so many seconds, decided a minute later, and closed."""
    elder = an_elder(session)
    device = a_device(session, elder=elder, **given)
    who = hearing.Whose(DISTRICT, elder.division_code, elder.id, elder.home_id, device.id, device.wire_id)
    alarm = hearing.call_for_help(
        session, AlarmKind.SOS, who, hearing.Press(at - timedelta(seconds=0.2)), by="t", now=at
    )
    then = at + timedelta(seconds=wait)
    actions.claim(session, alarm.id, me=me, now=then)
    actions.call(session, alarm.id, target=Target.ELDER, result=Result.SAFE, me=me, now=then + timedelta(seconds=20))
    return actions.close(session, alarm.id, verdict, me=me, now=then + timedelta(seconds=60), note=None)


@pytest.mark.usefixtures("database")
def test_each_clock_has_its_percentiles_and_its_promises() -> None:
    with transaction() as session:
        me = an_operator(session)
        for n in range(20):
            answered(session, me, MORNING + timedelta(minutes=n), float(5 * n + 5))
        (row,) = queries.clocks(session, TODAY)
    human = row.clocks[Clock.HUMAN]
    assert (row.alarms, row.false, row.judged, row.unanswered) == (20, 20, 20, 0)
    assert (human.p50, human.p90, human.p95, human.p99) == (52.5, 90.5, 95.25, 99.05)
    assert human.within == {10: 2, 15: 3, 20: 4, 60: 12, 180: 20}
    assert row.clocks[Clock.RECEIPT].p50 == 0.2 and row.clocks[Clock.DECISION].p99 == 60
    assert row.clocks[Clock.ARRIVAL].count == 0 and row.clocks[Clock.ARRIVAL].p50 is None


@pytest.mark.usefixtures("database")
def test_who_still_waits_counts_as_long_as_they_wait_and_a_test_does_not_count() -> None:
    with transaction() as session:
        me = an_operator(session)
        answered(session, me, MORNING, 5)
        elder = an_elder(session)
        who = hearing.Whose(DISTRICT, elder.division_code, elder.id, elder.home_id)
        hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(MORNING), by="t", now=MORNING)
        (row,) = queries.clocks(session, TODAY)
        assert (row.alarms, row.unanswered, row.clocks[Clock.HUMAN].within[180]) == (2, 1, 1)
        (late,) = queries.exceptions(session, TODAY)
        assert (late.waited, late.elder_name, late.events) == (6 * 3600, elder.name, ["raise"])
        assert queries.open_by_age(session, now=MORNING + timedelta(minutes=4)) == [0, 1, 0, 0, 0]


@pytest.mark.usefixtures("database")
def test_the_exception_report_tells_what_happened_while_she_waited() -> None:
    with transaction() as session:
        me = an_operator(session)
        elder = an_elder(session)
        who = hearing.Whose(DISTRICT, elder.division_code, elder.id, elder.home_id)
        alarm = hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(MORNING), by="t", now=MORNING)
        for timer in timers.due(session, now=MORNING + timedelta(seconds=100)):
            timers.fire(session, timer, now=MORNING + timedelta(seconds=100))
        actions.claim(session, alarm.id, me=me, now=MORNING + timedelta(seconds=200))
        (late,) = queries.exceptions(session, TODAY)
        actions.claim(session, alarm.id, me=me, now=MORNING)
    assert late.events[0] == "raise" and late.events[-1] == "claim" and len(late.events) > 2
    assert (late.waited, late.operator) == (200, me.name)


@pytest.mark.usefixtures("database")
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.timedeltas(timedelta(days=-3650), timedelta(days=1)), min_size=1, max_size=4))
def test_no_clock_of_a_device_changes_an_order_or_a_figure(skews: list[timedelta]) -> None:
    def told(skewed: bool) -> Any:
        with Session(engine(), info={"scope": Scope.PLATFORM}) as session:
            me = an_operator(session)
            for n, skew in enumerate(skews):
                device = a_device(session, elder=an_elder(session))
                at = MORNING + timedelta(minutes=3 * n)
                said = {"id": f"e{n}", "kind": "sos"} | ({"at": (at + skew).isoformat()} if skewed else {})
                topic = f"care/v1/{device.wire_id}/event"
                message = Message(topic, json.dumps(said).encode(), qos=1, received_at=at, source="l1")
                inbox.take(session, [message], now=at + timedelta(seconds=1))
            found = session.query(Alarm).order_by(Alarm.priority, Alarm.raised_at, Alarm.id).all()
            for alarm in found[::2]:
                actions.claim(session, alarm.id, me=me, now=alarm.raised_at + timedelta(seconds=9))
            order = [(alarm.priority, alarm.raised_at) for alarm in found]
            figures = queries.clocks(session, TODAY), queries.clocks(session, TODAY, by=By.DAY)
            session.rollback()
            return order, figures

    assert told(skewed=True) == told(skewed=False)


@pytest.mark.usefixtures("database")
def test_floods_are_marked_by_who_was_there_and_the_week_is_a_map() -> None:
    with transaction() as session:
        me = an_operator(session)
        began, ended = MORNING - timedelta(hours=1), MORNING + timedelta(hours=3)
        session.add(Duty(district_id=DISTRICT, user_id=me.id, started_at=began, seen_at=ended, ended_at=ended))
        for n in range(11):
            answered(session, me, MORNING + timedelta(seconds=n), 4)
        for n in range(10):
            answered(session, me, MORNING + timedelta(minutes=30, seconds=n), 4)
        found = load.load(session, TODAY)
        assert [(b.alarms, b.operators, b.flood) for b in found.buckets] == [(11, 1, True), (10, 1, False)]
        assert found.average == 21 / (4 * 6)
        week = load.week(found.buckets, TODAY)
        assert week[0][8 * 6 + 3] == 11 and sum(map(sum, week)) == 21, "Monday 08:30"
        assert {hour.hour: hour.on_duty for hour in hours.hours(session, TODAY)}[9] == 1


def test_a_flood_is_more_than_ten_for_each_who_is_there() -> None:
    assert [rules.is_flood(n, staff) for n, staff in ((10, 1), (11, 1), (11, 0), (20, 2), (21, 2))] == [
        False, True, True, False, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"human": []},
        {"human": [[60, 0.9], [10, 0.95]]},
        {"human": [[10, 1.5]]},
        {"speed": [[10, 0.9]]},
        {"human": [[10, 0.9], [20, 0.8]]},
    ],
)
def test_targets_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        rules.targets_of(wrong)


# -- the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def week(database: Engine) -> str:
    """Some alarms of yesterday, one of which waited long; the elder's name."""
    yesterday = datetime.now(UTC).replace(hour=4) - timedelta(days=1)  # noon in the district: all of one day
    with transaction() as session:
        me = an_operator(session, name="孙磊")
        for n in range(6):
            answered(session, me, yesterday + timedelta(minutes=n), 6)
        answered(session, me, yesterday + timedelta(minutes=9), 400)
        return str(session.scalar(text("select name from elders order by id desc limit 1")))


def test_names_are_for_those_who_need_them(week: str) -> None:
    seen = {}
    for role in (Role.SHIFT_LEAD, Role.SUPERVISOR, Role.MANAGER):
        browser = somebody(role)
        (late,) = ok(browser.get("/api/figures/exceptions"))["items"]
        operators = [row["name"] for row in ok(browser.get("/api/figures/groups?by=operator"))["items"]]
        seen[role] = (late["elder_name"], late["operator"], operators)
    assert seen[Role.SHIFT_LEAD] == (week, "孙磊", ["孙磊"])
    assert seen[Role.SUPERVISOR][0] not in (week, None) and seen[Role.SUPERVISOR][1:] == ("孙磊", ["孙磊"])
    assert seen[Role.MANAGER] == (None, None, ["1"])
    assert "孙磊" not in somebody(Role.MANAGER).get("/api/figures/export?form=xlsx").text


def test_a_new_target_holds_from_now_on_and_is_beside_the_others(week: str) -> None:
    lead = somebody(Role.SHIFT_LEAD)
    before = ok(lead.get("/api/figures"))
    assert before["targets"]["version"] == 0 and before["all"]["alarms"] == 7
    made = ok(lead.post("/api/figures/targets", json={"targets": {"human": [[30, 0.5], [90, 0.99]]}}))
    assert made["version"] == 1
    told = ok(lead.get("/api/figures"))["promises"]
    ours = {(p["clock"], p["within"]): p["kept"] for p in told if p["ours"]}
    assert ours[("human", 30)] is True and ours[("human", 90)] is False
    assert {p["who"] for p in told if not p["ours"]} == {"TSA", "NENA", "NFPA", "120", "邻安康"}
    last = (datetime.now(UTC) - timedelta(days=3)).date()
    past = ok(lead.get("/api/figures", params={"first": str(last - timedelta(days=1)), "last": str(last)}))
    assert past["targets"]["version"] == 0 and past["all"] is None
    assert somebody(Role.MANAGER).post("/api/figures/targets", json={"targets": {}}).status_code == 403
    bad = lead.post("/api/figures/targets", json={"targets": {"human": [[60, 0.9], [10, 0.95]]}})
    assert bad.status_code == 422


def test_the_figures_leave_as_a_workbook_and_as_csv(week: str) -> None:
    lead = somebody(Role.SHIFT_LEAD)
    book = load_workbook(io.BytesIO(lead.get("/api/figures/export").content), read_only=True)
    assert book.sheetnames == ["按日", "按类型", "按型号", "按社区", "按话务员", "按班次"]
    rows = list(book.worksheets[0].values)
    assert rows[1][1] == 7 and "接警 ≤60 秒内" in rows[0]
    book.close()
    lines = lead.get("/api/figures/export?form=csv&lang=en").text.splitlines()
    assert lines[0].startswith("\ufeffname,alarms,unanswered") and len(lines) == 2


def test_too_long_a_period_is_refused(week: str) -> None:
    lead = somebody(Role.SHIFT_LEAD)
    assert lead.get("/api/figures?first=2020-01-01&last=2026-01-01").status_code == 422
    for strange in (
        "first=0001-01-01&last=0001-01-02",
        "last=0001-01-01",
        "first=9999-12-31",
        "first=2026-11-02&last=2026-11-01",
    ):
        assert lead.get(f"/api/figures?{strange}").status_code == 422, strange


# -- the emergency ring --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("database")
def test_a_week_of_technical_events_puts_nothing_into_the_emergency_ring() -> None:
    with transaction() as session:
        wires = [a_device(session, elder=an_elder(session)).wire_id for _ in range(6)]
    kinds = (
        "heartbeat",
        "status",
        "low_battery",
        "tamper",
        "test_report",
        "battery_or_status",
        "environment",
        "activity",
    )
    with transaction() as session:
        for hour in range(0, 24 * 7, 8):
            now = MORNING + timedelta(hours=hour)
            batch: list[Message] = [
                press(wire, f"{wire}-{hour}", at=now, kind=kinds[(hour + n) % len(kinds)], battery=9)
                for n, wire in enumerate(wires)
            ]
            inbox.take(session, batch, now=now)
        assert session.query(Alarm).count() == 0
        inbox.take(session, [press(wires[0], "help", at=now)], now=now)
        assert session.query(Alarm).count() == 1
