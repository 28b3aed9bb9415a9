"""Logging in and out, adding users, and writing down what was unmasked."""

import hashlib
import secrets
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access import queries
from app.access.queries import Caller
from app.access.rules import Locked, Role, WrongPassword, check_strength, locked_until
from app.access.tables import AccessLog, Login, User
from app.config import settings

SEEN_AGAIN = timedelta(minutes=30)
hasher = PasswordHasher()  # argon2id, the library's defaults
_DECOY = hasher.hash(secrets.token_hex())  # an unknown login takes as long as a wrong password


def add_user(
    session: Session,
    *,
    district_id: int,
    login: str,
    password: str,
    name: str,
    role: Role,
    area: str,
    provider_id: int | None = None,
    caregiver_id: int | None = None,
    password_hash: str | None = None,
) -> User:
    """A new login; raises WeakPassword. `password_hash` spares the simulator 0.2 s for each of its people."""
    check_strength(login, password)
    user = User(
        district_id=district_id, login=login.lower(), name=name, role=role, area=area, provider_id=provider_id,
        caregiver_id=caregiver_id, password_hash=password_hash or hasher.hash(password),
    )  # fmt: skip
    session.add(user)
    session.flush()
    return user


def verify(user: User | None, password: str) -> bool:
    """Whether the password is right; costs the same when there is no such user. Slow (0.2 s): hold no transaction."""
    try:
        return hasher.verify(user.password_hash if user else _DECOY, password) and user is not None
    except (VerificationError, InvalidHashError):
        return False


def check_lock(failures: int, failed_at: datetime | None, *, now: datetime) -> None:
    """Raises Locked while a login waits out its failures."""
    until = locked_until(failures, failed_at)
    if until and until > now:
        wait = int((until - now).total_seconds()) + 1
        raise Locked(f"Too many wrong passwords; try again in {-(-wait // 60)} minutes.", retry_after=wait)


def fail(session: Session, user: User | None, *, now: datetime) -> None:
    """Count a wrong password."""
    if user:
        user.failures, user.failed_at = user.failures + 1, now


def log_in(session: Session, user: User, *, address: str | None, now: datetime) -> tuple[str, Caller]:
    """Open a session; the answer holds its token, which is stored only as a hash."""
    user.failures, user.failed_at = 0, None
    token = secrets.token_urlsafe(32)
    session.add(
        Login(
            token_hash=token_hash(token),
            user_id=user.id,
            csrf=secrets.token_urlsafe(24),
            started_at=now,
            seen_at=now,
            expires_at=now + timedelta(hours=settings().session_hours),
            address=address,
        )
    )
    session.flush()
    found = queries.caller_with(session, token_hash(token), now=now)
    if found is None:
        raise WrongPassword("This login has ended.")
    return token, found[0]


def log_out(session: Session, token: str) -> None:
    """End the session of a token."""
    session.execute(delete(Login).where(Login.token_hash == token_hash(token)))


def token_hash(token: str) -> str:
    """What is stored of a session token."""
    return hashlib.sha256(token.encode()).hexdigest()


def note_look(session: Session, who: Caller, *, elder_id: int, field: str, reason: str, now: datetime) -> None:
    """Write down that somebody looked; looking again within half an hour is the same look."""
    seen = select(AccessLog.id).where(
        AccessLog.district_id == who.district_id, AccessLog.elder_id == elder_id, AccessLog.user_id == who.id,
        AccessLog.field == field, AccessLog.reason == reason, AccessLog.at > now - SEEN_AGAIN,
    )  # fmt: skip
    if session.scalar(seen.limit(1)) is None:
        note_access(session, who, elder_id=elder_id, field=field, reason=reason, now=now)


def note_access(
    session: Session, who: Caller, *, elder_id: int | None, field: str, reason: str, now: datetime, **facts: object
) -> None:
    """Write down that somebody saw a sensitive field in the clear."""
    session.add(
        AccessLog(
            district_id=who.district_id,
            at=now,
            user_id=who.id,
            elder_id=elder_id,
            field=field,
            reason=reason,
            address=who.address,
            facts=facts,
        )
    )


def set_phone(session: Session, user_id: int, phone: str) -> None:
    """Where somebody is called when nobody is at the desk."""
    session.get_one(User, user_id).phone = phone
