"""What the desk shows of an elder: masked by default, and for a supervisor without names."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app import calendar
from app.access.rules import Role
from app.alarms.shapes import ContactOut, HealthOut, HomeOut, PresenceOut, TeamOut, VisitBrief
from app.catalogue.rules import AidCategory
from app.equipment.api import DeviceOut
from app.funding.queries import Balance
from app.funding.rules import Account, EntryKind
from app.orders.rules import VisitEvent
from app.people import queries as people
from app.people.rules import AbilityLevel, Category, Register, Sex
from app.vault import mask_name, mask_phone


class Unmaskable(StrEnum):
    """What is masked and may be shown on request."""

    PHONE = "phone"
    ID_NUMBER = "id_number"
    ADDRESS = "address"
    ACCESS_NOTE = "access_note"
    PLACE = "place"
    CONTACT_PHONE = "contact_phone"
    TEAM_PHONE = "team_phone"


OUTSIDE: Final = frozenset({Role.SUPERVISOR})  # who work with figures and not with people


def name_for(role: Role, name: str) -> str:
    """A person's name as this role may read it."""
    return mask_name(name) if role in OUTSIDE else name


class ElderRow(BaseModel):
    """One line of the list: enough to be sure it is her."""

    id: int
    name: str
    sex: Sex
    age: int
    level: AbilityLevel
    register_: Register = Field(serialization_alias="register", validation_alias="register")
    tags: list[Category]
    phone: str | None
    division: str
    address: str
    away: str | None

    @classmethod
    def of(cls, row: people.ElderRow, role: Role, *, today: date) -> Self:
        """As this role may see it."""
        return cls(
            id=row.id, name=name_for(role, row.name), sex=row.sex, age=calendar.age_on(row.born, today),
            level=row.level, register=row.register, tags=[Category(tag) for tag in row.categories],
            phone=mask_phone(row.phone) if row.phone else None, division=row.community, address=row.estate,
            away=row.away,
        )  # fmt: skip


class Elders(BaseModel):
    """A page of elders by spelling; `next` asks for the page after."""

    items: list[ElderRow]
    next: str | None


class ProgramBalance(BaseModel):
    """One programme's part of a month."""

    model_config = ConfigDict(from_attributes=True)

    program: str
    name_zh: str
    name_en: str
    granted_cents: int
    free_cents: int
    reserved_cents: int
    captured_cents: int
    expired_cents: int


class Entitlement(BaseModel):
    """The allowance of a month over all programmes. What is free on the evening of `expires_on` expires."""

    month: date
    granted_cents: int
    free_cents: int
    reserved_cents: int
    captured_cents: int
    expired_cents: int
    expires_on: date
    programs: list[ProgramBalance]

    @classmethod
    def of(cls, month: date, balances: list[Balance]) -> "Entitlement | None":
        """The sum; nothing where no programme pays."""
        if not balances:
            return None
        return cls(
            month=month, expires_on=calendar.next_month(month) - timedelta(days=1),
            granted_cents=sum(b.granted_cents for b in balances), free_cents=sum(b.free_cents for b in balances),
            reserved_cents=sum(b.reserved_cents for b in balances),
            captured_cents=sum(b.captured_cents for b in balances),
            expired_cents=sum(b.expired_cents for b in balances),
            programs=[ProgramBalance.model_validate(b) for b in balances],
        )  # fmt: skip


class TeamMember(TeamOut):
    """One place of the care team; `id` names it where somebody fills it."""

    id: int | None


class Elder(BaseModel):
    """Who this is at a glance. Address and place stop at the estate; health is empty for who must not see it."""

    id: int
    name: str
    sex: Sex
    age: int
    level: AbilityLevel
    register_: Register = Field(serialization_alias="register", validation_alias="register")
    tags: list[Category]
    phone: str | None
    id_last4: str | None
    id_unverified: str | None
    away: str | None
    health: HealthOut
    home: HomeOut
    contacts: list[ContactOut]
    care_team: list[TeamMember]
    entitlement: Entitlement | None
    devices: list[DeviceOut]
    in_home_now: list[PresenceOut]
    next_visit: VisitBrief | None
    last_visit: VisitBrief | None
    may_unmask: bool


class ElderVisit(VisitBrief):
    """A visit of an elder with what it costs and who pays."""

    order_id: int
    item_code: str
    aid: AidCategory
    opens: datetime
    closes: datetime
    planned: bool  # else starts_at is when its window opens
    price_cents: int
    allowance_cents: int
    self_pay_cents: int
    possible: list[VisitEvent]


class Visits(BaseModel):
    """A page of an elder's visits, latest first."""

    items: list[ElderVisit]
    next: str | None


class LedgerLine(BaseModel):
    """Cents that moved, the balance after it, and the visit behind it."""

    id: int
    at: datetime
    by: str
    kind: EntryKind
    source: Account
    target: Account
    amount_cents: int
    balance_cents: int  # free after this line, over all programmes
    reserved_cents: int
    program: str | None  # none: the elder's own money
    order_id: int | None
    visit_id: int | None
    visit: VisitBrief | None
    text: str | None


class Month(BaseModel):
    """Every cent of an elder's month and what it was for."""

    month: date
    entitlement: Entitlement | None
    lines: list[LedgerLine]
    self_pay_cents: int  # what the elder owes for visits that count


class UnmaskIn(BaseModel):
    """Which field to show in the clear, and why; `target_id` names the contact or team member."""

    field: Unmaskable
    target_id: int | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class Unmasked(BaseModel):
    """The field in the clear. That it was shown is on record."""

    value: str
