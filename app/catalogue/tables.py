"""Service items and their prices, both with the days they hold."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.rules import AidCategory, Approval, FeePayer, FeeUnit, Given, Head, PriceUnit
from app.db import Base, OfDistrict, named


class ServiceItem(OfDistrict, Base):
    """Something that can be booked (服务项目)."""

    __tablename__ = "service_items"

    code: Mapped[str]
    aid: Mapped[AidCategory] = mapped_column(named(AidCategory))
    head: Mapped[Head] = mapped_column(named(Head), default=Head.LIVING)
    given: Mapped[Given] = mapped_column(named(Given), default=Given.HOME, server_default=Given.HOME)
    name_zh: Mapped[str]
    name_en: Mapped[str]
    minutes: Mapped[dict[str, Any]]  # by level of ability, and `default`
    least_percent: Mapped[int] = mapped_column(default=90)  # of the minutes: below it a visit does not verify itself
    needs: Mapped[list[str]] = mapped_column(default=list)  # skills
    caregivers: Mapped[dict[str, Any]] = mapped_column(default=lambda: {"default": 1})  # by level
    same_sex: Mapped[bool] = mapped_column(default=False)
    tasks: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # {code, zh, en, evidence}
    windows: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # ["09:30", "11:00"], local: when it may start
    approval: Mapped[Approval] = mapped_column(named(Approval), default=Approval.NONE)  # of each order
    ended_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two writers: the second gets a 409
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
        CheckConstraint("ends is null or ends >= starts", name="forward"),
        ExcludeConstraint(
            ("item_id", "="), ("area", "="), (text("daterange(starts, ends, '[]')"), "&&"), name="ex_prices_overlap"
        ),
    )


class CancellationRule(OfDistrict, Base):
    """From a day on: until when an order is cancelled freely and what it costs after; of one item or of all others.

    The rule in force when an order was taken is the order's, whatever is changed later.
    """

    __tablename__ = "cancellation_rules"

    item_id: Mapped[int | None] = mapped_column(ForeignKey("service_items.id"))  # none: all without their own
    starts: Mapped[date]
    free_hours: Mapped[int]
    fee_unit: Mapped[FeeUnit] = mapped_column(named(FeeUnit))
    fee: Mapped[int]  # per cent, or minutes
    payer: Mapped[FeePayer] = mapped_column(named(FeePayer))
    on_change: Mapped[bool] = mapped_column(default=False)  # a late change costs the same
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("free_hours between 0 and 720", name="free_hours"),
        CheckConstraint("fee >= 0 and (fee_unit <> 'percent' or fee <= 100)", name="fee"),
        {"info": {"append_only": True}},
    )
