"""A desk without operators is itself an alarm: its leads are called, and what rings goes up its tree at once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from app import history
from app.access.rules import HOTLINE
from app.access.tables import User
from app.alarms import duty, handing, log
from app.alarms.handling_tables import UnmannedSpell
from app.alarms.rules import State, TimerKind
from app.alarms.tables import Alarm, AlarmTimer
from app.alarms.timers import PLATFORM
from app.config import settings
from app.db import notice, transaction

AGAIN: Final = timedelta(minutes=10)  # so often the leads are called while nobody comes
AT_ONCE: Final = (TimerKind.RING_ALL, TimerKind.RING_LEAD, TimerKind.CALL_FAMILY, TimerKind.RUNG)


def watch(now: datetime) -> None:
    """Look at every district that has operators; for the clock."""
    with transaction() as session:
        districts = session.scalars(
            select(User.district_id).where(User.role.in_(HOTLINE), User.ended_at.is_(None)).distinct()
        ).all()
    for district_id in districts:
        with transaction() as session:
            look(session, district_id, now=now)


def look(session: Session, district_id: int, *, now: datetime) -> None:
    """Begin, go on with or end a time without operators; what is begun outlives a restart."""
    spell = session.scalar(
        select(UnmannedSpell)
        .where(UnmannedSpell.district_id == district_id, UnmannedSpell.ended_at.is_(None))
        .with_for_update()
    )
    if duty.count(session, district_id, now=now):
        if spell:
            spell.ended_at = now
            _write(session, spell, "end", "unmanned", "manned", now=now)
        return
    if spell is None:
        spell = UnmannedSpell(district_id=district_id, began_at=now, told=0)
        session.add(spell)
        _write(session, spell, "begin", "manned", "unmanned", now=now)
    hurry(session, district_id, now=now)
    if spell.began_at + timedelta(seconds=settings().alarm_unmanned_after) > now:
        return
    if spell.told_at is None or spell.told_at + AGAIN <= now:
        _call(session, spell, now=now)


def hurry(session: Session, district_id: int, *, now: datetime) -> Sequence[int]:
    """Nobody can answer: what rings need not wait for anybody, and is up the tree at the next turn of the clock."""
    waits = exists().where(
        AlarmTimer.alarm_id == Alarm.id, AlarmTimer.round == Alarm.round, AlarmTimer.kind == TimerKind.RING_LEAD,
        AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None), AlarmTimer.due_at > now,
    )  # fmt: skip
    ringing = session.scalars(
        select(Alarm)
        .where(Alarm.district_id == district_id, Alarm.state == State.RINGING, Alarm.test_id.is_(None), waits)
        .order_by(Alarm.id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for alarm in ringing:
        session.execute(
            update(AlarmTimer)
            .where(
                AlarmTimer.alarm_id == alarm.id, AlarmTimer.round == alarm.round, AlarmTimer.kind.in_(AT_ONCE),
                AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None), AlarmTimer.due_at > now,
            )
            .values(due_at=now)
        )  # fmt: skip
        log.append(session, alarm, "unmanned", alarm.state, alarm.state, by=PLATFORM, now=now)
    return [alarm.id for alarm in ringing]


def _call(session: Session, spell: UnmannedSpell, *, now: datetime) -> None:
    minutes = int((now - spell.began_at).total_seconds()) // 60
    told = duty.call_leads(
        session, spell.district_id, handing.leads_of(session, spell.district_id), f"unmanned-{spell.id}-{spell.told}",
        now=now, what=f"已 {max(minutes, 1)} 分钟无人在岗",
    )  # fmt: skip
    spell.told, spell.told_at = spell.told + 1, now
    _write(session, spell, "call", "unmanned", "unmanned", now=now, leads=len(told))


def _write(
    session: Session, spell: UnmannedSpell, event: str, before: str, after: str, *, now: datetime, leads: int = 0
) -> None:
    history.record(session, spell, event, before, after, by=PLATFORM, now=now, leads=leads)
    notice(session, spell.district_id, "shift")
