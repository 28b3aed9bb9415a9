"""What a tree is made of, what a safe one needs, and what it does minute by minute when nobody answers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from enum import StrEnum
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from app.errors import Unreadable
from app.people.rules import Category, Relation


class AlarmKind(StrEnum):
    """What is called for, as far as the device or the caller says."""

    SOS = "sos"
    FIRE = "fire"
    SMOKE = "smoke"
    GAS = "gas"
    FALL = "fall"
    OTHER_ALARM = "other_alarm"
    TELEPHONE = "telephone"  # opened by an operator for somebody on the line
    WATER_LEAK = "water_leak"
    INACTIVITY = "inactivity"
    GEOFENCE = "geofence"
    VITALS = "vitals"  # a rule about what was measured of her body
    DOOR = "door"  # open at night
    ENVIRONMENT = "environment"  # a room too cold or too hot
    WORKER = "worker"  # a caregiver calls for help herself, or has not answered the timer of her visit


class RungKind(StrEnum):
    """Who stands on a rung."""

    DEVICE = "device"  # the elder, through its loudspeaker
    ELDER = "elder"  # the elder's telephone
    FAMILY = "family"
    NEIGHBOUR = "neighbour"  # or whoever holds the key
    COMMUNITY = "community"  # a worker of the community
    RESPONDER = "responder"  # the nearest suitable caregiver or responder, by travel time
    AMBULANCE = "ambulance"  # 120; 119 for fire, smoke and gas


class Reached(StrEnum):
    """What counts as having reached somebody."""

    VOICE = "voice"  # the elder spoke
    CONFIRMED = "confirmed"  # pressed a key, or said the password
    SPOKEN = "spoken"  # somebody answered in person
    ACCEPTED = "accepted"  # took it on, on the phone
    ARRIVED = "arrived"  # stands at the door


class Living(StrEnum):
    """Whether somebody is at home with the elder."""

    ALONE = "alone"
    TOGETHER = "together"


K, R = RungKind, Reached
CONTACTS: Final = (K.FAMILY, K.NEIGHBOUR, K.COMMUNITY)
HUMAN: Final = (*CONTACTS, K.RESPONDER)
HELP: Final = (K.RESPONDER, K.AMBULANCE)
BY_ITSELF: Final = (*CONTACTS, *HELP)  # the rest needs somebody at the desk who listens
COUNTS: Final[Mapping[RungKind, tuple[Reached, ...]]] = {
    K.DEVICE: (R.VOICE, R.CONFIRMED),
    K.ELDER: (R.VOICE, R.CONFIRMED),
    **dict.fromkeys(CONTACTS, (R.SPOKEN, R.CONFIRMED, R.ARRIVED)),
    K.RESPONDER: (R.ACCEPTED, R.ARRIVED),
    K.AMBULANCE: (R.SPOKEN,),
}
"""What may count as reached on each kind of rung; the first is usual."""
NEIGHBOURS: Final = (Relation.NEIGHBOUR, Relation.KEY_HOLDER)
LONGEST: Final = 15 * 60  # seconds until somebody goes, beyond which a tree is slow
STRICT: Final = ConfigDict(frozen=True, extra="forbid")


def kind_of(relation: Relation) -> RungKind:
    """The rung a contact stands on."""
    if relation in NEIGHBOURS:
        return K.NEIGHBOUR
    return K.COMMUNITY if relation is Relation.COMMUNITY_WORKER else K.FAMILY


def living_of(categories: Iterable[str]) -> Living:
    """Whether an elder is alone at night, by the tags on record."""
    alone = {Category.LIVING_ALONE, Category.LEFT_BEHIND}
    return Living.ALONE if alone & set(categories) else Living.TOGETHER


class Hours(BaseModel):
    """When somebody may be called, local time; across midnight when it closes before it opens."""

    model_config = STRICT
    opens: time
    closes: time

    def hold(self, at: time) -> bool:
        """Whether the clock stands within them."""
        if self.opens <= self.closes:
            return self.opens <= at < self.closes
        return at >= self.opens or at < self.closes


class Difference(BaseModel):
    """What is otherwise on a rung for one kind of alarm."""

    model_config = STRICT
    left_out: bool = False
    attempts: int | None = Field(None, ge=1, le=5)
    wait: int | None = Field(None, ge=10, le=900)
    reached: Reached | None = None


class Rung(BaseModel):
    """One step: whom to try, how often, for how many seconds each time, and what counts as reached."""

    model_config = STRICT
    kind: RungKind
    contact_id: int | None = None
    attempts: int = Field(2, ge=1, le=5)
    wait: int = Field(30, ge=10, le=900)
    reached: Reached
    hours: Hours | None = None
    differs: dict[AlarmKind, Difference] = {}

    @property
    def seconds(self) -> int:
        """How long it takes when nobody answers."""
        return self.attempts * self.wait


class Tree(BaseModel):
    """The rungs in order, and when help goes out beside the calls."""

    model_config = STRICT
    rungs: list[Rung] = Field(max_length=20)
    at_once: dict[AlarmKind, list[RungKind]] = {}  # sent as soon as anybody is called
    silence: dict[AlarmKind, list[RungKind]] = {}  # sent when the elder does not speak within some seconds

    def contacts(self) -> set[int]:
        """The numbers of those who are called."""
        return {rung.contact_id for rung in self.rungs if rung.contact_id is not None}


class NotSafe(Unreadable):
    """This tree could leave somebody without help."""


def placed(tree: Tree, kind: AlarmKind) -> Iterator[tuple[int, Rung]]:
    """The rungs as they are for one kind of alarm, with their place in the tree; the last one is never left out."""
    for place, rung in enumerate(tree.rungs):
        other = rung.differs.get(kind)
        if other is None:
            yield place, rung
        elif not other.left_out or place == len(tree.rungs) - 1:
            said = other.model_dump(exclude={"left_out"}, exclude_none=True)
            yield place, rung.model_copy(update=said)


# -- what a safe tree needs ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """Why a tree cannot be kept; `rung` counts from 0, none where it is about the whole."""

    code: str
    text: str
    rung: int | None = None


@dataclass(frozen=True)
class Known:
    """What is on record of the elder and her contacts, as far as a tree asks."""

    contacts: Mapping[int, str]  # the number of each contact
    phone: bool = True  # the elder has a telephone
    speaks: bool = True  # a device of hers has a loudspeaker


def faults(tree: Tree, known: Known) -> Iterator[Fault]:
    """Everything that makes a tree unsafe, in the caller's words."""
    if not tree.rungs:
        yield Fault("empty", "The tree has no rung.")
        return
    if tree.rungs[-1].kind not in HELP:
        yield Fault("end", "The last rung must be a responder or 120, so that somebody always goes.",
                    len(tree.rungs) - 1)  # fmt: skip
    for place, rung in enumerate(tree.rungs):
        yield from _of_rung(place, rung, tree.rungs[place - 1] if place else None, known)
    for kind in AlarmKind:
        if not any(rung.kind in HUMAN for _, rung in placed(tree, kind)):
            yield Fault("human", f"For {kind} nobody who could go there is called before 120.")
            break
    standing = {rung.kind for rung in tree.rungs}
    for kind, sent in {**tree.silence, **tree.at_once}.items():
        for wanted in sent:
            if wanted not in HELP:
                yield Fault("no_help", f"Beside the calls a responder or 120 can be sent, not {wanted}.")
            elif wanted not in standing:
                yield Fault("help_missing", f"For {kind} {wanted} is sent beside the calls but stands on no rung.")


