"""Contracts and the versions of their terms as the API shows them."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.access.rules import PROVIDER
from app.access.tables import User
from app.catalogue.rules import PriceUnit
from app.settlement.rules import RULES, TERMS_MOVES, ContractState, DeductionRule, Event, possible
from app.settlement.tables import ContractTerms


def _of_a_contract(rule: DeductionRule) -> DeductionRule:
    if rule not in RULES:
        raise ValueError("no contract says this: persons find it")
    return rule


def _if_said(least: Any) -> Any:
    return least or None


class PriceIn(BaseModel):
    """What the contract pays for an item; items without a line are paid as the catalogue charges them."""

    item: str = Field(min_length=1, max_length=40)
    unit: PriceUnit
    cents: int = Field(ge=0, le=10_000_000)


class LeastVisitsIn(BaseModel):
    """So many visits a month for each elder, each of so many minutes at least; what is proposed where there are fewer.

    Cents for each missing visit, or a percentage of what the elder's month cost.
    """

    visits: int = Field(ge=1, le=62)
    minutes: int = Field(0, ge=0, le=1440)
    cents: int | None = Field(None, ge=0, le=1_000_000)
    percent: int | None = Field(None, ge=0, le=100)

    def value(self) -> dict[str, Any]:
        """As it is stored: only what was said."""
        return self.model_dump(exclude_none=True)


class DeductionIn(BaseModel):
    """One rule: a percentage of what it looks at, or cents for each; `bands`: from so many points so many per cent."""

    rule: Annotated[DeductionRule, AfterValidator(_of_a_contract)]
    percent: int | None = Field(None, ge=0, le=100)
    cents: int | None = Field(None, ge=0, le=1_000_000)
    threshold_percent: int | None = Field(None, ge=0, le=100)
    cap_percent: int | None = Field(None, ge=0, le=100)
    cap_cents: int | None = Field(None, ge=0, le=1_000_000_000)
    bands: list[tuple[int, int]] | None = Field(None, max_length=10)

    def value(self) -> dict[str, Any]:
        """As it is stored: only what was said."""
        return self.model_dump(mode="json", exclude_none=True)


class TermsIn(BaseModel):
    """A new version of a contract's terms."""

    starts: date
    ends: date | None = None
    prices: list[PriceIn] = Field([], max_length=200)
    least_minutes: dict[str, int] = Field({}, max_length=200)
    sampling_percent: int = Field(5, ge=0, le=100)
    answer_days: int = Field(5, ge=0, le=60)
    deductions: list[DeductionIn] = Field([], max_length=20)
    least_visits: LeastVisitsIn | None = None
    note: str | None = Field(None, max_length=500)


class TermsOut(BaseModel):
    """A version, and who has agreed to it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    contract_id: int
    version: int
    state: ContractState
    possible: list[Event] = []
    starts: date
    ends: date | None
    prices: list[PriceIn]
    least_minutes: dict[str, int]
    sampling_percent: int
    answer_days: int
    deductions: list[DeductionIn]
    least_visits: Annotated[LeastVisitsIn | None, BeforeValidator(_if_said)]
    note: str | None
    made_by: str
    made_at: datetime
    checked_by: str | None = None
    approved_by: str | None = None

    @classmethod
    def of(cls, session: Session, row: ContractTerms, me: Caller) -> Self:
        """With what this caller may do: whoever checked it does not approve it."""
        names = {n: session.get_one(User, n).name for n in (row.checked_by_id, row.approved_by_id) if n}
        events = [] if me.role in PROVIDER else possible(TERMS_MOVES, row.state, provider=False)
        if row.checked_by_id == me.id:
            events = [event for event in events if event is not Event.APPROVE]
        return cls.model_validate(row).model_copy(
            update={
                "possible": events, "checked_by": names.get(row.checked_by_id or 0),
                "approved_by": names.get(row.approved_by_id or 0),
            }
        )  # fmt: skip


class ContractOut(BaseModel):
    """A provider's contract and its terms, newest first."""

    id: int
    provider_id: int
    provider: str
    number: str
    aids: list[str]
    areas: Sequence[str]
    starts: date
    ends: date
    terms: list[TermsOut]
