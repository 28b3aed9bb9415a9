"""Keeping what can be rented: aids with prices, stores, units and their ways, terms, an assessor's advice."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue import actions as catalogue
from app.catalogue.rules import AidCategory, Given, Head
from app.catalogue.tables import ServiceItem
from app.errors import Conflict, NotFound
from app.history import record
from app.people import queries as people
from app.places.tables import Facility
from app.rental import queries
from app.rental.rules import EXPLAINED, AidKind, BadRental, Reasonless, Terms, UnitEvent, UnitState, unit_after
from app.rental.tables import Aid, AidAdvice, AidPrice, AidStore, AidUnit, RentalTerms

DOOR_MINUTES: Final = 5  # of a month's rent as a visit: nobody's day is planned by it
OF_AID: Final = {
    AidCategory.MEAL: "助餐", AidCategory.CLEANING: "助洁", AidCategory.BATHING: "助浴", AidCategory.MEDICAL: "助医",
    AidCategory.URGENT: "助急", AidCategory.MOBILITY: "助行",
}  # fmt: skip


@dataclass(frozen=True)
class AidWish:
    """A kind of aid to be offered."""

    code: str
    kind: AidKind
    aid: AidCategory
    name_zh: str
    name_en: str
    levels: Collection[str] = ()
    needs_advice: bool = False


def item_code(aid: AidCategory) -> str:
    """What the rent of aids of one of the six is booked as; programmes name it."""
    return f"RENT_{aid.upper()}"


def add_aid(session: Session, district_id: int, wish: AidWish, *, by: str, now: datetime) -> Aid:
    """Offer one more kind of aid; the item its rent is booked as is made with the first of its category."""
    known = session.scalar(select(Aid.id).where(Aid.district_id == district_id, Aid.code == wish.code))
    if known is not None:
        raise Conflict("This code is taken.", code=wish.code)
    code = item_code(wish.aid)
    item_id = session.scalar(
        select(ServiceItem.id).where(ServiceItem.district_id == district_id, ServiceItem.code == code)
    )
    if item_id is None:
        item_id = catalogue.add_item(
            session, district_id=district_id, code=code, aid=wish.aid, head=Head.LIVING, given=Given.RENTAL,
            name_zh=f"辅具租赁（{OF_AID[wish.aid]}）", name_en=f"Aids for rent ({wish.aid})", minutes=DOOR_MINUTES,
            least_percent=0,
        ).id  # fmt: skip
    aid = Aid(district_id=district_id, item_id=item_id, **vars(wish) | {"levels": [str(one) for one in wish.levels]})
    session.add(aid)
    record(session, aid, "add", None, "offered", by=by, now=now, code=wish.code)
    return aid


def set_price(
    session: Session, aid_id: int, starts: date, *, rent_cents: int, deposit_cents: int, value_cents: int, by: str,
    now: datetime,
) -> AidPrice:  # fmt: skip
    """What an aid costs from a day on. A month is charged by what holds on its first day; deposits stay as taken."""
    aid = queries.aid(session, aid_id)
    if starts < calendar.day_of(now):
        raise BadRental("A new price begins today at the earliest; the past is not changed.")
    if deposit_cents > value_cents:
        raise BadRental("A deposit is not more than the aid is worth.")
    row = AidPrice(
        district_id=aid.district_id, aid_id=aid.id, starts=starts, rent_cents=rent_cents, deposit_cents=deposit_cents,
        value_cents=value_cents, made_by=by, made_at=now,
    )  # fmt: skip
    session.add(row)
    record(session, aid, "price", "offered", "offered", by=by, now=now, starts=str(starts), rent_cents=rent_cents)
    return row


def end_aid(session: Session, aid_id: int, *, by: str, now: datetime, reason: str) -> Aid:
    """It is not offered any more; what is lent stays lent."""
    aid = queries.one(session, Aid, aid_id, "aid", lock=True)
    if aid.ended_at is not None:
        raise Conflict("This aid is not offered any more.")
    aid.ended_at = now
    record(session, aid, "end", "offered", "ended", by=by, now=now, reason=reason)
    return aid


def settle_terms(
    session: Session, district_id: int, starts: date, terms: Terms, *, note: str, by: str, now: datetime
) -> RentalTerms:
    """What holds in the district from a day on."""
    if starts < calendar.day_of(now):
        raise BadRental("Terms begin today at the earliest; what was charged stays as it was.")
    row = RentalTerms(district_id=district_id, starts=starts, note=note, made_by=by, made_at=now, **vars(terms))
    session.add(row)
    record(session, row, "settle", None, None, by=by, now=now, starts=str(starts), **vars(terms))
    return row


def add_store(session: Session, district_id: int, facility_id: int, *, by: str, now: datetime) -> AidStore:
    """A place of the network begins to keep aids."""
    place = session.get(Facility, facility_id)
    if place is None or place.district_id != district_id or place.provider_id is None:
        raise NotFound("There is no such place with a provider.")
    if session.scalar(select(AidStore.id).where(AidStore.facility_id == facility_id)) is not None:
        raise Conflict("This place keeps aids already.")
    store = AidStore(district_id=district_id, facility_id=facility_id, provider_id=place.provider_id)
    session.add(store)
    record(session, store, "add", None, "open", by=by, now=now)
    return store


def register(
    session: Session, store_id: int, aid_id: int, serials: Collection[str], bought_on: date, *, by: str, now: datetime
) -> list[AidUnit]:
    """New units, packed and clean. Raises Conflict with the numbers that are on record already."""
    store, aid = queries.store(session, store_id), queries.aid(session, aid_id)
    if bought_on > calendar.day_of(now):
        raise BadRental("They were bought today at the latest.")
    if len(set(serials)) < len(serials):
        raise BadRental("A serial number stands there twice.")
    known = session.scalars(
        select(AidUnit.serial).where(AidUnit.district_id == store.district_id, AidUnit.serial.in_(serials))
    ).all()
    if known:
        raise Conflict("These serial numbers are on record already.", serials=sorted(known))
    units = [
        AidUnit(
            district_id=store.district_id, aid_id=aid.id, store_id=store.id, provider_id=store.provider_id,
            serial=serial, state=UnitState.AVAILABLE, bought_on=bought_on, since=now,
        )
        for serial in serials
    ]  # fmt: skip
    session.add_all(units)
    for unit in units:
        record(session, unit, "register", None, unit.state, by=by, now=now)
    return units


def by_hand(session: Session, unit_id: int, event: UnitEvent, *, by: str, now: datetime, reason: str | None) -> AidUnit:
    """What the store does with a unit nobody has: disinfect, repair, write off."""
    if event in EXPLAINED and not reason:
        raise Reasonless(f"Say why: to {event} needs a reason.")
    return move_unit(session, queries.unit(session, unit_id, lock=True), event, by=by, now=now, reason=reason)


def move_unit(
    session: Session, unit: AidUnit, event: UnitEvent, *, by: str, now: datetime, reason: str | None = None,
    **facts: object,
) -> AidUnit:  # fmt: skip
    """The only place that changes a unit's state; the caller holds its lock."""
    before, unit.state = unit.state, unit_after(unit.state, event)
    unit.since = now
    if event is UnitEvent.READY:
        unit.cleaned_on = calendar.day_of(now)
    record(session, unit, event, before, unit.state, by=by, now=now, reason=reason, **facts)
    return unit


def advise(
    session: Session, elder_id: int, aid_id: int, *, until: date, why: str, by: str, now: datetime
) -> AidAdvice:  # fmt: skip
    """An assessor advises an aid. Why, the history does not say: it is about her health."""
    elder, aid = people.get(session, elder_id), queries.aid(session, aid_id)
    if until < calendar.day_of(now):
        raise BadRental("An advice holds today at least.")
    row = AidAdvice(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, aid_id=aid.id,
        until=until, why=why, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "advise", None, None, by=by, now=now, aid=aid.code, until=str(until))
    return row
