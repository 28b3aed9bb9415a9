"""The doors of action patterns: what holds for a kind or an elder, what was published, and publishing."""

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy.orm import Session

from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import HOTLINE, Role
from app.alarms import publishing
from app.alarms.handling_tables import ActionPattern
from app.alarms.patterns import KINDS, Step
from app.alarms.publishing import Held
from app.db import transaction

router = APIRouter(prefix="/api/patterns", tags=["patterns"])
Reader = Annotated[Caller, allowed(HOTLINE | {Role.ADMIN})]
Editor = Annotated[Caller, allowed(frozenset({Role.SHIFT_LEAD, Role.ADMIN}))]


class VersionOut(BaseModel):
    """One published version; without steps it took the earlier ones back."""

    n: int
    steps: list[Step] | None
    effective_from: datetime
    made_at: datetime
    made_by: str
    note: str | None

    @classmethod
    def of(cls, row: ActionPattern) -> "VersionOut":
        """As the editor shows it."""
        steps = publishing.read(row.steps).steps if row.steps else None
        return cls(n=row.n, steps=steps, effective_from=row.effective_from, made_at=row.made_at, made_by=row.made_by,
                   note=row.note)  # fmt: skip


class HeldOut(BaseModel):
    """The pattern that holds now, and whose it is."""

    kind: str
    of: str
    n: int
    since: datetime | None
    steps: list[Step]

    @classmethod
    def standing(cls, kind: str, held: Held) -> "HeldOut":
        """As the editor shows it."""
        return cls(kind=kind, of=held.of, n=held.n, since=held.since, steps=held.pattern.steps)


class Patterns(BaseModel):
    """What holds for every kind."""

    items: list[HeldOut]


class Book(BaseModel):
    """One kind: what holds, the own versions newest first, and the newest number for publishing after it."""

    held: HeldOut
    versions: list[VersionOut]
    newest: int


@router.get("")
def patterns(me: Reader, elder_id: int | None = None) -> Patterns:
    """Every kind of alarm with the pattern that holds for the district, or for one elder."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        publishing.seen(session, elder_id)
        return Patterns(items=[
            HeldOut.standing(kind, publishing.in_force(session, me.district_id, elder_id, kind, at=now))
            for kind in KINDS
        ])  # fmt: skip


@router.get("/{kind}")
def book(kind: str, me: Reader, elder_id: int | None = None) -> Book:
    """One kind with its history."""
    with transaction(me.scope) as session:
        return _book(session, kind, elder_id, me)


class PublishIn(BaseModel):
    """The steps, from when on, why, and the newest version that was seen; no steps take the own pattern back."""

    steps: list[dict[str, Any]] | None = Field(max_length=30)
    after: int = Field(ge=0)
    effective_from: AwareDatetime | None = None
    note: str | None = Field(None, max_length=500)
    elder_id: int | None = None


@router.post("/{kind}")
def publish(kind: str, said: PublishIn, me: Editor) -> Book:
    """Publish a version. 409 where somebody was faster, 422 with what is wrong in the steps."""
    pattern = publishing.read({"steps": said.steps}) if said.steps is not None else None
    with transaction(me.scope) as session:
        publishing.publish(
            session, kind, pattern, elder_id=said.elder_id, after=said.after, effective_from=said.effective_from,
            note=said.note, me=me, now=datetime.now(UTC),
        )  # fmt: skip
        return _book(session, kind, said.elder_id, me)


def _book(session: Session, kind: str, elder_id: int | None, me: Caller) -> Book:
    publishing.known(kind)
    publishing.seen(session, elder_id)
    held = publishing.in_force(session, me.district_id, elder_id, kind, at=datetime.now(UTC))
    versions = [VersionOut.of(row) for row in publishing.versions(session, me.district_id, elder_id, kind)]
    return Book(held=HeldOut.standing(kind, held), versions=versions, newest=versions[0].n if versions else 0)
