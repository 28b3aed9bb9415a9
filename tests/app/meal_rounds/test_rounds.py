"""Rounds of a lunch: drafted after the cut-off, published, changed by hand, drafted again while a rider is out."""

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.access.rules import Role
from app.db import transaction
from app.errors import NotFound
from app.history import History
from app.meal_rounds import actions, by_hand, drafting, queries
from app.meal_rounds.by_hand import Wish
from app.meal_rounds.rules import (
    Left,
    NothingToBring,
    NotTheirs,
    NotTheseRounds,
    OrdersStillOpen,
    RidesAlready,
    RoundsChanged,
    RoundsUnderWay,
)
from app.meal_rounds.tables import MealStop
from app.meals import ordering
from app.meals import queries as meals
from app.meals.rules import MealWay
from app.meals.tables import Portion
from app.orders.rules import Payer
from app.people.riding_tables import Riding
from app.people.rules import without
from app.people.tables import Absence
from app.planning import queries as planning
from app.planning.rules import PlanState, RulesBroken
from app.rostering import queries as rostering
from tests.app.meal_rounds.kitchen import a_lunch, brought, drafted, given_up, ordered_late, published, ridden
from tests.app.meal_rounds.things import EVERY_DAY, a_riding
from tests.app.meals.kitchen import BEFORE
from tests.app.test_every_route import somebody
from tests.cast import DISTRICT, TEN, a_caregiver, a_home, a_provider, an_elder
from tests.clients import ok

pytestmark = pytest.mark.usefixtures("database")
DAY = TEN.date()


def left_out(rounds_id: int) -> dict[int, MealStop]:
    """Doors in no trip, by their first portion."""
    return {stop.portion_ids[0]: stop for stop in ridden(rounds_id)[2] if stop.trip_id is None}


def moved(stop: MealStop, wish: Wish, *, accept: tuple[str, ...] = (), now: Any = TEN) -> None:
    with transaction() as session:
        seen = queries.get(session, stop.rounds_id).version
        by_hand.move_stop(session, stop.id, wish, accept=accept, seen=seen, by="王调度", now=now)


def test_every_door_has_its_meal_hot_and_in_time_in_one_ride_outwards() -> None:
    lunch = a_lunch()
    rounds, (trip,), stops = ridden(drafted(lunch.menu))
    menu = lunch.menu
    assert sorted(stop.portion_ids for stop in stops) == [[portion.id] for portion in lunch.portions]
    assert menu.delivery_from <= trip.leaves_at < trip.returns_at
    for stop in stops:
        assert stop.arrives_at is not None
        assert stop.arrives_at <= menu.delivery_till
        assert stop.arrives_at - trip.leaves_at <= timedelta(minutes=menu.ride_minutes)
    assert rounds.way_seconds is not None
    with transaction() as session:
        events = session.scalars(select(History.event).where(History.subject == "meal_rounds").order_by(History.id))
        assert list(events) == ["begin", "store"]


def test_a_small_box_goes_out_twice_and_is_loaded_in_between() -> None:
    lunch = a_lunch(room=3)
    _, trips, stops = ridden(drafted(lunch.menu))
    assert sorted(sum(len(s.portion_ids) for s in stops if s.trip_id == t.id) for t in trips) == [2, 3]
    one, two = trips
    assert two.leaves_at - one.returns_at >= timedelta(minutes=lunch.menu.reload_minutes)


def test_a_couple_is_one_door_and_who_eats_elsewhere_is_left_to_people() -> None:
    lunch = a_lunch()
    with transaction() as session:
        husband = an_elder(session, name="林大山", home=session.get_one(type(a_home(session)), lunch.elders[0].home_id))
        his = brought(session, husband, lunch.dish)
        away = session.get_one(Portion, lunch.portions[1].id)
        away.bring_to = "女儿家，河畔花园3号楼"
    rounds_id = drafted(lunch.menu)
    stops = ridden(rounds_id)[2]
    assert sorted([lunch.portions[0].id, his.id]) in [sorted(stop.portion_ids) for stop in stops]
    (left,) = left_out(rounds_id).values()
    assert (left.portion_ids, left.why) == ([away.id], Left.REDIRECTED)
    trip = ridden(rounds_id)[1][0]
    with pytest.raises(RulesBroken) as refused:  # whoever moves it says that they know where it is
        moved(left, Wish(trip.id, None, 1))
    assert refused.value.facts["rules"] == ["place"]
    moved(left, Wish(trip.id, None, 1), accept=("place",))
    assert not left_out(rounds_id)


