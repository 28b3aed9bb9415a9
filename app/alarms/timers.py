"""What an alarm does by itself: due at a time in the database, fired once, late if need be and saying so."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alarms import log
from app.alarms.rules import (
    CALL_BACK_PRIORITY,
    LASTING,
    STATES_OF,
    Event,
    Patience,
    Rings,
    State,
    TimerKind,
    after,
    ring_timers,
)
from app.alarms.tables import Alarm, AlarmTimer
from app.config import settings
from app.db import add_rows
from app.people.rules import Relation

R = Relation
RELATION_ZH: Final[Mapping[Relation, str]] = {
    R.SPOUSE: "老伴", R.SON: "儿子", R.DAUGHTER: "女儿", R.GRANDCHILD: "孙辈", R.SIBLING: "兄弟姐妹",
    R.NEIGHBOUR: "邻居", R.KEY_HOLDER: "持钥匙人", R.COMMUNITY_WORKER: "社区工作人员", R.OTHER: "其他",
}  # fmt: skip
"""Messages to families are written in Chinese; the same words as on the screens."""
PLATFORM = "platform"
LATE = 2  # seconds after which a timer is late and says so
Happening = Callable[..., None]
"""What happens when a timer is due: takes a session, the alarm it holds, `now`, and `late_seconds` where it is late."""
HAPPENS: dict[TimerKind, Happening] = {}
"""What the ways up the tree (`climbing_acts`) have happen, since they send people and this cannot."""


def patience() -> Patience:
    """How long an alarm waits, by the settings of this process."""
    chosen = settings()
    return Patience(
        chosen.alarm_claim_idle_seconds, chosen.alarm_rings_all_after, chosen.alarm_rings_lead_after,
        chosen.alarm_calls_family_after,
    )  # fmt: skip


def schedule(session: Session, alarm: Alarm, *what: tuple[TimerKind, datetime]) -> None:
    """Have it happen; setting one anew within a round moves it."""
    made = insert(AlarmTimer).values([_row(alarm, kind, due_at) for kind, due_at in what])
    again = {"due_at": made.excluded.due_at, "fired_at": None, "dropped_at": None, "late_seconds": None}
    session.execute(made.on_conflict_do_update(index_elements=["alarm_id", "kind", "round"], set_=again))


def _row(alarm: Alarm, kind: TimerKind, due_at: datetime) -> dict[str, Any]:
    return {
        "district_id": alarm.district_id, "alarm_id": alarm.id, "kind": kind, "round": alarm.round, "due_at": due_at,
    }  # fmt: skip


def drop(session: Session, alarm: Alarm, *kinds: TimerKind, now: datetime) -> None:
    """Somebody acted in time: what waits (of these kinds, or all of this round of ringing) will not happen."""
    session.execute(
        update(AlarmTimer)
        .where(
            AlarmTimer.alarm_id == alarm.id, AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None),
            AlarmTimer.kind.in_(kinds or set(TimerKind) - LASTING),
        )
        .values(dropped_at=now)
    )  # fmt: skip


def start_ringing(session: Session, alarm: Alarm, *, now: datetime, family: bool = True) -> None:
    """The timers of a round of ringing; the family is not called for a test, nor for a call-back that is due."""
    schedule(session, alarm, *_of_ringing(alarm, now=now, family=family))


def start_first_ringing(session: Session, alarms: Sequence[Alarm], *, now: datetime) -> None:
    """The timers of alarms that are new; of many at once."""
    rows = [_row(alarm, kind, due_at) for alarm in alarms for kind, due_at in _of_ringing(alarm, now=now)]
    add_rows(session, AlarmTimer, rows)


def _of_ringing(alarm: Alarm, *, now: datetime, family: bool = True) -> Iterable[tuple[TimerKind, datetime]]:
    quiet = alarm.test_id is not None or not family
    return ring_timers(now, patience(), assigned=alarm.rings is Rings.ASSIGNED, test=quiet)


def settle(alarm: Alarm) -> None:
    """What was asked of others about it is asked no more: an offer, a deferral, the lead."""
    alarm.offered_to = alarm.offered_until = alarm.deferred_until = alarm.defer_reason = None
    alarm.escalated_at = alarm.escalate_reason = None


def ring(
    session: Session,
    alarm: Alarm,
    event: Event,
    *,
    by: str,
    now: datetime,
    to: int | None = None,
    **facts: object,
) -> None:
    """A new round of ringing; `to` is an operator who knows the case and is rung at first."""
    before, alarm.state = alarm.state, after(alarm.state, event)
    alarm.round, alarm.rung_at = alarm.round + 1, now
    alarm.assigned_to, alarm.rings = to, Rings.ASSIGNED if to else Rings.ALL
    alarm.claimed_by = alarm.claimed_at = alarm.suspended_until = alarm.suspend_reason = alarm.call_back_at = None
    alarm.closed_at = alarm.verdict = None
    settle(alarm)
    session.flush()
    drop(session, alarm, now=now)
    start_ringing(session, alarm, now=now, family=facts.get("reason") != "call_back")
    log.append(session, alarm, event, before, alarm.state, by=by, now=now, **facts)


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Timers whose time has come, the earliest first."""
    return session.scalars(
        select(AlarmTimer.id)
        .where(AlarmTimer.due_at <= now, AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None))
        .order_by(AlarmTimer.due_at, AlarmTimer.id)
        .limit(1000)
    ).all()


