"""The lives of an installation order, of a test call and of a loan, and which press is the awaited test."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from app.equipment.rules import DeviceKind
from app.errors import IllegalMove
from devices.signals import Kind, Signal

# -- the order ---------------------------------------------------------------------------------------------------


class InstallationState(StrEnum):
    """Where an installation order stands."""

    ORDERED = "ordered"
    ASSIGNED = "assigned"
    ON_SITE = "on_site"  # the installer stands in the home
    TESTING = "testing"  # a device hangs and its press is awaited
    DONE = "done"
    FAILED = "failed"  # nobody home, refused, no signal …
    CANCELLED = "cancelled"


class InstallationEvent(StrEnum):
    """What is done with an installation order."""

    ASSIGN = "assign"
    ARRIVE = "arrive"
    TEST = "test"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"


_S, _E = InstallationState, InstallationEvent
INSTALLATION_MOVES: Final[dict[tuple[InstallationState, InstallationEvent], InstallationState]] = {
    (_S.ORDERED, _E.ASSIGN): _S.ASSIGNED,
    (_S.ASSIGNED, _E.ASSIGN): _S.ASSIGNED,  # to somebody else
    (_S.ASSIGNED, _E.ARRIVE): _S.ON_SITE,
    **{(state, _E.TEST): _S.TESTING for state in (_S.ON_SITE, _S.TESTING)},
    (_S.TESTING, _E.FINISH): _S.DONE,
    **{(state, _E.FAIL): _S.FAILED for state in (_S.ASSIGNED, _S.ON_SITE, _S.TESTING)},
    **{(state, _E.CANCEL): _S.CANCELLED for state in (_S.ORDERED, _S.ASSIGNED)},
}
INSTALLATION_OPEN: Final = (_S.ORDERED, _S.ASSIGNED, _S.ON_SITE, _S.TESTING)
AT_WORK: Final = (_S.ON_SITE, _S.TESTING)


class ItemOutcome(StrEnum):
    """What became of one device of an order."""

    PROVED = "proved"
    GIVEN_UP = "given_up"


def installation_after(state: InstallationState, event: InstallationEvent) -> InstallationState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return INSTALLATION_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"An installation that is {state} cannot {event}.", state=state) from None


def installation_possible(state: InstallationState) -> list[InstallationEvent]:
    """What can be done with an order in this state."""
    return [event for (source, event) in INSTALLATION_MOVES if source is state]


# -- the test ----------------------------------------------------------------------------------------------------


class TestKind(StrEnum):
    """Why a press is awaited."""

    ACTIVATION = "activation"  # the installer stands beside it: the press is shown as a test
    MONTHLY = "monthly"  # the elder was asked to press: it rings as any other call until an operator has spoken to her


class TestState(StrEnum):
    """Where a test stands."""

    WAITING = "waiting"
    RUNG = "rung"  # it rings at the desk; nobody has yet said so
    PASSED = "passed"
    FAILED = "failed"


class TestEvent(StrEnum):
    """What happens to a test."""

    PRESS = "press"
    CONFIRM = "confirm"
    FAIL = "fail"


class Failure(StrEnum):
    """Why a test failed."""

    NO_PRESS = "no_press"  # nothing came in time
    NOT_ANSWERED = "not_answered"  # it rang and nobody at the desk said so
    NO_VOICE = "no_voice"  # it rang; through its loudspeaker nobody could be spoken to
    NO_TEST = "no_test"  # the operator found that it was a real call
    ANEW = "anew"  # begun once more
    MOVED = "moved"  # the device left its place


TEST_MOVES: Final[dict[tuple[TestState, TestEvent], TestState]] = {
    (TestState.WAITING, TestEvent.PRESS): TestState.RUNG,
    (TestState.WAITING, TestEvent.CONFIRM): TestState.PASSED,
    (TestState.RUNG, TestEvent.CONFIRM): TestState.PASSED,
    (TestState.WAITING, TestEvent.FAIL): TestState.FAILED,
    (TestState.RUNG, TestEvent.FAIL): TestState.FAILED,
}


def after_test(state: TestState, event: TestEvent) -> TestState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return TEST_MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A test that is {state} cannot {event}.", state=state) from None


_D, _K = DeviceKind, Kind
PROOF: Final[Mapping[DeviceKind, frozenset[Kind]]] = {
    _D.HELP_BUTTON: frozenset({_K.SOS, _K.BUTTON_PRESS}),
    _D.WATCH: frozenset({_K.SOS}),
    _D.TRACKER: frozenset({_K.SOS}),
    _D.ALARM_UNIT: frozenset({_K.SOS, _K.TEST_REPORT}),
    _D.FALL_SENSOR: frozenset({_K.FALL, _K.TEST_REPORT}),
    _D.SMOKE_SENSOR: frozenset({_K.SMOKE, _K.TEST_REPORT}),
    _D.GAS_SENSOR: frozenset({_K.GAS, _K.TEST_REPORT}),
    _D.WATER_SENSOR: frozenset({_K.WATER_LEAK, _K.TEST_REPORT}),
}
"""What must ring through before a device counts as installed: its own call, or what its test button says."""
PRESSED_BY_HER: Final = (_D.HELP_BUTTON, _D.WATCH, _D.TRACKER, _D.ALARM_UNIT)
"""Devices an elder can try out herself: those of the monthly test call."""
NO_CLOCK: Final = 2020  # a device that gives an earlier year has never been told the time
CLOCK_TOLERANCE: Final = timedelta(minutes=2)


def rings_when_tested(kind: DeviceKind) -> bool:
    """Whether a device is proved by ringing at the desk; the others are proved by being heard at all."""
    return kind in PROOF


@dataclass(frozen=True)
class Armed:
    """An activation test that waits for its press."""

    id: int
    kind: DeviceKind
    opens: datetime
    until: datetime


def is_the_test(armed: Armed, said: Signal, *, received_at: datetime) -> bool:
    """Whether a signal of the very device is its awaited press. In doubt it is an alarm.

    An alarm it is when it is another kind of call, came before the test began or after it ended, or was made before
    the test began by a clock that runs: an old call that only now got through.
    """
    if said.history or said.kind not in PROOF.get(armed.kind, ()) or not armed.opens <= received_at <= armed.until:
        return False
    return said.at is None or said.at.year < NO_CLOCK or said.at >= armed.opens - CLOCK_TOLERANCE


# -- the loan ----------------------------------------------------------------------------------------------------


class LoanOutcome(StrEnum):
    """How a loan ended."""

    RETURNED = "returned"
    LOST = "lost"
    KEPT = "kept"  # it stays with the elder for good


def overdue(due_on: date, today: date) -> bool:
    """Whether a lent device should have been back."""
    return due_on < today
