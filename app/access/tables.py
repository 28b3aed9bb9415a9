"""Users, their sessions, and the log of every unmasked field."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.access.rules import Role
from app.db import Base, Growing, named
from app.vault import Sealed


class District(Base):
    """A county-level division (区县): the tenant."""

    __tablename__ = "districts"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # the 6-digit code
    name: Mapped[str]


class User(Base):
    """A login of one person with one role in one area."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"))
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[Role] = mapped_column(named(Role))
    area: Mapped[str]  # prefix of 12-digit division codes: 6 the district, 9 a street or town, 12 a community
    provider_id: Mapped[int | None] = mapped_column(ForeignKey("providers.id", use_alter=True))
    caregiver_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id", use_alter=True))
    phone: Mapped[str | None] = mapped_column(Sealed)  # where a lead is called when nobody is at the desk
    password_hash: Mapped[str]
    failures: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    failed_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        Index("uq_users_caregiver", "caregiver_id", unique=True, postgresql_where=text("caregiver_id is not null")),
    )


class Login(Base):
    """One logged-in browser; the cookie's token is kept as a hash."""

    __tablename__ = "logins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    csrf: Mapped[str]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    address: Mapped[str | None]


class AccessLog(Growing, Base):
    """Who saw which sensitive field in the clear, when, why and from where."""

    __tablename__ = "access_log"

    at: Mapped[datetime]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    elder_id: Mapped[int | None]
    field: Mapped[str]
    reason: Mapped[str]
    address: Mapped[str | None]
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        Index("ix_access_log_elder", "district_id", "elder_id", "at"),
        {"info": {"append_only": True}},
    )
