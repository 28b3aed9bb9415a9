"""Row 1: thousands press while listeners, broker, database, notices and web are killed at random.

A pendant repeats an event until the platform has answered it, as every device of ours does; the pauses are shorter than
in life, so that a run ends. Afterwards event ids and stored signals must be one to one, and every elder must have one
open alarm of each kind, with a count of exactly the presses of that kind.
"""

import json
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select

from app.alarms import proving
from app.alarms.tables import Alarm, InboxMessage, SignalRow
from app.db import transaction
from app.equipment.tables import Device
from bench.alarms.city import wire_id
from bench.alarms.stage import Stage, stage
from devices.mqtt import Address, Client, MQTTMessage
from tests.torture.figures import Row, say

OURS: Final = ("listener-1", "listener-2", "web")
KINDS: Final = ("sos", "sos", "sos", "fall", "smoke")
REPEATED_AFTER: Final = (8.0, 60.0)  # seconds without an answer; the pause doubles up to the second
CONNECTIONS: Final = 16  # a broker reads one packet of each in a turn
UNDER_WAY: Final = 200  # events that wait for an answer at the same time
TURN: Final = 0.02


@dataclass(frozen=True)
class Event:
    """One press, as its pendant numbers it."""

    id: str
    device: str
    kind: str

    @property
    def payload(self) -> str:
        return json.dumps({"id": self.id, "kind": self.kind, "battery": 80})


def events_of(count: int, elders: int, *, seed: int) -> list[Event]:
    """Presses by chance; an elder who presses again soon joins her own alarm."""
    chance = random.Random(f"{seed}/presses")
    return [Event(f"e{n}", wire_id(chance.randrange(1, elders)), chance.choice(KINDS)) for n in range(count)]


