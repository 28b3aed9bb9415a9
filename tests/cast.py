"""People and things with sensible defaults; a test names only what matters to it."""

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import count
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

import dispatch
from app.access import actions as access
from app.access.rules import Role
from app.access.tables import User
from app.assessments.rules import AssessmentKind
from app.assessments.tables import Assessment
from app.calendar import day_bounds, day_of
from app.catalogue.rules import AidCategory, PriceUnit
from app.catalogue.tables import Price, ServiceItem
from app.db import transaction
from app.equipment import models
from app.equipment.rules import DeviceState
from app.equipment.tables import Device
from app.funding import actions as funding
from app.funding import programs
from app.funding.tables import Entitlement, Program
from app.main import create_app
from app.orders.rules import VISIT_ENDED, Channel, OrderState, Payer, VisitState
from app.orders.tables import Order, Visit
from app.people.rules import AbilityLevel, Register, Relation, Sex, Skill, id_check_digit
from app.people.tables import Caregiver, Certificate, Contact, Elder, Home, Provider, Shift
from app.places.rules import Level, Mode, Place
from app.places.tables import Division
from app.planning import actions as planning
from app.planning.day import named
from app.planning.rules import AttendanceState, PlanState
from app.planning.tables import Attendance, Plan
from app.vault import digest
from app.visits import photos
from app.visits.photo_rules import PhotoKind, PhotoType
from app.visits.photo_tables import Photo

DISTRICT = 370503
STREET, COMMUNITY, OTHER_COMMUNITY = "370503001000", "370503001001", "370503002001"
CENTRE = Place(37.886, 118.525)
TEN = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Shanghai
PASSWORD = "correct horse 7"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 200
_numbers = count(1)


@cache
def _application() -> FastAPI:
    return create_app()


@cache
def _hash() -> str:
    return access.hasher.hash(PASSWORD)


def a_user(session: Session, role: Role = Role.OPERATOR, *, login: str | None = None, **given: Any) -> User:
    """A login; area defaults to the whole district."""
    values: dict[str, Any] = {
        "name": "赵敏", "area": str(DISTRICT), "district_id": DISTRICT, "password_hash": _hash(),
    } | given  # fmt: skip
    return access.add_user(session, login=login or f"{role}{next(_numbers)}", password=PASSWORD, role=role, **values)


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
    first17 = f"{370503 + n // 500 % 100}{born:%Y%m%d}{n % 500 * 2:03d}"
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


def an_item(session: Session, code: str = "BATHING", *, cents: int = 10_000, **given: Any) -> ServiceItem:
    """A bath at home: an hour, 100 yuan, two caregivers for the severely disabled; the same one when it is there."""
    found = session.query(ServiceItem).filter_by(district_id=DISTRICT, code=code).first()
    if found is None:
        unit = given.pop("unit", PriceUnit.VISIT)
        values = {
            "aid": AidCategory.BATHING, "name_zh": "上门助浴", "name_en": "Bath at home", "minutes": {"default": 60},
            "needs": [Skill.BATHING], "caregivers": {"default": 1, "severe": 2, "total": 2},
            "tasks": [{"code": "pressure", "zh": "测血压", "en": "Blood pressure", "evidence": "reading"}],
        } | given  # fmt: skip
        found = ServiceItem(district_id=DISTRICT, code=code, **values)
        session.add(found)
        session.flush()
        session.add(Price(district_id=DISTRICT, item_id=found.id, unit=unit, cents=cents, starts=date(2026, 1, 1)))
        session.flush()
    return found


def an_order(session: Session, *, elder: Elder | None = None, item: ServiceItem | None = None, **given: Any) -> Order:
    """A confirmed order of a bath, paid by the elder; it has no visit yet and the ledger does not know it."""
    elder, item = elder or an_elder(session), item or an_item(session)
    values = {
        "state": OrderState.CONFIRMED, "channel": Channel.HOTLINE, "payer": Payer.ENTITLEMENT, "price_cents": 10_000,
        "allowance_cents": 0, "self_pay_cents": 10_000, "received_at": TEN - timedelta(days=3), "received_by": "赵敏",
    } | given  # fmt: skip
    order = Order(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, home_id=elder.home_id,
        item_id=item.id, **values,
    )  # fmt: skip
    session.add(order)
    session.flush()
    return order


def a_visit(session: Session, *, elder: Elder | None = None, order: Order | None = None, **given: Any) -> Visit:
    """A bath waiting for a plan that starts between ten and eleven; given a later state it has a start and provider."""
    order = order or an_order(session, elder=elder, item=given.pop("item", None))
    item = session.get_one(ServiceItem, order.item_id)
    state = given.setdefault("state", VisitState.WAITING)
    if state is not VisitState.WAITING:
        provider = session.query(Provider).first() or a_provider(session)
        given = {"starts_at": given.get("opens", TEN), "provider_id": provider.id} | given
    minutes = given.setdefault("minutes", item.minutes["default"])
    values = {
        "opens": TEN, "closes": given.get("opens", TEN) + timedelta(hours=1), "least_minutes": minutes * 9 // 10,
        "needs": item.needs, "price_cents": order.price_cents, "allowance_cents": order.allowance_cents,
        "self_pay_cents": order.self_pay_cents,
    } | given  # fmt: skip
    visit = Visit(
        district_id=order.district_id, division_code=order.division_code, order_id=order.id, elder_id=order.elder_id,
        home_id=order.home_id, item_id=item.id, item_code=item.code, aid=item.aid, **values,
    )  # fmt: skip
    order.visits_open += visit.state not in VISIT_ENDED
    session.add(visit)
    session.flush()
    return visit


