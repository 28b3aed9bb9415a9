"""A city in the register: homes, an elder in each, a pendant round her neck; loaded by SQL."""

from typing import Final

from sqlalchemy import text

from app.access.rules import Role
from app.db import transaction
from app.vault import seal
from tests.cast import CENTRE, DISTRICT, PASSWORD, a_device, a_home, a_user, an_elder

COMMUNITIES: Final = 60
OPERATOR: Final = "yanghong"
SURNAMES: Final = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
GIVEN: Final = ("秀英", "桂兰", "玉珍", "淑芬", "凤英", "建国", "德福", "金花", "永贵", "素梅", "兰香", "志明")

HOMES = text(
    """
    insert into homes (district_id, division_code, estate, address, place, floor, lift)
    select h.district_id, c.codes[1 + n % array_length(c.codes, 1)], h.estate, h.address, h.place, 1 + n % 6, false
    from homes h, generate_series(2, cast(:count as int)) n,
        (select array_agg(code order by code) as codes from divisions where level = 'community') c
    where h.id = :home
    """
)
ELDERS = text(
    """
    insert into elders (district_id, division_code, home_id, name, pinyin, sex, born, level, register, categories,
        health, wishes, id_unverified)
    select h.district_id, h.division_code, h.id,
        substr(:surnames, 1 + (h.id % length(:surnames))::int, 1) || (cast(:given as text[]))[1 + h.id % :givens],
        e.pinyin, e.sex, e.born + (h.id % 5000)::int, e.level, e.register, e.categories, e.health, e.wishes, 'pending'
    from homes h, elders e where e.id = :elder and h.id <> e.home_id and not exists (
        select 1 from elders other where other.home_id = h.id)
    """
)
CONTACTS = text(
    """
    insert into contacts (district_id, division_code, elder_id, rank, name, relation, phone, phone_hash, is_emergency,
        has_key, minutes_away)
    select e.district_id, e.division_code, e.id, 1, '周慧', 'daughter', :phone, 'nobody', true, true, 10 from elders e
    """
)
DEVICES = text(
    """
    insert into devices (district_id, division_code, wire_id, model_id, home_id, elder_id, state, battery, link,
        last_seen_at)
    select e.district_id, e.division_code, 'city-' || row_number() over (order by e.id), d.model_id, e.home_id, e.id,
        'active', 80, 'unknown', now()
    from elders e, devices d where d.id = :device and e.id <> d.elder_id
    """
)


def wire_id(number: int) -> str:
    """The pendant of the elder with this number, from 1 on; 0 is the pattern the others were copied from."""
    return f"city-{number}"


def build(devices: int) -> None:
    """An empty, migrated database becomes a city. Sealed fields are the same ciphertext in every row."""
    with transaction() as session:
        session.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
        for n in range(COMMUNITIES):
            home = a_home(session, division_code=f"{DISTRICT}001{n + 1:03d}", place=CENTRE)
        elder = an_elder(session, home=home)
        device = a_device(session, elder=elder, wire_id=wire_id(0))
        a_user(session, Role.OPERATOR, login=OPERATOR, name="杨红")
        names = {"surnames": SURNAMES, "given": list(GIVEN), "givens": len(GIVEN)}
        session.execute(HOMES, {"home": home.id, "count": devices - COMMUNITIES + 1})
        session.execute(ELDERS, {"elder": elder.id, **names})
        session.execute(CONTACTS, {"phone": seal("13900000000")})
        session.execute(DEVICES, {"device": device.id})


__all__ = ["OPERATOR", "PASSWORD", "build", "wire_id"]
