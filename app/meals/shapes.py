"""The JSON shapes of portions, diets and concerns."""

from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, Field

from app.access.queries import Caller
from app.access.rules import Role
from app.meals import queries
from app.meals.menu_shapes import Because, MenuOut, Note, Number, Reason
from app.meals.rules import (
    ConcernState,
    Diet,
    Finding,
    Meal,
    MealWay,
    NotTaken,
    PortionEvent,
    Receiver,
    possible,
    unsuited,
)
from app.meals.tables import Menu
from app.orders.quotes import Quote
from app.orders.rules import Payer, VisitState
from app.orders.shapes import Agent
from app.vault import mask_name


class PortionOut(BaseModel):
    """An ordered meal as counter, kitchen and desk know it; the bureau sees neither names nor notes."""

    id: int
    order_id: int
    visit_id: int
    menu_id: int
    elder_id: int
    elder_name: str
    estate: str
    dish_id: int
    dish: str
    way: MealWay
    state: VisitState
    possible: list[PortionEvent]
    opens: datetime
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    diets: list[Diet]
    diet_note: str | None
    unsuited: list[Diet]
    note: str | None
    bring_to: str | None
    walk_in: bool
    late_reason: str | None
    reason: str | None
    handed_at: datetime | None
    handed_by: str | None
    receiver: Receiver | None

    @classmethod
    def of(cls, row: queries.PortionRow, menu: Menu, me: Caller, *, now: datetime) -> Self:
        """As this caller may see it."""
        p, visit, outside = row.portion, row.visit, me.role is Role.SUPERVISOR
        leaves = menu.delivery_from if p.way is MealWay.DELIVERY else None
        return cls(
            id=p.id, order_id=visit.order_id, visit_id=visit.id, menu_id=p.menu_id, elder_id=p.elder_id,
            elder_name=mask_name(row.elder.name) if outside else row.elder.name, estate=row.home.estate,
            dish_id=row.dish.id, dish=row.dish.name, way=p.way, state=visit.state,
            possible=possible(visit.state, me.role, cut_off=menu.cut_off, now=now, leaves=leaves), opens=visit.opens,
            price_cents=visit.price_cents, allowance_cents=visit.allowance_cents, self_pay_cents=visit.self_pay_cents,
            diets=[] if outside else row.diets, diet_note=None if outside else row.diet_note,
            unsuited=[] if outside else unsuited(row.diets, row.dish.suits), note=None if outside else p.note,
            bring_to=None if outside else p.bring_to,
            walk_in=p.walk_in, late_reason=p.late_reason, reason=visit.reason,
            handed_at=p.handed_at, handed_by=p.handed_by, receiver=p.receiver,
        )  # fmt: skip


class MenuCount(BaseModel):
    """A menu as its kitchen works on it: what to cook by diet, and every portion."""

    menu: MenuOut
    by_diet: dict[Diet, int]  # portions of elders who need it
    portions: list[PortionOut]


class QuoteIn(BaseModel):
    """Dishes of one canteen, each of another meal, all had in one way."""

    elder_id: Number
    dish_ids: list[Number] = Field(min_length=1, max_length=31)
    way: MealWay
    payer: Payer = Payer.ENTITLEMENT


class BookIn(QuoteIn):
    """With the split that was told. `late_reason`: why a lead takes it after the cut-off."""

    allowance_cents: int = Field(ge=0, le=10_000_000)
    self_pay_cents: int = Field(ge=0, le=10_000_000)
    agent: Agent | None = None
    note: Note | None = None
    late_reason: Reason | None = None


class QuoteLine(BaseModel):
    """One meal and who pays it."""

    opens: datetime
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    parts: dict[str, int]  # programme: cents


class QuoteOut(BaseModel):
    """What the meals would cost now."""

    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    lines: list[QuoteLine]

    @classmethod
    def of(cls, quote: Quote) -> Self:
        """As the booking page shows it."""
        return cls(
            **quote.as_facts(),
            lines=[
                QuoteLine(
                    opens=line.bill.opens, price_cents=line.bill.cents, allowance_cents=line.split.allowance_cents,
                    self_pay_cents=line.split.self_pay_cents,
                    parts={part.program: part.cents for part in line.split.parts},
                )
                for line in quote.lines
            ],
        )  # fmt: skip


class PersonOut(BaseModel):
    """Somebody who could eat."""

    id: int
    name: str
    estate: str


class People(BaseModel):
    """At most eight."""

    items: list[PersonOut]


class WalkIn(BaseModel):
    """Who stands at the counter, and what she takes."""

    elder_id: Number
    dish_id: Number
    payer: Payer = Payer.ENTITLEMENT


class CancelIn(Because):
    """`override`: a lead takes it on herself after the cut-off."""

    override: bool = False


class SwapIn(BaseModel):
    """Another dish of the same menu, or another way."""

    dish_id: Number
    way: MealWay


class ChangeIn(SwapIn):
    """With the split that was told."""

    allowance_cents: int = Field(ge=0, le=100_000)
    self_pay_cents: int = Field(ge=0, le=100_000)
    late_reason: Reason | None = None


class RedirectIn(BaseModel):
    """Another door or other hands, in words; none: her own door again."""

    bring_to: Note | None


class HandOverIn(BaseModel):
    """Who took it."""

    receiver: Receiver = Receiver.ELDER


class MissIn(BaseModel):
    """Why it was not taken."""

    why: NotTaken


class DietIn(BaseModel):
    """What she must or will not eat; `note` is for the kitchen."""

    diets: list[Diet] = Field([], max_length=7)
    note: Note | None = None


class DietOut(DietIn):
    """On record, with her allergies from her health record."""

    allergies: list[str] = []


class ElderMeals(BaseModel):
    """An elder's diet, the meals she has ordered from today on, and her last two weeks."""

    elder_id: int
    elder_name: str
    diet: DietOut
    portions: list[PortionOut]


class ConcernOut(BaseModel):
    """A meal not taken: a sign, until somebody has asked after her."""

    id: int
    state: ConcernState
    elder_id: int
    elder_name: str
    day: date
    meal: Meal
    dish: str
    why: NotTaken
    at: datetime
    by: str
    due_at: datetime
    alarm_id: int | None


class Concerns(BaseModel):
    """The most pressing first."""

    items: list[ConcernOut]


class SettleIn(BaseModel):
    """What asking after her has found."""

    finding: Finding
    note: Note | None = None
