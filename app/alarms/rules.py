"""The life of an alarm, what rings and how loud, when it escalates, and which message is the same press again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from app.access.rules import HOTLINE, Role
from app.equipment.rules import DeviceKind
from app.errors import Conflict, IllegalMove
from app.escalation.rules import AlarmKind as AlarmKind
from devices.signals import CALLS_FOR_HELP, Kind

PRIORITY: Final[Mapping[AlarmKind, int]] = {
    AlarmKind.FIRE: 1, AlarmKind.SMOKE: 1, AlarmKind.GAS: 1, AlarmKind.SOS: 1, AlarmKind.FALL: 1,
    AlarmKind.WORKER: 1,
    AlarmKind.OTHER_ALARM: 2, AlarmKind.TELEPHONE: 2, AlarmKind.WATER_LEAK: 2,
    AlarmKind.VITALS: 2, AlarmKind.INACTIVITY: 3, AlarmKind.GEOFENCE: 3, AlarmKind.DOOR: 3, AlarmKind.ENVIRONMENT: 3,
}  # fmt: skip
"""1 is the gravest; a repeat makes an alarm one step graver, down to 0."""
CALL_BACK_PRIORITY: Final = 3  # a call-back that is due rings behind what has just happened
TEST_PRIORITY: Final = 9  # an installer's test rings behind every call for help


class State(StrEnum):
    """Where an alarm stands."""

    RINGING = "ringing"  # nobody has it
    CLAIMED = "claimed"  # an operator has it and has not called yet
    CONTACTING = "contacting"  # calls are being made
    DISPATCHED = "dispatched"  # somebody is on the way
    ON_SITE = "on_site"  # a human is with the elder
    FOLLOW_UP = "follow_up"  # settled; a call-back is owed
    CLOSED = "closed"


class Event(StrEnum):
    """What happens to an alarm."""

    PRESS = "press"  # again, by the same device or another signal of the same kind
    CLAIM = "claim"
    RELEASE = "release"
    RING = "ring"  # by hand, by an idle claim, by the end of a suspension
    CALL = "call"
    DISPATCH = "dispatch"
    ARRIVE = "arrive"
    FOLLOW_UP = "follow_up"
    CLOSE = "close"
    SUSPEND = "suspend"
    HAND_OVER = "hand_over"
    NOTE = "note"
    CONFIRM = "confirm"  # of a test: it was heard
    UNMARK = "unmark"  # it is no test
    DEFER = "defer"  # lower in the queue for a while
    ESCALATE = "escalate"  # the lead is asked in
    OFFER = "offer"  # to a colleague, who takes it or not
    DECLINE = "decline"  # by the colleague, or by silence
    STEP = "step"  # of its pattern: a question answered, a step skipped or done by the operator's word


S, E = State, Event
ATTENDED: Final = (S.CLAIMED, S.CONTACTING, S.DISPATCHED, S.ON_SITE)
OPEN: Final = (S.RINGING, *ATTENDED, S.FOLLOW_UP)
AWAITING: Final = (S.RINGING, S.CLAIMED, S.CONTACTING, S.DISPATCHED)
"""Somebody may be on the way: sent by hand, or by the platform while nobody had it."""

MOVES: Final[dict[tuple[State, Event], State]] = {
    (S.RINGING, E.CLAIM): S.CLAIMED,
    (S.CLAIMED, E.CALL): S.CONTACTING,
    (S.CONTACTING, E.CALL): S.CONTACTING,
    (S.DISPATCHED, E.CALL): S.DISPATCHED,
    (S.ON_SITE, E.CALL): S.ON_SITE,
    (S.FOLLOW_UP, E.CALL): S.FOLLOW_UP,
    (S.CLAIMED, E.DISPATCH): S.DISPATCHED,
    (S.CONTACTING, E.DISPATCH): S.DISPATCHED,
    (S.DISPATCHED, E.DISPATCH): S.DISPATCHED,  # a second one, or somebody else
    (S.CLAIMED, E.ARRIVE): S.ON_SITE,  # whom the platform had sent, or called, before anybody claimed
    (S.CONTACTING, E.ARRIVE): S.ON_SITE,  # the daughter opens the door
    (S.DISPATCHED, E.ARRIVE): S.ON_SITE,
    (S.CONTACTING, E.FOLLOW_UP): S.FOLLOW_UP,
    (S.DISPATCHED, E.FOLLOW_UP): S.FOLLOW_UP,
    (S.ON_SITE, E.FOLLOW_UP): S.FOLLOW_UP,
    (S.CLAIMED, E.CLOSE): S.CLOSED,  # she told the automatic call that all is well
    (S.CONTACTING, E.CLOSE): S.CLOSED,
    (S.DISPATCHED, E.CLOSE): S.CLOSED,
    (S.ON_SITE, E.CLOSE): S.CLOSED,
    (S.FOLLOW_UP, E.CLOSE): S.CLOSED,
    (S.CLOSED, E.PRESS): S.RINGING,  # soon after closing; later a press is a new alarm
    (S.FOLLOW_UP, E.PRESS): S.RINGING,
    (S.RINGING, E.PRESS): S.RINGING,
    **{(state, E.PRESS): state for state in ATTENDED},  # whoever has it hears it; it is not taken from them
    **{(state, E.RING): S.RINGING for state in OPEN},
    **{(state, E.RELEASE): S.RINGING for state in ATTENDED},
    **{(state, E.SUSPEND): state for state in (*ATTENDED, S.FOLLOW_UP)},
    **{(state, E.HAND_OVER): state for state in (*ATTENDED, S.FOLLOW_UP)},
    **{(state, E.NOTE): state for state in OPEN},
    **{(state, E.STEP): state for state in (*ATTENDED, S.FOLLOW_UP)},
    (S.RINGING, E.DEFER): S.RINGING,
    **{(state, E.ESCALATE): state for state in (*ATTENDED, S.FOLLOW_UP)},
    **{(state, E.OFFER): state for state in (*ATTENDED, S.FOLLOW_UP)},
    **{(state, E.DECLINE): state for state in (*ATTENDED, S.FOLLOW_UP)},
    **{(state, E.CONFIRM): S.CLOSED for state in (S.RINGING, S.CLAIMED, S.CONTACTING)},
    **{(state, E.UNMARK): state for state in (S.RINGING, S.CLAIMED, S.CONTACTING)},
}

OF_A_TEST: Final = frozenset({E.CLAIM, E.RELEASE, E.RING, E.CALL, E.NOTE, E.HAND_OVER, E.OFFER, E.DECLINE,
                             E.CONFIRM, E.UNMARK})  # fmt: skip
"""What can be done with an alarm that is marked as an installer's test; sending somebody needs the mark taken off."""
ONLY_OF_A_TEST: Final = frozenset({E.CONFIRM, E.UNMARK})

