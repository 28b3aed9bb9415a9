"""An elder's money of a month as a page her family can read: what she got, what it paid, what is left, in few words."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.funding import queries as funding
from app.funding.rules import Account, EntryKind
from app.orders import fees
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people import life_queries as life
from app.people.life_rules import ENDING, LifeKind
from app.people.tables import Elder
from app.rental import queries as rental
from app.rental.queries import Rent

QUIET: Final = (EntryKind.RESERVE, EntryKind.CAPTURE, EntryKind.RELEASE, EntryKind.REFUND)  # told with their visit


class SheetProgram(BaseModel):
    """One programme's money of the month."""

    name_zh: str
    name_en: str
    granted_cents: int
    used_cents: int
    booked_cents: int
    left_cents: int
    expired_cents: int
    cash_cents: int


class SheetSource(BaseModel):
    """A programme that pays, and how much."""

    name_zh: str
    name_en: str
    cents: int


class SheetRent(BaseModel):
    """The rent of an aid from one day to another, both paid."""

    aid_zh: str
    aid_en: str
    first: date
    last: date


class SheetVisit(BaseModel):
    """One visit, or a month's rent, and who paid it.

    `counted` once it is verified, and then the cents are those of the ledger: fewer than agreed where it was given in
    part. `over_midnight` where it ended after the month did.
    """

    at: datetime
    item_zh: str
    item_en: str
    rent: SheetRent | None
    state: VisitState
    agreed_cents: int
    price_cents: int
    sources: list[SheetSource]
    allowance_cents: int
    self_pay_cents: int
    counted: bool
    over_midnight: bool


class SheetChange(BaseModel):
    """Money that came or went without a visit."""

    at: datetime
    kind: EntryKind
    name_zh: str
    name_en: str
    cents: int  # from the elder's side: more is positive


class SheetFee(BaseModel):
    """What she owes for calling a visit off, or moving it, too late."""

    at: datetime
    cents: int


class SheetEnd(BaseModel):
    """From which day nothing is paid any more, and why."""

    kind: LifeKind
    on: date


class Sheet(BaseModel):
    """The page of one month."""

    name: str
    month: date
    expires_on: date
    programs: list[SheetProgram]
    visits: list[SheetVisit]
    changes: list[SheetChange]
    fees: list[SheetFee]
    ended: SheetEnd | None
    self_pay_cents: int
    hotline: str
    made_at: datetime


def sheet(session: Session, elder: Elder, month: date, name: str, *, now: datetime) -> Sheet:
    """Everything of the month, oldest first; `name` as the reader may see it."""
    balances = funding.balances(session, elder.id, month)
    names = {b.program: (b.name_zh, b.name_en) for b in balances}
    first, after = calendar.month_bounds(month)
    visits = session.execute(
        select(Visit, ServiceItem.name_zh, ServiceItem.name_en)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Visit.elder_id == elder.id, Visit.opens >= first, Visit.opens < after, Visit.price_cents > 0)
        .where(Visit.state.not_in([VisitState.CANCELLED]))
        .order_by(Visit.opens, Visit.id)
    ).all()
    known = [visit.id for visit, _, _ in visits]
    paid, rents = funding.paid_of(session, elder.district_id, known), rental.rents(session, known)
    called = funding.names(session, elder.district_id)
    told = [
        _visit(visit, zh, en, after, paid=paid.get(visit.id, Counter()), rent=rents.get(visit.id), names=called)
        for visit, zh, en in visits
    ]
    lines = funding.statement(session, elder.district_id, elder.id, month)
    return Sheet(
        name=name, month=month, expires_on=calendar.last_day(month),
        programs=[
            SheetProgram(
                name_zh=b.name_zh, name_en=b.name_en, granted_cents=b.granted_cents, used_cents=b.captured_cents,
                booked_cents=b.reserved_cents, left_cents=b.free_cents, expired_cents=b.expired_cents,
                cash_cents=b.cash_cents,
            )
            for b in balances
        ],
        visits=told,
        changes=[
            SheetChange(
                at=line.at, kind=line.kind, name_zh=names[line.program][0], name_en=names[line.program][1],
                cents=line.cents if line.target in (Account.FREE, Account.CASH) else -line.cents,
            )
            for line in lines
            if line.kind not in QUIET and line.program in names
        ],
        fees=[SheetFee(at=fee.at, cents=fee.cents) for fee in fees.of_elder(session, elder.id, month)],
        ended=_ended(session, elder, after), self_pay_cents=sum(one.self_pay_cents for one in told if one.counted),
        hotline=settings().hotline, made_at=now,
    )  # fmt: skip


def _ended(session: Session, elder: Elder, month_ends: datetime) -> SheetEnd | None:
    """Her death or her moving away, in this month or before."""
    ends = (event for event in life.away(session, elder.id) if event.kind in ENDING)
    first = min(ends, key=lambda event: event.starts, default=None)
    if first is None or first.starts >= calendar.day_of(month_ends):
        return None
    return SheetEnd(kind=first.kind, on=first.starts)


def _visit(
    visit: Visit, zh: str, en: str, month_ends: datetime, *, paid: Counter[str | None], rent: Rent | None,
    names: dict[str, tuple[str, str]],
) -> SheetVisit:  # fmt: skip
    at = visit.starts_at or visit.opens
    counted, gone = visit.state is VisitState.VERIFIED, visit.state is VisitState.NOT_DELIVERED
    sources = [(names[code], cents) for code, cents in paid.items() if code and cents]
    allowance = sum(cents for _, cents in sources) if counted else visit.allowance_cents
    own = paid[None] if counted else visit.self_pay_cents
    return SheetVisit(
        at=at, item_zh=zh, item_en=en, state=visit.state, agreed_cents=visit.price_cents,
        price_cents=0 if gone else allowance + own, allowance_cents=0 if gone else allowance,
        self_pay_cents=0 if gone else own, counted=counted,
        sources=[SheetSource(name_zh=name[0], name_en=name[1], cents=cents) for name, cents in sources],
        rent=SheetRent(aid_zh=rent.aid_zh, aid_en=rent.aid_en, first=rent.charge.first, last=rent.last)
        if rent
        else None,
        over_midnight=rent is None and at + timedelta(minutes=visit.minutes) > month_ends,
    )  # fmt: skip
