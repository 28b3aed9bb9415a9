"""Changing a roster by hand: a line is moved, a gap filled; every rule that breaks is named before it is accepted."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

import dispatch
from app.db import notice
from app.history import record
from app.planning.roster_tables import Roster, RosterGap, RosterLine
from app.planning.rules import PlanState, WrongCrew
from app.rostering import queries
from app.rostering.month import Month, clock
from app.rostering.rules import NotThisRoster, check_accepted


@dataclass(frozen=True)
class Wish:
    """Who comes at what minute of the day; `weekly`: on this weekday all month, not this once."""

    caregiver_id: int
    minute: int
    weekly: bool = False


@dataclass(frozen=True)
class Trial:
    """What a hand would change: the faults there would be that are not there now, and the lines it put somewhere."""

    faults: tuple[dispatch.Fault, ...]
    names: Mapping[int, str]
    lines: Sequence[RosterLine]


def try_move(session: Session, line: RosterLine, wish: Wish, *, now: datetime) -> Trial:
    """Put the line there, in this transaction, and judge the month with it; raises WrongCrew, NotThisRoster."""
    month, lines = _open(session, line.roster_id, wish, now)
    before = month.faults(lines)
    moved = [one for one in lines if _meant(one, line, wish)]
    for one in moved:
        _put(month, one, wish, whom=one.rank == line.rank)
    return _judged(month, before, lines, moved)


def try_fill(session: Session, gap: RosterGap, wish: Wish, *, now: datetime) -> Trial:
    """Send somebody where there was nobody, in this transaction; her partner at this door comes at the same minute.

    Raises WrongCrew, NotThisRoster: also where the care plan does not mean this visit any more.
    """
    month, lines = _open(session, gap.roster_id, wish, now)
    before = month.faults(lines)
    filled = [
        _line(session, month, one, wish)
        for one in queries.gaps(session, gap.roster_id)
        if one.rank == gap.rank and _meant(one, gap, wish) and (one.elder_id, one.key, one.day, one.rank) in month.slot
    ]
    days = {one.day for one in filled}
    if not days:
        raise NotThisRoster("The care plan does not mean this visit any more.", day=gap.day.isoformat())
    partners = [one for one in lines if (one.elder_id, one.key) == (gap.elder_id, gap.key) and one.day in days]
    for one in partners:
        _put(month, one, wish, whom=False)
    session.flush()
    return _judged(month, before, [*lines, *filled], [*filled, *partners])


def move_line(
    session: Session, line_id: int, wish: Wish, *, accept: Iterable[str], by: str, now: datetime
) -> RosterLine:
    """Put a line where the dispatcher wants it; the rules it breaks stay on record with whoever broke them."""
    line = queries.line(session, line_id, lock=True)
    before = {"caregiver_id": line.caregiver_id, "minute": clock(line.starts_at)}
    trial = try_move(session, line, wish, now=now)
    _keep(session, line.roster_id, "move", trial, wish, accept, by=by, now=now, line_id=line.id, was=before)
    return line


def fill_gap(session: Session, gap_id: int, wish: Wish, *, accept: Iterable[str], by: str, now: datetime) -> None:
    """Send whom the dispatcher wants where the search found nobody; the gap stays on record."""
    gap = queries.gap(session, gap_id, lock=True)
    told = {"elder_id": gap.elder_id, "key": gap.key, "day": gap.day.isoformat(), "rank": gap.rank}
    trial = try_fill(session, gap, wish, now=now)
    _keep(session, gap.roster_id, "fill", trial, wish, accept, by=by, now=now, **told)


def _open(session: Session, roster_id: int, wish: Wish, now: datetime) -> tuple[Month, Sequence[RosterLine]]:
    roster = queries.get(session, roster_id, lock=True)
    if roster.state not in (PlanState.DRAFT, PlanState.PUBLISHED):
        raise NotThisRoster("This version is over.", state=roster.state)
    month = queries.month(session, roster.district_id, roster.starts, roster.ends, now=now)
    if wish.caregiver_id not in month.name:
        raise WrongCrew("There is no such caregiver.", caregiver_ids=[wish.caregiver_id])
    return month, queries.lines(session, roster.id)


def _meant(one: RosterLine | RosterGap, meant: RosterLine | RosterGap, wish: Wish) -> bool:
    """The visit with both its caregivers, or this visit of every week: two at one door come at one hour."""
    return (one.elder_id, one.key) == (meant.elder_id, meant.key) and (
        one.day == meant.day or (wish.weekly and one.day.weekday() == meant.day.weekday())
    )


def _put(month: Month, one: RosterLine, wish: Wish, *, whom: bool) -> None:
    """A visit the care plan does not mean any more stays as it is."""
    need = month.slot.get((one.elder_id, one.key, one.day, one.rank))
    if need is None:
        return
    one.starts_at, one.ends_at = month.times(need, wish.minute)
    if whom:
        one.caregiver_id, one.provider_id = wish.caregiver_id, month.provider[wish.caregiver_id]
        one.known = wish.caregiver_id in need.known


def _line(session: Session, month: Month, gap: RosterGap, wish: Wish) -> RosterLine:
    need = month.slot[gap.elder_id, gap.key, gap.day, gap.rank]
    starts_at, ends_at = month.times(need, wish.minute)
    line = RosterLine(
        district_id=gap.district_id, division_code=gap.division_code, provider_id=month.provider[wish.caregiver_id],
        roster_id=gap.roster_id, elder_id=gap.elder_id, item_id=gap.item_id, key=gap.key, rule_day=gap.rule_day,
        day=gap.day, rank=gap.rank, caregiver_id=wish.caregiver_id, starts_at=starts_at, ends_at=ends_at,
        regular=wish.weekly, known=wish.caregiver_id in need.known, waived=[],
    )  # fmt: skip
    session.add(line)
    session.delete(gap)
    return line


def _judged(
    month: Month, before: Mapping[str, dispatch.Fault], lines: Sequence[RosterLine], moved: Sequence[RosterLine]
) -> Trial:
    after = month.faults(lines)
    return Trial(tuple(after[said] for said in sorted(after.keys() - before.keys())), month.name, moved)


def _keep(
    session: Session, roster_id: int, event: str, trial: Trial, wish: Wish, accept: Iterable[str], *, by: str,
    now: datetime, **facts: Any,
) -> None:  # fmt: skip
    waived = check_accepted((fault.rule for fault in trial.faults), accept)
    for one in trial.lines:
        one.waived, one.moved_by = sorted({*one.waived, *waived}), by
    roster: Roster = queries.get(session, roster_id)
    record(
        session, roster, event, roster.state, roster.state, by=by, now=now, caregiver_id=wish.caregiver_id,
        minute=wish.minute, weekly=wish.weekly, waived=sorted(waived), **facts,
    )  # fmt: skip
    roster.touched_at = now  # the row changes with its lines: whoever looks at an older one is told
    notice(session, roster.district_id, "rosters")
