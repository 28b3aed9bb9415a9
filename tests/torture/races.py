"""Rows 4 and 5: many presses of one elder in one instant, and many operators who claim one alarm in one instant."""

import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count
from threading import Barrier

from sqlalchemy import select

from app.access.queries import Caller
from app.access.rules import Role
from app.alarms import actions, inbox, queries
from app.alarms.rules import NotYours
from app.alarms.tables import Alarm
from app.db import transaction
from devices.signals import Message
from tests.cast import DISTRICT, a_device, a_user
from tests.torture.figures import Row

PRESSES, OPERATORS, THREADS = 50, 100, 8
Tell = Callable[[int], object]
_rounds = count(1)


def presses_at_once(rounds: int, *, seed: int = 7, tell: Tell = lambda _done: None) -> Row:
    """Distinct ids, each delivered to both listeners, in batches of any size: one alarm, and the neighbour's own."""
    row = Row(4, f"{PRESSES} presses with distinct ids at once, each heard by both listeners, {rounds:,} rounds")
    wrong: Counter[str] = Counter()
    with ThreadPoolExecutor(THREADS) as pool:
        for n in range(rounds):
            with transaction() as session:
                mine, neighbour = a_device(session), a_device(session)
            batches = _batches(mine.wire_id, neighbour.wire_id, random.Random(f"{seed}/{n}"))
            list(pool.map(inbox.receive, batches))
            with transaction() as session:
                found = session.execute(
                    select(Alarm.elder_id, Alarm.count).where(Alarm.device_id.in_([mine.id, neighbour.id]))
                ).all()
            if sorted(found) != sorted([(mine.elder_id, PRESSES), (neighbour.elder_id, 1)]):
                wrong[str([presses for _, presses in found])] += 1
            tell(n + 1)
    row.faults += [f"{times} rounds had counts {counts}" for counts, times in wrong.items()]
    row.counted["rounds"] = rounds
    return row


def _batches(mine: str, neighbour: str, chance: random.Random) -> list[list[Message]]:
    events = [(mine, f"e{n}") for n in range(PRESSES)] + [(neighbour, "n")]
    batches = []
    for listener in ("listener-1", "listener-2"):
        chance.shuffle(events)
        at = 0
        while at < len(events):
            size = chance.randint(1, 12)
            batches.append([_press(device, number, listener) for device, number in events[at : at + size]])
            at += size
    chance.shuffle(batches)
    return batches


def _press(device: str, number: str, listener: str) -> Message:
    body = json.dumps({"id": number, "kind": "sos"}).encode()
    return Message(f"care/v1/{device}/event", body, qos=1, received_at=datetime.now(UTC), source=listener)


def claims_at_once(rounds: int, *, tell: Tell = lambda _done: None) -> Row:
    """One has it, and every other hears who."""
    row = Row(5, f"{OPERATORS} operators claim at once, {rounds:,} rounds")
    with transaction() as session:
        callers = [_caller(a_user(session, Role.OPERATOR, name=f"操作员{n}").id, n) for n in range(OPERATORS)]
        device = a_device(session)
    wrong = 0
    for n in range(rounds):
        inbox.receive([_press(device.wire_id, f"round-{next(_rounds)}", "listener-1")])
        with transaction() as session:
            (number,) = [one.alarm.id for one in queries.queue(session) if one.alarm.device_id == device.id]
        answers = _claimed(number, callers)
        winner = callers[answers.index(None)].name if None in answers else ""
        wrong += Counter(answers) != {None: 1, winner: OPERATORS - 1}
        with transaction() as session:
            actions.release(session, number, me=callers[answers.index(None)], now=datetime.now(UTC))
        tell(n + 1)
    row.must(not wrong, f"{wrong} rounds had another end than one winner and {OPERATORS - 1} who heard who")
    row.counted["rounds"] = rounds
    return row


def _caller(number: int, n: int) -> Caller:
    name = f"操作员{n}"
    return Caller(number, f"torture-{n}", name, Role.OPERATOR, DISTRICT, "河口区", str(DISTRICT), None, None, "")


def _claimed(number: int, callers: list[Caller]) -> list[str | None]:
    """Who each was told has it; None for whoever got it. As many start together as there are connections."""
    together = Barrier(20)

    def claim(me: Caller) -> str | None:
        together.wait(60)
        try:
            with transaction() as session:
                actions.claim(session, number, me=me, now=datetime.now(UTC))
        except NotYours as told:
            return str(told.facts["claimed_by"])
        return None

    with ThreadPoolExecutor(20) as pool:
        return list(pool.map(claim, callers))
