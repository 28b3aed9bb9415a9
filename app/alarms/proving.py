"""Whether the logs of alarms still say what was written: each line over the one before, and the heads over the days.

A chain alone cannot tell a log whose end was cut off together with the row that names its end. So the heads are
anchored: once a day those that moved are written down under a digest that covers the digest before. Whoever keeps a
digest elsewhere (it stands on every printed case and report, and in the log of the clock) can ask for it by name.
"""

import hashlib
import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, Final

import structlog
from sqlalchemy import func, literal, select, update
from sqlalchemy.orm import Session

from app.access.tables import District
from app.alarms.log import hashed
from app.alarms.tables import Alarm, AlarmEvent, LogAnchor
from app.db import transaction

MOST: Final = 2_000  # heads in one anchor
TURN: Final = 7_301_002  # of the advisory locks: one anchor of a district at a time
DAILY: Final = timedelta(hours=23)  # the clock looks every hour
SEARCHED: Final = 200  # lines of one log among which a moved one is looked for
slog = structlog.get_logger()


@dataclass(frozen=True)
class Broken:
    """A place where a log does not hold, in words for whoever has to find out why."""

    alarm_id: int
    n: int
    reason: str


def anchor_due(session: Session, *, now: datetime) -> Sequence[int]:
    """Districts whose last anchor is a day old."""
    last = select(func.max(LogAnchor.at)).where(LogAnchor.district_id == District.id).scalar_subquery()
    found = select(District.id).where(last.is_(None) | (last < now - DAILY))
    return session.scalars(found.order_by(District.id)).all()


def anchor_all(*, now: datetime) -> None:
    """What is due; a transaction for each anchor, for the alarms in it are held meanwhile."""
    with transaction() as session:
        due = anchor_due(session, now=now)
    for district_id in due:
        more = True
        while more:
            with transaction() as session:
                made = anchor(session, district_id, now=now)
                more = made is not None and made.alarms == MOST


def anchor(session: Session, district_id: int, *, now: datetime) -> LogAnchor | None:
    """Write down heads that moved since, as many as an anchor holds; None where none did."""
    session.execute(select(func.pg_advisory_xact_lock(TURN, district_id)))
    grown = session.execute(
        select(Alarm.id, Alarm.log_length, Alarm.log_head)
        .where(Alarm.district_id == district_id, Alarm.log_length > Alarm.anchored)
        .order_by(Alarm.id)
        .limit(MOST)
        .with_for_update(skip_locked=True)
    ).all()
    if not grown:
        return None
    before = latest(session, district_id)
    session.execute(
        update(Alarm)
        .where(Alarm.id.in_([alarm_id for alarm_id, _, _ in grown]))
        .values(anchored=Alarm.log_length)
        .execution_options(synchronize_session=False)
    )
    made = LogAnchor(
        district_id=district_id, at=now, alarms=len(grown), heads=[list(row) for row in grown],
        lines=session.scalar(select(func.sum(Alarm.anchored)).where(Alarm.district_id == district_id)),
        before=before.digest if before else "",
    )  # fmt: skip
    made.digest = digest_of(made)
    session.add(made)
    session.flush()
    slog.info("alarm logs anchored", district=district_id, lines=made.lines, digest=made.digest)
    return made


def digest_of(anchor: LogAnchor) -> str:
    """What an anchor is known by; covers the anchor before and every head in it."""
    told = [anchor.before, anchor.district_id, anchor.at.timestamp(), anchor.lines, anchor.heads]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def latest(session: Session, district_id: int) -> LogAnchor | None:
    """The last anchor of a district."""
    return session.scalar(
        select(LogAnchor).where(LogAnchor.district_id == district_id).order_by(LogAnchor.id.desc()).limit(1)
    )


Tell = Callable[[int], object]
End = tuple[int, str]  # the length and the last hash an alarm names


def verify(session: Session, *, digest: str | None = None, tell: Tell = lambda lines: None) -> Iterator[Broken]:
    """Every place where a log was changed, cut or added to. Reads chains and anchors alone; needs no key.

    One alarm after the other, so that memory holds the anchored heads and one log, however many there are.
    `digest`: one that was kept elsewhere, which must be among the anchors. `tell` hears how many lines were read.
    """
    anchored: dict[int, tuple[int, str, datetime]] = {}
    yield from _anchors(session, anchored, digest)
    count = 0
    for district_id, alarm_id, end, lines in _logs(session):
        count += len(lines)
        tell(count)
        if next(_faults(alarm_id, end, lines, anchored.get(alarm_id)), None):
            end, lines = _again(session, district_id, alarm_id)
            yield from _faults(alarm_id, end, lines, anchored.get(alarm_id))
        anchored.pop(alarm_id, None)
    for alarm_id, known in anchored.items():
        yield from _faults(alarm_id, None, [], known)


def _logs(session: Session) -> Iterator[tuple[int, int, End | None, Sequence[Any]]]:
    """Each alarm's end and its lines, one alarm after the other; of what has no alarm, or no line, the other part."""
    alarms = session.execute(
        select(Alarm.district_id, Alarm.id, Alarm.log_length, Alarm.log_head)
        .order_by(Alarm.district_id, Alarm.id)
        .execution_options(yield_per=2000)
    )
    table = AlarmEvent.__table__
    rows = session.execute(
        select(table).order_by(table.c.district_id, table.c.alarm_id, table.c.n).execution_options(yield_per=2000)
    )
    ends = (((row.district_id, row.id), (row.log_length, row.log_head)) for row in alarms)
    logs = ((key, list(lines)) for key, lines in groupby(rows, key=attrgetter("district_id", "alarm_id")))
    both: Iterator[tuple[tuple[int, int], Any]] = heapq.merge(ends, logs, key=itemgetter(0))
    for (district_id, alarm_id), parts in groupby(both, key=itemgetter(0)):
        found = [part for _, part in parts]
        end = next((part for part in found if isinstance(part, tuple)), None)
        yield district_id, alarm_id, end, next((part for part in found if isinstance(part, list)), [])


