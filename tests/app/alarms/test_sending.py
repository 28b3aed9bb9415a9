"""Somebody is sent: what it would move is shown first, she says yes or no, and without an answer the next one goes."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import Role
from app.alarms import actions, hearing, log, nearest, proving, sending
from app.alarms.rules import AlarmKind, State
from app.alarms.sending_rules import NobodyLeft, OfferState
from app.alarms.tables import Alarm
from app.db import transaction
from app.messages.tables import OutboxMessage
from app.people.rules import Skill
from app.people.tables import Caregiver, Elder
from app.places.rules import Place
from app.planning import attending
from app.planning import queries as planning
from app.planning.rules import AttendanceEvent
from app.planning.tables import Attendance
from tests.app.alarms.story import an_operator
from tests.cast import CENTRE, a_caregiver, a_contact, a_home, a_visit, an_attendance, an_elder, an_item
from tests.clients import Client
from tests.conftest import MORNING

ALL_DAY = ((time(0), time(23, 59)),)


def at(seconds: int) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def ringing(session: Session, elder: Elder, *, now: datetime = MORNING) -> Alarm:
    who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
    return hearing.call_for_help(session, AlarmKind.SOS, who, hearing.Press(now), by="test", now=now)


def a_call(session: Session) -> tuple[Alarm, Caregiver, Caregiver]:
    """An alarm an operator has claimed; Liu is next door and Wang a kilometre away."""
    an_item(session, "URGENT", needs=[], cents=0)
    near = a_caregiver(session, shifts=ALL_DAY)
    far = a_caregiver(session, name="王芳", shifts=ALL_DAY, base=Place(CENTRE.lat + 0.01, CENTRE.lon).as_json())
    alarm = ringing(session, an_elder(session))
    me = an_operator(session, on_duty_since=MORNING)
    actions.claim(session, alarm.id, me=me, now=at(5))
    actions.dispatch(session, alarm.id, near.id, me=me, now=at(10))
    session.flush()
    return alarm, near, far


def sweep(now: datetime) -> int:
    """As the clock does."""
    with transaction() as session:
        due = sending.unheard(session, now=now)
    for offer_id in due:
        with transaction() as session:
            sending.hear(session, offer_id, now=now)
    return len(due)


def says(alarm_id: int, event: AttendanceEvent, now: datetime) -> None:
    with transaction() as session:
        offer, _ = sending.offers_of(session, alarm_id)[-1]
        attendance = planning.attendance(session, offer.attendance_id or 0, lock=True)
        if event is AttendanceEvent.DECLINE:
            attending.decline(session, attendance, by="刘洁", now=now, reason="已在医院")
        else:
            attending.move(session, attendance, event, by="刘洁", now=now)


def states(alarm_id: int) -> list[tuple[str, OfferState]]:
    with transaction() as session:
        return [(name, offer.state) for offer, name in sending.offers_of(session, alarm_id)]


def test_a_yes_on_her_phone_is_told_in_the_case_and_counts_her_way_anew(database: Engine) -> None:
    with transaction() as session:
        alarm, near, _ = a_call(session)
        assert nearest.coming_from(session, alarm, now=at(15)) == Place.of(near.base).as_json()
    assert sweep(at(20)) == 0
    says(alarm.id, AttendanceEvent.ACCEPT, at(40))
    assert sweep(at(41)) == 1 and sweep(at(300)) == 0
    assert states(alarm.id) == [("刘洁", OfferState.ACCEPTED)]
    with transaction() as session:
        alarm = session.get_one(Alarm, alarm.id)
        assert [line.event for line in log.of(session, alarm)][-1] == "accepted"
        assert alarm.eta_at is not None and alarm.eta_at >= at(41)


def test_without_an_answer_the_next_one_is_sent_once_and_the_first_is_free(database: Engine) -> None:
    with transaction() as session:
        alarm, _, far = a_call(session)
    assert sweep(at(71)) == 1
    assert states(alarm.id) == [("刘洁", OfferState.UNANSWERED), ("王芳", OfferState.OFFERED)]
    with transaction() as session:
        alarm = session.get_one(Alarm, alarm.id)
        assert (alarm.state, alarm.caregiver_id) == (State.DISPATCHED, far.id)
        active = {a.caregiver_id for a in planning.attendances(session, alarm.visit_id or 0, active=True)}
        assert active == {far.id}
        assert len(session.scalars(select(OutboxMessage).where(OutboxMessage.key.like("offer-%"))).all()) == 2


def test_a_no_sends_the_next_and_with_nobody_left_the_alarm_rings_again(database: Engine) -> None:
    with transaction() as session:
        alarm, _, _ = a_call(session)
    says(alarm.id, AttendanceEvent.DECLINE, at(20))
    sweep(at(21))
    assert states(alarm.id) == [("刘洁", OfferState.DECLINED), ("王芳", OfferState.OFFERED)]
    says(alarm.id, AttendanceEvent.DECLINE, at(30))
    sweep(at(31))
    with transaction() as session:
        alarm = session.get_one(Alarm, alarm.id)
        assert (alarm.state, alarm.caregiver_id) == (State.RINGING, None)
        assert alarm.assigned_to is not None
        assert not list(proving.verify(session))
    assert sweep(at(600)) == 0


def test_she_who_said_yes_and_cannot_come_after_all_is_replaced(database: Engine) -> None:
    with transaction() as session:
        alarm, _, _ = a_call(session)
    says(alarm.id, AttendanceEvent.ACCEPT, at(20))
    sweep(at(21))
    says(alarm.id, AttendanceEvent.DECLINE, at(60))
    sweep(at(61))
    assert states(alarm.id) == [("刘洁", OfferState.DECLINED), ("王芳", OfferState.OFFERED)]


def test_the_climb_sends_the_nearest_who_is_qualified_even_while_it_rings(database: Engine) -> None:
    with transaction() as session:
        an_item(session, "URGENT", needs=["first_aid"], cents=0)
        a_caregiver(session, shifts=ALL_DAY)
        elder = an_elder(session)
        alarm = ringing(session, elder)
        with pytest.raises(NobodyLeft):
            sending.send_nearest(session, alarm, by="platform", now=at(60))
        helper = a_caregiver(session, name="王芳", shifts=ALL_DAY, skills=(Skill.FIRST_AID,))
        offer = sending.send_nearest(session, alarm, by="platform", now=at(61))
        assert (offer.caregiver_id, alarm.state, alarm.claimed_by) == (helper.id, State.RINGING, None)


def test_the_preview_moves_nothing_and_sending_moves_what_was_shown(client: Callable[..., Client]) -> None:
    now = datetime.now(UTC)
    day_ends = calendar.day_bounds(calendar.day_of(now))[1]
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        liu = a_caregiver(session, shifts=ALL_DAY)
        a_caregiver(session, name="王芳", shifts=ALL_DAY, base=Place(CENTRE.lat + 0.02, CENTRE.lon).as_json())
        elder = an_elder(session, home=a_home(session, place=Place(CENTRE.lat + 0.005, CENTRE.lon)))
        a_contact(session, elder)
        soon = min(now + timedelta(minutes=15), day_ends - timedelta(minutes=5))
        visit = a_visit(session, opens=soon, closes=soon + timedelta(hours=2), state="published")
        an_attendance(session, visit, liu)
        alarm = ringing(session, elder, now=now)
    operator = client(Role.OPERATOR)
    path = f"/api/alarms/{alarm.id}"
    assert operator.post(f"{path}/claim").status_code == 200
    found = operator.get(f"{path}/candidates").json()
    assert [one["name"] for one in found["items"]] == ["刘洁", "王芳"]
    assert [one["name"] for one in found["beside"]] == ["周慧"]
    shown = operator.post(f"{path}/send/preview", json={"caregiver_id": liu.id})
    assert shown.status_code == 201, shown.text
    change = shown.json()["change"]
    assert [(c["elder"], c["shift"]) for c in change["changes"]] in (
        [("林桂芬", "handed")], [("林桂芬", "moved")], [("林桂芬", "lost")]
    )  # fmt: skip
    with transaction() as session:
        assert session.scalars(select(Attendance.caregiver_id)).all() == [liu.id]
    sent = operator.post(f"{path}/send", json={"caregiver_id": liu.id, "change_id": change["id"]}).json()
    assert (sent["moved"], sent["state"]) == (True, "offered")
    case = operator.get(path).json()
    assert [(o["caregiver"], o["state"]) for o in case["offers"]] == [("刘洁", "offered")]
    assert {step["kind"] for step in case["timeline"]} >= {"dispatch", "replanned"}


def test_a_stale_preview_keeps_nobody_from_going(client: Callable[..., Client]) -> None:
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        liu = a_caregiver(session, shifts=ALL_DAY)
        alarm = ringing(session, an_elder(session), now=datetime.now(UTC))
    operator = client(Role.OPERATOR)
    path = f"/api/alarms/{alarm.id}"
    operator.post(f"{path}/claim")
    sent = operator.post(f"{path}/send", json={"caregiver_id": liu.id, "change_id": 999_999})
    assert (sent.status_code, sent.json()["moved"]) == (200, False)
