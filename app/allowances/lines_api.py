"""The doors of payments: lines, the bank's list, what came back, coverage, money asked back."""

from datetime import date, datetime
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access import actions as access
from app.access.api import Bureau, Now
from app.allowances import actions, queries, transfers
from app.allowances.queries import Coverage
from app.allowances.rules import (
    AllowanceKind,
    Hold,
    LineEvent,
    LineState,
    OverpaidFor,
    PayWay,
    RecoveryState,
    ReturnReason,
    Why,
    check_whole_district,
    line_possible,
    mask_account,
)
from app.allowances.tables import PayoutLine, Recovery
from app.db import transaction
from app.vault import mask_name

router = APIRouter(prefix="/api/allowances", tags=["allowances"])
Words = Annotated[str, Field(min_length=1, max_length=200)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PayoutLineOut(BaseModel):
    """A payment, or why there is none."""

    id: int
    elder_id: int
    elder: str
    born: date
    division_code: str
    month: date
    why: Why
    cents: int
    state: LineState
    hold: Hold | None
    returned_for: ReturnReason | None
    way: PayWay | None
    account: str | None  # masked
    bank: str | None
    possible: list[LineEvent]

    @classmethod
    def of(cls, row: queries.LineRow) -> "PayoutLineOut":
        """With name and account masked."""
        own = ("elder", "account", "possible")
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in own}
        masked = mask_account(row.account) if row.account else None
        return cls(**fields, elder=mask_name(row.elder), account=masked, possible=line_possible(row.state, row.way))


