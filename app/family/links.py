"""Handing out the keys to one elder's money, one for a contact, and taking them back."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actions import token_hash
from app.access.queries import Caller
from app.access.tables import User
from app.db import Scope
from app.errors import NotFound, Refused
from app.family.tables import FamilyLink
from app.history import record
from app.people.tables import Contact, Elder

SEEN_AGAIN: Final = timedelta(minutes=10)


class NoSuchLink(Refused):
    """This link opens nothing."""


def make(
    session: Session, elder: Elder, contact_id: int, days: int, *, me: Caller, now: datetime
) -> tuple[FamilyLink, str]:
    """A key for one contact of an elder; answers it with the token, which is never shown again. Older ones end."""
    contact = session.get(Contact, contact_id)
    if contact is None or contact.elder_id != elder.id:
        raise NotFound("There is no such contact of this elder.")
    for old in session.scalars(
        select(FamilyLink).where(FamilyLink.contact_id == contact.id, FamilyLink.ended_at.is_(None))
    ):
        end(session, old.id, by=me.by, now=now)
    token = secrets.token_urlsafe(32)
    link = FamilyLink(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, contact_id=contact.id,
        token_hash=token_hash(token), made_by=me.id, made_at=now, expires_at=now + timedelta(days=days),
    )  # fmt: skip
    session.add(link)
    record(session, link, "make", None, None, by=me.by, now=now, elder_id=elder.id, contact_id=contact.id, days=days)
    return link, token


def links(session: Session, elder_id: int, *, now: datetime) -> Sequence[Any]:
    """Those that still open something, with whom they are for and who made them."""
    return session.execute(
        select(FamilyLink, Contact.name, Contact.relation, User.name.label("maker"))
        .join(Contact, Contact.id == FamilyLink.contact_id)
        .join(User, User.id == FamilyLink.made_by)
        .where(FamilyLink.elder_id == elder_id, FamilyLink.ended_at.is_(None), FamilyLink.expires_at > now)
        .order_by(FamilyLink.id.desc())
    ).all()


def end(session: Session, link_id: int, *, by: str, now: datetime) -> None:
    """It opens nothing any more; ended twice it stays ended."""
    link = session.get(FamilyLink, link_id)
    if link is None:
        raise NotFound("There is no such link, or it is outside your area.")
    if link.ended_at is None:
        link.ended_at = now
        record(session, link, "end", None, None, by=by, now=now)


def opened(session: Session, token: str, *, now: datetime) -> FamilyLink:
    """The link a token belongs to; its use goes on record. Raises NoSuchLink when it has ended or never was."""
    link = session.scalar(
        select(FamilyLink).where(
            FamilyLink.token_hash == token_hash(token), FamilyLink.ended_at.is_(None), FamilyLink.expires_at > now
        )
    )
    if link is None:
        raise NoSuchLink("This link has ended; ask for a new one by telephone.")
    if link.seen_at is None or link.seen_at < now - SEEN_AGAIN:
        link.seen_at = now
        record(session, link, "look", None, None, by=f"contact {link.contact_id}", now=now)
    return link


def scope_of_link(link: FamilyLink) -> Scope:
    """What its bearer's transactions may touch: the elder's community, and the page asks for this elder only."""
    return Scope(link.district_id, link.division_code)
