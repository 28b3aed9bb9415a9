"""The card for 120: who, where, how to get in, what to know; opened with a reason that stays on record."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.queries import Caller
from app.access.rules import DESK
from app.access.tables import AccessLog, User
from app.alarms import log, sending
from app.alarms.announcing import KIND_ZH
from app.alarms.rules import AlarmKind
from app.alarms.sending_rules import STANDING
from app.alarms.tables import Alarm
from app.alarms.timers import RELATION_ZH
from app.calls.rules import REACHED, Target
from app.calls.tables import Call
from app.config import settings
from app.desk.card_rules import CardReason, NoNumber, Sms, SmsTo, composed
from app.equipment.measures import VITAL
from app.errors import NotFound
from app.messages import actions as messages
from app.messages.rules import Channel
from app.monitoring import queries as monitoring
from app.people import health
from app.people import queries as people
from app.people.rules import AbilityLevel, Relation, Sex
from app.people.tables import Caregiver, Contact, Elder, Home
from app.places.rules import Datum

VITALS_SINCE = timedelta(days=3)
SEX_ZH = {Sex.FEMALE: "女", Sex.MALE: "男"}
ASKED = {"hear": "answers", "breathe": "breathes"}
"""Questions of the scripts that 120 asks too."""
PART_ZH = {
    health.Part.ALLERGIES: "过敏", health.Part.CONDITIONS: "病史", health.Part.MEDICINES: "用药",
    health.Part.BLOOD_TYPE: "血型", health.Part.RESUSCITATION: "抢救意愿", health.Part.WISHES: "嘱托",
}  # fmt: skip
WISH_ZH = {health.Resuscitation.FULL: "全力抢救", health.Resuscitation.NOT_WISHED: "不做心肺复苏（有书面文件）"}


class PartOut(BaseModel):
    """One part of what is known of her health; `value` is null where nobody has told."""

    part: health.Part
    value: list[str] | str | None
    as_of: date | None
    source: health.ToldBy | None


class CardPlace(BaseModel):
    """A position, its datum, how well and since when it is known; without a time it is the home's."""

    lat: float
    lon: float
    datum: Datum
    accuracy_m: float | None
    source: str | None
    at: datetime | None


class VitalOut(BaseModel):
    """The latest of one measure."""

    metric: str
    value: float
    at: datetime


class KeyOut(BaseModel):
    """Who can open, with the number in the clear."""

    name: str
    relation: Relation
    phone: str
    minutes_away: int | None


class Condition(BaseModel):
    """What 120 asks first of her: whether she answers, whether she breathes well; null is «nobody has asked»."""

    answers: bool | None  # she speaks; false: she was called, or spoken to, and does not
    breathes: bool | None  # well, and does not bleed heavily
    at: datetime | None  # when that was last heard


class FamilyTold(BaseModel):
    """Somebody of the family who was spoken to about this alarm."""

    name: str
    relation: Relation
    at: datetime


class SmsOut(BaseModel):
    """The card as one message; `cut` names what had to be left out."""

    text: str
    parts: int
    cut: list[str]
    to_ambulance: bool  # whether a number of the 120 centre is configured
    to_responder: str | None


class Card(BaseModel):
    """What 120 asks, in the order it asks; null is «not known»."""

    alarm_id: int
    kind: AlarmKind
    raised_at: datetime
    count: int
    address: str | None
    division: str | None
    entry: str | None
    floor: int | None
    lift: bool | None
    place: CardPlace | None
    name: str | None
    sex: Sex | None
    age: int | None
    level: AbilityLevel | None
    phone: str | None
    condition: Condition
    health: list[PartOut]
    vitals: list[VitalOut]
    key_holders: list[KeyOut]
    family_told: list[FamilyTold]
    responder: str | None
    responder_phone: str | None
    eta_at: datetime | None
    caller: str
    hotline: str
    opened_at: datetime
    sms: SmsOut


def opened(session: Session, alarm_id: int, reason: CardReason, me: Caller, *, now: datetime) -> Card:
    """The card, in the clear; that it was opened, by whom and why, is on record in two places."""
    alarm = _alarm(session, alarm_id)
    why = f"card {reason} alarm {alarm.id}"
    access.note_access(
        session, me, elder_id=alarm.elder_id, field="card", reason=why, now=now, alarm_id=alarm.id, why=reason
    )
    log.append(session, alarm, "card", alarm.state, alarm.state, by=me.by, now=now, reason=reason)
    return card(session, alarm, me.name, now=now)


