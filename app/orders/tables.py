"""Orders and the visits they gave. A visit carries what a plan needs, so that a day is one query."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.catalogue.rules import AidCategory, Approval, FeePayer, Given
from app.db import Base, OfDistrict, named
from app.orders.rules import Channel, FeeCause, FeeState, OrderState, Payer, VisitState
from app.vault import Sealed, SealedJson


class Order(OfDistrict, Base):
    """What was bought, for whom, by whom (订单)."""

    __tablename__ = "orders"

    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"))
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    state: Mapped[OrderState] = mapped_column(named(OrderState))
    channel: Mapped[Channel] = mapped_column(named(Channel))
    payer: Mapped[Payer] = mapped_column(named(Payer))
    agent: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # who acted for the elder: name, relation, phone
    note: Mapped[str | None] = mapped_column(Sealed)
    approval: Mapped[Approval] = mapped_column(named(Approval), default=Approval.NONE)  # its item's or a programme's
    price_cents: Mapped[int]
    allowance_cents: Mapped[int]  # as last quoted; agreed once confirmed
    self_pay_cents: Mapped[int]
    received_at: Mapped[datetime]
    received_by: Mapped[str]
    visits_open: Mapped[int] = mapped_column(default=0)  # visits that have not ended
    visits_tried: Mapped[int] = mapped_column(default=0)  # visits that ended otherwise than cancelled
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two writers: the second gets a 409
    __table_args__ = (
        CheckConstraint("price_cents = allowance_cents + self_pay_cents", name="paid"),
        CheckConstraint("visits_open >= 0", name="visits_open"),
        Index("ix_orders_state", "district_id", "state", "id"),
        {"info": {"area": "division_code"}},
    )


class Visit(OfDistrict, Base):
    """One appointment (工单): a home visit or a meal. It starts between `opens` and `closes`."""

    __tablename__ = "visits"

    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"))
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"))  # since it was last planned
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"))
    item_code: Mapped[str]
    aid: Mapped[AidCategory] = mapped_column(named(AidCategory))
    given: Mapped[Given] = mapped_column(named(Given), default=Given.HOME, server_default=Given.HOME)
    canteen: Mapped[str | None]  # its code, for programmes that pay in some only
    state: Mapped[VisitState] = mapped_column(named(VisitState))
    minutes: Mapped[int]
    least_minutes: Mapped[int]  # fewer, and it does not verify itself
    needs: Mapped[list[str]] = mapped_column(default=list)
    tasks: Mapped[list[Any] | None] = mapped_column(JSONB)  # as agreed; none: the item's
    caregivers_needed: Mapped[int] = mapped_column(default=1)
    same_sex: Mapped[bool] = mapped_column(default=False)
    opens: Mapped[datetime]
    closes: Mapped[datetime]
    starts_at: Mapped[datetime | None]  # the plan's
    priority: Mapped[int] = mapped_column(default=0)  # larger is more pressing; an alarm's response is 100
    price_cents: Mapped[int]
    allowance_cents: Mapped[int]
    self_pay_cents: Mapped[int]
    reason: Mapped[str | None]  # why it is held, was not delivered or was cancelled
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two writers: the second gets a 409
    __table_args__ = (
        CheckConstraint("opens <= closes", name="window"),
        CheckConstraint("minutes > 0 and least_minutes between 0 and minutes", name="minutes"),
        CheckConstraint("caregivers_needed between 1 and 2", name="caregivers"),
        CheckConstraint("price_cents = allowance_cents + self_pay_cents", name="paid"),
        CheckConstraint("state not in ('planned', 'published') or starts_at is not null", name="planned_start"),
        CheckConstraint("state <> 'verified' or provider_id is not null", name="earned"),
        Index("ix_visits_elder", "elder_id", "opens"),
        Index("ix_visits_day", "district_id", "opens"),
        Index("ix_visits_state", "district_id", "state", "opens"),
        Index("ix_visits_provider", "provider_id", "opens"),
        Index("ix_visits_free", "provider_id", "opens", postgresql_where=text("price_cents = 0")),
        {"info": {"area": "division_code", "provider": "provider_id"}},
    )


class CancellationFee(OfDistrict, Base):
    """What calling a visit off, or moving it, too late costs. `fees` says how it meets the ledger and a statement."""

    __tablename__ = "cancellation_fees"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    cause: Mapped[FeeCause] = mapped_column(named(FeeCause))
    month: Mapped[date]  # of the service, as in the ledger
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id"))
    state: Mapped[FeeState] = mapped_column(named(FeeState))
    cents: Mapped[int]
    payer: Mapped[FeePayer] = mapped_column(named(FeePayer))
    rule: Mapped[dict[str, Any]]  # the rule that was in force when the order was taken
    at: Mapped[datetime]
    by: Mapped[str]

    __table_args__ = (
        CheckConstraint("cents > 0", name="positive"),
        CheckConstraint("payer <> 'elder' or provider_id is not null", name="owed"),
        Index("ix_cancellation_fees_elder", "elder_id", "at"),
        Index("ix_cancellation_fees_provider", "provider_id", "month"),
        Index("uq_cancellation_fees_cancel", "visit_id", unique=True, postgresql_where=text("cause = 'cancel'")),
        {"info": {"area": "division_code"}},
    )
