"""Putting people on record: readings, seals and search hashes are made here and nowhere else."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import Conflict, Unreadable
from app.people import spelling
from app.people.queries import phone_digits
from app.people.rules import AbilityLevel, Category, Register, Relation, Sex, TeamRole, read_id_number
from app.people.tables import CareTeamMember, Contact, Elder, Home
from app.places.rules import Place
from app.vault import digest


class AlreadyOnRecord(Conflict):
    """Somebody with this ID number is on record already."""


class NoNumber(Unreadable):
    """An elder without a valid ID number needs a reason, a birth date and a sex."""


def add_home(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    estate: str,
    address: str,
    place: Place,
    access_note: str | None = None,
    floor: int = 1,
    lift: bool = False,
) -> Home:
    """A dwelling. `estate` is what may be shown to everybody, `address` the door."""
    home = Home(
        district_id=district_id, division_code=division_code, estate=estate, address=address, place=place.as_json(),
        access_note=access_note, floor=floor, lift=lift,
    )  # fmt: skip
    session.add(home)
    session.flush()
    return home


def add_elder(
    session: Session,
    *,
    home: Home,
    name: str,
    level: AbilityLevel,
    register: Register,
    id_number: str | None = None,
    id_unverified: str | None = None,
    born: date | None = None,
    sex: Sex | None = None,
    phone: str | None = None,
    categories: Sequence[Category] = (),
    health: dict[str, Any] | None = None,
    wishes: dict[str, Any] | None = None,
    away: str | None = None,
) -> Elder:
    """An elder in a home. A valid ID number says birth date and sex; raises BadIdNumber, NoNumber, AlreadyOnRecord."""
    if id_number:
        id_number = id_number.strip().upper()
        born, sex = read_id_number(id_number)
        same = select(Elder.id).where(Elder.district_id == home.district_id, Elder.id_hash == digest("id", id_number))
        if session.scalar(same) is not None:
            raise AlreadyOnRecord("This ID number belongs to somebody on record.")
    if born is None or sex is None or not (id_number or id_unverified):
        raise NoNumber("Say why there is no valid number, and the birth date and sex.")
    digits = phone_digits(phone) if phone else None
    elder = Elder(
        district_id=home.district_id, division_code=home.division_code, home_id=home.id, name=name,
        pinyin=spelling.searchable(name), sex=sex, born=born, level=level, register=register,
        categories=list(categories), phone=phone,
        phone_hash=digest("phone", digits) if digits else None,
        phone_tail_hash=digest("phone-tail", digits[-4:]) if digits else None,
        id_number=id_number, id_hash=digest("id", id_number) if id_number else None,
        id_tail_hash=digest("id-tail", id_number[-4:]) if id_number else None, id_unverified=id_unverified,
        health=health or {}, wishes=wishes or {}, away=away,
    )  # fmt: skip
    session.add(elder)
    session.flush()
    return elder


def add_contact(
    session: Session,
    elder: Elder,
    *,
    rank: int,
    name: str,
    relation: Relation,
    phone: str,
    is_emergency: bool = True,
    has_key: bool = False,
    minutes_away: int | None = None,
) -> Contact:
    """Somebody to call for an elder; rank 1 is called first."""
    contact = Contact(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, rank=rank, name=name,
        relation=relation, phone=phone, phone_hash=digest("phone", phone_digits(phone)), is_emergency=is_emergency,
        has_key=has_key, minutes_away=minutes_away,
    )  # fmt: skip
    session.add(contact)
    session.flush()
    return contact


def add_team_member(session: Session, elder: Elder, *, role: TeamRole, name: str, phone: str) -> CareTeamMember:
    """One of the five of the care team."""
    member = CareTeamMember(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, role=role, name=name,
        phone=phone,
    )  # fmt: skip
    session.add(member)
    session.flush()
    return member
