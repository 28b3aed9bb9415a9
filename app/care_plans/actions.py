"""Drafting, agreeing on and ending care plans; pausing them; keeping the calendar of holidays."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.care_plans import generating, queries, recurring
from app.care_plans.rules import (
    DayKind,
    DraftChanged,
    NothingPlanned,
    OnHolidays,
    PauseOverlaps,
    PauseReason,
    PlanEvent,
    PlanState,
    plan_after,
)
from app.care_plans.tables import CalendarDay, CarePlan, CarePlanLine, CarePlanPause
from app.catalogue import queries as catalogue
from app.errors import Conflict, NotFound
from app.history import record
from app.orders.rules import Payer
from app.people import queries as people
from app.people.tables import Elder


@dataclass(frozen=True)
class LineTerms:
    """A line as it is asked for; `key` of an older version's line goes on, None begins a new one."""

    key: str | None
    item_code: str
    rule: str
    starts: date
    opens: time
    closes: time
    minutes: int | None
    holidays: OnHolidays
    payer: Payer
    skipped: Sequence[date] = ()
    moved: Mapping[date, date] | None = None


def lines(session: Session, elder: Elder, terms: Sequence[LineTerms]) -> list[CarePlanLine]:
    """Lines that are not stored; raises BadRule where a rule says nothing, NotFound where an item is none."""
    made = []
    for line in terms:
        recurring.read(line.rule, line.starts)
        item = catalogue.item(session, elder.district_id, line.item_code)
        moved = {str(day): str(to) for day, to in sorted((line.moved or {}).items())}
        if any(abs(date.fromisoformat(to) - date.fromisoformat(day)) > generating.FAR for day, to in moved.items()):
            raise Conflict(f"A day is moved by {generating.FAR.days} days at most.")
        made.append(
            CarePlanLine(
                district_id=elder.district_id, division_code=elder.division_code, key=line.key or uuid.uuid4().hex,
                item_id=item.id, rule=line.rule, starts=line.starts, opens=line.opens, closes=line.closes,
                minutes=line.minutes, holidays=line.holidays, payer=line.payer,
                skipped=sorted(str(day) for day in line.skipped), moved=moved,
            )
        )  # fmt: skip
    return made


def draft(
    session: Session, elder_id: int, terms: Sequence[LineTerms], *, starts: date, most_self_pay_cents: int, seen: int,
    by: str, now: datetime,
) -> CarePlan:  # fmt: skip
    """Keep what was edited as the elder's draft. `seen` is the version of the draft it was made from, 0 for none."""
    elder = _served(session, elder_id)
    if not terms:
        raise NothingPlanned("Put at least one line into the plan.")
    session.execute(select(Elder.id).where(Elder.id == elder_id).with_for_update())
    plan = queries.plan_in(session, elder_id, PlanState.DRAFT, lock=True)
    if (plan.version if plan else 0) != seen:
        raise DraftChanged("Somebody has changed this plan; look again.")
    made = lines(session, elder, terms)
    if plan is None:
        plan = CarePlan(
            district_id=elder.district_id, division_code=elder.division_code, elder_id=elder_id,
            n=queries.next_number(session, elder_id), state=PlanState.DRAFT, starts=starts,
            most_self_pay_cents=most_self_pay_cents, made_by=by, made_at=now,
        )  # fmt: skip
        session.add(plan)
        record(session, plan, "draft", None, plan.state, by=by, now=now, n=plan.n)
    for old in queries.lines_of(session, plan.id):
        session.delete(old)
    session.flush()
    plan.starts, plan.most_self_pay_cents, plan.made_by, plan.made_at = starts, most_self_pay_cents, by, now
    for line in made:
        line.plan_id = plan.id
    session.add_all(made)
    session.flush()
    return plan


def discard(session: Session, elder_id: int, *, by: str, now: datetime) -> None:
    """The draft is given up."""
    plan = queries.plan_in(session, elder_id, PlanState.DRAFT, lock=True)
    if plan is None:
        raise NotFound("There is no draft.")
    _move(session, plan, PlanEvent.DISCARD, by=by, now=now)


