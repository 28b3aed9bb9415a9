"""Times in which a home or a device is tried out: what rings then rings, and is a test once a voice has said so."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import false, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import history
from app.access.queries import Caller
from app.alarms import actions, log, pressed
from app.alarms.handling_tables import OnTestWindow, VoicePassword
from app.alarms.rules import Event, Verdict, VoiceMissing
from app.alarms.tables import Alarm
from app.calls.rules import Result, Target
from app.equipment.tables import Device
from app.errors import Conflict, NotFound, Refused
from app.people.tables import Caregiver, Elder, Home
from app.vault import digest

LONGEST: Final = timedelta(hours=8)
TRIES: Final = 3  # at the password, in one alarm


class NoWindow(Conflict):
    """Nothing is being tried out there now."""


class WindowTooLong(Conflict):
    """A test window ends by itself, within a working day."""


class WrongWord(Refused):
    """That is not the word."""


def begin(
    session: Session,
    *,
    home_id: int | None,
    device_id: int | None,
    installer_id: int | None,
    minutes: int,
    reason: str,
    me: Caller,
    now: datetime,
) -> OnTestWindow:
    """From now on, for so many minutes; ends by itself."""
    if timedelta(minutes=minutes) > LONGEST:
        raise WindowTooLong("A test window lasts eight hours at most.")
    device = session.get(Device, device_id) if device_id else None
    home = session.get(Home, home_id) if home_id else None
    thing = device or home
    if thing is None or (device_id and home_id):
        raise NotFound("There is no such home or device.")
    installer = session.get(Caregiver, installer_id) if installer_id else None
    if installer_id and (installer is None or installer.ended_at):
        raise NotFound("There is no such installer.")
    window = OnTestWindow(
        district_id=thing.district_id, division_code=thing.division_code, home_id=home_id, device_id=device_id,
        installer_id=installer_id, starts_at=now, ends_at=now + timedelta(minutes=minutes), reason=reason,
        made_by=me.by,
    )  # fmt: skip
    session.add(window)
    history.record(session, window, "begin", None, "open", by=me.by, now=now, minutes=minutes)
    return window


def end(session: Session, window_id: int, *, me: Caller, now: datetime) -> OnTestWindow:
    """Before its time; ended twice it is ended once."""
    window = session.get(OnTestWindow, window_id, with_for_update=True, populate_existing=True)
    if window is None:
        raise NotFound("There is no such test window.")
    if window.ended_at is None and window.ends_at > now:
        window.ended_at = now
        history.record(session, window, "end", "open", "over", by=me.by, now=now)
    return window


def standing(session: Session, *, now: datetime) -> Sequence[OnTestWindow]:
    """The windows that are open now, the first to end first."""
    return session.scalars(
        select(OnTestWindow)
        .where(OnTestWindow.starts_at <= now, OnTestWindow.ends_at > now, OnTestWindow.ended_at.is_(None))
        .order_by(OnTestWindow.ends_at, OnTestWindow.id)
    ).all()


def of(alarms: Iterable[Alarm], windows: Sequence[OnTestWindow]) -> Mapping[int, OnTestWindow]:
    """For each alarm the window its home or device is in; a caregiver's own call is never taken for a test."""
    found: dict[int, OnTestWindow] = {}
    for alarm in alarms:
        for window in windows if alarm.worker_id is None else ():
            if (window.device_id or 0) == alarm.device_id or (window.home_id or 0) == alarm.home_id:
                found.setdefault(alarm.id, window)
    return found


def window_of(session: Session, alarm: Alarm) -> OnTestWindow | None:
    """The window this alarm was raised in, whether it is open still or not."""
    if alarm.worker_id is not None:
        return None
    known = ((OnTestWindow.device_id, alarm.device_id), (OnTestWindow.home_id, alarm.home_id))
    return session.scalar(
        select(OnTestWindow)
        .where(OnTestWindow.starts_at <= alarm.raised_at, OnTestWindow.ends_at > alarm.raised_at)
        .where(or_(OnTestWindow.ended_at.is_(None), OnTestWindow.ended_at > alarm.raised_at))
        .where(or_(false(), *(column == number for column, number in known if number is not None)))
        .order_by(OnTestWindow.id)
        .limit(1)
    )


def confirm(session: Session, alarm_id: int, word: str | None, *, me: Caller, now: datetime) -> Alarm:
    """It was a test: within a window, and after a voice said so: a call that was answered, or the word of the elder."""
    alarm = actions.mine(session, alarm_id, Event.CALL, me)
    window = window_of(session, alarm)
    if window is None:
        raise NoWindow("It did not ring in a test window; find out what happened.")
    by = "voice"
    if word is not None:
        by = "password"
        actions.call(session, alarm_id, target=Target.ELDER, result=Result.SAFE, me=me, now=now)
    elif not actions.spoken_to(session, alarm):
        raise VoiceMissing("Speak to them, or ask for the word, before it is taken for a test.")
    session.flush()
    closed = actions.close(session, alarm_id, Verdict.TEST, me=me, now=now, note=None)
    history.record(session, window, "confirm", "open", "open", by=me.by, now=now, alarm=alarm.id, how=by)
    pressed.proves(session, closed, by=me.by, now=now)
    return closed


def set_word(session: Session, elder_id: int, word: str, *, me: Caller, now: datetime) -> None:
    """What she says to prove it is she; nobody can read it afterwards, also not whoever has set it."""
    elder = session.get(Elder, elder_id)
    if elder is None:
        raise NotFound("There is no such elder.")
    row = {"word_hash": _hash(elder_id, word), "set_at": now, "set_by": me.by}
    made = insert(VoicePassword).values(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder_id, **row
    )
    session.execute(made.on_conflict_do_update(index_elements=["elder_id"], set_=row))
    history.record(session, elder, "voice_password", None, None, by=me.by, now=now)


def has_word(session: Session, elder_id: int | None) -> bool:
    """Whether there is a word to ask for."""
    if elder_id is None:
        return False
    return session.scalar(select(VoicePassword.id).where(VoicePassword.elder_id == elder_id)) is not None


def check_word(session: Session, alarm_id: int, word: str, *, me: Caller, now: datetime) -> bool:
    """Whether that is her word; written down either way, and no more than three times in one alarm."""
    alarm = actions.mine(session, alarm_id, Event.CALL, me)
    wrong = sum(line.event == "password" and not line.facts.get("right") for line in log.of(session, alarm))
    if wrong >= TRIES:
        raise WrongWord("The word was wrong three times; take the alarm for real.")
    known = session.scalar(select(VoicePassword.word_hash).where(VoicePassword.elder_id == alarm.elder_id))
    if known is None:
        raise NotFound("No word is kept for this elder.")
    right = known == _hash(alarm.elder_id or 0, word)
    log.append(session, alarm, "password", alarm.state, alarm.state, by=me.by, now=now, right=right)
    return right


def _hash(elder_id: int, word: str) -> str:
    return digest(f"voice-{elder_id}", "".join(word.split()).casefold())


def must_be(right: bool) -> None:
    """Raises WrongWord; apart from the comparison, which is on record either way."""
    if not right:
        raise WrongWord("That is not the word; the alarm is taken for real until somebody's voice says otherwise.")
