"""The doors of the desk's side: what one elder applied for, her account and proofs of life, and whose proof is due."""

from datetime import date, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access import actions as access
from app.access.api import Now, Reader
from app.access.queries import Caller
from app.access.rules import Role
from app.allowances import queries, recipients
from app.allowances.rules import DUE_SOON, AllowanceKind, Hold, LineState, PayWay, ProofWay, Why, mask_account
from app.calendar import day_of
from app.db import transaction
from app.errors import NotFound
from app.people import queries as people
from app.vault import mask_name

router = APIRouter(prefix="/api/allowances", tags=["allowances"])
Words = Annotated[str, Field(min_length=1, max_length=200)]


class ProofDue(BaseModel):
    """Whose proof of life ends."""

    elder_id: int
    elder: str
    division_code: str
    proven_on: date
    ends_on: date
    overdue: bool


@router.get("/proofs")
def proofs_due(me: Reader, now: Now) -> list[ProofDue]:
    """Recipients whose proof has ended or ends within two months, the longest overdue first."""
    day = day_of(now)
    with transaction(me.scope) as session:
        rows = queries.proofs_due(session, me.district_id, day=day, until=day + timedelta(days=DUE_SOON))
        return [ProofDue(**vars(row) | {"elder": _name(me, row.elder)}) for row in rows]


def _name(me: Caller, name: str) -> str:
    """The bureau works with figures and not with people."""
    return mask_name(name) if me.role is Role.SUPERVISOR else name


class AllowanceClaimOut(BaseModel):
    """An application."""

    kind: AllowanceKind
    applied_on: date
    resident_from: date | None
    by: str
    withdrawn_at: datetime | None


class ProofOfLifeOut(BaseModel):
    """A proof of life."""

    proven_on: date
    way: ProofWay
    by: str


class AllowancePaid(BaseModel):
    """A payment, or why there was none."""

    kind: AllowanceKind
    month: date
    why: Why
    cents: int
    state: LineState
    hold: Hold | None
    issued_at: datetime | None


class ElderAllowances(BaseModel):
    """All of one elder; the account masked."""

    claims: list[AllowanceClaimOut]
    way: PayWay | None
    holder: str | None
    bank: str | None
    account: str | None
    proofs: list[ProofOfLifeOut]
    paid: list[AllowancePaid]


@router.get("/elders/{elder_id}")
def of_elder(elder_id: int, me: Reader) -> ElderAllowances:
    """What she applied for, got, and proved."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        payee = queries.payee_of(session, elder_id)
        return ElderAllowances(
            claims=[
                AllowanceClaimOut.model_validate(row, from_attributes=True)
                for row in queries.claims_of(session, elder_id)
            ],
            way=payee.way if payee else None, holder=_name(me, payee.holder) if payee else None,
            bank=payee.bank if payee else None,
            account=mask_account(payee.account) if payee and payee.account else None,
            proofs=[
                ProofOfLifeOut.model_validate(row, from_attributes=True)
                for row in queries.proofs_of(session, elder_id)
            ],
            paid=[
                AllowancePaid(
                    kind=kind, month=line.month, why=line.why, cents=line.cents, state=line.state, hold=line.hold,
                    issued_at=at,
                )
                for line, kind, at in queries.paid_to(session, elder_id)
            ],
        )  # fmt: skip


class AllowanceClaimIn(BaseModel):
    """An application as the elder brings it."""

    kind: AllowanceKind
    applied_on: date
    resident_from: date | None = None


@router.post("/elders/{elder_id}/claims", status_code=204)
def apply_for(elder_id: int, wish: AllowanceClaimIn, me: Reader, now: Now) -> None:
    """She applies."""
    with transaction(me.scope) as session:
        recipients.apply_for(session, people.get(session, elder_id), **dict(wish), by=me.by, now=now)


class ClaimWithdrawal(BaseModel):
    """Which application, and why."""

    kind: AllowanceKind
    reason: Words


@router.post("/elders/{elder_id}/withdraw", status_code=204)
def withdraw(elder_id: int, wish: ClaimWithdrawal, me: Reader, now: Now) -> None:
    """She does not want it any more."""
    with transaction(me.scope) as session:
        recipients.withdraw(
            session, people.get(session, elder_id), wish.kind, by=me.by, now=now, reason=wish.reason
        )  # fmt: skip


class PayeeIn(BaseModel):
    """Where her allowances go; cash needs neither bank nor account."""

    way: PayWay = PayWay.BANK
    holder: Annotated[str, Field(min_length=1, max_length=40)]
    bank: Annotated[str, Field(min_length=1, max_length=60)] | None = None
    account: Annotated[str, Field(min_length=8, max_length=40)] | None = None


@router.put("/elders/{elder_id}/account", status_code=204)
def set_account(elder_id: int, wish: PayeeIn, me: Reader, now: Now) -> None:
    """How she is paid from now on."""
    with transaction(me.scope) as session:
        recipients.set_payee(session, people.get(session, elder_id), **dict(wish), by=me.by, now=now)


class AccountLook(BaseModel):
    """Why somebody wants to see an account in full."""

    reason: Words


class PayeeOut(BaseModel):
    """The account in full."""

    holder: str
    bank: str
    account: str


@router.post("/elders/{elder_id}/account")
def unmask(elder_id: int, wish: AccountLook, me: Reader, now: Now) -> PayeeOut:
    """The account in full; looking is on record."""
    with transaction(me.scope) as session:
        people.get(session, elder_id)
        payee = queries.payee_of(session, elder_id)
        if payee is None or payee.bank is None or payee.account is None:
            raise NotFound("She has given no account.")
        access.note_access(session, me, elder_id=elder_id, field="account", reason=wish.reason, now=now)
        return PayeeOut(holder=payee.holder, bank=payee.bank, account=payee.account)


class ProofOfLifeIn(BaseModel):
    """When and how she was seen."""

    proven_on: date
    way: ProofWay


@router.post("/elders/{elder_id}/proofs", status_code=204)
def prove(elder_id: int, seen: ProofOfLifeIn, me: Reader, now: Now) -> None:
    """She was seen alive."""
    with transaction(me.scope) as session:
        recipients.prove(session, people.get(session, elder_id), **dict(seen), by=me.by, now=now)
