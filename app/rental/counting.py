"""Counting a store (盘点): which pieces lie there, and what is missing when it is closed."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.history import record
from app.rental import queries
from app.rental.keeping import move_unit
from app.rental.rules import COUNTABLE, IN_STORE, UnitEvent, UnitState, WrongUnit
from app.rental.tables import AidCount, AidCountLine, AidStore, AidUnit


def begin(session: Session, store_id: int, *, by: str, now: datetime) -> AidCount:
    """Begin to count a store; the count that is open already, if there is one."""
    store = queries.one(session, AidStore, store_id, "store", lock=True)
    found = open_one(session, store_id)
    if found is not None:
        return found
    expected = session.scalar(
        select(func.count()).where(AidUnit.store_id == store_id, AidUnit.state.in_(IN_STORE))
    )  # fmt: skip
    count = AidCount(
        district_id=store.district_id, store_id=store.id, provider_id=store.provider_id, begun_at=now, begun_by=by,
        expected=expected or 0,
    )  # fmt: skip
    session.add(count)
    record(session, count, "begin", None, "open", by=by, now=now, expected=count.expected)
    return count


def see(session: Session, count_id: int, serial: str, *, by: str, now: datetime) -> AidUnit:
    """A piece is there. One that was missing is found; one that should be elsewhere is told. Bears repetition."""
    count = _held(session, count_id)
    unit = session.scalar(
        select(AidUnit)
        .where(AidUnit.district_id == count.district_id, AidUnit.serial == serial)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if unit is None or unit.store_id != count.store_id:
        raise WrongUnit("No unit of this store has that number.")
    if unit.state is UnitState.MISSING:
        move_unit(session, unit, UnitEvent.FIND, by=by, now=now, reason="found while counting")
    if unit.state not in IN_STORE:
        raise WrongUnit("By the books this unit is not in the store; take it back first.", state=unit.state)
    session.execute(
        insert(AidCountLine)
        .values(
            district_id=count.district_id, count_id=count.id, provider_id=count.provider_id, unit_id=unit.id,
            seen_at=now, seen_by=by,
        )
        .on_conflict_do_nothing()
    )  # fmt: skip
    return unit


def close(session: Session, count_id: int, *, by: str, now: datetime) -> AidCount:
    """Whatever should be there and was not seen is missing from now on; what is kept for somebody is only told."""
    count = _held(session, count_id)
    unseen = not_seen(session, count, lock=True)
    for unit in unseen:
        if unit.state in COUNTABLE:
            move_unit(session, unit, UnitEvent.MISS, by=by, now=now, count_id=count.id)
    count.closed_at, count.closed_by, count.missing = now, by, len(unseen)
    record(session, count, "close", "open", "closed", by=by, now=now, missing=count.missing)
    return count


def not_seen(session: Session, count: AidCount, *, lock: bool = False) -> Sequence[AidUnit]:
    """What should lie in the store and was not ticked off yet."""
    seen = select(AidCountLine.unit_id).where(AidCountLine.count_id == count.id)
    query = (
        select(AidUnit)
        .where(AidUnit.store_id == count.store_id, AidUnit.state.in_(IN_STORE), AidUnit.id.not_in(seen))
        .where(AidUnit.since <= count.begun_at)  # what came in meanwhile was not there to be seen
        .order_by(AidUnit.id)
    )
    return session.scalars(query.with_for_update() if lock else query).all()


def open_one(session: Session, store_id: int) -> AidCount | None:
    """The count of a store that is not closed yet."""
    return session.scalar(select(AidCount).where(AidCount.store_id == store_id, AidCount.closed_at.is_(None)))


def last_ones(session: Session, store_id: int) -> Sequence[AidCount]:
    """The last counts of a store, the newest first."""
    return session.scalars(
        select(AidCount).where(AidCount.store_id == store_id).order_by(AidCount.id.desc()).limit(10)
    ).all()


def _held(session: Session, count_id: int) -> AidCount:
    count = queries.one(session, AidCount, count_id, "count", lock=True)
    if count.closed_at is not None:
        raise Conflict("This count is closed.")
    return count
