"""The door of the programmes: read them, draft and approve versions, run a month, and say why for an elder."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Reader, allowed
from app.access.queries import Caller
from app.access.rules import Role
from app.db import transaction
from app.errors import Refused
from app.funding import actions, month_runs, programs
from app.funding.shapes import (
    APPROVERS,
    WRITERS,
    DropIn,
    Eligibility,
    EnrolIn,
    EnrolmentOut,
    ListedElder,
    Month,
    MonthRunIn,
    MonthRunOut,
    MonthRuns,
    ProgramIn,
    ProgramList,
    ProgramOut,
    Programs,
    ProgramVersionIn,
    StrikeIn,
    VerdictOut,
    first_of,
)
from app.funding.tables import Entitlement, MonthRun, Program
from app.jobs import queue
from app.people import queries as people
from app.vault import mask_name

router = APIRouter(prefix="/api/programs", tags=["programs"])
runs = APIRouter(prefix="/api/month-runs", tags=["programs"])
of_elder = APIRouter(prefix="/api/elders/{elder_id}", tags=["programs"])
SEE = WRITERS | {Role.SHIFT_LEAD, Role.MANAGER}
Sees = Annotated[Caller, allowed(frozenset(SEE))]
Writer = Annotated[Caller, allowed(WRITERS)]
Approver = Annotated[Caller, allowed(APPROVERS)]
Lister = Annotated[Caller, allowed(frozenset({Role.SUPERVISOR, Role.SHIFT_LEAD}))]


def _whole(me: Caller) -> None:
    """What a programme says holds for the whole district; a street may read it."""
    if len(me.area) > 6:
        raise Refused("This is decided for the whole district.")


def _program(session: Session, row: Program, me: Caller, *, now: datetime) -> ProgramOut:
    month = calendar.month_of(now)
    in_force = {one.program_id: one.version_id for one in programs.in_force(session, row.district_id, month)}
    E = Entitlement
    sums = session.execute(
        select(
            func.count(), func.coalesce(func.sum(E.granted_cents), 0),
            func.coalesce(func.sum(E.captured_cents + E.reserved_cents + E.cash_cents), 0),
        ).where(E.program_id == row.id, E.month == month, E.granted_cents > 0)
    ).one()  # fmt: skip
    versions = list(programs.versions_of(session, row.id))
    return ProgramOut.of(row, versions, in_force.get(row.id), (sums[0], sums[1], sums[2]), me.role, me.by)


@router.get("")
def list_programs(me: Sees) -> Programs:
    """Every programme, with its versions and what it has granted and paid this month."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        told = [_program(session, row, me, now=now) for row in programs.all_of(session, me.district_id)]
    told.sort(key=lambda one: (min((v.terms.rank for v in one.versions if v.in_force), default=100), one.id))
    return Programs(month=calendar.month_of(now), items=told)


@router.post("")
def found(wish: ProgramIn, me: Writer) -> ProgramOut:
    """A new programme; it pays nothing before a version of it is approved."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row = programs.found_program(session, district_id=me.district_id, **wish.model_dump())
        return _program(session, row, me, now=now)


@router.post("/{program_id}/versions")
def draft(program_id: int, wish: ProgramVersionIn, me: Writer) -> ProgramOut:
    """Draft a version; a second person approves it."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row = programs.get(session, program_id, me.district_id)
        ends = calendar.last_day(first_of(wish.ends)) if wish.ends else None
        programs.draft(
            session, row, wish.terms, starts=first_of(wish.starts), ends=ends, note=wish.note, by=me.by, now=now
        )
        return _program(session, row, me, now=now)


@router.get("/{program_id}/enrolments")
def listed(program_id: int, me: Reader) -> ProgramList:
    """Who stands on the programme's list, in the caller's area."""
    with transaction(me.scope) as session:
        programs.get(session, program_id, me.district_id)
        rows = programs.on_list(session, program_id, today=calendar.day_of(datetime.now(UTC)))
        items = [ListedElder.model_validate(row) for row in rows]
    if me.role is Role.SUPERVISOR:
        items = [row.model_copy(update={"elder_name": mask_name(row.elder_name)}) for row in items]
    return ProgramList(items=items)


@router.post("/versions/{program_version_id}/approve")
def approve(program_version_id: int, me: Approver) -> ProgramOut:
    """The second person agrees: it is in force from its month on, and the month granted in advance follows it."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        version = programs.approve(session, program_version_id, me.district_id, by=me.by, now=now)
        return _program(session, programs.get(session, version.program_id, me.district_id), me, now=now)


@router.post("/versions/{program_version_id}/drop")
def drop(program_version_id: int, why: DropIn, me: Writer) -> ProgramOut:
    """A draft that will not come into force."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        version = programs.drop(session, program_version_id, me.district_id, by=me.by, now=now, reason=why.reason)
        return _program(session, programs.get(session, version.program_id, me.district_id), me, now=now)


@runs.get("")
def list_runs(me: Sees) -> MonthRuns:
    """What the runs over months have done, the newest first."""
    with transaction(me.scope) as session:
        rows = session.scalars(
            select(MonthRun).where(MonthRun.district_id == me.district_id).order_by(MonthRun.id.desc()).limit(24)
        ).all()
        return MonthRuns(items=[MonthRunOut.of(row) for row in rows])


@runs.post("")
def run(wish: MonthRunIn, me: Writer) -> MonthRunOut:
    """Run over a month now: this one or the next, which is granted in advance."""
    _whole(me)
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        row, job = month_runs.ask(session, me.district_id, first_of(wish.month), by=me.by, now=now)
        answer, kind, job_id = MonthRunOut.of(row), job.kind, job.id
    queue.send(kind, job_id)
    return answer


@of_elder.get("/eligibility")
def eligibility(elder_id: int, me: Reader, month: Month | None = None) -> Eligibility:
    """Why she gets what she gets: each programme, each rule, what it wants and what was found."""
    first = first_of(month) if month else calendar.month_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        return Eligibility(
            month=first, verdicts=[VerdictOut.of(*one) for one in programs.why(session, elder, first)],
            lists=[
                EnrolmentOut.of(row, session.get_one(Program, row.program_id))
                for row in programs.lists_of(session, elder.id)
            ],
        )  # fmt: skip


@of_elder.post("/enrolments")
def enrol(elder_id: int, wish: EnrolIn, me: Lister) -> Eligibility:
    """Put her on a programme's list; the month granted in advance follows."""
    now = datetime.now(UTC)
    agent = {"name": wish.agent_name, "relation": wish.agent_relation} if wish.agent_name else None
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        program = programs.get(session, wish.program_id, me.district_id)
        programs.enrol(
            session, elder, program, starts=wish.starts, ends=wish.ends, level=wish.level, decision=wish.decision,
            agent=agent, by=me.by, now=now,
        )  # fmt: skip
        actions.follow_list(session, elder, by=me.by, now=now, program=program.code)
    return eligibility(elder_id, me)


@of_elder.post("/enrolments/{enrolment_id}/strike")
def strike(elder_id: int, enrolment_id: int, wish: StrikeIn, me: Lister) -> Eligibility:
    """Take her off a list after a day; the month granted in advance follows."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        row = programs.strike(
            session, elder, enrolment_id, last_day=wish.last_day, by=me.by, now=now, reason=wish.reason
        )
        program = programs.get(session, row.program_id, me.district_id)
        actions.follow_list(session, elder, by=me.by, now=now, program=program.code)
    return eligibility(elder_id, me)
