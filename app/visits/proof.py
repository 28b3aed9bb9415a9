"""Taking what proves a visit, grading it, and what the desk does about it: tags, incidents, rules of the district."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.db import notice
from app.errors import NotFound, Unreadable
from app.history import record
from app.orders.tables import Visit
from app.people.tables import Home
from app.planning import queries as planning
from app.planning.tables import Attendance
from app.visits import proof_queries, queries
from app.visits.incident_rules import IncidentEvent, IncidentKind, IncidentState, after
from app.visits.proof_rules import Graded, Point, Sort, evidence_rules_of, graded
from app.visits.proof_tables import HomeTag, Incident, ProofSettings, Subject, VisitGrade, VisitPresence
from app.visits.reading_rules import VALUES, ReadingVerdict, reading_rules_of, verdict
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent

WORDS = 500  # of what she tells


class NotRetroactive(Unreadable):
    """Rules hold from today on at the earliest; what was graded stays graded."""


def take(session: Session, raw: VisitEvent, attendance: Attendance, visit: Visit, *, now: datetime) -> str | None:
    """What follows from something she told about the visit; else the code of what is in the way."""
    notice(session, raw.district_id, f"visits/{raw.visit_id}")
    if raw.kind is EventKind.TAG:
        known = proof_queries.tag_at(
            session, visit.district_id, visit.home_id, raw.data.get("token"), at=raw.happened_at
        )
        return None if known else "wrong_tag"
    if raw.kind is EventKind.SIGNATURE:
        return None if proof_queries.signature(raw.data) else "unreadable"
    if raw.kind is EventKind.READING:
        return _reading(session, raw, attendance, visit, now=now)
    if raw.kind is EventKind.INCIDENT:
        given = str(raw.data.get("kind"))
        kind = IncidentKind(given) if given in set(IncidentKind) else IncidentKind.OTHER
        words = str(raw.data.get("note") or kind)[:WORDS]
        _open(session, raw, attendance, kind, words, now=now)
    return None


def _reading(session: Session, raw: VisitEvent, attendance: Attendance, visit: Visit, *, now: datetime) -> str | None:
    one = proof_queries.reading(raw)
    if one is None:
        return "unreadable"
    if verdict(one.values, proof_queries.reading_rules(session, visit)) is ReadingVerdict.STOP:
        units = VALUES[one.kind]
        words = ", ".join(f"{name} {value:g} {units[name].unit}" for name, value in one.values.items())
        _open(session, raw, attendance, IncidentKind.STOPPED, words, now=now)
    return None


def _open(
    session: Session, raw: VisitEvent, attendance: Attendance, kind: IncidentKind, words: str, *, now: datetime
) -> None:
    if session.scalar(select(Incident.id).where(Incident.event_id == raw.event_id)) is not None:
        return  # applied again, because something before it came late
    incident = Incident(
        district_id=raw.district_id, division_code=attendance.division_code, provider_id=attendance.provider_id,
        visit_id=attendance.visit_id, attendance_id=attendance.id, event_id=raw.event_id, kind=kind,
        state=IncidentState.OPEN, words=words, happened_at=raw.happened_at, raised_at=now,
    )  # fmt: skip
    session.add(incident)
    record(session, incident, "raise", None, incident.state, by="phone", now=now, kind=kind, visit_id=raw.visit_id)
    session.flush()
    notice(session, raw.district_id, f"incidents/{incident.id}")


def move(
    session: Session, incident_id: int, event: IncidentEvent, *, by: str, now: datetime, answer: str | None = None
) -> Incident:
    """The only place that changes an incident's state."""
    incident = session.get(Incident, incident_id, with_for_update=True, populate_existing=True)
    if incident is None:
        raise NotFound("There is no such incident.")
    before, incident.state = incident.state, after(incident.state, event)
    if event is IncidentEvent.TAKE:
        incident.taken_by = by
    else:
        incident.answer, incident.closed_at = answer, now
    record(session, incident, event, before, incident.state, by=by, now=now)
    notice(session, incident.district_id, f"incidents/{incident.id}")
    return incident


