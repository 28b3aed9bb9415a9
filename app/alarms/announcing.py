"""What the platform itself says to those it calls: an automatic call with keys to press, and the same as a message."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app import calendar
from app.alarms.climbing_rules import target_of
from app.alarms.climbing_tables import AlarmRung
from app.alarms.rules import AlarmKind
from app.alarms.tables import Alarm
from app.alarms.timers import RELATION_ZH
from app.calls import actions as calls
from app.calls.rules import Result, Target
from app.calls.tables import Call
from app.escalation.rules import RungKind
from app.messages import actions as messages
from app.messages import templates
from app.messages.rules import Channel, Kind
from app.people.tables import Caregiver, Contact, Elder, Home

A = AlarmKind
KIND_ZH: Final = {
    A.SOS: "紧急呼叫", A.FIRE: "火警", A.SMOKE: "烟雾报警", A.GAS: "燃气报警", A.FALL: "跌倒报警",
    A.OTHER_ALARM: "报警", A.TELEPHONE: "电话求助", A.WATER_LEAK: "漏水报警", A.INACTIVITY: "长时间无活动报警",
    A.GEOFENCE: "走失报警", A.VITALS: "体征异常报警", A.DOOR: "夜间开门报警", A.ENVIRONMENT: "室温异常报警",
    A.WORKER: "护理员求助",
}  # fmt: skip
COMES, CANNOT = "1", "2"  # keys
KINDS: Final = {
    RungKind.FAMILY: Kind.ALARM_FAMILY, RungKind.NEIGHBOUR: Kind.ALARM_COMMUNITY,
    RungKind.COMMUNITY: Kind.ALARM_COMMUNITY, RungKind.AMBULANCE: Kind.ALARM_RESCUE,
}  # fmt: skip
"""The words for each rung the platform calls."""
NUMBERS: Final = {Target.AMBULANCE: "120", Target.FIRE: "119"}


def announce(session: Session, alarm: Alarm, row: AlarmRung, *, now: datetime) -> Call:
    """Call whoever stands on a rung; a contact is told by message too, once for each rung. The words are templates."""
    target = target_of(row.kind, alarm.kind) or Target.CONTACT
    contact = session.get_one(Contact, row.contact_id) if row.kind is not RungKind.AMBULANCE else None
    elder_id = alarm.elder_id or (contact.elder_id if contact else None)
    kind, values = KINDS[row.kind], said_of(session, alarm, elder_id)
    if contact is not None and row.tried == 0:
        messages.say(
            session, kind=kind, values=values, district_id=alarm.district_id, division_code=alarm.division_code,
            key=f"alarm-{alarm.id}-rung-{row.id}", channel=Channel.SMS, to=contact.phone,
            to_whom=f"{contact.name}（{RELATION_ZH[contact.relation]}）", about=f"alarms/{alarm.id}", now=now,
            elder_id=elder_id,
        )  # fmt: skip
    return calls.announce(
        session, district_id=alarm.district_id, division_code=alarm.division_code, target=target,
        phone=contact.phone if contact else NUMBERS[target], ref=f"alarm-{alarm.id}-rung-{row.id}-{row.tried + 1}",
        say=templates.words(session, alarm.district_id, kind, Channel.VOICE, values), gather=COMES + CANNOT, now=now,
        elder_id=elder_id, contact_id=contact.id if contact else None, alarm_id=alarm.id,
    )  # fmt: skip


def said_of(session: Session, alarm: Alarm, elder_id: int | None) -> dict[str, str]:
    """What is said of an alarm: who, where, when and what; the door is for 120 and 119 alone, by their template."""
    elder = session.get(Elder, elder_id) if elder_id else None
    home_id = elder.home_id if elder else alarm.home_id
    home = session.get(Home, home_id) if home_id else None
    worker = session.get(Caregiver, alarm.worker_id) if alarm.worker_id else None
    return {
        "elder": worker.name if worker else elder.name if elder else "住户", "estate": home.estate if home else "",
        "where": f"{home.estate}{home.address}" if home else "",
        "time": f"{calendar.local(alarm.raised_at):%H:%M}", "what": KIND_ZH[alarm.kind],
    }  # fmt: skip


def meaning(call: Call) -> str:
    """What a call says to the tree: an operator's word; of an automatic one the key, «I am coming» or «I cannot»."""
    if call.automatic and call.pressed:
        return Result.HELP if call.pressed == COMES else Result.REFUSED
    return call.result or Result.NO_ANSWER
