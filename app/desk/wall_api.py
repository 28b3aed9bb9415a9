"""The doors of the wall board: its keys for the lead, and the one question a screen in a room may ask."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import BaseModel, Field

from app.access.api import KeyHolder
from app.access.rules import Role
from app.alarms import queries as desk
from app.alarms.rules import AlarmKind, State
from app.config import settings
from app.db import transaction
from app.desk import wall_links, wall_queries
from app.desk.wall_links import LinkRow, NoSuchScreen
from app.performance.rules import Clock

router = APIRouter(prefix="/api/wall", tags=["wall"])


class WallAlarm(BaseModel):
    """One line: what and how long, a surname and a community, who has it. Nothing else leaves the desk."""

    id: int
    kind: AlarmKind
    state: State
    priority: int
    count: int
    raised_at: datetime
    ringing_since: datetime | None
    test: bool
    surname: str | None
    place: str | None
    claimed_by: str | None
    responder: str | None
    eta_at: datetime | None

    @classmethod
    def of(cls, row: wall_queries.WallRow) -> "WallAlarm":
        """As the board sees it."""
        fields = dict(vars(row))
        name, rung_at = fields.pop("name"), fields.pop("rung_at")
        rings = row.state is State.RINGING
        return cls(**fields, surname=wall_queries.surname(name), ringing_since=rung_at if rings else None)


class WallOperator(BaseModel):
    """Somebody on duty."""

    name: str
    role: Role
    since: datetime
    cases: int


class WallClock(BaseModel):
    """One of the four clocks today, seconds, against the district's target."""

    clock: Clock
    n: int
    in_time: int
    median: float | None
    p95: float | None
    limit: int
    target: float


class Wall(BaseModel):
    """Everything the board shows."""

    district: str
    room: str
    timezone: str
    hotline: str
    alarms: list[WallAlarm]
    ringing: int
    gravest: int
    handled: int
    waiting: int
    longest_since: datetime | None
    on_duty: list[WallOperator]
    clocks: list[WallClock]
    devices_blind: int
    outages: int
    calls_waiting: int
    ill: list[str]
    server_time: datetime
    expires_at: datetime


@router.get("")
def wall(authorization: Annotated[str, Header()] = "") -> Wall:
    """The board's one question, with its own key instead of somebody's login; 403 once the key has ended."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise NoSuchScreen("The wall board is opened with a link; ask the shift lead for one.")
    now = datetime.now(UTC)
    with transaction() as session:
        screen = wall_links.screen(session, token, now=now)
    with transaction(screen.scope) as session:
        numbers = wall_queries.counts(session, now=now)
        around = wall_queries.around(session)
        return Wall(
            district=screen.district, room=screen.room, timezone=settings().timezone, hotline=settings().hotline,
            alarms=[WallAlarm.of(row) for row in wall_queries.alarms(session, now=now)],
            **vars(numbers), **vars(around),
            on_duty=[
                WallOperator(**vars(one))
                for one in wall_queries.on_duty(session, screen.scope.district_id, now=now)
            ],
            clocks=[
                WallClock(**vars(row)) for row in wall_queries.clocks(session, screen.scope.district_id, now=now)
            ],
            ill=[part.name for part in desk.health(session, now=now) if not part.well],
            server_time=now, expires_at=screen.expires_at,
        )  # fmt: skip


class Link(BaseModel):
    """A screen that may look."""

    id: int
    room: str
    area: str
    made_by: str
    made_at: datetime
    expires_at: datetime
    seen_at: datetime | None

    @classmethod
    def of(cls, row: LinkRow) -> "Link":
        """As the lead sees it."""
        return cls(**vars(row))


class Links(BaseModel):
    """All that still open something."""

    items: list[Link]


@router.get("/links")
def links(me: KeyHolder) -> Links:
    """Which rooms have a board, and when each was last heard from."""
    with transaction(me.scope) as session:
        return Links(items=[Link.of(row) for row in wall_links.links(session, now=datetime.now(UTC))])


class LinkIn(BaseModel):
    """For which room, for how long."""

    room: str = Field(min_length=1, max_length=60)
    days: int = Field(90, ge=1, le=366)


class NewLink(BaseModel):
    """The key itself, shown this once: behind the `#` no server and no log ever sees it."""

    id: int
    path: str
    expires_at: datetime


@router.post("/links")
def make_link(wish: LinkIn, me: KeyHolder) -> NewLink:
    """Open the board in one more room."""
    with transaction(me.scope) as session:
        link, token = wall_links.make(session, wish.room, wish.days, me=me, now=datetime.now(UTC))
        return NewLink(id=link.id, path=f"/board/#{token}", expires_at=link.expires_at)


@router.delete("/links/{link_id}", status_code=204)
def end_link(link_id: int, me: KeyHolder) -> None:
    """Take a key back."""
    with transaction(me.scope) as session:
        wall_links.end(session, link_id, now=datetime.now(UTC))