def fire(session: Session, timer_id: int, *, now: datetime) -> bool:
    """Let one timer happen, unless it has, or another clock has it. True when it did something."""
    mine = select(AlarmTimer).where(
        AlarmTimer.id == timer_id, AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None),
        AlarmTimer.due_at <= now,
    )  # fmt: skip
    alarm_id = session.scalar(mine.with_only_columns(AlarmTimer.alarm_id))
    if alarm_id is None:
        return False
    # The alarm first, as everybody does who then touches its timers; whoever holds it may be acting in time.
    alarm = session.get_one(Alarm, alarm_id, with_for_update=True, populate_existing=True)
    timer = session.scalar(mine.with_for_update(skip_locked=True))
    if timer is None:
        return False
    stale = timer.round != alarm.round and timer.kind not in LASTING
    if alarm.state not in STATES_OF[timer.kind] or stale:
        timer.dropped_at = now
        return False
    timer.fired_at, timer.late_seconds = now, int((now - timer.due_at).total_seconds())
    late = {"late_seconds": timer.late_seconds} if timer.late_seconds > LATE else {}
    _happen(session, alarm, timer.kind, now=now, **late)
    return True


def _happen(session: Session, alarm: Alarm, kind: TimerKind, *, now: datetime, **late: int) -> None:
    match kind:
        case TimerKind.RING_ALL:
            alarm.rings = Rings.ALL
            _note(session, alarm, kind, now=now, **late)
        case TimerKind.RING_LEAD:
            alarm.rings = Rings.LEAD
            _note(session, alarm, kind, now=now, **late)
        case TimerKind.IDLE_CLAIM:
            ring(session, alarm, Event.RING, by=PLATFORM, now=now, reason="idle_claim", **late)
        case TimerKind.OFFER:
            alarm.offered_to = alarm.offered_until = None
            log.append(session, alarm, Event.DECLINE, alarm.state, after(alarm.state, Event.DECLINE), by=PLATFORM,
                       now=now, reason="no_reply", **late)  # fmt: skip
        case TimerKind.DEFER:
            ring(session, alarm, Event.RING, by=PLATFORM, now=now, reason="deferred", **late)
        case TimerKind.CALL_BACK:
            alarm.priority = max(alarm.priority, CALL_BACK_PRIORITY)
            ring(session, alarm, Event.RING, by=PLATFORM, now=now, to=alarm.claimed_by, reason="call_back", **late)
        case TimerKind.RESUME:
            ring(session, alarm, Event.RING, by=PLATFORM, now=now, to=alarm.claimed_by, reason="resume", **late)
        case _:
            HAPPENS[kind](session, alarm, now=now, **late)


def _note(session: Session, alarm: Alarm, event: str, *, now: datetime, **facts: object) -> None:
    log.append(session, alarm, event, alarm.state, alarm.state, by=PLATFORM, now=now, **facts)


def rings_again_at(session: Session, alarm: Alarm) -> datetime | None:
    """When a claim rings again unless somebody is called before; none where that is done, or nobody has it."""
    return session.scalar(
        select(AlarmTimer.due_at).where(
            AlarmTimer.alarm_id == alarm.id, AlarmTimer.kind == TimerKind.IDLE_CLAIM, AlarmTimer.fired_at.is_(None),
            AlarmTimer.dropped_at.is_(None),
        )
    )  # fmt: skip


def idle_at(now: datetime) -> datetime:
    """When a claim without a call rings again."""
    return now + timedelta(seconds=patience().claim_idle)


def claimed(session: Session, alarm: Alarm, *, now: datetime) -> None:
    """Somebody has it: nothing more rings, unless nobody calls."""
    drop(session, alarm, now=now)
    if alarm.state is State.CLAIMED:
        schedule(session, alarm, (TimerKind.IDLE_CLAIM, idle_at(now)))
