"""Programmes and their versions: drafted by one person, approved by another, in force from a month on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app import calendar
from app.errors import Conflict, NotFound
from app.funding.tables import Enrolment, Program, ProgramVersion
from app.funding.terms import (
    BadTerms,
    Enrolled,
    Person,
    ProgramKind,
    SamePerson,
    Terms,
    TermsEvent,
    TermsState,
    Verdict,
    check,
    judge_all,
    version_after,
)
from app.history import record
from app.people import life_queries as life
from app.people.life_rules import ENDING, Away, LifeKind
from app.people.rules import AbilityLevel
from app.people.tables import Elder

FOUNDING = ("set-up", "set-up, second person")  # who writes and approves what an installation begins with


class TooLate(Conflict):
    """A version begins with a month that has not begun."""


@dataclass(frozen=True)
class InForce:
    """A programme and what it says in a month."""

    program_id: int
    version_id: int
    code: str
    kind: ProgramKind
    name_zh: str
    name_en: str
    n: int
    terms: Terms


def get(session: Session, program_id: int, district_id: int) -> Program:
    """The programme of this district; raises NotFound."""
    found = session.get(Program, program_id)
    if found is None or found.district_id != district_id:
        raise NotFound("There is no such programme.")
    return found


def version(session: Session, version_id: int, district_id: int, *, lock: bool = False) -> ProgramVersion:
    """The version of a programme of this district; raises NotFound."""
    found = session.get(ProgramVersion, version_id, with_for_update=lock, populate_existing=lock)
    if found is None or found.district_id != district_id:
        raise NotFound("There is no such version.")
    return found


def all_of(session: Session, district_id: int) -> Sequence[Program]:
    """Every programme of a district, by its number."""
    return session.scalars(select(Program).where(Program.district_id == district_id).order_by(Program.id)).all()


def versions_of(session: Session, program_id: int) -> Sequence[ProgramVersion]:
    """The history of a programme, the newest first."""
    return session.scalars(
        select(ProgramVersion).where(ProgramVersion.program_id == program_id).order_by(ProgramVersion.n.desc())
    ).all()


def in_force(session: Session, district_id: int, month: date) -> list[InForce]:
    """What the programmes say in a month: of each the approved version that began last."""
    V = ProgramVersion
    rows = session.execute(
        select(
            V.program_id,
            V.id.label("version_id"),
            Program.code,
            Program.kind,
            Program.name_zh,
            Program.name_en,
            V.n,
            V.terms,
            V.ends,
        )
        .join(V, V.program_id == Program.id)
        .where(Program.district_id == district_id, V.state == TermsState.APPROVED, V.starts <= month)
        .order_by(V.program_id, V.starts.desc(), V.n.desc())
        .ext(distinct_on(V.program_id))
    )
    return [
        InForce(
            r.program_id, r.version_id, r.code, r.kind, r.name_zh, r.name_en, r.n, Terms(**r.terms)
        )
        for r in rows
        if r.ends is None or r.ends >= month
    ]  # fmt: skip


def read(terms: Mapping[str, Any]) -> Terms:
    """Terms from their JSON form; raises BadTerms."""
    try:
        return Terms(**terms)
    except ValidationError as error:
        raise BadTerms("; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())) from None


def found_program(
    session: Session, *, district_id: int, code: str, kind: ProgramKind, name_zh: str, name_en: str
) -> Program:
    """A new programme; it pays nothing before a version of it is approved."""
    if session.scalar(select(Program.id).where(Program.district_id == district_id, Program.code == code)):
        raise Conflict("A programme with this code exists already.", code=code)
    program = Program(district_id=district_id, code=code, kind=kind, name_zh=name_zh, name_en=name_en)
    session.add(program)
    session.flush()
    return program


def draft(
    session: Session,
    program: Program,
    terms: Terms,
    *,
    starts: date,
    ends: date | None = None,
    note: str,
    by: str,
    now: datetime,
) -> ProgramVersion:
    """Write a version down for somebody else to approve; raises BadTerms or TooLate."""
    _check(session, program, terms, starts=starts, ends=ends, now=now)
    n = session.scalar(select(func.max(ProgramVersion.n)).where(ProgramVersion.program_id == program.id)) or 0
    row = ProgramVersion(
        district_id=program.district_id, program_id=program.id, kind=program.kind, n=n + 1, state=TermsState.DRAFT,
        starts=starts, ends=ends, terms=terms.model_dump(mode="json"), note=note, drafted_by=by, drafted_at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "draft", None, row.state, by=by, now=now, program=program.code, n=row.n)
    return row


def approve(session: Session, version_id: int, district_id: int, *, by: str, now: datetime) -> ProgramVersion:
    """A second person agrees; judged once more, for other programmes may have changed meanwhile."""
    row = version(session, version_id, district_id, lock=True)
    after = version_after(row.state, TermsEvent.APPROVE)
    if row.drafted_by == by:
        raise SamePerson("You have drafted it yourself; somebody else must approve it.")
    program = get(session, row.program_id, district_id)
    _check(session, program, Terms(**row.terms), starts=row.starts, ends=row.ends, now=now)
    return _move(session, row, TermsEvent.APPROVE, after, by=by, now=now)


def drop(session: Session, version_id: int, district_id: int, *, by: str, now: datetime, reason: str) -> ProgramVersion:
    """A draft that will not come into force."""
    row = version(session, version_id, district_id, lock=True)
    return _move(
        session, row, TermsEvent.DROP, version_after(row.state, TermsEvent.DROP), by=by, now=now, reason=reason
    )


def _move(
    session: Session, row: ProgramVersion, event: TermsEvent, after: TermsState, *, by: str, now: datetime,
    reason: str | None = None,
) -> ProgramVersion:  # fmt: skip
    before, row.state = row.state, after
    if after is TermsState.APPROVED:
        row.approved_by, row.approved_at = by, now
    record(session, row, event, before, after, by=by, now=now, reason=reason)
    return row


def _check(session: Session, program: Program, terms: Terms, *, starts: date, ends: date | None, now: datetime) -> None:
    """A month that has begun was promised to elders as it is; only a programme's first version may begin in it."""
    first = not session.scalar(
        select(func.count())
        .select_from(ProgramVersion)
        .where(ProgramVersion.program_id == program.id, ProgramVersion.state == TermsState.APPROVED)
    )
    this_month = calendar.month_of(now)
    if starts.day != 1 or (ends is not None and ends < starts):
        raise BadTerms("A version begins with a month and ends after it began.")
    if starts < this_month or (starts == this_month and not first):
        raise TooLate("Elders have been promised this month as it is; let it begin with the next.", month=str(starts))
    others = {one.code: one.terms for one in in_force(session, program.district_id, starts) if one.code != program.code}
    check(terms, program.kind, program.code, others)


