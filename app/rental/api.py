"""Rentals over HTTP: who has and who waits for what, booking, handing over, taking back, inspecting, the rents' run."""

from collections import Counter
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Query
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Bureau, Now, allowed
from app.access.queries import Caller
from app.access.rules import PROVIDER, READERS, Role
from app.db import transaction
from app.idempotency import once
from app.jobs import queue
from app.orders.rules import Channel
from app.people import queries as people
from app.rental import keeping, lending, queries, running
from app.rental.lending import CAUSES
from app.rental.rules import ADVISERS, RENTAL_ALLOWED, STORE, TAKERS, BadRental, DepositKind, RentalEvent, RentalState
from app.rental.shapes import (
    AdviceOut,
    AdviseIn,
    BookIn,
    BringBackIn,
    CancelIn,
    ElderRentals,
    EndIn,
    HandOverIn,
    InspectIn,
    LoseIn,
    RenewIn,
    RentalOut,
    Rentals,
    RentRunOut,
)
from app.vault import mask_name

router = APIRouter(prefix="/api/rental", tags=["rental"])
Looker = Annotated[Caller, allowed(READERS | PROVIDER)]
Taker = Annotated[Caller, allowed(TAKERS)]
Keeper = Annotated[Caller, allowed(STORE)]
Ender = Annotated[Caller, allowed(RENTAL_ALLOWED[RentalEvent.END])]
Adviser = Annotated[Caller, allowed(ADVISERS)]
WHICH = {
    "waiting": (RentalState.QUEUED, RentalState.BOOKED),
    "lent": (RentalState.LENT,),
    "due": (RentalState.LENT, RentalState.DUE_BACK, RentalState.RETURNED),
    "closed": (RentalState.CLOSED, RentalState.CANCELLED),
}
Which = Annotated[str, Query(pattern=f"^({'|'.join(WHICH)})$")]


class RentsAsked(BaseModel):
    """The run's job."""

    job_id: int


class LastRents(BaseModel):
    """The run over the rents that is under way, or the last."""

    run: RentRunOut | None


@router.get("/rentals")
def rentals(me: Looker, which: Which = "lent") -> Rentals:
    """Rentals that wait, are lent, must come back (also those beyond their day), or are over."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = _told(session, me, now=now, states=WHICH[which])
    return Rentals(items=[one for one in found if which != "due" or one.state is not RentalState.LENT or one.late])


@router.post("/rentals", status_code=201)
def book(wish: BookIn, me: Taker, idempotency_key: Annotated[str | None, Header()] = None) -> RentalOut:
    """A unit is kept for her, or she waits in her turn. 409 NotForHer, HasOne."""
    now = datetime.now(UTC)
    channel = Channel.COMMUNITY if me.role is Role.MANAGER else Channel.HOTLINE
    with transaction(me.scope) as session:

        def do() -> RentalOut:
            rental = lending.book(session, wish.value(), channel=channel, by=me.by, now=now)
            return _one(session, rental.id, me, now=now)

        answer = once(session, caller=f"user {me.id}", key=idempotency_key, request=wish, now=now, do=do)
    return RentalOut.model_validate(answer)


@router.get("/rentals/{rental_id}")
def rental(rental_id: int, me: Looker) -> RentalOut:
    """One rental with its months."""
    with transaction(me.scope) as session:
        return _one(session, rental_id, me, now=datetime.now(UTC))


@router.post("/rentals/{rental_id}/cancel")
def cancel(rental_id: int, why: CancelIn, me: Ender) -> RentalOut:
    """Not wanted any more."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        lending.cancel(session, rental_id, by=me.by, now=now, reason=why.reason)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/hand-over")
