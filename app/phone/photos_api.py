"""Photos from the phone: announced by hash, then sent in pieces that may break off anywhere and go on from there."""

from datetime import UTC
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Request
from pydantic import AwareDatetime, BaseModel, Field

from app.access.api import Field as FieldWorker
from app.access.api import Now
from app.db import transaction
from app.errors import TooLarge
from app.orders import queries as orders
from app.phone.api import caregiver_of
from app.visits import actions as visits
from app.visits import photos
from app.visits.photo_rules import HASH, LARGEST, LARGEST_PIECE, PhotoKind, PhotoType
from app.visits.photo_tables import Photo

router = APIRouter(prefix="/api/phone/photos", tags=["phone"])
BYTES = {"requestBody": {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}}


async def _piece(request: Request) -> bytes:
    body = await request.body()
    if len(body) > LARGEST_PIECE:
        raise TooLarge(f"A piece has at most {LARGEST_PIECE} bytes.", most=LARGEST_PIECE)
    return body


class PhotoIn(BaseModel):
    """A photo before its bytes. `consent`: whoever is shown agreed; none where nobody is shown."""

    visit_id: int = Field(ge=0, lt=2**63)
    sha256: str = Field(pattern=HASH)
    kind: PhotoKind
    type: PhotoType
    size: int = Field(ge=1, le=LARGEST)
    taken_at: AwareDatetime
    consent: bool | None = None


class PhotoState(BaseModel):
    """How much of it is here: send on from `received`; `whole` is the end of it."""

    id: int
    sha256: str
    size: int
    received: int
    whole: bool

    @classmethod
    def of(cls, photo: Photo) -> Self:
        """As it is."""
        return cls(
            id=photo.id, sha256=photo.sha256, size=photo.size, received=photo.received,
            whole=photo.whole_at is not None,
        )  # fmt: skip


@router.post("")
def announce(said: PhotoIn, me: FieldWorker, now: Now) -> PhotoState:
    """Say what comes; said again, also from another phone of hers, it is the same photo."""
    given = photos.Announced(
        said.visit_id, said.sha256, said.kind, said.type, said.size, said.taken_at.astimezone(UTC), said.consent
    )
    with transaction(me.scope) as session:
        return PhotoState.of(photos.announce(session, caregiver_of(me), given, now=now))


@router.put("/{photo_id}/bytes", openapi_extra=BYTES)
def send(
    photo_id: int,
    me: FieldWorker,
    now: Now,
    body: Annotated[bytes, Depends(_piece)],
    start: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
) -> PhotoState:
    """The bytes from `start` on; what does not follow on what is here changes nothing."""
    with transaction(me.scope) as session:
        photo = photos.take(session, photo_id, caregiver_of(me), start, body, now=now)
        if photo.whole_at == now:  # it may be what the grade lacked
            visits.settle(session, orders.visit(session, photo.visit_id, lock=True), now=now)
        return PhotoState.of(photo)
