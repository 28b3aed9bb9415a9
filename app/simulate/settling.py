"""A month that was settled: contracts in force, one provider paid, the other in dispute, and a caregiver's appeal."""

from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.rules import Role
from app.access.tables import User
from app.db import transaction
from app.errors import CareError
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Caregiver, Contract, Provider
from app.planning.tables import Attendance
from app.settlement import actions, drawing, queries
from app.settlement.rules import Event, SampleState
from app.settlement.tables import Statement
from app.visits import appeals
from app.visits.rules import Flaw

DEDUCTIONS: Final[list[dict[str, Any]]] = [
    {"rule": "short_visits", "percent": 20, "cap_percent": 3},
    {"rule": "missed_visits", "threshold_percent": 2, "percent": 2},
    {"rule": "appraisal", "bands": [[80, 0], [70, 5], [0, 10]]},
]
SAID: Final = ("护理员当天做满了时间，老人和女儿都在场，请核对。", "手机当时没有信号，签退补传晚了，服务已经做完。")
WORDS: Final = "奶奶说头晕要先休息，让我提前走的，她女儿在电话里也同意了。"


def last_month(district_id: int, *, now: datetime) -> None:
    """Settle the month before through the same doors as everybody."""
    month = calendar.month_of(calendar.month_bounds(calendar.month_of(now))[0] - timedelta(days=1))
    with transaction() as session:
        first, second = (_caller(user) for user in _users(session, district_id, Role.SUPERVISOR)[:2])
        for contract in session.scalars(select(Contract).where(Contract.district_id == district_id)).all():
            _terms(session, contract, first, second, month, now=now)
        session.info.pop("notices", None)
    providers = []
    for provider_id in _providers(district_id):
        with transaction() as session:
            statement = drawing.draw(session, provider_id, month, by=first.by, now=now - timedelta(days=6))
            providers.append((provider_id, statement.id, statement.lines))
            session.info.pop("notices", None)
    settled = [one for one in providers if one[2]]
    with transaction() as session:
        for number, (provider_id, statement_id, _) in enumerate(settled):
            manager = _manager(session, provider_id)
            _called_back(session, statement_id, whole=not number, by=first.by, now=now - timedelta(days=5))
            actions.move(session, statement_id, Event.ISSUE, me=first, now=now - timedelta(days=4))
            if number:
                _disputed(session, statement_id, manager, now=now - timedelta(days=1))
                continue
            for me, event, days in (
                (manager, Event.AGREE, 3), (first, Event.CHECK, 3), (second, Event.APPROVE, 2), (second, Event.LOCK, 2),
            ):  # fmt: skip
                actions.move(session, statement_id, event, me=me, now=now - timedelta(days=days))
        session.info.pop("notices", None)
    with transaction() as session:
        _appeal(session, district_id, now=now)
        session.info.pop("notices", None)


def _users(session: Session, district_id: int, role: Role) -> list[User]:
    found = select(User).where(User.district_id == district_id, User.role == role).order_by(User.id)
    return list(session.scalars(found))


def _caller(user: User) -> Caller:
    return Caller(
        user.id, user.login, user.name, user.role, user.district_id, "", user.area, user.provider_id,
        user.caregiver_id, "",
    )  # fmt: skip


def _providers(district_id: int) -> list[int]:
    with transaction() as session:
        found = select(Provider.id).where(Provider.district_id == district_id)
        return list(session.scalars(found.order_by(Provider.id)))


def _manager(session: Session, provider_id: int) -> Caller:
    found = select(User).where(User.provider_id == provider_id, User.role == Role.MANAGER)
    return _caller(session.scalars(found.limit(1)).one())


def _terms(session: Session, contract: Contract, first: Caller, second: Caller, month: date, *, now: datetime) -> None:
    said = {
        "starts": min(contract.starts, month), "sampling_percent": 5, "answer_days": 7, "deductions": DEDUCTIONS,
        "prices": [
            {"item": "CLEAN", "unit": "hour", "cents": 38_00}, {"item": "BATH", "unit": "visit", "cents": 98_00},
        ],
        "least_minutes": {"CLEAN": 60, "BATH": 45},
        "least_visits": {"visits": 2, "minutes": 25, "cents": 20_00},
        "note": "每人每月不少于2次，每次不少于25分钟；抽查回访后付款。",
    }  # fmt: skip
    made = now - timedelta(days=40)
    row = actions.propose(session, contract.id, said, by=first.by, now=made)
    actions.move_terms(session, row.id, Event.CHECK, me=first, now=made)
    actions.move_terms(session, row.id, Event.APPROVE, me=second, now=made + timedelta(days=1))


def _called_back(session: Session, statement_id: int, *, whole: bool, by: str, now: datetime) -> None:
    """All who were drawn, or half of them: the others wait for the hotline."""
    for number, (sample, *_) in enumerate(queries.samples(session, session.get_one(Statement, statement_id))):
        if not whole and number % 2 == 0:
            continue
        state = SampleState.UNREACHED if number % 6 == 5 else SampleState.CONFIRMED
        note = "两次无人接听" if state is SampleState.UNREACHED else "老人说来过，满意"
        actions.call_back(session, statement_id, sample.visit_id, state=state, note=note, by=by, now=now)


def _disputed(session: Session, statement_id: int, manager: Caller, *, now: datetime) -> None:
    found = session.get_one(Statement, statement_id)
    about = [row[0].visit_id for row in queries.withheld(session, found)[:1]]
    attended = [row[0].visit_id for row in queries.lines(session, found) if row[0].minutes is not None]
    about += attended[: 2 - len(about)]
    for visit_id, words in zip(about, SAID, strict=False):
        actions.dispute(session, statement_id, visit_id=visit_id, rule=None, words=words, by=manager.by, now=now)


def _appeal(session: Session, district_id: int, *, now: datetime) -> None:
    """About the youngest visit held for its length (or else for anything) whose caregiver may still appeal."""
    rows = session.execute(
        select(Attendance, Caregiver.name)
        .join(Visit, Visit.id == Attendance.visit_id)
        .join(Caregiver, Caregiver.id == Attendance.caregiver_id)
        .where(Visit.district_id == district_id, Visit.state == VisitState.HELD)
        .order_by(Visit.reason != Flaw.TOO_SHORT, Visit.opens.desc(), Attendance.id)
        .limit(20)
    ).all()
    for attendance, name in rows:
        try:
            appeals.raise_one(session, attendance.id, attendance.caregiver_id, words=WORDS, by=name, now=now)
        except CareError:
            continue
        return
