"""Photos of visits: announced by their hash, taken in piece by piece in whatever number of tries, forgotten in time."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.actions import note_look
from app.access.queries import Caller
from app.db import notice
from app.orders import queries as orders
from app.orders.tables import Visit
from app.people.tables import Caregiver
from app.planning.tables import Attendance
from app.visits import doubts
from app.visits.appeal_rules import AppealState
from app.visits.appeal_tables import Appeal
from app.visits.photo_rules import (
    LEAST_PIECE,
    MOST,
    NoPhoto,
    NotAPhoto,
    PhotoKind,
    PhotoType,
    TooManyPhotos,
    looks_like,
)
from app.visits.photo_tables import Photo, PhotoPiece
from app.visits.rules import NotYours


@dataclass(frozen=True)
class Announced:
    """What a phone says of a photo before its bytes; `consent` is that of whoever is shown."""

    visit_id: int
    sha256: str
    kind: PhotoKind
    type: PhotoType
    size: int
    taken_at: datetime
    consent: bool | None = None


def announce(session: Session, caregiver_id: int, said: Announced, *, now: datetime) -> Photo:
    """The photo as far as it is here; announced again it is the same one.

    Whoever ever had to come to the visit may: the plan may have changed since. Raises NotYours, TooManyPhotos.
    """
    attendance = session.scalar(
        select(Attendance)
        .where(Attendance.visit_id == said.visit_id, Attendance.caregiver_id == caregiver_id)
        .order_by(Attendance.id.desc())
        .limit(1)
    )
    if attendance is None:
        raise NotYours("You have no such visit.")
    orders.visit(session, said.visit_id, lock=True)  # twins are counted one after the other
    mine = (Photo.visit_id == said.visit_id, Photo.caregiver_id == caregiver_id)
    known = session.scalar(select(Photo).where(*mine, Photo.sha256 == said.sha256))
    if known:
        return known
    if (session.scalar(select(func.count()).where(*mine)) or 0) >= MOST:
        raise TooManyPhotos(f"A visit has at most {MOST} photos of one caregiver.", most=MOST)
    photo = Photo(
        district_id=attendance.district_id, division_code=attendance.division_code,
        provider_id=attendance.provider_id, visit_id=said.visit_id, caregiver_id=caregiver_id, sha256=said.sha256,
        kind=said.kind, type=said.type, consent=said.consent, size=said.size, taken_at=min(said.taken_at, now),
        announced_at=now, received=0,
    )  # fmt: skip
    session.add(photo)
    session.flush()
    return photo


def take(session: Session, photo_id: int, caregiver_id: int, start: int, body: bytes, *, now: datetime) -> Photo:
    """Add the bytes from `start` on; what does not follow on what is here changes nothing, and the answer says where.

    The last piece is followed by the hash of all: a damaged photo begins anew. Raises NotAPhoto.
    """
    photo = session.scalar(
        select(Photo).where(Photo.id == photo_id, Photo.caregiver_id == caregiver_id).with_for_update()
    )
    if photo is None:
        raise NoPhoto("There is no such photo of yours.")
    if photo.whole_at or start != photo.received:
        return photo
    if start == 0 and not looks_like(photo.type, body):
        raise NotAPhoto(f"These are not the bytes of {photo.type}.")
    end = start + len(body)
    if end > photo.size or (end < photo.size and len(body) < LEAST_PIECE):
        raise NotAPhoto(f"A piece has at least {LEAST_PIECE} bytes, and all of them {photo.size}.")
    session.execute(
        insert(PhotoPiece).values(
            photo_id=photo.id, start=start, division_code=photo.division_code, provider_id=photo.provider_id, body=body
        )
    )
    photo.received = end
    if end == photo.size:
        _finish(session, photo, now=now)
    return photo


def _finish(session: Session, photo: Photo, *, now: datetime) -> None:
    body = _bytes(session, photo)
    if hashlib.sha256(body).hexdigest() == photo.sha256:
        photo.whole_at = now
        doubts.keep_print(session, photo, body, now=now)
        notice(session, photo.district_id, f"visits/{photo.visit_id}")
        return
    session.execute(delete(PhotoPiece).where(PhotoPiece.photo_id == photo.id))
    photo.received = 0


def _bytes(session: Session, photo: Photo) -> bytes:
    pieces = select(PhotoPiece.body).where(PhotoPiece.photo_id == photo.id).order_by(PhotoPiece.start)
    return b"".join(session.scalars(pieces))


def of_visit(session: Session, visit_id: int) -> Sequence[tuple[Photo, str]]:
    """The photos of a visit that are here whole, each with its caregiver's name."""
    rows = session.execute(
        select(Photo, Caregiver.name)
        .join(Caregiver, Caregiver.id == Photo.caregiver_id)
        .where(Photo.visit_id == visit_id, Photo.whole_at.is_not(None))
        .order_by(Photo.taken_at, Photo.id)
    )
    return [(photo, name) for photo, name in rows]


def looked_at(session: Session, photo_id: int, who: Caller, *, now: datetime) -> tuple[Photo, bytes]:
    """A whole photo; who looked into whose home is written down. Raises NoPhoto."""
    photo = session.get(Photo, photo_id)
    if photo is None or photo.whole_at is None:
        raise NoPhoto("There is no such photo, or it has not arrived whole.")
    visit = session.get_one(Visit, photo.visit_id)
    note_look(session, who, elder_id=visit.elder_id, field="photo", reason=f"visit {photo.visit_id}", now=now)
    return photo, _bytes(session, photo)


def forget(session: Session, *, days: int, now: datetime) -> int:
    """Take away photos older than that, but those of visits whose appeal is open; how many."""
    undecided = exists().where(Appeal.visit_id == Photo.visit_id, Appeal.state == AppealState.OPEN)
    old = delete(Photo).where(Photo.announced_at < now - timedelta(days=days), ~undecided)
    return len(session.execute(old.returning(Photo.id)).all())
