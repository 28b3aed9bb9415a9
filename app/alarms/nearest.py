"""Who could be there first: caregivers and responders by the time they need from where they are now."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.alarms.rules import OPEN, State
from app.alarms.sending_rules import STANDING
from app.alarms.sending_tables import AlarmOffer
from app.alarms.tables import Alarm
from app.alarms.whereto import Target
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.orders.tables import Visit
from app.people.rules import Skill
from app.people.tables import Absence, Caregiver, Certificate, Elder, Home, Shift
from app.places.rules import Mode, Place, travel_seconds
from app.planning.rules import ACTIVE, AttendanceState
from app.planning.tables import Attendance

URGENT = "URGENT"
BUSY_COSTS = 8 * 60  # seconds somebody at a door is ranked behind somebody who is free
A = AttendanceState
HERE = (A.ARRIVED, A.IN_SERVICE, A.FINISHED)


@dataclass(frozen=True)
class Candidate:
    """Somebody who can be sent, when she would be there, and whom that keeps waiting."""

    caregiver_id: int
    name: str
    phone: str
    responder: bool
    skills: list[Skill]
    lacks: list[str]
    seconds: int
    doing: str | None  # the item she is serving
    going: bool  # on the way to a visit
    here: bool  # in the very home
    busy_until: datetime | None  # the end of what she is at, as planned
    mode: Mode
    known: bool  # where she is: by a door of today; else her base is taken
    place: Place
    affected: list[int]  # visits

    @property
    def rank(self) -> tuple[bool, int]:
        """Whoever has the skills and is there first; work at a door weighs some minutes."""
        return bool(self.lacks), self.seconds + (BUSY_COSTS if self.doing and not self.here else 0)


@dataclass(frozen=True)
class _Going:
    visit_id: int
    state: AttendanceState
    starts_at: datetime
    ends_at: datetime
    urgent: bool
    item: str
    place: dict[str, object]


def candidates(session: Session, to: Target, elder: Elder | None, *, now: datetime, limit: int = 8) -> list[Candidate]:
    """The best few for a home or spot, nearest first. Somebody on the way to another alarm is not among them."""
    day = calendar.day_of(now)
    goings = _goings(session, to.district_id, now)
    needs, minutes = _needs(session, to.district_id)
    present = _present(session, to.district_id, now)
    banned = set(elder.wishes.get("banned", ())) if elder else set()
    skills = _skills(session, present, now)
    there, away, found = Place.of(to.place), at_spots(session), []
    for caregiver in session.scalars(
        select(Caregiver)
        .where(Caregiver.id.in_(present), Caregiver.ended_at.is_(None), Caregiver.id.not_in(banned))
        .where(~select(Absence.id).where(
            Absence.caregiver_id == Caregiver.id, Absence.first <= day, Absence.last >= day).exists())
    ):  # fmt: skip
        mine = goings.get(caregiver.id, [])
        if caregiver.id in away or any(going.urgent and going.state in ACTIVE for going in mine):
            continue
        place = _where(caregiver, mine)
        at = [g for g in mine if g.state in (A.ARRIVED, A.IN_SERVICE)]
        here = any(Place.of(g.place) == there for g in at)
        seconds = 0 if here else travel_seconds(place, there, caregiver.mode, door_minutes=settings().door_minutes)
        until = now + timedelta(seconds=seconds, minutes=minutes)
        found.append(
            Candidate(
                caregiver.id, caregiver.name, caregiver.phone, caregiver.responder, skills[caregiver.id],
                sorted(needs - {skill.value for skill in skills[caregiver.id]}), seconds,
                next((g.item for g in at), None),
                any(g.state is A.ON_THE_WAY for g in mine), here, max((g.ends_at for g in at), default=None),
                caregiver.mode, any(g.state in HERE for g in mine), place,
                [g.visit_id for g in mine if g.state in ACTIVE and g.starts_at < until and g.ends_at > now],
            )
        )  # fmt: skip
    return sorted(found, key=lambda candidate: candidate.rank)[:limit]


def at_spots(session: Session) -> set[int]:
    """Who is asked, or on the way, to a spot where somebody calls for help."""
    return set(
        session.scalars(
            select(AlarmOffer.caregiver_id)
            .join(Alarm, Alarm.id == AlarmOffer.alarm_id)
            .where(AlarmOffer.attendance_id.is_(None), AlarmOffer.state.in_(STANDING), Alarm.state.in_(OPEN))
        )
    )


def coming_from(session: Session, alarm: Alarm, *, now: datetime) -> dict[str, Any] | None:
    """Where whoever was sent sets out, as stored; none once somebody is there, or where nobody goes."""
    there = alarm.arrived_at is not None and (alarm.dispatched_at is None or alarm.arrived_at >= alarm.dispatched_at)
    if alarm.caregiver_id is None or there or alarm.state in (State.ON_SITE, State.FOLLOW_UP, State.CLOSED):
        return None
    return place_of(session, session.get_one(Caregiver, alarm.caregiver_id), now=now).as_json()


def place_of(session: Session, caregiver: Caregiver, *, now: datetime) -> Place:
    """Where somebody is, as far as the day tells: the last door, else the base."""
    return _where(caregiver, _goings(session, caregiver.district_id, now, caregiver.id).get(caregiver.id, []))


def seconds_to(session: Session, caregiver: Caregiver, to: Target, *, now: datetime) -> int:
    """How long she needs there from where she is now."""
    place = place_of(session, caregiver, now=now)
    return travel_seconds(place, Place.of(to.place), caregiver.mode, door_minutes=settings().door_minutes)


def away_until(session: Session, caregiver: Caregiver, to: Target, *, now: datetime) -> datetime:
    """When somebody who is sent now is free again: the way, and the usual minutes of an urgent visit."""
    _, minutes = _needs(session, to.district_id)
    return now + timedelta(seconds=seconds_to(session, caregiver, to, now=now), minutes=minutes)


def _where(caregiver: Caregiver, goings: Sequence[_Going]) -> Place:
    last = next((going for going in reversed(goings) if going.state in HERE), None)
    return Place.of(last.place if last else caregiver.base)


def _goings(
    session: Session, district_id: int, now: datetime, caregiver_id: int | None = None
) -> Mapping[int, Sequence[_Going]]:
    """Today's attendances of everybody, in order."""
    first, last = calendar.day_bounds(calendar.day_of(now))
    statement = (
        select(
            Attendance.caregiver_id, Attendance.visit_id, Attendance.state, Attendance.starts_at, Attendance.ends_at,
            Attendance.urgent, ServiceItem.name_zh, Home.place,
        )
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .join(Home, Home.id == Visit.home_id)
        .where(Attendance.district_id == district_id, Attendance.starts_at >= first, Attendance.starts_at < last)
        .where(Attendance.state.in_([*ACTIVE, A.FINISHED]))
        .order_by(Attendance.starts_at, Attendance.id)
    )  # fmt: skip
    if caregiver_id:
        statement = statement.where(Attendance.caregiver_id == caregiver_id)
    found: dict[int, list[_Going]] = defaultdict(list)
    for person, *going in session.execute(statement):
        found[person].append(_Going(*going))
    return found