def test_who_cannot_be_served_says_why_and_what_did_help() -> None:
    """The last door is 38 minutes away: a lunch that may ride 20 minutes would have to be allowed 40."""
    lunch = a_lunch(riders=2, north=0.012, ride_minutes=20)
    found = left_out(drafted(lunch.menu))
    assert {stop.why for stop in found.values()} <= {Left.TOO_FAR, Left.CROWDED}
    farthest = found[lunch.portions[-1].id]
    assert farthest.why is Left.TOO_FAR
    assert farthest.facts == {"minutes": 38}
    assert farthest.remedy == {"kind": "ride", "much": 20}


def test_without_riders_the_doors_are_named_and_nothing_is_searched() -> None:
    lunch = a_lunch(riders=0)
    rounds_id = drafted(lunch.menu)
    assert [stop.why for stop in left_out(rounds_id).values()] == [Left.NO_RIDER] * 5
    assert ridden(rounds_id)[1] == []


def test_more_meals_at_one_door_than_any_box_holds_do_not_stop_the_others() -> None:
    lunch = a_lunch(room=2)
    with transaction() as session:
        home = session.get_one(type(a_home(session)), lunch.elders[2].home_id)
        extra = [brought(session, an_elder(session, home=home, name=f"王德{n}"), lunch.dish) for n in "寿禄"]
    rounds_id = drafted(lunch.menu)
    (left,) = left_out(rounds_id).values()
    assert (left.why, left.facts) == (Left.TOO_MUCH, {"amount": 3, "room": 2})
    assert sorted(left.portion_ids) == sorted([lunch.portions[2].id, *(one.id for one in extra)])
    assert sum(len(stop.portion_ids) for stop in ridden(rounds_id)[2] if stop.trip_id) == 4


def test_rounds_wait_for_the_cut_off_and_for_something_to_bring() -> None:
    lunch = a_lunch()
    with transaction() as session, pytest.raises(OrdersStillOpen):
        actions.ask_draft(session, meals.menu(session, lunch.menu.id), seconds=1, by="王", now=BEFORE)
    with transaction() as session:
        actions.ask_draft(session, meals.menu(session, lunch.menu.id), seconds=1, by="王", now=TEN)
    with transaction() as session, pytest.raises(RoundsUnderWay):
        actions.ask_draft(session, meals.menu(session, lunch.menu.id), seconds=1, by="王", now=TEN)
    for portion in lunch.portions:
        with transaction() as session:
            given_up(session, portion.id)
    with transaction() as session:
        rounds = queries.in_state(session, lunch.menu.id, PlanState.DRAFTING)
        assert rounds is not None
        actions.give_up(session, rounds.id, by="王", now=TEN, reason="stopped")
    with transaction() as session, pytest.raises(NothingToBring):
        actions.ask_draft(session, meals.menu(session, lunch.menu.id), seconds=1, by="王", now=TEN)


