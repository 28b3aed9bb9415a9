"""This month's roster, drafted out of the care plans and published by the dispatcher on Monday."""

from datetime import datetime, timedelta
from typing import Final

from app import calendar
from app.db import transaction
from app.planning.rules import PlanState
from app.rostering import actions, drafting, queries
from app.simulate.progress import Progress

BY: Final = "韩雪 (hanxue)"


def publish(district_id: int, *, seconds: int, now: datetime, tell: Progress) -> None:
    """Four weeks from this Monday, so that the days shown keep to it already."""
    tell("roster", 0, 1)
    today = calendar.day_of(now)
    monday = today - timedelta(days=today.weekday())
    with transaction() as session:
        job = actions.ask_draft(session, district_id, monday, seconds=seconds, seed=7, by=BY, now=now)
        job_id, roster_id = job.id, job.subject_id
    drafting.carry_out(job_id)
    with transaction() as session:
        roster = queries.get(session, roster_id)
        if roster.state is PlanState.DRAFT:
            actions.publish(session, roster_id, seen=roster.version, by=BY, now=now)
        session.info.pop("notices", None)
    tell("roster", 1, 1)
