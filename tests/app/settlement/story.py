"""A provider's month: visits that were reserved, done and verified, and the people who settle it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.access.rules import Role
from app.db import transaction
from app.funding import actions as funding
from app.funding import queries as balances
from app.funding.rules import split
from app.orders import actions as orders
from app.orders.rules import VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Contract, Elder, Provider
from app.planning.rules import AttendanceState
from app.settlement import actions, drawing
from app.settlement.rules import Event
from app.settlement.tables import ContractTerms, Statement
from tests.cast import (
    DISTRICT,
    TEN,
    a_caregiver,
    a_provider,
    a_user,
    a_visit,
    an_attendance,
    an_elder,
    an_entitlement,
    an_item,
    an_order,
)

NOVEMBER, DECEMBER = date(2026, 11, 1), date(2026, 12, 1)
THEN = datetime(2026, 12, 3, 2, tzinfo=UTC)  # in December
LATER = THEN + timedelta(days=30)


def a_done_visit(
    session: Session, elder: Elder, *, at: datetime = TEN, cents: int = 10_000, minutes: int = 60,
    provider: Provider | None = None, verified: bool = True,
) -> Visit:  # fmt: skip
    """A bath that was reserved from what the elder has and given; verified unless it is to be held."""
    provider = provider or session.query(Provider).first() or a_provider(session)
    month = calendar.month_of(at)
    an_entitlement(session, elder, month=month)
    order = an_order(session, elder=elder, item=an_item(session), price_cents=cents, self_pay_cents=cents)
    paid = split(cents, "bathing", balances.sources(session, elder.id, [month]).get(month, []))
    visit = a_visit(
        session, order=order, state=VisitState.HELD, opens=at, starts_at=at, provider_id=provider.id,
        allowance_cents=paid.allowance_cents, self_pay_cents=paid.self_pay_cents,
    )  # fmt: skip
    caregiver = a_caregiver(session, provider=provider)
    an_attendance(
        session, visit, caregiver, state=AttendanceState.FINISHED, started_at=at,
        finished_at=at + timedelta(minutes=minutes),
    )  # fmt: skip
    funding.reserve_for(session, visit, paid, by="test", now=at)
    if verified:
        verify(session, visit)
    return visit


def verify(session: Session, visit: Visit) -> None:
    """A person found that it counts."""
    orders.move_visit(session, visit, VisitEvent.VERIFY, by="test", now=TEN + timedelta(hours=3))


def reject(session: Session, visit: Visit) -> None:
    """A person found that it does not."""
    orders.move_visit(session, visit, VisitEvent.REJECT, by="test", now=THEN, reason="nobody came")


def a_contract(session: Session, provider: Provider, **said: Any) -> ContractTerms:
    """A contract whose terms two supervisors have put in force."""
    contract = Contract(
        district_id=DISTRICT, provider_id=provider.id, number="HK-1", areas=["370503"], aids=["bathing"],
        starts=date(2026, 1, 1), ends=date(2027, 12, 31),
    )  # fmt: skip
    session.add(contract)
    session.flush()
    values = {"starts": date(2026, 1, 1), "sampling_percent": 0} | said
    terms = actions.propose(session, contract.id, values, by="test", now=TEN)
    actions.move_terms(session, terms.id, Event.CHECK, me=somebody(session), now=TEN)
    return actions.move_terms(session, terms.id, Event.APPROVE, me=somebody(session), now=TEN)


def somebody(session: Session, role: Role = Role.SUPERVISOR, provider_id: int | None = None) -> Caller:
    """Somebody new with this role."""
    user = a_user(session, role, provider_id=provider_id)
    return Caller(user.id, user.login, user.name, role, DISTRICT, "河口区", "", provider_id, None, "")


def drawn(provider_id: int, month: date = NOVEMBER, *, now: datetime = THEN) -> Statement:
    """The provider's month, drawn up."""
    with transaction() as session:
        return drawing.draw(session, provider_id, month, by="test", now=now)


def locked(provider_id: int, month: date = NOVEMBER) -> Statement:
    """The provider's month, all the way to its end."""
    with transaction() as session:
        found = drawing.draw(session, provider_id, month, by="test", now=THEN)
        first, second = somebody(session), somebody(session)
        manager = somebody(session, Role.MANAGER, provider_id)
        for me, event in (
            (first, Event.ISSUE), (manager, Event.AGREE), (first, Event.CHECK), (second, Event.APPROVE),
            (second, Event.LOCK),
        ):  # fmt: skip
            actions.move(session, found.id, event, me=me, now=THEN)
    return found


def a_month(count: int = 3, **given: Any) -> tuple[int, list[int]]:
    """A provider and so many verified visits of November, each of an elder of her own."""
    with transaction() as session:
        provider = a_provider(session)
        visits = [
            a_done_visit(session, an_elder(session), at=TEN + timedelta(hours=2 * n), provider=provider, **given)
            for n in range(count)
        ]
        return provider.id, [visit.id for visit in visits]
