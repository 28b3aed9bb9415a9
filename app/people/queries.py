"""Finding elders the way callers say who they are, and what is known of one."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.orm import Session

from app.config import settings
from app.errors import NotFound
from app.people.rules import AbilityLevel, Register, Sex, TeamRole
from app.people.tables import CareTeamMember, Contact, Elder, Home
from app.people.telephone import normal
from app.places.tables import Division
from app.vault import digest


@dataclass(frozen=True)
class ElderRow:
    """One line of the list of elders."""

    id: int
    name: str
    sex: Sex
    born: date
    level: AbilityLevel
    register: Register
    categories: list[str]
    phone: str | None
    estate: str
    community: str
    away: str | None
    spelled: str  # sorts the list


def get(session: Session, elder_id: int) -> Elder:
    """The elder; raises NotFound also when they live outside the caller's area."""
    found = session.get(Elder, elder_id)
    if found is None:
        raise NotFound("There is no such elder, or they live outside your area.")
    return found


def home_of(session: Session, elder: Elder) -> tuple[Home, Division]:
    """Where an elder lives."""
    return session.execute(
        select(Home, Division).join(Division, Division.code == Home.division_code).where(Home.id == elder.home_id)
    ).one()


def contacts_of(session: Session, elder_id: int) -> Sequence[Contact]:
    """Whom to call, in order."""
    return session.scalars(select(Contact).where(Contact.elder_id == elder_id).order_by(Contact.rank)).all()


def team_of(session: Session, elder_id: int) -> dict[TeamRole, CareTeamMember]:
    """The care team by role; who is missing is missing."""
    members = session.scalars(select(CareTeamMember).where(CareTeamMember.elder_id == elder_id))
    return {member.role: member for member in members}


def search(
    session: Session,
    q: str = "",
    *,
    level: AbilityLevel | None = None,
    division: str = "",
    after: tuple[str, int] | None = None,
    limit: int = 30,
) -> Sequence[ElderRow]:
    """Elders who fit every word of `q` (see `matches`), by spelling; `after` is (spelled, id) of the last one seen."""
    spelled = Elder.pinyin[1]
    query = (
        select(
            Elder.id, Elder.name, Elder.sex, Elder.born, Elder.level, Elder.register, Elder.categories, Elder.phone,
            Home.estate, Division.name.label("community"), Elder.away, spelled.label("spelled"),
        )
        .join(Home, Home.id == Elder.home_id)
        .join(Division, Division.code == Elder.division_code)
        .where(Elder.ended_at.is_(None), *(matches(word) for word in q.split()))
        .order_by(spelled, Elder.id)
        .limit(limit)
    )  # fmt: skip
    if level:
        query = query.where(Elder.level == level)
    if division:
        query = query.where(Elder.division_code.startswith(division, autoescape=True))
    if after:
        query = query.where(tuple_(spelled, Elder.id) > after)
    return [ElderRow(**row._mapping) for row in session.execute(query)]


def matches(word: str) -> ColumnElement[bool]:
    """A word fits by spelling or initials, by telephone or ID number (whole or the last four), by name or place.

    Telephones are those of the elder and of the people to call: a daughter rings up as often as her mother.
    """
    typed = word.lower()
    if re.fullmatch(r"\d{3}[\dx]", typed):
        return or_(
            Elder.phone_tail_hash == digest("phone-tail", typed), Elder.id_tail_hash == digest("id-tail", typed.upper())
        )
    if re.fullmatch(r"\d{17}[\dx]", typed):
        return Elder.id_hash == digest("id", typed.upper())
    if re.fullmatch(r"\+?[\d-]{5,}", typed):
        hashed = digest("phone", phone_digits(typed))
        own = select(Elder.id).where(Elder.phone_hash == hashed)
        return Elder.id.in_(own.union(select(Contact.elder_id).where(Contact.phone_hash == hashed)))
    if re.fullmatch(r"[a-z'ü]+", typed):
        return Elder.pinyin.contains([typed.replace("ü", "v")])
    return or_(
        Elder.name.contains(word, autoescape=True),
        Home.estate.contains(word, autoescape=True),
        Division.name.contains(word, autoescape=True),
    )


def phone_digits(phone: str) -> str:
    """A telephone number as it is hashed: one form for each telephone, landlines with the area code of the settings."""
    return normal(phone, area_code=settings().area_code)