@router.get("/batches/{batch_id}/lines")
def lines(
    batch_id: int,
    me: Bureau,
    state: LineState | None = None,
    hold: Hold | None = None,
    why: Why | None = None,
    division: Annotated[str, Query(max_length=12, pattern=r"^\d*$")] = "",
    name: Annotated[str, Query(max_length=20)] = "",
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> list[PayoutLineOut]:
    """A page of its lines; `after` is the last line's number."""
    with transaction(me.scope) as session:
        queries.batch(session, batch_id)
        rows = queries.lines(
            session, batch_id, state=state, hold=hold, why=why, division=division, name=name, after=after
        )
        return [PayoutLineOut.of(row) for row in rows]


class BankListWish(BaseModel):
    """For the bank or for whoever hands out cash, in what form, and why: who takes a list out is on record."""

    form: Literal["xlsx", "csv"]
    cash: bool = False
    reason: Words


@router.post(
    "/batches/{batch_id}/bank-list", response_class=Response, responses={200: {"content": {XLSX: {}, "text/csv": {}}}}
)
def bank_list(batch_id: int, wish: BankListWish, me: Bureau, now: Now) -> Response:
    """The list for the bank with accounts in full, or the list to be signed for cash."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        row = queries.batch(session, batch_id)
        going = [one for one in transfers.transfers(session, row) if (one.way is PayWay.BANK) is not wish.cash]
        access.note_access(
            session, me, elder_id=None, field="account", reason=wish.reason, now=now, batch=row.id, rows=len(going)
        )
        content = transfers.as_file(row, going, wish.form, cash=wish.cash)
    name = quote(transfers.name_of(row, wish.form, cash=wish.cash))
    return Response(
        content, media_type=XLSX if wish.form == "xlsx" else "text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"},
    )  # fmt: skip


class GivingUp(BaseModel):
    """Why nobody can be paid."""

    reason: Words


class PayoutReturn(BaseModel):
    """Why the bank sent it back."""

    reason: ReturnReason


class CashCollected(BaseModel):
    """Who signed for it: the elder herself, or a name and what she is to her."""

    collected_by: Annotated[str, Field(min_length=1, max_length=60)]


class PayoutLineAfter(BaseModel):
    """Where a line stands now."""

    id: int
    state: LineState
    possible: list[LineEvent]

    @classmethod
    def of(cls, session: Session, row: PayoutLine) -> "PayoutLineAfter":
        """With what may be done next."""
        return cls(id=row.id, state=row.state, possible=line_possible(row.state, queries.way_of(session, row)))


@router.post("/lines/{line_id}/return")
def give_back(line_id: int, told: PayoutReturn, me: Bureau, now: Now) -> PayoutLineAfter:
    """The bank could not pay it, or nobody came for it."""
    with transaction(me.scope) as session:
        return PayoutLineAfter.of(session, actions.give_back(session, line_id, told.reason, by=me.by, now=now))


@router.post("/lines/{line_id}/take-back")
def take_back(line_id: int, why: GivingUp, me: Bureau, now: Now) -> PayoutLineAfter:
    """It had not come back after all."""
    with transaction(me.scope) as session:
        row = actions.take_back(session, line_id, by=me.by, now=now, reason=why.reason)
        return PayoutLineAfter.of(session, row)


@router.post("/lines/{line_id}/collect")
def collect(line_id: int, told: CashCollected, me: Bureau, now: Now) -> PayoutLineAfter:
    """Somebody has signed for the cash."""
    with transaction(me.scope) as session:
        row = actions.collect(session, line_id, collected_by=told.collected_by, by=me.by, now=now)
        return PayoutLineAfter.of(session, row)


@router.post("/lines/{line_id}/correct")
def correct(line_id: int, me: Bureau, now: Now) -> PayoutLineAfter:
    """The account was put right: the next batch pays it again."""
    with transaction(me.scope) as session:
        return PayoutLineAfter.of(session, actions.correct(session, line_id, by=me.by, now=now))


@router.post("/lines/{line_id}/give-up")
def give_up(line_id: int, why: GivingUp, me: Bureau, now: Now) -> PayoutLineAfter:
    """Nobody is there to be paid."""
    with transaction(me.scope) as session:
        row = actions.give_up(session, line_id, by=me.by, now=now, reason=why.reason)
        return PayoutLineAfter.of(session, row)


class CoverageOut(BaseModel):
    """One street: due, paid, and the missed by reason."""

    division: str
    name: str
    due: int
    due_cents: int
    paid: int
    paid_cents: int
    missed: dict[str, int]

    @classmethod
    def of(cls, row: Coverage) -> "CoverageOut":
        """As the chart shows it."""
        return cls(**vars(row))


@router.get("/batches/{batch_id}/coverage")
def coverage(batch_id: int, me: Bureau) -> list[CoverageOut]:
    """应发尽发 of its month: who is due and who is paid, by street; what a later batch made good counts as paid."""
    with transaction(me.scope) as session:
        row = queries.batch(session, batch_id)
        return [CoverageOut.of(one) for one in queries.coverage(session, me.district_id, row.kind, row.month)]


class RecoveryOut(BaseModel):
    """Money asked back."""

    id: int
    elder_id: int
    elder: str
    kind: AllowanceKind
    month: date
    cents: int
    why: OverpaidFor
    state: RecoveryState
    settled_by: str | None
    settled_at: datetime | None
    note: str | None

    @classmethod
    def of(cls, row: Recovery, name: str) -> "RecoveryOut":
        """As the page shows it."""
        fields = {field: getattr(row, field) for field in cls.model_fields if field != "elder"}
        return cls(**fields, elder=mask_name(name))


@router.get("/recoveries")
def recoveries(me: Bureau) -> list[RecoveryOut]:
    """Open ones first."""
    with transaction(me.scope) as session:
        return [RecoveryOut.of(row, name) for row, name in queries.recoveries(session, me.district_id)]


class RecoveryOutcome(BaseModel):
    """What became of money asked back."""

    outcome: Literal[RecoveryState.RECOVERED, RecoveryState.WAIVED]
    note: Words


@router.post("/recoveries/{recovery_id}/settle", status_code=204)
def settle_recovery(recovery_id: int, told: RecoveryOutcome, me: Bureau, now: Now) -> None:
    """It came back, or nobody asks for it any more."""
    with transaction(me.scope) as session:
        actions.settle_recovery(session, recovery_id, told.outcome, by=me.by, now=now, note=told.note)
