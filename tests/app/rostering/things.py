"""A roster with one line and one gap, for the walks over all doors."""

from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.people.tables import Caregiver, Elder
from app.planning.roster_tables import Roster, RosterGap, RosterLine
from app.planning.rules import PlanState
from tests.cast import TEN


def roster_things(session: Session, elder: Elder, caregiver: Caregiver, item_id: int) -> dict[str, int]:
    """A draft: she comes on the first Monday at nine."""
    others = session.scalar(select(func.count()).select_from(Roster)) or 0
    starts = date(2026, 11, 30) + timedelta(weeks=others)
    roster = Roster(
        district_id=elder.district_id, starts=starts, ends=starts + timedelta(days=27), n=1, state=PlanState.DRAFT,
        seed=1, seconds=1, created_at=TEN,
    )  # fmt: skip
    session.add(roster)
    session.flush()
    nine = calendar.day_bounds(starts)[0] + timedelta(hours=9)
    line = RosterLine(
        district_id=elder.district_id, division_code=elder.division_code, provider_id=caregiver.provider_id,
        roster_id=roster.id, elder_id=elder.id, item_id=item_id, key="a", rule_day=starts, day=starts, rank=1,
        caregiver_id=caregiver.id, starts_at=nine, ends_at=nine + timedelta(hours=1), regular=True, known=True,
    )  # fmt: skip
    gap = RosterGap(
        district_id=elder.district_id, division_code=elder.division_code, roster_id=roster.id, elder_id=elder.id,
        item_id=item_id, key="b", rule_day=starts, day=starts, rank=1, blocking={str(caregiver.id): "shift"},
    )  # fmt: skip
    session.add_all([line, gap])
    session.flush()
    return {"roster_id": roster.id, "roster_line_id": line.id, "roster_gap_id": gap.id}