def _again(session: Session, district_id: int, alarm_id: int) -> tuple[End | None, Sequence[Any]]:
    """One alarm read in one statement: while the many were read the desk wrote on."""
    table, one = AlarmEvent.__table__, select(literal(alarm_id).label("id")).subquery()
    rows = session.execute(
        select(Alarm.log_length, Alarm.log_head, table)
        .select_from(one)
        .outerjoin(Alarm, Alarm.id == one.c.id)
        .outerjoin(table, (table.c.alarm_id == one.c.id) & (table.c.district_id == district_id))
        .order_by(table.c.n)
    ).all()
    ends = [(row.log_length, row.log_head) for row in rows if row.log_length is not None]
    return next(iter(ends), None), [row for row in rows if row.n is not None]


def _faults(
    alarm_id: int, end: End | None, lines: Sequence[Any], anchored: tuple[int, str, datetime] | None
) -> Iterator[Broken]:
    if lines:
        if end is None:
            yield Broken(alarm_id, 0, "the log is there and its alarm is gone")
        yield from chain(alarm_id, lines, end, anchored)
    elif end and end[0]:
        yield Broken(alarm_id, 1, f"the whole log is gone; the alarm speaks of {_lines(end[0])}")
    elif anchored:
        n, _, at = anchored
        yield Broken(alarm_id, 0, f"the alarm and its log are gone; on {at:%Y-%m-%d} it had {_lines(n)}")


def _anchors(session: Session, anchored: dict[int, tuple[int, str, datetime]], digest: str | None) -> Iterator[Broken]:
    """Whether the anchors follow from each other; fills in what the last one says of each alarm."""
    last: dict[int, str] = {}
    known = set()
    for one in session.scalars(select(LogAnchor).order_by(LogAnchor.district_id, LogAnchor.id)):
        if one.before != last.get(one.district_id, ""):
            yield Broken(0, 0, f"the anchor of {one.at:%Y-%m-%d} does not follow from the one before it")
        if digest_of(one) != one.digest:
            yield Broken(0, 0, f"the anchor of {one.at:%Y-%m-%d} was changed")
        last[one.district_id] = one.digest
        known.add(one.digest)
        anchored.update({alarm_id: (n, head, one.at) for alarm_id, n, head in one.heads})
    if digest and digest not in known:
        yield Broken(0, 0, "the digest that was kept elsewhere is not among the anchors: they were made anew")


def chain(
    alarm_id: int,
    lines: Sequence[Any],
    end: End | None,
    anchored: tuple[int, str, datetime] | None = None,
) -> Iterator[Broken]:
    """What is wrong with one log: its lines in order, the length and head its alarm names, and what was anchored."""
    last, expected, whole = "", 1, True
    hashes = {line.n: line.hash for line in lines}
    for line in lines:
        if line.n > expected:  # the line after a gap can only be judged by the next: its own hash covers what is gone
            whole = False
            yield Broken(alarm_id, expected, _missing(expected, line.n - 1))
        elif hashed(last, line) != line.hash:
            whole = False
            yield Broken(alarm_id, line.n, _why(line, lines, hashes))
        last, expected = line.hash, line.n + 1
    length, head = end or (expected - 1, last)
    if expected - 1 < length:
        yield Broken(alarm_id, expected, f"{_missing(expected, length)} at the end")
    elif expected - 1 > length:
        yield Broken(alarm_id, length + 1, f"the alarm speaks of {_lines(length)}, and there are {expected - 1}")
    elif whole and last != head:
        yield Broken(alarm_id, length, "the alarm names another last line than the log has")
    if anchored:
        n, known, at = anchored
        if n not in hashes and expected - 1 < n and length < n:
            yield Broken(
                alarm_id,
                n,
                f"on {at:%Y-%m-%d} the log had {_lines(n)}; its end was cut off with the alarm's word for it",
            )
        elif n in hashes and hashes[n] != known:
            yield Broken(
                alarm_id, n, f"line {n} is not the one that was anchored on {at:%Y-%m-%d}: the log was written anew"
            )


def _why(line: Any, lines: Sequence[Any], hashes: Mapping[int, str]) -> str:
    """Moved, put in between, or changed."""
    if len(lines) <= SEARCHED:
        for n in hashes:
            if n != line.n and any(hashed(head, _At(line, n)) == line.hash for head in ("", *hashes.values())):
                return f"the line stood at place {n} and was moved to place {line.n}"
    before = hashes.get(line.n - 1, "")
    for other in lines:
        if other.n > line.n and hashed(before, _At(other, line.n)) == other.hash:
            return "the line was put in afterwards"
    return "the line was changed"


class _At:
    """A line as if it stood at another place."""

    def __init__(self, line: Any, n: int) -> None:
        self._line, self.n = line, n

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)


def _missing(first: int, last: int) -> str:
    return f"line {first} is missing" if first == last else f"lines {first} to {last} are missing"


def _lines(count: int) -> str:
    return f"{count} line" + "s" * (count != 1)
