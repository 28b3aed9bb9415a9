"""A POST sent twice is done once: the answer is stored under its `Idempotency-Key` and given again."""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final

from fastapi.encoders import jsonable_encoder
from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.db import Base
from app.errors import Conflict, Unreadable
from app.vault import seal, unseal

LONGEST: Final = 200


class KeptAnswer(Base):
    """The answer given to one key of one caller; in the same transaction as what it answers for."""

    __tablename__ = "kept_answers"

    caller: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request: Mapped[str]
    answer: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class InProgress(Conflict):
    """The first request with this key is still being carried out."""


class KeyReused(Unreadable):
    """This key was used for a different request."""


def once(session: Session, *, caller: str, key: str | None, request: Any, now: datetime, do: Callable[[], Any]) -> Any:
    """Carry out `do` unless this caller's key was answered before; then give that answer again (as JSON values).

    Raises InProgress (409) while the first is under way and KeyReused (422) when the request differs.
    """
    if key and len(key) > LONGEST:
        raise Unreadable(f"An Idempotency-Key has at most {LONGEST} characters.")
    if not key:
        return jsonable_encoder(do())
    fingerprint = hashlib.sha256(repr(jsonable_encoder(request)).encode()).hexdigest()
    if not session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(f"{caller}:{key}", 0)))):
        raise InProgress("The same request is being carried out; ask again in a moment.", retry_after=1)
    kept = session.get(KeptAnswer, (caller, key))
    if kept is None:
        answer = jsonable_encoder(do())
        sealed = {"sealed": seal(json.dumps(answer))}  # it may name people
        session.add(KeptAnswer(caller=caller, key=key, request=fingerprint, answer=sealed, at=now))
        return answer
    if kept.request != fingerprint:
        raise KeyReused("An Idempotency-Key belongs to one request; send another key.")
    return json.loads(unseal(kept.answer["sealed"]))
