"""The desk's doors for installation orders."""

from datetime import UTC, date, datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field

from app.access.api import Desk
from app.db import transaction
from app.equipment import installing, installing_queries
from app.equipment import models as catalogue
from app.equipment.installing_queries import InstallationRow, InstallerRow, ItemRow
from app.equipment.installing_rules import InstallationEvent, InstallationState, ItemOutcome, installation_possible
from app.equipment.rules import DeviceEvent, DeviceKind

router = APIRouter(prefix="/api/installations", tags=["installations"])
AT_THE_DESK = (InstallationEvent.ASSIGN, InstallationEvent.CANCEL, InstallationEvent.FAIL)


class ItemOut(BaseModel):
    """One device of an order."""

    id: int
    model_id: str
    model: str
    kind: DeviceKind
    voice: bool
    worn: bool
    spot: str | None
    replaces: str | None
    lent_until: date | None
    device_id: int | None
    wire_id: str | None
    device_spot: str | None
    outcome: ItemOutcome | None
    reason: str | None

    @classmethod
    def of(cls, row: ItemRow) -> "ItemOut":
        """As the screens see it."""
        return cls.model_validate(row, from_attributes=True)


class InstallationOut(BaseModel):
    """An installation order at the desk."""

    id: int
    state: InstallationState
    possible: list[InstallationEvent]
    elder_id: int
    elder_name: str
    estate: str
    opens: datetime
    closes: datetime
    installer_id: int | None
    installer: str | None
    note: str | None
    ordered_at: datetime
    ordered_by: str
    arrived_at: datetime | None
    ended_at: datetime | None
    reason: str | None
    items: list[ItemOut]

    @classmethod
    def of(cls, row: InstallationRow) -> "InstallationOut":
        """As the desk sees it."""
        one = row.installation
        names = ("id", "state", "opens", "closes", "installer_id", "note", "ordered_at", "ordered_by", "arrived_at",
                 "ended_at", "reason")  # fmt: skip
        return cls(
            **{name: getattr(one, name) for name in names},
            possible=[event for event in installation_possible(one.state) if event in AT_THE_DESK],
            elder_id=row.elder.id, elder_name=row.elder.name, estate=row.home.estate, installer=row.installer,
            items=[ItemOut.of(item) for item in row.items],
        )  # fmt: skip


class Installations(BaseModel):
    """Orders, the next one first."""

    items: list[InstallationOut]


class InstallerOut(BaseModel):
    """Somebody who can be sent."""

    id: int
    name: str
    responder: bool
    open: int

    @classmethod
    def of(cls, row: InstallerRow) -> "InstallerOut":
        """As the desk sees it."""
        return cls(**vars(row))


class Installers(BaseModel):
    """Everybody who can be sent, the least burdened first."""

    items: list[InstallerOut]


class WishIn(BaseModel):
    """One device to put up."""

    model_id: str = Field(max_length=100)
    spot: str | None = Field(None, max_length=50)
    replaces_id: int | None = Field(None, description="the old device that goes when the new one has rung through")
    old_goes: DeviceEvent = DeviceEvent.TAKE_BACK
    old_reason: str = Field("", max_length=200)
    lent_until: date | None = None

    def value(self) -> installing.Wish:
        """As the actions see it."""
        return installing.Wish(**dict(self))


class InstallationIn(BaseModel):
    """What to install for whom and when, and maybe who goes."""

    elder_id: int
    opens: AwareDatetime
    closes: AwareDatetime
    items: list[WishIn] = Field(min_length=1, max_length=20)
    note: str | None = Field(None, max_length=500)
    installer_id: int | None = None


class AssignIn(BaseModel):
    """Who goes."""

    caregiver_id: int


class InstallationWhy(BaseModel):
    """Why."""

    reason: str = Field(min_length=1, max_length=500)


@router.get("")
def installations(me: Desk, elder: int | None = None, past: bool = False) -> Installations:
    """Open orders, or with `past` also those that are over."""
    with transaction(me.scope) as session:
        rows = installing_queries.installations(session, open_only=not past, elder_id=elder)
    return Installations(items=[InstallationOut.of(row) for row in rows])


@router.get("/installers")
def installers(me: Desk) -> Installers:
    """Who can be sent."""
    with transaction(me.scope) as session:
        rows = installing_queries.installers(session, me.district_id)
    return Installers(items=[InstallerOut.of(row) for row in rows])


class OrderableModel(BaseModel):
    """A model that can be ordered."""

    id: str
    name: str
    maker: str
    kind: DeviceKind
    voice: bool
    worn: bool


class OrderableModels(BaseModel):
    """What can be ordered."""

    items: list[OrderableModel]


@router.get("/models")
def models(me: Desk) -> OrderableModels:
    """Every model, by what it is for."""
    with transaction(me.scope) as session:
        rows = sorted(catalogue.all_of_them(session), key=lambda model: (model.kind, model.id))
    return OrderableModels(items=[OrderableModel.model_validate(row, from_attributes=True) for row in rows])


@router.get("/{installation_id}")
def installation(installation_id: int, me: Desk) -> InstallationOut:
    """One order."""
    with transaction(me.scope) as session:
        return InstallationOut.of(installing_queries.installation(session, installation_id))


@router.post("")
def order(asked: InstallationIn, me: Desk) -> InstallationOut:
    """Have devices put up; with an installer it is assigned at once."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        made = installing.order(
            session, asked.elder_id, [wish.value() for wish in asked.items], opens=asked.opens.astimezone(UTC),
            closes=asked.closes.astimezone(UTC), note=asked.note, installer_id=asked.installer_id, by=me.by, now=now,
        )  # fmt: skip
        session.flush()
        return InstallationOut.of(installing_queries.installation(session, made.id))


@router.post("/{installation_id}/assign")
def assign(installation_id: int, to: AssignIn, me: Desk) -> InstallationOut:
    """To somebody, or to somebody else."""
    with transaction(me.scope) as session:
        installing.assign(session, installation_id, to.caregiver_id, by=me.by, now=datetime.now(UTC))
        session.flush()
        return InstallationOut.of(installing_queries.installation(session, installation_id))


@router.post("/{installation_id}/cancel")
def cancel(installation_id: int, why: InstallationWhy, me: Desk) -> InstallationOut:
    """Nobody need go."""
    with transaction(me.scope) as session:
        installing.cancel(session, installation_id, by=me.by, now=datetime.now(UTC), reason=why.reason)
        session.flush()
        return InstallationOut.of(installing_queries.installation(session, installation_id))


@router.post("/{installation_id}/fail")
def fail(installation_id: int, why: InstallationWhy, me: Desk) -> InstallationOut:
    """It did not come about: what has not rung through comes down."""
    with transaction(me.scope) as session:
        found = installing.get(session, installation_id)
        installing.fail(session, found, by=me.by, now=datetime.now(UTC), reason=why.reason)
        session.flush()
        return InstallationOut.of(installing_queries.installation(session, installation_id))