def grade(session: Session, visit: Visit, *, now: datetime) -> Graded:
    """Work out what a visit is proven by, and keep it where it has changed; by the rules it was first graded with."""
    version, rules = proof_queries.evidence_rules(session, visit)
    said, records = queries.events(session, visit.district_id, visit.id), queries.records(session, visit)
    times = {r.attendance_id: {"started_at": r.started_at, "finished_at": r.finished_at} for r in records}
    found = graded(
        [
            *proof_queries.located(records, geofence_m=settings().geofence_m, fine_m=rules.fine_m),
            *proof_queries.presence(session, visit, said, times, timedelta(minutes=rules.near_minutes)),
            *proof_queries.left_behind(
                said, whole=not queries.tasks_missing(session, visit), photos=proof_queries.photos_of(session, visit.id)
            ),
        ],
        [r.attendance_id for r in records], rules, item_code=visit.item_code,
    )  # fmt: skip
    last = proof_queries.grade_of(session, visit.id)
    explained = {
        "proofs": [
            {
                "sort": one.proof.sort.value, "point": one.proof.point.value, "attendance_id": one.proof.attendance_id,
                "points": one.points, "counts": one.counts, "facts": dict(one.proof.facts),
            }
            for one in found.counted
        ]
    }  # fmt: skip
    if visit.provider_id is not None and (last is None or (last.grade, last.explained) != (found.grade, explained)):
        session.add(
            VisitGrade(
                district_id=visit.district_id, division_code=visit.division_code, provider_id=visit.provider_id,
                visit_id=visit.id, grade=found.grade, points=found.points, least=found.least, rules_version=version,
                explained=explained, at=now,
            )
        )  # fmt: skip
        session.flush()
    return found


def prove(
    session: Session, attendance: Attendance, sort: Sort, point: Point, *, source_id: int, happened_at: datetime,
    by: str, now: datetime, phone_hash: str | None = None,
) -> None:  # fmt: skip
    """Another door has proven that she was there; told twice it counts once."""
    session.execute(
        insert(VisitPresence)
        .values(
            district_id=attendance.district_id, division_code=attendance.division_code,
            provider_id=attendance.provider_id, visit_id=attendance.visit_id, attendance_id=attendance.id, sort=sort,
            point=point, source_id=source_id, happened_at=happened_at, phone_hash=phone_hash, by=by, at=now,
        )
        .on_conflict_do_nothing(index_elements=["attendance_id", "sort", "point", "source_id"])
    )  # fmt: skip
    notice(session, attendance.district_id, f"visits/{attendance.visit_id}")


def pressed_for(session: Session, elder_id: int, at: datetime, within: timedelta) -> list[Attendance]:
    """Whose phone said, near that moment, that the elder was asked to press her button."""
    rows = session.scalars(
        select(VisitEvent.attendance_id)
        .join(Visit, Visit.id == VisitEvent.visit_id)
        .where(Visit.elder_id == elder_id, VisitEvent.kind == EventKind.PRESS)
        .where(VisitEvent.happened_at.between(at - within, at + within))
    )
    return [planning.attendance(session, number) for number in sorted(set(rows))]


def issue_tag(session: Session, home_id: int, *, by: str, now: datetime) -> HomeTag:
    """A new tag for a home; those before are worth nothing from now on."""
    home = session.get(Home, home_id, with_for_update=True, populate_existing=True)
    if home is None:
        raise NotFound("There is no such home.")
    last = session.scalar(select(HomeTag).where(HomeTag.home_id == home_id).order_by(HomeTag.issue.desc()).limit(1))
    if last is not None and last.withdrawn_at is None:
        last.withdrawn_at = now
        session.flush()
    tag = HomeTag(
        district_id=home.district_id, division_code=home.division_code, home_id=home_id,
        issue=last.issue + 1 if last else 1, made_by=by, made_at=now,
    )  # fmt: skip
    session.add(tag)
    record(session, home, "tag", None, None, by=by, now=now, issue=tag.issue)
    return tag


def tag_for(session: Session, home_id: int, *, by: str, now: datetime) -> HomeTag:
    """The tag that hangs there, or a first one."""
    tag = session.scalar(select(HomeTag).where(HomeTag.home_id == home_id, HomeTag.withdrawn_at.is_(None)))
    return tag or issue_tag(session, home_id, by=by, now=now)


def set_rules(
    session: Session, district_id: int, subject: Subject, rules: Mapping[str, Any], *, starts: date, by: str,
    now: datetime,
) -> ProofSettings:  # fmt: skip
    """A new version from today or a later day on; raises NotRetroactive, BadRules, BadReading."""
    if starts < calendar.day_of(now):
        raise NotRetroactive("Rules hold from today on at the earliest.", starts=starts.isoformat())
    read = evidence_rules_of if subject is Subject.EVIDENCE else reading_rules_of
    session.execute(select(func.pg_advisory_xact_lock(7_301_006, district_id)))
    last = session.scalar(
        select(func.max(ProofSettings.version)).where(
            ProofSettings.district_id == district_id, ProofSettings.subject == subject
        )
    )
    made = ProofSettings(
        district_id=district_id, subject=subject, version=(last or 0) + 1, starts=starts,
        rules=read(rules).as_json(), by=by, at=now,
    )  # fmt: skip
    session.add(made)
    notice(session, district_id, "proof_settings")
    return made
