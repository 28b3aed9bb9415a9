"""The doors of the family's page: keys for the desk to give and take, and the one question their bearer may ask."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Request
from pydantic import BaseModel, Field

from app import calendar, live
from app.access.actions import token_hash
from app.access.api import Desk, Reader
from app.access.rules import Role
from app.db import transaction
from app.errors import NotFound, TooMany
from app.family import links
from app.family.links import NoSuchLink
from app.family.sheet import Sheet, sheet
from app.funding.shapes import Month, first_of
from app.people import queries as people
from app.people.rules import Relation
from app.vault import mask_name

router = APIRouter(prefix="/api/family", tags=["family"])
of_elder = APIRouter(prefix="/api/elders/{elder_id}", tags=["family"])
A_MINUTE = 60  # questions from one address; a family asks a few
MONTHS_BACK = 3


class FamilyLinkIn(BaseModel):
    """For whom, for how long."""

    contact_id: int
    days: int = Field(30, ge=1, le=92)


class NewFamilyLink(BaseModel):
    """The key itself, shown this once: behind the `#` no server and no log ever sees it."""

    id: int
    path: str
    expires_at: datetime


class FamilyLinkOut(BaseModel):
    """A key that is out."""

    id: int
    contact: str
    relation: Relation
    made_by: str
    made_at: datetime
    expires_at: datetime
    seen_at: datetime | None


class FamilyLinks(BaseModel):
    """All that still open something."""

    items: list[FamilyLinkOut]


@of_elder.get("/money")
def money(elder_id: int, me: Reader, month: Month | None = None) -> Sheet:
    """The month as the family would read it, to look at or to print."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        name = mask_name(elder.name) if me.role is Role.SUPERVISOR else elder.name
        first = first_of(month) if month else calendar.month_of(now)
        return sheet(session, elder, first, name, now=now)


@of_elder.get("/family-links")
def list_links(elder_id: int, me: Desk) -> FamilyLinks:
    """Who can read her money, until when, and when they last did."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        rows = links.links(session, elder_id, now=datetime.now(UTC))
        return FamilyLinks(
            items=[
                FamilyLinkOut(
                    id=link.id, contact=contact, relation=relation, made_by=maker, made_at=link.made_at,
                    expires_at=link.expires_at, seen_at=link.seen_at,
                )
                for link, contact, relation, maker in rows
            ]
        )  # fmt: skip


@of_elder.post("/family-links")
def make_link(elder_id: int, wish: FamilyLinkIn, me: Desk) -> NewFamilyLink:
    """A key for one contact; the one they had before ends."""
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        link, token = links.make(session, elder, wish.contact_id, wish.days, me=me, now=datetime.now(UTC))
        return NewFamilyLink(id=link.id, path=f"/family/#{token}", expires_at=link.expires_at)


@of_elder.delete("/family-links/{family_link_id}", status_code=204)
def end_link(elder_id: int, family_link_id: int, me: Desk) -> None:
    """Take a key back."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        links.end(session, family_link_id, by=me.by, now=datetime.now(UTC))


@router.get("/money")
def family_money(request: Request, authorization: Annotated[str, Header()] = "", month: Month | None = None) -> Sheet:
    """The page's one question, with its own key instead of a login: this month or one of the last three."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoSuchLink("This page is opened with a link; ask for one by telephone.")
    now = datetime.now(UTC)
    _throttle(request.client.host if request.client else "", token)
    with transaction() as session:
        link = links.opened(session, token, now=now)
    this_month = calendar.month_of(now)
    first = first_of(month) if month else this_month
    oldest = this_month
    for _ in range(MONTHS_BACK):
        oldest = calendar.last_month(oldest)
    if not oldest <= first <= calendar.next_month(this_month):
        raise NotFound("This page shows the last three months.")
    with transaction(links.scope_of_link(link)) as session:
        elder = people.get(session, link.elder_id)
        return sheet(session, elder, first, mask_name(elder.name), now=now)


def _throttle(address: str, token: str) -> None:
    """At most so many questions a minute from one address and with one key; without Redis nobody is refused."""
    try:
        with live.client().pipeline() as pipe:
            for key in (f"yinling:family:{address}", f"yinling:family:{token_hash(token)}"):
                pipe.incr(key)
                pipe.expire(key, 60, nx=True)
            tries = pipe.execute()[::2]
    except live.Down:
        return
    if max(int(n) for n in tries) > A_MINUTE:
        raise TooMany("Too many questions; wait a minute.", retry_after=60)
