"""Rules at work on a real database: from a message on the wire to the alarm, once, whatever stops in between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.alarms import log as alarm_log
from app.alarms.rules import AlarmKind, State
from app.calls import actions as calls
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment.rules import Fault
from app.equipment.tables import DeafTime, Device, DeviceFault, Reading
from app.monitoring import actions, preview, queries, raising, watching
from app.monitoring.rules import PauseReason, RuleKind
from app.monitoring.tables import RuleState, RuleVersion
from app.people.tables import Elder, Home
from devices.signals import Message
from tests.app.alarms.story import alarms, hear, press
from tests.app.monitoring.story import fired, in_force, pass_time, reading, send, waiting
from tests.app.monitoring.test_rules import at
from tests.cast import CENTRE, DISTRICT, a_device, a_home, a_user, a_visit, an_attendance, an_elder

pytestmark = pytest.mark.usefixtures("database")
R = RuleKind
MORNING = at("7:30")


@pytest.fixture(autouse=True)
def fresh_numbers() -> None:
    """The database begins its numbers where it left them, but a test may not rely on that."""
    queries.forget_params()


def a_watch(kind: RuleKind = R.HEART_RATE, **changed: Any) -> tuple[Elder, str]:
    """An elder with a watch, and a rule in force since seven."""
    with transaction() as session:
        elder = an_elder(session)
        device = a_device(session, elder=elder, model="yl-watch")
        in_force(session, kind, elder, now=at("7:00"), **changed)
        return elder, device.wire_id


def in_home(session: Session, elder: Elder, model: str) -> Device:
    """Something that hangs in an elder's home."""
    return a_device(session, home=session.get_one(Home, elder.home_id), model=model)


def racing(wire_id: str, *clocks: str, rate: float = 130) -> None:
    """The watch measures a heart that races, at these times."""
    for clock in clocks:
        send(reading(wire_id, "vitals", at(clock), heartRate=rate))


def ring_all(now: datetime) -> None:
    """What fired is raised."""
    with transaction() as session:
        for number in raising.silent(session, now=now):
            raising.ring(session, number, now=now)


def test_a_racing_heart_raises_one_ordinary_alarm_that_names_rule_version_and_readings() -> None:
    elder, watch = a_watch()
    racing(watch, "8:00", "8:03", "8:05", "8:08")
    ring_all(at("8:09"))
    ring_all(at("8:10"))
    (firing,) = fired()
    with transaction() as session:
        (alarm,) = alarms(session)
        assert (alarm.kind, alarm.elder_id, alarm.count, alarm.state) == (AlarmKind.VITALS, elder.id, 1, State.RINGING)
        assert (firing.at, firing.alarm_id) == (at("8:05"), alarm.id)
        (line,) = alarm_log.of(session, alarm)
        said = line.facts["said"]
        assert (said["rule"], said["version"], said["scope"], said["params"]["high"]) == ("heart_rate", 1, "elder", 120)
        assert [(r["value"], r["at"]) for r in said["readings"]] == [
            (130, at(clock).isoformat()) for clock in ("8:00", "8:03", "8:05")
        ]


def test_it_joins_the_open_alarm_of_the_elder() -> None:
    _, watch = a_watch()
    racing(watch, "8:00", "8:05")
    ring_all(at("8:06"))
    racing(watch, "8:20", rate=80)
    racing(watch, "9:00", "9:05")
    ring_all(at("9:06"))
    with transaction() as session:
        (alarm,) = alarms(session)
        assert alarm.count == 2 and len(fired()) == 2


def test_a_crash_between_looking_and_raising_raises_once_later() -> None:
    _, watch = a_watch()
    racing(watch, "8:00", "8:05")
    with transaction() as session:
        (number,) = raising.silent(session, now=at("8:06"))
        raising.ring(session, number, now=at("8:06"))
        session.rollback()  # killed before the commit
    with transaction() as session:
        assert alarms(session) == []
    watching.work()
    watching.work()
    with transaction() as session:
        assert [alarm.count for alarm in alarms(session)] == [1]


