"""Make the first customer in an empty database: land, people, devices, prices, a month behind, a week ahead."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.rules import Role
from app.access.tables import District
from app.db import transaction
from app.errors import Conflict
from app.funding import month_runs
from app.people.tables import Caregiver, Certificate, Contract, Provider, Shift
from app.places.rules import Place, Tier
from app.places.tables import Division, Facility, MapLine
from app.simulate import (
    ahead,
    allowing,
    answering,
    assessing,
    fleet,
    her_side,
    living,
    meals,
    month,
    photos,
    planned,
    population,
    purses,
    rental,
    riders,
    rostered,
    settle,
    settling,
    shift,
    undecided,
    upkeep,
    welfare,
)
from app.simulate.geography import DISTRICT_NAME, TOWNS, Geography
from app.simulate.names import Names
from app.simulate.progress import Progress, silent
from app.tables import metadata
from app.workers.tables import LabourLimit, PayRate

assert metadata.tables  # a foreign key finds its table only where every table is known

DISTRICT_ID: Final = 370503
REGISTER_PER_SERVED: Final = 3000 / 414
VISITS_PER_CAREGIVER_DAY: Final = 5.6  # below the 6.2 of domain.md 4.1: people are ill, and have days off
DESK_LOGINS: Final = (
    ("zhaomin", "赵敏", Role.OPERATOR), ("sunlei", "孙磊", Role.OPERATOR), ("liufang", "刘芳", Role.OPERATOR),
    ("zhoujie", "周洁", Role.OPERATOR), ("machao", "马超", Role.OPERATOR), ("wangqin", "王琴", Role.SHIFT_LEAD),
    ("hanxue", "韩雪", Role.DISPATCHER), ("zhangping", "张萍", Role.ASSESSOR), ("chenjing", "陈静", Role.ASSESSOR),
    ("liguodong", "李国栋", Role.SUPERVISOR), ("wujun", "吴军", Role.SUPERVISOR),
    ("admin", "系统管理员", Role.ADMIN),
)  # fmt: skip


class AlreadyThere(Conflict):
    """This district is in the database already."""


@dataclass(frozen=True)
class Built:
    """What there is now."""

    district_id: int
    elders: int
    served: int
    caregivers: int
    devices: int
    past_visits: int
    logins: list[tuple[str, str, Role]]


def build(
    *, elders: int = 414, seed: int = 7, password: str, now: datetime | None = None, tell: Progress = silent
) -> Built:
    """A district with `elders` on purchased service beside the larger visit register; the same seed, the same district.

    Raises AlreadyThere when it is: a second call would make everybody twice.
    """
    now = now or datetime.now(UTC)
    today = calendar.day_of(now)
    land = Geography(_rng(seed, "land"), DISTRICT_ID)
    names = Names(_rng(seed, "names"))
    with transaction() as session:
        if session.get(District, DISTRICT_ID):
            raise AlreadyThere(f"District {DISTRICT_ID} is there already; `make demo RESET=1` begins anew.")
        _places(session, land)
        providers = _providers(session, land, today)
        people = _caregivers(session, _rng(seed, "caregivers"), names, providers, land, elders, today)
        logins = _logins(session, providers, people, password)
        settle.catalogue(session, DISTRICT_ID, today)
    tell("elders", 0, 1)
    some = list(
        population.elders(_rng(seed, "elders"), names, land, round(elders * REGISTER_PER_SERVED), elders, today)
    )
    for first in range(0, len(some), 200):
        with transaction() as session:
            settle.elders(session, DISTRICT_ID, some, first, 200)
        tell("elders", min(first + 200, len(some)), len(some))
    assessing.behind(_rng(seed, "assessments"), DISTRICT_ID, now=now)
    with transaction() as session:
        devices = fleet.register(session, _rng(seed, "devices"), DISTRICT_ID, homes=round(elders * 600 / 414), now=now)
        upkeep.past(session, _rng(seed, "upkeep"), DISTRICT_ID, now=now)
    living.month(_rng(seed, "living"), DISTRICT_ID, now=now)
    answering.past(_rng(seed, "answering"), DISTRICT_ID, now=now)
    shift.left(DISTRICT_ID, now=now)
    purses.enrol(_rng(seed, "lists"), DISTRICT_ID, now=now)
    visits = month.past(_rng(seed, "month"), DISTRICT_ID, now=now, tell=tell)
    rental.lend(_rng(seed, "rental"), DISTRICT_ID, now=now)
    month_runs.keep_up(now=now)  # what is left of last month expires only when its rents are paid
    settling.last_month(DISTRICT_ID, now=now)
    allowing.paid(_rng(seed, "allowances"), DISTRICT_ID, now=now, tell=tell)
    planned_items = planned.agree(_rng(seed, "care plans"), DISTRICT_ID, now=now, tell=tell)
    rostered.publish(DISTRICT_ID, seconds=1 + elders // 30, now=now, tell=tell)
    ahead.book(_rng(seed, "ahead"), DISTRICT_ID, planned_items, now=now, tell=tell)
    meals.serve(_rng(seed, "meals"), DISTRICT_ID, now=now)
    riding = riders.ride(DISTRICT_ID, password, now=now)
    visitors = welfare.visited(_rng(seed, "welfare"), DISTRICT_ID, password, now=now)
    purses.befall(_rng(seed, "befallen"), DISTRICT_ID, now=now)
    undecided.leave(_rng(seed, "undecided"), DISTRICT_ID, now=now)
    photos.leave(_rng(seed, "photos"), DISTRICT_ID, now=now)
    her_side.tell(_rng(seed, "her side"), DISTRICT_ID, now=now)
    photos.clues(DISTRICT_ID, now=now)
    others = riding + visitors
    return Built(DISTRICT_ID, len(some), elders, len(people) + len(others), devices, visits, logins + others)


def _rng(seed: int, stream: str) -> random.Random:
    return random.Random(f"{seed}/{stream}")


def _places(session: Session, land: Geography) -> None:
    session.add(District(id=DISTRICT_ID, name=DISTRICT_NAME))
    session.flush()
    for area in land.areas:  # parents come before their children
        session.add(
            Division(
                code=area.code,
                district_id=DISTRICT_ID,
                parent_code=area.parent,
                level=area.level,
                name=area.name,
                lat=area.centre.lat,
                lon=area.centre.lon,
            )
        )
        session.flush()
    session.add_all(
        MapLine(district_id=DISTRICT_ID, kind=line.kind, name=line.name, points=[list(p) for p in line.points])
        for line in land.lines
    )


def _providers(session: Session, land: Geography, today: date) -> list[Provider]:
    """Two providers: one serves the two streets of the county town, the other the towns and villages."""
    found = []
    for name, code, phone, grade, areas in (
        ("河口康乐居家养老服务中心", "52370503MJE4A1B202", "0546-3650001", "4A", ["370503001", "370503002"]),
        ("六合颐年社会工作服务社", "52370503MJE5C3D40Y", "0546-3650002", "3A", [f"37050300{n}" for n in range(3, 9)]),
    ):
        provider = Provider(district_id=DISTRICT_ID, name=name, credit_code=code, phone=phone, grade=grade)
        session.add(provider)
        session.flush()
        session.add(
            Contract(
                district_id=DISTRICT_ID,
                provider_id=provider.id,
                number=f"HK-ZM-{today.year}-{provider.id:03d}",
                areas=areas,
                aids=["meal", "cleaning", "bathing", "medical", "urgent", "mobility"],
                starts=date(today.year, 1, 1),
                ends=date(today.year + 1, 12, 31),
                terms={"least_percent": 90, "sampling_percent": 5},
            )
        )
        found.append(provider)
    _terms_of_work(session, found, today)
    _facilities(session, land, found)
    return found


def _terms_of_work(session: Session, providers: Sequence[Provider], today: date) -> None:
    """What an hour is paid, a bath more than the rest, and the hours the Labour Law allows."""
    starts = date(today.year - 1, 1, 1)
    at = calendar.day_bounds(starts)[0]
    for provider in providers:
        for aid, cents in ((None, 2_600), ("bathing", 3_200)):
            session.add(
                PayRate(
                    district_id=DISTRICT_ID, provider_id=provider.id, aid=aid, starts=starts, cents_per_hour=cents,
                    by="setup", at=at,
                )
            )  # fmt: skip
    session.add(
        LabourLimit(
            district_id=DISTRICT_ID, starts=starts, day_minutes=480, week_minutes=2_640, overtime_day_minutes=180,
            overtime_month_minutes=2_160, source="劳动法第三十六条、第四十一条", by="setup", at=at,
        )
    )  # fmt: skip


def _facilities(session: Session, land: Geography, providers: Sequence[Provider]) -> None:
    """One street centre, three community centres below it, four canteens, and a happiness home in eight villages."""

    def facility(name: str, tier: Tier, code: str, place: Place, above: int | None, provider: Provider) -> Facility:
        made = Facility(
            district_id=DISTRICT_ID, name=name, tier=tier, division_code=code, above_id=above,
            provider_id=provider.id, lat=place.lat, lon=place.lon,
        )  # fmt: skip
        session.add(made)
        session.flush()
        return made

    town, country = providers
    by_code = {area.code: area for area in land.areas}
    top = facility("六合街道综合养老服务中心", Tier.STREET_CENTER, "370503002000", Place(37.8905, 118.556), None, town)
    urban, rural = land.codes(urban=True), land.codes(urban=False)
    centres = [urban[0], urban[10], next(code for code in urban if code.startswith("370503005"))]
    for index, code in enumerate(centres):
        area = by_code[code]
        provider = town if index < 2 else country
        facility(f"{area.name}养老服务中心", Tier.COMMUNITY_CENTER, code, area.centre, top.id, provider)
    for code in (urban[2], urban[12], urban[-2], rural[30]):
        area = by_code[code]
        facility(
            f"{area.name}老年食堂",
            Tier.CANTEEN,
            code,
            area.centre,
            top.id,
            town if code[:9] <= "370503002" else country,
        )
    for code in rural[::10]:
        area = by_code[code]
        facility(f"{area.name}幸福院", Tier.RURAL_HAPPINESS_HOME, code, area.centre, top.id, country)


def _caregivers(
    session: Session, rng: random.Random, names: Names, providers: Sequence[Provider], land: Geography, elders: int,
    today: date,
) -> list[Caregiver]:  # fmt: skip
    count = max(6, round(elders * 5.94 / 22 / VISITS_PER_CAREGIVER_DAY * 1.2))
    town_bases = [(area.code, area.centre) for area in land.areas if area.code in ("370503001001", "370503002001")]
    country_bases = [
        (f"3705030{number:02d}000", Place(town.lat, town.lon)) for number, town in enumerate(TOWNS, 1) if number > 2
    ]
    stored = []
    for provider, bases, share in zip(providers, (town_bases, country_bases), (0.62, 0.38), strict=True):
        for someone in population.caregivers(rng, names, round(count * share), bases, today):
            caregiver = Caregiver(
                district_id=DISTRICT_ID, provider_id=provider.id, division_code=someone.division_code,
                name=someone.name, sex=someone.sex, phone=someone.phone, mode=someone.mode,
                base=someone.base.as_json(), responder=someone.responder,
            )  # fmt: skip
            session.add(caregiver)
            session.flush()
            session.add_all(
                Certificate(
                    district_id=DISTRICT_ID,
                    caregiver_id=caregiver.id,
                    skill=skill,
                    expires=expires,
                    number=f"HK{caregiver.id:04d}-{skill.value[:4].upper()}" if expires else None,
                )
                for skill, expires in someone.skills.items()
            )
            session.add_all(
                Shift(district_id=DISTRICT_ID, caregiver_id=caregiver.id, weekday=day, starts=starts, ends=ends)
                for day in someone.days
                for starts, ends in someone.shifts
            )
            stored.append(caregiver)
    return stored


def _logins(
    session: Session, providers: Sequence[Provider], people: Sequence[Caregiver], password: str
) -> list[tuple[str, str, Role]]:
    password_hash = access.hasher.hash(password)
    made: list[tuple[str, str, Role]] = []

    def login(
        name: str, person: str, role: Role, provider_id: int | None = None, caregiver_id: int | None = None
    ) -> None:
        access.add_user(
            session, district_id=DISTRICT_ID, login=name, password=password, name=person, role=role,
            area=str(DISTRICT_ID), provider_id=provider_id, caregiver_id=caregiver_id, password_hash=password_hash,
        )  # fmt: skip
        made.append((name, person, role))

    for name, person, role in DESK_LOGINS:
        login(name, person, role)
    for number, provider in enumerate(providers, 1):
        login(f"manager{number}", f"{provider.name[:4]}管理员", Role.MANAGER, provider.id)
    for number, caregiver in enumerate(people, 1):
        role = Role.RESPONDER if caregiver.responder else Role.CAREGIVER
        login(f"hl{number:02d}", caregiver.name, role, caregiver.provider_id, caregiver.id)
    return made
