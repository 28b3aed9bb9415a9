"""Handing meals over, and what it means when one is not taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app import calendar
from app.access.rules import LEADS, Role
from app.alarms import hearing
from app.alarms.rules import AlarmKind
from app.errors import Conflict
from app.history import record
from app.meals import ordering, queries
from app.meals.ordering import MealWish, Taken
from app.meals.rules import (
    ConcernEvent,
    ConcernState,
    Finding,
    MealWay,
    NotTaken,
    NotToday,
    Receiver,
    concern_after,
)
from app.meals.tables import Concern, Menu, Portion
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.orders.rules import UNAGREED, Channel, Payer, VisitEvent, VisitState
from app.orders.tables import Visit
from app.people.tables import Elder

CLOCK = "clock"
LATEST = timedelta(minutes=30)  # after the counter has closed, nobody comes any more
UNSAID = timedelta(hours=26)  # after which a delivery nobody spoke of did not take place


def hand_over(
    session: Session, portion_id: int, receiver: Receiver, *, role: Role, by: str, now: datetime,
    at: datetime | None = None,
) -> Portion:  # fmt: skip
    """Somebody has her meal: it counts and is paid. On its day; the day after only a lead says so. `at`: if not now."""
    portion, menu, visit = _of(session, portion_id)
    at = at or now
    today = calendar.day_of(at)
    if not (today == menu.day or (today == menu.day + timedelta(days=1) and role in LEADS)):
        raise NotToday("A meal is handed over on its own day.", day=str(menu.day))
    orders.move_visit(session, visit, VisitEvent.HAND_OVER, by=by, now=now, receiver=receiver)
    orders.move_visit(session, visit, VisitEvent.VERIFY, by=by, now=now)
    portion.handed_at, portion.handed_by, portion.receiver = at, by, receiver
    record(session, portion, "hand_over", VisitState.WAITING, visit.state, by=by, now=now, receiver=receiver)
    return portion


def walk_in(
    session: Session, elder_id: int, dish_id: int, *, payer: Payer, role: Role, by: str, now: datetime
) -> Portion:
    """She stands at the counter without an order: ordered, eaten and paid at once, where something is left."""
    wish = MealWish(elder_id, [dish_id], MealWay.EAT_IN, payer)
    taken = Taken(by, role, now, channel=Channel.COMMUNITY, walk_in=True)
    (portion,) = ordering.book(session, wish, taken)
    return hand_over(session, portion.id, Receiver.ELDER, role=role, by=by, now=now)


def miss(
    session: Session, portion_id: int, why: NotTaken, *, by: str, now: datetime, at: datetime | None = None
) -> Portion:
    """The meal was not taken: its money is free again, and somebody must ask after her. `at`: if not now."""
    portion, menu, visit = _of(session, portion_id)
    at = at or now
    if calendar.day_of(at) < menu.day:
        raise NotToday("A meal that is not due cannot be missed; cancel it.", day=str(menu.day))
    orders.move_visit(session, visit, VisitEvent.FAIL, by=by, now=now, reason=why)
    record(session, portion, "miss", VisitState.WAITING, visit.state, by=by, now=now, reason=why)
    concern = Concern(
        district_id=portion.district_id, division_code=portion.division_code, provider_id=portion.provider_id,
        elder_id=portion.elder_id, portion_id=portion.id, why=why, state=ConcernState.OPEN, at=at, by=by,
        due_at=at + timedelta(minutes=menu.concern_minutes),
    )  # fmt: skip
    session.add(concern)
    record(session, concern, "open", None, concern.state, by=by, now=now, reason=why)
    return portion


def take_back(session: Session, portion_id: int, *, by: str, now: datetime, reason: str) -> Portion:
    """It was handed over to the wrong person, or not at all: the money goes back."""
    portion = queries.portion(session, portion_id)
    visit = order_queries.visit(session, portion.visit_id, lock=True)
    if visit.state is not VisitState.VERIFIED:
        raise Conflict("This meal was not handed over.", state=visit.state)
    orders.move_visit(session, visit, VisitEvent.REJECT, by=by, now=now, reason=reason)
    portion.handed_at = portion.handed_by = portion.receiver = None
    record(session, portion, "take_back", VisitState.VERIFIED, visit.state, by=by, now=now, reason=reason)
    return portion


def settle(session: Session, concern_id: int, finding: Finding, note: str | None, *, by: str, now: datetime) -> Concern:
    """Somebody has asked after her."""
    concern = queries.concern(session, concern_id, lock=True)
    before, concern.state = concern.state, concern_after(concern.state, ConcernEvent.SETTLE)
    concern.finding, concern.note, concern.settled_by, concern.settled_at = finding, note, by, now
    record(session, concern, ConcernEvent.SETTLE, before, concern.state, by=by, now=now, finding=finding)
    return concern


# -- the clock's turns -------------------------------------------------------------------------------------------------


def unasked(session: Session, *, now: datetime) -> Sequence[int]:
    """Concerns nobody has settled in time. A delivery nobody confirmed says nothing of the elder and rings nowhere."""
    return session.scalars(
        select(Concern.id)
        .where(Concern.state == ConcernState.OPEN, Concern.due_at <= now, Concern.why != NotTaken.NOT_CONFIRMED)
        .order_by(Concern.due_at)
    ).all()


def raise_alarm(session: Session, concern_id: int, *, now: datetime) -> None:
    """Nobody asked after her in time: the desk is rung as if a sensor had seen nobody. Bears repetition."""
    concern = queries.concern(session, concern_id, lock=True)
    if concern.state is not ConcernState.OPEN:
        return
    elder = session.get_one(Elder, concern.elder_id)
    before, concern.state = concern.state, concern_after(concern.state, ConcernEvent.RAISE)
    if elder.ended_at is None:
        who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
        press = hearing.Press(now, said={"meal": concern.why})
        concern.alarm_id = hearing.call_for_help(session, AlarmKind.INACTIVITY, who, press, by=CLOCK, now=now).id
    record(session, concern, ConcernEvent.RAISE, before, concern.state, by=CLOCK, now=now, alarm_id=concern.alarm_id)


def forgotten(session: Session, *, now: datetime) -> Sequence[int]:
    """Meals nobody came for, and deliveries nobody has spoken of since the day before."""
    return session.scalars(
        select(Portion.id)
        .join(Visit, Visit.id == Portion.visit_id)
        .join(Menu, Menu.id == Portion.menu_id)
        .where(Visit.state == VisitState.WAITING)
        .where(
            or_(
                and_(Portion.way == MealWay.EAT_IN, Menu.closes < now - LATEST),
                and_(Portion.way == MealWay.DELIVERY, Menu.delivery_till < now - UNSAID),
            )
        )
        .order_by(Portion.id)
    ).all()


def forget(session: Session, portion_id: int, *, now: datetime) -> None:
    """The clock's turn for one of them. Bears repetition."""
    portion = queries.portion(session, portion_id)
    visit = order_queries.visit(session, portion.visit_id, lock=True)
    if visit.state is VisitState.WAITING:
        why = NotTaken.NOT_COLLECTED if portion.way is MealWay.EAT_IN else NotTaken.NOT_CONFIRMED
        miss(session, portion_id, why, by=CLOCK, now=now)


def _of(session: Session, portion_id: int) -> tuple[Portion, Menu, Visit]:
    portion = queries.portion(session, portion_id)
    visit = order_queries.visit(session, portion.visit_id, lock=True)
    session.refresh(portion)
    if order_queries.get(session, visit.order_id).state in UNAGREED:
        raise Conflict("This order still waits for an approval.")
    return portion, queries.menu(session, portion.menu_id), visit
