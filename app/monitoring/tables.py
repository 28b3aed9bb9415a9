"""What is stored of rules and vitals: rules with their versions, what each remembers and fired, sums, pauses."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, named
from app.equipment.measures import Metric
from app.monitoring.rules import PauseReason, RuleKind, VersionState
from app.vault import Sealed, SealedJson

AREA: Final = {"info": {"area": "division_code"}}


def _of_everybody(table: str) -> dict[str, Any]:
    """The fence of what is an elder's or the whole district's: the latter every street may read, not write."""
    return {
        "info": {
            "ddl": [
                f"alter table {table} enable row level security",
                f"alter table {table} force row level security",
                f"create policy {table}_area on {table} using (app_sees(division_code) or (elder_id is null and "
                "app_touches(district_id))) with check (app_sees(division_code))",
            ]
        }
    }


class MonitoringRule(OfDistrict, Base):
    """One kind of rule for one elder, for all devices of a model, or for everybody of the district."""

    __tablename__ = "monitoring_rules"

    division_code: Mapped[str]
    kind: Mapped[RuleKind] = mapped_column(named(RuleKind))
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    model_id: Mapped[str | None] = mapped_column(ForeignKey("device_models.id"))
    created_at: Mapped[datetime]
    by: Mapped[str]

    __table_args__ = (
        CheckConstraint("elder_id is null or model_id is null", name="one_scope"),
        Index(
            "uq_monitoring_rules_scope",
            "district_id",
            "kind",
            func.coalesce(text("elder_id"), text("0")),
            func.coalesce(text("model_id"), text("''")),
            unique=True,
        ),
        _of_everybody("monitoring_rules"),
    )


class RuleVersion(OfDistrict, Base):
    """What a rule asks from when to when. Parameters are sealed: a fence tells where somebody lives."""

    __tablename__ = "rule_versions"

    division_code: Mapped[str]
    rule_id: Mapped[int] = mapped_column(ForeignKey("monitoring_rules.id"))
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"))
    n: Mapped[int]
    state: Mapped[VersionState] = mapped_column(named(VersionState), default=VersionState.DRAFT)
    off: Mapped[bool] = mapped_column(default=False)  # expressly none, where a wider rule would hold
    params: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    note: Mapped[str | None] = mapped_column(Sealed)  # why it was changed
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    previewed_at: Mapped[datetime | None]
    preview: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    active_from: Mapped[datetime | None]
    active_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("rule_id", "n"),
        Index("uq_rule_versions_active", "rule_id", unique=True, postgresql_where=text("state = 'active'")),
        CheckConstraint("(state = 'active') = (active_from is not null and active_until is null)", name="effective"),
        CheckConstraint("state not in ('previewed', 'active') or off or previewed_at is not null", name="previewed"),
        _of_everybody("rule_versions"),
    )


class RuleState(OfDistrict, Base):
    """What a rule remembers of one elder or home, and when to look again though nothing comes."""

    __tablename__ = "rule_states"

    division_code: Mapped[str]
    subject: Mapped[str]  # elder:17, home:4
    kind: Mapped[RuleKind] = mapped_column(named(RuleKind))
    elder_id: Mapped[int | None] = mapped_column(BigInteger)
    home_id: Mapped[int] = mapped_column(BigInteger)
    version_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    looked_at: Mapped[datetime]
    wake_at: Mapped[datetime | None] = mapped_column(index=True)

    __table_args__ = (UniqueConstraint("subject", "kind"), AREA)


class RuleFiring(OfDistrict, Base):
    """A rule said that something is wrong: once for each moment, also when it is looked at twice."""

    __tablename__ = "rule_firings"

    division_code: Mapped[str]
    rule_id: Mapped[int] = mapped_column(ForeignKey("monitoring_rules.id"))
    version_id: Mapped[int] = mapped_column(ForeignKey("rule_versions.id"))
    kind: Mapped[RuleKind] = mapped_column(named(RuleKind))
    subject: Mapped[str]
    elder_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    home_id: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]  # when it became true
    noticed_at: Mapped[datetime]
    cause: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # since when, and the readings
    alarm_id: Mapped[int | None] = mapped_column(BigInteger)

    __table_args__ = (
        UniqueConstraint("version_id", "subject", "at"),
        Index("ix_rule_firings_silent", "id", postgresql_where=text("alarm_id is null")),
        AREA,
    )


class VitalDay(OfDistrict, Base):
    """A local day of one measure: its quarters of an hour, hours, and the whole; n, least, mean, most of each."""

    __tablename__ = "vital_days"

    division_code: Mapped[str]
    subject: Mapped[str]
    metric: Mapped[Metric] = mapped_column(named(Metric))
    day: Mapped[date]
    sums: Mapped[dict[str, Any]] = mapped_column(SealedJson)

    __table_args__ = (UniqueConstraint("subject", "metric", "day"), AREA)


class VitalMark(Base):
    """Up to when the readings of a district are summed."""

    __tablename__ = "vital_marks"

    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"), primary_key=True, autoincrement=False)
    until: Mapped[datetime]


class MonitoringPause(OfDistrict, Base):
    """An elder is not expected to be heard of at home: in hospital, with her daughter."""

    __tablename__ = "monitoring_pauses"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    reason: Mapped[PauseReason] = mapped_column(named(PauseReason))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    by: Mapped[str]

    __table_args__ = (
        CheckConstraint("ends_at is null or ends_at >= starts_at", name="forward"),
        Index("uq_monitoring_pauses_open", "elder_id", unique=True, postgresql_where=text("ends_at is null")),
        AREA,
    )
