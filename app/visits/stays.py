"""What the rules across visits are asked with: the caregiver's other visits, her certificates, the elder's state."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import URGENT_CODE
from app.orders.tables import Visit
from app.people import life_queries as life
from app.people.tables import Certificate, Elder
from app.places.rules import Place
from app.places.tables import Division
from app.planning import queries as planning
from app.planning.rules import COUNTED
from app.planning.tables import Attendance
from app.visits import crossing, queries
from app.visits.appeal_tables import VisitTerms
from app.visits.rules import EventKind, Finding
from app.visits.tables import Correction, VisitEvent
from app.visits.terms_rules import Terms, terms_of

AROUND: Final = timedelta(hours=16)  # no visit is longer, and no way home either


def terms_on(session: Session, district_id: int, day: date) -> Terms:
    """What holds on a day: the newest version that has begun, else the first settings."""
    said = session.scalar(
        select(VisitTerms.terms)
        .where(VisitTerms.district_id == district_id, VisitTerms.starts <= day)
        .order_by(VisitTerms.starts.desc(), VisitTerms.version.desc())
        .limit(1)
    )
    return terms_of(said) if said else Terms()


def cross_findings(session: Session, visit: Visit) -> Iterator[Finding]:
    """What contradicts other records about those who came, and about the elder. An alarm's response may interrupt."""
    if visit.item_code == URGENT_CODE:
        return
    there = planning.had_to_come(session, visit.id)
    laid_over = queries.corrections(session, visit.district_id, visit.id)
    started = [at for a in there if (at := queries.effective(a, laid_over)["started_at"])]
    elder = session.get(Elder, visit.elder_id)
    if not started or elder is None:
        return
    day = calendar.day_of(min(started))
    terms = terms_on(session, visit.district_id, day)
    told = life.away(session, elder.id)
    yield from crossing.elder_gone(min(started), day, told=told, away=elder.away, ended_at=elder.ended_at)
    for attendance in there:
        certificates = session.scalars(select(Certificate).where(Certificate.caregiver_id == attendance.caregiver_id))
        held: dict[str, date | None] = {one.skill: one.expires for one in certificates}
        yield from crossing.unqualified(attendance.id, visit.needs, held, day)
        times = queries.effective(attendance, laid_over)
        if attendance.urgent or times["started_at"] is None or times["finished_at"] is None:
            continue
        stays = _stays(session, attendance, times["started_at"], times["finished_at"])
        mine = next((stay for stay in stays if stay.attendance_id == attendance.id), None)
        others = [stay for stay in stays if stay.visit_id != visit.id]
        if mine is not None:
            yield from crossing.overlap(mine, others, terms)
            that_day = [stay for stay in others if calendar.day_of(stay.started_at) == calendar.day_of(mine.started_at)]
            yield from crossing.too_many(mine, that_day, terms)
            yield from crossing.impossible_travel(mine, others, terms)


def _stays(session: Session, mine: Attendance, first: datetime, last: datetime) -> list[crossing.Stay]:
    """This attendance and the caregiver's others around it, corrections laid over."""
    a = Attendance
    rows = session.execute(
        select(a, Visit.home_id, Division.level)
        .join(Visit, Visit.id == a.visit_id)
        .join(Division, Division.code == Visit.division_code)
        .where(a.caregiver_id == mine.caregiver_id, a.state.in_(COUNTED), a.urgent.is_(False))
        .where(a.started_at.between(first - AROUND, last + AROUND))
        .order_by(a.started_at)
    ).all()
    if mine.id not in {row.Attendance.id for row in rows}:  # corrected only: nothing was reported
        rows = [
            *rows,
            *session.execute(
                select(a, Visit.home_id, Division.level)
                .join(Visit, Visit.id == a.visit_id)
                .join(Division, Division.code == Visit.division_code)
                .where(a.id == mine.id)
            ),
        ]
    ids = [row.Attendance.id for row in rows]
    laid_over = session.scalars(
        select(Correction)
        .where(Correction.district_id == mine.district_id, Correction.attendance_id.in_(ids))
        .order_by(Correction.id)
    ).all()
    fixes = _fixes(session, mine.district_id, ids)
    found = []
    for attendance, home_id, level in rows:
        times = queries.effective(attendance, laid_over)
        if times["started_at"] and times["finished_at"]:
            start, finish = fixes.get((attendance.id, EventKind.START)), fixes.get((attendance.id, EventKind.FINISH))
            found.append(
                crossing.Stay(
                    attendance.visit_id, attendance.id, home_id, times["started_at"], times["finished_at"], level,
                    start, finish,
                )
            )  # fmt: skip
    return found


def _fixes(session: Session, district_id: int, ids: Sequence[int]) -> dict[tuple[int, EventKind], Place]:
    events = session.scalars(
        select(VisitEvent)
        .where(VisitEvent.district_id == district_id, VisitEvent.attendance_id.in_(ids))
        .where(VisitEvent.kind.in_((EventKind.START, EventKind.FINISH)))
        .order_by(VisitEvent.happened_at, VisitEvent.id)
    )
    return {(e.attendance_id, e.kind): Place.of(e.place) for e in events if e.place}
