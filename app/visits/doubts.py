"""What a photo or a confirming telephone shows against a visit: a photo known already, taken elsewhen (R7); whose
telephone confirmed it, and for how many (R9). Each is a question to a person, with what it rests on beside it.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Integer, and_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import BIT
from sqlalchemy.orm import Session

from app import calendar
from app.orders.tables import Visit
from app.people.queries import phone_digits
from app.people.tables import Caregiver
from app.planning.tables import Attendance
from app.vault import digest
from app.visits import prints
from app.visits.photo_rules import COMPARED
from app.visits.photo_tables import Photo, PhotoPrint
from app.visits.proof_tables import VisitPresence
from app.visits.rules import Finding, Flaw, Record
from app.visits.terms_rules import Terms


def keep_print(session: Session, photo: Photo, body: bytes, *, now: datetime) -> None:
    """What a photo that has just arrived looks like, for it and for those to come."""
    if photo.kind not in COMPARED:
        return
    seen = prints.look(body)
    shot = seen.shot_at and calendar.at(seen.shot_at.date(), seen.shot_at.time())
    session.add(
        PhotoPrint(
            district_id=photo.district_id, photo_id=photo.id, visit_id=photo.visit_id, caregiver_id=photo.caregiver_id,
            sha256=photo.sha256, bits=seen.bits, taken_at=photo.taken_at, shot_at=shot, screen=seen.screen, at=now,
        )
    )  # fmt: skip
    session.flush()


def of_photos(session: Session, visit: Visit, records: Sequence[Record], terms: Terms) -> Iterator[Finding]:
    """R7: the nearest photo of another visit that was here before, one taken elsewhen, one that shows a screen."""
    mine = session.scalars(select(PhotoPrint).where(PhotoPrint.visit_id == visit.id).order_by(PhotoPrint.id)).all()
    if not mine:
        return
    whose = _attendances(session, records)
    reused: dict[int | None, dict[str, Any]] = {}
    off: dict[int | None, dict[str, Any]] = {}
    screens: dict[int | None, dict[str, Any]] = {}
    for one in mine:
        record = whose.get(one.caregiver_id)
        key = record.attendance_id if record else None
        if one.screen and key not in screens:
            screens[key] = {"photo_id": one.photo_id}
        found = _known(session, one, terms)
        if found and ("bits" not in reused.get(key, {}) or found["bits"] < reused[key]["bits"]):
            reused[key] = found
        minutes = _off(one, record, terms)
        if minutes and minutes > off.get(key, {}).get("minutes", 0):
            off[key] = {"photo_id": one.photo_id, "minutes": minutes}
    for key, facts in reused.items():
        yield Finding(Flaw.REUSED_PHOTO, key, facts)
    for key, facts in off.items():
        yield Finding(Flaw.PHOTO_TIME, key, facts)
    for key, facts in screens.items():
        yield Finding(Flaw.SCREEN_PHOTO, key, facts)


def _attendances(session: Session, records: Sequence[Record]) -> dict[int, Record]:
    going = select(Attendance.id, Attendance.caregiver_id)
    caregivers = dict(session.execute(going.where(Attendance.id.in_([r.attendance_id for r in records]))).all())
    return {caregivers[record.attendance_id]: record for record in records}


def _known(session: Session, mine: PhotoPrint, terms: Terms) -> dict[str, Any] | None:
    """The nearest of those that other visits had before, as far as the rule looks back; the same bytes are nearest."""
    other = PhotoPrint
    same = other.sha256 == mine.sha256
    apart = func.bit_count(cast(other.bits.bitwise_xor(literal(mine.bits)), BIT(64)), type_=Integer)
    near = and_(other.bits.is_not(None), apart <= terms.photo_bits) if mine.bits is not None else literal(value=False)
    row = session.execute(
        select(other.photo_id, other.visit_id, other.taken_at, same.label("same"), apart.label("bits"))
        .where(other.district_id == mine.district_id, other.at >= mine.at - timedelta(days=terms.photo_days))
        .where(other.id < mine.id, other.visit_id != mine.visit_id, or_(same, near))
        .order_by(same.desc(), apart, other.id)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return {
        "photo_id": mine.photo_id, "other_photo_id": row.photo_id, "visit_id": row.visit_id,
        "other_day": calendar.day_of(row.taken_at).isoformat(), "bits": 0 if row.same else row.bits,
        "limit": terms.photo_bits,
    }  # fmt: skip


def _off(mine: PhotoPrint, record: Record | None, terms: Terms) -> int | None:
    """Minutes beyond the stay that the phone's or the camera's time lies, past what the rule allows."""
    if record is None or record.started_at is None or record.finished_at is None:
        return None
    times = [mine.taken_at - record.skew, *([mine.shot_at] if mine.shot_at else [])]
    beyond = max(max(record.started_at - at, at - record.finished_at, timedelta()) for at in times)
    minutes = int(beyond.total_seconds() // 60)
    return minutes if minutes > terms.photo_minutes else None


def of_telephones(session: Session, visit: Visit, terms: Terms) -> Iterator[Finding]:
    """R9: a visit confirmed from a caregiver's own telephone, or from one that has confirmed for many elders."""
    confirmed = session.execute(
        select(VisitPresence.attendance_id, VisitPresence.phone_hash, VisitPresence.happened_at)
        .where(VisitPresence.visit_id == visit.id, VisitPresence.phone_hash.is_not(None))
        .order_by(VisitPresence.id)
    ).all()
    told: set[tuple[Flaw, int]] = set()
    for attendance_id, phone_hash, at in confirmed:
        own = _whose(session, visit, phone_hash, since=at - timedelta(days=terms.phone_days))
        if own is not None and (Flaw.OWN_PHONE, attendance_id) not in told:
            told.add((Flaw.OWN_PHONE, attendance_id))
            yield Finding(Flaw.OWN_PHONE, attendance_id, {"caregiver": own})
        elders = session.scalar(
            select(func.count(Visit.elder_id.distinct()))
            .join(VisitPresence, VisitPresence.visit_id == Visit.id)
            .where(VisitPresence.phone_hash == phone_hash)
            .where(VisitPresence.happened_at.between(at - timedelta(days=terms.phone_days), at))
        )
        if (elders or 0) >= terms.phone_elders and (Flaw.SHARED_PHONE, attendance_id) not in told:
            told.add((Flaw.SHARED_PHONE, attendance_id))
            yield Finding(Flaw.SHARED_PHONE, attendance_id, {"elders": elders, "days": terms.phone_days})


def _whose(session: Session, visit: Visit, phone_hash: str | None, *, since: datetime) -> str | None:
    """The name of whoever of the elder's caregivers has that telephone."""
    been = select(Attendance.caregiver_id).join(Visit, Visit.id == Attendance.visit_id)
    been = been.where(Visit.elder_id == visit.elder_id, Attendance.starts_at >= since)
    for one in session.scalars(select(Caregiver).where(Caregiver.id.in_(been)).order_by(Caregiver.id)):
        if digest("phone", phone_digits(one.phone)) == phone_hash:
            return one.name
    return None
