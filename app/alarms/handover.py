"""The handover of a shift: what is open, written down by whoever leaves, read and signed by whoever takes over."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import history
from app.access.queries import Caller
from app.access.rules import HOTLINE
from app.access.tables import User
from app.alarms import actions, duty, queries
from app.alarms.handling_tables import HandoverSheet
from app.alarms.handover_rules import NotYourSheet, OpenCases, SheetEvent, SheetState, after
from app.alarms.queries import QueueRow
from app.alarms.rules import ATTENDED, State
from app.equipment import upkeep_queries
from app.errors import Conflict, NotFound

TURN = 7_301_011  # of the advisory locks: one sheet of a district at a time


class SheetOpen(Conflict):
    """There is a sheet nobody has signed yet."""


def owed(session: Session, user_id: int) -> Sequence[QueueRow]:
    """What an operator would leave behind: cases, suspended ones and call-backs among them, gravest first."""
    return [row for row in queries.queue(session) if row.alarm.claimed_by == user_id]


def rows_of(session: Session, user_id: int, notes: dict[int, str]) -> list[dict[str, Any]]:
    """The cases as the sheet keeps them, with a note on each where there is one."""
    return [_row(row, notes.get(row.alarm.id)) for row in owed(session, user_id)]


def shelved(session: Session) -> list[dict[str, Any]]:
    """What of the technical list is put aside, for whoever comes: the device, why, until when, by whom."""
    return [
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in vars(row).items()}
        for row in upkeep_queries.shelved(session)
    ]


def _row(row: QueueRow, note: str | None) -> dict[str, Any]:
    alarm = row.alarm
    kept = {
        "alarm_id": alarm.id, "kind": alarm.kind, "state": alarm.state, "priority": alarm.priority,
        "elder": row.elder_name, "worker": row.worker, "estate": row.estate, "raised_at": alarm.raised_at,
        "suspended_until": alarm.suspended_until, "suspend_reason": alarm.suspend_reason,
        "call_back_at": alarm.call_back_at, "responder": row.responder, "note": note,
    }  # fmt: skip
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in kept.items() if value is not None
    }  # fmt: skip


def write(
    session: Session,
    to: int,
    words: str,
    notes: dict[int, str],
    *,
    me: Caller,
    now: datetime,
) -> HandoverSheet:
    """Write the sheet and sign it as the one who leaves; it holds no case yet, the second signature does."""
    user = session.get(User, to)
    if user is None or user.district_id != me.district_id or user.role not in HOTLINE or user.ended_at or to == me.id:
        raise NotFound("There is no such operator.")
    if not me.area.startswith(user.area):
        raise NotFound("That operator does not see all of your area.")
    session.execute(select(func.pg_advisory_xact_lock(TURN, me.district_id)))
    before = session.scalar(
        select(HandoverSheet.hash)
        .where(HandoverSheet.district_id == me.district_id)
        .order_by(HandoverSheet.id.desc())
        .limit(1)
    )  # fmt: skip
    rows = {"cases": rows_of(session, me.id, notes), "shelved": shelved(session)}
    sheet = HandoverSheet(
        district_id=me.district_id, area=me.area, from_id=me.id, to_id=to, written_at=now, words=words, rows=rows,
        before=before or "", state=SheetState.WRITTEN,
    )  # fmt: skip
    sheet.hash = hash_of(sheet)
    try:
        with session.begin_nested():
            session.add(sheet)
    except IntegrityError:
        raise SheetOpen("You have written a sheet that nobody has signed; withdraw it first.") from None
    history.record(session, sheet, "write", None, sheet.state, by=me.by, now=now, cases=len(rows["cases"]))
    return sheet


def hash_of(sheet: HandoverSheet) -> str:
    """Over the sheet before, who, when, the words and every case as it stood."""
    told = [sheet.before, sheet.from_id, sheet.to_id, sheet.written_at.timestamp(), sheet.words, sheet.rows]
    return hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode()).hexdigest()


def get(session: Session, sheet_id: int) -> HandoverSheet:
    """The sheet, locked; raises NotFound."""
    sheet = session.get(HandoverSheet, sheet_id, with_for_update=True, populate_existing=True)
    if sheet is None:
        raise NotFound("There is no such handover sheet.")
    return sheet


def sign(session: Session, sheet_id: int, *, me: Caller, now: datetime) -> HandoverSheet:
    """Read and taken: every case its writer still has is this operator's, and the writer's turn is over."""
    sheet = get(session, sheet_id)
    if sheet.to_id != me.id:
        raise NotYourSheet("That sheet is written for somebody else.")
    after(sheet.state, SheetEvent.SIGN)
    sheet.signed_at = sheet.ended_at = now
    _move(session, sheet, SheetEvent.SIGN, by=me.by, now=now)
    duty.start(session, me, now=now)
    taker = session.get_one(User, me.id)
    left = duty.held(session, sheet.from_id, *ATTENDED, State.FOLLOW_UP)
    for alarm in left:
        actions.give(session, alarm, taker, by=me.by, now=now, sheet=sheet.id)
    if turn := duty.current(session, sheet.from_id):
        turn.ended_at = now
    session.flush()
    return sheet


def withdraw(session: Session, sheet_id: int, *, me: Caller, now: datetime) -> HandoverSheet:
    """Taken back by its writer, who stays."""
    sheet = get(session, sheet_id)
    if sheet.from_id != me.id:
        raise NotYourSheet("Only its writer takes a sheet back.")
    after(sheet.state, SheetEvent.WITHDRAW)
    sheet.ended_at = now
    return _move(session, sheet, SheetEvent.WITHDRAW, by=me.by, now=now)


def leave(session: Session, reason: str | None, *, me: Caller, now: datetime) -> int:
    """End the turn without a second signature. With open cases a reason is needed, and they ring again.

    Call-backs are nobody's loss: they ring when they are due.
    """
    left = duty.held(session, me.id)
    if left and not reason:
        raise OpenCases(
            f"{len(left)} cases are open: hand them over, or say why you leave without.", open=len(left),
            alarm_ids=[alarm.id for alarm in left],
        )  # fmt: skip
    sheet = session.scalar(
        select(HandoverSheet)
        .where(HandoverSheet.from_id == me.id, HandoverSheet.state == SheetState.WRITTEN)
        .with_for_update()
    )  # fmt: skip
    if sheet:
        sheet.ended_at = now
        _move(session, sheet, SheetEvent.LEAVE, by=me.by, now=now)
    turn = duty.current(session, me.id)
    count = duty.end(session, me, now=now, reason=reason)
    if turn and left:
        history.record(
            session, turn, "leave", "on", "off", by=me.by, now=now, reason=reason, alarms=[a.id for a in left]
        )  # fmt: skip
    return count


def _move(session: Session, sheet: HandoverSheet, event: SheetEvent, *, by: str, now: datetime) -> HandoverSheet:
    before, sheet.state = sheet.state, after(sheet.state, event)
    history.record(session, sheet, event, before, sheet.state, by=by, now=now)
    return sheet


def sheets(session: Session, *, limit: int = 30) -> Sequence[tuple[HandoverSheet, str, str | None]]:
    """The latest sheets of the caller's area, newest first, with the names on them."""
    found = session.scalars(select(HandoverSheet).order_by(HandoverSheet.id.desc()).limit(limit)).all()
    return [(sheet, *names(session, sheet)) for sheet in found]


def names(session: Session, sheet: HandoverSheet) -> tuple[str, str | None]:
    """Who wrote it, and who takes over."""
    taker = session.get(User, sheet.to_id) if sheet.to_id else None
    return session.get_one(User, sheet.from_id).name, taker.name if taker else None


def follow_ups(session: Session, user_id: int) -> Sequence[QueueRow]:
    """The call-backs an operator owes, the earliest first."""
    mine = [row for row in owed(session, user_id) if row.alarm.state is State.FOLLOW_UP]
    return sorted(mine, key=lambda row: (row.alarm.call_back_at or row.alarm.raised_at, row.alarm.id))
