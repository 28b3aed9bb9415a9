"""Aids with their prices, stores and units; rentals with their months and deposits; counts of a store."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.rules import AidCategory
from app.db import Base, OfDistrict, named
from app.orders.rules import Channel, Payer
from app.rental.rules import (
    AidKind,
    Condition,
    DepositKind,
    EndReason,
    MoneyWay,
    Proration,
    RentalState,
    Signer,
    UnitState,
)
from app.vault import Sealed, SealedJson

EVERYBODYS: dict[str, dict[str, Any]] = {"info": {"district": "district_id"}}
STORES: dict[str, dict[str, Any]] = {"info": {"district": "district_id", "provider": "provider_id"}}
ELDERS: dict[str, dict[str, Any]] = {"info": {"area": "division_code", "provider": "provider_id"}}


class Aid(OfDistrict, Base):
    """A kind of aid that can be had (辅具目录), and who may have it."""

    __tablename__ = "aids"

    code: Mapped[str]
    kind: Mapped[AidKind] = mapped_column(named(AidKind))
    aid: Mapped[AidCategory] = mapped_column(named(AidCategory))  # of the six, for programmes
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))  # what its rent is booked as
    name_zh: Mapped[str]
    name_en: Mapped[str]
    levels: Mapped[list[str]] = mapped_column(default=list)  # AbilityLevel; none: all
    needs_advice: Mapped[bool] = mapped_column(default=False)
    ended_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("district_id", "code"), EVERYBODYS)


class AidPrice(OfDistrict, Base):
    """A month's rent, the deposit and what a unit is worth, from a day on until the next."""

    __tablename__ = "aid_prices"

    aid_id: Mapped[int] = mapped_column(ForeignKey("aids.id"))
    starts: Mapped[date]
    rent_cents: Mapped[int]
    deposit_cents: Mapped[int]
    value_cents: Mapped[int]
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("rent_cents >= 0 and deposit_cents >= 0 and value_cents >= 0", name="not_negative"),
        CheckConstraint("deposit_cents <= value_cents", name="deposit"),
        Index("ix_aid_prices_aid", "aid_id", "starts"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class RentalTerms(OfDistrict, Base):
    """What a district settles for itself about rentals, from a day on."""

    __tablename__ = "rental_terms"

    starts: Mapped[date]
    proration: Mapped[Proration] = mapped_column(named(Proration))
    hold_days: Mapped[int]
    pickup_days: Mapped[int]
    stay_days: Mapped[int]
    note: Mapped[str]
    made_by: Mapped[str]
    made_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "hold_days between 1 and 60 and pickup_days between 0 and 90 and stay_days between 1 and 366", name="days"
        ),
        {"info": {"district": "district_id", "append_only": True}},
    )


class AidStore(OfDistrict, Base):
    """A place of the network that keeps aids (辅具租赁点), run by a provider."""

    __tablename__ = "aid_stores"

    facility_id: Mapped[int] = mapped_column(ForeignKey("facilities.id"), unique=True)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))

    __table_args__ = (STORES,)


