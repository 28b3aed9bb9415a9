"""Giving a visit to a colleague, calling in sick, and setting rates and limits. `_move` alone changes a swap."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.tables import User
from app.db import notice
from app.errors import Conflict, NotFound
from app.history import record
from app.messages import actions as messages
from app.messages import phones
from app.messages.rules import Channel, Kind
from app.people.tables import Absence, Caregiver
from app.planning import by_hand
from app.planning import queries as planning
from app.planning.rules import AttendanceState
from app.workers import queries
from app.workers.rules import DRAFT, OPEN, DraftOpen, NotToSwap, SwapEvent, SwapState, after
from app.workers.tables import LabourLimit, PayRate, Swap

ANSWER: timedelta = timedelta(hours=12)
BEFORE: timedelta = timedelta(minutes=90)  # so long before it starts the office must know who goes
SICK = "sick"
GIVES = (AttendanceState.ASSIGNED, AttendanceState.ACCEPTED)


def ask(session: Session, attendance_id: int, from_id: int, to_id: int, *, words: str, by: str, now: datetime) -> Swap:
    """Ask a colleague of the same provider to take a visit; raises NotToSwap, NotFound."""
    attendance = planning.attendance(session, attendance_id, lock=True)
    colleague, me = session.get(Caregiver, to_id), session.get_one(Caregiver, from_id)
    if attendance.caregiver_id != from_id:
        raise NotFound("There is no such visit of yours.")
    if colleague is None or colleague.ended_at or colleague.provider_id != me.provider_id or to_id == from_id:
        raise NotFound("There is no such colleague.")
    answer_by = min(now + ANSWER, attendance.starts_at - BEFORE)
    if attendance.state not in GIVES or attendance.urgent or answer_by <= now:
        raise NotToSwap("It starts too soon, or has begun; call the office.")
    if session.scalar(select(Swap.id).where(Swap.attendance_id == attendance_id, Swap.state.in_(OPEN))):
        raise NotToSwap("A colleague has been asked already.")
    swap = Swap(
        district_id=attendance.district_id, division_code=attendance.division_code, visit_id=attendance.visit_id,
        attendance_id=attendance_id,
        provider_id=me.provider_id, from_id=from_id, to_id=to_id, starts_at=attendance.starts_at, words=words,
        asked_at=now, answer_by=answer_by, against=[],
    )  # fmt: skip
    session.add(swap)
    session.flush()
    record(session, swap, "ask", None, swap.state, by=by, now=now, to=colleague.name)
    _tell(session, colleague, swap, "同事想和您换班，请在手机上答复", now=now)
    return swap


def answer(session: Session, swap_id: int, caregiver_id: int, *, agree: bool, by: str, now: datetime) -> Swap:
    """The colleague's word. Where no rule stands against it the visit is hers at once; else the dispatcher decides."""
    swap = queries.swap(session, swap_id)
    planning.lock_day(session, swap.district_id, calendar.day_of(swap.starts_at))
    swap = queries.swap(session, swap_id, lock=True)
    if swap.to_id != caregiver_id:
        raise NotFound("There is no such swap.")
    swap.answered_at = now
    if not agree:
        _end(session, swap, SwapEvent.REFUSE, by=by, now=now)
        return swap
    _move(session, swap, SwapEvent.AGREE, by=by, now=now)
    crew = _crew(session, swap)
    if crew is None:
        _end(session, swap, SwapEvent.LAPSE, by=by, now=now)
        return swap
    trial = by_hand.try_move(session, swap.visit_id, caregiver_ids=crew, starts_at=swap.starts_at)
    swap.against = sorted({fault.rule for fault in trial.faults})
    if trial.draft is not None:
        swap.against.append(DRAFT)
    if not swap.against:
        confirm(session, swap_id, accept=(), by="platform", now=now)
    else:
        notice(session, swap.district_id, "swaps")
    return swap


def confirm(session: Session, swap_id: int, *, accept: Iterable[str], by: str, now: datetime) -> Swap:
    """Do it; rules that stand against it must be accepted by name, as for every move by hand."""
    swap = queries.swap(session, swap_id, lock=True)
    after(swap.state, SwapEvent.CONFIRM)
    crew = _crew(session, swap)
    if crew is None:
        raise Conflict("The visit is not as it was when they agreed.")
    rules = [rule for rule in accept if rule != DRAFT]
    by_hand.move_by_hand(
        session, swap.visit_id, caregiver_ids=crew, starts_at=swap.starts_at, accept=rules, by=by, now=now
    )
    session.flush()
    if swap.to_id not in {one.caregiver_id for one in planning.attendances(session, swap.visit_id, active=True)}:
        raise DraftOpen("A draft of that day is open: publish or discard it first, for a draft tells nobody.")
    _end(session, swap, SwapEvent.CONFIRM, by=by, now=now)
    return swap


