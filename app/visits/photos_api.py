"""The photos of a visit, for those who look after its record; every look is written down."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel

from app.db import transaction
from app.orders import queries as orders
from app.visits import photos
from app.visits.api import Looker
from app.visits.photo_rules import PhotoKind

router = APIRouter(prefix="/api/visits", tags=["visits"])


class PhotoOut(BaseModel):
    """One photo, without its bytes."""

    id: int
    kind: PhotoKind
    caregiver: str
    consent: bool | None
    taken_at: datetime
    size: int
    sha256: str


class PhotosOut(BaseModel):
    """In the order in which they were taken."""

    items: list[PhotoOut]


@router.get("/{visit_id}/photos")
def photos_of(visit_id: int, me: Looker) -> PhotosOut:
    """The photos that have arrived whole."""
    with transaction(me.scope) as session:
        rows = photos.of_visit(session, orders.visit(session, visit_id).id)
    return PhotosOut(
        items=[
            PhotoOut(
                id=photo.id, kind=photo.kind, caregiver=name, consent=photo.consent, taken_at=photo.taken_at,
                size=photo.size, sha256=photo.sha256,
            )
            for photo, name in rows
        ]
    )  # fmt: skip


@router.get("/photos/{photo_id}/bytes", response_class=Response)
def look(photo_id: int, me: Looker) -> Response:
    """The photo itself."""
    with transaction(me.scope) as session:
        photo, body = photos.looked_at(session, photo_id, me, now=datetime.now(UTC))
    headers = {
        "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }  # fmt: skip
    return Response(body, media_type=photo.type, headers=headers)
