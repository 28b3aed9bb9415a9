"""What the roster's door says."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import Any, Self

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import PLANNERS, Role
from app.catalogue.tables import ServiceItem
from app.jobs.rules import OPEN
from app.jobs.tables import Job
from app.people.tables import Caregiver
from app.planning.board import JobOut
from app.planning.roster_tables import Roster, RosterGap, RosterLine
from app.planning.rules import PlanState
from app.rostering import actions, queries
from app.rostering.by_hand import Trial, Wish
from app.rostering.month import caregiver_of, clock
from app.rostering.rules import POSSIBLE, WEEKS


class DraftIn(BaseModel):
    """The first Monday, and how long to think."""

    starts: date
    seconds: int = Field(60, ge=1, le=600)
    seed: int | None = Field(None, ge=0, lt=2**31)


class PublishIn(BaseModel):
    """The version that was looked at."""

    version: int = Field(ge=0, lt=2**31)


class MoveIn(BaseModel):
    """Who comes, and the local time; `weekly`: on this weekday all month."""

    caregiver_id: int
    at: time
    weekly: bool = False

    def wish(self) -> Wish:
        """As the action takes it."""
        return Wish(self.caregiver_id, self.at.hour * 60 + self.at.minute, self.weekly)


class AcceptIn(MoveIn):
    """A move with the rules that may be broken by it, by name."""

    accept: list[str] = []


class RosterFault(BaseModel):
    """A rule a move would break."""

    rule: str
    caregiver: str
    facts: dict[str, Any]


class RosterCheck(BaseModel):
    """What a move would break; empty when nothing."""

    faults: list[RosterFault]

    @classmethod
    def of(cls, trial: Trial) -> Self:
        """With people's names."""
        return cls(
            faults=[
                RosterFault(
                    rule=f.rule, caregiver=trial.names.get(caregiver_of(f.caregiver), "") if f.caregiver else "",
                    facts=dict(f.facts),
                )
                for f in trial.faults
            ]
        )  # fmt: skip


class RosterHead(BaseModel):
    """One version of four weeks; `possible` are its buttons."""

    id: int
    starts: date
    ends: date
    n: int
    state: PlanState
    possible: list[str]
    version: int
    seconds: int
    proven: bool
    created_at: datetime
    published_at: datetime | None
    published_by: str | None

    @classmethod
    def of(cls, roster: Roster, role: Role) -> Self:
        """As its row."""
        possible = list(POSSIBLE[roster.state]) if role in PLANNERS else []
        return cls.model_validate({name: getattr(roster, name) for name in _HEAD} | {"possible": possible})


_HEAD = tuple(name for name in RosterHead.model_fields if name != "possible")


class Rosters(BaseModel):
    """Versions, the newest weeks first; the job under way; the Monday the next roster would begin on."""

    items: list[RosterHead]
    job: JobOut | None
    next: date

    @classmethod
    def read(cls, session: Session, district_id: int, role: Role, *, now: datetime) -> Self:
        """All of a district."""
        query = select(Job).where(Job.kind == actions.JOB, Job.district_id == district_id, Job.state.in_(OPEN))
        job = session.scalar(query.order_by(Job.id.desc()).limit(1))
        return cls(
            items=[RosterHead.of(row, role) for row in queries.versions(session, district_id)],
            job=JobOut.of(job) if job else None, next=queries.next_monday(now),
        )  # fmt: skip


class LineOut(BaseModel):
    """One caregiver at one visit, in local times; `waived` are rules that were put aside for it."""

    id: int
    elder_id: int
    item_id: int
    key: str
    day: date
    rank: int
    caregiver_id: int
    at: str
    ends: str
    regular: bool
    known: bool
    waived: list[str]
    moved_by: str | None


class GapOut(BaseModel):
    """What has nobody; `blocking` counts caregivers by the rule that stands against them, `who` names the rule."""

    id: int
    elder_id: int
    item_id: int
    key: str
    day: date
    rank: int
    blocking: dict[str, int]
    who: dict[int, str]


class ItemOut(BaseModel):
    """A service by name."""

    id: int
    zh: str
    en: str
    aid: str