def hand_over(rental_id: int, said: HandOverIn, me: Keeper, now: Now) -> RentalOut:
    """The number is checked, somebody signs, the deposit is taken: from today it costs rent."""
    with transaction(me.scope) as session:
        lending.hand_over(session, rental_id, said.value(), by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/renew")
def renew(rental_id: int, wish: RenewIn, me: Taker) -> RentalOut:
    """She keeps it for more months."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        lending.renew(session, rental_id, wish.months, by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/end")
def end(rental_id: int, said: EndIn, me: Ender, now: Now) -> RentalOut:
    """No more rent after a day; the unit is to be fetched."""
    if said.reason not in CAUSES:
        raise BadRental("A death is told on her record, a loss by the store.", reason=said.reason)
    with transaction(me.scope) as session:
        last = said.last or calendar.day_of(now)
        lending.end(session, rental_id, said.reason, last=last, by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/bring-back")
def bring_back(rental_id: int, said: BringBackIn, me: Keeper, now: Now) -> RentalOut:
    """The unit is in the store again, its number checked."""
    with transaction(me.scope) as session:
        lending.bring_back(session, rental_id, said.serial, by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/inspect")
def inspect(rental_id: int, said: InspectIn, me: Keeper, now: Now) -> RentalOut:
    """How it came back: the deposit is settled, the unit goes to disinfection, repair or off the books."""
    with transaction(me.scope) as session:
        lending.inspect(session, rental_id, **said.model_dump(), by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.post("/rentals/{rental_id}/lose")
def lose(rental_id: int, said: LoseIn, me: Keeper, now: Now) -> RentalOut:
    """It cannot be found any more."""
    with transaction(me.scope) as session:
        lending.lose(session, rental_id, **said.model_dump(), by=me.by, now=now)
        return _one(session, rental_id, me, now=now)


@router.get("/elders/{elder_id}")
def of_elder(elder_id: int, me: Looker) -> ElderRentals:
    """What she has, had and waits for, and what is advised her."""
    with transaction(me.scope) as session:
        return _of_elder(session, elder_id, me, now=datetime.now(UTC))


@router.post("/elders/{elder_id}/advice", status_code=201)
def advise(elder_id: int, said: AdviseIn, me: Adviser) -> ElderRentals:
    """An assessor advises an aid."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        keeping.advise(session, elder_id, said.aid_id, until=said.until, why=said.why, by=me.by, now=now)
        return _of_elder(session, elder_id, me, now=now)


@router.get("/runs/last")
def last_run(me: Looker) -> LastRents:
    """The run over the rents that is under way, or the last."""
    with transaction(me.scope) as session:
        return LastRents(run=RentRunOut.of(queries.last_run(session, me.district_id)))


@router.post("/runs", status_code=202)
def run(me: Bureau) -> RentsAsked:
    """Pay the months that are over and reserve this one, now; the clock does so by itself."""
    with transaction(me.scope) as session:
        job = running.ask(session, me.district_id, by=me.by, now=datetime.now(UTC))
    queue.send(running.KIND, job.id)
    return RentsAsked(job_id=job.id)


def _one(session: Session, rental_id: int, me: Caller, *, now: datetime) -> RentalOut:
    queries.rental(session, rental_id)
    (told,) = _told(session, me, now=now, ids=[rental_id])
    return told


def _told(
    session: Session, me: Caller, *, now: datetime, states: tuple[RentalState, ...] | None = None,
    elder_id: int | None = None, ids: list[int] | None = None,
) -> list[RentalOut]:  # fmt: skip
    session.flush()
    rows = queries.rentals(session, me.district_id, states=states, elder_id=elder_id, ids=ids)
    numbers = [row.rental.id for row in rows]
    charges, deposits = queries.charges(session, numbers), queries.deposits(session, numbers)
    none = Counter[DepositKind]()
    today = calendar.day_of(now)
    return [
        RentalOut.of(
            row, charges.get(row.rental.id, []), deposits.get(row.rental.id, none), me, today=today
        )
        for row in rows
    ]  # fmt: skip


def _of_elder(session: Session, elder_id: int, me: Caller, *, now: datetime) -> ElderRentals:
    elder = people.get(session, elder_id)
    return ElderRentals(
        elder_id=elder.id, elder_name=mask_name(elder.name) if me.role is Role.SUPERVISOR else elder.name,
        level=elder.level, rentals=_told(session, me, now=now, elder_id=elder.id),
        advice=[
            AdviceOut.of(said, aid.name_zh, aid.name_en, me)
            for said, aid in queries.advice(session, elder.id, day=calendar.day_of(now))
        ],
    )  # fmt: skip
