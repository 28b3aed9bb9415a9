"""Devices over MQTT: alone with a last will, or many behind one bridge; care/v1 and ChirpStack's events."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from devices.crowd import spoken
from devices.crowd.links import MqttLink
from devices.crowd.plan import Person
from devices.crowd.rates import Way
from devices.mqtt import Address, MQTTMessage
from devices.signals import Kind

if TYPE_CHECKING:
    from devices.crowd.crowd import Crowd

BACK_AFTER: Final = 3.0  # seconds, when the broker hung up
BATTERY: Final = 85


class Bridge:
    """One connection to the broker and who speaks through it."""

    def __init__(
        self, crowd: "Crowd", address: Address, way: Way, people: Sequence[Person], number: int, *, has_will: bool
    ) -> None:
        self._crowd, self._way, self._people, self._has_will = crowd, way, people, has_will
        self._score = crowd.scores[way]
        self._unanswered: dict[str, tuple[str, bytes]] = {}  # what is repeated: topic and payload
        self._under_way: dict[int, str] = {}  # LoRaWAN: the broker's numbers of what it has not yet taken
        self._counts: dict[int, int] = {}
        self._back_after, self._been_up = BACK_AFTER, False
        first = people[0].wire_id
        will = (f"care/v1/{first}/status", spoken.care_status("offline")) if has_will else None
        topics = [f"care/v1/{person.wire_id}/ack" for person in people] if way is Way.CARE else []
        name = f"crowd-{crowd.seed}-{way.name.lower()}-{number}"
        self._link = MqttLink(
            crowd.loop, address, name, topics, will=will, ready=self._ready, hear=self._hear, taken=self._taken,
            lost=self._lost,
        )  # fmt: skip

    @property
    def is_ready(self) -> bool:
        return self._link.is_up

    def connect(self) -> None:
        self._link.connect()

    def beat(self, person: Person) -> None:
        if not self.is_ready:
            return
        now = datetime.now(UTC)
        if self._way is Way.CARE:
            payload = spoken.care_beat(now, battery=BATTERY)
            self._link.send(f"care/v1/{person.wire_id}/telemetry", payload, qos=0)
        else:
            event_id = f"{person.wire_id}-{self._count(person)}"
            self._link.send(*self._uplink(person, event_id, None, now), qos=0)
        self._score.beats += 1

    def say(self, key: str, person: Person, kind: Kind, at: datetime, *, copies: int) -> None:
        if self._way is Way.CARE:
            payload = spoken.care_event(key, kind, at, seq=self._count(person), battery=BATTERY)
            self._unanswered[key] = (f"care/v1/{person.wire_id}/event", payload)
        else:
            self._unanswered[key] = self._uplink(person, key, kind, at)
        for _ in range(copies):
            self._send(key)

    def repeat(self, key: str) -> None:
        if self._way is Way.LORAWAN and key in self._under_way.values():
            return  # the library itself sends it again when the broker is back
        if self._send(key):
            self._score.repeated += 1

    def cut(self, *, back_after: float) -> None:
        self._back_after = back_after
        self._link.cut()

    def leave(self) -> None:
        if self._has_will and self.is_ready:
            self._link.send(f"care/v1/{self._people[0].wire_id}/status", spoken.care_status("offline"), qos=1)
        self._link.leave()

    def _send(self, key: str) -> bool:
        if not self.is_ready or key not in self._unanswered:
            return False
        number = self._link.send(*self._unanswered[key], qos=1)
        if self._way is Way.LORAWAN:
            self._under_way[number] = key
        self._score.sent += 1
        return True

    def _count(self, person: Person) -> int:
        self._counts[person.number] = self._counts.get(person.number, 0) + 1
        return self._counts[person.number]

    def _uplink(self, person: Person, event_id: str, kind: Kind | None, at: datetime) -> tuple[str, bytes]:
        topic = f"application/crowd/device/{person.wire_id}/event/up"
        count = self._count(person)
        return topic, spoken.chirpstack_up(person.wire_id, event_id, kind, at, count=count, battery=BATTERY)

    def _ready(self) -> None:
        if self._been_up:
            self._score.returned += 1
        else:
            self._score.connections += 1
            self._been_up = True
        self._back_after = BACK_AFTER
        if self._has_will:
            self._link.send(f"care/v1/{self._people[0].wire_id}/status", spoken.care_status("online"), qos=1)

    def _hear(self, message: MQTTMessage) -> None:
        event_id = json.loads(message.payload).get("id")
        if self._unanswered.pop(event_id, None) is not None:
            self._crowd.answered(event_id)

    def _taken(self, number: int) -> None:
        key = self._under_way.pop(number, None)
        if key is not None and self._unanswered.pop(key, None) is not None:
            self._crowd.answered(key)

    def _lost(self) -> None:
        self._crowd.loop.after(self._back_after, self.connect)
