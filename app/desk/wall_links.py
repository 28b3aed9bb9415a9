"""Handing out the keys of wall boards and taking them back."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actions import token_hash
from app.access.queries import Caller
from app.access.tables import District, User
from app.db import Scope, scope_of
from app.desk.wall_tables import WallLink
from app.errors import NotFound, Refused

SEEN_AGAIN: Final = timedelta(minutes=1)


class NoSuchScreen(Refused):
    """This link does not open the wall board."""


@dataclass(frozen=True)
class LinkRow:
    """A link as the lead's list shows it; the token is known only to the screen."""

    id: int
    room: str
    area: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    seen_at: datetime | None


@dataclass(frozen=True)
class Screen:
    """A board that has shown its key: what it may see, whose it is, until when."""

    scope: Scope
    district: str
    room: str
    expires_at: datetime


def make(session: Session, room: str, days: int, *, me: Caller, now: datetime) -> tuple[WallLink, str]:
    """A link for a room, seeing what its maker sees; answers it with the token, which is never shown again."""
    token = secrets.token_urlsafe(32)
    link = WallLink(
        district_id=me.district_id, area=scope_of(session).area, room=room, token_hash=token_hash(token),
        made_by=me.id, made_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(link)
    session.flush()
    return link, token


def links(session: Session, *, now: datetime) -> Sequence[LinkRow]:
    """Those that still open something, the newest first."""
    rows = session.execute(
        select(
            WallLink.id, WallLink.room, WallLink.area, User.name, WallLink.made_at, WallLink.expires_at,
            WallLink.seen_at,
        )
        .join(User, User.id == WallLink.made_by)
        .where(WallLink.ended_at.is_(None), WallLink.expires_at > now)
        .order_by(WallLink.id.desc())
    )  # fmt: skip
    return [LinkRow(*row) for row in rows]


def end(session: Session, link_id: int, *, now: datetime) -> None:
    """The screen goes dark with its next question; ended twice it stays ended."""
    link = session.get(WallLink, link_id)
    if link is None:
        raise NotFound("There is no such link.")
    link.ended_at = link.ended_at or now


def screen(session: Session, token: str, *, now: datetime) -> Screen:
    """The board a token belongs to; raises NoSuchScreen when it was taken back, has run out or never was."""
    found = session.execute(
        select(WallLink, District.name)
        .join(District, District.id == WallLink.district_id)
        .where(WallLink.token_hash == token_hash(token), WallLink.ended_at.is_(None), WallLink.expires_at > now)
    ).first()
    if found is None:
        raise NoSuchScreen("This link has ended; ask the shift lead for a new one.")
    link, district = found
    if link.seen_at is None or link.seen_at < now - SEEN_AGAIN:
        link.seen_at = now
    return Screen(Scope(link.district_id, link.area), district, link.room, link.expires_at)
