"""What proves a visit, as reported: where she was, by what else, what was measured, who signed; the grade it has."""

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.errors import CareError, NotFound
from app.orders import queries as orders
from app.orders.tables import Visit
from app.people.tables import Home
from app.vault import digest
from app.visits.photo_tables import Photo
from app.visits.proof_rules import EvidenceRules, Point, Proof, Sort, evidence_rules_of
from app.visits.proof_tables import HomeTag, Incident, ProofSettings, Subject, VisitGrade, VisitPresence
from app.visits.reading_rules import (
    ReadingKind,
    ReadingRules,
    ReadingVerdict,
    gate_of,
    reading_rules_of,
    values_of,
    verdict,
)
from app.visits.rules import EventKind, Finding, Flaw, Record
from app.visits.tables import VisitEvent

PAGE = 100


def settings_on(session: Session, district_id: int, subject: Subject, day: date) -> tuple[int, dict[str, Any]]:
    """Version and rules that hold on a day; version 0 with nothing said are the first settings."""
    row = session.execute(
        select(ProofSettings.version, ProofSettings.rules)
        .where(ProofSettings.district_id == district_id, ProofSettings.subject == subject)
        .where(ProofSettings.starts <= day)
        .order_by(ProofSettings.starts.desc(), ProofSettings.version.desc())
        .limit(1)
    ).one_or_none()
    return (row.version, row.rules) if row else (0, {})


def evidence_rules(session: Session, visit: Visit) -> tuple[int, EvidenceRules]:
    """The version a visit is graded by: that of its first grade, else what holds on its day. Never a later one."""
    first = session.scalar(
        select(VisitGrade.rules_version).where(VisitGrade.visit_id == visit.id).order_by(VisitGrade.id).limit(1)
    )
    if first == 0:
        return 0, EvidenceRules()
    if first is not None:
        said = session.scalars(
            select(ProofSettings.rules).where(
                ProofSettings.district_id == visit.district_id, ProofSettings.subject == Subject.EVIDENCE,
                ProofSettings.version == first,
            )
        ).one()  # fmt: skip
        return first, evidence_rules_of(said)
    version, said = settings_on(session, visit.district_id, Subject.EVIDENCE, _day(visit))
    return version, evidence_rules_of(said)


def reading_rules(session: Session, visit: Visit) -> ReadingRules:
    """Limits and tasks of readings that hold on a visit's day."""
    return reading_rules_of(settings_on(session, visit.district_id, Subject.READINGS, _day(visit))[1])


def _day(visit: Visit) -> date:
    return calendar.day_of(visit.starts_at or visit.opens)


def grade_of(session: Session, visit_id: int) -> VisitGrade | None:
    """The grade a visit has, if it was judged."""
    return session.scalar(
        select(VisitGrade).where(VisitGrade.visit_id == visit_id).order_by(VisitGrade.id.desc()).limit(1)
    )


def grades_of(session: Session, visit_ids: Sequence[int]) -> dict[int, VisitGrade]:
    """The grades of many, by visit."""
    rows = session.scalars(select(VisitGrade).where(VisitGrade.visit_id.in_(visit_ids)).order_by(VisitGrade.id))
    return {row.visit_id: row for row in rows}


def tag_token(district_id: int, home_id: int, issue: int) -> str:
    """What the tag of a home says; nobody can make one for another home."""
    return f"{home_id}.{issue}.{digest('home tag', f'{district_id}/{home_id}/{issue}')}"


def typed_code(district_id: int, home_id: int, issue: int) -> str:
    """What stands below the code for whoever has no camera: seven digits, and an eighth (Luhn) that catches a slip."""
    seven = f"{int(digest('home tag typed', f'{district_id}/{home_id}/{issue}')[:12], 16) % 10**7:07}"
    doubled = [int(one) * (2 - n % 2) for n, one in enumerate(seven)]
    return f"{seven}{-sum(one // 10 + one % 10 for one in doubled) % 10}"


def tags_of(session: Session, home_id: int) -> Sequence[HomeTag]:
    """All tags of a home, the newest first; raises NotFound for a home out of reach."""
    if session.get(Home, home_id) is None:
        raise NotFound("There is no such home.")
    return session.scalars(select(HomeTag).where(HomeTag.home_id == home_id).order_by(HomeTag.issue.desc())).all()


def tag_at(session: Session, district_id: int, home_id: int, token: object, *, at: datetime) -> bool:
    """Whether a token, or the digits below it, is of this home's tag, and was not yet replaced then."""
    if isinstance(token, str) and len(token) == 8 and token.isdecimal():
        hung = session.scalars(select(HomeTag).where(HomeTag.home_id == home_id).order_by(HomeTag.issue)).all()
        return any(
            (tag.withdrawn_at is None or at < tag.withdrawn_at)
            and hmac.compare_digest(token.encode(), typed_code(district_id, home_id, tag.issue).encode())
            for tag in hung
        )
    parts = token.split(".") if isinstance(token, str) else []
    if len(parts) != 3 or not all(part.isdecimal() and len(part) < 19 for part in parts[:2]):
        return False
    named, issue = int(parts[0]), int(parts[1])
    if named != home_id or not hmac.compare_digest(str(token).encode(), tag_token(district_id, named, issue).encode()):
        return False
    tag = session.scalar(select(HomeTag).where(HomeTag.home_id == home_id, HomeTag.issue == issue))
    return tag is not None and (tag.withdrawn_at is None or at < tag.withdrawn_at)


