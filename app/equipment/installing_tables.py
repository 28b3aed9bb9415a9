"""What is stored of putting devices up: installation orders, their devices, test calls and loans."""

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.equipment.installing_rules import Failure, InstallationState, ItemOutcome, LoanOutcome, TestKind, TestState
from app.equipment.rules import DeviceEvent
from app.vault import Sealed

AREA = {"info": {"area": "division_code"}}


class Installation(OfDistrict, Base):
    """Devices to be put up in an elder's home, by whom and when (安装单)."""

    __tablename__ = "installations"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"))
    state: Mapped[InstallationState] = mapped_column(named(InstallationState), default=InstallationState.ORDERED)
    opens: Mapped[datetime]
    closes: Mapped[datetime]
    installer_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"))
    note: Mapped[str | None] = mapped_column(Sealed)  # what the installer should know
    ordered_at: Mapped[datetime]
    ordered_by: Mapped[str]
    arrived_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(Sealed)  # of a failure or cancellation

    __table_args__ = (
        CheckConstraint("opens < closes", name="window"),
        CheckConstraint("state in ('ordered', 'cancelled') or installer_id is not null", name="somebodys"),
        CheckConstraint("(state in ('done', 'failed', 'cancelled')) = (ended_at is not null)", name="ended"),
        Index(
            "ix_installations_installer", "installer_id", "opens",
            postgresql_where=text("ended_at is null"),
        ),
        Index("ix_installations_open", "district_id", "opens", postgresql_where=text("ended_at is null")),
        AREA,
    )  # fmt: skip


class InstallationItem(OfDistrict, Base):
    """One device of an order: which model where, instead of which old one, lent until when, and what became of it."""

    __tablename__ = "installation_items"

    division_code: Mapped[str]
    installation_id: Mapped[int] = mapped_column(ForeignKey("installations.id"), index=True)
    model_id: Mapped[str] = mapped_column(ForeignKey("device_models.id"))
    spot: Mapped[str | None]
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    old_goes: Mapped[DeviceEvent | None] = mapped_column(named(DeviceEvent))  # where to, and why
    old_reason: Mapped[str | None]
    lent_until: Mapped[date | None]
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    outcome: Mapped[ItemOutcome | None] = mapped_column(named(ItemOutcome))
    reason: Mapped[str | None] = mapped_column(Sealed)

    __table_args__ = (
        Index(
            "uq_installation_items_device", "device_id", unique=True,
            postgresql_where=text("device_id is not null and outcome is null"),
        ),
        CheckConstraint("outcome is distinct from 'proved' or device_id is not null", name="proved_is_a_device"),
        CheckConstraint("(replaces_id is null) = (old_goes is null)", name="swap"),
        AREA,
    )  # fmt: skip


class DeviceTest(OfDistrict, Base):
    """A press that is awaited, and what came of it: with every time the server saw on the way to the desk."""

    __tablename__ = "device_tests"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"))
    item_id: Mapped[int | None] = mapped_column(ForeignKey("installation_items.id"), index=True)
    kind: Mapped[TestKind] = mapped_column(named(TestKind))
    state: Mapped[TestState] = mapped_column(named(TestState), default=TestState.WAITING)
    opens: Mapped[datetime]
    until: Mapped[datetime]
    to_call: Mapped[bool] = mapped_column(default=False)  # nobody can be written to: the hotline must call
    called_at: Mapped[datetime | None]
    pressed_at: Mapped[datetime | None]  # by the device's clock, where it is in order
    received_at: Mapped[datetime | None]  # by the listener
    stored_at: Mapped[datetime | None]
    shown_at: Mapped[datetime | None]  # an operator's screen said that it shows the test
    confirmed_at: Mapped[datetime | None]
    alarm_id: Mapped[int | None] = mapped_column(BigInteger)
    voice: Mapped[bool | None]  # whether somebody was spoken to through it
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    failure: Mapped[Failure | None] = mapped_column(named(Failure))

    __table_args__ = (
        Index("uq_device_tests_open", "device_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_device_tests_device", "device_id", "id"),
        Index("ix_device_tests_until", "until", postgresql_where=text("ended_at is null")),
        CheckConstraint("opens < until", name="window"),
        CheckConstraint("(state in ('passed', 'failed')) = (ended_at is not null)", name="ended"),
        CheckConstraint("(state = 'failed') = (failure is not null)", name="failed_for_a_reason"),
        AREA,
    )


class DeviceLoan(OfDistrict, Base):
    """A device out of the stock, with an elder until a day."""

    __tablename__ = "device_loans"

    division_code: Mapped[str]
    device_id: Mapped[int] = mapped_column(ForeignKey("devices.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    lent_at: Mapped[datetime]
    due_on: Mapped[date]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[LoanOutcome | None] = mapped_column(named(LoanOutcome))
    wiped: Mapped[bool | None]  # numbers and names kept in the device itself were erased

    __table_args__ = (
        Index("uq_device_loans_open", "device_id", unique=True, postgresql_where=text("ended_at is null")),
        Index("ix_device_loans_due", "district_id", "due_on", postgresql_where=text("ended_at is null")),
        CheckConstraint("(outcome is null) = (ended_at is null)", name="ended"),
        AREA,
    )
