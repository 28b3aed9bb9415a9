"""Meals over HTTP: what can be had, ordering, the kitchen's counts, the counter, what a meal not taken means."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Now, Reader, allowed
from app.access.queries import Caller
from app.access.rules import DESK, LEADS, PROVIDER, READERS, Role
from app.db import transaction
from app.errors import Unavailable
from app.idempotency import once
from app.meals import keeping, ordering, printing, queries, serving
from app.meals.menu_shapes import Because, MenuOut, Menus
from app.meals.ordering import MealWish, Taken
from app.meals.rules import ALLOWED, TAKERS, Diet, PortionEvent
from app.meals.shapes import (
    BookIn,
    CancelIn,
    ChangeIn,
    ConcernOut,
    Concerns,
    DietIn,
    DietOut,
    ElderMeals,
    HandOverIn,
    MenuCount,
    MissIn,
    People,
    PersonOut,
    PortionOut,
    QuoteIn,
    QuoteOut,
    RedirectIn,
    SettleIn,
    SwapIn,
    WalkIn,
)
from app.meals.tables import Menu
from app.orders.rules import Channel
from app.paper import NoFont
from app.people import queries as people
from app.people.tables import Elder
from app.vault import mask_name

router = APIRouter(prefix="/api/meals", tags=["meals"])
Eater = Annotated[Caller, allowed(READERS | PROVIDER)]
Taker = Annotated[Caller, allowed(TAKERS)]
Server = Annotated[Caller, allowed(ALLOWED[PortionEvent.HAND_OVER])]
Canceller = Annotated[Caller, allowed(ALLOWED[PortionEvent.CANCEL])]
Lead = Annotated[Caller, allowed(LEADS)]
Asker = Annotated[Caller, allowed(DESK | PROVIDER)]
AHEAD, BACK = timedelta(days=13), timedelta(days=14)
First = Annotated[date | None, Query(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


@router.get("/menus")
def menus(me: Eater, elder_id: int | None = None, first: First = None) -> Menus:
    """What can be ordered in the two weeks from a day (today) on; for an elder, with what speaks against each dish."""
    begins = first or calendar.day_of(datetime.now(UTC))
    with transaction(me.scope) as session:
        found = queries.open_menus(session, me.district_id, begins, begins + AHEAD)
        counts = queries.counts(session, found)
        diets, allergies = _diet(session, elder_id)
    return Menus(items=[MenuOut.of(menu, counts.get(menu.id, []), me, diets, allergies) for menu in found])


@router.get("/menus/{menu_id}")
def count(menu_id: int, me: Eater) -> MenuCount:
    """The kitchen's count as it is now, and every portion."""
    with transaction(me.scope) as session:
        return _count(session, queries.menu(session, menu_id), me, now=datetime.now(UTC))


@router.get("/menus/{menu_id}/kitchen.pdf", response_class=Response)
def kitchen_sheet(menu_id: int, me: Taker) -> Response:
    """What to cook, on paper."""
    with transaction(me.scope) as session:
        try:
            content = printing.kitchen_sheet(session, queries.menu(session, menu_id), now=datetime.now(UTC))
        except NoFont as missing:
            raise Unavailable(str(missing)) from None
    headers = {"Content-Disposition": f'inline; filename="kitchen-{menu_id}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


@router.get("/people")
def people_of(me: Taker, q: Annotated[str, Query(max_length=60)] = "") -> People:
    """Who stands at the counter or is on the line: by name, pinyin, card or telephone; nobody without a word."""
    with transaction(me.scope) as session:
        rows = people.search(session, q, limit=8) if q.strip() else []
    return People(items=[PersonOut(id=row.id, name=row.name, estate=row.estate) for row in rows])


@router.post("/quote")
def quote(wish: QuoteIn, me: Taker) -> QuoteOut:
    """What the meals would cost now, and who would pay."""
    with transaction(me.scope) as session:
        return QuoteOut.of(ordering.quoted(session, _wish(wish), now=datetime.now(UTC)))


@router.post("/portions", status_code=201)
def book(wish: BookIn, me: Taker, idempotency_key: Annotated[str | None, Header()] = None) -> ElderMeals:
    """Order meals: reserved and counted at once. 409 TooLate, Full, OrderedAlready, QuoteChanged …"""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:

        def do() -> ElderMeals:
            taken = Taken(
                me.by, me.role, now, channel=Channel.COMMUNITY if me.role is Role.MANAGER else Channel.HOTLINE,
                agent=wish.agent.model_dump() if wish.agent else None, note=wish.note, late_reason=wish.late_reason,
            )  # fmt: skip
            ordering.book(session, _wish(wish), taken, promise=(wish.allowance_cents, wish.self_pay_cents))
            return _of_elder(session, wish.elder_id, me, now=now)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=wish, now=now, do=do)
    return ElderMeals.model_validate(answer)