def send(session: Session, alarm_id: int, to: SmsTo, me: Caller, *, now: datetime) -> Sms:
    """The card as one message to the 120 centre or to whoever is on the way; raises NoNumber."""
    alarm = _alarm(session, alarm_id)
    shown = card(session, alarm, me.name, now=now)
    phone, whom = (
        (settings().ambulance_phone, "120急救中心")
        if to is SmsTo.AMBULANCE
        else (shown.responder_phone, f"{shown.responder}（护理员）")
    )
    if not phone:
        raise NoNumber("No number of the 120 centre is configured." if to is SmsTo.AMBULANCE else "Nobody is sent.")
    access.note_access(
        session, me, elder_id=alarm.elder_id, field="card", reason=f"card sms {to} alarm {alarm.id}", now=now,
        alarm_id=alarm.id, why=f"sms_{to}",
    )  # fmt: skip
    sms = Sms(shown.sms.text, shown.sms.parts, shown.sms.cut)
    messages.tell(
        session, district_id=alarm.district_id, division_code=alarm.division_code,
        key=f"card-{alarm.id}-{to}-{now.isoformat()}", channel=Channel.SMS, to=phone, to_whom=whom, text=sms.text,
        about=f"alarms/{alarm.id}", now=now,
    )  # fmt: skip
    log.append(session, alarm, "card_sms", alarm.state, alarm.state, by=me.by, now=now, to=to, cut=sms.cut)
    return sms


def _alarm(session: Session, alarm_id: int) -> Alarm:
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    if alarm is None:
        raise NotFound("There is no such alarm.")
    return alarm


def card(session: Session, alarm: Alarm, caller: str, *, now: datetime) -> Card:
    """Everything 120 asks. Whoever calls this has put it on record."""
    elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
    home = session.get(Home, alarm.home_id) if alarm.home_id else None
    division = people.home_of(session, elder)[1].name if elder else None
    contacts = people.contacts_of(session, elder.id) if elder else ()
    coming = next((o for o, _ in reversed(sending.offers_of(session, alarm.id)) if o.state in STANDING), None)
    responder = session.get(Caregiver, coming.caregiver_id) if coming else None
    filled = Card(
        alarm_id=alarm.id, kind=alarm.kind, raised_at=alarm.raised_at, count=alarm.count,
        address=f"{home.estate} {home.address}" if home else None, division=division,
        entry=home.access_note if home else None, floor=home.floor if home else None, lift=home.lift if home else None,
        place=_place(alarm, home), name=elder.name if elder else None, sex=elder.sex if elder else None,
        age=calendar.age_on(elder.born, calendar.day_of(now)) if elder else None, level=elder.level if elder else None,
        phone=elder.phone if elder else None,
        condition=_condition(session, alarm),
        health=[PartOut(**vars(one)) for one in health.known(elder.health if elder else {})],
        vitals=_vitals(session, alarm, now=now), family_told=_told(session, alarm, contacts),
        key_holders=[
            KeyOut(name=c.name, relation=c.relation, phone=c.phone, minutes_away=c.minutes_away)
            for c in sorted(contacts, key=lambda c: (c.minutes_away is None, c.minutes_away or 0)) if c.has_key
        ],
        responder=responder.name if responder else None, responder_phone=responder.phone if responder else None,
        eta_at=alarm.eta_at if responder else None, caller=caller, hotline=settings().hotline, opened_at=now,
        sms=SmsOut(text="", parts=0, cut=[], to_ambulance=False, to_responder=None),
    )  # fmt: skip
    sms = composed(_lines(filled))
    filled.sms = SmsOut(
        text=sms.text, parts=sms.parts, cut=sms.cut, to_ambulance=bool(settings().ambulance_phone),
        to_responder=filled.responder,
    )  # fmt: skip
    return filled


def _place(alarm: Alarm, home: Home | None) -> CardPlace | None:
    """Where the device says it is; else where she lives."""
    data, at = (alarm.place, alarm.raised_at) if alarm.place else (home.place if home else None, None)
    if data is None:
        return None
    return CardPlace(
        lat=data["lat"], lon=data["lon"], datum=Datum.WGS84, accuracy_m=data.get("accuracy_m"),
        source=data.get("source"), at=at,
    )  # fmt: skip


def _vitals(session: Session, alarm: Alarm, *, now: datetime) -> list[VitalOut]:
    """The latest of each measure of her body; what cannot be true is left out."""
    if alarm.home_id is None or alarm.elder_id is None:
        return []
    latest: dict[str, VitalOut] = {}
    for heard in monitoring.readings_of(
        session, alarm.district_id, home_id=alarm.home_id, elder_id=alarm.elder_id, since=now - VITALS_SINCE, until=now
    ):
        for one in heard.measures:
            if one.ok and one.metric in VITAL:
                latest[one.metric] = VitalOut(metric=one.metric, value=one.value, at=heard.at)
    return [latest[metric] for metric in VITAL if metric in latest]