def _needs(session: Session, district_id: int) -> tuple[set[str], int]:
    """Skills and minutes of an urgent response."""
    item = session.scalar(select(ServiceItem).where(ServiceItem.district_id == district_id, ServiceItem.code == URGENT))
    return (set(item.needs), int(item.minutes["default"])) if item else (set(), 30)


def _present(session: Session, district_id: int, now: datetime) -> set[int]:
    """Who works now, by the shifts of the weekday; responders always do."""
    clock = calendar.local(now)
    working = session.scalars(
        select(Shift.caregiver_id).where(
            Shift.district_id == district_id, Shift.weekday == clock.weekday(), Shift.starts <= clock.time(),
            Shift.ends > clock.time(),
        )
    )  # fmt: skip
    always = session.scalars(select(Caregiver.id).where(Caregiver.district_id == district_id, Caregiver.responder))
    return {*working, *always}


def _skills(session: Session, caregiver_ids: set[int], now: datetime) -> Mapping[int, list[Skill]]:
    """Skills whose certificate holds today."""
    rows = session.execute(
        select(Certificate.caregiver_id, Certificate.skill)
        .where(Certificate.caregiver_id.in_(caregiver_ids))
        .where((Certificate.expires >= calendar.day_of(now)) | Certificate.expires.is_(None))
        .order_by(Certificate.skill)
    )
    found: dict[int, list[Skill]] = defaultdict(list)
    for caregiver_id, skill in rows:
        found[caregiver_id].append(skill)
    return found