@router.post("/menus/{menu_id}/walk-in", status_code=201)
def walk_in(menu_id: int, who: WalkIn, me: Server, now: Now) -> MenuCount:
    """She stands at the counter without an order: ordered and handed over at once."""
    with transaction(me.scope) as session:
        menu = queries.menu(session, menu_id)
        serving.walk_in(session, who.elder_id, who.dish_id, payer=who.payer, role=me.role, by=me.by, now=now)
        return _count(session, menu, me, now=now)


@router.post("/portions/{portion_id}/cancel")
def cancel(portion_id: int, why: CancelIn, me: Canceller) -> PortionOut:
    """Give it up; after the cut-off only a lead may, and says why."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        ordering.cancel(
            session, portion_id, role=me.role, by=me.by, now=now, reason=why.reason, override=why.override
        )  # fmt: skip
        return _one(session, portion_id, me, now=now)


@router.post("/portions/{portion_id}/change/quote")
def change_quote(portion_id: int, wish: SwapIn, me: Taker) -> QuoteOut:
    """What another dish or way would cost."""
    with transaction(me.scope) as session:
        return QuoteOut.of(ordering.change_quoted(session, portion_id, wish.dish_id, wish.way))


@router.post("/portions/{portion_id}/change")
def change(portion_id: int, wish: ChangeIn, me: Taker) -> PortionOut:
    """Another dish of the same menu, or another way; the money follows."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        taken = Taken(me.by, me.role, now, late_reason=wish.late_reason)
        promise = (wish.allowance_cents, wish.self_pay_cents)
        ordering.change(session, portion_id, wish.dish_id, wish.way, taken=taken, promise=promise)
        return _one(session, portion_id, me, now=now)


@router.post("/portions/{portion_id}/redirect")
def redirect(portion_id: int, said: RedirectIn, me: Taker) -> PortionOut:
    """To another door or into other hands, until the first meal leaves the kitchen."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        ordering.redirect(session, portion_id, said.bring_to or None, by=me.by, now=now)
        return _one(session, portion_id, me, now=now)


@router.post("/portions/{portion_id}/hand-over")
def hand_over(portion_id: int, said: HandOverIn, me: Server, now: Now) -> PortionOut:
    """At the counter or at the door: it counts and is paid."""
    with transaction(me.scope) as session:
        serving.hand_over(session, portion_id, said.receiver, role=me.role, by=me.by, now=now)
        return _one(session, portion_id, me, now=now)


@router.post("/portions/{portion_id}/miss")
def miss(portion_id: int, said: MissIn, me: Server, now: Now) -> PortionOut:
    """Not taken: the money is free again, and somebody asks after her."""
    with transaction(me.scope) as session:
        serving.miss(session, portion_id, said.why, by=me.by, now=now)
        return _one(session, portion_id, me, now=now)


@router.post("/portions/{portion_id}/take-back")
def take_back(portion_id: int, why: Because, me: Lead) -> PortionOut:
    """It was handed over by mistake: the money goes back."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        serving.take_back(session, portion_id, by=me.by, now=now, reason=why.reason)
        return _one(session, portion_id, me, now=now)


