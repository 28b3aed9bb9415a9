"""What the screens send about assessments."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StrictInt

from app.assessments.actions import Form, Kept
from app.assessments.rules import (
    AssessmentKind,
    RiskEvent,
    Source,
    Venue,
)
from app.people.rules import AbilityLevel

Word = Annotated[str, Field(max_length=40)]


class StartIn(BaseModel):
    """Whom to assess, why, and when it was done."""

    elder_id: int
    kind: AssessmentKind
    assessed_on: date


class FormIn(BaseModel):
    """The form as it stands; `version` is the one it was read with. Items may be missing until it is signed."""

    version: int
    assessed_on: date
    kind: AssessmentKind
    venue: Venue | None = None
    second_assessor_id: int | None = None
    source: Source | None = None
    source_name: Word = ""
    items: dict[str, StrictInt] = Field(default_factory=dict, max_length=60)
    coma: bool = False
    dementia: bool = False
    other_mental_disorder: bool = False
    risk_events: dict[RiskEvent, Annotated[int, Field(ge=0, le=99)]] = Field(default_factory=dict)
    note: str = Field("", max_length=500)

    def value(self) -> Form:
        """As the actions take it."""
        return Form(**self.model_dump(exclude={"version"}))


class SignIn(BaseModel):
    """The version that was read before signing."""

    version: int


class WhyIn(BaseModel):
    """Why."""

    reason: str = Field(min_length=2, max_length=200)


class KeepIn(BaseModel):
    """A result of another scale: its code, the level as given, the level it stands for here and why."""

    elder_id: int
    standard: str = Field(pattern=r"^[a-z0-9_]{3,40}$")
    assessed_on: date
    assessed_by: str = Field(min_length=1, max_length=80)
    level_given: str = Field(min_length=1, max_length=40)
    level: AbilityLevel
    note: str = Field(min_length=2, max_length=300)
    counts: bool = False

    def value(self) -> Kept:
        """As the actions take it."""
        return Kept(**self.model_dump(exclude={"elder_id"}))


class AskIn(BaseModel):
    """Who should be assessed again, and why."""

    elder_id: int
    kind: AssessmentKind
    reason: str = Field(min_length=2, max_length=300)


class TermIn(BaseModel):
    """After how many months a level (none: every level without a line of its own) is assessed again, from a day on."""

    model_config = ConfigDict(from_attributes=True)

    level: AbilityLevel | None = None
    months: int = Field(ge=1, le=60)
    starts: date
