"""What is stored of people. Telephone, ID number, health and exact place are sealed; names and communities are not."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from app.db import Base, OfDistrict, named
from app.people.rules import AbilityLevel, Register, Relation, Sex, Skill, TeamRole
from app.places.rules import Mode
from app.vault import Sealed, SealedJson

AREA = {"info": {"area": "division_code"}}


class Provider(OfDistrict, Base):
    """An organisation that sends caregivers (服务商)."""

    __tablename__ = "providers"

    name: Mapped[str]
    credit_code: Mapped[str]  # 统一社会信用代码
    phone: Mapped[str]
    grade: Mapped[str | None]  # 3A, 4A …


class Contract(OfDistrict, Base):
    """What a provider may serve where, and until when."""

    __tablename__ = "contracts"

    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"))
    number: Mapped[str]
    areas: Mapped[list[str]] = mapped_column(JSONB)  # prefixes of division codes
    aids: Mapped[list[str]] = mapped_column(JSONB)
    starts: Mapped[date]
    ends: Mapped[date]
    terms: Mapped[dict[str, Any]] = mapped_column(default=dict)  # minimum minutes, sampling share, deductions


class Home(OfDistrict, Base):
    """A dwelling: where visits happen and alarms ring from."""

    __tablename__ = "homes"

    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    estate: Mapped[str]  # 小区 or village: what is shown masked
    address: Mapped[str] = mapped_column(Sealed)  # building, unit, door
    place: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # places.rules.Place as JSON
    access_note: Mapped[str | None] = mapped_column(Sealed)  # door code, dog, key
    floor: Mapped[int] = mapped_column(default=1)
    lift: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (AREA,)


class Elder(OfDistrict, Base):
    """The person served."""

    __tablename__ = "elders"

    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"), index=True)
    home_id: Mapped[int] = mapped_column(ForeignKey("homes.id"), index=True)
    name: Mapped[str] = mapped_column(index=True)
    pinyin: Mapped[list[str]] = mapped_column(ARRAY(Text))  # app.people.spelling.searchable
    sex: Mapped[Sex] = mapped_column(named(Sex))
    born: Mapped[date]
    level: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel))
    register: Mapped[Register] = mapped_column(named(Register))
    categories: Mapped[list[str]] = mapped_column(JSONB, default=list)
    phone: Mapped[str | None] = mapped_column(Sealed)
    phone_hash: Mapped[str | None] = mapped_column(index=True)
    phone_tail_hash: Mapped[str | None] = mapped_column(index=True)
    id_number: Mapped[str | None] = mapped_column(Sealed)
    id_hash: Mapped[str | None] = mapped_column(index=True)  # two districts may know the same person
    id_tail_hash: Mapped[str | None] = mapped_column(index=True)
    id_unverified: Mapped[str | None]  # the reason, where there is no valid number
    health: Mapped[dict[str, Any]] = mapped_column(SealedJson, default=dict)  # conditions, allergies, medicines, notes
    wishes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)  # same_sex_bathing, banned, preferred
    away: Mapped[str | None]  # hospital, visiting family …
    ended_at: Mapped[datetime | None]
    ended_reason: Mapped[str | None]

    __table_args__ = (
        UniqueConstraint("district_id", "id_hash"),
        CheckConstraint("id_hash is not null or id_unverified is not null", name="number_or_reason"),
        Index("ix_elders_ended", "district_id", "ended_at", postgresql_where=text("ended_at is not null")),
        Index("ix_elders_spelled", text("(pinyin[1])"), "id"),  # the list's order; a GIN index is no use under RLS
        AREA,
    )


class Contact(OfDistrict, Base):
    """Somebody to call for an elder, in order."""

    __tablename__ = "contacts"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    rank: Mapped[int]
    name: Mapped[str]
    relation: Mapped[Relation] = mapped_column(named(Relation))
    phone: Mapped[str] = mapped_column(Sealed)
    phone_hash: Mapped[str] = mapped_column(index=True)
    is_emergency: Mapped[bool] = mapped_column(default=True)
    has_key: Mapped[bool] = mapped_column(default=False)
    minutes_away: Mapped[int | None]

    __table_args__ = (UniqueConstraint("elder_id", "rank"), AREA)


class CareTeamMember(OfDistrict, Base):
    """One of the five of a 5个一 care team."""

    __tablename__ = "care_team_members"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    role: Mapped[TeamRole] = mapped_column(named(TeamRole))
    name: Mapped[str]
    phone: Mapped[str] = mapped_column(Sealed)

    __table_args__ = (UniqueConstraint("elder_id", "role"), AREA)


class Caregiver(OfDistrict, Base):
    """Somebody a provider sends to homes."""

    __tablename__ = "caregivers"

    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"), index=True)
    division_code: Mapped[str] = mapped_column(ForeignKey("divisions.code"))
    name: Mapped[str]
    sex: Mapped[Sex] = mapped_column(named(Sex))
    phone: Mapped[str] = mapped_column(Sealed)
    mode: Mapped[Mode] = mapped_column(named(Mode))
    base: Mapped[dict[str, Any]] = mapped_column(SealedJson)  # where the day starts and ends: station or home
    responder: Mapped[bool] = mapped_column(default=False)
    weekly_minutes: Mapped[int] = mapped_column(default=44 * 60)
    ended_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"district": "district_id", "provider": "provider_id"}},)


class Certificate(OfDistrict, Base):
    """A skill of a caregiver and the day its proof expires."""

    __tablename__ = "certificates"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    skill: Mapped[Skill] = mapped_column(named(Skill))
    number: Mapped[str | None]
    expires: Mapped[date | None]  # none: needs no certificate

    __table_args__ = (UniqueConstraint("caregiver_id", "skill"),)


class Shift(OfDistrict, Base):
    """Working hours of a caregiver on a weekday, local time; two rows make a split shift."""

    __tablename__ = "shifts"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]

    __table_args__ = (
        CheckConstraint("weekday between 0 and 6", name="weekday"),
        CheckConstraint("starts < ends", name="forward"),
        UniqueConstraint("caregiver_id", "weekday", "starts"),
    )


class Absence(OfDistrict, Base):
    """Days a caregiver is not there."""

    __tablename__ = "absences"

    caregiver_id: Mapped[int] = mapped_column(ForeignKey("caregivers.id"), index=True)
    first: Mapped[date]
    last: Mapped[date]
    reason: Mapped[str]