class AidUnit(OfDistrict, Base):
    """One piece with its serial number. Who has it, its rental says."""

    __tablename__ = "aid_units"

    aid_id: Mapped[int] = mapped_column(ForeignKey("aids.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("aid_stores.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    serial: Mapped[str]
    state: Mapped[UnitState] = mapped_column(named(UnitState))
    bought_on: Mapped[date]
    cleaned_on: Mapped[date | None]
    since: Mapped[datetime]  # when it came into this state
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("district_id", "serial"),
        Index("ix_aid_units_free", "store_id", "aid_id", postgresql_where=text("state = 'available'")),
        STORES,
    )


class AidAdvice(OfDistrict, Base):
    """An assessor advises an aid for an elder, until a day; why is about her health, so it is sealed."""

    __tablename__ = "aid_advice"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    aid_id: Mapped[int] = mapped_column(ForeignKey("aids.id"))
    until: Mapped[date]
    why: Mapped[str] = mapped_column(Sealed)
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_aid_advice_elder", "elder_id", "aid_id"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class Rental(OfDistrict, Base):
    """An aid for an elder: waited for, booked, lent, brought back, settled (租赁单)."""

    __tablename__ = "rentals"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    aid_id: Mapped[int] = mapped_column(ForeignKey("aids.id"))
    store_id: Mapped[int] = mapped_column(ForeignKey("aid_stores.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("aid_units.id"))
    state: Mapped[RentalState] = mapped_column(named(RentalState))
    payer: Mapped[Payer] = mapped_column(named(Payer))
    channel: Mapped[Channel] = mapped_column(named(Channel))
    agent: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    note: Mapped[str | None] = mapped_column(Sealed)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    waits_since: Mapped[datetime]  # her place in the queue
    months: Mapped[int]
    held_until: Mapped[date | None]  # of a booking
    deposit_cents: Mapped[int] = mapped_column(default=0)  # as agreed when it was handed over
    handed_at: Mapped[datetime | None]
    handed_by: Mapped[str | None]
    signer: Mapped[Signer | None] = mapped_column(named(Signer))
    signed_name: Mapped[str | None] = mapped_column(Sealed)
    starts: Mapped[date | None]
    due_on: Mapped[date | None]  # the last agreed day
    ended_on: Mapped[date | None]  # the last day that costs rent
    end_reason: Mapped[EndReason | None] = mapped_column(named(EndReason))
    pickup_due: Mapped[date | None]
    returned_at: Mapped[datetime | None]
    returned_by: Mapped[str | None]
    condition: Mapped[Condition | None] = mapped_column(named(Condition))
    damage_cents: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        CheckConstraint("(state in ('booked', 'lent', 'due_back', 'returned')) <= (unit_id is not null)", name="unit"),
        CheckConstraint("(handed_at is null) = (starts is null)", name="handed"),
        CheckConstraint("months between 1 and 36 and damage_cents >= 0", name="numbers"),
        CheckConstraint("state not in ('due_back', 'returned', 'closed') or ended_on is not null", name="ended"),
        Index(  # nobody is lent what somebody else has
            "uq_rentals_unit", "unit_id", unique=True,
            postgresql_where=text("state in ('booked', 'lent', 'due_back', 'returned')"),
        ),
        Index(
            "uq_rentals_open", "elder_id", "aid_id", unique=True,
            postgresql_where=text("state in ('queued', 'booked', 'lent')"),
        ),
        Index("ix_rentals_waiting", "store_id", "aid_id", "waits_since", postgresql_where=text("state = 'queued'")),
        ELDERS,
    )  # fmt: skip


class RentalCharge(OfDistrict, Base):
    """One month of a rental: its money is a visit's, so that ledger, statements and money pages know it."""

    __tablename__ = "rental_charges"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    rental_id: Mapped[int] = mapped_column(ForeignKey("rentals.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), unique=True)
    month: Mapped[date]
    first: Mapped[date]
    last: Mapped[date]
    proration: Mapped[Proration] = mapped_column(named(Proration))

    __table_args__ = (
        UniqueConstraint("rental_id", "month"),
        CheckConstraint("first <= last", name="forward"),
        ELDERS,
    )


class DepositMove(OfDistrict, Base):
    """Cents of a deposit that were taken, given back or kept."""

    __tablename__ = "deposit_moves"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    rental_id: Mapped[int] = mapped_column(ForeignKey("rentals.id"), index=True)
    kind: Mapped[DepositKind] = mapped_column(named(DepositKind))
    way: Mapped[MoneyWay | None] = mapped_column(named(MoneyWay))
    cents: Mapped[int]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("cents > 0", name="positive"),
        CheckConstraint("(kind = 'kept') = (way is null)", name="way"),
        {"info": ELDERS["info"] | {"append_only": True}},
    )


class RentalRun(OfDistrict, Base):
    """One run over the rents: how far it is and what it did. A killed run goes on where it was."""

    __tablename__ = "rental_runs"

    month: Mapped[date]
    by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    rentals: Mapped[int]
    done_to: Mapped[int] = mapped_column(BigInteger, default=0)
    done: Mapped[int] = mapped_column(default=0)
    charged: Mapped[int] = mapped_column(default=0)
    charged_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    settled: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("uq_rental_runs_open", "district_id", unique=True, postgresql_where=text("ended_at is null")),
        EVERYBODYS,
    )


class AidCount(OfDistrict, Base):
    """A store counted (盘点): begun, ticked off piece by piece, closed with what is missing."""

    __tablename__ = "aid_counts"

    store_id: Mapped[int] = mapped_column(ForeignKey("aid_stores.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    begun_at: Mapped[datetime]
    begun_by: Mapped[str]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None]
    expected: Mapped[int]
    missing: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("(closed_at is null) = (missing is null)", name="closed"),
        Index("uq_aid_counts_open", "store_id", unique=True, postgresql_where=text("closed_at is null")),
        STORES,
    )


class AidCountLine(OfDistrict, Base):
    """A unit that was seen while its store was counted."""

    __tablename__ = "aid_count_lines"

    count_id: Mapped[int] = mapped_column(ForeignKey("aid_counts.id"))
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("aid_units.id"))
    seen_at: Mapped[datetime]
    seen_by: Mapped[str]

    __table_args__ = (UniqueConstraint("count_id", "unit_id"), STORES)
