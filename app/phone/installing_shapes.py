"""What the phone is told of installations and says about them."""

from datetime import date, datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from app.equipment.installing_rules import Failure, InstallationEvent, InstallationState, ItemOutcome
from app.equipment.rules import DeviceKind, Link
from app.phone.shapes import PointOut


class PhoneItem(BaseModel):
    """One device to put up. `rings`: it must come out at the desk; the others need only be heard."""

    id: int
    model: str
    kind: DeviceKind
    voice: bool
    worn: bool
    spot: str | None
    replaces: str | None
    lent_until: date | None
    wire_id: str | None
    outcome: ItemOutcome | None
    rings: bool


class PhoneInstallation(BaseModel):
    """An installation order. `shown` says whether name, door and telephone are filled in."""

    id: int
    state: InstallationState
    possible: list[InstallationEvent]
    shown: bool
    opens: datetime
    closes: datetime
    elder: str
    phone: str | None
    estate: str
    address: str | None
    access_note: str | None
    floor: int
    lift: bool
    note: str | None
    place: PointOut | None
    arrived_at: datetime | None
    ended_at: datetime | None
    items: list[PhoneItem]


class PhoneInstallations(BaseModel):
    """Everything to install, and what was just done."""

    items: list[PhoneInstallation]
    server_time: datetime


class Step(StrEnum):
    """How far a press has come."""

    READY = "ready"  # the device is known; no test has begun
    WAITING = "waiting"
    STORED = "stored"
    AT_THE_DESK = "at_the_desk"
    PASSED = "passed"
    FAILED = "failed"


class AsideOut(BaseModel):
    """A message of this device that nobody could read, and why."""

    at: datetime
    reason: str


class Progress(BaseModel):
    """The press on its way to the desk, and what is known of the device where nothing comes."""

    step: Step
    failure: Failure | None
    until: datetime | None
    opened_at: datetime | None
    received_at: datetime | None
    stored_at: datetime | None
    shown_at: datetime | None
    confirmed_at: datetime | None
    confirmed_by: str | None
    voice: bool | None
    desk_on_duty: int
    claimed: bool
    real_calls: int  # of this device since the test began: they ring as real ones
    device_seen_at: datetime | None
    battery: float | None
    link: Link
    aside: list[AsideOut]
    tries: int
    tries_left: int
    server_time: datetime


class DeviceIn(BaseModel):
    """The number on the device's label, and where it hangs."""

    wire_id: str = Field(min_length=1, max_length=100)
    spot: str = Field(min_length=1, max_length=50)


class Lookup(BaseModel):
    """What the platform knows of a number before the device is put up."""

    known: bool
    free: bool  # in stock, or already of this order
    fits: bool  # the kind that was ordered
    kind: DeviceKind | None
    model: str | None
    heard_at: datetime | None
    aside: list[AsideOut]


class ReasonIn(BaseModel):
    """Why."""

    reason: str = Field(min_length=1, max_length=200)
