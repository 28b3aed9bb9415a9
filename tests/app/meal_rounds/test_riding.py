"""What riders' phones tell: each record once, whatever the order; what does not fit is shown and not lost."""

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.db import transaction
from app.meal_rounds import riding
from app.meal_rounds.riding import Answered, Told
from app.meal_rounds.rules import Clash, Ride
from app.meal_rounds.tables import MealTrip, RideRecord
from app.meals import queries as meals
from app.meals import serving
from app.meals.rules import NotTaken, Receiver
from app.meals.tables import Concern, Portion
from app.orders.rules import VisitState
from app.visits.rules import Outcome
from tests.app.meal_rounds.kitchen import Lunch, a_lunch, drafted, given_up, ordered_late, published, ridden
from tests.app.phone.test_phone import BrowserOf, phone_of
from tests.app.test_every_route import somebody
from tests.cast import TEN
from tests.clients import ok

pytestmark = pytest.mark.usefixtures("database")
QUARTER = TEN + timedelta(minutes=15)
CLOCK = {"seq": 1, "at": QUARTER.isoformat()}


@pytest.fixture
def lunch() -> Lunch:
    """Liu rides alone, and Wang may stand in."""
    return a_lunch(riders=2)


def trip_of(lunch: Lunch) -> MealTrip:
    (trip,) = ridden(published(lunch.menu))[1]
    return trip


def told(trip: MealTrip, what: Ride, *portions: Portion, **given: Any) -> Told:
    values: dict[str, Any] = {"receiver": None, "why": None, "seq": 1, "at": QUARTER} | given
    return Told(uuid.uuid4(), what, trip.id, tuple(one.id for one in portions), **values)


def heard(who: int, *batch: Told, now: datetime = QUARTER) -> list[Answered]:
    with transaction() as session:
        return riding.receive(session, who, batch, sent_at=now, by="刘洁 (liu)", now=now)


def state(portion: Portion) -> tuple[VisitState, Receiver | None, datetime | None]:
    with transaction() as session:
        (row,) = meals.portions(session, ids=[portion.id])
        return row.visit.state, row.portion.receiver, row.portion.handed_at


