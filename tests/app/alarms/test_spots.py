"""A caregiver who calls for help where there is no door: somebody is sent to the spot, answers, is there, and says."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.access.rules import Role
from app.access.tables import User
from app.alarms import actions, hers, log, nearest, proving, queries, sending, spots, whereto
from app.alarms.hers import Why
from app.alarms.rules import State, Verdict
from app.alarms.sending_rules import OfferMoveRefused, OfferState
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm
from app.db import transaction
from app.errors import NotFound
from app.history import History
from app.messages.tables import OutboxMessage
from app.orders.tables import Order
from app.people.tables import Caregiver, Home
from app.places.rules import Place
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from tests.app.alarms.story import an_operator
from tests.app.alarms.test_sending import sweep
from tests.app.test_every_route import somebody
from tests.cast import CENTRE, a_caregiver, a_visit, an_attendance, an_elder, an_item
from tests.clients import Client
from tests.conftest import MORNING

ALL_DAY = ((time(0), time(23, 59)),)
FAR = Place(CENTRE.lat + 0.02, CENTRE.lon)
SPOT = {"lat": CENTRE.lat + 0.012, "lon": CENTRE.lon, "datum": "wgs84", "accuracy_m": 18.0, "source": "phone"}


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def a_call_outside(session: Session, *, sends: bool = True) -> tuple[Alarm, Caregiver, Caregiver]:
    """Liu calls from a street; Wang is a kilometre from her, Zhao more than two."""
    an_item(session, "URGENT", needs=[], cents=0)
    liu = a_caregiver(session, shifts=ALL_DAY)
    wang = a_caregiver(session, name="王芳", shifts=ALL_DAY, base=FAR.as_json())
    zhao = a_caregiver(session, name="赵敏", shifts=ALL_DAY, base=Place(CENTRE.lat - 0.01, CENTRE.lon).as_json())
    alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(0), place=SPOT)
    me = an_operator(session, on_duty_since=MORNING)
    actions.claim(session, alarm.id, me=me, now=at(5))
    if sends:
        actions.dispatch(session, alarm.id, wang.id, me=me, now=at(10), words=" 河堤路桥下，北侧 ")
    session.flush()
    return alarm, wang, zhao


def states(session: Session, alarm_id: int) -> list[tuple[str, OfferState]]:
    return [(name, offer.state) for offer, name in sending.offers_of(session, alarm_id)]


def arrivals(now: datetime) -> None:
    """As the clock does."""
    with transaction() as session:
        due = queries.arrived(session, now=now)
    for alarm_id in due:
        with transaction() as session:
            actions.notice_arrival(session, alarm_id, now=now)


def test_the_nearest_goes_to_the_spot_without_any_visit_and_the_log_says_where(database: Engine) -> None:
    with transaction() as session:
        alarm, wang, zhao = a_call_outside(session)
        to = whereto.of(session, alarm)
        assert isinstance(to, whereto.Spot) and to.place == SPOT
        near = nearest.candidates(session, to, None, now=at(11))
        assert [one.caregiver_id for one in near] == [alarm.worker_id, zhao.id]  # Wang is away already
        assert (alarm.state, alarm.caregiver_id, alarm.visit_id) == (State.DISPATCHED, wang.id, None)
        assert alarm.eta_at is not None and at(10) < alarm.eta_at < at(1_800)
        (offer,) = session.scalars(select(AlarmOffer)).all()
        assert (offer.visit_id, offer.attendance_id, offer.words) == (None, None, "河堤路桥下，北侧")
        assert session.scalars(select(Attendance)).all() == [] and session.scalars(select(Order)).all() == []
        last = log.of(session, alarm)[-1]
        assert (last.event, last.facts["place"], last.facts["text"]) == ("dispatch", SPOT, offer.words)
        (told,) = session.scalars(select(OutboxMessage).where(OutboxMessage.key == f"spot-{offer.id}")).all()
        assert "刘洁" in told.text and "户外" in told.text and told.to == wang.phone
        assert not list(proving.verify(session))


def test_she_says_yes_is_there_and_the_case_knows_a_second_later(database: Engine) -> None:
    with transaction() as session:
        alarm, wang, _ = a_call_outside(session)
        (offer,) = session.scalars(select(AlarmOffer)).all()
    for _ in range(2):
        with transaction() as session:
            spots.answer(session, offer.id, wang.id, coming=True, now=at(30))
    assert sweep(at(300)) == 0
    arrivals(at(300))
    for seconds in (400, 500):
        with transaction() as session:
            spots.arrive(session, offer.id, wang.id, now=at(seconds))
    arrivals(at(501))
    with transaction() as session:
        alarm = session.get_one(Alarm, alarm.id)
        assert (alarm.state, alarm.arrived_at) == (State.ON_SITE, at(400))
        assert states(session, alarm.id) == [("王芳", OfferState.ACCEPTED)]
        assert [line.event for line in log.of(session, alarm)][-3:] == ["dispatch", "accepted", "arrive"]


def test_a_no_or_silence_sends_the_next_with_the_same_words(database: Engine) -> None:
    with transaction() as session:
        alarm, wang, zhao = a_call_outside(session)
        (offer,) = session.scalars(select(AlarmOffer)).all()
    with transaction() as session:
        spots.answer(session, offer.id, wang.id, coming=False, now=at(20))
    with transaction() as session:
        assert states(session, alarm.id) == [("王芳", OfferState.DECLINED), ("赵敏", OfferState.OFFERED)]
        assert {o.words for o, _ in sending.offers_of(session, alarm.id)} == {"河堤路桥下，北侧"}
    assert sweep(at(21)) == 0 and sweep(at(120)) == 1
    with transaction() as session:
        alarm = session.get_one(Alarm, alarm.id)
        assert states(session, alarm.id)[1:] == [("赵敏", OfferState.UNANSWERED)]
        assert (alarm.state, alarm.caregiver_id) == (State.RINGING, None)
        mine = session.scalars(select(AlarmOffer.id).where(AlarmOffer.caregiver_id == zhao.id)).one()
        with pytest.raises(OfferMoveRefused):
            spots.arrive(session, mine, zhao.id, now=at(130))
        with pytest.raises(NotFound):
            spots.answer(session, mine, wang.id, coming=True, now=at(130))


def test_who_is_away_to_a_spot_is_sent_nowhere_else_until_the_call_is_over(database: Engine) -> None:
    with transaction() as session:
        alarm, wang, _ = a_call_outside(session)
        other = a_caregiver(session, name="孙丽", shifts=ALL_DAY)
        second = hers.call(session, other, Why.BUTTON, by=other.name, now=at(15), place=SPOT)
        with pytest.raises(sending.OnAnotherAlarm):
            sending.send(session, second, wang.id, by="test", now=at(20))
        assert spots.sent_to(session, wang.id) != []
        me = an_operator(session, on_duty_since=MORNING, name="白班")
        alarm.claimed_by, alarm.reached_at = me.id, at(30)
        actions.close(session, alarm.id, Verdict.REAL, me=me, now=at(40), note=None)
        session.flush()
        assert states(session, alarm.id) == [("王芳", OfferState.WITHDRAWN)]
        assert spots.sent_to(session, wang.id) == []
        assert sending.send(session, second, wang.id, by="test", now=at(50)).state is OfferState.OFFERED


def test_what_she_leaves_stays_hers_and_is_on_record(database: Engine) -> None:
    with transaction() as session:
        alarm, wang, _ = a_call_outside(session, sends=False)
        visit = a_visit(session, elder=an_elder(session), state="published")
        due = an_attendance(session, visit, wang, starts_at=at(60), ends_at=at(3_660))
        sending.send(session, alarm, wang.id, by="test", now=at(10))
        session.flush()
        (line,) = session.scalars(
            select(History).where(History.subject_id == due.id, History.event == "interrupt")
        ).all()
        assert (line.reason, due.state) == ("alarm", AttendanceState.ASSIGNED)
        assert log.of(session, alarm)[-1].facts["affected"] == [visit.id]


def test_on_the_way_to_a_home_help_goes_to_her_and_at_the_door_to_the_door(database: Engine) -> None:
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
        liu = a_caregiver(session)
        visit = a_visit(session, elder=an_elder(session), state="published")
        an_attendance(session, visit, liu, starts_at=at(0), ends_at=at(3_600), state=AttendanceState.ON_THE_WAY)
        alarm = hers.call(session, liu, Why.BUTTON, by=liu.name, now=at(10))
        home = session.get_one(Home, visit.home_id)
        assert whereto.of(session, alarm) is home
        near = Place.of(home.place)
        for metres_north, spot in ((0.001, False), (0.02, True)):
            hers.is_at(session, liu, SPOT | {"lat": near.lat + metres_north, "lon": near.lon}, now=at(20))
            assert isinstance(whereto.of(session, alarm), whereto.Spot) is spot


def test_the_doors_of_desk_and_phone(client: Callable[..., Client]) -> None:
    liu, wang, other = (somebody(Role.RESPONDER) for _ in range(3))
    operator = client(Role.OPERATOR)
    with transaction() as session:
        an_item(session, "URGENT", needs=[], cents=0)
    press = {"at": datetime.now(UTC).isoformat(), "place": {"lat": CENTRE.lat, "lon": CENTRE.lon, "accuracy_m": 8.0}}
    alarm = liu.post("/api/phone/sos", json=press).json()["call"]["alarm_id"]
    operator.post(f"/api/alarms/{alarm}/claim")
    near = operator.get(f"/api/alarms/{alarm}/candidates").json()
    with transaction() as session:
        user = session.get_one(User, wang.get("/api/session").json()["id"])
        caregiver = session.get_one(Caregiver, user.caregiver_id)
        caregiver.name, hers_id = "王芳", caregiver.id
    assert near["at_spot"] and hers_id in [one["caregiver_id"] for one in near["items"]]
    sent = operator.post(f"/api/alarms/{alarm}/send", json={"caregiver_id": hers_id, "words": "桥下"})
    assert sent.status_code == 200, sent.text
    (offer,) = wang.get("/api/phone/days").json()["sent_to"]
    (shown,) = wang.get("/api/phone/responding").json()["items"]
    assert (shown["offer_id"], shown["attendance_id"], shown["spot_words"]) == (offer, None, "桥下")
    assert shown["spot"] | {"source": ""} == {"lat": CENTRE.lat, "lon": CENTRE.lon, "accuracy_m": 8.0, "source": ""}
    assert shown["who"] == "刘洁" and shown["worker_phone"] and shown["address"] == ""
    liu.post("/api/phone/sos/place", json={"lat": CENTRE.lat + 0.001, "lon": CENTRE.lon, "accuracy_m": 5.0})
    path = f"/api/phone/responding/offers/{offer}"
    assert other.post(f"{path}/answer", json={"answer": "accept"}).status_code == 404
    moved = wang.post(f"{path}/answer", json={"answer": "accept"}).json()["items"][0]
    assert (moved["offer"], moved["spot"]["lat"]) == ("accepted", CENTRE.lat + 0.001)
    assert liu.get("/api/phone/safety").json()["call"]["coming"] == "王芳"
    there = wang.post(f"{path}/answer", json={"answer": "here"}).json()["items"][0]
    assert there["arrived_at"] is not None
    for _ in range(2):
        told = wang.post(f"{path}/found", json={"found": "helped"}, headers={"idempotency-key": "one"})
        assert told.status_code == 200, told.text
    with transaction() as session:
        lines = log.of(session, session.get_one(Alarm, alarm))
        assert [line.facts["text"] for line in lines if line.event == "note"] == ["已帮助，同事稳定"]
