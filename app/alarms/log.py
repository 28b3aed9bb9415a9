"""The log of an alarm: append-only lines, each hashed over the one before, what is personal only as ciphertext."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

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
    sealed = vault.seal_with(_key(session, alarm.subject), json.dumps(facts, ensure_ascii=False, default=str))
    line = AlarmEvent(
        district_id=alarm.district_id, division_code=alarm.division_code, alarm_id=alarm.id, n=alarm.log_length + 1,
        at=now, by=by, event=str(event), before=before, after=after, sealed=f"{alarm.subject} {sealed}",
    )  # fmt: skip
    line.hash = hashed(alarm.log_head, line)
    session.add(line)
    alarm.log_length, alarm.log_head = line.n, line.hash
    session.flush()
    notice(session, alarm.district_id, f"alarms/{alarm.id}")


def hashed(head: str, line: AlarmEvent) -> str:
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
    return [Line(row.n, row.at, row.by, row.event, row.before, row.after, _facts(row.sealed, keys)) for row in rows]


def erase(session: Session, subject: str) -> None:
    """Forget a person: their lines stay and still prove, and nobody can read what was in them."""
    if key := session.get(PersonKey, subject):
        session.delete(key)


@dataclass(frozen=True)
class Broken:
    """A place where a log does not hold."""

    alarm_id: int
    n: int
    reason: str


def verify_log(session: Session, district_id: int | None = None) -> Iterator[Broken]:
    """Every place where an alarm's log was changed, cut or added to. Reads the chain alone; needs no key."""
    alarms = select(Alarm.id, Alarm.district_id, Alarm.log_length, Alarm.log_head).order_by(Alarm.id)
    if district_id:
        alarms = alarms.where(Alarm.district_id == district_id)
    for alarm_id, district, length, head in session.execute(alarms).yield_per(500):
        yield from _verify(session, district, alarm_id, length, head)
    orphans = (
        select(AlarmEvent.alarm_id).distinct().where(~select(Alarm.id).where(Alarm.id == AlarmEvent.alarm_id).exists())
    )
    for alarm_id in session.scalars(orphans):
        yield Broken(alarm_id, 0, "a log without its alarm")


def _verify(session: Session, district_id: int, alarm_id: int, length: int, head: str) -> Iterator[Broken]:
    last, n = "", 0
    rows = select(AlarmEvent).where(AlarmEvent.district_id == district_id, AlarmEvent.alarm_id == alarm_id)
    for line in session.scalars(rows.order_by(AlarmEvent.n)):
        n += 1
        if line.n != n:
            yield Broken(alarm_id, n, f"line {n} is missing")
            n = line.n
        if hashed(last, line) != line.hash:
            yield Broken(alarm_id, line.n, "the line was changed")
        last = line.hash
    if n != length or last != head:
        yield Broken(alarm_id, length, "the end of the log is missing or was added to")


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