def _condition(session: Session, alarm: Alarm) -> Condition:
    """From the operator's questions and the calls to her since it last rang; the latest word counts."""
    heard: dict[str, tuple[datetime, bool]] = {}
    for line in log.of(session, alarm):
        if line.facts.get("question") in ASKED and line.at >= alarm.rung_at:
            heard[ASKED[line.facts["question"]]] = (line.at, line.facts.get("answer") == "yes")
    calls = session.scalars(
        select(Call)
        .where(Call.alarm_id == alarm.id, Call.target.in_((Target.ELDER, Target.DEVICE)), Call.result.is_not(None))
        .where(Call.began_at >= alarm.rung_at)
        .order_by(Call.began_at)
    ).all()
    for call in calls:
        if "answers" not in heard or (call.result in REACHED and heard["answers"][0] < call.began_at):
            heard["answers"] = (call.answered_at or call.began_at, call.result in REACHED)
    return Condition(
        answers=heard["answers"][1] if "answers" in heard else None,
        breathes=heard["breathes"][1] if "breathes" in heard else None,
        at=max((at for at, _ in heard.values()), default=None),
    )


def _told(session: Session, alarm: Alarm, contacts: Sequence[Contact]) -> list[FamilyTold]:
    by_id = {contact.id: contact for contact in contacts}
    calls = session.scalars(
        select(Call)
        .where(Call.alarm_id == alarm.id, Call.target == Target.CONTACT, Call.result.in_(REACHED))
        .order_by(Call.began_at)
    )
    return [
        FamilyTold(name=by_id[c.contact_id].name, relation=by_id[c.contact_id].relation, at=c.answered_at or c.began_at)
        for c in calls if c.contact_id in by_id
    ]  # fmt: skip


def _lines(shown: Card) -> list[tuple[str, str]]:
    """The message, in the order 120 asks: where, who and what, whether she answers and breathes, then the rest.

    What is not known says so only where a life may hang on it.
    """
    who = f"{shown.name} {SEX_ZH[shown.sex]} {shown.age}岁" if shown.name and shown.sex else "姓名不详"
    where = "".join(
        [
            shown.address or "地址不详",
            f" {shown.floor}楼{'有' if shown.lift else '无'}电梯" if shown.floor else "",
            f" {shown.entry}" if shown.entry else "",
        ]
    )
    known = {one.part: one.value for one in shown.health}
    lines = [("where", where), ("who", f"{who}，{KIND_ZH[shown.kind]}"), *_state(shown.condition)]
    key = shown.key_holders[0] if shown.key_holders else None
    for part in health.Part:
        words = _words(part, known[part])
        if words or part is health.Part.ALLERGIES:
            lines.append((part, f"{PART_ZH[part]}：{words or '不详'}"))
        if part is health.Part.CONDITIONS and key:
            lines.append(("key_holder", f"钥匙：{RELATION_ZH[key.relation]}{key.name}{key.phone}"))
    return [*lines, ("hotline", f"回拨{shown.hotline}")]


def _state(condition: Condition) -> list[tuple[str, str]]:
    told = [
        ("" if condition.answers is None else "能应答" if condition.answers else "呼叫无应答"),
        ("" if condition.breathes is None else "呼吸平顺" if condition.breathes else "呼吸不畅或大量出血"),
    ]
    return [("condition", "，".join(filter(None, told)))] if any(told) else []


def _words(part: health.Part, value: list[str] | str | None) -> str:
    if part is health.Part.RESUSCITATION and value:
        return WISH_ZH[health.Resuscitation(str(value))]
    if isinstance(value, list):
        return "、".join(value) if value else "无"
    return value or ""


class OpeningOut(BaseModel):
    """Somebody who saw a card or a case in the clear."""

    at: datetime
    by: str
    field: str
    why: str
    alarm_id: int | None
    elder_id: int | None
    elder: str | None


def openings(session: Session, me: Caller, *, limit: int = 100) -> list[OpeningOut]:
    """The latest break-glass looks, newest first, of elders this caller may know of; names for those who work here."""
    rows = session.execute(
        select(AccessLog, User.name.label("by"), Elder.name.label("elder"))
        .join(User, User.id == AccessLog.user_id)
        .join(Elder, Elder.id == AccessLog.elder_id)
        .where(AccessLog.district_id == me.district_id, AccessLog.field.in_(["card", "case"]))
        .order_by(AccessLog.id.desc())
        .limit(limit)
    )
    return [_opening(row.AccessLog, row.by, row.elder if me.role in DESK else None) for row in rows]


def _opening(line: AccessLog, by: str, elder: str | None) -> OpeningOut:
    facts: dict[str, Any] = line.facts
    return OpeningOut(
        at=line.at, by=by, field=line.field, why=str(facts.get("why") or "claimed"), alarm_id=facts.get("alarm_id"),
        elder_id=line.elder_id, elder=elder,
    )  # fmt: skip
