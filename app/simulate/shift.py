"""What the shift before has left on the desk: cases to go on with, a signed sheet, tests under way, trees of their own.

Written through the desk's own actions, each at its moment.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.rules import Role
from app.access.tables import User
from app.alarms import actions, duty, handover, hearing, on_test, publishing
from app.alarms.default_patterns import DEFAULTS
from app.alarms.patterns import Do, Pattern, Step
from app.alarms.rules import AlarmKind, Verdict
from app.alarms.tables import Alarm
from app.calls.rules import Result, Target
from app.db import transaction
from app.equipment.rules import DeviceKind, DeviceState
from app.equipment.tables import Device, DeviceModel
from app.escalation import actions as escalation
from app.escalation import queries as trees
from app.escalation.rules import CONTACTS, HELP, Hours, Rung, RungKind, Tree
from app.people.tables import Caregiver, Contact, Elder

LEAD_PHONE: Final = "13905460018"
HANDED_OVER: Final = timedelta(minutes=6)  # the sheet is written so long before the shift ends
K: Final = RungKind


@dataclass(frozen=True)
class Desk:
    """Who was there, and whose buttons these stories are about."""

    leaves: Caller
    comes: Caller
    lead: Caller
    worn: Sequence[tuple[Device, Elder]]


def left(district_id: int, *, now: datetime) -> None:
    """Everything; a small district has what its devices and contacts allow."""
    with transaction() as session:
        desk = _desk(session, district_id)
        _trees(session, desk, now=now)
        _patterns(session, desk, now=now)
        ended = _shift_ended(now)
        if len(desk.worn) >= 3:
            _cases(session, desk, ended=ended, now=now)
            _tests(session, desk, ended=ended, now=now)
        session.info.pop("notices", None)


def _desk(session: Session, district_id: int) -> Desk:
    users = {user.login: user for user in session.scalars(select(User).where(User.district_id == district_id))}
    for user in users.values():
        if user.role is Role.SHIFT_LEAD:
            user.phone = LEAD_PHONE

    def caller(login: str) -> Caller:
        user = users[login]
        return Caller(user.id, user.login, user.name, user.role, district_id, "", user.area, None, None, "")

    rows = session.execute(
        select(Device, Elder)
        .join(DeviceModel, DeviceModel.id == Device.model_id)
        .join(Elder, Elder.id == Device.elder_id)
        .where(Device.district_id == district_id, Device.state == DeviceState.ACTIVE)
        .where(DeviceModel.kind == DeviceKind.HELP_BUTTON, Elder.away.is_(None), Elder.ended_at.is_(None))
        .where(select(Contact.id).where(Contact.elder_id == Elder.id).exists())
        .order_by(Device.id)
    ).all()
    worn = {elder.id: (device, elder) for device, elder in rows}
    return Desk(caller("sunlei"), caller("zhaomin"), caller("wangqin"), list(worn.values()))


def _shift_ended(now: datetime) -> datetime:
    """The last change of shift, at 0, 8 or 16 o'clock, that is some minutes behind."""
    midnight, _ = calendar.day_bounds(calendar.day_of(now))
    changes = (midnight + timedelta(hours=hours) for hours in (16, 8, 0, -8))
    return next(at for at in changes if at + timedelta(minutes=15) <= now)


# -- cases ---------------------------------------------------------------------------------------------------


