"""People and things with sensible defaults; a test names only what matters to it."""

from datetime import date, time
from functools import cache
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from app.access import actions as access
from app.access.rules import Role
from app.access.tables import User
from app.db import transaction
from app.main import create_app
from app.people.rules import AbilityLevel, Register, Relation, Sex, Skill, id_check_digit
from app.people.tables import Caregiver, Certificate, Contact, Elder, Home, Provider, Shift
from app.places.rules import Level, Mode, Place
from app.places.tables import Division
from app.vault import digest

DISTRICT = 370503
STREET, COMMUNITY, OTHER_COMMUNITY = "370503001000", "370503001001", "370503002001"
CENTRE = Place(37.886, 118.525)
PASSWORD = "correct horse 7"
_numbers = count(1)


@cache
def _application() -> FastAPI:
    return create_app()


@cache
def _hash() -> str:
    return access.hasher.hash(PASSWORD)


def a_user(session: Session, role: Role = Role.OPERATOR, *, login: str | None = None, **given: Any) -> User:
    """A login; area defaults to the whole district."""
    values = {"name": "赵敏", "area": str(DISTRICT), "district_id": DISTRICT, "password_hash": _hash()} | given
    return access.add_user(
        session, login=login or f"{role}{next(_numbers)}", password=PASSWORD, role=role, **values
    )


def a_client(role: Role, **given: Any) -> TestClient:
    """A browser somebody of this role has logged in with."""
    with transaction() as session:
        login = a_user(session, role, **given).login
    client = TestClient(_application(), base_url="http://testserver")
    answer = client.post("/api/session", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["X-CSRF-Token"] = answer.json()["csrf"]
    return client


def a_division(session: Session, code: str = COMMUNITY, name: str = "河运社区") -> Division:
    """A community; the same one when it is there already."""
    found = session.get(Division, code)
    if found is None:
        found = Division(
            code=code, district_id=DISTRICT, level=Level.COMMUNITY, name=name, lat=CENTRE.lat, lon=CENTRE.lon,
            parent_code=None, valid_to=None,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def a_home(session: Session, *, division_code: str = COMMUNITY, place: Place = CENTRE, **given: Any) -> Home:
    """A flat on the third floor."""
    a_division(session, division_code)
    values = {"estate": "河运小区", "address": "12号楼2单元302", "access_note": "门禁 2580", "floor": 3} | given
    home = Home(district_id=DISTRICT, division_code=division_code, place=place.as_json(), **values)
    session.add(home)
    session.flush()
    return home


def an_elder(session: Session, *, home: Home | None = None, **given: Any) -> Elder:
    """Lin Guifen, 82, moderately disabled, on purchased service; each one has a number and telephone of her own."""
    n = next(_numbers)
    home = home or a_home(session, **({"division_code": given["division_code"]} if "division_code" in given else {}))
    born = given.pop("born", date(1944, 3, 8))
    first17 = f"370503{born:%Y%m%d}{n % 500 * 2:03d}"
    number = first17 + id_check_digit(first17)
    phone = given.pop("phone", f"138{n:08d}")
    values: dict[str, Any] = {
        "name": "林桂芬", "pinyin": ["linguifen", "lgf"], "sex": Sex.FEMALE, "level": AbilityLevel.MODERATE,
        "register": Register.PURCHASED_SERVICE, "categories": ["living_alone"],
        "health": {"conditions": ["高血压"], "allergies": ["青霉素"], "medicines": ["氨氯地平"], "notes": []},
    } | given  # fmt: skip
    values["division_code"] = home.division_code
    elder = Elder(
        district_id=DISTRICT, home_id=home.id, born=born, phone=phone, phone_hash=digest("phone", phone),
        phone_tail_hash=digest("phone-tail", phone[-4:]), id_number=number, id_hash=digest("id", number),
        id_tail_hash=digest("id-tail", number[-4:]), **values,
    )  # fmt: skip
    session.add(elder)
    session.flush()
    return elder


def a_contact(session: Session, elder: Elder, *, rank: int = 1, **given: Any) -> Contact:
    """Her daughter, ten minutes away, with a key."""
    phone = given.pop("phone", f"139{next(_numbers):08d}")
    values = {"name": "周慧", "relation": Relation.DAUGHTER, "has_key": True, "minutes_away": 10} | given
    contact = Contact(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, rank=rank, phone=phone,
        phone_hash=digest("phone", phone), **values,
    )  # fmt: skip
    session.add(contact)
    session.flush()
    return contact


def a_provider(session: Session, **given: Any) -> Provider:
    """A provider of home help."""
    values = {"name": "河口康乐居家养老服务中心", "credit_code": "91350100M000100Y43", "phone": "05463000000"} | given
    provider = Provider(district_id=DISTRICT, **values)
    session.add(provider)
    session.flush()
    return provider


def a_caregiver(
    session: Session,
    *,
    provider: Provider | None = None,
    skills: tuple[Skill, ...] = (Skill.CLEANING, Skill.MEALS, Skill.ERRANDS, Skill.BATHING),
    expires: date | None = date(2030, 1, 1),
    shifts: tuple[tuple[time, time], ...] = ((time(8), time(11, 30)), (time(13, 30), time(17, 30))),
    **given: Any,
) -> Caregiver:
    """Liu Jie: a woman on an e-bike who works a split shift every day and may bathe people."""
    provider = provider or session.query(Provider).first() or a_provider(session)
    a_division(session)
    values = {
        "name": "刘洁", "sex": Sex.FEMALE, "phone": f"137{next(_numbers):08d}", "mode": Mode.EBIKE,
        "base": CENTRE.as_json(), "division_code": COMMUNITY,
    } | given  # fmt: skip
    caregiver = Caregiver(district_id=DISTRICT, provider_id=provider.id, **values)
    session.add(caregiver)
    session.flush()
    session.add_all(
        Certificate(district_id=DISTRICT, caregiver_id=caregiver.id, skill=skill, expires=expires) for skill in skills
    )
    session.add_all(
        Shift(district_id=DISTRICT, caregiver_id=caregiver.id, weekday=day, starts=starts, ends=ends)
        for day in range(7)
        for starts, ends in shifts
    )
    session.flush()
    return caregiver
