"""What can be booked, over HTTP."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app import calendar
from app.access.api import Anyone
from app.catalogue import queries
from app.catalogue.rules import AidCategory, PriceUnit
from app.db import transaction

router = APIRouter(prefix="/api/items", tags=["catalogue"])


class PriceOut(BaseModel):
    """Cents for a visit or an hour."""

    model_config = ConfigDict(from_attributes=True)

    unit: PriceUnit
    cents: int


class Task(BaseModel):
    """Something to do at the home, and what proves it."""

    code: str
    zh: str
    en: str
    evidence: str


class ItemOut(BaseModel):
    """A service item: minutes and caregivers by level of ability (`default` else), local windows it may start in."""

    model_config = ConfigDict(from_attributes=True)

    code: str
    aid: AidCategory
    name_zh: str
    name_en: str
    minutes: dict[str, int]
    caregivers: dict[str, int]
    needs: list[str]
    same_sex: bool
    tasks: list[Task]
    windows: list[tuple[str, str]]
    price: PriceOut | None = None

    @classmethod
    def of(cls, row: queries.ItemRow) -> "ItemOut":
        """As the booking screen shows it."""
        price = PriceOut.model_validate(row.price) if row.price else None
        return cls.model_validate(row.item).model_copy(update={"price": price})


class ItemsOut(BaseModel):
    """All items; there are few."""

    items: list[ItemOut]
    next: Any = None


@router.get("")
def items(me: Anyone) -> ItemsOut:
    """What can be booked today, with the price in the caller's area."""
    with transaction(me.scope) as session:
        found = queries.items(session, me.district_id, area=me.area, day=calendar.day_of(datetime.now(UTC)))
    return ItemsOut(items=[ItemOut.of(row) for row in found])
