"""Renting aids: who gets one, who waits, what a month costs, and what two who hand out one unit may not do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, select

from app.access.rules import Role
from app.calendar import at, day_of
from app.db import transaction
from app.errors import Conflict
from app.funding import queries as funding
from app.life_events import actions as life_events
from app.orders import queries as order_queries
from app.orders.rules import Payer, VisitState
from app.people.life_rules import LifeKind, LifeSource
from app.people.rules import AbilityLevel
from app.people.tables import Elder
from app.rental import charging, counting, keeping, lending, queries, running
from app.rental.keeping import AidWish
from app.rental.lending import HandOver
from app.rental.rules import (
    AidKind,
    BadRental,
    Condition,
    DepositKind,
    EndReason,
    HasOne,
    MoneyWay,
    NotForHer,
    NotFree,
    RentalState,
    Signer,
    UnitEvent,
    UnitState,
    WrongUnit,
)
from app.rental.tables import Aid, AidStore, AidUnit, Rental
from tests.app.rental.shop import CHAIR, a_store, an_aid, booked, handed, units
from tests.app.test_every_route import somebody
from tests.cast import TEN, an_elder, an_entitlement
from tests.clients import ok

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
FIRST_OF_DECEMBER = at(DECEMBER, TEN.time())


@pytest.fixture
def shop(database: Engine) -> tuple[AidStore, Aid]:
    """A store with one wheelchair."""
    with transaction() as session:
        store, aid = a_store(session), an_aid(session)
        units(session, store, aid, "WC-1")
        return store, aid


@pytest.fixture
def lin(shop: object) -> Elder:
    """Lin Guifen, who has 260 yuan in November."""
    with transaction() as session:
        elder = an_elder(session)
        an_entitlement(session, elder)
        return elder


def lent(lin: Elder, shop: tuple[AidStore, Aid], payer: Payer = Payer.ENTITLEMENT) -> int:
    with transaction() as session:
        return handed(session, booked(session, lin, *shop, payer=payer), "WC-1").id


def rental(rental_id: int) -> Rental:
    with transaction() as session:
        return queries.rental(session, rental_id)


def unit_state(serial: str = "WC-1") -> UnitState:
    with transaction() as session:
        return session.scalars(select(AidUnit.state).where(AidUnit.serial == serial)).one()


def months(rental_id: int) -> list[tuple[date, VisitState, int]]:
    """Each month, how its visit stands, and the cents that are paid for it."""
    with transaction() as session:
        rows = queries.charges(session, [rental_id]).get(rental_id, [])
        return [
            (
                row.charge.month,
                row.visit.state,
                sum(c for _, c in funding.captured_for(session, row.visit)) + funding.owed_for(session, row.visit),
            )
            for row in rows
        ]


def free(elder: Elder) -> int:
    with transaction() as session:
        return sum(row.free_cents for row in funding.balances(session, elder.id, NOVEMBER))


def sound() -> None:
    with transaction() as session:
        assert order_queries.verify_ledger(session) == []


def test_a_booking_keeps_a_unit_and_the_next_one_waits_in_her_turn(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        first = booked(session, lin, *shop)
        assert first.state is RentalState.BOOKED and first.held_until == day_of(TEN) + timedelta(days=3)
        second = booked(session, an_elder(session), *shop)
        third = booked(session, an_elder(session), *shop, now=TEN + timedelta(minutes=1))
        assert second.state is third.state is RentalState.QUEUED
    assert unit_state() is UnitState.RESERVED
    with transaction() as session:
        lending.cancel(session, first.id, by="Zhao", now=TEN, reason="has one of her sister")
        assert queries.allottable(session, now=TEN) == [second.id, third.id]
    for rental_id in (second.id, third.id):
        with transaction() as session:
            lending.allot(session, rental_id, now=TEN)
    assert (rental(second.id).state, rental(third.id).state) == (RentalState.BOOKED, RentalState.QUEUED)


def test_who_comes_later_does_not_pass_the_queue_when_a_unit_becomes_free(
    lin: Elder, shop: tuple[AidStore, Aid]
) -> None:
    with transaction() as session:
        first, second = booked(session, lin, *shop), booked(session, an_elder(session), *shop)
        lending.cancel(session, first.id, by="Zhao", now=TEN, reason="no need any more")
        assert booked(session, an_elder(session), *shop).state is RentalState.QUEUED
        assert second.state is RentalState.QUEUED


def test_what_nobody_fetches_is_free_again(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        made = booked(session, lin, *shop)
        late = TEN + timedelta(days=4)
        assert queries.held_over(session, now=TEN + timedelta(days=3)) == []
        assert queries.held_over(session, now=late) == [made.id]
        lending.give_up(session, made.id, now=late)
        lending.give_up(session, made.id, now=late)
    assert rental(made.id).state is RentalState.CANCELLED and unit_state() is UnitState.AVAILABLE


def test_an_aid_is_for_her_level_or_by_an_assessors_advice(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        bed = an_aid(session, AidWish("BED", AidKind.CARE_BED, CHAIR.aid, "护理床", "Bed", [AbilityLevel.SEVERE]))
        with pytest.raises(NotForHer):
            booked(session, lin, shop[0], bed)
        keeping.advise(session, lin.id, bed.id, until=day_of(TEN), why="卧床", by="Zhang", now=TEN)
        assert booked(session, lin, shop[0], bed).state is RentalState.QUEUED
        with pytest.raises(HasOne):
            booked(session, lin, shop[0], bed)


def test_a_month_costs_its_days_and_the_allowance_pays(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    before = free(lin)
    rental_id = lent(lin, shop)
    assert before - free(lin) == 9_000 * 8 // 30  # from the 23rd to the 30th
    ((_, state, paid),) = months(rental_id)
    assert (state, paid) == (VisitState.WAITING, 0)
    running.keep_up(now=FIRST_OF_DECEMBER)
    assert months(rental_id) == [(NOVEMBER, VisitState.VERIFIED, 2_400), (DECEMBER, VisitState.WAITING, 0)]
    running.keep_up(now=FIRST_OF_DECEMBER)
    assert len(months(rental_id)) == 2
    sound()


def test_a_run_that_was_killed_goes_on_and_charges_nobody_twice(
    shop: tuple[AidStore, Aid], monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction() as session:
        units(session, *shop, *(f"WC-{n}" for n in range(2, 8)))
        numbers = [
            handed(session, booked(session, an_elder(session), *shop), f"WC-{n}").id for n in range(1, 8)
        ]  # fmt: skip
    monkeypatch.setattr(running, "SLICE", 3)
    with transaction() as session:
        run_id = running.begin(session, shop[0].district_id, DECEMBER, by="Li", now=FIRST_OF_DECEMBER).id
    with pytest.raises(running.Stopped):  # after its first slice
        running.carry_on(run_id, clock=lambda: FIRST_OF_DECEMBER, tell=lambda run: False)
    assert sum(len(months(number)) for number in numbers) == 7 + 3
    with transaction() as session:
        again = running.begin(session, shop[0].district_id, DECEMBER, by="Li", now=FIRST_OF_DECEMBER)
        assert again.id == run_id
    done = running.carry_on(run_id, clock=lambda: FIRST_OF_DECEMBER)
    assert done is not None and (done.done, done.charged, done.settled, done.failed) == (7, 7, 7, 0)
    assert [len(months(number)) for number in numbers] == [2] * 7
    sound()


def test_brought_back_within_the_month_only_its_days_are_paid(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    before = free(lin)
    rental_id = lent(lin, shop)
    back = TEN + timedelta(days=2)
    with transaction() as session:
        with pytest.raises(WrongUnit):
            lending.bring_back(session, rental_id, "WC-9", by="Sun", now=back)
        lending.bring_back(session, rental_id, "WC-1", by="Sun", now=back)
    assert months(rental_id) == [(NOVEMBER, VisitState.VERIFIED, 900)] and before - free(lin) == 900
    assert unit_state() is UnitState.RETURNED
    with pytest.raises(BadRental), transaction() as session:  # how is the deposit given back?
        lending.inspect(session, rental_id, Condition.GOOD, damage_cents=0, way=None, reason=None, by="Sun", now=back)
    with transaction() as session:
        lending.inspect(
            session, rental_id, Condition.GOOD, damage_cents=0, way=MoneyWay.WECHAT, reason=None, by="Sun", now=back
        )
    assert unit_state() is UnitState.CLEANING and rental(rental_id).state is RentalState.CLOSED
    with transaction() as session:
        unit = session.query(AidUnit).one()
        keeping.by_hand(session, unit.id, UnitEvent.READY, by="Sun", now=back, reason=None)
        assert unit.cleaned_on == day_of(back) and unit.state is UnitState.AVAILABLE
    sound()


def test_damage_is_kept_of_the_deposit_and_what_is_above_she_owes(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    with transaction() as session:
        lending.bring_back(session, rental_id, "WC-1", by="Sun", now=TEN)
        lending.inspect(
            session, rental_id, Condition.RUINED, damage_cents=70_000, way=None, reason="车架断裂", by="Sun", now=TEN
        )
        assert queries.deposits(session, [rental_id])[rental_id] == {
            DepositKind.TAKEN: 50_000, DepositKind.KEPT: 50_000,
        }  # fmt: skip
    assert rental(rental_id).damage_cents == 70_000 and unit_state() is UnitState.WRITTEN_OFF


def test_what_is_lost_is_written_off_and_its_rent_stops(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    with transaction() as session:
        lending.lose(session, rental_id, damage_cents=90_000, by="Sun", now=TEN, reason="搬家时遗失")
    assert rental(rental_id).end_reason is EndReason.LOST and unit_state() is UnitState.WRITTEN_OFF
    assert months(rental_id) == [(NOVEMBER, VisitState.VERIFIED, 300)]


def test_two_who_hand_out_one_unit_at_the_same_time_do_so_once(shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        units(session, *shop, "WC-2", "WC-3")
        numbers = [booked(session, an_elder(session), *shop).id for _ in range(3)]

    def take(rental_id: int) -> str:
        try:
            with transaction() as session:
                said = HandOver("WC-2", Signer.ELDER, "林桂芬", 50_000, MoneyWay.CASH)
                lending.hand_over(session, rental_id, said, by="Sun", now=TEN)
        except Conflict as error:
            return type(error).__name__
        return "taken"

    with ThreadPoolExecutor(6) as pool:
        said = sorted(pool.map(take, numbers * 2))
    assert said.count("taken") == 1 and set(said) <= {"taken", "NotFree", "IllegalMove"}
    with transaction() as session:
        held = session.scalars(select(Rental.unit_id).where(Rental.state.in_(("booked", "lent")))).all()
        assert len(held) == len(set(held)) == 3
        taken = session.query(Rental).filter_by(state=RentalState.LENT).one()
        assert queries.unit(session, taken.unit_id or 0).serial == "WC-2"


def test_the_number_on_the_unit_decides_which_one_goes(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        units(session, *shop, "WC-2")
        made = booked(session, lin, *shop)
        kept = queries.unit(session, made.unit_id or 0).serial
        other = {"WC-1": "WC-2", "WC-2": "WC-1"}[kept]
        handed(session, made, other)
    assert (unit_state(other), unit_state(kept)) == (UnitState.LENT, UnitState.AVAILABLE)
    with transaction() as session, pytest.raises(NotFree):
        handed(session, booked(session, an_elder(session), *shop), other)


def test_a_lower_deposit_needs_a_reason(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        made = booked(session, lin, *shop)
        with pytest.raises(BadRental):
            handed(session, made, "WC-1", deposit=10_000)
        said = HandOver("WC-1", Signer.ELDER, "林桂芬", 0, None, "低保家庭免押金")
        assert lending.hand_over(session, made.id, said, by="Sun", now=TEN).deposit_cents == 0


def test_a_renewal_lasts_longer_and_the_overdue_are_found(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    assert rental(rental_id).due_on == date(2027, 2, 22)
    with transaction() as session:
        lending.renew(session, rental_id, 2, by="Zhao", now=TEN)
    assert rental(rental_id).due_on == date(2027, 4, 22)


@pytest.mark.parametrize("kind", [LifeKind.DEATH, LifeKind.MOVED_AWAY])
def test_a_death_or_a_move_ends_the_rent_on_its_day_and_the_unit_is_to_be_fetched(
    kind: LifeKind, lin: Elder, shop: tuple[AidStore, Aid]
) -> None:
    rental_id = lent(lin, shop)
    told = TEN + timedelta(days=4)
    tell(lin, kind, day_of(TEN) + timedelta(days=2), told)
    follow(rental_id, told)
    ended = rental(rental_id)
    assert ended.state is RentalState.DUE_BACK and ended.end_reason is EndReason(kind)
    assert ended.ended_on == day_of(TEN) + timedelta(days=2) and ended.pickup_due == day_of(told) + timedelta(days=7)
    assert months(rental_id) == [(NOVEMBER, VisitState.VERIFIED, 900)]
    with transaction() as session:  # the deposit goes to her family
        lending.bring_back(session, rental_id, "WC-1", by="Sun", now=told)
        lending.inspect(
            session, rental_id, Condition.WORN, damage_cents=0, way=MoneyWay.CASH, reason=None, by="Sun", now=told
        )
    sound()


def test_a_death_told_after_the_month_was_paid_gives_the_rest_back(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    running.keep_up(now=FIRST_OF_DECEMBER)
    tell(lin, LifeKind.DEATH, day_of(TEN) + timedelta(days=2), FIRST_OF_DECEMBER)
    follow(rental_id, FIRST_OF_DECEMBER)
    assert months(rental_id) == [(NOVEMBER, VisitState.VERIFIED, 900), (DECEMBER, VisitState.CANCELLED, 0)]
    with transaction() as session:
        charging.finish(
            session, queries.rental(session, rental_id, lock=True), day_of(TEN) + timedelta(days=2), by="test",
            now=FIRST_OF_DECEMBER,
        )  # fmt: skip
    assert months(rental_id)[0] == (NOVEMBER, VisitState.VERIFIED, 900)
    sound()


def test_a_short_stay_in_hospital_changes_nothing_a_long_one_ends_it(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    tell(lin, LifeKind.HOSPITAL, day_of(TEN), TEN)
    with transaction() as session:
        assert queries.to_end(session, now=TEN + timedelta(days=29)) == []
    assert months(rental_id) == [(NOVEMBER, VisitState.WAITING, 0)]
    follow(rental_id, TEN + timedelta(days=31))
    ended = rental(rental_id)
    assert (ended.end_reason, ended.ended_on) == (EndReason.HOSPITAL, day_of(TEN) + timedelta(days=30))


def test_who_waits_and_dies_is_off_the_list(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        made = booked(session, lin, *shop)
    tell(lin, LifeKind.DEATH, day_of(TEN), TEN)
    follow(made.id, TEN)
    assert rental(made.id).state is RentalState.CANCELLED and unit_state() is UnitState.AVAILABLE


def test_what_was_not_seen_when_the_store_was_counted_is_missing_until_found(shop: tuple[AidStore, Aid]) -> None:
    with transaction() as session:
        units(session, *shop, "WC-2")
        count = counting.begin(session, shop[0].id, by="Sun", now=TEN)
        assert count.expected == 2
        assert counting.begin(session, shop[0].id, by="Sun", now=TEN) is count
        for _ in range(2):
            counting.see(session, count.id, "WC-1", by="Sun", now=TEN)
        with pytest.raises(WrongUnit):
            counting.see(session, count.id, "WC-77", by="Sun", now=TEN)
        assert counting.close(session, count.id, by="Sun", now=TEN).missing == 1
    assert (unit_state("WC-1"), unit_state("WC-2")) == (UnitState.AVAILABLE, UnitState.MISSING)
    with transaction() as session:
        count = counting.begin(session, shop[0].id, by="Sun", now=TEN)
        counting.see(session, count.id, "WC-2", by="Sun", now=TEN)
    assert unit_state("WC-2") is UnitState.RETURNED


def test_self_paid_rent_leaves_the_allowance_alone(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    before = free(lin)
    rental_id = lent(lin, shop, payer=Payer.SELF)
    running.keep_up(now=FIRST_OF_DECEMBER)
    assert free(lin) == before and months(rental_id)[0] == (NOVEMBER, VisitState.VERIFIED, 2_400)


def tell(elder: Elder, kind: LifeKind, starts: date, now: datetime) -> None:
    with transaction() as session:
        life_events.tell(
            session, elder.id, kind=kind, starts=starts, ends=None, source=LifeSource.FAMILY, note=None, by="Zhao",
            now=now,
        )  # fmt: skip


def follow(rental_id: int, now: datetime) -> None:
    """The clock's turn, twice."""
    with transaction() as session:
        assert queries.to_end(session, now=now) == [rental_id]
        lending.follow(session, rental_id, now=now)
        lending.follow(session, rental_id, now=now)
        session.flush()
        assert queries.to_end(session, now=now) == []


def test_a_month_that_ended_early_shows_what_its_days_cost(lin: Elder, shop: tuple[AidStore, Aid]) -> None:
    rental_id = lent(lin, shop)
    with transaction() as session:
        lending.bring_back(session, rental_id, "WC-1", by="Sun", now=TEN + timedelta(days=2))
    browser = somebody(Role.MANAGER, provider_id=shop[0].provider_id)
    told = ok(browser.get(f"/api/rental/rentals/{rental_id}"))
    (charge,) = told["charges"]
    assert (charge["last"], charge["price_cents"], charge["self_pay_cents"]) == ("2026-11-25", 900, 0)
    assert told["possible"] == ["inspect"] and told["deposit_held_cents"] == 50_000
