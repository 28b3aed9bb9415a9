"""An alarm between two pairs of hands: offered, taken, deferred, left behind; nobody at the desk; homes on test."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from app.access.queries import Caller
from app.access.rules import Role
from app.access.tables import User
from app.alarms import actions, duty, handing, handover, log, on_test, timers, unmanned
from app.alarms.handling_tables import HandoverSheet, UnmannedSpell
from app.alarms.handover_rules import NotYourSheet, OpenCases, SheetState
from app.alarms.rules import NotYours, Rings, State, Verdict, VoiceMissing
from app.alarms.tables import Alarm, AlarmTimer
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment import faults, upkeep
from app.equipment.rules import Fault
from app.equipment.tables import DeviceFault
from app.errors import IllegalMove
from app.history import History
from app.messages.tables import OutboxMessage
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import DISTRICT, a_device, an_elder
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def ringing(kind: str = "sos", **given: Any) -> int:
    with transaction() as session:
        device = a_device(session, **given)
    hear(press(device.wire_id, f"e{device.id}{kind}", kind=kind), now=MORNING)
    with transaction() as session:
        return session.scalars(select(Alarm.id).order_by(Alarm.id.desc())).first() or 0


def operator(name: str, **given: Any) -> Caller:
    with transaction() as session:
        return an_operator(session, name=name, on_duty_since=MORNING, **given)


def do(act: Any, *args: Any, me: Caller, now: datetime, **kwargs: Any) -> Any:
    with transaction(me.scope) as session:
        return act(session, *args, me=me, now=now, **kwargs)


def fire(now: datetime) -> None:
    """The clock takes its turn."""
    with transaction() as session:
        for due in timers.due(session, now=now):
            timers.fire(session, due, now=now)


def events(number: int) -> list[str]:
    with transaction() as session:
        return [line.event for line in log.of(session, session.get_one(Alarm, number))]


def test_an_offer_is_taken_or_stays_where_it_is() -> None:
    number, me, other = ringing(), operator("赵敏"), operator("李敏")
    do(actions.claim, number, me=me, now=at(5))
    do(handing.offer, number, other.id, me=me, now=at(8))
    assert the_alarm().claimed_by == me.id
    fire(at(39))
    assert (the_alarm().claimed_by, the_alarm().offered_to, the_alarm().state) == (me.id, None, State.CLAIMED)
    with pytest.raises(handing.NoOffer):
        do(handing.accept, number, me=other, now=at(40))
    do(handing.offer, number, other.id, me=me, now=at(41))
    do(handing.decline, number, "在通话", me=other, now=at(42))
    do(handing.offer, number, other.id, me=me, now=at(43))
    do(handing.accept, number, me=other, now=at(44))
    assert (the_alarm().claimed_by, the_alarm().offered_to) == (other.id, None)
    assert events(number)[-6:] == ["offer", "decline", "offer", "decline", "offer", "hand_over"]
    with pytest.raises(NotYours, match="李敏"):
        do(actions.suspend, number, 5, "等", me=me, now=at(45))


def test_an_offer_that_is_taken_and_withdrawn_at_once_has_one_end() -> None:
    number, me, other = ringing(), operator("赵敏"), operator("李敏")
    do(actions.claim, number, me=me, now=at(5))
    do(handing.offer, number, other.id, me=me, now=at(8))

    def answer(n: int) -> str:
        try:
            do(handing.accept if n % 2 else handing.decline, number, *([] if n % 2 else [None]), me=other, now=at(9))
        except handing.NoOffer:
            return "too late"
        return "accept" if n % 2 else "decline"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(answer, range(8)))
    (done,) = [one for one in answers if one != "too late"]
    assert the_alarm().claimed_by == (other.id if done == "accept" else me.id)


def test_a_lead_is_warned_before_she_takes_what_somebody_is_at_work_on() -> None:
    number, me, lead = ringing(), operator("赵敏"), operator("孙班长", role=Role.SHIFT_LEAD)
    do(actions.claim, number, me=me, now=at(5))
    do(handing.escalate, number, "家属情绪激动", me=me, now=at(6))
    assert the_alarm().escalated_at == at(6)
    with pytest.raises(handing.SomebodyHasIt) as told:
        do(handing.offer, number, lead.id, me=lead, now=at(7))
    assert told.value.facts["claimed_by"] == "赵敏"
    do(handing.offer, number, lead.id, me=lead, now=at(8), sure=True)
    assert (the_alarm().claimed_by, the_alarm().escalated_at) == (lead.id, None)


def test_what_is_grave_does_not_wait_and_what_waits_rings_again() -> None:
    grave, me = ringing(), operator("赵敏")
    with pytest.raises(handing.TooGrave):
        do(handing.defer, grave, 5, "忙", me=me, now=at(5))
    number = ringing("inactivity")
    do(handing.defer, number, 10, "护理员半小时后上门", me=me, now=at(6))
    with transaction() as session:
        waiting = select(AlarmTimer.kind).where(
            AlarmTimer.alarm_id == number, AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)
        )
        assert session.scalars(waiting).all() == ["defer"]
    fire(at(6 + 600))
    with transaction() as session:
        alarm = session.get_one(Alarm, number)
        assert (alarm.state, alarm.deferred_until, alarm.round) == (State.RINGING, None, 2)


def test_a_press_ends_a_deferral_at_once() -> None:
    with transaction() as session:
        device = a_device(session)
    hear(press(device.wire_id, "e1", kind="inactivity"), now=MORNING)
    do(handing.defer, the_alarm().id, 10, "稍后", me=operator("赵敏"), now=at(6))
    hear(press(device.wire_id, "e2", kind="inactivity"), now=at(60))
    assert (the_alarm().deferred_until, the_alarm().rung_at, the_alarm().count) == (None, at(60), 2)


def test_two_screens_on_one_case_know_of_each_other() -> None:
    number, me, other = ringing(), operator("赵敏"), operator("李敏")
    assert do(handing.look, number, me=me, now=at(1)) == []
    assert do(handing.look, number, me=other, now=at(2)) == ["赵敏"]
    with transaction() as session:
        assert handing.looking(session, number, now=at(60), but=other.id) == []


def test_an_elders_next_alarm_rings_first_at_whoever_knows_her() -> None:
    with transaction() as session:
        elder = an_elder(session)
        one, two = a_device(session, elder=elder), a_device(session, elder=elder)
    hear(press(one.wire_id, "e1"), now=MORNING)
    number, me = the_alarm().id, operator("赵敏")
    operator("李敏")
    do(actions.claim, number, me=me, now=at(5))
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(6))
    do(actions.close, number, Verdict.ACCIDENTAL, me=me, now=at(7), note=None)
    hear(press(two.wire_id, "e2", kind="fall"), now=at(30))
    with transaction() as session:
        fall = session.scalars(select(Alarm).order_by(Alarm.id.desc())).first()
        assert fall and (fall.rings, fall.assigned_to) == (Rings.ASSIGNED, me.id)


def test_what_a_silent_screen_holds_rings_again() -> None:
    number, me = ringing(), operator("赵敏")
    do(actions.claim, number, me=me, now=at(5))
    do(actions.call, number, target=Target.ELDER, result=Result.ANSWERED, me=me, now=at(10))
    with transaction() as session:
        duty.seen(session, me.id, now=at(100))
        assert duty.silent(session, now=at(270)) == []
        assert duty.silent(session, now=at(281)) == [number]
        duty.ring_unheard(session, number, now=at(281))
        duty.ring_unheard(session, number, now=at(281))
    assert (the_alarm().state, the_alarm().claimed_by) == (State.RINGING, None)
    assert events(number).count("ring") == 1


def test_a_handover_is_signed_by_both_and_kept_as_written() -> None:
    one, two, me, other = ringing(), ringing("fall"), operator("赵敏"), operator("李敏")
    do(actions.claim, one, me=me, now=at(5))
    do(actions.call, one, target=Target.ELDER, result=Result.HELP, me=me, now=at(6))
    do(actions.arrive, one, me=me, now=at(7))
    do(actions.follow_up, one, me=me, now=at(8))
    do(actions.claim, two, me=me, now=at(9))
    with pytest.raises(OpenCases):
        do(handover.leave, None, me=me, now=at(10))
    sheet = do(handover.write, other.id, "302 室要回访", {two: "女儿在路上"}, me=me, now=at(11))
    assert [case.get("note") for case in sheet.rows["cases"]].count("女儿在路上") == 1 and len(sheet.rows["cases"]) == 2
    with pytest.raises(NotYourSheet):
        do(handover.sign, sheet.id, me=me, now=at(12))
    with transaction() as session:
        assert session.get_one(Alarm, two).claimed_by == me.id

    def sign(_: int) -> bool:
        try:
            do(handover.sign, sheet.id, me=other, now=at(13))
        except IllegalMove:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(sign, range(4))) == [False, False, False, True]
    with transaction() as session:
        assert {session.get_one(Alarm, number).claimed_by for number in (one, two)} == {other.id}
        assert duty.current(session, me.id) is None
        kept = session.get_one(HandoverSheet, sheet.id)
        assert kept.state is SheetState.SIGNED and handover.hash_of(kept) == kept.hash
        assert [row.alarm.id for row in handover.follow_ups(session, other.id)] == [one]
    with pytest.raises(DatabaseError, match="keeps what was written"), transaction() as session:
        session.execute(text("update handover_sheets set words = 'x'"))
    assert events(one).count("hand_over") == events(two).count("hand_over") == 1


def test_the_sheet_tells_what_of_the_technical_list_is_put_aside() -> None:
    me, other = operator("赵敏"), operator("李敏")
    with transaction() as session:
        device = a_device(session)
        faults.add(session, [faults.New(device, Fault.LOW_BATTERY, MORNING)])
        entry = session.scalars(select(DeviceFault)).one()
        upkeep.shelve(session, entry, until=at(86_400), reason="老人住院", by="赵敏", now=at(0))
    sheet = do(handover.write, other.id, "", {}, me=me, now=at(6))
    (row,) = sheet.rows["shelved"]
    assert (row["kind"], row["what"], row["reason"], row["by"]) == ("low_battery", device.wire_id, "老人住院", "赵敏")
    assert datetime.fromisoformat(row["until"]) == at(86_400)
    with transaction() as session:
        kept = session.get_one(HandoverSheet, sheet.id)
        assert handover.hash_of(kept) == kept.hash


def test_whoever_leaves_without_a_signature_says_why_and_the_cases_ring() -> None:
    number, me, other = ringing(), operator("赵敏"), operator("李敏")
    do(actions.claim, number, me=me, now=at(5))
    sheet = do(handover.write, other.id, "", {}, me=me, now=at(6))
    assert do(handover.leave, "身体不适", me=me, now=at(7)) == 1
    with transaction() as session:
        assert session.get_one(HandoverSheet, sheet.id).state is SheetState.UNTAKEN
        said = session.scalars(select(History).where(History.subject == "duties", History.event == "leave")).one()
        assert (said.reason, said.facts["alarms"]) == ("身体不适", [number])
    assert the_alarm().state is State.RINGING


def test_a_desk_without_operators_calls_its_leads_and_lets_nothing_wait() -> None:
    number = ringing()
    lead = operator("孙班长", role=Role.SHIFT_LEAD)
    with transaction() as session:
        session.get_one(User, lead.id).phone = "13905460001"
        unmanned.look(session, DISTRICT, now=at(30))  # she is there
        assert session.scalars(select(UnmannedSpell)).all() == []
        duty.close(session, lead, now=at(31))
        for second in (32, 33, 91, 93, 94, 700):
            unmanned.look(session, DISTRICT, now=at(second))
    assert events(number).count("unmanned") == 1
    fire(at(33))
    assert the_alarm().rings is Rings.LEAD
    with transaction() as session:
        told = session.scalars(select(OutboxMessage).where(OutboxMessage.about == "shift")).all()
        assert sorted((m.channel, m.to) for m in told) == [("sms", "13905460001")] * 2 + [("voice", "13905460001")] * 2
        duty.start(session, lead, now=at(701))
        unmanned.look(session, DISTRICT, now=at(702))
        spell = session.scalars(select(UnmannedSpell)).one()
        assert (spell.began_at, spell.ended_at, spell.told) == (at(32), at(702), 2)


def test_what_rings_in_a_test_window_is_a_test_only_once_a_voice_has_said_so() -> None:
    me = operator("赵敏")
    with transaction() as session:
        elder = an_elder(session)
        device = a_device(session, elder=elder)
        window = on_test.begin(
            session, home_id=elder.home_id, device_id=None, installer_id=None, minutes=60, reason="换电池", me=me,
            now=at(-60),
        )  # fmt: skip
        on_test.set_word(session, elder.id, "月季 花", me=me, now=at(-50))
    hear(press(device.wire_id), now=MORNING)
    number = the_alarm().id
    assert the_alarm().state is State.RINGING and the_alarm().test_id is None
    do(actions.claim, number, me=me, now=at(5))
    with pytest.raises(VoiceMissing):
        do(on_test.confirm, number, None, me=me, now=at(6))
    assert [do(on_test.check_word, number, word, me=me, now=at(7)) for word in ("玫瑰", "月季花")] == [False, True]
    do(on_test.confirm, number, "月季花", me=me, now=at(8))
    assert (the_alarm().state, the_alarm().verdict) == (State.CLOSED, Verdict.TEST)
    with transaction() as session:
        assert [w.id for w in on_test.standing(session, now=at(9))] == [window.id]
        assert on_test.standing(session, now=at(3600)) == []
        stored = session.execute(text("select word_hash from voice_passwords")).scalar_one()
        assert "月季" not in stored


def test_outside_a_window_and_without_a_voice_nothing_is_a_test() -> None:
    number, me = ringing(), operator("赵敏")
    do(actions.claim, number, me=me, now=at(5))
    do(actions.call, number, target=Target.ELDER, result=Result.NO_ANSWER, me=me, now=at(6))
    do(actions.arrive, number, me=me, now=at(7))
    with pytest.raises(VoiceMissing):
        do(actions.close, number, Verdict.TEST, me=me, now=at(8), note=None)
    do(actions.call, number, target=Target.ELDER, result=Result.SAFE, me=me, now=at(9))
    with pytest.raises(on_test.NoWindow):
        do(on_test.confirm, number, None, me=me, now=at(10))
