"""The door: who is calling and whether they may. Routes name the right they need in their signature (`me: Hotline`)."""

import hmac
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from pydantic import AwareDatetime, BaseModel, SecretStr
from pydantic import Field as Text

from app import live
from app.access import actions, queries
from app.access.queries import Caller
from app.access.rules import (
    ADMINS,
    BUREAU,
    DESK,
    EVERYONE,
    FIELD,
    FIGURES,
    HOTLINE,
    KEYS,
    LEADS,
    PLANNERS,
    READERS,
    REGISTRARS,
    STOCK,
    Role,
    WrongPassword,
)
from app.access.tables import User
from app.config import settings
from app.db import transaction
from app.errors import NotLoggedIn, Refused, TooMany

COOKIE = "yinling_session"
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
PER_ADDRESS = 60  # wrong logins from one address in five minutes: a whole office sits behind one


def _caller(request: Request) -> Caller:
    """Whoever the session cookie belongs to; unsafe methods must also carry the session's X-CSRF-Token."""
    token = request.cookies.get(COOKIE)
    if not token:
        raise NotLoggedIn("Log in first.")
    now = datetime.now(UTC)
    idle = timedelta(minutes=settings().session_idle_minutes)
    with transaction() as session:
        found = queries.caller_with(session, actions.token_hash(token), now=now)
        if found is None or found[1].seen_at + idle < now:
            raise NotLoggedIn("The session has ended; log in again.")
        caller, login = found
        if now - login.seen_at > timedelta(minutes=1):
            login.seen_at = now
    said = request.headers.get("x-csrf-token", "")
    if request.method in UNSAFE and not hmac.compare_digest(said.encode(), caller.csrf.encode()):
        raise Refused("The page is out of date; load it again.")
    return caller


def still_in(request: Request) -> bool:
    """Whether the session of a long answer goes on; asking is no sign of life."""
    token = request.cookies.get(COOKIE, "")
    with transaction() as session:
        return queries.caller_with(session, actions.token_hash(token), now=datetime.now(UTC)) is not None


def _moment(x_simulated_at: Annotated[AwareDatetime | None, Header()] = None) -> datetime:
    """The server's clock decides; only in a demo may the simulated day bring its own."""
    return x_simulated_at if x_simulated_at and settings().demo else datetime.now(UTC)


Now = Annotated[datetime, Depends(_moment)]


def allowed(roles: frozenset[Role]) -> object:
    """A dependency that lets only these roles in; the set is kept on it for the test that walks every route."""

    def check(caller: Annotated[Caller, Depends(_caller)]) -> Caller:
        if caller.role not in roles:
            raise Refused("Your role does not include this.", role=caller.role)
        return caller

    check.roles = roles  # type: ignore[attr-defined]
    return Depends(check)


Anyone = Annotated[Caller, allowed(EVERYONE)]
Hotline = Annotated[Caller, allowed(HOTLINE)]
Desk = Annotated[Caller, allowed(DESK)]
Planner = Annotated[Caller, allowed(PLANNERS)]
Reader = Annotated[Caller, allowed(READERS)]
Field = Annotated[Caller, allowed(FIELD)]
Stock = Annotated[Caller, allowed(STOCK)]
KeyHolder = Annotated[Caller, allowed(KEYS)]
Registrar = Annotated[Caller, allowed(REGISTRARS)]
Admin = Annotated[Caller, allowed(ADMINS)]
Figures = Annotated[Caller, allowed(FIGURES)]
Lead = Annotated[Caller, allowed(LEADS)]
Bureau = Annotated[Caller, allowed(BUREAU)]

router = APIRouter(prefix="/api/session", tags=["session"])


class Credentials(BaseModel):
    """What somebody types to log in."""

    login: str = Text(max_length=100)
    password: SecretStr = Text(max_length=200)


class Area(BaseModel):
    """A division code (or prefix) and its name."""

    code: str
    name: str


