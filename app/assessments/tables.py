"""What is stored of assessments. Answers, score and reasons are health and sealed; levels are not, as with elders."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.assessments.rules import AssessmentKind, AssessmentState, Standard, Venue
from app.db import Base, Growing, OfDistrict, named
from app.people.rules import AbilityLevel
from app.vault import Sealed, SealedJson

_FIXED: Final = ("answers", "result", "initial_level", "final_level", "elder_id", "standard", "assessed_on")
_SIGNED_STAYS: Final = (
    "create or replace function app_signed_stays() returns trigger language plpgsql as $$ begin "
    "raise exception using errcode = 'restrict_violation', message = 'a signed assessment keeps what was written'; "
    "end $$",
    "create trigger assessments_signed_stay before update on assessments for each row "
    "when (old.state <> 'draft' and new.state <> 'draft' and "
    f"({', '.join(f'old.{column}' for column in _FIXED)}) is distinct from "
    f"({', '.join(f'new.{column}' for column in _FIXED)})) execute function app_signed_stays()",
    "create trigger assessments_are_not_removed before delete on assessments for each row "
    "execute function app_signed_stays()",
)


class Assessment(OfDistrict, Base):
    """One assessment of an elder (能力评估), ours or the result of another scale that is kept as it was given."""

    __tablename__ = "assessments"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    standard: Mapped[str] = mapped_column(default=Standard.GBT_42195)  # an open code: there will be other scales
    kind: Mapped[AssessmentKind] = mapped_column(named(AssessmentKind))
    state: Mapped[AssessmentState] = mapped_column(named(AssessmentState), default=AssessmentState.DRAFT)
    assessed_on: Mapped[date]
    venue: Mapped[Venue | None] = mapped_column(named(Venue))
    first_assessor_id: Mapped[int] = mapped_column(ForeignKey("users.id"))  # of a kept result: who keeps it
    second_assessor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    first_signed_at: Mapped[datetime | None]
    second_signed_at: Mapped[datetime | None]
    answers: Mapped[dict[str, Any]] = mapped_column(SealedJson, default=dict)  # shapes.Answers
    result: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # {score, reasons}
    initial_level: Mapped[AbilityLevel | None] = mapped_column(named(AbilityLevel, "initial_level"))
    final_level: Mapped[AbilityLevel | None] = mapped_column(named(AbilityLevel, "final_level"))
    level_given: Mapped[str | None]  # by another scale, in its own words
    assessed_by: Mapped[str | None]  # of a kept result: whoever assessed
    note: Mapped[str | None] = mapped_column(Sealed)  # how the level given was mapped
    counts: Mapped[bool] = mapped_column(default=True)  # may be the valid one; a result of another scale need not
    due_on: Mapped[date | None]  # when the next one is due
    published_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        CheckConstraint("first_assessor_id <> second_assessor_id", name="two_people"),
        CheckConstraint(
            "state in ('draft', 'withdrawn') or level_given is not null"
            " or (first_signed_at is not null and second_signed_at is not null and initial_level is not null)",
            name="signed_twice",
        ),
        CheckConstraint("state in ('draft', 'withdrawn') or final_level is not null", name="has_level"),
        CheckConstraint("state <> 'published' or published_at is not null", name="published"),
        Index(
            "uq_assessments_valid", "elder_id", unique=True, postgresql_where=text("state = 'published' and counts")
        ),
        Index(
            "uq_assessments_open", "elder_id", unique=True, postgresql_where=text("state in ('draft', 'signed')")
        ),
        {"info": {"area": "division_code", "ddl": list(_SIGNED_STAYS)}},
    )  # fmt: skip


class LevelChange(Growing, Base):
    """An elder's level changed, from a day on: what money and services follow when they must."""

    __tablename__ = "level_changes"

    division_code: Mapped[str]
    elder_id: Mapped[int]
    assessment_id: Mapped[int]
    before: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel, "before"))
    after: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel, "after"))
    withdrawn: Mapped[bool] = mapped_column(default=False)  # the assessment was taken back, and this undoes its change
    effective_on: Mapped[date]
    at: Mapped[datetime]
    by: Mapped[str]

    __table_args__ = (
        Index("ix_level_changes_elder", "district_id", "elder_id", "id"),
        Index("ix_level_changes_effective", "district_id", "effective_on"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class AssessmentRequest(OfDistrict, Base):
    """Somebody asks for an elder to be assessed again: the condition changed, or the result is doubted."""

    __tablename__ = "assessment_requests"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    kind: Mapped[AssessmentKind] = mapped_column(named(AssessmentKind))
    reason: Mapped[str] = mapped_column(Sealed)
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("assessments.id"))

    __table_args__ = (
        Index(
            "uq_assessment_requests_open", "elder_id", unique=True, postgresql_where=text("settled_by is null")
        ),
        {"info": {"area": "division_code"}},
    )  # fmt: skip


class AssessmentTerm(OfDistrict, Base):
    """After how many months a level is assessed again, for assessments from a day on; no level: all without a line."""

    __tablename__ = "assessment_terms"

    level: Mapped[AbilityLevel | None] = mapped_column(named(AbilityLevel))
    months: Mapped[int]
    starts: Mapped[date]

    __table_args__ = (
        UniqueConstraint("district_id", "level", "starts", postgresql_nulls_not_distinct=True),
        CheckConstraint("months between 1 and 60", name="months"),
        {"info": {"district": "district_id"}},
    )
