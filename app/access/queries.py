"""Reading logins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import PROVIDER, Role
from app.access.tables import District, Login, User
from app.db import Scope

NOBODYS: Final = -1  # no provider has this number


@dataclass(frozen=True)
class Caller:
    """Whoever sends a request, as far as rights go."""

    id: int
    login: str
    name: str
    role: Role
    district_id: int
    district_name: str
    area: str
    provider_id: int | None
    caregiver_id: int | None
    csrf: str
    address: str | None = None

    @property
    def scope(self) -> Scope:
        """What this caller's transactions may touch; without an area the district, a manager of nobody nothing."""
        provider_id = NOBODYS if self.role in PROVIDER and self.provider_id is None else self.provider_id
        return Scope(self.district_id, self.area or f"{self.district_id:06d}", provider_id, self.caregiver_id)

    @property
    def by(self) -> str:
        """How history names the caller."""
        return f"{self.name} ({self.login})"


def user_named(session: Session, login: str, *, lock: bool = False) -> User | None:
    """The user with this login name."""
    found = select(User).where(User.login == login.strip().lower())
    return session.scalar(found.with_for_update() if lock else found)


def user_called(session: Session, by: str) -> User | None:
    """The user whom history names so: see `Caller.by`."""
    return user_named(session, by.rpartition("(")[2].removesuffix(")"))


def caller_with(session: Session, token_hash: str, *, now: datetime) -> tuple[Caller, Login] | None:
    """The caller a session token belongs to, while both last."""
    row = session.execute(
        select(User, Login, District.name)
        .join(Login, Login.user_id == User.id)
        .join(District, District.id == User.district_id)
        .where(Login.token_hash == token_hash, Login.expires_at > now, User.ended_at.is_(None))
    ).first()
    if row is None:
        return None
    user, login, district_name = row
    caller = Caller(
        user.id, user.login, user.name, user.role, user.district_id, district_name, user.area,
        user.provider_id, user.caregiver_id, login.csrf, login.address,
    )  # fmt: skip
    return caller, login