class Pendants:
    """All elders' pendants behind a few connections: each event is repeated until it is answered."""

    def __init__(self, url: str, events: Sequence[Event], *, rate: float) -> None:
        self._fresh, self._rate = deque(events), rate
        self._waiting: dict[str, tuple[Event, float, float]] = {}  # when it is said again, and after which pause
        self._lock, self._over = threading.Lock(), threading.Event()
        self.answered: set[str] = set()
        self.repeats = 0
        self._clients = [Address.of(url).client(f"torture-pendants-{n}") for n in range(CONNECTIONS)]
        self._clients[0].on_connect = lambda client, *_: client.subscribe("care/v1/+/ack", 1)
        self._clients[0].on_message = self._hear
        self._thread = threading.Thread(target=self._live)

    def start(self) -> None:
        for client in self._clients:
            client.loop_start()
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(30)
        for client in self._clients:
            client.disconnect()
            client.loop_stop()

    @property
    def left(self) -> int:
        """Events that nobody has answered yet."""
        with self._lock:
            return len(self._fresh) + len(self._waiting)

    def no_more(self) -> set[str]:
        """Press nothing new; answers what is left unpressed."""
        with self._lock:
            unpressed = {event.id for event in self._fresh}
            self._fresh.clear()
        return unpressed

    def _live(self) -> None:
        due = 0.0  # new presses that may be made by now
        while not self._over.wait(TURN):
            if not all(client.is_connected() for client in self._clients):
                continue
            with self._lock:
                now = time.monotonic()
                first, longest = REPEATED_AFTER
                said = [(event, min(2 * pause, longest)) for event, at, pause in self._waiting.values() if at < now]
                self.repeats += len(said)
                due = min(due + self._rate * TURN, float(UNDER_WAY))
                room = min(UNDER_WAY - len(self._waiting), len(self._fresh), int(due))
                due -= room
                said += [(self._fresh.popleft(), first) for _ in range(room)]
                self._waiting |= {event.id: (event, now + pause, pause) for event, pause in said}
            for event, _ in said:
                client = self._clients[hash(event.device) % CONNECTIONS]
                client.publish(f"care/v1/{event.device}/event", event.payload, qos=1)

    def _hear(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        number = json.loads(message.payload)["id"]
        with self._lock:
            self.answered.add(number)
            self._waiting.pop(number, None)


def run(
    folder: Path, *, events: int, elders: int, seed: int = 7, pause: tuple[float, float] = (3.0, 9.0),
    patience: float = 300.0, kills: int = 0, seconds: float = float("inf"), rate: float = 500.0,
) -> Row:  # fmt: skip
    """Press for so many seconds at most, and kill as long as somebody presses and at least `kills` times."""
    row = Row(1, f"{events:,} events of {elders:,} elders while parts are killed (seed {seed})")
    with stage(folder, devices=elders, ours=OURS) as house:
        sent = events_of(events, elders, seed=seed)
        pendants = Pendants(house.env["YINLING_GATEWAY_MQTT_URL"], sent, rate=rate)
        pendants.start()
        begun = time.monotonic()
        try:
            chance = random.Random(f"{seed}/kills")
            killed = _kill_while(house, lambda: pendants.left, chance, pause, kills, end=begun + seconds)
            unpressed = pendants.no_more()
            sent = [event for event in sent if event.id not in unpressed]
            deadline = time.monotonic() + patience
            while pendants.left and time.monotonic() < deadline:
                time.sleep(0.1)
        finally:
            pendants.stop()
        row.must(not pendants.left, f"{pendants.left} events were never answered")
        row.counted |= {
            "events": len(sent), "answered": len(pendants.answered), "seconds": round(time.monotonic() - begun),
            "killed": " ".join(f"{name} {n}" for name, n in sorted(killed.items())), "repeats": pendants.repeats,
        }  # fmt: skip
        judge(row, sent)
        row.counted["listeners' CPU s"] = round(sum(s for n, s in house.spent().items() if n.startswith("listener")), 1)
    return row


def _kill_while(
    house: Stage, left: Callable[[], int], chance: random.Random, pause: tuple[float, float], least: int, *, end: float
) -> Counter[str]:
    """SIGKILL to a part, a little while without it, and up again; each part once before any a second time."""
    names = [*house.parts]
    order = chance.sample(names, len(names))
    killed: Counter[str] = Counter()
    while (left() and time.monotonic() < end) or killed.total() < least:
        time.sleep(chance.uniform(*pause))
        victim = order.pop() if order else chance.choice(names)
        house.parts[victim].kill()
        time.sleep(chance.uniform(0.0, pause[0]))
        house.parts[victim].start()
        killed[victim] += 1
        say(f"row 1: {left()} events not answered; {victim} was killed and is back")
    return killed


def judge(row: Row, sent: Sequence[Event]) -> None:
    """Ids and signals one to one; one open alarm for each elder and kind, with her presses and nobody else's."""
    wanted: dict[tuple[str | None, str], int] = Counter((event.device, event.kind) for event in sent)
    with transaction() as session:
        stored: Counter[Any] = Counter(session.scalars(select(SignalRow.event_id)))
        told = {(s.event_id, s.wire_id, s.kind) for s in session.execute(
            select(SignalRow.event_id, SignalRow.wire_id, SignalRow.kind))}  # fmt: skip
        messages = session.scalar(select(func.count(InboxMessage.id)))
        open_alarms = session.execute(
            select(Alarm.wire_id, Alarm.kind, Alarm.count, Alarm.elder_id, Device.elder_id).join(
                Device, Device.id == Alarm.device_id
            )
        ).all()
        broken = list(proving.verify(session))
    row.must(not (lost := {e.id for e in sent} - stored.keys()), f"{len(lost)} events lost")
    row.must(not (twice := [i for i, n in stored.items() if n > 1]), f"{len(twice)} signals stored more than once")
    row.must(not (strange := stored.keys() - {e.id for e in sent}), f"{len(strange)} signals nobody sent")
    row.must(told == {(e.id, e.device, e.kind) for e in sent}, "a signal says something else than its event")
    row.must(messages == len(sent), f"{messages} raw messages of {len(sent)} events")
    counts = Counter({(wire, kind.value): count for wire, kind, count, _, _ in open_alarms})
    row.must(len(counts) == len(open_alarms), "an elder has two open alarms of one kind")
    row.must(counts == wanted, "the alarms' counts are not the elders' presses")
    row.must(all(of == worn for *_, of, worn in open_alarms), "an alarm is another elder's")
    row.must(not broken, f"{len(broken)} logs do not hold")
    row.counted |= {"signals": stored.total(), "alarms": len(open_alarms)}
