"""The door of the device models: read by whoever handles devices, changed by an administrator, with history."""

from datetime import UTC, datetime
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, model_validator

from app.access.api import Admin, Stock
from app.db import transaction
from app.equipment import models, presence
from app.equipment.rules import Command, DeviceKind, Power, Transport
from app.equipment.tables import DeviceModel
from devices.codecs import CODECS
from devices.signals import Kind

router = APIRouter(prefix="/api/stock/models", tags=["stock"])
Text = Annotated[str, Field(min_length=1, max_length=80)]
A_YEAR = 366 * 86400


class ModelFields(BaseModel):
    """What a model can say and promises."""

    maker: Text
    name: Text
    kind: DeviceKind
    transport: Transport
    family: Text
    decoder: Annotated[str | None, Field(max_length=80)]
    says: Annotated[list[Kind], Field(min_length=1)]
    heartbeat_seconds: Annotated[int, Field(ge=10, le=A_YEAR)]
    silence_seconds: Annotated[int, Field(ge=10, le=A_YEAR)]
    power: Power
    battery_days: Annotated[int | None, Field(ge=1, le=7300)]
    worn: bool
    voice: bool
    commands: list[Command]

    @model_validator(mode="after")
    def make_sense(self) -> Self:
        """A codec reads it, and a silence is no shorter than a heartbeat."""
        if self.family not in CODECS:
            raise ValueError(f"no codec is called {self.family}")
        if self.silence_seconds < self.heartbeat_seconds:
            raise ValueError("a silence is no shorter than a heartbeat")
        return self


class ModelOut(ModelFields):
    """A model; `edited` names the fields that a new release leaves alone."""

    id: str
    shipped: bool
    edited: list[str]

    @classmethod
    def of(cls, row: DeviceModel) -> "ModelOut":
        """As the models page shows it."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class NewModel(ModelFields):
    """A model of our own."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{1,39}$")


class Models(BaseModel):
    """The catalogue, and the families of codecs there are."""

    items: list[ModelOut]
    families: list[str]


class EditOut(BaseModel):
    """Who changed what."""

    at: datetime
    by: str
    before: dict[str, Any]
    after: dict[str, Any]


@router.get("")
def all_models(me: Stock) -> Models:
    """Every model, by maker and name."""
    with transaction(me.scope) as session:
        rows = models.all_of_them(session)
        items = [ModelOut.of(row) for row in rows]
    return Models(items=items, families=sorted(CODECS))


@router.post("", status_code=201)
def add_model(new: NewModel, me: Admin) -> ModelOut:
    """A model that no release knows."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row = models.add(session, new.id, new.model_dump(exclude={"id"}), district_id=me.district_id, by=me.by, now=now)
        answer = ModelOut.of(row)
    return answer


@router.put("/{model_id}")
def edit_model(model_id: str, fields: ModelFields, me: Admin) -> ModelOut:
    """Change what a model can say and promises; what differs is ours from now on."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row, changed = models.edit(
            session, model_id, fields.model_dump(), district_id=me.district_id, by=me.by, now=now
        )
        answer = ModelOut.of(row)
    if models.PROMISE in changed:
        with transaction() as session:  # its devices in every district, not in the caller's alone
            presence.silence_of(session, model_id, now=now)
    return answer


@router.get("/{model_id}/edits")
def edits(model_id: str, me: Stock) -> list[EditOut]:
    """What was changed in it, newest first."""
    with transaction(me.scope) as session:
        rows = models.edits(session, model_id)
    return [EditOut(at=row.at, by=row.by, before=row.before, after=row.after) for row in rows]