class ElderRow(BaseModel):
    """Visits of four weeks, the different people who come, visits by somebody she did not know, what has nobody."""

    id: int
    name: str
    visits: int
    faces: int
    strangers: int
    gaps: int


class CaregiverRow(BaseModel):
    """Minutes of service in each week, against a week of her contract and what the law allows."""

    id: int
    name: str
    minutes: list[int]
    contract: int
    law: int | None


class RosterOut(RosterHead):
    """A whole roster; `windows` is what the care plan leaves open, by elder and line: `12/bath` → `08:00–10:00`."""

    lines: list[LineOut]
    gaps: list[GapOut]
    items: list[ItemOut]
    elders: list[ElderRow]
    caregivers: list[CaregiverRow]
    windows: dict[str, str]

    @classmethod
    def read(cls, session: Session, roster: Roster, role: Role) -> Self:
        """With everybody's names."""
        lines, gaps = queries.lines(session, roster.id), queries.gaps(session, roster.id)
        elders = queries.names(session, {x.elder_id for x in lines} | {g.elder_id for g in gaps})
        wanted = {x.item_id for x in lines} | {g.item_id for g in gaps}
        found = session.scalars(select(ServiceItem).where(ServiceItem.id.in_(wanted)).order_by(ServiceItem.id))
        return cls(
            **RosterHead.of(roster, role).model_dump(), lines=[_line(x) for x in lines],
            gaps=[_gap(g) for g in gaps],
            items=[ItemOut(id=i.id, zh=i.name_zh, en=i.name_en, aid=i.aid.value) for i in found],
            elders=_elders(elders, lines, gaps), caregivers=_caregivers(session, roster, lines),
            windows=queries.windows(session, elders),
        )  # fmt: skip


def _line(x: RosterLine) -> LineOut:
    start, end = calendar.local(x.starts_at), calendar.local(x.ends_at)
    return LineOut(
        id=x.id, elder_id=x.elder_id, item_id=x.item_id, key=x.key, day=x.day, rank=x.rank,
        caregiver_id=x.caregiver_id, at=f"{start:%H:%M}", ends=f"{end:%H:%M}", regular=x.regular, known=x.known,
        waived=x.waived, moved_by=x.moved_by,
    )  # fmt: skip


def _gap(g: RosterGap) -> GapOut:
    return GapOut(
        id=g.id, elder_id=g.elder_id, item_id=g.item_id, key=g.key, day=g.day, rank=g.rank, who=g.blocking,
        blocking=dict(Counter(g.blocking.values()).most_common()),
    )  # fmt: skip


def _elders(names: Mapping[int, str], lines: Sequence[RosterLine], gaps: Sequence[RosterGap]) -> list[ElderRow]:
    rows = []
    for elder_id, name in names.items():
        mine = [x for x in lines if x.elder_id == elder_id]
        rows.append(
            ElderRow(
                id=elder_id, name=name, visits=len({(x.key, x.day) for x in mine}),
                faces=len({x.caregiver_id for x in mine}), strangers=sum(not x.known for x in mine),
                gaps=sum(g.elder_id == elder_id for g in gaps),
            )
        )  # fmt: skip
    return sorted(rows, key=lambda row: (-row.gaps, -row.faces, row.id))


def _caregivers(session: Session, roster: Roster, lines: Sequence[RosterLine]) -> list[CaregiverRow]:
    """Also those who have nothing to do yet: a hand looks for them."""
    hours = queries.hours(session, roster.district_id, roster.starts, roster.ends)
    working = {caregiver_id for caregiver_id, one in hours.items() if one.shifts}
    names = queries.names(session, working | {x.caregiver_id for x in lines}, Caregiver)
    worked: dict[int, list[int]] = {caregiver_id: [0] * WEEKS for caregiver_id in names}
    for x in lines:
        worked[x.caregiver_id][(x.day - roster.starts).days // 7] += clock(x.ends_at) - clock(x.starts_at)
    rows = [
        CaregiverRow(id=i, name=name, minutes=worked[i], contract=hours[i].contract, law=hours[i].law)
        for i, name in names.items()
    ]
    return sorted(rows, key=lambda row: (-max(row.minutes), row.id))
