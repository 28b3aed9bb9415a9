"""A clue, for the walks over all doors."""

from typing import Any

from sqlalchemy.orm import Session

from app.orders.tables import Visit
from app.supervision.rules import ClueKind, ClueState
from app.supervision.tables import Clue
from tests.cast import TEN


def a_clue(session: Session, visit: Visit, **given: Any) -> Clue:
    """An elder was visited once where the contract promises four visits."""
    values: dict[str, Any] = {
        "kind": ClueKind.TOO_FEW_VISITS, "state": ClueState.OPEN, "month": TEN.date().replace(day=1),
        "elder_id": visit.elder_id, "facts": {"given": 1, "least": 4, "minutes": 60}, "cents": 3_000, "raised_at": TEN,
    } | given  # fmt: skip
    clue = Clue(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=visit.provider_id or 0, **values
    )
    session.add(clue)
    session.flush()
    return clue


def clue_bodies() -> dict[str, Any]:
    """What is said at the doors."""
    return {
        "/api/clues/looks": {"month": "2026-10-01"},
        "/api/clues/{clue_id}/uphold": {"words": "家属证实只来过一次"},
        "/api/clues/{clue_id}/excuse": {"words": "老人去女儿家住了三周"},
    }