ANYBODY: Final = frozenset({E.CLAIM, E.NOTE, E.DEFER})  # of the hotline; the rest belongs to whoever has claimed it
LEADS: Final = frozenset({E.HAND_OVER, E.OFFER, E.RING})  # also what somebody else has
BY_HAND: Final = tuple(event for event in Event if event not in (E.PRESS, E.OFFER, E.DECLINE))
"""The buttons. An offer is how a hand-over begins, and is declined by whoever it was made to."""
DEFERRED_FROM: Final = 2  # the priority from which an alarm nobody has may wait; what is graver rings


DECIDES: Final = frozenset({E.DISPATCH, E.FOLLOW_UP, E.CLOSE, E.CONFIRM})
"""The first of these is the decision: somebody is sent, or it is settled."""


class Verdict(StrEnum):
    """What it turned out to be."""

    REAL = "real"
    FALSE = "false"
    ACCIDENTAL = "accidental"
    TEST = "test"
    LIFE_HELP = "life_help"
    TECHNICAL = "technical"


class Rings(StrEnum):
    """Whom an unclaimed alarm rings at."""

    ASSIGNED = "assigned"  # the operator who knows the case
    ALL = "all"
    LEAD = "lead"


class TimerKind(StrEnum):
    """What happens by itself when nobody acts."""

    RING_ALL = "ring_all"
    RING_LEAD = "ring_lead"
    CALL_FAMILY = "call_family"
    IDLE_CLAIM = "idle_claim"  # claimed, and nobody called
    RESUME = "resume"  # a suspension ends
    RUNG = "rung"  # nobody answered on a rung of the tree
    SILENCE = "silence"  # nobody waits for her to speak: help goes out beside the calls
    ARRIVAL = "arrival"  # somebody should be there by now
    CALL_BACK = "call_back"  # the promised one is due
    OFFER = "offer"  # nobody took it
    DEFER = "defer"  # it waited long enough


