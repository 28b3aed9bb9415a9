"""Telling of an event, its end, taking it back: plans, orders and money follow, each by its own use case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.rules import Given
from app.errors import Conflict, NotFound
from app.funding import actions as funding
from app.funding import programs
from app.funding.terms import Person
from app.history import record
from app.orders import actions as orders
from app.orders.rules import CANCELLABLE, VISIT_ENDED, VisitEvent, VisitState
from app.orders.tables import Visit
from app.people import life_queries as life
from app.people.life_rules import ENDING, AlreadyTold, Away, LifeKind, LifeSource, check_days
from app.people.life_tables import LifeEvent
from app.people.tables import Elder
from app.planning import actions as planning

MONTHS_BACK = 12  # what is older is settled


@dataclass(frozen=True)
class Lifted:
    """What an event stopped. `left` goes on and waits for a human; `doubtful` counted though she was not there."""

    event: LifeEvent
    cancelled: Sequence[Visit]
    left: Sequence[Visit]
    doubtful: Sequence[Visit]
    released_cents: int
    budget_cents: int  # back to the programmes; negative: given again


def tell(
    session: Session,
    elder_id: int,
    *,
    kind: LifeKind,
    starts: date,
    ends: date | None,
    source: LifeSource,
    note: str | None,
    by: str,
    now: datetime,
) -> Lifted:
    """Somebody died, moved away, is in hospital or in an institution: from that day nobody comes and nobody pays."""
    check_days(kind, starts, ends, today=calendar.day_of(now))
    elder = _locked(session, elder_id)
    if any(event.kind is kind and (kind in ENDING or event.starts == starts) for event in life.away(session, elder.id)):
        raise AlreadyTold("This is on record already.", kind=kind)
    before = _persons(session, elder, starts, now=now)
    event = LifeEvent(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, kind=kind, starts=starts,
        ends=ends, source=source, note=note, told_by=by, told_at=now,
    )  # fmt: skip
    session.add(event)
    record(session, event, "tell", None, kind, by=by, now=now, starts=str(starts), ends=str(ends) if ends else None)
    if kind in ENDING:
        elder.ended_at, elder.ended_reason = now, kind
        record(session, elder, "end", None, kind, by=by, now=now, life_event_id=event.id)
    set_away(session, elder, today=calendar.day_of(now))
    session.flush()
    return _stop(session, elder, event, before, by=by, now=now)


def end(session: Session, event_id: int, *, ends: date, by: str, now: datetime) -> Lifted:
    """She is home again (or will be): the days after are served and paid; what was cancelled must be booked anew."""
    event, elder, before = _opened(session, event_id, now=now)
    check_days(event.kind, event.starts, ends, today=calendar.day_of(now))
    was, event.ends = event.ends, ends
    record(session, event, "end", str(was) if was else None, str(ends), by=by, now=now)
    set_away(session, elder, today=calendar.day_of(now))
    session.flush()
    return _stop(session, elder, event, before, by=by, now=now)


def undo(session: Session, event_id: int, *, by: str, now: datetime, reason: str) -> Lifted:
    """It was a mistake: she is served again and the money taken for it comes back; cancelled visits stay cancelled."""
    event, elder, _ = _opened(session, event_id, now=now)
    event.undone_by, event.undone_at, event.undone_reason = by, now, reason
    record(session, event, "undo", event.kind, None, by=by, now=now, reason=reason)
    if event.kind in ENDING:
        elder.ended_at = elder.ended_reason = None
        record(session, elder, "serve_again", event.kind, None, by=by, now=now, reason=reason, life_event_id=event.id)
    set_away(session, elder, today=calendar.day_of(now))
    session.flush()
    why = f"{reason_of(event)} was a mistake"
    cents = funding.give_again(session, elder, taken_for=reason_of(event), by=by, now=now, reason=why)
    funding.grant_to(session, elder, calendar.month_of(now), by=by, now=now)
    cents += funding.mend_ahead(session, elder, by=by, now=now, reason=why)
    return Lifted(event, [], [], [], 0, -cents)


def refund(session: Session, event_id: int, *, by: str, now: datetime) -> Lifted:
    """Visits that counted on days on which nobody can have been visited: their money goes back, with the reason."""
    event = life.get(session, event_id, lock=True)
    if event.undone_at is not None:
        raise Conflict("This event was taken back.")
    doubtful = [visit for visit in _visits(session, event) if _doubtful(visit, event)]
    for visit in doubtful:
        orders.move_visit(session, visit, VisitEvent.REJECT, by=by, now=now, reason=reason_of(event))
    record(session, event, "refund", None, None, by=by, now=now, visits=[visit.id for visit in doubtful])
    elder = _locked(session, event.elder_id)
    cents = 0
    for month in _months(event.starts, now=now):
        after = programs.person(session, elder, month)
        whole = Person(**(vars(after) | {"away": [one for one in after.away if one != _away(event)]}))
        cents -= funding.mend_begun(session, elder, month, whole, after, by=by, now=now, reason=reason_of(event))
    return Lifted(event, [], [], doubtful, sum(visit.allowance_cents for visit in doubtful), cents)


def reason_of(event: LifeEvent) -> str:
    """How the ledger and the visits name it."""
    return f"life event {event.id}: {event.kind} on {event.starts}"


def set_away(session: Session, elder: Elder, *, today: date) -> None:
    """Where she is today, for every screen that asks whether she is at home."""
    stays = [event for event in life.away(session, elder.id) if event.kind not in ENDING]
    there = [e for e in stays if e.starts <= today and (e.ends is None or today < e.ends)]
    if there or elder.away in (LifeKind.HOSPITAL, LifeKind.INSTITUTION):
        elder.away = there[-1].kind if there else None


def follow_away(session: Session, elder_id: int, *, now: datetime) -> None:
    """The clock's turn: a stay has begun or ended today."""
    set_away(session, _locked(session, elder_id), today=calendar.day_of(now))


