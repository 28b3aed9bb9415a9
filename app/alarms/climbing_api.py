"""The doors of the tree in a case: where the climb stands, «next» and «skip with reason»."""

from collections.abc import Sequence
from datetime import UTC, datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.api import Desk, Hotline
from app.alarms import climbing, climbing_acts, queries
from app.alarms.climbing_rules import RungState
from app.alarms.climbing_tables import AlarmRung, RungAttempt
from app.alarms.rules import State, TimerKind
from app.alarms.tables import Alarm, AlarmTimer
from app.db import transaction
from app.escalation import queries as trees
from app.escalation.rules import Reached, RungKind
from app.people.rules import Relation
from app.people.tables import Caregiver, Contact

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class AttemptOut(BaseModel):
    """One attempt and what came of it."""

    n: int
    at: datetime
    by: str
    who: str | None  # the caregiver who was asked
    result: str | None
    ended_at: datetime | None


class RungOut(BaseModel):
    """One rung: who, how often, where it stands."""

    n: int
    kind: RungKind
    contact_id: int | None
    name: str | None
    relation: Relation | None
    minutes_away: int | None
    has_key: bool
    attempts: int
    wait: int
    reached: Reached
    state: RungState
    beside: bool
    tried: int
    tries: list[AttemptOut]
    ended_at: datetime | None
    reason: str | None
    promised_at: datetime | None


class ClimbOut(BaseModel):
    """Where an alarm stands on its tree. Before the first call the rungs are what the tree says now."""

    rungs: list[RungOut]
    climb: int  # 0 before the first
    next: int | None  # the rung «next» would try
    next_attempt: int | None
    due_at: datetime | None  # when the platform goes on by itself, or a wait by hand is over
    by_itself: bool  # whether it goes on by itself
    starts_at: datetime | None  # when the platform begins to call, if nobody claims
    reached: bool
    own_tree: int | None  # version of the elder's own tree; none: the default
    help_at: datetime | None  # when help goes out beside the calls
    server_time: datetime


@router.get("/{alarm_id}/tree")
def tree(alarm_id: int, me: Desk) -> ClimbOut:
    """The rungs of this alarm, what was tried, what comes next and when."""
    with transaction(me.scope) as session:
        return climb_of(session, queries.row(session, alarm_id).alarm, now=datetime.now(UTC))


class TurnIn(BaseModel):
    """What stood next on the screen: two keys at once make one attempt."""

    n: int | None = None
    attempt: int | None = None


@router.post("/{alarm_id}/climb")
def climb(alarm_id: int, me: Hotline, seen: TurnIn | None = None) -> ClimbOut:
    """«Next»: call whoever stands on the next rung, or send the nearest who is free. 409 where the climb went on."""
    now, turn = datetime.now(UTC), seen or TurnIn()
    with transaction(me.scope) as session:
        alarm, _ = climbing_acts.climb(session, alarm_id, me=me, now=now, seen=(turn.n, turn.attempt))
        return climb_of(session, alarm, now=now)


class SkipIn(TurnIn):
    """Why this rung is passed over."""

    reason: str = Field(min_length=1, max_length=500)


@router.post("/{alarm_id}/skip-rung")
def skip(alarm_id: int, why: SkipIn, me: Hotline) -> ClimbOut:
    """Pass over the next rung, with a reason. The last one sends help and cannot be skipped."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        alarm = climbing_acts.skip(session, alarm_id, why.reason, me=me, now=now, seen=(why.n, why.attempt))
        return climb_of(session, alarm, now=now)


def climb_of(session: Session, alarm: Alarm, *, now: datetime) -> ClimbOut:
    """As the screens see it."""
    rows = climbing.rungs_of(session, alarm)
    turn = climbing.next_rung(session, alarm) if alarm.state is not State.CLOSED else None
    if not rows or (turn and turn.n == 1 and turn.attempt == 1 and rows[0].state is not RungState.WAITING):
        planned, _ = climbing.planned(session, alarm)
        rows = [
            AlarmRung(
                n=n, kind=rung.kind, contact_id=rung.contact_id, attempts=rung.attempts, wait=rung.wait,
                reached=rung.reached, state=RungState.WAITING, beside=False, tried=0, climb=0,
            )
            for n, rung in enumerate(planned, 1)
        ]  # fmt: skip
    version = trees.current(session, alarm.elder_id) if alarm.elder_id else None
    timers = session.execute(
        select(AlarmTimer.kind, AlarmTimer.due_at).where(
            AlarmTimer.alarm_id == alarm.id, AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)
        )
    )
    waits: dict[TimerKind, datetime] = {one.kind: one.due_at for one in timers}
    by_hand = next((climbing.waits_until(row) for row in reversed(rows) if row.state is RungState.TRYING), None)
    itself = waits.get(TimerKind.RUNG)
    return ClimbOut(
        rungs=_rungs(session, rows), climb=rows[0].climb if rows else 0, next=turn.n if turn else None,
        next_attempt=turn.attempt if turn else None, due_at=itself or by_hand, by_itself=itself is not None,
        starts_at=waits.get(TimerKind.CALL_FAMILY), reached=climbing.reached(alarm, rows),
        own_tree=version.n if version else None, help_at=waits.get(TimerKind.SILENCE), server_time=now,
    )  # fmt: skip


def _rungs(session: Session, rows: Sequence[AlarmRung]) -> list[RungOut]:
    contacts = {one.id: one for one in session.scalars(
        select(Contact).where(Contact.id.in_({row.contact_id for row in rows if row.contact_id})))}  # fmt: skip
    tries = session.execute(
        select(RungAttempt, Caregiver.name)
        .outerjoin(Caregiver, Caregiver.id == RungAttempt.caregiver_id)
        .where(RungAttempt.rung_id.in_({row.id for row in rows if row.id}))
        .order_by(RungAttempt.n)
    ).all()
    made = {row.id: [(one, who) for one, who in tries if one.rung_id == row.id] for row in rows}
    return [_rung(row, contacts.get(row.contact_id or 0), made[row.id]) for row in rows]


def _rung(row: AlarmRung, contact: Contact | None, tries: Sequence[tuple[RungAttempt, str | None]]) -> RungOut:
    return RungOut(
        n=row.n, kind=row.kind, contact_id=row.contact_id,
        name=contact.name if contact else None, relation=contact.relation if contact else None,
        minutes_away=contact.minutes_away if contact else None, has_key=bool(contact and contact.has_key),
        attempts=row.attempts, wait=row.wait, reached=row.reached, state=row.state, beside=row.beside, tried=row.tried,
        tries=[
            AttemptOut(n=one.n, at=one.at, by=one.by, who=who, result=one.result, ended_at=one.ended_at)
            for one, who in tries
        ],
        ended_at=row.ended_at, reason=row.reason, promised_at=row.promised_at,
    )  # fmt: skip
