"""A day of a district as plain values, and the dispatch problem it poses. Reads nothing: `queries.day_of` fills it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import dispatch
from app.orders.rules import VisitState
from app.places.rules import Mode, Place
from app.planning import travel
from app.planning.rules import ACTIVE, BEGUN, AttendanceState, is_fixed

PRIZE = 36_000  # seconds of travel that serving a visit is worth
PROMISED = 4  # a published visit is worth so many times more
LEFT = 30 * 60  # seconds of a window that the hour of the month's roster leaves to the day's plan
TIMELY = frozenset(
    {"shift", "travel", "break", "max_work"}
)  # rules about more than one visit: their pin is frozen whole


def named(caregiver_id: int) -> str:
    """A caregiver's name in a problem: can be told from every other number in a sentence."""
    return f"c{caregiver_id}"


def caregiver_of(name: str) -> int:
    """Whose name it is."""
    return int(name.removeprefix("c"))


@dataclass(frozen=True)
class Going:
    """A caregiver at a visit: an attendance, or a line of a draft (id 0)."""

    id: int
    caregiver_id: int
    rank: int
    state: AttendanceState
    starts_at: datetime
    ends_at: datetime
    urgent: bool = False

    @property
    def active(self) -> bool:
        """Still has to come, or is there."""
        return self.state in ACTIVE


@dataclass(frozen=True)
class HandPin:
    """What a dispatcher settled by hand."""

    caregiver_ids: tuple[int, ...]
    starts_at: datetime
    waived: frozenset[str]


@dataclass(frozen=True)
class DayVisit:
    """One visit with what a plan must know of it."""

    id: int
    elder_id: int
    elder: str
    division_code: str
    state: VisitState
    item_code: str
    item_zh: str
    item_en: str
    aid: str
    minutes: int
    caregivers: int
    needs: frozenset[str]
    sex: str  # "" : either
    opens: datetime
    closes: datetime
    starts_at: datetime | None
    priority: int
    place: Place
    estate: str
    reason: str | None = None
    banned: frozenset[int] = frozenset()
    preferred: frozenset[int] = frozenset()
    known: frozenset[int] = frozenset()
    goings: tuple[Going, ...] = ()
    pin: HandPin | None = None
    regular: tuple[int, ...] = ()  # of the month's roster, the lead first
    hour: datetime | None = None  # of the roster

    @property
    def crew(self) -> tuple[Going, ...]:
        """Who has to come or is there, the lead first."""
        return tuple(sorted((g for g in self.goings if g.active), key=lambda g: (g.rank, g.id)))


@dataclass(frozen=True)
class DayCaregiver:
    """One caregiver with the hours, skills and places of this day."""

    id: int
    provider_id: int
    name: str
    sex: str
    mode: Mode
    base: Place
    responder: bool
    skills: frozenset[str]
    shifts: tuple[tuple[datetime, datetime], ...]  # none: not here today
    absent: str | None
    minutes_left: int  # of the week, this day not counted


@dataclass(frozen=True)
class Contract:
    """Where a provider may serve, and which aids; empty tuples mean all."""

    provider_id: int
    areas: tuple[str, ...]
    aids: tuple[str, ...]


@dataclass(frozen=True)
class Day:
    """Everything a plan of this day depends on."""

    district_id: int
    day: date
    begins: datetime  # local midnight: tick 0
    visits: tuple[DayVisit, ...]
    caregivers: tuple[DayCaregiver, ...]
    contracts: tuple[Contract, ...] = ()
    door_minutes: int = 4
    freeze_minutes: int = 60

    @cached_property
    def visit(self) -> Mapping[int, DayVisit]:
        """By id."""
        return {v.id: v for v in self.visits}

    @cached_property
    def caregiver(self) -> Mapping[int, DayCaregiver]:
        """By id."""
        return {c.id: c for c in self.caregivers}

    def tick(self, at: datetime) -> int:
        """Seconds since local midnight."""
        return round((at - self.begins).total_seconds())

    def time(self, tick: int) -> datetime:
        """The moment of a tick."""
        return self.begins + timedelta(seconds=tick)


PLANNABLE = frozenset({VisitState.WAITING, VisitState.PLANNED, VisitState.PUBLISHED, VisitState.UNDER_WAY})


@dataclass(frozen=True)
class Question:
    """The problem as `dispatch` is asked it, and the visits it is too late to ask about."""

    problem: dispatch.Problem
    too_late: tuple[int, ...] = ()
    fixed: frozenset[int] = field(default_factory=frozenset)