def _cases(session: Session, desk: Desk, *, ended: datetime, now: datetime) -> None:
    """Two go over to the next shift: one waits for a hospital, one is called again."""
    me = desk.leaves
    first = _answered(session, desk, 0, AlarmKind.SOS, ended - timedelta(minutes=70))
    at = ended - timedelta(minutes=66)
    whom = select(Contact).where(Contact.elder_id == desk.worn[0][1].id).order_by(Contact.rank).limit(1)
    contact = session.scalars(whom).one()
    actions.call(session, first.id, target=Target.ELDER, result=Result.NO_ANSWER, me=me, now=at)
    actions.call(
        session, first.id, target=Target.CONTACT, contact_id=contact.id, result=Result.HELP, note="胸闷，已陪同去医院",
        me=me, now=at + timedelta(minutes=1),
    )  # fmt: skip
    at += timedelta(minutes=3)
    actions.follow_up(session, first.id, minutes=_minutes(at, now + timedelta(minutes=45)), me=me, now=at)
    actions.suspend(
        session, first.id, _minutes(at, now + timedelta(minutes=30)), "家属陪同检查，等医院结果", me=me, now=at
    )

    second = _answered(session, desk, 1, AlarmKind.SOS, ended - timedelta(minutes=38))
    at = ended - timedelta(minutes=36)
    actions.call(session, second.id, target=Target.ELDER, result=Result.SAFE, note="起身时头晕，已坐下", me=me, now=at)
    at += timedelta(minutes=2)
    actions.follow_up(session, second.id, minutes=_minutes(at, now + timedelta(minutes=75)), me=me, now=at)

    notes = {first.id: f"{contact.name}到院后会回电，结果出来再结案", second.id: "提醒量血压，必要时请家庭医生上门"}
    words = "本班报警平稳，2 件转回访。燃气公司下午上门年检，已设测试时段，仍照常响铃、听到人声才算测试。"
    sheet = handover.write(session, desk.comes.id, words, notes, me=me, now=ended - HANDED_OVER)
    session.flush()
    signed = ended + timedelta(minutes=2)
    handover.sign(session, sheet.id, me=desk.comes, now=signed)
    duty.close(session, desk.comes, now=min(signed + timedelta(hours=2), now))


def _answered(session: Session, desk: Desk, n: int, kind: AlarmKind, at: datetime) -> Alarm:
    device, elder = desk.worn[n]
    who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id, device.id, device.wire_id)
    alarm = hearing.call_for_help(session, kind, who, hearing.Press(at), by=f"device {device.wire_id}", now=at)
    return actions.claim(session, alarm.id, me=desk.leaves, now=at + timedelta(seconds=8))


def _minutes(since: datetime, until: datetime) -> int:
    return max(1, round((until - since).total_seconds() / 60))


# -- tests under way -----------------------------------------------------------------------------------------


def _tests(session: Session, desk: Desk, *, ended: datetime, now: datetime) -> None:
    """One test of the shift before, taken for one after a voice said so; two windows are open."""
    device, elder = desk.worn[2]
    begins = ended - timedelta(hours=3)
    on_test.begin(session, home_id=elder.home_id, device_id=None, installer_id=None, minutes=60,
                  reason="社区组织试按", me=desk.lead, now=begins)  # fmt: skip
    tested = _answered(session, desk, 2, AlarmKind.SOS, begins + timedelta(minutes=12))
    spoken = begins + timedelta(minutes=13)
    actions.call(session, tested.id, target=Target.ELDER, result=Result.SAFE, me=desk.leaves, now=spoken)
    assert on_test.confirm(session, tested.id, None, me=desk.leaves, now=spoken).verdict is Verdict.TEST
    on_test.set_word(session, elder.id, "海棠花开", me=desk.lead, now=begins)
    since = now - timedelta(minutes=20)
    homes = [other.home_id for _, other in desk.worn[3:4]] or [elder.home_id]
    on_test.begin(session, home_id=homes[0], device_id=None, installer_id=None, minutes=240,
                  reason="燃气报警器年检，燃气公司上门", me=desk.lead, now=since)  # fmt: skip
    installer = session.scalars(
        select(Caregiver.id).order_by(Caregiver.responder.desc(), Caregiver.id).limit(1)
    ).first()
    on_test.begin(session, home_id=None, device_id=device.id, installer_id=installer, minutes=120,
                  reason="更换电池后试机", me=desk.lead, now=since)  # fmt: skip


# -- trees and patterns --------------------------------------------------------------------------------------


