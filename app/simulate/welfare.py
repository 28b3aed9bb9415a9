"""The demo district's welfare visits: who goes, a list in tiers with visits behind it, and what is open on the desk."""

import random
import uuid
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.rules import Role
from app.config import settings
from app.db import add_rows, transaction
from app.people.rules import Sex
from app.people.tables import Caregiver, Provider
from app.places.rules import Mode, Place
from app.places.tables import Division
from app.welfare import actions, following, register
from app.welfare.actions import Reported
from app.welfare.rules import RiskTier, Visitor, WelfareOutcome, WelfareTopic, WelfareWay
from app.welfare.tables import WelfareElder, WelfareFinding, WelfareVisit

BUREAU, DESK = "李国栋 (liguodong)", "赵敏 (zhaomin)"
W, C, T = WelfareWay, WelfareOutcome, RiskTier
GOES: Final = (  # login, name, what she is, her streets
    ("xf01", "孙立", Sex.MALE, Visitor.COMMUNITY_WORKER, "370503001"),
    ("xf02", "马秀兰", Sex.FEMALE, Visitor.VOLUNTEER, "370503002"),
    ("xf03", "周晓燕", Sex.FEMALE, Visitor.SOCIAL_WORKER, "370503"),
)
BACK: Final = {T.HIGH: 8, T.KEY: 33, T.GENERAL: 95}  # days: a few beyond what the tier asks for
TOLD: Final[
    tuple[tuple[WelfareWay, WelfareOutcome, dict[str, Any], int], ...]
] = (  # what the last days brought: how, what came of it, the form, hours ago
    (W.HOME, C.SEEN, {"topics": {"home": "concern"}, "words": "卫生间地面滑，没有扶手", "wish": "想装扶手"}, 4),
    (W.HOME, C.SEEN, {"topics": {"food": "urgent"}, "words": "两天没有做饭，只吃馒头"}, 6),
    (W.PHONE, C.SEEN, {"topics": {"mood": "concern"}, "words": "老伴走后一个人不愿出门", "policy": True}, 27),
    (W.HOME, C.SEEN, {"topics": {"equipment": "concern"}, "words": "手环没电了，充电器找不到"}, 29),
    (W.HOME, C.SEEN, {"topics": {"health": "concern"}, "words": "膝盖疼，走路不稳", "wish": "想上门助浴"}, 50),
    (W.VIDEO, C.SEEN, {"topics": {"family": "concern"}, "words": "儿子在外地，两个月没打电话", "urged": True}, 52),
    (W.HOME, C.AWAY, {"words": "邻居说去女儿家住几天"}, 75),
    (W.PHONE, C.REFUSED, {"words": "说身体好，不用来"}, 80),
)


def visited(rng: random.Random, district_id: int, password: str, *, now: datetime) -> list[tuple[str, str, Role]]:
    """Answers the logins of those who go."""
    with transaction() as session:
        people = _who_goes(session, district_id, password, at=now - timedelta(days=200))
        register.enlist(session, district_id, by=BUREAU, now=now)
        session.execute(update(WelfareElder).values(listed_on=calendar.day_of(now - timedelta(days=120))))
        _behind(session, rng, district_id, people, now=now)
        session.info.pop("notices", None)
    with transaction() as session:
        _lately(session, people, now=now)
        session.info.pop("notices", None)
    return [(login, name, Role.RESPONDER) for login, name, *_ in GOES]


def _who_goes(session: Session, district_id: int, password: str, *, at: datetime) -> list[Caregiver]:
    club = Provider(
        district_id=district_id, name="河口区社区志愿服务总队", credit_code="51370503MJE0000031", phone="05463660031",
        grade=None,
    )  # fmt: skip
    session.add(club)
    session.flush()
    password_hash, people = access.hasher.hash(password), []
    for number, (login, name, sex, kind, area) in enumerate(GOES, 1):
        code = f"{(area + '001')[:9]:0<12}"
        street = session.get_one(Division, code)
        caregiver = Caregiver(
            district_id=district_id, provider_id=club.id, division_code=code, name=name, sex=sex,
            phone=f"1385463{number:04d}", mode=Mode.EBIKE, base=Place(street.lat, street.lon).as_json(),
        )  # fmt: skip
        session.add(caregiver)
        session.flush()
        access.add_user(
            session, district_id=district_id, login=login, password=password, name=name, role=Role.RESPONDER,
            area=area, provider_id=club.id, caregiver_id=caregiver.id, password_hash=password_hash,
        )  # fmt: skip
        register.send(session, caregiver.id, kind, area, by=BUREAU, now=at)
        people.append(caregiver)
    return people


def _behind(session: Session, rng: random.Random, district_id: int, people: list[Caregiver], *, now: datetime) -> None:
    """One quiet visit for nearly everybody, as long ago as her tier allows or a little longer."""
    fine = {topic.value: "fine" for topic in WelfareTopic}
    rows = []
    for one in session.scalars(select(WelfareElder).order_by(WelfareElder.id)):
        if rng.random() < 0.02:
            continue  # never yet
        at = now - timedelta(days=rng.uniform(0.3, BACK[one.tier]), minutes=rng.uniform(0, 300))
        who = rng.choice(people)
        rows.append(
            {
                "district_id": district_id, "division_code": one.division_code, "elder_id": one.elder_id,
                "event_id": str(uuid.UUID(int=rng.getrandbits(128), version=4)), "caregiver_id": who.id,
                "way": rng.choices(tuple(W), (6, 3, 1))[0], "outcome": C.SEEN, "happened_at": at, "device_at": at,
                "received_at": at, "form": {"topics": fine}, "by": who.name,
            }
        )  # fmt: skip
    add_rows(session, WelfareVisit, rows)
    session.execute(
        text(
            "update welfare_elders e set last_at = v.at, last_on = (v.at at time zone :zone)::date"
            " from (select elder_id, max(happened_at) as at from welfare_visits group by elder_id) v"
            " where v.elder_id = e.elder_id"
        ),
        {"zone": settings().timezone},
    )


def _lately(session: Session, people: list[Caregiver], *, now: datetime) -> None:
    """What was found, told by whoever goes everywhere; somebody who did not answer twice; some of it in hand."""
    who = people[-1]
    elders = session.scalars(
        select(WelfareElder.elder_id).where(WelfareElder.tier == T.KEY).order_by(WelfareElder.last_at).limit(40)
    ).all()
    told = [(elder, *one) for elder, one in zip(elders[::3], TOLD, strict=False)]
    told += [(elders[1], W.HOME, C.NO_ANSWER, {"words": "敲门无人，电话没接"}, hours) for hours in (49, 5)]
    told += [(elders[2], W.PHONE, C.NO_ANSWER, {}, 3)] if len(elders) > 2 else []
    for number, (elder, way, outcome, form, hours) in enumerate(told, 1):
        at = now - timedelta(hours=hours)
        one = Reported(uuid.uuid5(uuid.NAMESPACE_OID, f"welfare {number}"), elder, way, outcome, number, at, data=form)
        actions.receive(session, who, [one], sent_at=at, by=who.name, now=at)
    open_ = session.scalars(select(WelfareFinding).order_by(WelfareFinding.id)).all()
    for finding, event in zip(open_[3:], ("take", "refer"), strict=False):
        if event == "take":
            following.take(session, finding.id, by=DESK, now=now)
        else:
            following.refer(session, finding.id, "社区卫生服务中心", by=DESK, now=now)
