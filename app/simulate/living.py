"""A month of hearts, steps, sleep and doors for some elders with a watch, and the first rules of the district."""

import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.tables import User
from app.alarms import actions as alarms
from app.alarms import hearing
from app.alarms.rules import AlarmKind, Verdict
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment.rules import DeviceKind, DeviceState
from app.equipment.tables import Device, DeviceModel, Reading
from app.monitoring import actions as rules
from app.monitoring import preview, watching
from app.monitoring.rules import RuleKind
from app.people.tables import Elder, Home
from app.places.rules import Place
from devices.signals import Kind

DAYS: Final = 30
WATCHED: Final = 8
BY: Final = "韩雪 (hanxue)"
EVERYBODYS: Final[dict[RuleKind, dict[str, Any]]] = {
    RuleKind.HEART_RATE: {"low": 42, "high": 125, "minutes": 10, "hysteresis": 5},
    RuleKind.SPO2: {"low": 88, "minutes": 10, "hysteresis": 2},
    RuleKind.BLOOD_PRESSURE: {"systolic": {"low": 85, "high": 180}, "diastolic": {"low": 45, "high": 110}},
    RuleKind.SMOKE_NO_ANSWER: {"minutes": 3, "calls": 2},
}
STRICTER: Final = {"low": 45, "high": 108, "minutes": 15, "hysteresis": 5}
STILL: Final = {"opens": "07:00", "closes": "21:00", "hours": 3}


def month(rng: random.Random, district_id: int, *, now: datetime) -> int:
    """Readings of the last thirty days, rules in force, and one version that waits for somebody to look at its preview.

    The answer is how many readings there are.
    """
    with transaction() as session:
        rows = session.execute(
            select(Device, Elder, Home)
            .join(DeviceModel, DeviceModel.id == Device.model_id)
            .join(Elder, Elder.id == Device.elder_id)
            .join(Home, Home.id == Elder.home_id)
            .where(Device.district_id == district_id, Device.state == DeviceState.ACTIVE)
            .where(DeviceModel.kind == DeviceKind.WATCH, Elder.away.is_(None))
            .order_by(Device.id)
            .limit(WATCHED)
        ).all()
        readings = 0
        for n, (watch, elder, home) in enumerate(rows):
            told = [*_lived(rng, watch, elder, home, now=now, worried=n == 0)]
            session.execute(insert(Reading), told)
            readings += len(told)
    if rows:
        _rules(district_id, rows[0][1], rows[0][2], now=now)
    return readings


def _lived(
    rng: random.Random, watch: Device, elder: Elder, home: Home, *, now: datetime, worried: bool
) -> Iterator[dict[str, Any]]:
    """Her watch every half hour, her pressure each morning; whoever worries us has a racing evening now and then."""
    rest, place = rng.uniform(60, 72), Place.of(home.place)
    uneasy = {3, 9, 10, 17, 24} if worried else set()
    charging = rng.randint(11, 16)  # the hour at which the watch lies on its charger
    for back in range(DAYS, -1, -1):
        begins, _ = calendar.day_bounds(calendar.day_of(now - timedelta(days=back)))
        steps, off = 0.0, rng.random() < 0.06
        for half in range(48):
            at = begins + timedelta(minutes=30 * half + rng.uniform(0, 4))
            hour = half / 2
            if at >= now or (off and hour > 12) or charging <= hour < charging + 1:
                continue
            awake = 6.5 <= hour < 21.5
            effort = max(0.0, math.sin((hour - 6) / 15.5 * math.pi)) * 16 if awake else -4
            racing = back in uneasy and 19 <= hour < 20.5
            rate = rest + effort + rng.gauss(0, 4) + (rng.uniform(40, 62) if racing else 0)
            steps += rng.expovariate(1 / 110) if awake and rng.random() < 0.7 else 0
            said: dict[str, Any] = {"heart_rate": round(rate), "steps": round(steps)}
            if half % 4 == 0:
                said["spo2"] = min(99, round(rng.gauss(96.3, 1.1)))
            if half == 15:
                said |= {"systolic": round(rng.gauss(136, 9)), "diastolic": round(rng.gauss(80, 6))}
            yield _reading(watch, elder, home, Kind.VITALS, at, said)
            if half % 6 == 0 and 8 <= hour <= 19:
                away = rng.gauss(0, 0.0006)
                spot = {"lat": place.lat + away, "lon": place.lon + away / 2, "accuracy_m": 18.0, "datum": "wgs84"}
                yield _reading(watch, elder, home, Kind.LOCATION, at + timedelta(seconds=30), {"valid": True}, spot)
            moved = awake and rng.random() < 0.85
            activity = {"movement": moved, "bed": not (6.2 <= hour < 21.8)}
            yield _reading(watch, elder, home, Kind.ACTIVITY, at + timedelta(minutes=1), activity)