def test_who_is_away_does_not_ride_and_who_rides_has_no_visits_meanwhile() -> None:
    lunch = a_lunch(riders=2)
    liu, wang = lunch.riders
    with transaction() as session:
        session.add(Absence(district_id=DISTRICT, caregiver_id=liu.id, first=DAY, last=DAY, reason="年假"))
        day = planning.day_of(session, DISTRICT, DAY)
        month = rostering.hours(session, DISTRICT, DAY, DAY + timedelta(days=27))
    _, trips, _ = ridden(drafted(lunch.menu))
    assert {trip.caregiver_id for trip in trips} == {wang.id}
    at = [(day.tick(a) // 60, day.tick(b) // 60) for a, b in day.caregiver[wang.id].shifts]
    assert at == [(8 * 60, 10 * 60), (13 * 60 + 30, 17 * 60 + 30)]  # her morning ended at half past eleven
    assert month[wang.id].shifts[0] == tuple(at)
    weekly = 7 * 150  # minutes of riding, which is work
    assert (day.caregiver[wang.id].minutes_left, month[wang.id].contract) == (44 * 60 - weekly, 44 * 60 - weekly)


def test_holes_in_stretches_of_time() -> None:
    assert without([(1, 5), (8, 9)], [(4, 8)]) == [(1, 4), (8, 9)]
    assert without([(1, 9)], [(3, 4), (0, 2), (9, 12)]) == [(2, 3), (4, 9)]
    assert without([(1, 9)], [(0, 9)]) == []


def test_a_rider_works_for_the_canteen_s_provider_and_rides_once_at_a_time() -> None:
    lunch = a_lunch()
    with transaction() as session, pytest.raises(RidesAlready):
        a_riding(session, lunch.menu.canteen_id, lunch.riders[0], starts=time(12), weekdays=(0,))
    with transaction() as session:
        a_riding(session, lunch.menu.canteen_id, lunch.riders[0], starts=time(16), ends=time(18))
        other = a_caregiver(session, provider=a_provider(session, name="别家"))
        with pytest.raises(NotTheirs):
            a_riding(session, lunch.menu.canteen_id, other)
        with pytest.raises(NotFound):
            actions.add_riding(
                session, meals.canteen(session, lunch.menu.canteen_id), 0, weekdays=EVERY_DAY, starts=time(1),
                ends=time(2), room=1, first=DAY, by="test", now=TEN,
            )  # fmt: skip
        riding = session.scalars(select(Riding).where(Riding.starts == time(10))).one()
        actions.end_riding(session, riding.id, DAY - timedelta(days=9), by="test", now=TEN)
        assert riding.last == DAY - timedelta(days=1), "what was ridden stays ridden"
        session.flush()
        assert queries.riders(session, meals.menu(session, lunch.menu.id)) == []
        a_riding(session, lunch.menu.canteen_id, lunch.riders[0], first=DAY)


def test_a_hand_moves_a_door_and_every_broken_rule_is_named_first() -> None:
    lunch = a_lunch(riders=2)
    rounds_id = drafted(lunch.menu)
    _, (trip,), stops = ridden(rounds_id)
    other = next(r for r in lunch.riders if r.id != trip.caregiver_id)
    with transaction() as session:
        riding = session.scalars(select(Riding).where(Riding.caregiver_id == other.id)).one()
    last = max(stops, key=lambda stop: stop.position)
    moved(last, Wish(None, riding.id, 1))
    _, trips, stops = ridden(rounds_id)
    assert len(trips) == 2
    new = next(one for one in trips if one.caregiver_id == other.id)
    assert [(s.portion_ids, s.position, s.moved_by) for s in stops if s.trip_id == new.id] == [
        (last.portion_ids, 1, "王调度")
    ]
    moved(last, Wish(trip.id, None, 1))  # back, to the front: her empty trip is none
    _, trips, stops = ridden(rounds_id)
    assert [one.id for one in trips] == [trip.id]
    by_position = [stop.portion_ids[0] for stop in sorted(stops, key=lambda stop: stop.position)]
    assert by_position[0] == last.portion_ids[0]
    assert [stop.position for stop in sorted(stops, key=lambda stop: stop.position)] == [1, 2, 3, 4, 5]
    moved(last, Wish(None, None, 1))
    assert left_out(rounds_id)[last.portion_ids[0]].why is Left.TAKEN_OUT
    with transaction() as session:
        menu = meals.menu(session, lunch.menu.id)
        menu.ride_minutes = 2
    with pytest.raises(RulesBroken) as refused:
        moved(last, Wish(trip.id, None, 9))
    assert refused.value.facts["rules"] == ["ride"]
    moved(last, Wish(trip.id, None, 9), accept=("ride",))
    assert ridden(rounds_id)[0].touched_at == TEN


def test_what_has_left_stays_as_it_went_and_a_draft_made_before_cannot_be_published() -> None:
    lunch = a_lunch(room=3)
    first = published(lunch.menu)
    trips = ridden(first)[1]
    late = drafted(lunch.menu)
    with transaction() as session:
        for copy in queries.copies(session, queries.trips(session, first)[0]):
            copy.left_at = TEN + timedelta(minutes=1)
    with transaction() as session, pytest.raises(RoundsChanged):
        actions.publish(session, late, seen=queries.get(session, late).version, by="王", now=TEN)
    gone = [stop for stop in ridden(first)[2] if stop.trip_id == trips[0].id]
    with pytest.raises(NotTheseRounds):
        moved(gone[0], Wish(None, None, 1))
    with transaction() as session:
        hers = ordered_late(session, lunch)
    again = published(lunch.menu, now=TEN + timedelta(minutes=5))
    _, now_trips, stops = ridden(again)
    kept = next(trip for trip in now_trips if trip.root_id == trips[0].id)
    assert (kept.left_at, kept.leaves_at) == (TEN + timedelta(minutes=1), trips[0].leaves_at)
    assert {n for s in stops if s.trip_id == kept.id for n in s.portion_ids} == {n for s in gone for n in s.portion_ids}
    rest = [trip for trip in now_trips if trip.left_at is None]
    assert min(trip.leaves_at for trip in rest) >= kept.returns_at + timedelta(minutes=6), "late out is late back"
    assert hers.id in {number for stop in stops for number in stop.portion_ids}
    assert ridden(first)[0].state is PlanState.SUPERSEDED


def test_two_who_publish_and_a_draft_given_up() -> None:
    lunch = a_lunch()
    rounds_id = drafted(lunch.menu)
    with transaction() as session, pytest.raises(RoundsChanged):
        actions.publish(session, rounds_id, seen=0, by="王", now=TEN)
    with transaction() as session:
        actions.discard(session, rounds_id, by="王", now=TEN)
    with transaction() as session, pytest.raises(NotTheseRounds):
        actions.discard(session, rounds_id, by="王", now=TEN)


def test_a_failed_search_gives_the_rounds_up_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    lunch = a_lunch()
    monkeypatch.setattr(drafting, "SOLVER", "tests.app.meal_rounds.nowhere")
    with transaction() as session:
        job = actions.ask_draft(session, meals.menu(session, lunch.menu.id), seconds=1, by="王", now=TEN)
    drafting.carry_out(job.id)
    with transaction() as session:
        assert queries.get(session, job.subject_id).state is PlanState.SUPERSEDED
        assert queries.in_state(session, lunch.menu.id, PlanState.DRAFTING) is None


def test_the_desk_sees_trips_doors_and_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    lunch = a_lunch()
    rounds_id = drafted(lunch.menu)
    desk = somebody(Role.DISPATCHER)
    with transaction() as session:
        late = ordered_late(session, lunch)
        given_up(session, lunch.portions[0].id)
    page = ok(desk.get(f"/api/meals/menus/{lunch.menu.id}/rounds"))
    assert (page["doors"], page["portions"], page["riders"]) == (5, 5, 1)
    assert page["job"]["state"] == "done"
    (trip,) = page["shown"]["trips"]
    assert (trip["rider_name"], trip["n"], trip["aboard"], trip["room"]) == ("刘洁", 1, 5, 30)
    states = {door["portions"][0]["id"]: door["portions"][0]["state"] for door in trip["stops"]}
    assert states[lunch.portions[0].id] == "cancelled", "she is struck out, and the rider is told"
    assert [one["portion_id"] for one in page["shown"]["stale"]] == [late.id]
    stop = trip["stops"][-1]
    check = ok(desk.post(f"/api/meals/stops/{stop['id']}/move/check", json={"trip_id": trip["id"], "position": 1}))
    assert check["broken"] == []
    assert check["way_seconds"] >= 0
    shown = ok(desk.post(f"/api/meals/stops/{stop['id']}/move", json={
        "trip_id": trip["id"], "position": 1, "version": page["shown"]["head"]["version"],
    }))  # fmt: skip
    assert shown["trips"][0]["stops"][0]["id"] == stop["id"]
    head = ok(desk.post(f"/api/meals/rounds/{rounds_id}/publish", json={"version": shown["head"]["version"]}))
    assert head["state"] == "published"
    paper = somebody(Role.SUPERVISOR).get(f"/api/meals/menus/{lunch.menu.id}/deliveries.pdf")
    assert paper.status_code == 200
    assert paper.content.startswith(b"%PDF")


def test_who_eats_at_the_canteen_is_in_no_round() -> None:
    lunch = a_lunch()
    with transaction() as session:
        guest = an_elder(session, name="吴小川")
        wish = ordering.MealWish(guest.id, [lunch.dish.id], MealWay.EAT_IN, Payer.SELF)
        ordering.book(session, wish, ordering.Taken("Zhao", Role.OPERATOR, BEFORE))
    assert sum(len(stop.portion_ids) for stop in ridden(drafted(lunch.menu))[2]) == 5
