"""The list of those who are visited, who goes, what was told, what was found, and the rules that held."""

import uuid
from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.vault import Sealed, SealedJson
from app.welfare.finding_rules import FindingKind, FindingState
from app.welfare.rules import RiskTier, Visitor, WelfareOutcome, WelfareWay

AREA = {"info": {"area": "division_code"}}


class WelfareSettings(OfDistrict, Base):
    """A district's rules from a day on (`rules.WelfareRules`); the newest version that holds counts."""

    __tablename__ = "welfare_settings"

    version: Mapped[int]
    starts: Mapped[date]
    rules: Mapped[dict[str, Any]]
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("district_id", "version"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class WelfareElder(OfDistrict, Base):
    """An elder on the list. How it stands is worked out again from the records at each one that comes."""

    __tablename__ = "welfare_elders"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), unique=True)
    tier: Mapped[RiskTier] = mapped_column(named(RiskTier, "tier"))
    why: Mapped[str]  # a code of the register's suggestion, or a person's own words
    listed_on: Mapped[date]
    pair_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"), index=True)  # 结对: whose she is
    last_on: Mapped[date | None]  # seen
    last_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    tried_on: Mapped[date | None]
    sooner_on: Mapped[date | None]  # after a major change
    changed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two editors: the second gets a 409
    __table_args__ = (Index("ix_welfare_elders_of", "district_id", "division_code"), AREA)


class WelfareVisitor(OfDistrict, Base):
    """Somebody who goes, a login of the phone like a caregiver's, and where."""

    __tablename__ = "welfare_visitors"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), unique=True)
    kind: Mapped[Visitor] = mapped_column(named(Visitor))
    area: Mapped[str]  # prefix of division codes
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"district": "district_id"}},)


class WelfareRound(OfDistrict, Base):
    """An elder somebody takes into her day: for that day door and telephone are on her phone, and nobody else goes."""

    __tablename__ = "welfare_rounds"

    division_code: Mapped[str]
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    day: Mapped[date]
    taken_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("elder_id", "day"), Index("ix_welfare_rounds_of", "caregiver_id", "day"), AREA)


class WelfareVisit(OfDistrict, Base):
    """What a visitor's phone told, as it told it; `problem` says why it does not count."""

    __tablename__ = "welfare_visits"

    division_code: Mapped[str]
    event_id: Mapped[uuid.UUID] = mapped_column(unique=True)  # made by the phone
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"))
    way: Mapped[WelfareWay] = mapped_column(named(WelfareWay, "way"))
    outcome: Mapped[WelfareOutcome] = mapped_column(named(WelfareOutcome, "welfare_outcome"))
    happened_at: Mapped[datetime]
    device_at: Mapped[datetime]
    received_at: Mapped[datetime]
    device: Mapped[uuid.UUID | None]
    place: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    accuracy_m: Mapped[float | None]
    distance_m: Mapped[float | None]
    form: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    problem: Mapped[str | None]
    by: Mapped[str]

    __table_args__ = (
        Index("ix_welfare_visits_elder", "elder_id", "happened_at"),
        Index("ix_welfare_visits_month", "district_id", "happened_at"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class WelfareFinding(OfDistrict, Base):
    """Something a visit found; whoever has it ends it, nothing else does."""

    __tablename__ = "welfare_findings"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("welfare_visits.id"))
    kind: Mapped[FindingKind] = mapped_column(named(FindingKind))
    urgent: Mapped[bool]
    state: Mapped[FindingState] = mapped_column(named(FindingState))
    words: Mapped[str] = mapped_column(Sealed)
    found_at: Mapped[datetime]
    raised_at: Mapped[datetime]
    due_on: Mapped[date]
    taken_by: Mapped[str | None]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    alarm_id: Mapped[int | None] = mapped_column(ForeignKey("alarms.id"))
    referred_to: Mapped[str | None]
    answer: Mapped[str | None] = mapped_column(Sealed)
    closed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  two takers: the second gets a 409
    __table_args__ = (
        UniqueConstraint("visit_id", "kind"),
        Index("ix_welfare_findings_open", "district_id", "due_on", postgresql_where=text("state <> 'closed'")),
        Index(
            "uq_welfare_findings_unanswered", "elder_id", unique=True,
            postgresql_where=text("kind = 'no_answer' and state <> 'closed'"),
        ),
        AREA,
    )  # fmt: skip