def test_a_crash_while_looking_leaves_the_readings_to_the_next_look(monkeypatch: pytest.MonkeyPatch) -> None:
    _, watch = a_watch()
    hear(*[reading(watch, "vitals", at(clock), heartRate=130) for clock in ("8:00", "8:05")], now=at("8:05"))
    with monkeypatch.context() as patched:
        patched.setattr(watching, "_remember", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            watching.look()
    assert waiting() == 1 and fired() == []
    watching.look()
    assert waiting() == 0 and len(fired()) == 1


def test_a_rule_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as session:
        pairs = [(elder := an_elder(session), a_device(session, elder=elder, model="yl-watch")) for _ in range(2)]
        in_force(session, R.HEART_RATE, now=at("7:00"))
    broken, whole, right = f"elder:{pairs[0][0].id}", f"elder:{pairs[1][0].id}", watching._run

    def breaks(session: object, case: watching.Case, *told: object, **named: object) -> object:
        if case.subject == broken:
            raise ValueError("a fault of ours")
        return right(session, case, *told, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(watching, "_run", breaks)
    for clock in ("8:00", "8:05"):
        send(*[reading(device.wire_id, "vitals", at(clock), heartRate=140) for _, device in pairs])
    assert [firing.subject for firing in fired()] == [whole]


def test_many_lookers_at_once_fire_once() -> None:
    _, watch = a_watch()
    for clock in ("8:00", "8:02", "8:05", "8:06", "8:07"):
        hear(reading(watch, "vitals", at(clock), heartRate=135), now=at(clock))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: watching.work(), range(8)))
    assert len(fired()) == 1 and waiting() == 0
    with transaction() as session:
        assert [alarm.count for alarm in alarms(session)] == [1]


def test_a_device_with_a_wrong_clock_is_watched_like_any_other() -> None:
    _, watch = a_watch()
    for clock in ("8:00", "8:05"):
        message = reading(watch, "vitals", at(clock), heartRate=130)
        wrong = message.payload.replace(b'"kind"', b'"at": "1970-01-01T00:00:00+00:00", "kind"')
        send(type(message)(message.topic, wrong, received_at=at(clock), source="calm"))
    assert [firing.at for firing in fired()] == [at("8:05")]
    with transaction() as session:
        assert {row.device_at.year for row in session.scalars(select(Reading)) if row.device_at} == {1970}


def test_what_comes_out_of_a_devices_memory_is_kept_and_raises_nothing() -> None:
    with transaction() as session:
        elder = an_elder(session)
        a_device(session, elder=elder, model="yl-watch", wire_id="8800000015")
        in_force(session, R.FENCE, elder, now=at("7:00"), minutes=0)
    old = b"[3G*8800000015*0087*UD2,221126,235800,A,37.9,N,118.9,E,0,0,0,9,100,80,1000,0,00000000]"
    send(Message("", old, received_at=at("8:00"), transport="tcp watch", meta={"family": "gps_watch_3g"}))
    with transaction() as session:
        (row,) = session.scalars(select(Reading)).all()
        assert row.history and row.elder_id == elder.id
    pass_time(at("8:00"), at("12:00"))
    assert fired() == [] and waiting() == 0
    fresh = old.replace(b"UD2", b"UD")
    send(Message("", fresh, received_at=at("12:05"), transport="tcp watch", meta={"family": "gps_watch_3g"}))
    pass_time(at("12:05"), at("12:10"))
    assert [firing.kind for firing in fired()] == [R.FENCE]


def test_what_nobody_can_have_raises_nothing() -> None:
    _, watch = a_watch(minutes=0)
    racing(watch, "8:00", rate=0)
    racing(watch, "8:01", rate=400)
    assert fired() == []


def test_nothing_moves_and_the_clock_notices_once_and_late_after_a_restart() -> None:
    with transaction() as session:
        elder = an_elder(session)
        motion = in_home(session, elder, "yl-motion")
        in_force(session, R.NO_MOVEMENT, now=at("6:00"))
    send(reading(motion.wire_id, "activity", at("8:00"), occupancy=True))
    pass_time(at("8:00"), at("11:55"))
    assert fired() == []
    pass_time(at("11:55"), at("16:00"), every=timedelta(hours=2))  # nobody looked for a while
    (firing,) = fired()
    assert (firing.at, firing.elder_id) == (at("12:00"), elder.id)
    assert firing.noticed_at > firing.at
    pass_time(at("16:00"), at("22:00"))
    assert len(fired()) == 1