def _of_rung(place: int, rung: Rung, before: Rung | None, known: Known) -> Iterator[Fault]:
    said = f"Rung {place + 1}"
    for reached in (rung.reached, *(other.reached for other in rung.differs.values())):
        if reached is not None and reached not in COUNTS[rung.kind]:
            yield Fault("reached", f"{said}: {reached} cannot count as reached for {rung.kind}.", place)
    if rung.kind not in CONTACTS:
        if rung.contact_id is not None:
            yield Fault("no_contact", f"{said}: {rung.kind} needs no contact.", place)
        if rung.kind in HELP and rung.hours:
            yield Fault("always", f"{said}: help can be sent at every hour.", place)
        if rung.kind in HELP and any(other.left_out for other in rung.differs.values()):
            yield Fault("never_left_out", f"{said}: help is left out for no kind of alarm.", place)
        return
    if rung.contact_id is None:
        yield Fault("contact", f"{said}: say who is called.", place)
    elif rung.contact_id not in known.contacts:
        yield Fault("gone", f"{said}: this contact is not on record any more.", place)
    elif len([sign for sign in known.contacts[rung.contact_id] if sign.isdigit()]) < 3:
        yield Fault("number", f"{said}: this contact has no number that can be called.", place)
    if before and before.kind in CONTACTS and before.contact_id == rung.contact_id:
        yield Fault("twice", f"{said}: the same contact twice in a row; give the rung before it more attempts.", place)
    if rung.hours and rung.hours.opens == rung.hours.closes:
        yield Fault("hours", f"{said}: the hours are empty.", place)


def check(tree: Tree, known: Known) -> None:
    """Raises NotSafe with everything that is wrong."""
    if found := list(faults(tree, known)):
        raise NotSafe(" ".join(fault.text for fault in found), faults=[vars(fault) for fault in found])


# -- minute by minute ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """What happens from when to when, seconds after the press, when nobody answers."""

    at: int
    until: int
    what: str  # a kind of rung, or ring_all, ring_lead, silence
    rung: int | None = None  # counted from 0 in the whole tree
    attempt: int | None = None
    beside: bool = False  # goes out beside the calls
    left: bool = False  # waits for somebody at the desk


def minutes(tree: Tree, kind: AlarmKind, *, starts: int, all_at: int = 20, lead_at: int = 45) -> list[Moment]:
    """The course of an alarm that nobody claims and nobody answers, until the last rung has been tried."""
    told = [Moment(all_at, lead_at, "ring_all"), Moment(lead_at, starts, "ring_lead")]
    beside, now = set(tree.at_once.get(kind, ())), starts
    for place, rung in placed(tree, kind):
        if rung.kind not in BY_ITSELF:
            told.append(Moment(now, now, rung.kind, place, left=True))
            continue
        if rung.kind in beside:
            beside.discard(rung.kind)
            told.append(Moment(starts, starts + rung.seconds, rung.kind, place, 1, beside=True))
            continue
        for attempt in range(1, rung.attempts + 1):
            told.append(Moment(now, now + rung.wait, rung.kind, place, attempt))
            now += rung.wait
    return sorted(told, key=lambda moment: (moment.at, moment.rung if moment.rung is not None else -1))


def goes_after(told: Sequence[Moment]) -> int | None:
    """Seconds after which somebody is sent, or 120 is called."""
    return min((moment.at for moment in told if moment.what in HELP), default=None)
