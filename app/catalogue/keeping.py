"""Keeping the catalogue: new items, changed ones, new prices from a day on, what ends. Agreed orders keep their own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app import calendar
from app.catalogue import queries
from app.catalogue.rules import (
    URGENT_CODE,
    AidCategory,
    Approval,
    BadItem,
    CancellationTerm,
    Head,
    Holding,
    PriceUnit,
    check_item,
    room_for,
)
from app.catalogue.tables import CancellationRule, Price, ServiceItem
from app.errors import Conflict
from app.history import record


class CodeTaken(Conflict):
    """There is an item with this code already."""


class ItemEnded(Conflict):
    """This item is no longer given."""


@dataclass(frozen=True)
class ItemTerms:
    """Everything of an item but its code and its price."""

    aid: AidCategory
    head: Head
    name_zh: str
    name_en: str
    minutes: Mapping[str, int]
    caregivers: Mapping[str, int]
    least_percent: int
    needs: Sequence[str]
    same_sex: bool
    tasks: Sequence[Mapping[str, Any]]
    windows: Sequence[tuple[str, str]]
    approval: Approval

    def columns(self) -> dict[str, Any]:
        """As the table keeps them."""
        return {
            "aid": self.aid, "head": self.head, "name_zh": self.name_zh, "name_en": self.name_en,
            "minutes": dict(self.minutes), "caregivers": dict(self.caregivers), "least_percent": self.least_percent,
            "needs": list(self.needs), "same_sex": self.same_sex, "tasks": [dict(task) for task in self.tasks],
            "windows": [list(window) for window in self.windows], "approval": self.approval,
        }  # fmt: skip


def add(session: Session, district_id: int, code: str, terms: ItemTerms, *, by: str, now: datetime) -> ServiceItem:
    """A new item; it can be booked once it has a price."""
    _check(terms)
    taken = select(ServiceItem.id).where(ServiceItem.district_id == district_id, ServiceItem.code == code)
    if session.scalar(taken) is not None:
        raise CodeTaken(f"{code} is taken, maybe by an item that has ended.", code=code)
    item = ServiceItem(district_id=district_id, code=code, **terms.columns())
    session.add(item)
    record(session, item, "add", None, "offered", by=by, now=now, code=code)
    return item


def change(session: Session, item: ServiceItem, terms: ItemTerms, *, seen: int, by: str, now: datetime) -> ServiceItem:
    """From now on; visits that are agreed keep their minutes, caregivers and price. `seen` is the version looked at."""
    _check(terms)
    if item.ended_at is not None:
        raise ItemEnded("An item that has ended is not changed; make a new one.")
    if item.version != seen:
        raise StaleDataError(f"service item {item.id} is at version {item.version}, not {seen}")
    changed = {name: value for name, value in terms.columns().items() if getattr(item, name) != value}
    was = {name: getattr(item, name) for name in changed}
    for name, value in changed.items():
        setattr(item, name, value)
    if changed:
        record(session, item, "change", "offered", "offered", by=by, now=now, was=was, becomes=changed)
    return item


def end(session: Session, item: ServiceItem, *, by: str, now: datetime, reason: str) -> ServiceItem:
    """Nobody can order it any more; what is agreed will be given."""
    if item.code == URGENT_CODE:
        raise Conflict("The response to an alarm needs this item.")
    if item.ended_at is not None:
        raise ItemEnded("This item has ended already.")
    item.ended_at = now
    record(session, item, "end", "offered", "ended", by=by, now=now, reason=reason)
    return item


def new_price(
    session: Session, item: ServiceItem, *, unit: PriceUnit, cents: int, area: str, starts: date, ends: date | None,
    by: str, now: datetime,
) -> Price:  # fmt: skip
    """What the item costs from a day on; the price that held there ends the day before. Raises BadPrice."""
    if item.ended_at is not None:
        raise ItemEnded("An item that has ended has no new price.")
    session.execute(select(ServiceItem.id).where(ServiceItem.id == item.id).with_for_update())
    held = session.scalars(select(Price).where(Price.item_id == item.id)).all()
    holding = [Holding(price.id, price.area, price.starts, price.ends) for price in held]
    before = room_for(holding, area, starts, ends, today=calendar.day_of(now))
    if before is not None:
        old = next(price for price in held if price.id == before)
        old.ends = date.fromordinal(starts.toordinal() - 1)
        session.flush()  # the old one makes room before the new one comes
    price = Price(
        district_id=item.district_id, item_id=item.id, unit=unit, cents=cents, area=area, starts=starts, ends=ends
    )
    session.add(price)
    facts: dict[str, Any] = {
        "unit": unit,
        "cents": cents,
        "area": area,
        "starts": str(starts),
        "ends": ends and str(ends),
    }
    record(session, item, "price", "offered", "offered", by=by, now=now, **facts)
    return price


def new_rule(
    session: Session, district_id: int, item_id: int | None, starts: date, term: CancellationTerm, *, by: str,
    now: datetime,
) -> CancellationRule:  # fmt: skip
    """What a late cancellation costs, for orders taken from a day on; the past is not changed."""
    if starts < calendar.day_of(now):
        raise Conflict("A rule begins today at the earliest; orders taken before keep theirs.")
    if item_id is not None:
        queries.numbered(session, district_id, item_id)
    rule = CancellationRule(
        district_id=district_id, item_id=item_id, starts=starts, free_hours=term.free_hours, fee_unit=term.fee_unit,
        fee=term.fee, payer=term.payer, on_change=term.on_change, made_by=by, made_at=now,
    )  # fmt: skip
    session.add(rule)
    session.flush()
    return rule


def _check(terms: ItemTerms) -> None:
    try:
        windows = [(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in terms.windows]
    except ValueError:
        raise BadItem("Write windows as 08:30.") from None
    check_item(terms.minutes, terms.caregivers, windows)
    codes = [task["code"] for task in terms.tasks]
    if len(codes) != len(set(codes)):
        raise BadItem("Each task has a code of its own.")