def an_attendance(session: Session, visit: Visit, caregiver: Caregiver | None = None, **given: Any) -> Attendance:
    """A caregiver assigned to a visit at its planned start, in no plan."""
    caregiver = caregiver or a_caregiver(session)
    starts_at = given.pop("starts_at", visit.starts_at or visit.opens)
    values = {
        "state": AttendanceState.ASSIGNED, "starts_at": starts_at, "rank": 1, "urgent": False,
        "ends_at": starts_at + timedelta(minutes=visit.minutes),
    } | given  # fmt: skip
    attendance = Attendance(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=caregiver.provider_id,
        visit_id=visit.id, caregiver_id=caregiver.id, **values,
    )  # fmt: skip
    session.add(attendance)
    session.flush()
    return attendance


def an_assessment(session: Session, elder: Elder, assessor: User | None = None, **given: Any) -> Assessment:
    """A form that was begun today and has no answers yet."""
    values = {"kind": AssessmentKind.FIRST, "assessed_on": TEN.date(), "answers": {"items": {}}} | given
    assessment = Assessment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id,
        first_assessor_id=(assessor or a_user(session, Role.ASSESSOR)).id, **values,
    )  # fmt: skip
    session.add(assessment)
    session.flush()
    return assessment


def a_draft(session: Session, *crews: tuple[Visit, datetime, tuple[Caregiver, ...]], now: datetime = TEN) -> Plan:
    """A draft of the visits' day as a solver might have left it: who is where when."""
    day = day_of(crews[0][0].opens)
    plan = planning.new_plan(session, DISTRICT, day, PlanState.DRAFTING, seconds=1, seed=1, by="planner", now=now)
    begins = day_bounds(day)[0]
    answer = dispatch.Plan(
        tuple(
            dispatch.Assignment(str(v.id), int((at - begins).total_seconds()), tuple(named(c.id) for c in caregivers))
            for v, at, caregivers in crews
        ),
        engine="test",
    )
    asked_at = begins - timedelta(days=1)
    stored = planning.store(session, plan.id, answer, [], asked_at=asked_at, by="planner", now=now)
    assert stored is not None
    session.flush()
    return stored


def a_device(
    session: Session, *, elder: Elder | None = None, home: Home | None = None, model: str = "yl-pendant", **given: Any
) -> Device:
    """A pendant round an elder's neck; in a home without an elder, a button on its wall."""
    if elder is None and home is None:
        elder = an_elder(session)
    home = home or session.get_one(Home, elder.home_id if elder else 0)
    models.load(session)
    values = {"wire_id": f"pendant-{next(_numbers)}", "state": DeviceState.ACTIVE, "last_seen_at": TEN} | given
    device = Device(
        district_id=home.district_id, division_code=home.division_code, home_id=home.id, model_id=model,
        elder_id=elder.id if elder else None, **values,
    )  # fmt: skip
    session.add(device)
    session.flush()
    return device


def a_program(session: Session, **given: Any) -> Program:
    """The district's purchase of services: 200, 260 and 320 yuan a month; the same one when it is there."""
    values: dict[str, Any] = {
        "code": "district", "name_zh": "区级政府购买服务", "name_en": "District purchase", "starts": date(2026, 1, 1),
        "amounts": {
            AbilityLevel.INTACT: 20_000, AbilityLevel.MILD: 20_000, AbilityLevel.MODERATE: 26_000,
            AbilityLevel.SEVERE: 32_000,
        },
    } | given  # fmt: skip
    found = session.query(Program).filter_by(district_id=DISTRICT, code=values["code"]).first()
    return found or programs.add_program(session, district_id=DISTRICT, **values)


def an_entitlement(session: Session, elder: Elder, *, free: int | None = None, month: date = date(2026, 11, 1)) -> int:
    """The number of an elder's entitlement of a month; `free` cuts it down to what is to be left."""
    a_program(session)
    funding.grant_to(session, elder, month, by="test", now=TEN)
    found = session.query(Entitlement).filter_by(elder_id=elder.id, month=month).order_by(Entitlement.id).first()
    assert found is not None
    session.refresh(found)
    if free is not None and free != found.free_cents:
        funding.adjust(session, found.id, free - found.free_cents, by="test", now=TEN, reason="test")
        session.refresh(found)
    return found.id


def a_photo(session: Session, visit: Visit, caregiver: Caregiver, *, body: bytes = JPEG) -> Photo:
    """A photo of the visit that has arrived whole."""
    said = photos.Announced(
        visit.id, hashlib.sha256(body).hexdigest(), PhotoKind.WORK, PhotoType.JPEG, len(body), TEN, consent=True
    )
    photo = photos.announce(session, caregiver.id, said, now=TEN)
    return photos.take(session, photo.id, caregiver.id, 0, body, now=TEN)
