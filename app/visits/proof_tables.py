"""A district's rules of evidence and readings, grades of visits, proofs given by other doors, tags, incidents."""

import uuid
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.vault import Sealed
from app.visits.incident_rules import IncidentKind, IncidentState
from app.visits.proof_rules import Grade, Point, Sort
from app.visits.tables import SERVED


class Subject(StrEnum):
    """What a version settles."""

    EVIDENCE = "evidence"  # as `proof_rules.EvidenceRules`
    READINGS = "readings"  # as `reading_rules.ReadingRules`


class ProofSettings(OfDistrict, Base):
    """What a district has set about evidence or readings from a day on; the newest version that holds counts."""

    __tablename__ = "proof_settings"

    subject: Mapped[Subject] = mapped_column(named(Subject))
    version: Mapped[int]
    starts: Mapped[date]
    rules: Mapped[dict[str, Any]]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("district_id", "subject", "version"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class VisitGrade(OfDistrict, Base):
    """A visit's grade as it was worked out, by which version (0: the first settings), and why. The last one counts."""

    __tablename__ = "visit_grades"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    grade: Mapped[Grade] = mapped_column(named(Grade))
    points: Mapped[int]
    least: Mapped[Grade] = mapped_column(named(Grade, "least"))
    rules_version: Mapped[int]
    explained: Mapped[dict[str, Any]]  # {proofs: [{sort, point, attendance_id, points, counts, facts}]}
    at: Mapped[datetime]

    __table_args__ = ({"info": SERVED | {"append_only": True}},)


class VisitPresence(OfDistrict, Base):
    """Somebody was at the home, as another door than her phone has proven: the elder's button, a call back."""

    __tablename__ = "visit_presences"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    sort: Mapped[Sort] = mapped_column(named(Sort))
    point: Mapped[Point] = mapped_column(named(Point))
    source_id: Mapped[int] = mapped_column(BigInteger)  # of the alarm, or of the call
    phone_hash: Mapped[str | None] = mapped_column(index=True)  # of the telephone that confirmed it
    happened_at: Mapped[datetime]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("sort in ('button', 'call')", name="by_another_door"),
        UniqueConstraint("attendance_id", "sort", "point", "source_id"),
        {"info": SERVED | {"append_only": True}},
    )


class HomeTag(OfDistrict, Base):
    """A printed tag of a home; a new one withdraws those before."""

    __tablename__ = "home_tags"

    division_code: Mapped[str]
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"))
    issue: Mapped[int]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("home_id", "issue"),
        Index("uq_home_tags_one", "home_id", unique=True, postgresql_where=text("withdrawn_at is null")),
        {"info": {"area": "division_code"}},
    )


class Incident(OfDistrict, Base):
    """Something went wrong at a visit; her words are sealed. One for each event that told of it."""

    __tablename__ = "visit_incidents"

    division_code: Mapped[str]
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"), index=True)
    attendance_id: Mapped[int] = mapped_column(ForeignKey("attendances.id"))
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)  # made by the phone
    kind: Mapped[IncidentKind] = mapped_column(named(IncidentKind))
    state: Mapped[IncidentState] = mapped_column(named(IncidentState))
    words: Mapped[str] = mapped_column(Sealed)
    happened_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    taken_by: Mapped[str | None]
    answer: Mapped[str | None] = mapped_column(Sealed)
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two takers: the second gets a 409
    __table_args__ = (
        Index("ix_visit_incidents_open", "district_id", "raised_at", postgresql_where=text("state <> 'closed'")),
        {"info": SERVED},
    )
