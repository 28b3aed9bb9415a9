"""Service items and their prices, both with the days they hold."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.rules import AidCategory, PriceUnit
from app.db import Base, OfDistrict, named


class ServiceItem(OfDistrict, Base):
    """Something that can be booked (服务项目)."""

    __tablename__ = "service_items"

    code: Mapped[str]
    aid: Mapped[AidCategory] = mapped_column(named(AidCategory))
    name_zh: Mapped[str]
    name_en: Mapped[str]
    minutes: Mapped[dict[str, Any]]  # by level of ability, and `default`
    least_percent: Mapped[int] = mapped_column(default=90)  # of the minutes: below it a visit does not verify itself
    needs: Mapped[list[str]] = mapped_column(default=list)  # skills
    caregivers: Mapped[dict[str, Any]] = mapped_column(default=lambda: {"default": 1})  # by level
    same_sex: Mapped[bool] = mapped_column(default=False)
    tasks: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # {code, zh, en, evidence}
    windows: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # ["09:30", "11:00"], local: when it may start
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("district_id", "code"),
        CheckConstraint("least_percent between 0 and 100", name="percent"),
    )


class Price(OfDistrict, Base):
    """What an item costs in an area from a day on."""

    __tablename__ = "prices"

    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    unit: Mapped[PriceUnit] = mapped_column(named(PriceUnit))
    cents: Mapped[int]
    area: Mapped[str] = mapped_column(default="")  # prefix of division codes
    starts: Mapped[date]
    ends: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("item_id", "area", "starts"),
        CheckConstraint("cents >= 0", name="not_negative"),
    )
