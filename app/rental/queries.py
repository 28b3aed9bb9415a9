"""Reading aids, units, rentals, waiting lists, and what is due."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeVar

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app import calendar
from app.db import Base
from app.errors import NotFound
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.life_rules import ENDING
from app.people.life_tables import LifeEvent
from app.people.tables import Elder, Home, Provider
from app.places.tables import Facility
from app.rental.rules import OPEN, BadRental, DepositKind, EndReason, Proration, RentalState, Terms, UnitState
from app.rental.tables import (
    Aid,
    AidAdvice,
    AidPrice,
    AidStore,
    AidUnit,
    DepositMove,
    Rental,
    RentalCharge,
    RentalRun,
    RentalTerms,
)

Row = TypeVar("Row", bound=Base)


@dataclass(frozen=True)
class StoreRow:
    """A store with its place and who runs it."""

    store: AidStore
    facility: Facility
    provider: Provider


@dataclass(frozen=True)
class UnitRow:
    """A unit with what it is, where it belongs, and for whom it is away."""

    unit: AidUnit
    aid: Aid
    store: str
    rental_id: int | None
    elder_id: int | None
    elder_name: str | None


@dataclass(frozen=True)
class RentalRow:
    """A rental with whose it is, what it is and which piece."""

    rental: Rental
    elder: Elder
    home: Home
    aid: Aid
    store: str
    serial: str | None


@dataclass(frozen=True)
class Rent:
    """The rent of a month, for which aid, and on which day the rental ended, if it has."""

    charge: RentalCharge
    ended_on: date | None
    aid_zh: str
    aid_en: str

    @property
    def last(self) -> date:
        """The last day that is paid; the whole month's where a month that was begun is paid whole."""
        if self.ended_on is None or self.charge.proration is Proration.MONTH:
            return self.charge.last
        return max(min(self.ended_on, self.charge.last), self.charge.first)


@dataclass(frozen=True)
class ChargeRow:
    """A month's rent as its visit says."""

    charge: RentalCharge
    visit: Visit