class Outcome(StrEnum):
    """What became of a message from the wire."""

    STORED = "stored"
    RETAINED = "retained"  # an old one the broker kept; it raises nothing
    SET_ASIDE = "set_aside"  # nobody could read or store it; shown with the reason


class NotYours(Conflict):
    """Somebody else has this alarm."""


class OfATest(Conflict):
    """Tests and real calls are handled differently."""


class VoiceMissing(Conflict):
    """Nobody was spoken to through the device yet."""


class CallBackMissing(Conflict):
    """Nobody has been reached yet."""


def after(state: State, event: Event) -> State:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An alarm that is {state} cannot {event}.", state=state) from None


def fits(event: Event, *, test: bool) -> bool:
    """Whether this is done with a marked test, or with a call for help."""
    return event in OF_A_TEST if test else event not in ONLY_OF_A_TEST


def possible(state: State, role: Role, *, mine: bool, test: bool = False, priority: int = TEST_PRIORITY) -> list[Event]:
    """What a caller may do now: the buttons. The hotline's alone; a lead may take what somebody else has."""
    if role not in HOTLINE:
        return []
    own, lead = mine or state is S.RINGING, role is Role.SHIFT_LEAD
    return [
        event
        for event in BY_HAND
        if (state, event) in MOVES
        and fits(event, test=test)
        and (event is not Event.DEFER or priority >= DEFERRED_FROM)
        and (own or event in ANYBODY or (lead and event in LEADS))
    ]


# -- what rings ----------------------------------------------------------------------------------------------


def rings_as(kind: Kind, *, history: bool, of_button: bool) -> AlarmKind | None:
    """The alarm a signal raises. In doubt it is one: whatever a help button says that is no upkeep rings."""
    if history:
        return None
    if kind in CALLS_FOR_HELP or kind is Kind.GEOFENCE:
        return AlarmKind(kind.value)
    return AlarmKind.SOS if of_button and kind is Kind.BUTTON_PRESS else None


def subject_of(*, elder_id: int | None, home_id: int | None, wire_id: str | None, worker_id: int | None = None) -> str:
    """Whose alarm it is, as far as is known: one open alarm per subject and kind. The table computes the same."""
    if worker_id is not None:
        return f"worker:{worker_id}"
    if elder_id is not None:
        return f"elder:{elder_id}"
    return f"home:{home_id}" if home_id is not None else f"wire:{wire_id or ''}"


TEST_RINGS_AS: Final[Mapping[DeviceKind, AlarmKind]] = {
    DeviceKind.FALL_SENSOR: AlarmKind.FALL, DeviceKind.SMOKE_SENSOR: AlarmKind.SMOKE,
    DeviceKind.GAS_SENSOR: AlarmKind.GAS, DeviceKind.WATER_SENSOR: AlarmKind.WATER_LEAK,
    DeviceKind.ALARM_UNIT: AlarmKind.SOS,
}  # fmt: skip
"""How the test button of a sensor rings while its installer tests it; at any other time it is upkeep."""
CLOCK_OFF: Final = timedelta(minutes=2)