def _reading(
    watch: Device, elder: Elder, home: Home, kind: Kind, at: datetime, said: dict[str, Any],
    place: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "district_id": watch.district_id, "division_code": home.division_code, "device_id": watch.id,
        "elder_id": elder.id, "home_id": home.id, "device_kind": DeviceKind.WATCH, "kind": kind, "at": at,
        "device_at": at, "history": False, "measured": {"readings": said, "place": place},
    }  # fmt: skip


def _rules(district_id: int, elder: Elder, home: Home, *, now: datetime) -> None:
    since = now - timedelta(days=40)
    with transaction() as session:
        for kind, params in EVERYBODYS.items():
            _switch_on(session, district_id, kind, params, None, at=since)
        place = Place.of(home.place)
        area = {"shape": "circle", "lat": place.lat, "lon": place.lon, "radius_m": 800}
        _switch_on(session, district_id, RuleKind.FENCE, {"areas": [area], "minutes": 20}, elder.id, at=since)
        watching.begin(session, district_id, now=now)
        session.info.pop("notices", None)
    _what_happened(elder, now=now)
    with transaction() as session:
        for kind, params, why in (
            (RuleKind.HEART_RATE, STRICTER, "出院医嘱：心率持续高于108要及时联系"),
            (RuleKind.NO_MOVEMENT, STILL, "独居，女儿希望更早知道"),
        ):
            rule = rules.rule_for(
                session, kind, district_id=district_id, elder_id=elder.id, model_id=None, by=BY, now=now
            )
            version = rules.draft(session, rule, params, by=BY, now=now, note=why)
            session.flush()
            if kind is RuleKind.HEART_RATE:
                rules.previewed(session, version, preview.preview(session, version, now=now), by=BY, now=now)
        session.info.pop("notices", None)


def _switch_on(
    session: Session, district_id: int, kind: RuleKind, params: dict[str, Any], elder_id: int | None, *, at: datetime
) -> None:
    rule = rules.rule_for(
        session, kind, district_id=district_id, elder_id=elder_id, model_id=None, by=BY, now=at
    )  # fmt: skip
    version = rules.draft(session, rule, params, by=BY, now=at)
    session.flush()
    rules.previewed(session, version, preview.preview(session, version, now=at), by=BY, now=at)
    rules.activate(session, version, by=BY, now=at)


def _what_happened(elder: Elder, *, now: datetime) -> None:
    """Two evenings on which her heart raced: one was real, one was the dancing on the square."""
    for back, verdict, note in ((17, Verdict.FALSE, "刚跳完广场舞"), (9, Verdict.REAL, "心悸，已联系家庭医生调整用药")):
        begins, _ = calendar.day_bounds(calendar.day_of(now - timedelta(days=back)))
        at = begins + timedelta(hours=19, minutes=48)
        with transaction() as session:
            user = session.scalars(select(User).where(User.login == "zhaomin")).one()
            me = Caller(user.id, user.login, user.name, user.role, user.district_id, "", user.area, None, None, "")
            who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
            press = hearing.Press(at, said={"rule": RuleKind.HEART_RATE.value})
            alarm = hearing.call_for_help(session, AlarmKind.VITALS, who, press, by="platform", now=at)
            later = at + timedelta(seconds=22)
            alarms.claim(session, alarm.id, me=me, now=later)
            answered = later + timedelta(seconds=31)
            alarms.call(session, alarm.id, target=Target.ELDER, me=me, now=answered, result=Result.SAFE)
            alarms.close(session, alarm.id, verdict, me=me, now=answered + timedelta(minutes=4), note=note)
            session.info.pop("notices", None)
