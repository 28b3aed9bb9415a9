"""From the wish to the deposit given back: booking, waiting, handing over, renewing, ending, taking back, inspecting.

Whoever changes a rental holds it first, then its unit, then its orders: no deadlock, and no unit is lent twice.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.errors import Conflict
from app.history import record
from app.orders.rules import Channel, Payer
from app.people import queries as people
from app.rental import charging, queries
from app.rental.keeping import move_unit
from app.rental.rules import (
    BadRental,
    Condition,
    DepositKind,
    EndReason,
    HasOne,
    MoneyWay,
    NotFree,
    RentalEvent,
    RentalState,
    Signer,
    UnitEvent,
    UnitState,
    WrongUnit,
    after_months,
    check_for_her,
    rental_after,
    settled_deposit,
)
from app.rental.tables import AidUnit, DepositMove, Rental

CLOCK: Final = "clock"
AFTERWARDS: Final = {Condition.DAMAGED: UnitEvent.SEND_TO_REPAIR, Condition.RUINED: UnitEvent.WRITE_OFF}
CAUSES: Final = frozenset({EndReason.WISH, EndReason.HOSPITAL, EndReason.INSTITUTION, EndReason.MOVED_AWAY})


@dataclass(frozen=True)
class RentalWish:
    """An aid somebody wants from a store, for so many months."""

    elder_id: int
    aid_id: int
    store_id: int
    months: int
    payer: Payer = Payer.ENTITLEMENT
    agent: dict[str, Any] | None = None
    note: str | None = None


@dataclass(frozen=True)
class HandOver:
    """What is said and checked when a unit leaves the store."""

    serial: str  # read off the unit itself
    signer: Signer
    signed_name: str
    deposit_cents: int
    way: MoneyWay | None
    waiver: str | None = None  # why the deposit is not the full one


def book(session: Session, wish: RentalWish, *, channel: Channel, by: str, now: datetime) -> Rental:
    """Keep a unit for her; where none is free, or others wait already, she waits in her turn.

    Raises NotForHer, HasOne, and Conflict where she is not served or the aid not offered any more.
    """
    elder = people.get(session, wish.elder_id)
    aid, store = queries.aid(session, wish.aid_id), queries.store(session, wish.store_id)
    today = calendar.day_of(now)
    if elder.ended_at is not None:
        raise Conflict("This elder is no longer served.")
    if aid.ended_at is not None:
        raise Conflict("This aid is not offered any more.")
    queries.price_on(session, aid.id, today)
    advised = queries.advised(session, elder.id, aid.id, day=today)
    check_for_her(aid.levels, elder.level, needs_advice=aid.needs_advice, advised=advised)
    if (held := queries.open_rental(session, elder.id, aid.id)) is not None:
        raise HasOne("She has, or waits for, this aid already.", rental_id=held.id, state=held.state)
    rental = Rental(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=store.provider_id,
        elder_id=elder.id, aid_id=aid.id, store_id=store.id, state=RentalState.QUEUED, payer=wish.payer,
        channel=channel, agent=wish.agent, note=wish.note, asked_at=now, asked_by=by, waits_since=now,
        months=wish.months,
    )  # fmt: skip
    session.add(rental)
    record(session, rental, "book", None, rental.state, by=by, now=now, aid=aid.code, months=wish.months)
    before_her = select(Rental.id).where(
        Rental.store_id == store.id, Rental.aid_id == aid.id, Rental.state == RentalState.QUEUED,
        Rental.id != rental.id,
    )  # fmt: skip
    if session.scalar(before_her.limit(1)) is None:
        _allot(session, rental, by=by, now=now)
    return rental


def allot(session: Session, rental_id: int, *, now: datetime) -> None:
    """The clock's turn for whoever waits longest. Bears repetition."""
    rental = queries.rental(session, rental_id, lock=True)
    if rental.state is RentalState.QUEUED:
        _allot(session, rental, by=CLOCK, now=now)


