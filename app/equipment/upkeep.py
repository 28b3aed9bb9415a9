"""What people do with the technical list: take an entry, put it aside for a while, say what was done."""

from datetime import datetime

from sqlalchemy.orm import Session

from app.equipment.tables import DeviceFault, Outage
from app.equipment.upkeep_rules import ENDS_BY_WORD, Remedy, Upkeep, UpkeepEvent, after, check_shelf
from app.errors import Conflict, NotFound
from app.history import record

Entry = DeviceFault | Outage


class NotYours(Conflict):
    """Somebody else looks after this."""


def fault(session: Session, fault_id: int) -> DeviceFault:
    """An entry of one device, to be changed; raises NotFound. One of an outage is handled with all the others of it."""
    found = session.get(DeviceFault, fault_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such entry.")
    if found.outage_id is not None:
        raise Conflict("This device was lost together with others; see to what they share.", outage_id=found.outage_id)
    return found


def outage(session: Session, outage_id: int) -> Outage:
    """An outage, to be changed; raises NotFound."""
    found = session.get(Outage, outage_id, with_for_update=True)
    if found is None:
        raise NotFound("There is no such outage.")
    return found


def claim(session: Session, entry: Entry, *, user_id: int, by: str, now: datetime) -> None:
    """Somebody looks after it; raises NotYours where somebody else does already."""
    if entry.state is Upkeep.CLAIMED and entry.claimed_by != user_id:
        raise NotYours("Somebody else was faster.", claimed_by=entry.claimed_by)
    entry.claimed_by, entry.claimed_at = user_id, now
    entry.shelved_until = entry.shelve_reason = None
    move(session, entry, UpkeepEvent.CLAIM, by=by, now=now)


def release(session: Session, entry: Entry, *, user_id: int, by: str, now: datetime) -> None:
    """Back to whoever comes next."""
    _mine(entry, user_id)
    move(session, entry, UpkeepEvent.RELEASE, by=by, now=now)


def shelve(session: Session, entry: Entry, *, until: datetime, reason: str, by: str, now: datetime) -> None:
    """Nothing to be done before then, and why. A call for help of the device rings all the same."""
    check_shelf(until, now=now)
    entry.shelved_until, entry.shelve_reason = until, reason
    entry.claimed_by = entry.claimed_at = None
    move(session, entry, UpkeepEvent.SHELVE, by=by, now=now)


def resume(session: Session, entry: Entry, *, by: str, now: datetime) -> None:
    """Off the shelf before its time."""
    move(session, entry, UpkeepEvent.RESUME, by=by, now=now)


def finish(
    session: Session, entry: Entry, *, remedy: Remedy, note: str | None, user_id: int, by: str, now: datetime
) -> None:
    """What was done. The entry goes when the device confirms it; where none can, the word is enough."""
    _mine(entry, user_id)
    entry.done_with, entry.done_note, entry.done_by, entry.done_at = remedy, note, user_id, now
    move(session, entry, UpkeepEvent.FINISH, by=by, now=now)
    if isinstance(entry, DeviceFault) and entry.kind in ENDS_BY_WORD:
        entry.ended_at = now
        move(session, entry, UpkeepEvent.END, by=by, now=now)


def move(session: Session, entry: Entry, event: UpkeepEvent, *, by: str, now: datetime) -> None:
    """The only place that changes an entry somebody has had in hand."""
    before, entry.state = entry.state, after(entry.state, event)
    if event in (UpkeepEvent.RELEASE, UpkeepEvent.RESUME, UpkeepEvent.RELAPSE):
        entry.claimed_by = entry.claimed_at = entry.shelved_until = entry.shelve_reason = None
    record(session, entry, event, before, entry.state, by=by, now=now)


def _mine(entry: Entry, user_id: int) -> None:
    if entry.state is Upkeep.CLAIMED and entry.claimed_by != user_id:
        raise NotYours("Somebody else looks after this.", claimed_by=entry.claimed_by)