def presence(
    session: Session, visit: Visit, said: Sequence[VisitEvent], times: Mapping[int, Mapping[str, datetime | None]],
    near: timedelta,
) -> Iterator[Proof]:  # fmt: skip
    """Tags read, presses and calls, each at the end of the stay it lies near; `times` are those that count."""
    for event in said:
        if event.kind is EventKind.TAG and tag_at(
            session, visit.district_id, visit.home_id, event.data.get("token"), at=event.happened_at
        ):
            yield from _near(Sort.TAG, event.attendance_id, event.happened_at, times, near)
    for row in session.scalars(select(VisitPresence).where(VisitPresence.visit_id == visit.id)):
        yield Proof(row.sort, row.point, row.attendance_id, {"at": row.happened_at.isoformat()})


def _near(
    sort: Sort, attendance_id: int, at: datetime, times: Mapping[int, Mapping[str, datetime | None]], near: timedelta
) -> Iterator[Proof]:
    of = times.get(attendance_id, {})
    for point, end in ((Point.START, of.get("started_at")), (Point.FINISH, of.get("finished_at"))):
        if end is not None and abs(at - end) <= near:
            yield Proof(sort, point, attendance_id, {"at": at.isoformat()})


def located(records: Sequence[Record], *, geofence_m: int, fine_m: int) -> Iterator[Proof]:
    """Fixes that touch the home, by how well they are known."""
    for record in records:
        for point, fix in ((Point.START, record.start_fix), (Point.FINISH, record.finish_fix)):
            at = record.started_at if point is Point.START else record.finished_at
            if at is None or fix is None or fix.vague or not fix.fits(geofence_m) or point in record.mocked:
                continue
            facts = {
                "distance_m": round(fix.distance_m), "accuracy_m": round(fix.accuracy_m),
                "home_accuracy_m": round(fix.home_accuracy_m),
            }  # fmt: skip
            sort = Sort.GPS if fix.accuracy_m <= fine_m else Sort.GPS_WIDE
            yield Proof(sort, point, record.attendance_id, facts)


def left_behind(said: Sequence[VisitEvent], *, whole: bool, photos: int) -> Iterator[Proof]:
    """What the visit itself left: tasks told of, readings, a signature, photos she agreed to. No value is repeated."""
    if whole:
        yield Proof(Sort.TASKS, Point.VISIT)
    if photos:
        yield Proof(Sort.PHOTO, Point.VISIT, None, {"photos": photos})
    for event in said:
        if event.kind is EventKind.READING and reading(event) is not None:
            yield Proof(Sort.READING, Point.VISIT, None, {"kind": event.data["kind"]})
        elif event.kind is EventKind.SIGNATURE and (sort := signature(event.data)) is not None:
            yield Proof(sort, Point.VISIT)


def photos_of(session: Session, visit_id: int) -> int:
    """How many photos have arrived whole to which whoever is shown has agreed."""
    agreed = (Photo.visit_id == visit_id, Photo.whole_at.is_not(None), Photo.consent.is_(True))
    return session.scalar(select(func.count()).where(*agreed)) or 0


def signature(data: Mapping[str, Any]) -> Sort | None:
    """By whom it was signed; None for what cannot be read."""
    how, strokes, who = data.get("how"), data.get("strokes"), data.get("who")
    drawn = isinstance(strokes, list) and 3 <= sum(len(line) for line in strokes if isinstance(line, list)) <= 20_000
    if how == "signed" and drawn:
        return Sort.SIGNED
    if how == "proxy" and drawn and isinstance(who, str) and who.strip():
        return Sort.PROXY
    return Sort.REFUSED if how == "refused" and data.get("reason") else None


@dataclass(frozen=True)
class Reading:
    """A reading as it was told: what, its numbers, for which task, when."""

    kind: ReadingKind
    values: Mapping[str, float]
    task: str | None
    attendance_id: int
    at: datetime


def reading(event: VisitEvent) -> Reading | None:
    """The reading an event tells of; None for what cannot be read or cannot be."""
    try:
        kind = ReadingKind(str(event.data.get("kind")))
        values = values_of(kind, dict(event.data.get("values") or {}))
    except (CareError, TypeError, ValueError):
        return None
    task = event.data.get("task")
    return Reading(kind, values, task if isinstance(task, str) else None, event.attendance_id, event.happened_at)


def stops_ignored(session: Session, visit: Visit, said: Sequence[VisitEvent]) -> Iterator[Finding]:
    """What a reading beyond its limit guarded and was done all the same, before a better reading."""
    rules = reading_rules(session, visit)
    gate = gate_of(orders.tasks_of(session, visit), visit.aid, rules)
    if gate is None:
        return
    stopped, found = False, set()
    for event in sorted(said, key=lambda e: (e.happened_at, e.seq)):
        if event.kind is EventKind.READING and (one := reading(event)) and one.kind is rules.tasks[gate[0]]:
            stopped = verdict(one.values, rules) is ReadingVerdict.STOP
        elif stopped and _did(event, gate[1]) and event.attendance_id not in found:
            found.add(event.attendance_id)
            yield Finding(Flaw.STOP_IGNORED, event.attendance_id, {"task": event.data["task"]})


def _did(event: VisitEvent, tasks: Sequence[str]) -> bool:
    said = event.data
    return event.kind is EventKind.TASK and said.get("outcome") == "done" and said.get("task") in tasks


def incidents(
    session: Session, *, visit_id: int | None = None, open_only: bool = False, before: int | None = None
) -> Sequence[Incident]:
    """Of one visit, or all of the area: a page, newest first."""
    query = select(Incident).order_by(Incident.id.desc()).limit(PAGE)
    if visit_id is not None:
        query = query.where(Incident.visit_id == visit_id)
    if open_only:
        query = query.where(Incident.closed_at.is_(None))
    if before is not None:
        query = query.where(Incident.id < before)
    return session.scalars(query).all()
