"""The crowd at work: connects, beats, presses, repeats until it is answered, falls off the net and comes back.

A device over TCP has a connection of its own. Over MQTT the first `own` devices have one too, each with its last will;
the others share bridges, fifty on one, as behind a home's gateway: a bridge has no last will, because the broker would
keep only one for all of them.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from devices.crowd import plan, rates
from devices.crowd.links import Loop
from devices.crowd.mqtt_people import Bridge
from devices.crowd.plan import Happening, Person
from devices.crowd.rates import PROFILES, Way
from devices.crowd.score import Cost, Score
from devices.crowd.tcp_people import Wearer
from devices.mqtt import Address

TCP: Final = (Way.WATCH, Way.GT06, Way.JT808)
SHARED: Final = 50
PACE: Final = 150  # connections begun in a second: a gateway counts those that have not said who they are
REPEAT: Final = (5.0, 60.0)  # seconds until the first repeat; the pause doubles up to the second
FILES_OF_MQTT: Final = 3  # the library keeps a pair of its own beside the connection

Tell = Callable[[str, int, int], object]


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the platform is: a broker, and the gateway's port for each protocol; what is missing is not simulated."""

    broker: str = ""  # mqtt://account:password@host:port, an account that may speak for devices
    gateways: tuple[tuple[Way, str, int], ...] = ()

    @property
    def ways(self) -> set[Way]:
        over_mqtt = {Way.CARE, Way.LORAWAN} if self.broker else set()
        return over_mqtt | {way for way, _, _ in self.gateways}


@dataclass(slots=True)
class Waiting:
    """An event that its device repeats until it is answered."""

    person: Person
    first: float
    pause: float


class Crowd:
    """One run. `people` whose way has no target are left out."""

    def __init__(
        self, people: Sequence[Person], targets: Targets, profile: str, *, seed: int, own: int = 0,
        repeat: tuple[float, float] = REPEAT,
    ) -> None:  # fmt: skip
        self.profile, self.seed, self.repeat = PROFILES[profile], seed, repeat
        self.people = [person for person in people if person.sort.way in targets.ways]
        self.scores: dict[Way, Score] = defaultdict(Score)
        self.loop = Loop()
        self._waiting: dict[str, Waiting] = {}
        self._speakers: dict[int, Bridge | Wearer] = {}
        self._places = {way: (host, port) for way, host, port in targets.gateways}
        self._connect_to(targets, own)

    def _connect_to(self, targets: Targets, own: int) -> None:
        for way in Way:
            self.scores[way].devices = sum(person.sort.way is way for person in self.people)
        if targets.broker:
            address = Address.of(targets.broker)
            for way in (Way.CARE, Way.LORAWAN):
                waiting = [person for person in self.people if person.sort.way is way]
                alone = own if way is Way.CARE else 0
                groups = [[person] for person in waiting[:alone]]
                groups += [waiting[at : at + SHARED] for at in range(alone, len(waiting), SHARED)]
                for number, group in enumerate(groups):
                    bridge = Bridge(self, address, way, group, number, has_will=number < alone)
                    self._speakers |= {person.number: bridge for person in group}
        for person in self.people:
            if person.sort.way in TCP:
                host, port = self._places[person.sort.way]
                self._speakers[person.number] = Wearer(self, person, host, port)

    @property
    def speakers(self) -> list[Bridge | Wearer]:
        """Everybody with a connection, once."""
        return list({id(speaker): speaker for speaker in self._speakers.values()}.values())

    def files(self) -> int:
        """How many file descriptors the run needs."""
        return sum(FILES_OF_MQTT if isinstance(speaker, Bridge) else 1 for speaker in self.speakers) + 64

    # The run

    def run(self, seconds: float, *, grace: float = 30.0, tell: Tell = lambda _what, _done, _of: None) -> Cost:
        """Connects everybody, lets them live for so many seconds, waits for who is late or away, and hangs up."""
        started = time.process_time()
        try:
            self._gather(tell)
            end = time.monotonic() + seconds
            self._schedule(seconds)
            while (left := end - time.monotonic()) > 0:
                self.loop.turn()
                tell("life", int(seconds - left), int(seconds))
            tell("life", int(seconds), int(seconds))
            end = time.monotonic() + grace
            total = len(self._waiting)
            speakers = self.speakers
            while time.monotonic() < end and (self._waiting or not all(speaker.is_ready for speaker in speakers)):
                self.loop.turn()
                tell("answers", total - len(self._waiting), max(total, 1))
        finally:
            for speaker in self.speakers:
                speaker.leave()
            self.loop.close()
        return Cost.since(started)

    def _gather(self, tell: Tell) -> None:
        """A few at a time: a whole city does not log in within one second, except when the profile says so."""
        speakers = self.speakers
        for number, speaker in enumerate(speakers):
            self.loop.after(number / PACE, speaker.connect)
        end = time.monotonic() + len(speakers) / PACE + 60
        while (up := sum(speaker.is_ready for speaker in speakers)) < len(speakers) and time.monotonic() < end:
            self.loop.turn()
            tell("connections", up, len(speakers))
        tell("connections", sum(speaker.is_ready for speaker in speakers), max(len(speakers), 1))

    def _schedule(self, seconds: float) -> None:
        for person, first in zip(self.people, plan.first_beats(self.people, seed=self.seed), strict=True):
            self.loop.after(first, lambda person=person: self._beat(person))  # type: ignore[misc]
        for happening in plan.happenings(self.people, self.profile, seconds, seed=self.seed):
            self.loop.after(happening.at + happening.held, lambda event=happening: self._happen(event))  # type: ignore[misc]
        if self.profile.flood:
            self.loop.after(seconds / 3, lambda: self._flood(min(rates.RECONNECT[1], seconds / 3)))

    def _beat(self, person: Person) -> None:
        self._speakers[person.number].beat(person)
        self.loop.after(person.sort.beat, lambda: self._beat(person))

    def _happen(self, event: Happening) -> None:
        score = self.scores[event.person.sort.way]
        score.events += 1
        at = datetime.now(UTC) + timedelta(seconds=event.clock - event.late)
        key = f"{self.seed}-{event.number}-{event.person.wire_id}"
        self._waiting[key] = Waiting(event.person, time.monotonic(), self.repeat[0])
        speaker = self._speakers[event.person.number]
        speaker.say(key, event.person, event.kind, at, copies=event.copies)
        self.loop.after(self.repeat[0], lambda: self._again(key))

    def _again(self, key: str) -> None:
        waiting = self._waiting.get(key)
        if waiting is None:
            return
        self._speakers[waiting.person.number].repeat(key)
        waiting.pause = min(waiting.pause * 2, self.repeat[1])
        self.loop.after(waiting.pause, lambda: self._again(key))

    def answered(self, key: str) -> None:
        """An event is safe; heard from the speakers."""
        waiting = self._waiting.pop(key, None)
        if waiting is not None:
            score = self.scores[waiting.person.sort.way]
            score.acknowledged += 1
            score.seconds.append(time.monotonic() - waiting.first)

    def _flood(self, within: float) -> None:
        speakers = self.speakers
        for speaker, seconds in zip(speakers, plan.returns(len(speakers), within, seed=self.seed), strict=True):
            speaker.cut(back_after=seconds)