def question(
    day: Day, *, now: datetime | None, keep: Iterable[int] = (), loosen: Iterable[int] = (), late: int = 0
) -> Question:
    """The day as a problem. `now` fixes what is under way or near and clips what lies behind; without it, all is open.

    `keep` are visits to fix as they stand, whatever their time; `loosen` those whose caregiver cannot come after all,
    whatever was settled. A promised visit may start `late` seconds after its window rather than not at all.
    """
    places: list[Place] = [v.place for v in day.visits] + [c.base for c in day.caregivers]
    at = {v.id: i for i, v in enumerate(day.visits)}
    loosened = frozenset(loosen)
    cut = interrupted(day) | loosened
    kept, visits, too_late, fixed = set(keep), [], [], set()
    for visit in day.visits:
        begun = any(g.state in BEGUN for g in visit.crew)
        if visit.state not in PLANNABLE or (begun and visit.id in cut - loosened):
            continue  # over, or left for an alarm: nothing is left to plan about it
        whole = len(visit.crew) == visit.caregivers and visit.id not in cut
        held = whole and (visit.id in kept or _held(day, visit, now))
        posed = _visit(day, visit, at[visit.id], held=held, loose=visit.id in cut, late=late, now=now)
        if posed is None:
            too_late.append(visit.id)
            continue
        visits.append(posed)
        if posed.frozen:
            fixed.add(visit.id)
    sent = {caregiver_of(c) for v in visits for c in v.pinned_caregivers}
    caregivers = tuple(
        _caregiver(day, c, len(day.visits) + i)
        for i, c in enumerate(day.caregivers)
        if now is None or c.shifts or c.id in sent
    )
    modes = {c.mode for c in day.caregivers}
    matrices = {m.value: travel.seconds(places, m, door_minutes=day.door_minutes) for m in modes}
    problem = dispatch.Problem(caregivers=caregivers, visits=tuple(visits), travel=matrices)
    return Question(problem, tuple(too_late), frozenset(fixed))


def interrupted(day: Day) -> frozenset[int]:
    """Visits somebody cannot attend as planned because an alarm took them away; these may be moved, however near."""
    urgent = [g for v in day.visits for g in v.crew if g.urgent]
    return frozenset(
        v.id for v in day.visits for g in v.crew for u in urgent
        if g.caregiver_id == u.caregiver_id and not g.urgent and g.starts_at < u.ends_at and u.starts_at < g.ends_at
    )  # fmt: skip


def _held(day: Day, visit: DayVisit, now: datetime | None) -> bool:
    """An alarm's response, and with a clock what is under way or near."""
    if any(g.urgent for g in visit.crew):
        return True
    if now is None or visit.state not in (VisitState.PUBLISHED, VisitState.UNDER_WAY):
        return False
    states = [g.state for g in visit.goings]
    return is_fixed(states, visit.crew[0].starts_at, now=now, freeze_minutes=day.freeze_minutes)


def _visit(
    day: Day, visit: DayVisit, place: int, *, held: bool, loose: bool, late: int, now: datetime | None
) -> dispatch.Visit | None:
    """None when it is too late to start it."""
    opens, closes = day.tick(visit.opens), day.tick(visit.closes)
    crew, pin = visit.crew, visit.pin
    pinned: tuple[int, ...] = ()
    start: int | None = None
    frozen = False
    if held:
        pinned, start, frozen = tuple(g.caregiver_id for g in crew), day.tick(crew[0].starts_at), True
    elif loose:
        pass
    elif pin is not None and all(c in day.caregiver for c in pin.caregiver_ids):
        pinned, start = pin.caregiver_ids, day.tick(pin.starts_at)
        frozen = bool(pin.waived & TIMELY)
    elif visit.state is VisitState.PUBLISHED and 0 < len(crew) < visit.caregivers:  # one of two declined
        pinned, start = tuple(g.caregiver_id for g in crew), day.tick(crew[0].starts_at)
    if visit.hour is not None and start is None and visit.state is not VisitState.PUBLISHED:
        opens = max(opens, min(day.tick(visit.hour), closes - LEFT))  # not before the hour she was told
    if now is not None and not frozen:
        earliest = day.tick(now) + (day.freeze_minutes * 60 if start is None else 0)
        opens = max(opens, earliest)
        if visit.state is VisitState.PUBLISHED and opens <= closes + late:
            closes, late = max(opens, closes), closes + late - max(opens, closes)
        if opens > closes or (start is not None and start < earliest):
            return None
    promise = None
    promised = visit.state is VisitState.PUBLISHED and len(crew) == visit.caregivers
    if promised:
        promise = dispatch.Promise(day.tick(crew[0].starts_at), tuple(named(g.caregiver_id) for g in crew))
    elif visit.hour is not None:  # the month's roster is a promise too, of somebody she knows at an hour she knows
        promise = dispatch.Promise(day.tick(visit.hour), tuple(named(c) for c in visit.regular if c in day.caregiver))
    return dispatch.Visit(
        id=str(visit.id), place=place, windows=(dispatch.Window(opens, closes),), service=_service(visit),
        late=late if promised else 0, needs=visit.needs, caregivers=visit.caregivers, sex=visit.sex,
        allowed=_allowed(day, visit), banned=_names(visit.banned),
        preferred=_names(visit.preferred), known=_names(visit.known),
        prize=(PRIZE * visit.caregivers + visit.priority * 3600) * (PROMISED if promised else 1),
        pinned_caregivers=tuple(map(named, pinned)), pinned_start=start, frozen=frozen,
        waived=(pin.waived - TIMELY) if pin else frozenset(), published=promise,
    )  # fmt: skip


