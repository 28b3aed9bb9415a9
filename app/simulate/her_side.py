"""What caregivers have told: a call for help of yesterday, incidents at visits, and visits they would rather swap."""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.tables import User
from app.alarms import actions, hers
from app.alarms.rules import Verdict
from app.calls.rules import Result, Target
from app.db import transaction
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Home
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.visits import proof
from app.visits.incident_rules import IncidentEvent, IncidentKind
from app.visits.proof_tables import Incident
from app.visits.rules import EventKind, Outcome
from app.visits.tables import EventOutcome, VisitEvent
from app.workers import actions as workers
from app.workers.rules import SwapState

DESK: Final = "韩雪 (hanxue)"
TOLD: Final[tuple[tuple[IncidentKind, str, IncidentEvent | None, str | None], ...]] = (
    (IncidentKind.SKIN, "左脚跟压红一块，按压不褪色，已垫高", None, None),
    (IncidentKind.UNSAFE, "厨房插座发热、有焦味，已关闸", IncidentEvent.TAKE, None),
    (IncidentKind.FALL, "扶着起身时腿软坐到地上，没有受伤", IncidentEvent.CLOSE, "已告知家属，下次安排两人上门"),
)
SWAPS: Final = ("那天下午要接孩子，能帮我去吗？", "那个时段我要去复查", "家里有事，换一下行吗？")
SOON: Final = timedelta(hours=3)


def tell(rng: random.Random, district_id: int, *, now: datetime) -> None:
    """Everything; a small district has what its visits allow."""
    with transaction() as session:
        given = _given(session, district_id)
        if given:
            _called(session, district_id, *given[-1], now=now)
        for (visit, attendance), told in zip(given, TOLD, strict=False):
            _incident(session, rng, visit, attendance, *told, now=now)
        _swaps(session, district_id, now=now)
        session.info.pop("notices", None)


def finished(session: Session, district_id: int, limit: int) -> list[tuple[Visit, Attendance]]:
    """The last verified visits of one caregiver each, newest first."""
    rows = session.execute(
        select(Visit, Attendance)
        .join(Attendance, Attendance.visit_id == Visit.id)
        .where(Visit.district_id == district_id, Visit.state == VisitState.VERIFIED, Visit.caregivers_needed == 1)
        .where(Attendance.state == AttendanceState.FINISHED, Attendance.finished_at.is_not(None))
        .order_by(Visit.opens.desc(), Visit.id)
        .limit(limit)
    )
    return [(visit, attendance) for visit, attendance in rows]


def _given(session: Session, district_id: int) -> Sequence[tuple[Visit, Attendance]]:
    """Of the last visits, each of another elder."""
    chosen: dict[int, tuple[Visit, Attendance]] = {}
    for visit, attendance in finished(session, district_id, 60):
        chosen.setdefault(visit.elder_id, (visit, attendance))
    return list(chosen.values())[: len(TOLD) + 1]


def _called(session: Session, district_id: int, visit: Visit, attendance: Attendance, *, now: datetime) -> None:
    """A dog in the yard kept her in: she held the button, the desk called her, and she came out well."""
    user = session.scalars(select(User).where(User.district_id == district_id, User.login == "sunlei")).one()
    me = Caller(user.id, user.login, user.name, user.role, district_id, "", user.area, None, None, "")
    assert attendance.finished_at is not None
    caregiver, home = session.get_one(Caregiver, attendance.caregiver_id), session.get_one(Home, visit.home_id)
    at = min(attendance.finished_at, now - timedelta(hours=1))
    place = {**home.place, "accuracy_m": 15.0, "source": "phone"}
    alarm = hers.call(session, caregiver, hers.Why.BUTTON, by=caregiver.name, now=at, place=place)
    actions.claim(session, alarm.id, me=me, now=at + timedelta(seconds=9))
    hers.says(session, caregiver, hers.SosWord.CANNOT_TALK, now=at + timedelta(seconds=20))
    actions.call(
        session, alarm.id, target=Target.WORKER, result=Result.SAFE, note="院里有狗追，已躲进屋，邻居把狗牵走了", me=me,
        now=at + timedelta(minutes=4),
    )  # fmt: skip
    actions.close(
        session, alarm.id, Verdict.REAL, me=me, now=at + timedelta(minutes=6), note="已请社区提醒养狗人家拴绳"
    )


