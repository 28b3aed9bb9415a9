"""What a rule is, what each kind of it makes of readings, and the life of its versions. Pure: live and preview alike.

A rule looks at samples in the order of server times and at a clock; its state says what it is waiting for. `run` is the
only way it is ever evaluated: it lets what is due happen before the next sample comes, so that a look that comes late,
or a preview of a month gone by, sees the same firings at the same moments.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app.alarms.rules import AlarmKind
from app.equipment.measures import Metric
from app.errors import Conflict, IllegalMove
from app.monitoring.memory import Firing, Pause, Sample, State, Word, with_cause
from app.monitoring.params import (
    Band,
    BloodPressure,
    Fence,
    Lasting,
    NoAnswer,
    NoMovement,
    NotUp,
    Params,
    Window,
)
from app.places.rules import Place

LONGEST_GAP: Final = timedelta(hours=2)  # readings further apart are not one stretch; a thrifty watch measures hourly
WORST_FIX: Final = 1500.0  # metres: a fix known no better says nothing of a fence


class RuleKind(StrEnum):
    """What a rule watches."""

    HEART_RATE = "heart_rate"
    SPO2 = "spo2"
    RESPIRATION = "respiration"
    BLOOD_PRESSURE = "blood_pressure"
    BODY_TEMPERATURE = "body_temperature"
    NO_MOVEMENT = "no_movement"
    NOT_UP = "not_up"
    OUT_OF_BED = "out_of_bed"
    FENCE = "fence"
    DOOR_AT_NIGHT = "door_at_night"
    SMOKE_NO_ANSWER = "smoke_no_answer"
    ROOM_TEMPERATURE = "room_temperature"


class PauseReason(StrEnum):
    """Why nobody is expected to be heard of."""

    HOSPITAL = "hospital"
    AWAY = "away"
    OTHER = "other"


class VersionState(StrEnum):
    """The life of one version of a rule."""

    DRAFT = "draft"
    PREVIEWED = "previewed"
    ACTIVE = "active"
    ENDED = "ended"


class VersionEvent(StrEnum):
    """What is done with a version."""

    PREVIEW = "preview"
    ACTIVATE = "activate"
    STOP = "stop"  # by hand, or because the next version takes over


S, E = VersionState, VersionEvent
MOVES: Final[dict[tuple[VersionState, VersionEvent], VersionState]] = {
    (S.DRAFT, E.PREVIEW): S.PREVIEWED,
    (S.PREVIEWED, E.PREVIEW): S.PREVIEWED,
    (S.PREVIEWED, E.ACTIVATE): S.ACTIVE,
    (S.ACTIVE, E.STOP): S.ENDED,
    (S.DRAFT, E.STOP): S.ENDED,
    (S.PREVIEWED, E.STOP): S.ENDED,
}


class NotPreviewed(Conflict):
    """Look first at what this version would have done."""


def after(state: VersionState, event: VersionEvent) -> VersionState:
    """The state that follows; raises NotPreviewed or IllegalMove where the table has no line."""
    if (state, event) == (S.DRAFT, E.ACTIVATE):
        raise NotPreviewed("Preview this version before it is switched on.", state=state)
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A version that is {state} cannot {event}.", state=state) from None


def possible(state: VersionState) -> list[VersionEvent]:
    """The buttons."""
    return [event for (source, event) in MOVES if source == state]


Seen = tuple[State, bool]
Due = Callable[[Any, State, Sequence[Pause], datetime], datetime | None]

# -- the kinds -----------------------------------------------------------------------------------------------


def outside_band(p: Band, state: State, sample: Sample) -> Seen:
    """Out of the band, as measured and not as guessed: it fires on a reading, never on silence."""
    if state.last and sample.at < state.last:
        return state, False  # a straggler proves nothing about now
    value, slack = sample.value, p.hysteresis
    if (p.high is not None and value > p.high) or (p.low is not None and value < p.low):
        if state.last and sample.at - state.last > LONGEST_GAP:
            state = State()
        since = state.since or sample.at
        due = not state.fired and sample.at - since >= timedelta(minutes=p.minutes)
        fired = sample.at if due else state.fired
        return State(since, fired, sample.at, cause=with_cause(state.cause, sample)), due
    if (p.high is None or value <= p.high - slack) and (p.low is None or value >= p.low + slack):
        return State(), False
    return (replace(state, last=sample.at) if state.since else state), False


def blood_pressure(p: BloodPressure, state: State, sample: Sample) -> Seen:
    """So many bad measurements in a row. Both values of one measurement count once."""
    if state.last and sample.at < state.last:
        return state, False
    band = p.systolic if sample.metric is Metric.SYSTOLIC else p.diastolic
    bad = outside_band(band.model_copy(update={"minutes": 0}), State(), sample)[1]
    same = state.last == sample.at
    if state.seen and not same:  # the one before looked well to its end
        state = State()
    if not bad:
        well_so_far = replace(state, last=sample.at, seen={"well": 1.0})
        return (state if same else well_so_far if state.count else State()), False
    if state.last and sample.at - state.last > timedelta(hours=p.within_hours):
        state = State()
    count = state.count + (not same or bool(state.seen) or not state.count)
    due = not state.fired and count >= p.times
    fired = sample.at if due else state.fired
    return State(state.since or sample.at, fired, sample.at, count, with_cause(state.cause, sample)), due


def sign_of_life(_: Window, state: State, sample: Sample) -> Seen:
    """Somebody is there: a movement, a step, a door or bed that is not as it was."""
    key = f"{sample.metric.value}:{sample.device_id}"
    before = state.seen.get(key)
    moved = sample.value > 0 if sample.metric is Metric.MOVEMENT else before not in (None, sample.value)
    seen = state.seen if before == sample.value else {**state.seen, key: sample.value}
    if moved and (state.since is None or sample.at > state.since):
        return State(sample.at, cause=(sample.told(),), seen=seen), False
    return replace(state, seen=seen), False


def left_the_bed(_: Lasting, state: State, sample: Sample) -> Seen:
    """Up, counted from the moment she got up; somebody who has not been in bed has not left it."""
    return _lasting(state, sample, begins=sample.value == 0 and state.seen.get("in") == 1, ends=sample.value > 0)


def door_opened(_: Lasting, state: State, sample: Sample) -> Seen:
    """A door that stands open, each by itself; the one that has been open longest counts."""
    others = {door: since for door, since in state.seen.items() if door != str(sample.device_id)}
    if sample.value == 0:
        doors = others
    else:
        doors = {**others, str(sample.device_id): state.seen.get(str(sample.device_id), sample.at.timestamp())}
    if not doors:
        return State(), False
    since = datetime.fromtimestamp(min(doors.values()), sample.at.tzinfo)
    cause = (sample.told(),) if sample.value else state.cause
    return State(since, state.fired, sample.at, 0, cause, doors), False


def outside_fence(p: Fence, state: State, sample: Sample) -> Seen:
    """Outside only where the whole circle of the fix is, by more than the margin; home again once the point is in."""
    if sample.lat is None or sample.lon is None or sample.value > WORST_FIX or (state.last and sample.at < state.last):
        return state, False
    beyond = p.outside_m(Place(sample.lat, sample.lon))
    if beyond <= 0:
        return State(), False
    if state.since is None and beyond > sample.value + p.margin_m:
        return State(sample.at, last=sample.at, cause=(sample.told(),)), False
    if state.since is None:
        return state, False
    return replace(state, last=sample.at, cause=with_cause(state.cause, sample)), False


def no_answer(p: NoAnswer, state: State, sample: Sample) -> Seen:
    """Smoke, and nobody speaks to us: after so many calls in vain, or so many minutes."""
    match sample.metric:
        case Word.ANSWERED:
            return State(), False
        case Word.ALARM:
            since = state.since or sample.at
            return replace(state, since=since, cause=state.cause or (sample.told(),)), False
        case Word.UNANSWERED if state.since:
            count = state.count + 1
            due = not state.fired and count >= p.calls
            fired = sample.at if due else state.fired
            return replace(state, count=count, cause=with_cause(state.cause, sample), fired=fired), due
    return state, False


def _lasting(state: State, sample: Sample, *, begins: bool, ends: bool) -> Seen:
    if state.last and sample.at < state.last:
        return state, False
    seen = {"in": 1.0 if ends else 0.0}
    if ends:
        return State(last=sample.at, seen=seen), False
    if begins:
        return State(sample.at, last=sample.at, cause=(sample.told(),), seen=seen), False
    return replace(state, last=sample.at, seen=seen), False


# -- deadlines -----------------------------------------------------------------------------------------------


def deadline(
    since: datetime, wait: timedelta, pauses: Sequence[Pause], until: datetime, window: Window | None = None
) -> datetime | None:
    """When a wait that began is over: pauses begin it anew, and with a window it must fit into one day's."""
    start = since
    for _ in range(1000):
        if window:
            opens, closes = window.around(start)
            start = max(start, opens)
            if start + wait > closes:
                start = closes
                continue
        due = start + wait
        block = max((p.end or until for p in pauses if p.start <= due and (p.end or until) > start), default=None)
        if block is None:
            return due
        start = block
    return None


