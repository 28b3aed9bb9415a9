"""The doors of the alarm desk: the queue, the case and what is done with it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app import live
from app.access import actions as access
from app.access.api import Desk, Hotline
from app.access.queries import Caller
from app.alarms import actions, duty, handing, on_test, queries
from app.alarms.queries import QueueRow
from app.alarms.rules import AlarmKind, Verdict
from app.alarms.shapes import AlarmCase, AlarmRow, case_of
from app.alarms.tables import Alarm
from app.calls.rules import Result, Target
from app.db import transaction
from app.errors import Unreadable

router = APIRouter(prefix="/api/alarms", tags=["alarms"])


class DutyOut(BaseModel):
    """Who is at the desk and how today went."""

    on_duty: int
    ringing: int
    open: int
    answered: int
    answered_in_60: int
    slowest_seconds: int


class PartOut(BaseModel):
    """A part the alarms depend on; what is not well is a banner."""

    name: str
    well: bool
    at: datetime | None
    facts: dict[str, Any]


class Queue(BaseModel):
    """Everything the left column and the strip show."""

    items: list[AlarmRow]
    server_time: datetime
    duty: DutyOut
    nobody_on_duty: bool
    parts: list[PartOut]
    set_aside: int  # today


@router.get("")
def queue(me: Desk) -> Queue:
    """All open alarms, gravest first, then oldest; also suspended ones and those that wait for a call-back."""
    now, notices = datetime.now(UTC), live.is_well()
    with transaction(me.scope) as session:
        rows, around = queries.queue(session), _around(session, me, notices=notices, now=now)
        items = _shown(session, rows, me, now=now)
    return Queue(items=items, server_time=now, **around)


def _shown(session: Session, rows: Sequence[QueueRow], me: Caller, *, now: datetime) -> list[AlarmRow]:
    """As this caller sees them, with who was offered what and what is being tried out."""
    alarms = [row.alarm for row in rows]
    windows = on_test.of(alarms, on_test.standing(session, now=now)) if rows else {}
    names = queries.names(session, {alarm.offered_to for alarm in alarms if alarm.offered_to})
    return [AlarmRow.of(row, me, now=now, window=windows.get(row.alarm.id), names=names) for row in rows]


class Known(BaseModel):
    """What a screen shows already: the version of each alarm, by its number."""

    versions: dict[int, int] = Field({}, max_length=10_000)


class Changes(Queue):
    """The queue, of its alarms only those that are new to the screen or have changed."""

    gone: list[int]  # shown, and open no more


@router.post("/changes")
def changes(known: Known, me: Desk) -> Changes:
    """What a screen does not know yet; with nothing known, everything. It is right whatever the screen has missed."""
    now, notices = datetime.now(UTC), live.is_well()
    with transaction(me.scope) as session:
        present = queries.versions(session)
        news = [number for number, version in present.items() if known.versions.get(number) != version]
        rows = queries.queue(session, news) if news else []
        around = _around(session, me, notices=notices, now=now)
        items = _shown(session, rows, me, now=now)
    return Changes(
        items=items,
        gone=[number for number in known.versions if number not in present],
        server_time=now, **around,
    )  # fmt: skip


def _around(session: Session, me: Caller, *, notices: bool, now: datetime) -> dict[str, Any]:
    """What stands beside the queue: who is there, how the parts are, what could not be read today."""
    duty.seen(session, me.id, now=now)
    counts = queries.duty_counts(session, me.district_id, now=now)
    parts = [PartOut(name=p.name, well=p.well, at=p.at, facts=p.facts) for p in queries.health(session, now=now)]
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "duty": DutyOut(**vars(counts)), "nobody_on_duty": counts.on_duty == 0,
        "parts": [*parts, PartOut(name="notices", well=notices, at=now, facts={})],
        "set_aside": queries.set_aside_since(session, me.district_id, midnight),
    }  # fmt: skip


class RaiseIn(BaseModel):
    """A call for help that came by telephone."""

    elder_id: int
    kind: AlarmKind = AlarmKind.TELEPHONE
    note: str = Field("", max_length=2000)


@router.post("")
def raise_by_hand(asked: RaiseIn, me: Hotline) -> AlarmCase:
    """Open an alarm for an elder; it is claimed by whoever opens it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        if asked.kind is AlarmKind.WORKER:
            raise Unreadable("A caregiver calls for help herself, on her phone.")
        alarm = actions.raise_by_hand(session, asked.elder_id, asked.kind, me=me, now=now, note=asked.note)
        return case_now(session, alarm.id, me, now=now)


@router.get("/{alarm_id}")
def case(alarm_id: int, me: Desk) -> AlarmCase:
    """One case. Whoever has claimed it sees address and health in the clear; that is written down."""
    with transaction(me.scope) as session:
        return case_now(session, alarm_id, me, now=datetime.now(UTC))


@router.post("/{alarm_id}/claim")
def claim(alarm_id: int, me: Hotline) -> AlarmCase:
    """Take it. 409 names who was faster."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.claim(session, alarm_id, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class Why(BaseModel):
    """A reason, where there is one; a lead says that she is sure about what somebody else has."""

    reason: str | None = Field(None, max_length=500)
    sure: bool = False


@router.post("/{alarm_id}/release")
def release(alarm_id: int, me: Hotline, why: Why | None = None) -> AlarmCase:
    """Put it back; it rings at everybody."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.release(session, alarm_id, me=me, now=now, reason=why.reason if why else None)
        return case_now(session, alarm_id, me, now=now)