def add_program(
    session: Session,
    *,
    district_id: int,
    code: str,
    name_zh: str,
    name_en: str,
    starts: date,
    amounts: Mapping[AbilityLevel, int] | Mapping[str, int],
    ends: date | None = None,
    kind: ProgramKind = ProgramKind.DISTRICT,
    note: str = "",
    people: tuple[str, str] = FOUNDING,
    now: datetime | None = None,
    **terms: Any,
) -> Program:
    """A programme with its first version approved: how an installation begins, or takes over what was before it."""
    program = found_program(
        session, district_id=district_id, code=code, kind=kind, name_zh=name_zh, name_en=name_en
    )  # fmt: skip
    told = Terms(amounts={str(level): cents for level, cents in amounts.items()}, **terms)
    at = now or calendar.month_bounds(starts)[0]
    drafted = draft(session, program, told, starts=starts.replace(day=1), ends=ends, note=note, by=people[0], now=at)
    approve(session, drafted.id, district_id, by=people[1], now=at)
    return program


# -- lists ------------------------------------------------------------------------------------------------------------


def enrol(
    session: Session,
    elder: Elder,
    program: Program,
    *,
    starts: date,
    ends: date | None = None,
    level: str | None = None,
    decision: str,
    agent: dict[str, Any] | None = None,
    by: str,
    now: datetime,
) -> Enrolment:
    """Put an elder on a programme's list; raises Conflict when she stands there in these days."""
    if ends is not None and ends < starts:
        raise BadTerms("The last day is before the first.")
    taken = select(Enrolment.id).where(
        Enrolment.elder_id == elder.id, Enrolment.program_id == program.id, Enrolment.starts <= (ends or date.max),
        or_(Enrolment.ends.is_(None), Enrolment.ends >= starts),
    )  # fmt: skip
    if session.scalar(taken.limit(1)) is not None:
        raise Conflict("She is on this list in these days already.")
    row = Enrolment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, program_id=program.id,
        starts=starts, ends=ends, level=level, decision=decision, agent=agent, by=by, at=now,
    )  # fmt: skip
    session.add(row)
    record(session, row, "enrol", None, None, by=by, now=now, program=program.code, level=level)
    return row