def _service(visit: DayVisit) -> int:
    """Seconds; an alarm's response holds its caregiver from the moment she was sent until she can leave."""
    urgent = [g for g in visit.crew if g.urgent]
    return int((urgent[0].ends_at - urgent[0].starts_at).total_seconds()) if urgent else visit.minutes * 60


def _names(ids: frozenset[int]) -> frozenset[str]:
    return frozenset(map(named, ids))


def _allowed(day: Day, visit: DayVisit) -> frozenset[str] | None:
    """Caregivers of providers whose contract covers the place and the aid; everybody where there are no contracts."""
    if not day.contracts:
        return None
    covering = {
        c.provider_id
        for c in day.contracts
        if (not c.areas or visit.division_code.startswith(c.areas)) and (not c.aids or visit.aid in c.aids)
    }
    if covering >= {c.provider_id for c in day.caregivers}:
        return None
    return frozenset(named(c.id) for c in day.caregivers if c.provider_id in covering)


def _caregiver(day: Day, caregiver: DayCaregiver, place: int) -> dispatch.Caregiver:
    """Sets out from the base; where the shift ends the way home is her own."""
    return dispatch.Caregiver(
        id=named(caregiver.id), shifts=tuple(dispatch.Shift(day.tick(a), day.tick(b)) for a, b in caregiver.shifts),
        skills=caregiver.skills, sex=caregiver.sex, start=place, mode=caregiver.mode.value,
        max_work=max(0, caregiver.minutes_left) * 60, fair_work=8 * 3600,
    )  # fmt: skip


@dataclass(frozen=True)
class Line:
    """One caregiver at one visit, to be stored."""

    visit_id: int
    caregiver_id: int
    rank: int
    starts_at: datetime
    ends_at: datetime


def lines_of(day: Day, plan: dispatch.Plan, *, without: frozenset[int] = frozenset()) -> list[Line]:
    """A plan's assignments as lines; what was fixed stays as it is and needs none."""
    lines = []
    for a in plan.assignments:
        visit = day.visit[int(a.visit)]
        if visit.id in without:
            continue
        starts = day.time(a.start)
        ends = starts + timedelta(minutes=visit.minutes)
        lines += [Line(visit.id, caregiver_of(c), rank, starts, ends) for rank, c in enumerate(a.caregivers, 1)]
    return lines


def plan_of(problem: dispatch.Problem, day: Day, goings: Mapping[int, Sequence[Going]]) -> dispatch.Plan:
    """What is written down, as a plan the judge can read: `goings` by visit; visits without any are unserved."""
    assignments, unserved = [], []
    for posed in problem.visits:
        crew = sorted(goings.get(int(posed.id), ()), key=lambda g: g.rank)
        if crew:
            caregivers = tuple(named(g.caregiver_id) for g in crew)
            assignments.append(dispatch.Assignment(posed.id, day.tick(crew[0].starts_at), caregivers))
        else:
            unserved.append(dispatch.Unserved(posed.id, "sacrificed"))
    return dispatch.Plan(tuple(assignments), unserved=tuple(unserved))