def test_a_caregiver_at_the_door_and_a_pause_suspend_it() -> None:
    with transaction() as session:
        elder = an_elder(session)
        in_home(session, elder, "yl-motion")
        visit = a_visit(session, elder=elder, opens=at("10:00"))
        an_attendance(session, visit, starts_at=at("10:00"), arrived_at=at("10:00"), finished_at=at("11:00"))
        in_force(session, R.NO_MOVEMENT, now=at("7:00"))
    pass_time(at("7:00"), at("14:59"))
    assert fired() == []
    with transaction() as session:
        actions.pause(session, elder.id, PauseReason.HOSPITAL, by="test", now=at("14:59"))
    pass_time(at("14:59"), at("20:00", day=1))
    assert fired() == []
    with transaction() as session:
        actions.resume(session, elder.id, by="test", now=at("8:00", day=2))
    pass_time(at("20:00", day=1), at("20:00", day=2))
    assert [firing.at for firing in fired()] == [at("12:00", day=2)]


def test_a_home_whose_sensors_are_all_silent_is_a_fault_and_no_alarm() -> None:
    with transaction() as session:
        elder = an_elder(session)
        motion = in_home(session, elder, "yl-motion")
        in_force(session, R.NO_MOVEMENT, now=at("7:00"))
        session.add(
            DeviceFault(
                district_id=DISTRICT, division_code=motion.division_code, device_id=motion.id, kind=Fault.SILENT,
                since=at("8:00"), lost_at=at("7:50"), due_at=at("9:00"),
            )
        )  # fmt: skip
    pass_time(at("7:00"), at("21:00"))
    assert fired() == []


def test_while_the_platform_was_deaf_nobody_could_be_heard() -> None:
    with transaction() as session:
        in_home(session, an_elder(session), "yl-motion")
        in_force(session, R.NO_MOVEMENT, now=at("7:00"))
        session.add(DeafTime(since=at("9:00"), ended_at=at("10:00"), why="listener"))
    pass_time(at("7:00"), at("20:00"))
    assert [firing.at for firing in fired()] == [at("14:00")]


def test_her_own_rule_goes_before_her_watchs_and_everybodys_and_may_be_none() -> None:
    with transaction() as session:
        elders = [an_elder(session) for _ in range(3)]
        watches = [a_device(session, elder=elder, model="yl-watch").wire_id for elder in elders]
        in_force(session, R.HEART_RATE, now=at("7:00"), high=100)
        in_force(session, R.HEART_RATE, now=at("7:00"), model="yl-watch", high=150)
        in_force(session, R.HEART_RATE, elders[0], now=at("7:00"), high=110)
        in_force(session, R.HEART_RATE, elders[1], now=at("7:00"), off=True)
    for clock in ("8:00", "8:06"):
        send(*[reading(watch, "vitals", at(clock), heartRate=130) for watch in watches])
    assert [firing.subject for firing in fired()] == [f"elder:{elders[0].id}"]
    for clock in ("9:00", "9:06"):
        send(*[reading(watch, "vitals", at(clock), heartRate=170) for watch in watches])
    assert f"elder:{elders[2].id}/yl-watch" in [firing.subject for firing in fired()]
    assert not [f for f in fired() if f.elder_id == elders[1].id]


def test_what_hangs_in_the_home_of_two_is_the_homes() -> None:
    with transaction() as session:
        home = a_home(session)
        an_elder(session, home=home), an_elder(session, home=home)
        door = a_device(session, home=home, model="yl-motion").wire_id
        in_force(session, R.DOOR_AT_NIGHT, now=at("7:00"))
    send(reading(door, "activity", at("22:30"), door="open"))
    pass_time(at("22:30"), at("23:00"))
    ring_all(at("23:00"))
    with transaction() as session:
        (alarm,) = alarms(session)
        assert (alarm.elder_id, alarm.home_id, alarm.kind) == (None, home.id, AlarmKind.DOOR)


def test_a_new_version_ends_the_old_one_and_begins_anew() -> None:
    elder, watch = a_watch()
    racing(watch, "8:00", "8:03")
    with transaction() as session:
        in_force(session, R.HEART_RATE, elder, now=at("8:04"), high=125)
        first, second = session.scalars(select(RuleVersion).order_by(RuleVersion.n)).all()
        assert (first.active_until, second.active_from) == (at("8:04"), at("8:04"))
        assert session.scalars(select(RuleState)).all() == []
    racing(watch, "8:05", "8:09")
    assert fired() == []
    racing(watch, "8:10")
    assert [firing.version_id for firing in fired()] == [second.id]


