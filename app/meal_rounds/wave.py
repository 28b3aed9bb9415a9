"""A meal's doors and riders as plain values, and the wave they pose. Reads nothing: `queries.question` fills it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import dispatch
from app.meal_rounds.rules import Left
from app.places.rules import Mode, Place
from app.planning import travel


@dataclass(frozen=True)
class Promised:
    """What the canteen promises of this meal."""

    begins: datetime  # local midnight: tick 0
    kitchen: Place
    ready: datetime  # nothing leaves before
    till: datetime  # the last one is at the door
    ride_minutes: int
    reload_minutes: int
    door_minutes: int
    mode: Mode

    def tick(self, at: datetime) -> int:
        """Seconds since local midnight."""
        return round((at - self.begins).total_seconds())

    def time(self, tick: int) -> datetime:
        """The moment of a tick."""
        return self.begins + timedelta(seconds=tick)


@dataclass(frozen=True)
class Door:
    """A home with everything that is brought there."""

    home_id: int
    division_code: str
    place: Place
    portion_ids: tuple[int, ...]
    redirected: bool = False  # her meal goes to another door, in words

    @property
    def key(self) -> int:
        """Its name in a wave: of a couple one may eat elsewhere."""
        return self.portion_ids[0]


@dataclass(frozen=True)
class RiderToday:
    """Somebody who can leave the kitchen from `starts` on and is back by `ends`."""

    riding_id: int
    caregiver_id: int
    name: str
    room: int
    starts: datetime
    ends: datetime


@dataclass(frozen=True)
class Question:
    """What the rounds depend on."""

    promised: Promised
    doors: tuple[Door, ...]
    riders: tuple[RiderToday, ...]
    aside: Mapping[int, Left] = field(default_factory=dict)  # by key: not asked about

    @cached_property
    def rider(self) -> Mapping[str, RiderToday]:
        """By name in the wave."""
        return {str(rider.riding_id): rider for rider in self.riders}

    @cached_property
    def door(self) -> Mapping[str, Door]:
        """By name in the wave."""
        return {str(door.key): door for door in self.doors}

    @cached_property
    def wave(self) -> dispatch.Wave:
        """The wave as `dispatch` is asked it: places are the kitchen, then the doors; riders are their ridings."""
        said = self.promised
        asked = [door for door in self.doors if door.key not in self.aside]
        places = [said.kitchen, *(door.place for door in asked)]
        window = dispatch.Window(said.tick(said.ready), max(said.tick(said.ready), said.tick(said.till)))
        return dispatch.Wave(
            deliveries=tuple(
                dispatch.Delivery(
                    str(door.key), k, window, said.door_minutes * 60, amount=len(door.portion_ids),
                    ready=said.tick(said.ready), prize=PRIZE * len(door.portion_ids),
                )
                for k, door in enumerate(asked, 1)
            ),
            riders=tuple(
                dispatch.Rider(str(r.riding_id), said.tick(r.starts), said.tick(r.ends), r.room) for r in self.riders
            ),
            travel=travel.seconds(places, said.mode, door_minutes=0),
            reload=said.reload_minutes * 60, longest_ride=said.ride_minutes * 60,
        )  # fmt: skip


PRIZE = 1_000_000  # seconds of riding that one meal at its door is worth: more than any wave rides


def set_aside(doors: tuple[Door, ...], riders: tuple[RiderToday, ...]) -> dict[int, Left]:
    """Doors no search is asked about, with the reason: the question would be refused for them, or be a guess."""
    most = max((rider.room for rider in riders), default=0)
    found = {}
    for door in doors:
        if door.redirected:
            found[door.key] = Left.REDIRECTED
        elif not riders:
            found[door.key] = Left.NO_RIDER
        elif len(door.portion_ids) > most:
            found[door.key] = Left.TOO_MUCH
    return found


def told(promised: Promised, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What `dispatch.NotDelivered` gives as a reason, in minutes and moments."""
    found = {key: facts[key] for key in ("amount", "room") if key in facts}
    if "ride" in facts:
        found["minutes"] = -(-facts["ride"] // 60)
    if (tick := facts.get("soonest", facts.get("end"))) is not None:
        found["at"] = promised.time(tick).isoformat()
    return found
