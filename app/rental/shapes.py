"""The JSON shapes of rentals: wishes, hand-overs, what came back, the months and the deposit."""

from collections import Counter
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints

from app.access.queries import Caller
from app.access.rules import Role
from app.funding.rules import portion
from app.orders.rules import Payer, VisitState
from app.orders.shapes import Agent
from app.people.rules import AbilityLevel
from app.rental.charging import days_of
from app.rental.keeping_shapes import Cents, Day, Number, Reason, Serial, Word
from app.rental.lending import HandOver, RentalWish
from app.rental.queries import ChargeRow, RentalRow
from app.rental.rules import (
    Condition,
    DepositKind,
    EndReason,
    MoneyWay,
    RentalEvent,
    RentalState,
    Signer,
    rental_possible,
)
from app.rental.tables import AidAdvice, RentalRun
from app.vault import mask_name

Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class ChargeOut(BaseModel):
    """A month's rent and who pays it."""

    month: date
    first: date
    last: date
    state: VisitState
    order_id: int
    visit_id: int
    price_cents: int
    allowance_cents: int
    self_pay_cents: int

    @classmethod
    def of(cls, row: ChargeRow, ended_on: date | None) -> Self:
        """As it was agreed; of a month that ended early, what its days cost."""
        charge, visit = row.charge, row.visit
        last = min(charge.last, ended_on or charge.last)
        given, of = days_of(charge, last)
        allowance, own = portion([visit.allowance_cents, visit.self_pay_cents], given, of)
        return cls(
            month=charge.month, first=charge.first, last=max(last, charge.first), state=visit.state,
            order_id=visit.order_id, visit_id=visit.id, price_cents=allowance + own, allowance_cents=allowance,
            self_pay_cents=own,
        )  # fmt: skip


class RentalOut(BaseModel):
    """A rental as desk and store know it; the bureau sees neither names nor notes."""

    id: int
    elder_id: int
    elder_name: str
    estate: str
    aid_id: int
    aid_zh: str
    aid_en: str
    store_id: int
    store: str
    unit_id: int | None
    serial: str | None
    state: RentalState
    possible: list[RentalEvent]
    payer: Payer
    note: str | None
    asked_at: datetime
    asked_by: str
    months: int
    held_until: date | None
    starts: date | None
    due_on: date | None
    ended_on: date | None
    end_reason: EndReason | None
    pickup_due: date | None
    late: bool
    handed_at: datetime | None
    handed_by: str | None
    signer: Signer | None
    signed_name: str | None
    returned_at: datetime | None
    condition: Condition | None
    deposit_cents: int
    deposit_held_cents: int
    deposit_kept_cents: int
    deposit_back_cents: int
    damage_cents: int
    owed_cents: int  # of the damage, beside the deposit
    charges: list[ChargeOut]

    @classmethod
    def of(
        cls, row: RentalRow, charges: list[ChargeRow], deposit: Counter[DepositKind], me: Caller, *, today: date
    ) -> Self:
        """As this caller may see it."""
        r, outside = row.rental, me.role in (Role.SUPERVISOR, Role.ADMIN)
        kept, back = deposit[DepositKind.KEPT], deposit[DepositKind.GIVEN_BACK]
        must = r.pickup_due if r.state is RentalState.DUE_BACK else r.due_on if r.state is RentalState.LENT else None
        return cls(
            id=r.id, elder_id=r.elder_id, elder_name=mask_name(row.elder.name) if outside else row.elder.name,
            estate=row.home.estate, aid_id=r.aid_id, aid_zh=row.aid.name_zh, aid_en=row.aid.name_en,
            store_id=r.store_id, store=row.store, unit_id=r.unit_id, serial=row.serial, state=r.state,
            possible=rental_possible(r.state, me.role), payer=r.payer, note=None if outside else r.note,
            asked_at=r.asked_at, asked_by=r.asked_by, months=r.months, held_until=r.held_until, starts=r.starts,
            due_on=r.due_on, ended_on=r.ended_on, end_reason=r.end_reason, pickup_due=r.pickup_due,
            late=must is not None and must < today, handed_at=r.handed_at, handed_by=r.handed_by, signer=r.signer,
            signed_name=None if outside else r.signed_name, returned_at=r.returned_at, condition=r.condition,
            deposit_cents=r.deposit_cents, deposit_held_cents=deposit[DepositKind.TAKEN] - kept - back,
            deposit_kept_cents=kept, deposit_back_cents=back, damage_cents=r.damage_cents,
            owed_cents=r.damage_cents - kept,
            charges=[
                ChargeOut.of(one, r.ended_on) for one in charges
            ],
        )  # fmt: skip


