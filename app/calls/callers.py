"""Who a number belongs to: elders, people to call for them, caregivers, and whom somebody linked it to by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.calls.rules import SAY_SO, Result
from app.calls.tables import Call, NumberLink
from app.people.queries import phone_digits
from app.people.rules import Relation
from app.people.tables import Caregiver, Contact, Elder
from app.vault import digest


class Kind(StrEnum):
    """What somebody who calls is to us."""

    ELDER = "elder"
    CONTACT = "contact"
    CAREGIVER = "caregiver"
    LINKED = "linked"


@dataclass(frozen=True)
class Caller:
    """One who may be calling. A contact stands here once for each of her elders."""

    kind: Kind
    name: str
    elder_id: int | None = None
    elder_name: str | None = None
    division_code: str | None = None
    contact_id: int | None = None
    relation: Relation | None = None
    caregiver_id: int | None = None


def hash_of(phone: str) -> str:
    """What finds a number, however it is written."""
    return digest("phone", phone_digits(phone))


def who(session: Session, district_id: int, phone: str) -> Sequence[Caller]:
    """Everybody this number may be, in the part of the district the session sees; elders first."""
    number = hash_of(phone)
    elders = session.scalars(
        select(Elder)
        .where(Elder.district_id == district_id, Elder.phone_hash == number, Elder.ended_at.is_(None))
        .order_by(Elder.id)
    )
    found = [Caller(Kind.ELDER, e.name, e.id, e.name, e.division_code) for e in elders]
    contacts = session.execute(
        select(Contact, Elder)
        .join(Elder, Elder.id == Contact.elder_id)
        .where(Contact.district_id == district_id, Contact.phone_hash == number, Elder.ended_at.is_(None))
        .order_by(Elder.id)
    )
    found += [
        Caller(Kind.CONTACT, c.name, e.id, e.name, e.division_code, contact_id=c.id, relation=c.relation)
        for c, e in contacts
    ]
    linked = session.execute(
        select(NumberLink, Elder)
        .join(Elder, Elder.id == NumberLink.elder_id)
        .where(NumberLink.district_id == district_id, NumberLink.phone_hash == number, Elder.ended_at.is_(None))
        .order_by(Elder.id)
    )
    found += [Caller(Kind.LINKED, link.who, e.id, e.name, e.division_code) for link, e in linked]
    caregivers = session.scalars(
        select(Caregiver).where(Caregiver.district_id == district_id, Caregiver.ended_at.is_(None))
    )
    digits = phone_digits(phone)  # a district has a few hundred caregivers; their numbers are sealed without a hash
    return [
        *found,
        *(Caller(Kind.CAREGIVER, c.name, caregiver_id=c.id) for c in caregivers if phone_digits(c.phone) == digits),
    ]


@dataclass(frozen=True)
class BadNumber:
    """What the last call that could tell said of a number."""

    result: Result
    at: datetime


def bad_numbers(session: Session, hashes: Sequence[str]) -> dict[str, BadNumber]:
    """Numbers that led to somebody else or nowhere when last called; one that was reached since is good again."""
    last = (
        select(Call.phone_hash, Call.result, Call.began_at)
        .where(Call.phone_hash.in_(hashes), Call.result.in_(SAY_SO))
        .order_by(Call.phone_hash, Call.id.desc())
        .ext(distinct_on(Call.phone_hash))
    )
    return {
        number: BadNumber(result, at)
        for number, result, at in session.execute(last)
        if number and result in (Result.WRONG_NUMBER, Result.NOT_IN_SERVICE)
    }
