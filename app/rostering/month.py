"""Four weeks of a district as plain values, and the roster problem they pose. Reads nothing: `reading` fills it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property

import dispatch
from app import calendar
from app.care_plans.room import WAY_MINUTES
from app.places.rules import Mode, Place
from app.planning import travel
from app.planning.day import Contract, DayCaregiver, caregiver_of, named
from app.planning.roster_tables import RosterLine
from app.rostering.rules import WEEKS

Slot = tuple[int, str, date, int]  # elder, key, day, rank


@dataclass(frozen=True)
class Need:
    """One visit that a care plan means, and what it asks of whoever comes."""

    elder_id: int
    elder: str
    division_code: str
    key: str
    item_id: int
    aid: str
    rule_day: date
    day: date
    opens: time
    closes: time
    minutes: int
    caregivers: int
    needs: frozenset[str]
    sex: str
    banned: frozenset[int]
    known: frozenset[int]
    place: Place

    @property
    def series(self) -> str:
        """The line of the care plan: all its days begin at one hour."""
        return f"{self.elder_id}/{self.key}"

    def plan(self, rank: int) -> str:
        """Its name in the problem: a line's days of one weekday are one plan, of each caregiver who must come."""
        return f"{self.series}/{self.day.weekday()}/{rank}"


@dataclass(frozen=True)
class Hours:
    """A caregiver's regular week, where she is not there, and what her contract and the law allow a week."""

    shifts: Mapping[int, tuple[tuple[int, int], ...]]  # weekday: minutes of the day
    absent: frozenset[int]  # days of the month, from 0
    contract: int
    law: int | None

    @property
    def most(self) -> int:
        """Minutes a week, service and ways."""
        return self.contract if self.law is None else min(self.contract, self.law)


@dataclass(frozen=True)
class Month:
    """Everything a roster of these weeks depends on."""

    starts: date
    needs: tuple[Need, ...]
    caregivers: tuple[DayCaregiver, ...]
    hours: Mapping[int, Hours]
    contracts: tuple[Contract, ...]
    door_minutes: int

    @cached_property
    def need(self) -> dict[tuple[str, int], tuple[Need, int]]:
        """By plan and day of the month, with the rank."""
        return {
            (n.plan(rank), self.number(n.day)): (n, rank) for n in self.needs for rank in range(1, n.caregivers + 1)
        }

    @cached_property
    def slot(self) -> dict[Slot, Need]:
        """By what a stored line or gap names."""
        return {(n.elder_id, n.key, n.day, rank): n for n in self.needs for rank in range(1, n.caregivers + 1)}

    @cached_property
    def name(self) -> dict[int, str]:
        """Of each caregiver."""
        return {c.id: c.name for c in self.caregivers}

    @cached_property
    def provider(self) -> dict[int, int]:
        """Of each caregiver."""
        return {c.id: c.provider_id for c in self.caregivers}

    def number(self, day: date) -> int:
        """0 is the first Monday."""
        return (day - self.starts).days

    @cached_property
    def problem(self) -> dispatch.RosterProblem:
        """As `dispatch` is asked it."""
        homes: dict[int, int] = {}
        for need in self.needs:
            homes.setdefault(need.elder_id, len(homes))
        at = {n.elder_id: n.place for n in self.needs}
        places = [at[elder] for elder in homes] + [c.base for c in self.caregivers]
        days: dict[str, list[Need]] = defaultdict(list)
        for (plan, _), (need, _) in self.need.items():
            days[plan].append(need)
        plans = tuple(self._plan(name, needs, homes[needs[0].elder_id]) for name, needs in sorted(days.items()))
        workers = tuple(self._worker(c, len(homes) + i) for i, c in enumerate(self.caregivers))
        ways = travel.seconds(places, Mode.EBIKE, door_minutes=self.door_minutes) // 60 if places else None
        return dispatch.RosterProblem(plans, workers, ways, WEEKS, WAY_MINUTES)

    def _plan(self, name: str, needs: list[Need], place: int) -> dispatch.RosterPlan:
        one = needs[0]
        outside = {c.id for c in self.caregivers if not self._covers(c, one)}
        return dispatch.RosterPlan(
            id=name, elder=str(one.elder_id), times=1, minutes=one.minutes, place=place, needs=one.needs, sex=one.sex,
            windows=(dispatch.Window(_minute(one.opens), _minute(one.closes)),),
            banned=frozenset(map(named, one.banned | outside)), known=frozenset(map(named, one.known)),
            days=frozenset(self.number(n.day) for n in needs), series=one.series,
        )  # fmt: skip

    def _covers(self, caregiver: DayCaregiver, need: Need) -> bool:
        """Whether a contract of her provider covers the place and the aid; all do where there are no contracts."""
        return not self.contracts or any(
            c.provider_id == caregiver.provider_id
            and (not c.areas or need.division_code.startswith(c.areas))
            and (not c.aids or need.aid in c.aids)
            for c in self.contracts
        )

    def _worker(self, caregiver: DayCaregiver, place: int) -> dispatch.Worker:
        hours = self.hours[caregiver.id]
        return dispatch.Worker(
            id=named(caregiver.id), hours=hours.shifts, skills=caregiver.skills, sex=caregiver.sex, place=place,
            most=hours.most, absent=hours.absent,
        )  # fmt: skip

    def roster(self, lines: Iterable[RosterLine]) -> dispatch.Roster:
        """What is stored, as the judge reads it: lines that are still meant, of caregivers who are still here."""
        told = [
            dispatch.Line(need.plan(x.rank), self.number(x.day), clock(x.starts_at), named(x.caregiver_id), x.regular)
            for x in lines
            if (need := self.slot.get((x.elder_id, x.key, x.day, x.rank))) and x.caregiver_id in self.name
        ]
        held = {(line.plan, line.day) for line in told}
        return dispatch.Roster(tuple(told), tuple(sorted(self.need.keys() - held)))

    def faults(self, lines: Iterable[RosterLine]) -> dict[str, dispatch.Fault]:
        """What the judge has against it, by its words."""
        return {str(fault): fault for fault in dispatch.roster_faults(self.problem, self.roster(lines))}

    def times(self, need: Need, minute: int) -> tuple[datetime, datetime]:
        """Begin and end of a visit that begins at a minute of its day."""
        starts = calendar.at(need.day, time(minute // 60, minute % 60))
        return starts, starts + timedelta(minutes=need.minutes)


def _minute(at: time) -> int:
    return at.hour * 60 + at.minute


def clock(at: datetime) -> int:
    """The local minute of the day."""
    return _minute(calendar.local(at).time())


__all__ = ["Hours", "Month", "Need", "caregiver_of", "clock"]
