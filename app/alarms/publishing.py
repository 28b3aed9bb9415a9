"""Which pattern holds for an alarm, and how a new one is published: a version beside the old, from its date on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms.default_patterns import DEFAULTS
from app.alarms.handling_tables import ActionPattern
from app.alarms.patterns import KINDS, Pattern
from app.db import notice
from app.errors import Conflict, NotFound, Unreadable
from app.people.tables import Elder


class ChangedMeanwhile(Conflict):
    """Somebody has published another version meanwhile."""


class NoPattern(Unreadable):
    """This is no pattern that an alarm can be handled by."""


@dataclass(frozen=True)
class Held:
    """A pattern and whose it is: the elder's, the district's, or the one the platform comes with."""

    pattern: Pattern
    of: str  # elder, district, platform
    n: int  # 0: the platform's
    since: datetime | None


def read(data: object) -> Pattern:
    """A pattern from its stored or sent form; raises NoPattern saying what is wrong."""
    try:
        return Pattern.model_validate(data)
    except ValidationError as error:
        said = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors()[:3])
        raise NoPattern(said) from None


def in_force(session: Session, district_id: int, elder_id: int | None, kind: str, *, at: datetime) -> Held:
    """The elder's own first, then the district's, then the platform's."""
    rows = session.scalars(
        select(ActionPattern)
        .where(ActionPattern.district_id == district_id, ActionPattern.kind == kind, ActionPattern.effective_from <= at)
        .where(ActionPattern.elder_id.is_(None) | (ActionPattern.elder_id == elder_id))
        .order_by(ActionPattern.elder_id.nulls_last(), ActionPattern.effective_from.desc(), ActionPattern.n.desc())
    ).all()
    for of, mine in (("elder", elder_id), ("district", None)):
        newest = next((row for row in rows if row.elder_id == mine), None)
        if newest is not None and newest.steps is not None:
            return Held(read(newest.steps), of, newest.n, newest.effective_from)
    return Held(DEFAULTS[kind], "platform", 0, None)


def versions(session: Session, district_id: int, elder_id: int | None, kind: str) -> Sequence[ActionPattern]:
    """What was published for this kind, newest first."""
    return session.scalars(
        select(ActionPattern)
        .where(ActionPattern.district_id == district_id, ActionPattern.kind == kind)
        .where(ActionPattern.elder_id.is_not_distinct_from(elder_id))
        .order_by(ActionPattern.n.desc())
    ).all()


def known(kind: str) -> None:
    """Raises NotFound for what is no kind of alarm."""
    if kind not in KINDS:
        raise NotFound("There is no such kind of alarm.")


def seen(session: Session, elder_id: int | None) -> None:
    """Raises NotFound for an elder outside the caller's area."""
    if elder_id is not None and session.get(Elder, elder_id) is None:
        raise NotFound("There is no such elder.")


def publish(
    session: Session,
    kind: str,
    pattern: Pattern | None,
    *,
    elder_id: int | None,
    after: int,
    effective_from: datetime | None,
    note: str | None,
    me: Caller,
    now: datetime,
) -> ActionPattern:
    """A new version from a moment on; `after` is the newest version its author has seen. None takes the own one back.

    The alarms of before keep theirs.
    """
    known(kind)
    code = f"{me.district_id:06d}000000"
    if elder_id is not None:
        elder = session.get(Elder, elder_id)
        if elder is None or elder.district_id != me.district_id:
            raise NotFound("There is no such elder.")
        code = elder.division_code
    newest = next(iter(versions(session, me.district_id, elder_id, kind)), None)
    if (newest.n if newest else 0) != after:
        raise ChangedMeanwhile(f"{newest.made_by if newest else '?'} has published a version meanwhile; look at it.")
    made = ActionPattern(
        district_id=me.district_id, division_code=code, kind=kind, elder_id=elder_id, n=after + 1,
        steps=pattern.model_dump(mode="json") if pattern else None, note=note,
        effective_from=max(effective_from or now, now), made_at=now, made_by=me.by,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise ChangedMeanwhile("Somebody has published a version at the same moment; look at it.") from None
    notice(session, me.district_id, "patterns")
    return made