@router.post("/{alarm_id}/ring")
def ring(alarm_id: int, me: Hotline, why: Why | None = None) -> AlarmCase:
    """Ring it again."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        handing.warn(session, actions.get(session, alarm_id), me, sure=bool(why and why.sure))
        actions.ring(session, alarm_id, me=me, now=now, reason=why.reason if why else None)
        return case_now(session, alarm_id, me, now=now)


class CallIn(BaseModel):
    """A call: with its result, or without one to have the switchboard dial."""

    target: Target
    contact_id: int | None = None
    caregiver_id: int | None = None
    result: Result | None = None
    note: str | None = Field(None, max_length=2000)


@router.post("/{alarm_id}/call")
def call(alarm_id: int, said: CallIn, me: Hotline) -> AlarmCase:
    """Call the device, the elder, a contact, 120 … or write down what came of it."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.call(
            session, alarm_id, target=said.target, contact_id=said.contact_id,
            caregiver_id=said.caregiver_id, result=said.result, note=said.note,
            me=me, now=now,
        )  # fmt: skip
        return case_now(session, alarm_id, me, now=now)


class DispatchIn(BaseModel):
    """Whom to send."""

    caregiver_id: int


@router.post("/{alarm_id}/dispatch")
def dispatch(alarm_id: int, whom: DispatchIn, me: Hotline) -> AlarmCase:
    """Send somebody at once, as an urgent visit of the published plan."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.dispatch(session, alarm_id, whom.caregiver_id, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class ArriveIn(BaseModel):
    """Who is there, where it is not the one who was sent."""

    who: str | None = Field(None, max_length=100)


@router.post("/{alarm_id}/arrive")
def arrive(alarm_id: int, me: Hotline, there: ArriveIn | None = None) -> AlarmCase:
    """A human is with the elder."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.arrive(session, alarm_id, me=me, now=now, who=there.who if there else None)
        return case_now(session, alarm_id, me, now=now)


class FollowUpIn(BaseModel):
    """In how many minutes she is called again."""

    minutes: int | None = Field(None, ge=1, le=72 * 60)


@router.post("/{alarm_id}/follow-up")
def follow_up(alarm_id: int, me: Hotline, wish: FollowUpIn | None = None) -> AlarmCase:
    """Settled for now; a call-back is owed, and rings at whoever owes it when its time has come."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.follow_up(session, alarm_id, minutes=wish.minutes if wish else None, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class CloseIn(BaseModel):
    """What it turned out to be."""

    verdict: Verdict
    note: str | None = Field(None, max_length=2000)


@router.post("/{alarm_id}/close")
def close(alarm_id: int, said: CloseIn, me: Hotline) -> AlarmCase:
    """End it with a verdict. 409 while nobody has been reached."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.close(session, alarm_id, said.verdict, me=me, now=now, note=said.note)
        return case_now(session, alarm_id, me, now=now)


class SuspendIn(BaseModel):
    """For how long, and why."""

    minutes: int = Field(ge=1, le=24 * 60)
    reason: str = Field(min_length=1, max_length=500)


@router.post("/{alarm_id}/suspend")
def suspend(alarm_id: int, wish: SuspendIn, me: Hotline) -> AlarmCase:
    """Wait; then it rings again, at whoever suspended it first."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.suspend(session, alarm_id, wish.minutes, wish.reason, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class NoteIn(BaseModel):
    """A line for the log."""

    text: str = Field(min_length=1, max_length=2000)


@router.post("/{alarm_id}/note")
def note(alarm_id: int, said: NoteIn, me: Hotline) -> AlarmCase:
    """Write something down."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.note(session, alarm_id, said.text, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


class WhoseIn(BaseModel):
    """Whose alarm it is."""

    elder_id: int


@router.post("/{alarm_id}/elder")
def name_elder(alarm_id: int, who: WhoseIn, me: Hotline) -> AlarmCase:
    """Name the elder of an alarm from a home of two, or from a device nobody registered."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.name_elder(session, alarm_id, who.elder_id, me=me, now=now)
        return case_now(session, alarm_id, me, now=now)


def case_now(session: Session, alarm_id: int, me: Caller, *, now: datetime) -> AlarmCase:
    """The case as it stands in this transaction, opened where it is the caller's."""
    session.flush()
    row = queries.row(session, alarm_id)
    in_clear = row.alarm.claimed_by == me.id and row.alarm.closed_at is None
    if in_clear:
        _break_glass(session, row.alarm, me, now=now)
    return case_of(session, row, me, in_clear=in_clear, now=now)


def _break_glass(session: Session, alarm: Alarm, me: Caller, *, now: datetime) -> None:
    """Once for each claim, not once for each look."""
    if not queries.was_opened(session, alarm, me.id):
        access.note_access(
            session, me, elder_id=alarm.elder_id, field="case", reason=f"alarm {alarm.id}", now=now, alarm_id=alarm.id
        )
