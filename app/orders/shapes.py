"""The JSON shapes of orders and visits."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from app import history
from app.access.queries import Caller
from app.access.rules import HOTLINE, Role
from app.catalogue.rules import AidCategory, Approval
from app.catalogue.tables import ServiceItem
from app.funding import queries as funding
from app.orders import queries
from app.orders.quotes import Quote, Wish
from app.orders.rules import (
    Channel,
    OrderEvent,
    OrderState,
    Payer,
    VisitEvent,
    VisitState,
    changeable,
    order_possible,
    visit_possible,
)
from app.orders.tables import Order, Visit
from app.people.tables import Elder
from app.vault import mask_name


class WishIn(BaseModel):
    """One visit: it starts between `opens` and `closes`; minutes are the item's own unless given."""

    opens: AwareDatetime
    closes: AwareDatetime
    minutes: int | None = Field(None, ge=10, le=1440)

    def value(self) -> Wish:
        """As the rules see it."""
        return Wish(self.opens.astimezone(UTC), self.closes.astimezone(UTC), self.minutes)


class QuoteIn(BaseModel):
    """What is wished for whom; `self` leaves the allowances alone."""

    elder_id: int
    item: str
    payer: Literal[Payer.ENTITLEMENT, Payer.SELF] = Payer.ENTITLEMENT
    visits: list[WishIn] = Field(min_length=1, max_length=31)


class Agent(BaseModel):
    """Whoever acts for the elder (代办人), and whether they stood at the desk or rang up."""

    name: str = Field(min_length=1, max_length=40)
    relation: str = Field(min_length=1, max_length=40)
    phone: str | None = Field(None, max_length=20)
    present: bool = False


class OrderIn(QuoteIn):
    """An order; `agent` when somebody else than the elder asks."""

    channel: Channel = Channel.HOTLINE
    agent: Agent | None = None
    note: str | None = Field(None, max_length=500)


class QuotePart(BaseModel):
    """What one programme pays."""

    program: str
    name_zh: str
    name_en: str
    cents: int


class QuoteLineOut(BaseModel):
    """The price of one visit and who pays it."""

    opens: datetime
    closes: datetime
    minutes: int
    caregivers: int
    price_cents: int
    parts: list[QuotePart]
    allowance_cents: int
    self_pay_cents: int


class VisitOut(BaseModel):
    """A visit as every screen knows it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    version: int
    order_id: int
    elder_id: int
    provider_id: int | None
    item_code: str
    aid: AidCategory
    state: VisitState
    minutes: int
    caregivers_needed: int
    same_sex: bool
    opens: datetime
    closes: datetime
    starts_at: datetime | None
    priority: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    reason: str | None
    possible: list[VisitEvent] = []
    changeable: bool = False  # to another time, length or item

    @classmethod
    def of(cls, visit: Visit, role: Role) -> Self:
        """With the events this role may send now."""
        return cls.model_validate(visit).model_copy(
            update={"possible": visit_possible(visit.state, role), "changeable": changeable(visit.state, role)}
        )


class QuoteOut(BaseModel):
    """The price of an order as it would be split now. Nothing is reserved by asking."""

    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    lines: list[QuoteLineOut]
    clashes: list[VisitOut]  # visits agreed already at that time: booked twice?
    approval: Approval  # who must allow it before it is planned

    @classmethod
    def of(cls, session: Session, quote: Quote, clashes: Sequence[Visit], me: Caller) -> Self:
        """As the booking screen shows it."""
        names = funding.names(session, me.district_id)
        lines = [
            QuoteLineOut(
                opens=line.bill.opens,
                closes=line.bill.closes,
                minutes=line.bill.minutes,
                caregivers=line.bill.caregivers,
                price_cents=line.bill.cents,
                parts=[
                    QuotePart(
                        program=part.program,
                        name_zh=names[part.program][0],
                        name_en=names[part.program][1],
                        cents=part.cents,
                    )
                    for part in line.split.parts
                ],
                allowance_cents=line.split.allowance_cents,
                self_pay_cents=line.split.self_pay_cents,
            )
            for line in quote.lines
        ]
        return cls(
            price_cents=quote.price_cents,
            allowance_cents=quote.allowance_cents,
            self_pay_cents=quote.self_pay_cents,
            lines=lines,
            clashes=[VisitOut.of(visit, me.role) for visit in clashes],
            approval=quote.approval,
        )


class HistoryOut(BaseModel):
    """One line of what happened."""

    model_config = ConfigDict(from_attributes=True)

    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    reason: str | None
    facts: dict[str, Any]


class OrderOut(BaseModel):
    """An order with its visits and its history."""

    id: int
    state: OrderState
    possible: list[OrderEvent]
    elder_id: int
    elder_name: str
    item_code: str
    item_zh: str
    item_en: str
    channel: Channel
    payer: Payer
    approval: Approval
    agent: Agent | None
    note: str | None
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    received_at: datetime
    received_by: str
    visits: list[VisitOut]
    history: list[HistoryOut]

    @classmethod
    def read(cls, session: Session, order: Order, me: Caller) -> Self:
        """As this caller may see it: a supervisor sees neither names nor notes."""
        item, elder = session.get_one(ServiceItem, order.item_id), session.get_one(Elder, order.elder_id)
        visits = queries.visits_of(session, order.id)
        outside = me.role is Role.SUPERVISOR
        return cls(
            id=order.id,
            state=order.state,
            possible=order_possible(order.state, me.role, [visit.state for visit in visits], order.approval),
            elder_id=elder.id,
            elder_name=mask_name(elder.name) if outside else elder.name,
            item_code=item.code,
            item_zh=item.name_zh,
            item_en=item.name_en,
            channel=order.channel,
            payer=order.payer,
            approval=order.approval,
            agent=None if outside or order.agent is None else Agent(**order.agent),
            note=None if outside else order.note,
            price_cents=order.price_cents,
            allowance_cents=order.allowance_cents,
            self_pay_cents=order.self_pay_cents,
            received_at=order.received_at,
            received_by=order.received_by,
            visits=[VisitOut.of(visit, me.role) for visit in visits],
            history=[
                HistoryOut.model_validate(line) for line in history.of(session, order.district_id, "orders", order.id)
            ],
        )


class OrderRowOut(BaseModel):
    """One line of the list of orders."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    state: OrderState
    possible: list[OrderEvent] = []
    elder_id: int
    elder_name: str
    item_code: str
    item_zh: str
    item_en: str
    approval: Approval
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    received_at: datetime
    received_by: str
    visits: int
    changeable: int  # visits this caller may still change
    first_opens: datetime | None

    @classmethod
    def of(cls, row: queries.OrderRow, role: Role) -> Self:
        """As this role may see it."""
        name = mask_name(row.elder_name) if role is Role.SUPERVISOR else row.elder_name
        return cls.model_validate(row).model_copy(
            update={
                "elder_name": name,
                "possible": order_possible(row.state, role, approval=row.approval),
                "changeable": row.changeable if role in HOTLINE else 0,
            }
        )


class OrdersOut(BaseModel):
    """A page of orders, newest first; `next` asks for the page after."""

    items: list[OrderRowOut]
    next: str | None


class Promise(BaseModel):
    """The split the caller has told the elder."""

    allowance_cents: int = Field(ge=0)
    self_pay_cents: int = Field(ge=0)
