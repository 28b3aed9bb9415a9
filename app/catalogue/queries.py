"""Reading the catalogue."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.catalogue.rules import FREE_OF_CHARGE, CancellationTerm, Given, NoPrice, PriceLine, price_on
from app.catalogue.tables import CancellationRule, Price, ServiceItem
from app.errors import NotFound


@dataclass(frozen=True)
class ItemRow:
    """An item and its price on the day asked for; without one it cannot be booked."""

    item: ServiceItem
    price: PriceLine | None


def item(session: Session, district_id: int, code: str, *, given: Given = Given.HOME) -> ServiceItem:
    """The item with this code that is given so; raises NotFound."""
    found = session.scalar(
        select(ServiceItem).where(
            ServiceItem.district_id == district_id, ServiceItem.code == code, ServiceItem.given == given,
            ServiceItem.ended_at.is_(None),
        )
    )  # fmt: skip
    if found is None:
        raise NotFound(f"There is no service item {code}.", code=code)
    return found


def numbered(session: Session, district_id: int, item_id: int) -> ServiceItem:
    """The item with this number, ended or not; raises NotFound."""
    found = session.get(ServiceItem, item_id)
    if found is None or found.district_id != district_id:
        raise NotFound("There is no such service item.")
    return found


def of_numbers(session: Session, item_ids: Iterable[int]) -> dict[int, ServiceItem]:
    """Items by number, ended or not."""
    return {item.id: item for item in session.scalars(select(ServiceItem).where(ServiceItem.id.in_(list(item_ids))))}


def whole(session: Session, district_id: int) -> Sequence[tuple[ServiceItem, Sequence[Price]]]:
    """Every item, also those that have ended, with all its prices, the latest first."""
    prices: dict[int, list[Price]] = {}
    for price in session.scalars(
        select(Price).where(Price.district_id == district_id).order_by(Price.starts.desc(), Price.area)
    ):
        prices.setdefault(price.item_id, []).append(price)
    found = session.scalars(
        select(ServiceItem)
        .where(ServiceItem.district_id == district_id)
        .order_by(ServiceItem.ended_at.is_not(None), ServiceItem.head, ServiceItem.aid, ServiceItem.id)
    )
    return [(item, prices.get(item.id, [])) for item in found]


def prices(session: Session, item_id: int) -> list[Price]:
    """Every price of an item, the latest first."""
    query = select(Price).where(Price.item_id == item_id).order_by(Price.starts.desc(), Price.area)
    return list(session.scalars(query))


def cancellation_rules(session: Session, district_id: int) -> Sequence[CancellationRule]:
    """All of them, the newest first."""
    return session.scalars(
        select(CancellationRule)
        .where(CancellationRule.district_id == district_id)
        .order_by(CancellationRule.starts.desc(), CancellationRule.id.desc())
    ).all()


def cancellation_term(session: Session, district_id: int, item_id: int, day: date) -> CancellationTerm:
    """What held on the day an order was taken: the item's own rule before the district's; free where there is none."""
    rules = [rule for rule in cancellation_rules(session, district_id) if rule.starts <= day]
    own = next((rule for rule in rules if rule.item_id == item_id), None)
    rule = own or next((rule for rule in rules if rule.item_id is None), None)
    if rule is None:
        return FREE_OF_CHARGE
    return CancellationTerm(rule.free_hours, rule.fee_unit, rule.fee, rule.payer, rule.on_change)


def prices_of(session: Session, item_id: int) -> Sequence[PriceLine]:
    """Every price of an item."""
    rows = session.execute(
        select(Price.unit, Price.cents, Price.area, Price.starts, Price.ends).where(Price.item_id == item_id)
    )
    return [PriceLine(*row) for row in rows]


def items(session: Session, district_id: int, *, area: str, day: date) -> Sequence[ItemRow]:
    """What can be booked to be given at home, with the price that holds in an area on a day."""
    prices: dict[int, list[PriceLine]] = {}
    for price in session.scalars(select(Price).where(Price.district_id == district_id)):
        line = PriceLine(price.unit, price.cents, price.area, price.starts, price.ends)
        prices.setdefault(price.item_id, []).append(line)
    found = session.scalars(
        select(ServiceItem)
        .where(ServiceItem.district_id == district_id, ServiceItem.ended_at.is_(None))
        .where(ServiceItem.given == Given.HOME)
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