def agree(session: Session, elder_id: int, signed: Mapping[str, Any], *, seen: int, by: str, now: datetime) -> CarePlan:
    """The elder, or whoever acts for her, signs the draft: it replaces the plan in force and makes its orders.

    Days before its start stay with the plan it replaces; what that one ordered after is kept where the new one means
    the same and taken back where it does not.
    """
    _served(session, elder_id)
    held = queries.plan_in(session, elder_id, PlanState.AGREED, lock=True)
    plan = queries.plan_in(session, elder_id, PlanState.DRAFT, lock=True)
    if plan is None or plan.version != seen:
        raise DraftChanged("Somebody has changed this draft; look again.")
    plan.starts = max(plan.starts, calendar.day_of(now))
    if held is not None:
        generating.bring(session, held, until=plan.starts - timedelta(days=1), now=now)
        _move(session, held, PlanEvent.REPLACE, by=by, now=now, by_version=plan.n)
        session.flush()  # one agreed plan: the old one goes before the new one comes
    plan.signed, plan.signed_at = dict(signed), now
    _move(session, plan, PlanEvent.AGREE, by=by, now=now, n=plan.n)
    generating.make(session, plan.id, now=now)
    return plan


def end(session: Session, elder_id: int, *, by: str, now: datetime, reason: str) -> CarePlan:
    """No more orders; those to come are taken back."""
    plan = queries.plan_in(session, elder_id, PlanState.AGREED, lock=True)
    if plan is None:
        raise NotFound("There is no plan in force.")
    generating.take_back_all(session, plan, now=now)
    _move(session, plan, PlanEvent.END, by=by, now=now, reason=reason)
    return plan


def pause(
    session: Session, elder_id: int, first: date, last: date | None, reason: PauseReason, *, by: str, now: datetime
) -> CarePlanPause:
    """Nobody is to come on these days: what the plan ordered for them is taken back, free of charge."""
    elder = people.get(session, elder_id)
    session.execute(select(Elder.id).where(Elder.id == elder_id).with_for_update())
    if any(last is None or other.first <= last for other in queries.pauses(session, elder_id, since=first)):
        raise PauseOverlaps("There is a pause on those days already; end that one first.")
    made = CarePlanPause(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder_id, first=first, last=last,
        reason=reason, made_by=by, made_at=now,
    )  # fmt: skip
    session.add(made)
    record(session, made, "pause", None, "paused", by=by, now=now, reason=reason, first=str(first), last=str(last))
    _follow(session, elder_id, now=now)
    return made


def resume(session: Session, elder_id: int, pause_id: int, last: date, *, by: str, now: datetime) -> CarePlanPause:
    """The pause ends with this day: what the plan means after it is ordered again. A day before its first: no pause."""
    people.get(session, elder_id)
    found = queries.pause(session, elder_id, pause_id)
    facts = {"was": str(found.last), "last": str(last)}
    record(session, found, "resume", "paused", "paused" if last >= found.first else "ended", by=by, now=now, **facts)
    if last < found.first:
        session.delete(found)
    else:
        found.last = last
    session.flush()
    _follow(session, elder_id, now=now)
    return found


def set_day(
    session: Session, district_id: int, day: date, kind: DayKind | None, name: str, *, by: str, now: datetime
) -> None:
    """A day is a holiday, a weekend worked, or (None) again what its weekday says. Plans follow within the night."""
    found = session.scalar(select(CalendarDay).where(CalendarDay.district_id == district_id, CalendarDay.day == day))
    if kind is None:
        if found is None:
            raise NotFound("There is nothing special about that day.")
        record(session, found, "clear", found.kind, None, by=by, now=now, day=str(day))
        session.delete(found)
        return
    before = found.kind if found else None
    if found is None:
        found = CalendarDay(district_id=district_id, day=day, kind=kind, name=name)
        session.add(found)
    found.kind, found.name = kind, name
    record(session, found, "set", before, kind, by=by, now=now, day=str(day), name=name)


def _follow(session: Session, elder_id: int, *, now: datetime) -> None:
    """The plan in force, if there is one, with what has just been changed."""
    session.flush()
    plan = queries.plan_in(session, elder_id, PlanState.AGREED, lock=True)
    if plan is not None:
        generating.make(session, plan.id, now=now)


def _served(session: Session, elder_id: int) -> Elder:
    elder = people.get(session, elder_id)
    if elder.ended_at is not None:
        raise Conflict("This elder is no longer served.")
    return elder


def _move(
    session: Session, plan: CarePlan, event: PlanEvent, *, by: str, now: datetime, reason: str | None = None,
    **facts: object,
) -> None:  # fmt: skip
    """The only place that changes a plan's state."""
    before, plan.state = plan.state, plan_after(plan.state, event)
    record(session, plan, event, before, plan.state, by=by, now=now, reason=reason, **facts)