def _allot(session: Session, rental: Rental, *, by: str, now: datetime) -> None:
    """Keep the free unit that has lain longest; does nothing where there is none."""
    unit = session.scalar(
        select(AidUnit)
        .where(AidUnit.store_id == rental.store_id, AidUnit.aid_id == rental.aid_id)
        .where(AidUnit.state == UnitState.AVAILABLE)
        .order_by(AidUnit.since, AidUnit.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if unit is None:
        return
    move_unit(session, unit, UnitEvent.RESERVE, by=by, now=now, rental_id=rental.id)
    today = calendar.day_of(now)
    rental.unit_id = unit.id
    rental.held_until = today + timedelta(
        days=queries.terms_on(session, rental.district_id, today).hold_days
    )  # fmt: skip
    _move(session, rental, RentalEvent.ALLOT, by=by, now=now, unit_id=unit.id, until=str(rental.held_until))


def cancel(session: Session, rental_id: int, *, by: str, now: datetime, reason: str) -> Rental:
    """Not wanted any more: the unit is free for the next."""
    rental = queries.rental(session, rental_id, lock=True)
    booked = rental.state is RentalState.BOOKED
    _move(session, rental, RentalEvent.CANCEL, by=by, now=now, reason=reason)
    if booked and rental.unit_id is not None:
        unit = queries.unit(session, rental.unit_id, lock=True)
        move_unit(session, unit, UnitEvent.RELEASE, by=by, now=now, rental_id=rental.id)
    rental.unit_id = rental.held_until = None
    return rental


def give_up(session: Session, rental_id: int, *, now: datetime) -> None:
    """The clock's turn: nobody fetched it in time. Bears repetition."""
    rental = queries.rental(session, rental_id, lock=True)
    over = rental.held_until is not None and rental.held_until < calendar.day_of(now)
    if rental.state is RentalState.BOOKED and over:
        cancel(session, rental_id, by=CLOCK, now=now, reason="not fetched in time")


def hand_over(session: Session, rental_id: int, said: HandOver, *, by: str, now: datetime) -> Rental:
    """The unit leaves the store, its number checked and signed for: from today it costs rent.

    The number may be another free unit's of the same kind and store: that one goes, the one kept is free again.
    Raises WrongUnit, NotFree, BadRental.
    """
    rental = queries.rental(session, rental_id, lock=True)
    rental_after(rental.state, RentalEvent.HAND_OVER)
    unit = _checked(session, rental, said.serial, by=by, now=now)
    today = calendar.day_of(now)
    price = queries.price_on(session, rental.aid_id, today)
    if said.deposit_cents != price.deposit_cents and not said.waiver:
        raise BadRental("The deposit is another; say why.", deposit_cents=price.deposit_cents)
    if said.deposit_cents > price.deposit_cents or bool(said.deposit_cents) != bool(said.way):
        raise BadRental("Say how the deposit was paid; it is not more than agreed.", deposit_cents=price.deposit_cents)
    move_unit(session, unit, UnitEvent.HAND_OVER, by=by, now=now, rental_id=rental.id)
    rental.unit_id, rental.held_until, rental.deposit_cents = unit.id, None, said.deposit_cents
    rental.handed_at, rental.handed_by, rental.signer, rental.signed_name = now, by, said.signer, said.signed_name
    rental.starts, rental.due_on = today, after_months(today, rental.months) - timedelta(days=1)
    _deposit(session, rental, DepositKind.TAKEN, said.deposit_cents, said.way, by=by, now=now)
    _move(session, rental, RentalEvent.HAND_OVER, by=by, now=now, reason=said.waiver, unit_id=unit.id,
          signer=said.signer, deposit_cents=said.deposit_cents)  # fmt: skip
    charging.open_months(session, rental, until=today, by=by, now=now)
    return rental


def _checked(session: Session, rental: Rental, serial: str, *, by: str, now: datetime) -> AidUnit:
    """The unit with this number, held, and kept for this rental."""
    unit = session.scalar(
        select(AidUnit)
        .where(AidUnit.district_id == rental.district_id, AidUnit.serial == serial)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if unit is None or (unit.aid_id, unit.store_id) != (rental.aid_id, rental.store_id):
        raise WrongUnit("No unit of this kind in this store has that number.")
    if unit.id == rental.unit_id:
        return unit
    if unit.state is not UnitState.AVAILABLE:
        raise NotFree("This unit is not free.", state=unit.state)
    if rental.unit_id is not None:
        kept = queries.unit(session, rental.unit_id, lock=True)
        move_unit(session, kept, UnitEvent.RELEASE, by=by, now=now, rental_id=rental.id)
    return move_unit(session, unit, UnitEvent.RESERVE, by=by, now=now, rental_id=rental.id)


def renew(session: Session, rental_id: int, months: int, *, by: str, now: datetime) -> Rental:
    """She keeps it for more months. Raises NotForHer where it is not for her any more."""
    rental = queries.rental(session, rental_id, lock=True)
    aid, elder = queries.aid(session, rental.aid_id), people.get(session, rental.elder_id)
    advised = queries.advised(session, elder.id, aid.id, day=calendar.day_of(now))
    check_for_her(aid.levels, elder.level, needs_advice=False, advised=advised)
    if not 1 <= rental.months + months <= 36:
        raise BadRental("A rental lasts 36 months at most; book anew.")
    if rental.due_on is None or rental.starts is None:
        rental_after(rental.state, RentalEvent.RENEW)
        raise BadRental("This rental has not begun.")
    rental.months += months
    rental.due_on = after_months(rental.starts, rental.months) - timedelta(days=1)
    _move(session, rental, RentalEvent.RENEW, by=by, now=now, months=months, due_on=str(rental.due_on))
    return rental


def end(session: Session, rental_id: int, reason: EndReason, *, last: date, by: str, now: datetime) -> Rental:
    """No more rent after a day; the unit is to be fetched within the district's days."""
    rental = queries.rental(session, rental_id, lock=True)
    rental_after(rental.state, RentalEvent.END)
    _stop(session, rental, reason, last, by=by, now=now)
    days = queries.terms_on(session, rental.district_id, calendar.day_of(now)).pickup_days
    rental.pickup_due = calendar.day_of(now) + timedelta(days=days)
    _move(session, rental, RentalEvent.END, by=by, now=now, reason=reason, last=str(last))
    return rental


def follow(session: Session, rental_id: int, *, now: datetime) -> None:
    """The clock's turn: an event in her life ends the rental, on its day. Bears repetition."""
    rental = queries.rental(session, rental_id, lock=True)
    if (due := queries.ending(session, rental, now=now)) is None:
        return
    if rental.state is RentalState.LENT:
        end(session, rental_id, due[1], last=max(due[0], rental.starts or due[0]), by=CLOCK, now=now)
    elif rental.state in (RentalState.QUEUED, RentalState.BOOKED):
        cancel(session, rental_id, by=CLOCK, now=now, reason=due[1])


def bring_back(session: Session, rental_id: int, serial: str, *, by: str, now: datetime) -> Rental:
    """The unit is in the store again; without an end said before, today is the last day of rent."""
    rental = queries.rental(session, rental_id, lock=True)
    rental_after(rental.state, RentalEvent.BRING_BACK)
    unit = _its_unit(session, rental)
    if unit.serial != serial:
        raise WrongUnit("That is not the unit she was lent.")
    if rental.state is RentalState.LENT:
        _stop(session, rental, EndReason.WISH, calendar.day_of(now), by=by, now=now)
    move_unit(session, unit, UnitEvent.BRING_BACK, by=by, now=now, rental_id=rental.id)
    rental.returned_at, rental.returned_by = now, by
    return _move(session, rental, RentalEvent.BRING_BACK, by=by, now=now)


def inspect(
    session: Session, rental_id: int, condition: Condition, *, damage_cents: int, way: MoneyWay | None,
    reason: str | None, by: str, now: datetime,
) -> Rental:  # fmt: skip
    """How it came back, what of the deposit is kept for damage, the rest given back; then disinfection or repair."""
    rental = queries.rental(session, rental_id, lock=True)
    rental_after(rental.state, RentalEvent.INSPECT)
    value = queries.price_on(session, rental.aid_id, rental.starts or calendar.day_of(now)).value_cents
    if damage_cents > value:
        raise BadRental("Damage is not more than the aid was worth.", value_cents=value)
    if damage_cents and (condition not in AFTERWARDS or not reason):
        raise BadRental("Only damage is paid for; say what it is.")
    unit = _its_unit(session, rental)
    move_unit(
        session, unit, AFTERWARDS.get(condition, UnitEvent.CLEAN), by=by, now=now, reason=reason, rental_id=rental.id
    )
    rental.condition = condition
    _settle(session, rental, damage_cents, way, by=by, now=now)
    return _move(
        session, rental, RentalEvent.INSPECT, by=by, now=now, reason=reason, condition=condition,
        damage_cents=damage_cents,
    )  # fmt: skip


def lose(session: Session, rental_id: int, *, damage_cents: int, by: str, now: datetime, reason: str) -> Rental:
    """It cannot be found any more: what she is asked for is kept of the deposit, the rest she owes."""
    rental = queries.rental(session, rental_id, lock=True)
    rental_after(rental.state, RentalEvent.LOSE)
    value = queries.price_on(session, rental.aid_id, rental.starts or calendar.day_of(now)).value_cents
    if damage_cents > value:
        raise BadRental("It was not worth more.", value_cents=value)
    if rental.deposit_cents > damage_cents:
        raise BadRental("What is lost is paid with the deposit at least.", deposit_cents=rental.deposit_cents)
    unit = _its_unit(session, rental)
    if rental.state is RentalState.LENT:
        _stop(session, rental, EndReason.LOST, calendar.day_of(now), by=by, now=now)
    move_unit(session, unit, UnitEvent.LOSE, by=by, now=now, reason=reason, rental_id=rental.id)
    _settle(session, rental, damage_cents, None, by=by, now=now)
    return _move(session, rental, RentalEvent.LOSE, by=by, now=now, reason=reason, damage_cents=damage_cents)


def _stop(session: Session, rental: Rental, reason: EndReason, last: date, *, by: str, now: datetime) -> None:
    """No rent after this day: what is reserved is paid to it, months nobody reserved yet are made up for."""
    if rental.starts is None or not rental.starts <= last <= calendar.day_of(now):
        raise BadRental("A rental ends between its first day and today.", starts=str(rental.starts))
    rental.ended_on, rental.end_reason = last, reason
    if people.get(session, rental.elder_id).ended_at is None:
        charging.open_months(session, rental, until=last, by=by, now=now)
    charging.finish(session, rental, last, by=by, now=now)


def _its_unit(session: Session, rental: Rental) -> AidUnit:
    if rental.unit_id is None:
        raise WrongUnit("No unit stands behind this rental.")
    return queries.unit(session, rental.unit_id, lock=True)


def _settle(
    session: Session, rental: Rental, damage_cents: int, way: MoneyWay | None, *, by: str, now: datetime
) -> None:  # fmt: skip
    kept, back = settled_deposit(rental.deposit_cents, damage_cents)
    if back and way is None:
        raise BadRental("Say how the deposit is given back.", given_back_cents=back)
    rental.damage_cents = damage_cents
    _deposit(session, rental, DepositKind.KEPT, kept, None, by=by, now=now)
    _deposit(session, rental, DepositKind.GIVEN_BACK, back, way, by=by, now=now)


def _deposit(
    session: Session, rental: Rental, kind: DepositKind, cents: int, way: MoneyWay | None, *, by: str, now: datetime
) -> None:  # fmt: skip
    if not cents:
        return
    session.add(
        DepositMove(
            district_id=rental.district_id, division_code=rental.division_code, provider_id=rental.provider_id,
            elder_id=rental.elder_id, rental_id=rental.id, kind=kind, way=way, cents=cents, by=by, at=now,
        )
    )  # fmt: skip


def _move(
    session: Session, rental: Rental, event: RentalEvent, *, by: str, now: datetime, reason: str | None = None,
    **facts: object,
) -> Rental:  # fmt: skip
    """The only place that changes a rental's state."""
    before, rental.state = rental.state, rental_after(rental.state, event)
    record(session, rental, event, before, rental.state, by=by, now=now, reason=reason, **facts)
    return rental