def test_smoke_that_nobody_answers_is_rung_again_and_one_that_was_answered_is_not() -> None:
    with transaction() as session:
        elder = an_elder(session)
        smoke = in_home(session, elder, "yl-smoke")
        operator = a_user(session)
        in_force(session, R.SMOKE_NO_ANSWER, now=at("7:00"))
    hear(press(smoke.wire_id, kind="smoke", at=at("8:00")), now=at("8:00"))
    with transaction() as session:
        (alarm,) = alarms(session)
        for n, clock in enumerate(("8:01", "8:02")):
            call = calls.dial(
                session, district_id=DISTRICT, division_code=alarm.division_code, target=Target.ELDER,
                phone=f"1380000000{n}", user_id=operator.id, elder_id=elder.id, alarm_id=alarm.id,
                result=Result.NO_ANSWER, now=at(clock),
            )  # fmt: skip
            assert call.result is Result.NO_ANSWER
    for _ in range(2):
        with transaction() as session:
            for number in raising.burning(session, now=at("8:04")):
                raising.listen(session, number, now=at("8:04"))
        ring_all(at("8:04"))
    (firing,) = fired()
    with transaction() as session:
        (alarm,) = alarms(session)
        assert (alarm.kind, alarm.count, alarm.priority) == (AlarmKind.SMOKE, 2, 0)
        assert (firing.at, firing.alarm_id) == (at("8:02"), alarm.id)


def test_preview_is_what_live_would_have_raised() -> None:
    with transaction() as session:
        elder = an_elder(session)
        watch = a_device(session, elder=elder, model="yl-watch")
        motion = in_home(session, elder, "yl-motion")
        visit = a_visit(session, elder=elder, opens=at("14:00", day=3))
        an_attendance(
            session, visit, starts_at=at("14:00", day=3), arrived_at=at("14:00", day=3),
            finished_at=at("15:00", day=3),
        )  # fmt: skip
        kinds = (R.HEART_RATE, R.NO_MOVEMENT, R.NOT_UP, R.FENCE, R.DOOR_AT_NIGHT)
        versions = {kind: in_force(session, kind, elder, now=at("0:00")).id for kind in kinds}
    came = list[Message]()
    for day in range(6):
        rates = {"8:00": 70, "9:00": 124 + day, "9:06": 126, "13:00": 60 + 12 * day, "13:08": 140 - 9 * day}
        came += [reading(watch.wire_id, "vitals", at(clock, day=day), heartRate=rate) for clock, rate in rates.items()]
        moved = ("10:40", "12:10", "17:00", "19:30")[day % 3 :]
        came += [reading(motion.wire_id, "activity", at(clock, day=day), occupancy=True) for clock in moved]
        for clock, door in (("23:00", "open"), ("23:59", "closed")):
            came.append(reading(motion.wire_id, "activity", at(clock, day=day), door=door))
        for clock, north in (("20:00", 0.004 + 0.001 * day), ("23:58", 0.0)):
            place = {"lat": CENTRE.lat + north, "lon": CENTRE.lon, "accuracy_m": 20}
            came.append(reading(watch.wire_id, "location", at(clock, day=day), **place))
    moment = at("0:00")
    for message in sorted(came, key=lambda m: m.received_at or moment):
        assert message.received_at
        pass_time(moment, message.received_at, every=timedelta(minutes=45))
        send(message)
        moment = message.received_at
    pass_time(moment, at("0:00", day=6) + watching.GRACE)
    now = at("0:00", day=6)
    now += watching.GRACE
    live = {(firing.kind, firing.at) for firing in fired()}
    with transaction() as session:
        foreseen = set()
        for kind, number in versions.items():
            told = preview.preview(session, session.get_one(RuleVersion, number), now=now)
            assert told["firings"] == told["present"]
            foreseen |= {(kind, datetime.fromisoformat(one["at"])) for one in told["firings"]}
    # The month before the rule was switched on had no readings: what waits for a sign of life would have fired there.
    assert {one for one in foreseen if one[1] > at("0:00")} == live
    assert {kind for kind, _ in live} == set(kinds)


@pytest.mark.real_time
def test_readings_are_never_changed_and_fresh_ones_never_removed() -> None:
    _, watch = a_watch()
    send(reading(watch, "vitals", at("8:00"), heartRate=70))
    for statement in ("update readings set kind = 'x'", "delete from readings where at > now() - interval '7 days'"):
        if statement.startswith("delete"):
            send(reading(watch, "vitals", datetime.now(at("8:00").tzinfo), heartRate=70))
        with pytest.raises(DatabaseError, match="never changed"), transaction() as session:
            session.execute(text(statement))