class Rentals(BaseModel):
    """Those that wait, in their turn; then what ends first."""

    items: list[RentalOut]


class BookIn(BaseModel):
    """An aid for an elder, from a store, for so many months."""

    elder_id: Number
    aid_id: Number
    store_id: Number
    months: int = Field(3, ge=1, le=36)
    payer: Payer = Payer.ENTITLEMENT
    agent: Agent | None = None
    note: Note | None = None

    def value(self) -> RentalWish:
        """As the actions take it."""
        agent = self.agent.model_dump() if self.agent else None
        return RentalWish(self.elder_id, self.aid_id, self.store_id, self.months, self.payer, agent, self.note)


class HandOverIn(BaseModel):
    """Read off the unit, signed for, with the deposit that was taken."""

    serial: Serial
    signer: Signer = Signer.ELDER
    signed_name: Word
    deposit_cents: Cents
    way: MoneyWay | None = None
    waiver: Reason | None = None

    def value(self) -> HandOver:
        """As the actions take it."""
        return HandOver(**self.model_dump())


class RenewIn(BaseModel):
    """For so many months more."""

    months: int = Field(ge=1, le=24)


class EndIn(BaseModel):
    """Why, and the last day that costs rent (today)."""

    reason: EndReason = EndReason.WISH
    last: Day | None = None


class BringBackIn(BaseModel):
    """Read off the unit."""

    serial: Serial


class InspectIn(BaseModel):
    """How it came back, what the damage costs, how the rest of the deposit is given back."""

    condition: Condition
    damage_cents: Cents = 0
    way: MoneyWay | None = None
    reason: Reason | None = None


class LoseIn(BaseModel):
    """What she is asked for it."""

    damage_cents: Cents
    reason: Reason


class CancelIn(BaseModel):
    """Why."""

    reason: Reason


class AdviseIn(BaseModel):
    """What an assessor advises, until when, and why."""

    aid_id: Number
    until: Day
    why: Reason


class AdviceOut(BaseModel):
    """An advice that holds; why only those read who work with her."""

    aid_id: int
    aid_zh: str
    aid_en: str
    until: date
    why: str | None
    by: str
    at: datetime

    @classmethod
    def of(cls, said: AidAdvice, zh: str, en: str, me: Caller) -> Self:
        """As this caller may see it."""
        why = None if me.role is Role.SUPERVISOR else said.why
        return cls(aid_id=said.aid_id, aid_zh=zh, aid_en=en, until=said.until, why=why, by=said.by, at=said.at)


class ElderRentals(BaseModel):
    """What an elder has, had and waits for, and what is advised her."""

    elder_id: int
    elder_name: str
    level: AbilityLevel
    rentals: list[RentalOut]
    advice: list[AdviceOut]


class RentRunOut(BaseModel):
    """A run over the rents."""

    month: date
    by: str
    started_at: datetime
    ended_at: datetime | None
    rentals: int
    done: int
    charged: int
    charged_cents: int
    settled: int
    failed: int

    @classmethod
    def of(cls, run: RentalRun | None) -> Self | None:
        """As the overview shows it."""
        return cls.model_validate(run, from_attributes=True) if run else None