def _incident(
    session: Session, rng: random.Random, visit: Visit, attendance: Attendance, kind: IncidentKind, words: str,
    event: IncidentEvent | None, answer: str | None, *, now: datetime,
) -> None:  # fmt: skip
    assert attendance.finished_at is not None
    at = attendance.finished_at - timedelta(minutes=5)
    raw = VisitEvent(
        district_id=visit.district_id, division_code=visit.division_code, provider_id=attendance.provider_id,
        event_id=uuid.UUID(int=rng.getrandbits(128), version=4), kind=EventKind.INCIDENT,
        caregiver_id=attendance.caregiver_id, attendance_id=attendance.id, visit_id=visit.id, seq=60, device_at=at,
        offset_ms=rng.randint(200, 3000), received_at=at, happened_at=at, data={"kind": kind, "note": words},
    )  # fmt: skip
    outcome = EventOutcome(
        district_id=visit.district_id, event_id=raw.event_id, attendance_id=attendance.id, outcome=Outcome.ACCEPTED,
        at=at,
    )  # fmt: skip
    session.add_all([raw, outcome])
    session.flush()
    proof.take(session, raw, attendance, visit, now=at)
    if event is not None:
        incident = session.scalars(select(Incident).where(Incident.event_id == raw.event_id)).one()
        proof.move(session, incident.id, event, by=DESK, now=at + timedelta(minutes=20), answer=answer)


def _swaps(session: Session, district_id: int, *, now: datetime) -> None:
    """Of the last visits of today: one is asked, one was refused, and of one a rule waits for the dispatcher."""
    _, ends = calendar.day_bounds(calendar.day_of(now))
    later = session.scalars(
        select(Attendance)
        .join(Visit, Visit.id == Attendance.visit_id)
        .where(Attendance.district_id == district_id, Attendance.state == AttendanceState.ASSIGNED)
        .where(Attendance.starts_at > now + SOON, Attendance.starts_at < ends, ~Attendance.urgent)
        .where(Visit.caregivers_needed == 1)
        .order_by(Attendance.starts_at.desc(), Attendance.id.desc())
        .limit(len(SWAPS))
    ).all()
    for n, (attendance, words) in enumerate(zip(later, SWAPS, strict=False)):
        for colleague in _colleagues(session, attendance):
            if _swap(session, attendance, colleague, n, words, now=now):
                break


def _colleagues(session: Session, attendance: Attendance) -> Sequence[Caregiver]:
    return session.scalars(
        select(Caregiver)
        .where(Caregiver.provider_id == attendance.provider_id, Caregiver.ended_at.is_(None))
        .where(Caregiver.id != attendance.caregiver_id)
        .order_by(Caregiver.id)
        .limit(6)
    ).all()


def _swap(session: Session, attendance: Attendance, to: Caregiver, n: int, words: str, *, now: datetime) -> bool:
    """Whether it came to what the story wants of it; what would move today's plan at once is taken back."""
    me = session.get_one(Caregiver, attendance.caregiver_id)
    story = session.begin_nested()
    at = now - timedelta(minutes=40)
    swap = workers.ask(session, attendance.id, me.id, to.id, words=words, by=me.name, now=at)
    if n:
        later = at + timedelta(minutes=12)
        workers.answer(session, swap.id, to.id, agree=n == 1, by=to.name, now=later)
    right = n != 1 or swap.state is SwapState.AGREED
    story.commit() if right else story.rollback()
    return right