def _still_for(p: NoMovement, state: State, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    start = _counts_from(p, state)
    return start and deadline(start, timedelta(hours=p.hours), pauses, until, p)


def _until_up(p: NotUp, state: State, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    start = _counts_from(p, state)
    return start and deadline(start, p.length(), pauses, until, p)


def _counts_from(p: Window, state: State) -> datetime | None:
    """Once it has fired it waits for the next day's window."""
    return p.around(state.fired - timedelta(seconds=1))[1] if state.fired else state.since


def _lasts(p: Lasting, state: State, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    """Within the night it began in."""
    if state.since is None or state.fired:
        return None
    closes = p.around(state.since)[1]
    due = deadline(state.since, timedelta(minutes=p.minutes), pauses, until, p)
    return due if due and due <= closes else None


def _stands_open(p: Lasting, state: State, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    """Also a door that was opened by day, and once in each night."""
    start = _counts_from(p, state)
    return start and deadline(start, timedelta(minutes=p.minutes), pauses, until, p)


def _stays_out(p: Fence, state: State, pauses: Sequence[Pause], until: datetime) -> datetime | None:
    if state.since is None or state.fired:
        return None
    return deadline(state.since, timedelta(minutes=p.minutes), pauses, until)


def _unanswered(p: NoAnswer, state: State, _: Sequence[Pause], __: datetime) -> datetime | None:
    return None if state.since is None or state.fired else state.since + timedelta(minutes=p.minutes)


# -- the table -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Kind:
    """One line: what it takes, what it looks at, how it judges, and what it raises."""

    params: type[Params]
    metrics: frozenset[Metric]
    sees: Callable[[Any, State, Sample], Seen]
    alarm: AlarmKind
    due: Due | None = None
    pauses: bool = False  # whether absence and company suspend it
    at_once: bool = True  # looked at with each reading; else only when its time is up, over all that came since
    starts: bool = False  # waits from the moment it is switched on, before anything is heard


SIGNS: Final = frozenset({Metric.MOVEMENT, Metric.STEPS, Metric.BED, Metric.DOOR})
R, A = RuleKind, AlarmKind
KINDS: Final[Mapping[RuleKind, Kind]] = {
    R.HEART_RATE: Kind(Band, frozenset({Metric.HEART_RATE}), outside_band, A.VITALS),
    R.SPO2: Kind(Band, frozenset({Metric.SPO2}), outside_band, A.VITALS),
    R.RESPIRATION: Kind(Band, frozenset({Metric.RESPIRATION}), outside_band, A.VITALS),
    R.BODY_TEMPERATURE: Kind(Band, frozenset({Metric.BODY_TEMPERATURE}), outside_band, A.VITALS),
    R.BLOOD_PRESSURE: Kind(
        BloodPressure, frozenset({Metric.SYSTOLIC, Metric.DIASTOLIC}), blood_pressure, A.VITALS
    ),
    R.NO_MOVEMENT: Kind(
        NoMovement, SIGNS, sign_of_life, A.INACTIVITY, _still_for, pauses=True, at_once=False, starts=True
    ),
    R.NOT_UP: Kind(NotUp, SIGNS, sign_of_life, A.INACTIVITY, _until_up, pauses=True, at_once=False, starts=True),
    R.OUT_OF_BED: Kind(Lasting, frozenset({Metric.BED}), left_the_bed, A.INACTIVITY, _lasts, pauses=True),
    R.FENCE: Kind(Fence, frozenset({Metric.LOCATION}), outside_fence, A.GEOFENCE, _stays_out, pauses=True),
    R.DOOR_AT_NIGHT: Kind(Lasting, frozenset({Metric.DOOR}), door_opened, A.DOOR, _stands_open, pauses=True),
    R.SMOKE_NO_ANSWER: Kind(NoAnswer, frozenset(), no_answer, A.SMOKE, _unanswered),
    R.ROOM_TEMPERATURE: Kind(Band, frozenset({Metric.ROOM_TEMPERATURE}), outside_band, A.ENVIRONMENT),
}  # fmt: skip


def read_params(kind: RuleKind, given: Any) -> Params:
    """Parameters from their JSON form; raises pydantic's ValidationError."""
    return KINDS[kind].params.model_validate(given)


@dataclass(frozen=True, slots=True)
class Run:
    """What came of a look: what to remember, what fired, and when to look again though nothing comes."""

    state: State
    firings: tuple[Firing, ...]
    wake_at: datetime | None


def run(
    kind: RuleKind,
    params: Params,
    state: State,
    samples: Sequence[Sample],
    *,
    until: datetime,
    pauses: Sequence[Pause] = (),
) -> Run:
    """Look at samples in their order and at the clock up to `until`. The only way a rule is evaluated."""
    rule, firings = KINDS[kind], list[Firing]()

    def wake(to: datetime) -> datetime | None:
        return rule.due(params, state, pauses if rule.pauses else (), to) if rule.due else None

    def fire(at: datetime) -> None:
        firings.append(Firing(at, state.since, state.cause))

    for sample in samples:
        if sample.metric not in rule.metrics and not isinstance(sample.metric, Word):
            continue
        while (due := wake(sample.at)) and due < sample.at:
            fire(due)
            state = replace(state, fired=due)
        state, fired = rule.sees(params, state, sample)
        if fired:
            fire(sample.at)
    while (due := wake(until)) and due <= until:
        fire(due)
        state = replace(state, fired=due)
    return Run(state, tuple(firings), due)


def beginning(kind: RuleKind, at: datetime) -> State:
    """What a rule remembers when it is switched on: some begin to wait at once."""
    return State(since=at) if KINDS[kind].starts else State()
