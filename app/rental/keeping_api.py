"""Keeping aids over HTTP: the catalogue with prices, stores, units and their lives, terms, counting a store."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy.orm import Session

from app import calendar, history
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import ADMINS, KEEPERS, PROVIDER, READERS, Role
from app.db import transaction
from app.rental import counting, keeping, queries
from app.rental.keeping_shapes import (
    AidIn,
    AidOut,
    CountOut,
    Counts,
    MoveIn,
    Offer,
    Place,
    PriceIn,
    RegisterIn,
    SeeIn,
    StoreIn,
    StoreOut,
    TermsIn,
    TermsOut,
    UnitLife,
    UnitLine,
    UnitOut,
    Units,
)
from app.rental.rules import CATALOGUE, STORE, UnitState
from app.rental.shapes import CancelIn

router = APIRouter(prefix="/api/aids", tags=["aids"])
Looker = Annotated[Caller, allowed(READERS | PROVIDER | ADMINS | {Role.ASSESSOR})]
Watcher = Annotated[Caller, allowed(READERS | PROVIDER)]
Cataloguer = Annotated[Caller, allowed(CATALOGUE)]
Storekeeper = Annotated[Caller, allowed(STORE)]
Maybe = Annotated[int | None, Query(ge=1, le=2**53)]


@router.get("")
def offer(me: Looker) -> Offer:
    """All that can be rented with its stock; for who may add a store, the places that could become one."""
    with transaction(me.scope) as session:
        return _offer(session, me)


@router.post("", status_code=201)
def add(wish: AidIn, me: Cataloguer) -> Offer:
    """One more kind of aid, with its first price."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        aid = keeping.add_aid(session, me.district_id, wish.value(), by=me.by, now=now)
        keeping.set_price(
            session, aid.id, calendar.day_of(now), rent_cents=wish.rent_cents, deposit_cents=wish.deposit_cents,
            value_cents=wish.value_cents, by=me.by, now=now,
        )  # fmt: skip
        return _offer(session, me)


@router.post("/kinds/{aid_id}/prices", status_code=201)
def price(aid_id: int, said: PriceIn, me: Cataloguer) -> Offer:
    """What it costs from a day on."""
    with transaction(me.scope) as session:
        keeping.set_price(session, aid_id, **said.model_dump(), by=me.by, now=datetime.now(UTC))
        return _offer(session, me)


@router.post("/kinds/{aid_id}/end")
def end(aid_id: int, why: CancelIn, me: Cataloguer) -> Offer:
    """It is not offered any more."""
    with transaction(me.scope) as session:
        keeping.end_aid(session, aid_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        return _offer(session, me)


@router.post("/terms", status_code=201)
def settle_terms(said: TermsIn, me: Cataloguer) -> Offer:
    """What holds in the district from a day on."""
    with transaction(me.scope) as session:
        keeping.settle_terms(
            session, me.district_id, said.starts, said.value(), note=said.note, by=me.by, now=datetime.now(UTC)
        )
        return _offer(session, me)


@router.post("/stores", status_code=201)
def add_store(place: StoreIn, me: Cataloguer) -> Offer:
    """A place of the network begins to keep aids."""
    with transaction(me.scope) as session:
        keeping.add_store(session, me.district_id, place.facility_id, by=me.by, now=datetime.now(UTC))
        return _offer(session, me)


@router.get("/units")
def units(me: Watcher, store_id: Maybe = None, aid_id: Maybe = None, state: UnitState | None = None) -> Units:
    """Single pieces and where they are."""
    with transaction(me.scope) as session:
        rows = queries.units(session, me.district_id, store_id=store_id, aid_id=aid_id, state=state)
        return Units(items=[UnitOut.of(row, me) for row in rows])


@router.post("/units", status_code=201)
def register(new: RegisterIn, me: Storekeeper) -> Units:
    """New units, packed and clean."""
    with transaction(me.scope) as session:
        made = keeping.register(
            session, new.store_id, new.aid_id, new.serials, new.bought_on, by=me.by, now=datetime.now(UTC)
        )
        rows = queries.units(session, me.district_id, ids=[unit.id for unit in made])
        return Units(items=[UnitOut.of(row, me) for row in rows])


@router.get("/units/{unit_id}")
def unit(unit_id: int, me: Watcher) -> UnitLife:
    """A unit and all that happened to it."""
    with transaction(me.scope) as session:
        return _life(session, unit_id, me)


@router.post("/units/{unit_id}/move")
def move(unit_id: int, said: MoveIn, me: Storekeeper) -> UnitLife:
    """Disinfected, repaired, found again, written off."""
    with transaction(me.scope) as session:
        keeping.by_hand(session, unit_id, said.event, by=me.by, now=datetime.now(UTC), reason=said.reason)
        return _life(session, unit_id, me)


@router.get("/stores/{store_id}/counts")
def counts(store_id: int, me: Watcher) -> Counts:
    """The count that is open, and the last ones."""
    with transaction(me.scope) as session:
        return _counts(session, store_id)


@router.post("/stores/{store_id}/counts", status_code=201)
def begin_count(store_id: int, me: Storekeeper) -> Counts:
    """Begin to count a store."""
    with transaction(me.scope) as session:
        counting.begin(session, store_id, by=me.by, now=datetime.now(UTC))
        return _counts(session, store_id)


@router.post("/counts/{count_id}/see")
def see(count_id: int, said: SeeIn, me: Storekeeper) -> Counts:
    """A piece is there."""
    with transaction(me.scope) as session:
        unit = counting.see(session, count_id, said.serial, by=me.by, now=datetime.now(UTC))
        return _counts(session, unit.store_id)


@router.post("/counts/{count_id}/close")
def close_count(count_id: int, me: Storekeeper) -> Counts:
    """What was not seen is missing."""
    with transaction(me.scope) as session:
        count = counting.close(session, count_id, by=me.by, now=datetime.now(UTC))
        return _counts(session, count.store_id)


def _offer(session: Session, me: Caller) -> Offer:
    session.flush()
    aids, today = queries.aids(session, me.district_id), calendar.day_of(datetime.now(UTC))
    prices = queries.prices(session, [aid.id for aid in aids])
    stock, waiting = queries.stock(session, me.district_id), queries.waiting_count(session, me.district_id)
    places = queries.places_left(session, me.district_id) if me.role in KEEPERS else []
    return Offer(
        aids=[AidOut.of(aid, prices.get(aid.id, []), stock, waiting, today=today) for aid in aids],
        stores=[
            StoreOut(id=row.store.id, name=row.facility.name, provider=row.provider.name)
            for row in queries.stores(session, me.district_id)
        ],
        places=[Place(id=place.id, name=place.name) for place in places],
        terms=[TermsOut.of(row) for row in queries.terms(session, me.district_id)],
    )


def _life(session: Session, unit_id: int, me: Caller) -> UnitLife:
    session.flush()
    found = queries.unit(session, unit_id)
    (row,) = queries.units(session, me.district_id, ids=[unit_id])
    lines = history.of(session, found.district_id, found.__tablename__, unit_id)
    return UnitLife(
        unit=UnitOut.of(row, me),
        lines=[
            UnitLine(
                at=line.at, by=line.by, event=line.event, before=line.before, after=line.after, reason=line.reason
            )
            for line in reversed(lines)
        ],
    )  # fmt: skip


def _counts(session: Session, store_id: int) -> Counts:
    session.flush()
    queries.store(session, store_id)
    return Counts(
        items=[
            CountOut.of(count, counting.not_seen(session, count) if count.closed_at is None else [])
            for count in counting.last_ones(session, store_id)
        ]
    )
