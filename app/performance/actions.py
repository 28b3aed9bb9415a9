"""Setting a district's own targets: a new version, from now on."""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.db import notice
from app.performance.rules import targets_of
from app.performance.tables import FigureTargets


def set_targets(session: Session, district_id: int, said: dict[str, Any], *, by: str, now: datetime) -> FigureTargets:
    """From now on; figures of the past keep the targets that held then. Raises Unreadable."""
    kept = {clock.value: [list(step) for step in steps] for clock, steps in targets_of(said).items()}
    session.execute(select(func.pg_advisory_xact_lock(7_301_003, district_id)))
    last = session.scalar(select(func.max(FigureTargets.version)).where(FigureTargets.district_id == district_id))
    made = FigureTargets(district_id=district_id, version=(last or 0) + 1, at=now, by=by, targets=kept)
    session.add(made)
    session.flush()
    notice(session, district_id, "figures")
    return made
