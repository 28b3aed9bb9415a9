"""Reading the catalogue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.rules import NoPrice, PriceLine, price_on
from app.catalogue.tables import Price, ServiceItem
from app.errors import NotFound


@dataclass(frozen=True)
class ItemRow:
    """An item and its price on the day asked for; without one it cannot be booked."""

    item: ServiceItem
    price: PriceLine | None


def item(session: Session, district_id: int, code: str) -> ServiceItem:
    """The item with this code; raises NotFound."""
    found = session.scalar(
        select(ServiceItem).where(
            ServiceItem.district_id == district_id, ServiceItem.code == code, ServiceItem.ended_at.is_(None)
        )
    )
    if found is None:
        raise NotFound(f"There is no service item {code}.", code=code)
    return found


def prices_of(session: Session, item_id: int) -> Sequence[PriceLine]:
    """Every price of an item."""
    rows = session.execute(
        select(Price.unit, Price.cents, Price.area, Price.starts, Price.ends).where(Price.item_id == item_id)
    )
    return [PriceLine(*row) for row in rows]


def items(session: Session, district_id: int, *, area: str, day: date) -> Sequence[ItemRow]:
    """What can be booked, with the price that holds in an area on a day."""
    prices: dict[int, list[PriceLine]] = {}
    for price in session.scalars(select(Price).where(Price.district_id == district_id)):
        line = PriceLine(price.unit, price.cents, price.area, price.starts, price.ends)
        prices.setdefault(price.item_id, []).append(line)
    found = session.scalars(
        select(ServiceItem)
        .where(ServiceItem.district_id == district_id, ServiceItem.ended_at.is_(None))
        .order_by(ServiceItem.aid, ServiceItem.id)
    )
    return [ItemRow(item, _price(prices.get(item.id, []), area, day)) for item in found]


def windows_of(item: ServiceItem) -> list[tuple[time, time]]:
    """The local times between which a visit of this item may start; none: at any hour."""
    return [(time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in item.windows]


def _price(lines: list[PriceLine], area: str, day: date) -> PriceLine | None:
    try:
        return price_on(lines, area, day)
    except NoPrice:
        return None
