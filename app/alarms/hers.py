"""A caregiver's own call for help: the same queue, clocks and log as an elder's, and her place while it is open."""

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms import hearing, log
from app.alarms.rules import OPEN, AlarmKind, clock_off
from app.alarms.tables import Alarm
from app.errors import Conflict
from app.orders.tables import Visit
from app.people.tables import Caregiver, Elder, Home
from app.planning.rules import BEGUN
from app.planning.tables import Attendance

PLACED, SPOKE = "placed", "she_says"  # lines of the log


class Why(StrEnum):
    """What made it ring."""

    BUTTON = "button"  # she held it
    TIMER = "timer"  # she was asked whether all is well, and did not answer


class NoCallOpen(Conflict):
    """She has no call for help that is open: nobody may be told where she is."""


class SosWord(StrEnum):
    """What she can tell the desk with one thumb."""

    SAFE = "safe"
    MISTAKE = "mistake"
    CANNOT_TALK = "cannot_talk"
    POLICE = "police"
    HURT = "hurt"


WORDS_ZH: Final = {
    SosWord.SAFE: "我现在安全", SosWord.MISTAKE: "按错了，我没事", SosWord.CANNOT_TALK: "不方便说话",
    SosWord.POLICE: "请报警",
    SosWord.HURT: "我受伤了",
}  # fmt: skip


def call(
    session: Session, caregiver: Caregiver, why: Why, *, by: str, now: datetime, at: datetime | None = None,
    place: dict[str, Any] | None = None,
) -> Alarm:  # fmt: skip
    """Ring the desk: joins her open call, or raises one at the home she is in or on the way to, if she is."""
    home = home_of(session, caregiver.id, now=now)
    who = hearing.Whose(
        caregiver.district_id, home.division_code if home else caregiver.division_code,
        home_id=home.id if home else None, worker_id=caregiver.id,
    )  # fmt: skip
    press = hearing.Press(
        now, device_at=at, clock_off=clock_off(at, now), said={"why": why},
        place=place or ({**home.place, "source": "home"} if home else None),
    )  # fmt: skip
    return hearing.call_for_help(session, AlarmKind.WORKER, who, press, by=by, now=now)


def home_of(session: Session, caregiver_id: int, *, now: datetime) -> Home | None:
    """The home of the visit she has begun last."""
    return session.scalar(
        select(Home)
        .join(Visit, Visit.home_id == Home.id)
        .join(Attendance, Attendance.visit_id == Visit.id)
        .where(Attendance.caregiver_id == caregiver_id, Attendance.state.in_(BEGUN), Attendance.starts_at <= now)
        .order_by(Attendance.starts_at.desc())
        .limit(1)
    )


def elder_beside(session: Session, alarm: Alarm) -> int | None:
    """The elder whose door a colleague is sent to: the first of the home she called from."""
    if alarm.worker_id is None or alarm.home_id is None:
        return None
    living = select(Elder.id).where(Elder.home_id == alarm.home_id, Elder.ended_at.is_(None)).order_by(Elder.id)
    return session.scalar(living.limit(1))


def open_of(session: Session, caregiver_id: int, *, lock: bool = False) -> Alarm | None:
    """Her call that is open."""
    mine = select(Alarm).where(Alarm.worker_id == caregiver_id, Alarm.state.in_(OPEN))
    return session.scalar(mine.with_for_update() if lock else mine)


def is_at(session: Session, caregiver: Caregiver, place: dict[str, Any], *, now: datetime) -> Alarm:
    """Where she is now; raises NoCallOpen, for at no other time is it anybody's business."""
    alarm = _mine(session, caregiver.id)
    alarm.place = place
    log.append(session, alarm, PLACED, alarm.state, alarm.state, by=caregiver.name, now=now, place=place)
    return alarm


def says(session: Session, caregiver: Caregiver, word: SosWord, *, now: datetime) -> Alarm:
    """One word of hers beside the call; whoever has it still speaks to her before it is closed."""
    alarm = _mine(session, caregiver.id)
    log.append(
        session, alarm, SPOKE, alarm.state, alarm.state, by=caregiver.name, now=now, word=word, text=WORDS_ZH[word]
    )
    return alarm


def _mine(session: Session, caregiver_id: int) -> Alarm:
    alarm = open_of(session, caregiver_id, lock=True)
    if alarm is None:
        raise NoCallOpen("You have no open call for help.")
    return alarm
