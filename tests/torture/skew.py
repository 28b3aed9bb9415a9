"""Row 7: device clocks that are off by anything from ten years behind to a day ahead change no order and no figure."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select

from app.alarms import inbox, log, queries
from app.alarms.rules import CLOCK_OFF
from app.alarms.tables import Alarm, AlarmTimer
from app.db import transaction
from devices.signals import Message
from tests.cast import DISTRICT, a_device
from tests.torture.figures import Row

BEGIN: Final = datetime(2026, 11, 23, 0, 0, tzinfo=UTC)
EARLIEST, LATEST = timedelta(days=-3653), timedelta(days=1)
EDGES: Final = (EARLIEST, -CLOCK_OFF, timedelta(), CLOCK_OFF, LATEST)
KINDS: Final = ("sos", "fall", "water_leak", "inactivity")
ELDERS, PRESSES = 5, 14


def story(seed: str, skews: list[timedelta]) -> tuple[list[Any], list[timedelta]]:
    """The same presses at the same moments of ours, by pendants with these clocks; what came of it, by their places.

    Everything is rolled back: the next story begins where this one did.
    """
    chance = random.Random(seed)
    with transaction() as session:
        devices = [a_device(session) for _ in skews]
        place = {device.id: n for n, device in enumerate(devices)}
        now = BEGIN
        for n in range(PRESSES):
            now += timedelta(seconds=chance.uniform(0, 40))
            who = chance.randrange(len(skews))
            body = {"id": f"{seed}-{n}", "kind": chance.choice(KINDS), "at": (now + skews[who]).isoformat()}
            topic = f"care/v1/{devices[who].wire_id}/event"
            message = Message(topic, json.dumps(body).encode(), qos=1, received_at=now, source="torture")
            inbox.take(session, [message], now=now)
        told, flags = _told(session, place, now), _flags(session, place)
        session.rollback()
    return told, flags


def _told(session: Any, place: dict[int, int], now: datetime) -> list[Any]:
    """The queue in its order, every time and count in it, the timers, the lines, and the figures of the day."""
    queue = [row.alarm for row in queries.queue(session) if row.alarm.device_id in place]
    told: list[Any] = [queries.duty_counts(session, DISTRICT, now=now)]
    for alarm in queue:
        due = select(AlarmTimer.kind, AlarmTimer.due_at).where(AlarmTimer.alarm_id == alarm.id)
        told.append((
            place[alarm.device_id or 0], alarm.kind, alarm.priority, alarm.count, alarm.received_at, alarm.raised_at,
            alarm.rung_at, sorted((kind, at) for kind, at in session.execute(due)),
            [(line.n, line.event, line.at, line.facts["count"]) for line in log.of(session, alarm)],
        ))  # fmt: skip
    return told


def _flags(session: Any, place: dict[int, int]) -> list[timedelta]:
    """By how much the alarms say that a clock is off, by the places of the devices."""
    rows = session.execute(select(Alarm.device_id, Alarm.clock_off).where(Alarm.device_id.in_(place)))
    found = [timedelta()] * len(place)
    for device, off in rows:
        found[place[device or 0]] = timedelta(seconds=off or 0)
    return found


def differs(seed: str, skews: list[timedelta]) -> str:
    """What a story with these clocks tells otherwise than the same one with clocks that are right; empty: nothing."""
    right, _ = story(seed, [timedelta()] * len(skews))
    told, flags = story(seed, skews)
    if told != right:
        return f"clocks off by {skews} tell another story"
    pressed = {line[0] for line in told[1:]}
    for n in sorted(pressed):
        flagged = skews[n] if abs(skews[n]) > CLOCK_OFF else timedelta()
        if abs(flags[n] - flagged) > timedelta(seconds=1):
            return f"a clock off by {skews[n]} is shown as {flags[n]}"
    return ""


def run(stories: int, *, seed: int = 7) -> Row:
    """Many stories with clocks by chance, the edges among them."""
    row = Row(7, f"device clocks from 10 years behind to a day ahead, {stories:,} stories")
    chance = random.Random(f"{seed}/skew")
    for n in range(stories):
        span = (LATEST - EARLIEST).total_seconds()
        skews = [EARLIEST + timedelta(seconds=round(chance.uniform(0, span))) for _ in range(ELDERS - 1)]
        if fault := differs(f"skew-{seed}-{n}", [*skews, chance.choice(EDGES)]):
            row.faults.append(fault)
    row.counted["stories"] = stories
    return row