class Me(BaseModel):
    """The caller and what the pages need to know at the start."""

    id: int
    login: str
    name: str
    role: Role
    district: Area
    area: str
    provider_id: int | None
    caregiver_id: int | None
    csrf: str
    demo: bool
    hotline: str
    timezone: str
    server_time: datetime

    @classmethod
    def of(cls, caller: Caller) -> "Me":
        """As the pages see it."""
        return cls(
            id=caller.id, login=caller.login, name=caller.name, role=caller.role,
            district=Area(code=f"{caller.district_id:06d}", name=caller.district_name), area=caller.area,
            provider_id=caller.provider_id, caregiver_id=caller.caregiver_id, csrf=caller.csrf, demo=settings().demo,
            hotline=settings().hotline, timezone=settings().timezone, server_time=datetime.now(UTC),
        )  # fmt: skip


@router.post("")
def log_in(credentials: Credentials, request: Request, response: Response) -> Me:
    """Log in. Wrong passwords are counted per login and per address; the answer never says which part was wrong."""
    now = datetime.now(UTC)
    address = request.client.host if request.client else None
    _count_try(address)
    with transaction() as session:
        user = queries.user_named(session, credentials.login)
        _check_lock(user, credentials.login, now=now)
    right = actions.verify(user, credentials.password.get_secret_value())
    with transaction() as session:
        user = queries.user_named(session, credentials.login, lock=True)
        _check_lock(user, credentials.login, now=now)  # again: many may have been tried while this one was verified
        if not right or user is None or user.ended_at:
            actions.fail(session, user, now=now)
            failed = True
        else:
            token, caller = actions.log_in(session, user, address=address, now=now)
            failed = False
    if failed:
        _count_unknown(user, credentials.login, now=now)
        raise WrongPassword("The login name or the password is wrong.")
    _take_back(address)
    secure = settings().public_url.startswith("https")
    response.set_cookie(
        COOKIE, token, max_age=settings().session_hours * 3600, httponly=True, samesite="strict", secure=secure
    )
    return Me.of(caller)


@router.get("")
def who_am_i(request: Request) -> Me | None:
    """The caller, or null for somebody who has not logged in: a page asks this before it knows."""
    try:
        return Me.of(_caller(request))
    except NotLoggedIn:
        return None


@router.delete("", status_code=204)
def log_out(request: Request, response: Response, me: Anyone) -> None:
    """End this session."""
    with transaction() as session:
        actions.log_out(session, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, path="/")


def _check_lock(user: User | None, login: str, *, now: datetime) -> None:
    """Raises Locked; a login that does not exist is locked as one that does, or the lock would say which exist."""
    failures, failed_at = (user.failures, user.failed_at) if user else (0, None)
    if user is None:
        with suppress(live.Down):
            known = live.client().hgetall(_unknown(login))
            failures = int(known.get("failures", 0))
            failed_at = datetime.fromisoformat(known["at"]) if failures else None  # type: ignore[arg-type]
    actions.check_lock(failures, failed_at, now=now)


def _count_unknown(user: User | None, login: str, *, now: datetime) -> None:
    if user is None:
        with suppress(live.Down), live.client().pipeline() as pipe:
            pipe.hincrby(_unknown(login), "failures")
            pipe.hset(_unknown(login), "at", now.isoformat())
            pipe.expire(_unknown(login), 24 * 3600)
            pipe.execute()


def _unknown(login: str) -> str:
    return f"yinling:unknown:{actions.token_hash(login.strip().lower())}"


def _count_try(address: str | None) -> None:
    """Before the password is looked at, or many at once would slip by; without Redis each login has its lock."""
    key = _tries(address)
    try:
        with live.client().pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, 300, nx=True)
            tries = int(pipe.execute()[0])
    except live.Down:
        return
    if tries > PER_ADDRESS:
        raise TooMany("Too many wrong logins from this address; wait five minutes.", retry_after=300)


def _take_back(address: str | None) -> None:
    """A right login is no attack: at eight in the morning a whole office logs in behind one address."""
    with suppress(live.Down):
        live.client().decr(_tries(address))


def _tries(address: str | None) -> str:
    return f"yinling:login:{address}"
