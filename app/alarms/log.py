"""The log of an alarm: append-only lines, each hashed over the one before, what is personal only as ciphertext.

A line holds the facts of its event and the row of the alarm as it then stood, so that a case can be rebuilt from its
log alone (`cases.py`), whoever writes lines about whatever.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import vault
from app.alarms.rules import Event
from app.alarms.tables import Alarm, AlarmEvent, PersonKey
from app.db import add_rows, notice


@dataclass(frozen=True)
class Line:
    """One line as a screen shows it; facts are empty once the person's key is erased."""

    n: int
    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    facts: dict[str, Any]
    row: dict[str, Any] = field(default_factory=dict)  # the alarm as it stood, by `row_of`; empty in old lines
    hash: str = ""
    sealed: str = ""


COLUMNS: Final = (
    "district_id", "division_code", "alarm_id", "n", "at", "by", "event", "before", "after", "sealed", "hash",
)  # fmt: skip
ROW: Final = "row"  # the name of the alarm's row among the sealed facts
NOT_KEPT: Final = frozenset({"district_id", "subject", "log_length", "log_head", "anchored"})


def row_of(alarm: Alarm) -> dict[str, Any]:
    """The row as a line keeps it: what is set, as JSON; moments in UTC."""
    found = {column.name: getattr(alarm, column.name) for column in Alarm.__table__.columns}
    return {name: _plain(value) for name, value in found.items() if value is not None and name not in NOT_KEPT}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True)
class Entry:
    """What happened to an alarm, as its next line tells it."""

    alarm: Alarm
    subject: str
    event: Event | str
    before: str | None
    after: str | None
    by: str
    told: str  # the facts, and the row as it stood


def entry(
    alarm: Alarm,
    event: Event | str,
    before: str | None,
    after: str | None,
    *,
    by: str,
    facts: Mapping[str, Any],
    subject: str = "",
) -> Entry:
    """What happened to an alarm that is as it shall be; `subject` of one that is not stored yet."""
    told = json.dumps({**facts, ROW: row_of(alarm)}, ensure_ascii=False, default=str)
    return Entry(alarm, subject or alarm.subject, event, before, after, by, told)


def append(
    session: Session,
    alarm: Alarm,
    event: Event | str,
    before: str | None,
    after: str | None,
    *,
    by: str,
    now: datetime,
    **facts: Any,
) -> None:
    """Write a line about an alarm whose row this transaction holds, and have the screens told."""
    session.flush()
    append_all(session, [entry(alarm, event, before, after, by=by, facts=facts)], now=now)


def append_all(session: Session, entries: Sequence[Entry], *, now: datetime) -> None:
    """Write lines about alarms whose rows this transaction holds; several of one alarm in their order."""
    keep(session, chained(session, entries, now=now))
    session.flush()


def chained(session: Session, entries: Sequence[Entry], *, now: datetime) -> Sequence[AlarmEvent]:
    """The next lines, for `keep`, sealed under the wrapped keys of their subjects; the heads move on to them."""
    keys = _keys(session, {entry.subject for entry in entries})
    return [next_line(entry, keys[entry.subject], now=now) for entry in entries]


def next_line(entry: Entry, key: str, *, now: datetime) -> AlarmEvent:
    """The next line, sealed under the wrapped key of its subject; the alarm's head moves on to it."""
    alarm = entry.alarm
    line = AlarmEvent(
        district_id=alarm.district_id, division_code=alarm.division_code, alarm_id=alarm.id, n=alarm.log_length + 1,
        at=now, by=entry.by, event=str(entry.event), before=entry.before, after=entry.after,
        sealed=f"{entry.subject} {vault.seal_with(key, entry.told)}",
    )  # fmt: skip
    line.hash = hashed(alarm.log_head, line)
    alarm.log_length, alarm.log_head = line.n, line.hash
    return line


def keep(session: Session, lines: Sequence[AlarmEvent]) -> None:
    """Store lines and have the screens told."""
    add_rows(session, AlarmEvent, [{name: getattr(line, name) for name in COLUMNS} for line in lines])
    for line in lines:
        notice(session, line.district_id, f"alarms/{line.alarm_id}")


def hashed(head: str, line: AlarmEvent | Any) -> str:
    """The hash of a line after the one with the given hash."""
    told = [
        head, line.alarm_id, line.n, line.at.astimezone(UTC).isoformat(), line.by, line.event, line.before, line.after,
        line.sealed,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def of(session: Session, alarm: Alarm) -> Sequence[Line]:
    """The life of an alarm, oldest first."""
    rows = rows_of(session, alarm)
    subjects = {row.sealed.partition(" ")[0] for row in rows}
    keys = {
        key.subject: key.wrapped for key in session.scalars(select(PersonKey).where(PersonKey.subject.in_(subjects)))
    }
    return [_line(row, _facts(row.sealed, keys)) for row in rows]


def rows_of(session: Session, alarm: Alarm) -> Sequence[AlarmEvent]:
    """The lines as they are stored."""
    found = select(AlarmEvent).where(AlarmEvent.district_id == alarm.district_id, AlarmEvent.alarm_id == alarm.id)
    return session.scalars(found.order_by(AlarmEvent.n)).all()


def _line(row: AlarmEvent, facts: dict[str, Any]) -> Line:
    stood = facts.pop(ROW, {})
    return Line(row.n, row.at, row.by, row.event, row.before, row.after, facts, stood, row.hash, row.sealed)


def erase(session: Session, subject: str) -> None:
    """Forget a person: their lines stay and still prove, and nobody can read what was in them."""
    if key := session.get(PersonKey, subject):
        session.delete(key)


def _keys(session: Session, subjects: AbstractSet[str]) -> Mapping[str, str]:
    """The wrapped keys of these persons; whoever has none gets one."""
    wanted = select(PersonKey.subject, PersonKey.wrapped).where(PersonKey.subject.in_(subjects))
    found = {row.subject: row.wrapped for row in session.execute(wanted)}
    if missing := sorted(subjects - found.keys()):
        made = [{"subject": subject, "wrapped": vault.new_key()} for subject in missing]
        add_rows(session, PersonKey, made, on_conflict="do nothing")
        found = {row.subject: row.wrapped for row in session.execute(wanted)}
    return found


def _facts(sealed: str, keys: dict[str, str]) -> dict[str, Any]:
    subject, _, body = sealed.partition(" ")
    if subject not in keys:
        return {}
    facts: dict[str, Any] = json.loads(vault.unseal_with(keys[subject], body))
    return facts
