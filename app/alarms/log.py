"""The log of an alarm: append-only lines, each hashed over the one before, what is personal only as ciphertext.

A line holds the facts of its event and the row of the alarm as it then stood, so that a case can be rebuilt from its
log alone (`cases.py`), whoever writes lines about whatever.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import vault
from app.alarms.rules import Event
from app.alarms.tables import Alarm, AlarmEvent, PersonKey
from app.db import notice


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
    line = chained(alarm, _key(session, alarm.subject), event, before, after, by=by, now=now, facts=facts)
    session.add(line)
    session.flush()
    notice(session, alarm.district_id, f"alarms/{alarm.id}")


def chained(
    alarm: Alarm,
    key: str,
    event: Event | str,
    before: str | None,
    after: str | None,
    *,
    by: str,
    now: datetime,
    facts: Mapping[str, Any],
) -> AlarmEvent:
    """The next line, sealed under the wrapped key of the alarm's subject; the alarm's head moves on to it."""
    told = json.dumps({**facts, ROW: row_of(alarm)}, ensure_ascii=False, default=str)
    line = AlarmEvent(
        district_id=alarm.district_id, division_code=alarm.division_code, alarm_id=alarm.id, n=alarm.log_length + 1,
        at=now, by=by, event=str(event), before=before, after=after,
        sealed=f"{alarm.subject} {vault.seal_with(key, told)}",
    )  # fmt: skip
    line.hash = hashed(alarm.log_head, line)
    alarm.log_length, alarm.log_head = line.n, line.hash
    return line


def hashed(head: str, line: AlarmEvent | Any) -> str:
    """The hash of a line after the one with the given hash."""
    told = [
        head, line.alarm_id, line.n, line.at.astimezone(UTC).isoformat(), line.by, line.event, line.before, line.after,
        line.sealed,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def of(session: Session, alarm: Alarm) -> Sequence[Line]:
    """The life of an alarm, oldest first."""
    rows = session.scalars(
        select(AlarmEvent)
        .where(AlarmEvent.district_id == alarm.district_id, AlarmEvent.alarm_id == alarm.id)
        .order_by(AlarmEvent.n)
    ).all()
    subjects = {row.sealed.partition(" ")[0] for row in rows}
    keys = {
        key.subject: key.wrapped for key in session.scalars(select(PersonKey).where(PersonKey.subject.in_(subjects)))
    }
    return [_line(row, _facts(row.sealed, keys)) for row in rows]


def _line(row: AlarmEvent, facts: dict[str, Any]) -> Line:
    stood = facts.pop(ROW, {})
    return Line(row.n, row.at, row.by, row.event, row.before, row.after, facts, stood, row.hash, row.sealed)


def erase(session: Session, subject: str) -> None:
    """Forget a person: their lines stay and still prove, and nobody can read what was in them."""
    if key := session.get(PersonKey, subject):
        session.delete(key)


def _key(session: Session, subject: str) -> str:
    made = insert(PersonKey).values(subject=subject, wrapped=vault.new_key()).on_conflict_do_nothing()
    if (found := session.get(PersonKey, subject)) is None:
        session.execute(made)
        found = session.get_one(PersonKey, subject)
    return found.wrapped


def _facts(sealed: str, keys: dict[str, str]) -> dict[str, Any]:
    subject, _, body = sealed.partition(" ")
    if subject not in keys:
        return {}
    facts: dict[str, Any] = json.loads(vault.unseal_with(keys[subject], body))
    return facts