def _trees(session: Session, desk: Desk, *, now: datetime) -> None:
    """What families have told: who comes first, who sleeps by day, who needs longer to the telephone."""
    days = (200, 41, 12, 7, 430)
    for (_, elder), (change, why), back in zip(desk.worn, CHANGES, days, strict=False):
        default = trees.held(session, elder.id).tree
        beside = {AlarmKind.SOS: [K.RESPONDER]} if change is _at_once else {}
        tree = Tree(rungs=change(default.rungs), at_once={**default.at_once, **beside}, silence=default.silence)
        made = now - timedelta(days=back)
        escalation.save(session, elder.id, tree, based_on=None, by=desk.lead.by, now=made, note=why)


def _near_first(rungs: Sequence[Rung]) -> list[Rung]:
    """Whoever lives near is called before the children."""
    people = [rung for rung in rungs if rung.kind in CONTACTS]
    near = sorted(people, key=lambda rung: (K.NEIGHBOUR, K.COMMUNITY, K.FAMILY).index(rung.kind))
    return [*(r for r in rungs if r.kind in (K.DEVICE, K.ELDER)), *near, *(r for r in rungs if r.kind in HELP)]


def _by_night(rungs: Sequence[Rung]) -> list[Rung]:
    """Who works at night is left to sleep by day."""
    hours = Hours(opens=time(16), closes=time(8))
    first = next((rung for rung in rungs if rung.kind is K.FAMILY), None)
    return [rung.model_copy(update={"hours": hours}) if rung is first else rung for rung in rungs]


def _patiently(rungs: Sequence[Rung]) -> list[Rung]:
    """She needs longer to the telephone."""
    slow = {"attempts": 3, "wait": 60}
    return [rung.model_copy(update=slow) if rung.kind is K.ELDER else rung for rung in rungs]


def _at_once(rungs: Sequence[Rung]) -> list[Rung]:
    """The same people; a responder goes beside the first call."""
    return list(rungs)


def _once_more(rungs: Sequence[Rung]) -> list[Rung]:
    """The family is tried three times."""
    return [rung.model_copy(update={"attempts": 3}) if rung.kind is K.FAMILY else rung for rung in rungs]


CHANGES: Final = (
    (_near_first, "子女在外地，邻居和网格员先去看"),
    (_by_night, "家属上夜班，白天休息，下午四点后再打"),
    (_patiently, "听力差、走得慢，电话多响一会儿"),
    (_at_once, "心衰，一按铃就同时派人"),
    (_once_more, "子女在车间，头一遍常听不到"),
)


def _patterns(session: Session, desk: Desk, *, now: datetime) -> None:
    """The district looks at the map with the family first; one elder who loses her way has steps of her own."""
    for pattern, kind, elder_id, back, note in _published(desk):
        publishing.publish(session, kind, pattern, elder_id=elder_id, after=0, effective_from=None, note=note,
                           me=desk.lead, now=now - timedelta(days=back))  # fmt: skip


def _published(desk: Desk) -> Iterator[tuple[Pattern, str, int | None, int, str]]:
    outing = _checking("with_family", "先问家属：是不是陪同外出、走亲戚", "Ask the family: is she out with them?")
    yield _with(AlarmKind.GEOFENCE, outing), AlarmKind.GEOFENCE, None, 60, "多次误报为家属陪同外出，先核对"
    if len(desk.worn) > 3:
        _, elder = desk.worn[3]
        oxygen = _checking(
            "oxygen", "提醒：在家吸氧，问氧气管是否脱落", "She is on oxygen: ask whether the tube is off"
        )
        yield _with(AlarmKind.SOS, oxygen), AlarmKind.SOS, elder.id, 15, "出院医嘱，随照护计划一起修订"


def _checking(key: str, zh: str, en: str) -> Step:
    return Step(key=key, do=Do.CHECK, words={"zh-CN": zh, "en": en})


def _with(kind: AlarmKind, check: Step) -> Pattern:
    """The platform's own steps, with one more to look at after the alarm is taken."""
    claim, *rest = DEFAULTS[kind].steps
    return Pattern(steps=[claim, check, *rest])
