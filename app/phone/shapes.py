"""What the phone is told and what it says."""

import uuid
from datetime import UTC, date, datetime
from typing import Any, Self

from pydantic import AwareDatetime, BaseModel, Field

from app.orders.rules import VisitState
from app.people.rules import AbilityLevel, Relation, Sex
from app.places.rules import Datum, Mode, Place
from app.planning.replan_rules import WhatHappened
from app.planning.rules import AttendanceState
from app.visits.actions import Reported, Told
from app.visits.proof_shapes import GradeOut, ReadingOut
from app.visits.reading_rules import ReadingKind, ReadingVerdict
from app.visits.rules import EventKind, Outcome, TaskOutcome


class PointOut(BaseModel):
    """WGS-84."""

    lat: float
    lon: float


class PhoneElder(BaseModel):
    """Who is visited; outside the hours of a visit the name is masked and the rest is missing."""

    name: str
    sex: Sex
    age: int
    level: AbilityLevel | None
    phone: str | None


class PhoneContact(BaseModel):
    """Whom to call when nobody opens."""

    name: str
    relation: Relation
    phone: str


class PartnerOut(BaseModel):
    """The other one of two, and how far they are."""

    name: str
    state: AttendanceState
    since: datetime | None  # that this state was reached at the door
    phone: str | None


class PhoneTask(BaseModel):
    """One thing to do; an event `task` names its code."""

    code: str
    zh: str
    en: str
    evidence: str
    reading: ReadingKind | None  # asked for by this task
    outcome: TaskOutcome | None
    reason: str | None


class PhoneGate(BaseModel):
    """The task whose reading must be in order before the others are begun."""

    task: str
    guards: list[str]


class PhoneVisit(BaseModel):
    """One visit of the caregiver's day. `shown` says whether door, telephone and health are filled in."""

    attendance_id: int
    visit_id: int
    state: AttendanceState
    visit_state: VisitState
    possible: list[str]
    urgent: bool
    starts_at: datetime
    ends_at: datetime
    minutes: int
    aid: str
    item_code: str
    item_zh: str
    item_en: str
    shown: bool
    elder: PhoneElder
    contact: PhoneContact | None
    home_id: int  # a tag of another home is told from hers without a network
    estate: str
    address: str | None
    access_note: str | None
    floor: int
    lift: bool
    place: PointOut | None
    place_accuracy_m: float | None  # how well the home's own place is known
    travel_minutes: int | None
    mode: Mode
    notes: list[str]
    allergies: list[str]
    partners: list[PartnerOut]
    tasks: list[PhoneTask]
    gate: PhoneGate | None
    readings: list[ReadingOut]  # hers and her partner's, of this visit
    grade: GradeOut | None
    times: dict[str, datetime]


class PhoneDay(BaseModel):
    """A local day in order."""

    day: date
    visits: list[PhoneVisit]


class Hours(BaseModel):
    """What was and is planned, so that nobody is worn out unnoticed."""

    today_minutes: int
    week_minutes: int
    week_limit_minutes: int


class PhoneMoved(BaseModel):
    """One of her visits: without `was_at` it is new to her, without `starts_at` she need not go."""

    visit_id: int
    elder: str
    estate: str
    was_at: datetime | None
    starts_at: datetime | None


class PhoneChange(BaseModel):
    """A re-planning that moved her visits, and what happened."""

    id: int
    day: date
    at: datetime
    cause: WhatHappened | None
    moved: list[PhoneMoved]


class ValueOut(BaseModel):
    """One number of a reading: what a device can show, and between which it is fine."""

    name: str
    unit: str
    least: float
    most: float
    step: float
    needed: bool
    low: float
    high: float
    outside: ReadingVerdict


class Measuring(BaseModel):
    """What is measured how, by today's limits, so that a bath is stopped where there is no signal, too."""

    kinds: dict[ReadingKind, list[ValueOut]]
    rest_minutes: int
    geofence_m: int


class Days(BaseModel):
    """Today and tomorrow."""

    server_time: datetime
    days: list[PhoneDay]
    changes: list[PhoneChange]
    hours: Hours
    measuring: Measuring
    sent_to: list[int] = []  # her standing offers of spots without a door: the page asks about them


class PlaceIn(BaseModel):
    """Where the phone was, with the 95 % radius."""

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)
    accuracy_m: float = Field(ge=0, le=1_000_000)
    datum: Datum = Datum.WGS84

    def value(self) -> Place:
        """As the rules see it."""
        return Place.of(self.model_dump() | {"source": "phone"})


class EventIn(BaseModel):
    """One thing that happened.

    `offset_ms`: how long ago by the phone's steady clock, which may sleep with the phone, when it was sent, if it
    knows; `clock_off_ms`: how far its wall clock was behind the server's when last they met.
    """

    id: uuid.UUID
    kind: EventKind
    attendance_id: int = Field(ge=0, lt=2**63)
    seq: int = Field(ge=0, lt=2**53)
    at: AwareDatetime
    offset_ms: int | None = Field(None, ge=0, lt=2**53)
    clock_off_ms: int | None = Field(None, gt=-(2**53), lt=2**53)
    place: PlaceIn | None = None
    data: dict[str, Any] = {}

    def value(self, device: uuid.UUID | None) -> Reported:
        """As the actions see it."""
        return Reported(
            self.id, self.kind, self.attendance_id, self.seq, self.at.astimezone(UTC), self.offset_ms,
            self.place.value() if self.place else None, self.data, device, self.clock_off_ms,
        )  # fmt: skip


class EventsIn(BaseModel):
    """A batch out of the outbox of one phone; `sent_at` is what the phone's clock says now."""

    events: list[EventIn] = Field(max_length=200)
    device: uuid.UUID | None = None
    sent_at: AwareDatetime | None = None


class ResultOut(BaseModel):
    """What became of one event."""

    id: uuid.UUID
    outcome: Outcome
    problem: str | None

    @classmethod
    def of(cls, told: Told) -> Self:
        """As told."""
        return cls(id=told.id, outcome=told.outcome, problem=told.problem)


class Answer(BaseModel):
    """Results in the order of the events, and the days as they are now."""

    results: list[ResultOut]
    days: Days
