"""What the tests of the telephone share: an exchange that lives in no time, and calls as rows."""

import random
from functools import cache
from typing import Any

from sqlalchemy import select

from app.calls.exchange import Exchange, Manners
from app.calls.tables import Call
from app.db import transaction
from app.main import create_app
from tests.clients import TOKEN, Client, ok, post_signed

HOOK = "/api/hooks/calls"


@cache
def browser() -> Client:
    """Whoever has no session."""
    return Client(create_app())


def exchange(manners: Manners | None = None, *, seed: int = 7) -> Exchange:
    """Everybody answers, where nothing else is said."""
    return Exchange(browser(), TOKEN, chance=random.Random(seed), manners=manners or Manners.always())


def say(event: str, call_id: str = "pbx-1", **more: Any) -> dict[str, Any]:
    """One report, taken in."""
    return dict(ok(post_signed(browser(), HOOK, {"event": event, "call_id": call_id, **more})))


def calls() -> list[Call]:
    with transaction() as session:
        return list(session.scalars(select(Call).order_by(Call.id)))


def the_call() -> Call:
    (call,) = calls()
    return call