def one(session: Session, table: type[Row], number: int, what: str, *, lock: bool = False) -> Row:
    """The row; raises NotFound also when it is outside the caller's area or another provider's."""
    found = session.get(table, number, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound(f"There is no such {what}, or it is not yours.")
    return found


def rental(session: Session, rental_id: int, *, lock: bool = False) -> Rental:
    """The rental. Its lock comes before its unit's and its orders'."""
    return one(session, Rental, rental_id, "rental", lock=lock)


def unit(session: Session, unit_id: int, *, lock: bool = False) -> AidUnit:
    """The unit."""
    return one(session, AidUnit, unit_id, "unit", lock=lock)


def aid(session: Session, aid_id: int) -> Aid:
    """The kind of aid."""
    return one(session, Aid, aid_id, "aid")


def store(session: Session, store_id: int) -> AidStore:
    """The store."""
    return one(session, AidStore, store_id, "store")


def aids(session: Session, district_id: int) -> Sequence[Aid]:
    """The catalogue: what is offered first."""
    return session.scalars(
        select(Aid).where(Aid.district_id == district_id).order_by(Aid.ended_at.is_not(None), Aid.kind, Aid.code)
    ).all()


def prices(session: Session, aid_ids: Iterable[int]) -> dict[int, list[AidPrice]]:
    """All prices by aid, the latest first."""
    found: dict[int, list[AidPrice]] = {}
    query = select(AidPrice).where(AidPrice.aid_id.in_(list(aid_ids)))
    for price in session.scalars(query.order_by(AidPrice.starts.desc(), AidPrice.id.desc())):
        found.setdefault(price.aid_id, []).append(price)
    return found


def price_on(session: Session, aid_id: int, day: date) -> AidPrice:
    """What holds on a day; of two that start together, the later one. Raises BadRental where none does."""
    holding = [price for price in prices(session, [aid_id]).get(aid_id, []) if price.starts <= day]
    if not holding:
        raise BadRental(f"This aid has no price on {day}.", day=str(day))
    return holding[0]


def terms(session: Session, district_id: int) -> Sequence[RentalTerms]:
    """All a district has settled, what holds last first."""
    return session.scalars(
        select(RentalTerms)
        .where(RentalTerms.district_id == district_id)
        .order_by(RentalTerms.starts.desc(), RentalTerms.id.desc())
    ).all()


def terms_on(session: Session, district_id: int, day: date) -> Terms:
    """What holds on a day; the first settings where the district has none."""
    row = next((row for row in terms(session, district_id) if row.starts <= day), None)
    return Terms(row.proration, row.hold_days, row.pickup_days, row.stay_days) if row else Terms()


def stores(session: Session, district_id: int) -> Sequence[StoreRow]:
    """Stores the caller works with, by name."""
    rows = session.execute(
        select(AidStore, Facility, Provider)
        .join(Facility, Facility.id == AidStore.facility_id)
        .join(Provider, Provider.id == AidStore.provider_id)
        .where(AidStore.district_id == district_id)
        .order_by(Facility.name, AidStore.id)
    )
    return [StoreRow(*row) for row in rows]


def places_left(session: Session, district_id: int) -> Sequence[Facility]:
    """Places with a provider that keep no aids yet."""
    taken = select(AidStore.facility_id)
    return session.scalars(
        select(Facility)
        .where(Facility.district_id == district_id, Facility.provider_id.is_not(None), Facility.id.not_in(taken))
        .order_by(Facility.name)
    ).all()


def stock(session: Session, district_id: int) -> dict[tuple[int, int], Counter[UnitState]]:
    """How many units by (aid, store) and state."""
    found: dict[tuple[int, int], Counter[UnitState]] = {}
    rows = session.execute(
        select(AidUnit.aid_id, AidUnit.store_id, AidUnit.state, func.count())
        .where(AidUnit.district_id == district_id)
        .group_by(AidUnit.aid_id, AidUnit.store_id, AidUnit.state)
    )
    for aid_id, store_id, state, count in rows:
        found.setdefault((aid_id, store_id), Counter())[state] = count
    return found


def waiting_count(session: Session, district_id: int) -> dict[tuple[int, int], int]:
    """How many wait by (aid, store)."""
    rows = session.execute(
        select(Rental.aid_id, Rental.store_id, func.count())
        .where(Rental.district_id == district_id, Rental.state == RentalState.QUEUED)
        .group_by(Rental.aid_id, Rental.store_id)
    )
    return {(aid_id, store_id): count for aid_id, store_id, count in rows}


def units(
    session: Session, district_id: int, *, store_id: int | None = None, aid_id: int | None = None,
    state: UnitState | None = None, ids: Iterable[int] | None = None, limit: int = 500,
) -> Sequence[UnitRow]:  # fmt: skip
    """Units by aid and serial number, with who has them."""
    held = aliased(Rental)
    query = (
        select(AidUnit, Aid, Facility.name, held.id, Elder.id, Elder.name)
        .join(Aid, Aid.id == AidUnit.aid_id)
        .join(AidStore, AidStore.id == AidUnit.store_id)
        .join(Facility, Facility.id == AidStore.facility_id)
        .outerjoin(held, and_(held.unit_id == AidUnit.id, held.state.in_(OPEN)))
        .outerjoin(Elder, Elder.id == held.elder_id)
        .where(AidUnit.district_id == district_id)
        .order_by(Aid.kind, Aid.code, AidUnit.serial)
        .limit(limit)
    )
    for column, value in ((AidUnit.store_id, store_id), (AidUnit.aid_id, aid_id), (AidUnit.state, state)):
        if value is not None:
            query = query.where(column == value)
    if ids is not None:
        query = query.where(AidUnit.id.in_(list(ids)))
    return [UnitRow(*row) for row in session.execute(query)]


def rentals(
    session: Session, district_id: int, *, states: Collection[RentalState] | None = None, elder_id: int | None = None,
    ids: Iterable[int] | None = None, limit: int = 500,
) -> Sequence[RentalRow]:  # fmt: skip
    """Rentals: who waits in her turn, then the others, what ends first before the rest."""
    query = (
        select(Rental, Elder, Home, Aid, Facility.name, AidUnit.serial)
        .join(Elder, Elder.id == Rental.elder_id)
        .join(Home, Home.id == Elder.home_id)
        .join(Aid, Aid.id == Rental.aid_id)
        .join(AidStore, AidStore.id == Rental.store_id)
        .join(Facility, Facility.id == AidStore.facility_id)
        .outerjoin(AidUnit, AidUnit.id == Rental.unit_id)
        .where(Rental.district_id == district_id)
        .order_by(func.coalesce(Rental.pickup_due, Rental.due_on), Rental.waits_since, Rental.id)
        .limit(limit)
    )
    if states is not None:
        query = query.where(Rental.state.in_(states))
    if elder_id is not None:
        query = query.where(Rental.elder_id == elder_id)
    if ids is not None:
        query = query.where(Rental.id.in_(list(ids)))
    return [RentalRow(*row) for row in session.execute(query)]


def open_rental(session: Session, elder_id: int, aid_id: int) -> Rental | None:
    """What an elder has of an aid, or waits for."""
    open_ones = (RentalState.QUEUED, RentalState.BOOKED, RentalState.LENT)
    return session.scalar(
        select(Rental).where(Rental.elder_id == elder_id, Rental.aid_id == aid_id, Rental.state.in_(open_ones))
    )


def rents(session: Session, visit_ids: Iterable[int]) -> dict[int, Rent]:
    """Those of the visits that are the rent of a month."""
    rows = session.execute(
        select(RentalCharge, Rental.ended_on, Aid.name_zh, Aid.name_en)
        .join(Rental, Rental.id == RentalCharge.rental_id)
        .join(Aid, Aid.id == Rental.aid_id)
        .where(RentalCharge.visit_id.in_(list(visit_ids)))
    )
    return {charge.visit_id: Rent(charge, ended_on, zh, en) for charge, ended_on, zh, en in rows}


def charges(session: Session, rental_ids: Iterable[int]) -> dict[int, list[ChargeRow]]:
    """The months of rentals, in the order of time."""
    found: dict[int, list[ChargeRow]] = {}
    rows = session.execute(
        select(RentalCharge, Visit)
        .join(Visit, Visit.id == RentalCharge.visit_id)
        .where(RentalCharge.rental_id.in_(list(rental_ids)))
        .order_by(RentalCharge.month)
    )
    for charge, visit in rows:
        found.setdefault(charge.rental_id, []).append(ChargeRow(charge, visit))
    return found


def deposits(session: Session, rental_ids: Iterable[int]) -> dict[int, Counter[DepositKind]]:
    """Cents of deposits by rental and kind."""
    found: dict[int, Counter[DepositKind]] = {}
    rows = session.execute(
        select(DepositMove.rental_id, DepositMove.kind, func.sum(DepositMove.cents))
        .where(DepositMove.rental_id.in_(list(rental_ids)))
        .group_by(DepositMove.rental_id, DepositMove.kind)
    )
    for rental_id, kind, cents in rows:
        found.setdefault(rental_id, Counter())[kind] = int(cents)
    return found


def advice(session: Session, elder_id: int, *, day: date) -> Sequence[tuple[AidAdvice, Aid]]:
    """What assessors advise an elder and holds on a day, the newest first."""
    rows = session.execute(
        select(AidAdvice, Aid)
        .join(Aid, Aid.id == AidAdvice.aid_id)
        .where(AidAdvice.elder_id == elder_id, AidAdvice.until >= day)
        .order_by(AidAdvice.id.desc())
    )
    return [(said, aid) for said, aid in rows]


def advised(session: Session, elder_id: int, aid_id: int, *, day: date) -> bool:
    """Whether an advice for this aid holds on a day."""
    return any(said.aid_id == aid_id for said, _ in advice(session, elder_id, day=day))


def last_run(session: Session, district_id: int) -> RentalRun | None:
    """The run that is under way, or the last."""
    return session.scalar(
        select(RentalRun).where(RentalRun.district_id == district_id).order_by(RentalRun.id.desc()).limit(1)
    )


# -- what is due -------------------------------------------------------------------------------------------------------


def allottable(session: Session, *, now: datetime) -> Sequence[int]:
    """Who waits for an aid of which a unit is free, in the order of their wishes."""
    free = select(AidUnit.id).where(
        AidUnit.store_id == Rental.store_id, AidUnit.aid_id == Rental.aid_id, AidUnit.state == UnitState.AVAILABLE
    )
    return session.scalars(
        select(Rental.id)
        .where(Rental.state == RentalState.QUEUED, free.exists())
        .order_by(Rental.waits_since, Rental.id)
    ).all()


def held_over(session: Session, *, now: datetime) -> Sequence[int]:
    """Bookings nobody has fetched in time."""
    return session.scalars(
        select(Rental.id)
        .where(Rental.state == RentalState.BOOKED, Rental.held_until < calendar.day_of(now))
        .order_by(Rental.id)
    ).all()


def to_end(session: Session, *, now: datetime) -> Sequence[int]:
    """Rentals that an event in the elder's life ends."""
    rows = session.scalars(
        select(Rental)
        .join(LifeEvent, LifeEvent.elder_id == Rental.elder_id)
        .where(Rental.state.in_((RentalState.QUEUED, RentalState.BOOKED, RentalState.LENT)))
        .where(LifeEvent.undone_at.is_(None))
        .distinct()
        .order_by(Rental.id)
    ).all()
    return [row.id for row in rows if ending(session, row, now=now) is not None]


def ending(session: Session, rental: Rental, *, now: datetime) -> tuple[date, EndReason] | None:
    """The day an event in her life ends a rental and why; none: it goes on. A stay ends only what is lent."""
    today = calendar.day_of(now)
    stay = timedelta(days=terms_on(session, rental.district_id, today).stay_days)
    events = session.scalars(
        select(LifeEvent)
        .where(LifeEvent.elder_id == rental.elder_id, LifeEvent.undone_at.is_(None), LifeEvent.starts <= today)
        .order_by(LifeEvent.starts, LifeEvent.id)
    ).all()
    for event in events:
        if event.kind in ENDING:
            return event.starts, EndReason(event.kind)
        begun = max(event.starts, rental.starts) if rental.starts else event.starts  # lent while she was away
        still = event.ends is None or event.ends > today
        if rental.state is RentalState.LENT and still and begun + stay <= today:
            return begun + stay, EndReason(event.kind)
    return None


def to_charge(session: Session, district_id: int, month: date, *, after: int, limit: int) -> Sequence[int]:
    """Rentals that have a month to be reserved, or one that is over and not paid, by number from `after` on."""
    own = select(RentalCharge.id).where(RentalCharge.rental_id == Rental.id, RentalCharge.month == month)
    over = (
        select(RentalCharge.id)
        .join(Visit, Visit.id == RentalCharge.visit_id)
        .where(RentalCharge.rental_id == Rental.id, RentalCharge.month < month, Visit.state == VisitState.WAITING)
    )
    return session.scalars(
        select(Rental.id)
        .where(Rental.district_id == district_id, Rental.id > after, Rental.starts < calendar.next_month(month))
        .where(or_(and_(Rental.state == RentalState.LENT, ~own.exists()), over.exists()))
        .order_by(Rental.id)
        .limit(limit)
    ).all()