@router.get("/elders/{elder_id}")
def of_elder(elder_id: int, me: Eater) -> ElderMeals:
    """Her diet, what she has ordered, and the last two weeks."""
    with transaction(me.scope) as session:
        return _of_elder(session, elder_id, me, now=datetime.now(UTC))


@router.put("/elders/{elder_id}/diet")
def note_diet(elder_id: int, diet: DietIn, me: Taker) -> ElderMeals:
    """What she must or will not eat."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        keeping.note_diet(session, elder_id, diet.diets, diet.note, by=me.by, now=now)
        return _of_elder(session, elder_id, me, now=now)


@router.get("/concerns")
def concerns(me: Reader) -> Concerns:
    """Meals not taken that nobody has asked about."""
    with transaction(me.scope) as session:
        return _concerns(session, me)


@router.post("/concerns/{concern_id}/settle")
def settle(concern_id: int, said: SettleIn, me: Asker) -> Concerns:
    """Somebody has asked after her."""
    with transaction(me.scope) as session:
        serving.settle(session, concern_id, said.finding, said.note, by=me.by, now=datetime.now(UTC))
        session.flush()
        return _concerns(session, me)


def _wish(wish: QuoteIn) -> MealWish:
    return MealWish(wish.elder_id, wish.dish_ids, wish.way, wish.payer)


def _diet(session: Session, elder_id: int | None) -> tuple[list[Diet], list[str]]:
    if elder_id is None:
        return [], []
    elder = people.get(session, elder_id)
    return queries.diets_of(session, elder_id), list(elder.health.get("allergies", []))


def _count(session: Session, menu: Menu, me: Caller, *, now: datetime) -> MenuCount:
    session.flush()
    rows = [row for row in queries.portions(session, menu_id=menu.id) if row.visit.state not in queries.GONE]
    by_diet = Counter(diet for row in rows for diet in row.diets)
    return MenuCount(
        menu=MenuOut.of(menu, queries.counts(session, [menu]).get(menu.id, []), me), by_diet=by_diet,
        portions=[PortionOut.of(row, menu, me, now=now) for row in rows],
    )  # fmt: skip


def _one(session: Session, portion_id: int, me: Caller, *, now: datetime) -> PortionOut:
    session.flush()
    (row,) = queries.portions(session, ids=[portion_id])
    return PortionOut.of(row, queries.menu(session, row.portion.menu_id), me, now=now)


def _of_elder(session: Session, elder_id: int, me: Caller, *, now: datetime) -> ElderMeals:
    session.flush()
    elder: Elder = people.get(session, elder_id)
    rows = queries.portions(session, elder_id=elder_id, since=calendar.day_of(now) - BACK)
    menus = {row.portion.menu_id: queries.menu(session, row.portion.menu_id) for row in rows}
    note, outside = queries.diet(session, elder_id), me.role is Role.SUPERVISOR
    diet = DietOut(
        diets=queries.diets_of(session, elder_id), note=note.needs.get("note") if note else None,
        allergies=list(elder.health.get("allergies", [])),
    )  # fmt: skip
    return ElderMeals(
        elder_id=elder_id, elder_name=mask_name(elder.name) if outside else elder.name,
        diet=DietOut() if outside else diet,
        portions=[PortionOut.of(row, menus[row.portion.menu_id], me, now=now) for row in rows],
    )  # fmt: skip


def _concerns(session: Session, me: Caller) -> Concerns:
    outside = me.role is Role.SUPERVISOR
    return Concerns(
        items=[
            ConcernOut(
                id=c.id, state=c.state, elder_id=c.elder_id,
                elder_name=mask_name(elder.name) if outside else elder.name,
                day=menu.day, meal=menu.meal, dish=dish.name, why=c.why, at=c.at, by=c.by, due_at=c.due_at,
                alarm_id=c.alarm_id,
            )
            for c, elder, _, menu, dish in queries.concerns(session)
        ]
    )  # fmt: skip
