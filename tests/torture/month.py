"""Row 6: thirty simulated days of escalations, with a clock that dies and comes back, and an outage of a minute.

The clock looks once a second while it lives, as `app.clock` does. Whatever is due must have happened within two seconds
of its time, or of the clock's coming back; once; and a late one says by how much.
"""

import random
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select

from app.access.queries import Caller
from app.access.rules import Role
from app.alarms import actions, inbox, log, timers
from app.alarms.rules import State
from app.alarms.tables import Alarm, AlarmTimer
from app.db import transaction
from devices.signals import Message
from tests.cast import DISTRICT, a_device, a_user
from tests.torture.figures import Row

BEGIN: Final = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
ALLOWED: Final = timedelta(seconds=2)
OUTAGE: Final = timedelta(seconds=60)
DEVICES: Final = 12


@dataclass(frozen=True)
class Down:
    """When the clock was not there."""

    begin: datetime
    end: datetime


def run(*, days: int = 30, presses_a_day: int = 20, seed: int = 7) -> Row:
    """So many days; answers what was due and did not happen in time."""
    row = Row(6, f"{days} simulated days of escalations, with restarts and outages of {OUTAGE.seconds} s (seed {seed})")
    chance = random.Random(f"{seed}/month")
    with transaction() as session:
        devices = [a_device(session).wire_id for _ in range(DEVICES)]
        user = a_user(session, Role.OPERATOR, name="赵敏")
        me = Caller(user.id, user.login, user.name, user.role, DISTRICT, "河口区", user.area, None, None, "")
    downs: list[Down] = []
    gap = timedelta(days=1) / presses_a_day
    now = BEGIN
    for n in range(days * presses_a_day):
        body = f'{{"id": "month-{n}", "kind": "sos"}}'.encode()
        message = Message(f"care/v1/{chance.choice(devices)}/event", body, qos=1, received_at=now, source="torture")
        with transaction() as session:
            inbox.take(session, [message], now=now)
        if chance.random() < 0.5:
            _claim_oldest(me, now + timedelta(seconds=chance.randint(1, 100)))
        _live(now, now + gap, downs, chance)
        now += gap
    _live(now, now + timedelta(days=1), downs, chance)
    _judge(row, downs)
    return row


def _claim_oldest(me: Caller, at: datetime) -> None:
    with transaction() as session:
        ringing = select(Alarm.id).where(Alarm.state == State.RINGING).order_by(Alarm.rung_at).limit(1)
        if number := session.scalar(ringing):
            actions.claim(session, number, me=me, now=at)


def _live(begin: datetime, end: datetime, downs: list[Down], chance: random.Random) -> None:
    """The clock's looks between two moments: at whole seconds, only those at which something is due."""
    now = begin
    while (due := _next_due()) is not None and due < end:
        look = max(now, due + timedelta(microseconds=-due.microsecond) + timedelta(seconds=bool(due.microsecond)))
        if chance.random() < 0.08:  # a restart of a few seconds, or an outage, that begins just before
            length = OUTAGE if chance.random() < 0.3 else timedelta(seconds=chance.randint(1, 8))
            downs.append(Down(look - timedelta(seconds=1), look - timedelta(seconds=1) + length))
            look = downs[-1].end
        for _ in range(2):  # a leader that was frozen looks once more
            _look(look)
        now = look + timedelta(seconds=1)


def _next_due() -> datetime | None:
    with transaction() as session:
        open_ones = select(func.min(AlarmTimer.due_at))
        return session.scalar(open_ones.where(AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)))


def _look(now: datetime) -> None:
    with transaction() as session:
        ids = timers.due(session, now=now)
    for number in ids:
        with transaction() as session:
            timers.fire(session, number, now=now)


def _judge(row: Row, downs: list[Down]) -> None:
    with transaction() as session:
        rows = session.scalars(select(AlarmTimer)).all()
        lines = Counter(
            (alarm.id, line.event, line.at)
            for alarm in session.scalars(select(Alarm))
            for line in log.of(session, alarm)
            if line.by == timers.PLATFORM
        )
    fired = [one for one in rows if one.fired_at]
    latest = timedelta()
    for one in fired:
        back = max((down.end for down in downs if down.begin <= one.due_at < down.end), default=one.due_at)
        # what fell due while the clock was at something later of the same second is met by the next look
        behind = (one.fired_at or back) - back
        latest = max(latest, behind)
        row.must(behind <= ALLOWED, f"{one.kind} due {one.due_at:%d %H:%M:%S} came {behind.total_seconds():.0f} s late")
        late = int(((one.fired_at or back) - one.due_at).total_seconds())
        row.must(one.late_seconds == late, f"{one.kind} was {late} s late and says {one.late_seconds}")
    skipped = [one for one in rows if not one.fired_at and not one.dropped_at]
    row.must(not skipped, f"{len(skipped)} were skipped")
    row.must(max(lines.values(), default=0) <= 1, "something happened twice")
    row.counted |= {
        "escalations": len(fired), "late, as the clock was away": sum((one.late_seconds or 0) > 2 for one in fired),
        "times away": len(downs), "worst, s after due or recovery": latest.total_seconds(),
    }  # fmt: skip