def refuse(session: Session, swap_id: int, *, by: str, now: datetime) -> Swap:
    """By the dispatcher."""
    swap = queries.swap(session, swap_id, lock=True)
    _end(session, swap, SwapEvent.REFUSE, by=by, now=now)
    return swap


def withdraw(session: Session, swap_id: int, caregiver_id: int, *, by: str, now: datetime) -> Swap:
    """She goes herself after all."""
    swap = queries.swap(session, swap_id, lock=True)
    if swap.from_id != caregiver_id:
        raise NotFound("There is no such swap.")
    _end(session, swap, SwapEvent.WITHDRAW, by=by, now=now)
    return swap


def lapse(session: Session, swap_id: int, *, now: datetime) -> None:
    """Nobody answered in time; for the clock."""
    swap = queries.swap(session, swap_id, lock=True)
    if swap.state in OPEN:
        _end(session, swap, SwapEvent.LAPSE, by="clock", now=now)


def _crew(session: Session, swap: Swap) -> list[int] | None:
    """Who goes with the colleague in her place; None where the visit is not as it was."""
    active = planning.attendances(session, swap.visit_id, active=True)
    mine = next((one for one in active if one.id == swap.attendance_id), None)
    if mine is None or mine.state not in GIVES or mine.starts_at != swap.starts_at:
        return None
    return [swap.to_id if one.id == swap.attendance_id else one.caregiver_id for one in active]


def _move(session: Session, swap: Swap, event: SwapEvent, *, by: str, now: datetime) -> None:
    before, swap.state = swap.state, after(swap.state, event)
    record(session, swap, event, before, swap.state, by=by, now=now)


def _end(session: Session, swap: Swap, event: SwapEvent, *, by: str, now: datetime) -> None:
    _move(session, swap, event, by=by, now=now)
    swap.decided_at, swap.decided_by = now, by
    notice(session, swap.district_id, "swaps")
    words = "换班已办好" if swap.state is SwapState.DONE else "换班没有办成，请按原安排"
    if event is not SwapEvent.WITHDRAW:
        _tell(session, session.get_one(Caregiver, swap.from_id), swap, words, now=now)


def _tell(session: Session, whom: Caregiver, swap: Swap, words: str, *, now: datetime) -> None:
    user_id = session.scalar(select(User.id).where(User.caregiver_id == whom.id, User.ended_at.is_(None)))
    key, about = f"swap-{swap.id}-{swap.state}", f"swaps/{swap.id}"
    rung = phones.ring(
        session, user_id, Kind.VISIT, district_id=whom.district_id, division_code=whom.division_code, key=key,
        about=about, to_whom=whom.name, now=now,
    )  # fmt: skip
    if not rung:
        messages.say(
            session, kind=Kind.NOTICE, values={"what": words}, district_id=whom.district_id,
            division_code=whom.division_code, key=key, channel=Channel.SMS, to=whom.phone,
            to_whom=f"{whom.name}（护理员）", about=about, now=now,
        )  # fmt: skip


def absent(session: Session, caregiver_id: int, first: date, last: date, *, by: str, now: datetime) -> Absence:
    """She is ill: nobody plans her for these days; told twice it is one absence."""
    known = select(Absence).where(
        Absence.caregiver_id == caregiver_id, Absence.first <= first, Absence.last >= last, Absence.reason == SICK
    )
    if (found := session.scalar(known.limit(1))) is not None:
        return found
    caregiver = session.get_one(Caregiver, caregiver_id)
    found = Absence(district_id=caregiver.district_id, caregiver_id=caregiver_id, first=first, last=last, reason=SICK)
    session.add(found)
    record(session, caregiver, "absent", None, None, by=by, now=now, reason=SICK, first=str(first), last=str(last))
    notice(session, caregiver.district_id, f"board/{first}")
    return found


def set_limits(session: Session, limit: LabourLimit) -> LabourLimit:
    """From its day on; what was in force before stays on record."""
    session.add(limit)
    session.flush()
    record(session, limit, "set", None, None, by=limit.by, now=limit.at, starts=str(limit.starts))
    return limit


def set_rate(session: Session, rate: PayRate) -> PayRate:
    """From its day on; what was in force before stays on record."""
    session.add(rate)
    session.flush()
    record(session, rate, "set", None, None, by=rate.by, now=rate.at, starts=str(rate.starts))
    return rate
