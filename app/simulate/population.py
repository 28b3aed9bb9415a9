"""Who lives in the district: elders with level, health and household, contacts and care teams; caregivers.

Shares are estimates for demos and benchmarks, not statistics.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Any, Final

from app.people.rules import AbilityLevel, Category, Register, Relation, Sex, Skill, TeamRole
from app.places.rules import Mode, Place
from app.simulate.geography import Door, Geography
from app.simulate.names import Names

LEVELS: Final = {
    AbilityLevel.INTACT: 0.30, AbilityLevel.MILD: 0.25, AbilityLevel.MODERATE: 0.27, AbilityLevel.SEVERE: 0.13,
    AbilityLevel.TOTAL: 0.05,
}  # fmt: skip
CONDITIONS: Final = (
    ("高血压", "氨氯地平 5mg 早"), ("2型糖尿病", "二甲双胍 0.5g 早晚"), ("冠心病", "阿司匹林 100mg 晚"),
    ("脑梗死后遗症", "氯吡格雷 75mg"), ("膝骨关节炎", "双氯芬酸 外用"), ("骨质疏松", "钙尔奇D 每日"),
    ("慢阻肺", "沙丁胺醇 必要时"), ("白内障", ""), ("帕金森病", "多巴丝肼 三次"), ("心房颤动", "利伐沙班 15mg"),
    ("髋关节置换术后", ""), ("前列腺增生", "坦索罗辛 睡前"), ("听力下降", ""),
)  # fmt: skip
ALLERGIES: Final = ("青霉素", "磺胺类", "头孢类", "海鲜", "碘造影剂")
NOTES: Final = ("走路不稳，扶好再起身", "耳背，说话靠近右耳", "怕冷，洗浴前先开暖风", "记性差，请写在日历上",
                "爱干净，进门换鞋套",                 "早晨低血糖，随身带糖", "夜里起夜多，留一盏灯")  # fmt: skip
ACCESS_NOTES: Final = (
    "门禁 {code}#",
    "钥匙在门口信箱，密码 {code}",
    "敲门要久一点，耳背",
    "院里有狗，先打电话",
    "单元门坏了，直接推开",
)
SKILLS: Final = (  # share, and every which one has it for certain, so that each provider can serve each item
    (Skill.BATHING, 0.55, 2), (Skill.REHAB, 0.20, 5), (Skill.NURSING, 0.12, 4), (Skill.ESCORT, 0.5, 3),
    (Skill.FIRST_AID, 0.4, 4),
)  # fmt: skip
MORNING, AFTERNOON = (time(8), time(11, 30)), (time(13, 30), time(17, 30))


@dataclass(frozen=True)
class SomeContact:
    """A contact to be."""

    name: str
    relation: Relation
    phone: str
    has_key: bool
    minutes_away: int


@dataclass(frozen=True)
class SomeElder:
    """An elder to be."""

    name: str
    sex: Sex
    born: date
    level: AbilityLevel
    register: Register
    categories: list[str]
    door: Door
    access_note: str | None
    phone: str
    id_number: str
    health: dict[str, Any]
    wishes: dict[str, Any]
    contacts: list[SomeContact]
    team: dict[TeamRole, tuple[str, str]]
    shares_home_with: int | None = None  # index of the spouse


@dataclass(frozen=True)
class SomeCaregiver:
    """A caregiver to be."""

    name: str
    sex: Sex
    phone: str
    mode: Mode
    skills: dict[Skill, date | None]
    responder: bool
    division_code: str
    base: Place
    days: tuple[int, ...]
    shifts: tuple[tuple[time, time], ...] = field(default=(MORNING, AFTERNOON))


def elders(
    rng: random.Random, names: Names, land: Geography, count: int, served: int, today: date
) -> Iterator[SomeElder]:
    """`count` elders, the first `served` of them on purchased service; one in six lives with a spouse in the list."""
    towns, villages = land.codes(urban=True), land.codes(urban=False)
    previous: SomeElder | None = None
    for index in range(count):
        register = Register.PURCHASED_SERVICE if index < served else Register.WELFARE_VISITS
        if previous and previous.shares_home_with is None and index != served and rng.random() < 0.16:
            elder = _spouse(rng, names, land, previous, index - 1, register, today)
        else:
            code = rng.choice(towns) if rng.random() < (0.72 if index < served else 0.5) else rng.choice(villages)
            elder = _elder(rng, names, land, land.door(code), register, today)
        yield elder
        previous = elder


def _elder(
    rng: random.Random, names: Names, land: Geography, door: Door, register: Register, today: date,
    sex: Sex | None = None, level: AbilityLevel | None = None, partner: int | None = None,
) -> SomeElder:  # fmt: skip
    sex = sex or (Sex.FEMALE if rng.random() < 0.58 else Sex.MALE)
    level = level or rng.choices(list(LEVELS), list(LEVELS.values()))[0]
    age = min(101, max(60, round(rng.gauss(78 + 2 * list(LEVELS).index(level), 7))))
    born = date(today.year - age, rng.randint(1, 12), rng.randint(1, 28))
    name = names.elder(sex)
    categories = _categories(rng, level, age, partner is not None, door)
    conditions = rng.sample(CONDITIONS, min(len(CONDITIONS), 1 + list(LEVELS).index(level) // 2 + rng.randint(0, 2)))
    allergies = [rng.choice(ALLERGIES)] if rng.random() < 0.14 else []
    contacts = _contacts(rng, names, name, categories, door, land)
    team = {}
    if Category.TEKUN in categories or level in (AbilityLevel.SEVERE, AbilityLevel.TOTAL):
        team = {role: (names.adult(rng.choice(list(Sex))), names.phone()) for role in TeamRole}
        if rng.random() < 0.35:
            del team[rng.choice(list(team))]
    return SomeElder(
        name=name, sex=sex, born=born, level=level, register=register, categories=categories, door=door,
        access_note=rng.choice(ACCESS_NOTES).format(code=rng.randint(1000, 9999)) if rng.random() < 0.55 else None,
        phone=names.phone(), id_number=names.id_number(int(door.division_code[:6]), born, sex),
        health={
            "conditions": [condition for condition, _ in conditions],
            "allergies": allergies,
            "medicines": [medicine for _, medicine in conditions if medicine],
            "notes": rng.sample(NOTES, rng.randint(0, 2)),
            **_told(name, level, today),
        },
        wishes={"same_sex_bathing": rng.random() < 0.10}, contacts=contacts, team=team, shares_home_with=partner,
    )  # fmt: skip


def _told(name: str, level: AbilityLevel, today: date) -> dict[str, object]:
    """Who told what of her health, and when; of some nobody ever has. Draws of its own leave the other draws alone."""
    rng = random.Random(f"{name}/{level}/health")
    source = rng.choice(("family", "hospital", "doctor", "assessment"))
    as_of = (today - timedelta(days=rng.randint(5, 400))).isoformat()
    parts = ["conditions", "medicines"] + (["allergies"] if rng.random() < 0.8 else [])
    found: dict[str, object] = {}
    if rng.random() < 0.6:
        found["blood_type"] = rng.choice(("A", "B", "O", "AB"))
    if level in (AbilityLevel.SEVERE, AbilityLevel.TOTAL) and rng.random() < 0.3:
        found |= {"resuscitation": rng.choice(("full", "not_wished")), "wishes": "送区人民医院，先通知子女"}
    told = {part: {"as_of": as_of, "source": source} for part in [*parts, *found]}
    return {**found, "told": told}


def _spouse(
    rng: random.Random, names: Names, land: Geography, partner: SomeElder, index: int, register: Register, today: date
) -> SomeElder:
    sex = Sex.MALE if partner.sex is Sex.FEMALE else Sex.FEMALE
    return _elder(rng, names, land, partner.door, register, today, sex=sex, partner=index)


def _categories(rng: random.Random, level: AbilityLevel, age: int, couple: bool, door: Door) -> list[str]:
    tags: list[str] = []
    if not couple and rng.random() < 0.42:
        tags.append(Category.LIVING_ALONE)
    elif rng.random() < 0.3:
        tags.append(Category.EMPTY_NEST)
    if door.floor == 1 and not door.lift and "号楼" not in door.address and rng.random() < 0.3:
        tags.append(Category.LEFT_BEHIND)
    tags += [tag for tag, share in (
        (Category.TEKUN, 0.05), (Category.DIBAO, 0.12), (Category.DIBAO_MARGINAL, 0.06),
        (Category.FAMILY_PLANNING_SPECIAL, 0.02), (Category.VETERAN_BENEFIT, 0.05),
    ) if rng.random() < share]  # fmt: skip
    demented = level in (AbilityLevel.SEVERE, AbilityLevel.TOTAL) and rng.random() < 0.3
    if (demented or age > 85 and rng.random() < 0.12) and level is not AbilityLevel.INTACT:
        tags.append(Category.DEMENTIA)  # whoever has it is at least mildly disabled
    return [str(tag) for tag in tags]


def _contacts(
    rng: random.Random, names: Names, elder: str, categories: list[str], door: Door, land: Geography
) -> list[SomeContact]:
    found: list[SomeContact] = []
    children = 0 if Category.FAMILY_PLANNING_SPECIAL in categories else rng.choices((0, 1, 2, 3), (6, 34, 42, 18))[0]
    for _ in range(children):
        sex = rng.choice(list(Sex))
        relation = Relation.SON if sex is Sex.MALE else Relation.DAUGHTER
        away = rng.choice((10, 15, 25, 40, 90, 240))
        found.append(SomeContact(names.adult(sex, elder[0]), relation, names.phone(), rng.random() < 0.5, away))
    found.sort(key=lambda contact: contact.minutes_away)
    if not found or rng.random() < 0.4:
        neighbour = SomeContact(
            names.adult(rng.choice(list(Sex))), Relation.NEIGHBOUR, names.phone(), rng.random() < 0.4, rng.randint(1, 4)
        )
        found.append(neighbour)
    area = land.name_of(door.division_code)
    worker = names.adult(rng.choice(list(Sex)))
    found.append(
        SomeContact(f"{area} 网格员 {worker}", Relation.COMMUNITY_WORKER, names.phone(), False, rng.randint(4, 15))
    )
    return found


def caregivers(
    rng: random.Random, names: Names, count: int, bases: list[tuple[str, Place]], today: date
) -> list[SomeCaregiver]:
    """Caregivers spread over the bases; every provider has people who bathe, and no two days off fall together."""
    people = []
    for index in range(count):
        sex = Sex.FEMALE if index % 8 else Sex.MALE
        skills: dict[Skill, date | None] = {Skill.CLEANING: None, Skill.MEALS: None, Skill.ERRANDS: None}
        for skill, share, every in SKILLS:
            if rng.random() < share or index % every == 1:
                skills[skill] = today + timedelta(days=rng.randint(40, 900))
        code, base = bases[index % len(bases)]
        people.append(
            SomeCaregiver(
                names.adult(sex),
                sex,
                names.phone(),
                rng.choices((Mode.EBIKE, Mode.WALK, Mode.CAR), (8, 1, 1))[0],
                skills,
                responder=index % 6 == 1,
                division_code=code,
                base=base,
                days=tuple(day for day in range(7) if day != (5 + index) % 7 or day < 5 and index % 2),
            )
        )
    return people