def clock_off(at: datetime | None, received: datetime) -> int | None:
    """By how many seconds a device's clock is off, where that is worth a flag. It decides nothing."""
    if at is None or abs(at - received) <= CLOCK_OFF:
        return None
    return round((at - received).total_seconds())


# -- the same press again ------------------------------------------------------------------------------------

SAME_PRESS: Final = timedelta(seconds=2)  # equal payloads without an id
NUMBER_REUSED: Final = timedelta(
    minutes=10
)  # counters restart with a new battery: then the rest of the message differs
NEVER_SO_LATE: Final = timedelta(days=8)  # longer than any session with a broker lasts


def payload_hash(payload: bytes) -> str:
    """What tells two payloads apart."""
    return sha256(payload).hexdigest()[:32]


def same_press(
    first_at: datetime, first_hash: str, *, now: datetime, payload: str, within: timedelta = NEVER_SO_LATE
) -> bool:
    """Whether a message with the id of an earlier one is that press again, rather than a counter that has restarted."""
    if payload == first_hash:
        return now - first_at < within
    return now - first_at < NUMBER_REUSED


TOLD_BY_ITS_TIME: Final = timedelta(days=1)
LATE, EARLY = timedelta(hours=6), timedelta(minutes=2)


def press_number(
    number: str | None, at: datetime | None, received: datetime, payload: str
) -> tuple[str, timedelta] | None:
    """How a repeat is known where frames carry no id: by the protocol's number, or by a time that may be true.

    Answers the id and for how long equal bytes are the same press; None where only the 2 s of equal payloads are left,
    for a watch whose clock stands still says two presses in the same bytes.
    """
    timed = at is not None and received - LATE <= at <= received + EARLY
    if number is None and not timed:
        return None
    return number or payload, TOLD_BY_ITS_TIME if timed else NUMBER_REUSED


# -- timers --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Patience:
    """Seconds of waiting, from the settings."""

    claim_idle: int = 30
    rings_all: int = 20
    rings_lead: int = 45
    calls_family: int = 90


def ring_timers(
    rung_at: datetime, patience: Patience, *, assigned: bool, test: bool = False
) -> Iterable[tuple[TimerKind, datetime]]:
    """What an alarm that rings will do if nobody claims it, and when. No family is called for a test."""
    if assigned:
        yield TimerKind.RING_ALL, rung_at + timedelta(seconds=patience.rings_all)
    yield TimerKind.RING_LEAD, rung_at + timedelta(seconds=patience.rings_lead)
    if not test:
        yield TimerKind.CALL_FAMILY, rung_at + timedelta(seconds=patience.calls_family)


STATES_OF: Final[Mapping[TimerKind, tuple[State, ...]]] = {
    TimerKind.RING_ALL: (S.RINGING,),
    TimerKind.RING_LEAD: (S.RINGING,),
    TimerKind.CALL_FAMILY: (S.RINGING,),
    TimerKind.IDLE_CLAIM: (S.CLAIMED,),
    TimerKind.RESUME: OPEN,
    TimerKind.RUNG: (S.RINGING,),
    TimerKind.SILENCE: (S.RINGING, S.CLAIMED, S.CONTACTING),
    TimerKind.ARRIVAL: (S.RINGING, S.CLAIMED, S.CONTACTING, S.DISPATCHED),
    TimerKind.CALL_BACK: (S.FOLLOW_UP,),
    TimerKind.OFFER: (*ATTENDED, S.FOLLOW_UP),
    TimerKind.DEFER: (S.RINGING,),
}
"""States in which a timer still has something to say when it is due."""
LASTING: Final = frozenset({TimerKind.SILENCE, TimerKind.ARRIVAL})
"""Timers about people and not about this round of ringing: another operator's claim does not stop them."""