def to_follow(session: Session, *, now: datetime) -> Sequence[int]:
    """Elders whose stay began or ended in the last days and whose record does not say so yet."""
    today = calendar.day_of(now)
    rows = session.execute(
        select(Elder, LifeEvent.starts, LifeEvent.ends, LifeEvent.kind)
        .join(LifeEvent, LifeEvent.elder_id == Elder.id)
        .where(LifeEvent.kind.not_in(ENDING), LifeEvent.undone_at.is_(None), LifeEvent.starts <= today)
        .where((LifeEvent.ends.is_(None)) | (LifeEvent.ends >= today - timedelta(days=3)))
    ).all()
    return sorted({elder.id for elder, _, ends, kind in rows if (elder.away == kind) != (ends is None or today < ends)})


def _stop(
    session: Session, elder: Elder, event: LifeEvent, before: dict[date, Person], *, by: str, now: datetime
) -> Lifted:
    reason, away = reason_of(event), _away(event)
    cancelled, left, doubtful = list[Visit](), list[Visit](), list[Visit]()
    for visit in _visits(session, event):
        day = calendar.day_of(visit.opens)
        if visit.state in CANCELLABLE and (away.covers(day) or (day == event.starts and visit.opens > now)):
            cancelled.append(planning.cancel(session, visit.id, by=by, now=now, reason=reason, free_of_charge=True))
        elif visit.state not in VISIT_ENDED and away.covers(day):
            left.append(visit)
        elif _doubtful(visit, event):
            doubtful.append(visit)
    cents = 0
    for month, whole in before.items():
        after = programs.person(session, elder, month)
        cents -= funding.mend_begun(session, elder, month, whole, after, by=by, now=now, reason=reason)
    cents -= funding.mend_ahead(session, elder, by=by, now=now, reason=reason)
    released = sum(visit.allowance_cents for visit in cancelled)
    return Lifted(event, cancelled, left, doubtful, released, cents)


def _doubtful(visit: Visit, event: LifeEvent) -> bool:
    """It counted on a day after the first of the event: on the first day itself it may well have been before."""
    day = calendar.day_of(visit.opens)
    return visit.state is VisitState.VERIFIED and day > event.starts and _away(event).covers(day)


def _away(event: LifeEvent) -> Away:
    return Away(event.kind, event.starts, event.ends)


def _visits(session: Session, event: LifeEvent) -> Sequence[Visit]:
    """Of the elder from the first day of the event on, those not gone already, in the order of time."""
    first, _ = calendar.day_bounds(event.starts)
    return session.scalars(
        select(Visit)
        .where(Visit.elder_id == event.elder_id, Visit.opens >= first)
        .where(Visit.state.not_in([VisitState.CANCELLED, VisitState.NOT_DELIVERED]))
        .where(Visit.given != Given.RENTAL)  # an aid stays in the flat; its rental ends by terms of its own
        .order_by(Visit.opens, Visit.id)
    ).all()


def _persons(session: Session, elder: Elder, starts: date, *, now: datetime) -> dict[date, Person]:
    return {month: programs.person(session, elder, month) for month in _months(starts, now=now)}


def _months(starts: date, *, now: datetime) -> list[date]:
    """The months that have begun since a day, not farther back than is still open."""
    this_month = calendar.month_of(now)
    months, month = list[date](), starts.replace(day=1)
    while month <= this_month:
        months.append(month)
        month = calendar.next_month(month)
    return months[-MONTHS_BACK:]


def _opened(session: Session, event_id: int, *, now: datetime) -> tuple[LifeEvent, Elder, dict[date, Person]]:
    """The event and its elder, held; raises Conflict when it was taken back."""
    elder_id = life.get(session, event_id).elder_id
    elder = _locked(session, elder_id)
    event = life.get(session, event_id, lock=True)
    if event.undone_at is not None:
        raise Conflict("This event was taken back.")
    return event, elder, _persons(session, elder, event.starts, now=now)


def _locked(session: Session, elder_id: int) -> Elder:
    """The elder, held until the end: two who tell at the same time come one after the other."""
    found = session.get(Elder, elder_id, with_for_update=True, populate_existing=True)
    if found is None:
        raise NotFound("There is no such elder, or they live outside your area.")
    return found