def strike(
    session: Session, elder: Elder, enrolment_id: int, *, last_day: date, by: str, now: datetime, reason: str
) -> Enrolment:
    """Take an elder off a list after a day; a day before she came onto it: she never was."""
    row = session.get(Enrolment, enrolment_id, with_for_update=True)
    if row is None or row.elder_id != elder.id:
        raise NotFound("She is not on that list, or lives outside your area.")
    row.ends = max(last_day, row.starts - timedelta(days=1))
    record(session, row, "strike", None, None, by=by, now=now, reason=reason, last_day=str(row.ends))
    return row


def lists_of(session: Session, elder_id: int) -> Sequence[Enrolment]:
    """Every list an elder stands or stood on, the newest first."""
    return session.scalars(
        select(Enrolment).where(Enrolment.elder_id == elder_id).order_by(Enrolment.starts.desc(), Enrolment.id.desc())
    ).all()


@dataclass(frozen=True)
class OnList:
    """Somebody on a programme's list."""

    id: int
    elder_id: int
    elder_name: str
    elder_level: AbilityLevel
    starts: date
    ends: date | None
    level: str | None
    decision: str
    by: str


def on_list(session: Session, program_id: int, *, today: date, limit: int = 500) -> list[OnList]:
    """Who stands on a programme's list today or later, those who came last first."""
    rows = session.execute(
        select(
            Enrolment.id, Elder.id.label("elder_id"), Elder.name.label("elder_name"), Elder.level.label("elder_level"),
            Enrolment.starts, Enrolment.ends, Enrolment.level, Enrolment.decision, Enrolment.by,
        )
        .join(Elder, Elder.id == Enrolment.elder_id)
        .where(Enrolment.program_id == program_id, or_(Enrolment.ends.is_(None), Enrolment.ends >= today))
        .order_by(Enrolment.starts.desc(), Enrolment.id.desc())
        .limit(limit)
    )  # fmt: skip
    return [OnList(**row._mapping) for row in rows]


# -- why --------------------------------------------------------------------------------------------------------------


def people_of(session: Session, elders: Sequence[Any], month: date) -> dict[int, Person]:
    """What programmes ask of elders in a month, by their numbers; `elders` are rows with what `Elder` has."""
    ids = [elder.id for elder in elders]
    last, first = calendar.next_month(month), month
    listed = session.execute(
        select(Enrolment.elder_id, Program.code, Enrolment.starts, Enrolment.ends, Enrolment.level)
        .join(Program, Program.id == Enrolment.program_id)
        .where(Enrolment.elder_id.in_(ids), Enrolment.starts < last)
        .where(or_(Enrolment.ends.is_(None), Enrolment.ends >= first))
        .order_by(Enrolment.starts, Enrolment.id)
    )
    on_lists: dict[int, dict[str, Enrolled]] = {}
    for elder_id, code, starts, ends, level in listed:
        on_lists.setdefault(elder_id, {})[code] = Enrolled(starts, ends, level)
    away = life.away_of(session, ids)
    told = {}
    for elder in elders:
        events = away.get(elder.id, [])
        if elder.ended_at is not None and not any(event.kind in ENDING for event in events):
            events = [*events, Away(LifeKind.MOVED_AWAY, calendar.day_of(elder.ended_at))]
        told[elder.id] = Person(
            elder.level, elder.register, elder.born, elder.division_code, tuple(elder.categories),
            on_lists.get(elder.id, {}), tuple(events),
        )  # fmt: skip
    return told


def person(session: Session, elder: Elder, month: date) -> Person:
    """What programmes ask of an elder in a month."""
    return people_of(session, [elder], month)[elder.id]


def why(session: Session, elder: Elder, month: date) -> list[tuple[InForce, Verdict]]:
    """Every programme of the month with what it gives the elder and each rule that was looked at."""
    known = {one.code: one for one in in_force(session, elder.district_id, month)}
    verdicts = judge_all(person(session, elder, month), {code: one.terms for code, one in known.items()}, month)
    return [(known[verdict.program], verdict) for verdict in verdicts]