def test_a_trip_from_the_kitchen_to_the_last_door_and_back(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    one, two, *_ = lunch.portions
    answers = heard(
        trip.caregiver_id,
        told(trip, Ride.PICK_UP, at=TEN, seq=1),
        told(trip, Ride.HAND_OVER, one, receiver=Receiver.NEIGHBOUR, seq=2),
        told(trip, Ride.MISS, two, why=NotTaken.NO_ANSWER, seq=3),
        told(trip, Ride.BACK, at=QUARTER + timedelta(minutes=20), seq=4),
        now=QUARTER + timedelta(minutes=30),
    )
    assert [answer.outcome for answer in answers] == [Outcome.ACCEPTED] * 4
    assert state(one) == (VisitState.VERIFIED, Receiver.NEIGHBOUR, QUARTER)
    assert state(two)[0] is VisitState.NOT_DELIVERED
    with transaction() as session:
        concern = session.scalars(select(Concern)).one()
        assert (concern.at, concern.due_at) == (QUARTER, QUARTER + timedelta(minutes=lunch.menu.concern_minutes))
        now_trip = session.get_one(MealTrip, trip.id)
        assert (now_trip.left_at, now_trip.back_at) == (TEN, QUARTER + timedelta(minutes=20))


def test_a_record_sent_twice_counts_once(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    said = told(trip, Ride.HAND_OVER, lunch.portions[0], receiver=Receiver.ELDER)
    assert [heard(trip.caregiver_id, said)[0].outcome for _ in range(2)] == [Outcome.ACCEPTED, Outcome.REPEATED]
    assert [answer.outcome for answer in heard(trip.caregiver_id, said, said)] == [Outcome.REPEATED] * 2
    assert [answer.problem for answer in heard(lunch.riders[1].id, said)] == [
        None if lunch.riders[1].id == trip.caregiver_id else Clash.NOT_YOURS
    ]


def test_who_is_at_a_door_has_left_the_kitchen(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    heard(trip.caregiver_id, told(trip, Ride.HAND_OVER, lunch.portions[0], receiver=Receiver.ELDER))
    with transaction() as session:
        assert session.get_one(MealTrip, trip.id).left_at == QUARTER


def test_what_is_told_of_an_older_version_counts_in_the_one_in_force(lunch: Lunch) -> None:
    """Her phone had no signal when the rounds were drafted again around her trip."""
    trip = trip_of(lunch)
    heard(trip.caregiver_id, told(trip, Ride.PICK_UP, at=TEN), now=TEN)
    with transaction() as session:
        ordered_late(session, lunch)
    again = published(lunch.menu, now=TEN)
    (answer,) = heard(trip.caregiver_id, told(trip, Ride.BACK))
    assert answer.outcome is Outcome.ACCEPTED
    assert [one.back_at for one in ridden(again)[1] if one.root_id == trip.id] == [QUARTER]


def test_a_clash_is_kept_and_shown_at_the_desk(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    one, two, three, *_ = lunch.portions
    with transaction() as session:
        given_up(session, one.id)
        serving.hand_over(session, two.id, Receiver.ELDER, role=Role.MANAGER, by="食堂", now=QUARTER)
    answers = heard(
        trip.caregiver_id,
        told(trip, Ride.HAND_OVER, one, receiver=Receiver.ELDER, seq=1),  # given up meanwhile
        told(trip, Ride.HAND_OVER, two, receiver=Receiver.FAMILY, seq=2),  # the canteen said so before her phone could
        told(trip, Ride.MISS, two, why=NotTaken.REFUSED, seq=3),  # and now the opposite
        told(trip, Ride.MISS, three, why=NotTaken.NOT_COLLECTED, seq=4),  # nobody collects at a door
        told(trip, Ride.HAND_OVER, three, seq=5),  # to whom?
        told(trip, Ride.HAND_OVER, three, receiver=Receiver.ELDER, at=TEN - timedelta(days=1), seq=6),
    )
    assert [answer.problem for answer in answers] == [
        Clash.OTHERWISE, None, Clash.OTHERWISE, Clash.UNREADABLE, Clash.UNREADABLE, Clash.WRONG_DAY,
    ]  # fmt: skip
    assert state(three)[0] is VisitState.WAITING
    page = ok(somebody(Role.OPERATOR).get(f"/api/meals/menus/{lunch.menu.id}/rounds"))
    assert [clash["problem"] for clash in page["clashes"]].count("otherwise") == 2
    assert page["clashes"][-1]["rider_name"] in {"刘洁", "王芳"}


def test_nobody_speaks_for_another_s_trip_and_nothing_is_lost(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    other = next(one for one in lunch.riders if one.id != trip.caregiver_id)
    said = told(trip, Ride.HAND_OVER, lunch.portions[0], receiver=Receiver.ELDER)
    unknown = Told(uuid.uuid4(), Ride.BACK, 2**40, (), None, None, 2, QUARTER)
    assert [answer.problem for answer in heard(other.id, said, unknown)] == [Clash.NOT_YOURS] * 2
    assert state(lunch.portions[0])[0] is VisitState.WAITING
    with transaction() as session:
        assert session.scalars(select(RideRecord.problem)).all() == [Clash.NOT_YOURS] * 2


def test_the_day_after_counts_if_it_happened_on_the_day(lunch: Lunch) -> None:
    trip = trip_of(lunch)
    (answer,) = heard(
        trip.caregiver_id, told(trip, Ride.HAND_OVER, lunch.portions[0], receiver=Receiver.ELDER),
        now=QUARTER + timedelta(hours=20),
    )  # fmt: skip
    assert answer.outcome is Outcome.ACCEPTED
    assert state(lunch.portions[0])[2] == QUARTER


def test_her_phone_shows_her_trips_of_today_once_they_are_published(lunch: Lunch, client: BrowserOf) -> None:
    (trip,) = ridden(drafted(lunch.menu))[1]
    phones = {one.id: phone_of(client, one) for one in lunch.riders}
    assert ok(phones[trip.caregiver_id].get("/api/phone/rides"))["trips"] == []
    phone = phones.pop(trip_of(lunch).caregiver_id)
    mine = ok(phone.get("/api/phone/rides"))
    assert mine["rides"]
    (hers,) = mine["trips"]
    assert (hers["aboard"], hers["ride_minutes"], len(hers["stops"])) == (5, 45, 5)
    first = hers["stops"][0]
    assert first["address"] == "12号楼2单元302"
    assert first["access_note"] == "门禁 2580"
    record = {
        "id": str(uuid.uuid4()), "what": "hand_over", "trip_id": hers["id"], "receiver": "elder",
        "portion_ids": [first["portions"][0]["id"]], **CLOCK,
    }  # fmt: skip
    answer = ok(phone.post("/api/phone/rides/records", json={"records": [record], "sent_at": QUARTER.isoformat()}))
    assert answer["results"][0]["outcome"] == "accepted"
    assert answer["list"]["trips"][0]["stops"][0]["portions"][0]["state"] == "verified"
    assert ok(phones.popitem()[1].get("/api/phone/rides"))["trips"] == []
