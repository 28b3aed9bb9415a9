"""The doors of the bureau's side: rules, batches, lines, the bank's list, returns, coverage, money asked back."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.access.api import Bureau, Now
from app.allowances import actions, queries, recipients
from app.allowances.queries import Sums
from app.allowances.rules import (
    AllowanceKind,
    Area,
    BatchEvent,
    BatchState,
    RuleState,
    Terms,
    check_whole_district,
    possible,
)
from app.allowances.tables import AllowanceRule, PayoutBatch
from app.db import transaction
from app.jobs import queue

router = APIRouter(prefix="/api/allowances", tags=["allowances"])
Words = Annotated[str, Field(min_length=1, max_length=200)]
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class PayoutReason(BaseModel):
    """Why."""

    reason: Words


class AllowanceRuleIn(BaseModel):
    """A rule to be drafted."""

    kind: AllowanceKind
    area: Area
    starts: date
    terms: Terms
    note: Words


class AllowanceRuleOut(BaseModel):
    """A rule with who wrote and who approved it."""

    id: int
    kind: AllowanceKind
    area: str
    starts: date
    state: RuleState
    terms: Terms
    note: str
    drafted_by: str
    drafted_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    possible: list[Literal["approve", "drop"]]

    @classmethod
    def of(cls, row: AllowanceRule, by: str) -> "AllowanceRuleOut":
        """As the page shows it to one person."""
        acts: list[Literal["approve", "drop"]] = []
        if row.state is RuleState.DRAFT:
            acts = ["drop"] if row.drafted_by == by else ["approve", "drop"]
        fields = {name: getattr(row, name) for name in cls.model_fields if name != "possible"}
        return cls(**fields, possible=acts)


@router.get("/rules")
def rules(me: Bureau) -> list[AllowanceRuleOut]:
    """Every rule, with those that wait for a second person."""
    with transaction(me.scope) as session:
        return [AllowanceRuleOut.of(row, me.by) for row in queries.all_rules(session, me.district_id)]


@router.post("/rules", status_code=201)
def draft_rule(wish: AllowanceRuleIn, me: Bureau, now: Now) -> AllowanceRuleOut:
    """Write a rule down; a second person puts it in force."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        row = actions.draft_rule(session, district_id=me.district_id, **dict(wish), by=me.by, now=now)
        return AllowanceRuleOut.of(row, me.by)


@router.post("/rules/{rule_id}/approve")
def approve_rule(rule_id: int, me: Bureau, now: Now) -> AllowanceRuleOut:
    """Put it in force."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return AllowanceRuleOut.of(actions.approve_rule(session, rule_id, by=me.by, now=now), me.by)


@router.post("/rules/{rule_id}/drop")
def drop_rule(rule_id: int, why: PayoutReason, me: Bureau, now: Now) -> AllowanceRuleOut:
    """Forget a draft."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return AllowanceRuleOut.of(actions.drop_rule(session, rule_id, by=me.by, now=now, reason=why.reason), me.by)


class PayoutSums(BaseModel):
    """What a batch holds."""

    listed: int
    listed_cents: int
    back_cents: int
    held: int
    held_cents: int
    returned: int
    returned_cents: int
    to_collect: int
    to_collect_cents: int
    recoveries: int
    recovery_cents: int


class PayoutBatchOut(BaseModel):
    """A batch with its sums and what this person may do."""

    id: int
    kind: AllowanceKind
    month: date
    state: BatchState
    drafted_by: str
    drafted_at: datetime
    checked_by: str | None
    first_by: str | None
    second_by: str | None
    issued_by: str | None
    issued_at: datetime | None
    elders: int
    done: int
    sums: PayoutSums
    shared_accounts: int = 0  # accounts that more than one elder is paid to
    possible: list[BatchEvent]

    @classmethod
    def of(cls, row: PayoutBatch, sums: Sums, by: str, shared: int = 0) -> "PayoutBatchOut":
        """As the page shows it to one person."""
        own = ("sums", "possible", "shared_accounts")
        fields = {name: getattr(row, name) for name in cls.model_fields if name not in own}
        acts = possible(row.state, by, first_by=row.first_by, unsettled=sums.returned + sums.to_collect)
        return cls(**fields, sums=PayoutSums(**vars(sums)), possible=acts, shared_accounts=shared)


class PayoutMonth(BaseModel):
    """Which batch."""

    kind: AllowanceKind
    month: date


def _told(session: Any, row: PayoutBatch, by: str) -> PayoutBatchOut:
    sums = queries.sums(session, [row.id]).get(row.id, Sums())
    return PayoutBatchOut.of(row, sums, by, len(queries.shared_accounts(session, row.id)))


@router.get("/batches")
def batches(me: Bureau) -> list[PayoutBatchOut]:
    """The last batches, the newest month first."""
    with transaction(me.scope) as session:
        return [PayoutBatchOut.of(row, sums, me.by) for row, sums in queries.batches(session, me.district_id)]


@router.post("/batches", status_code=201)
def open_batch(wish: PayoutMonth, me: Bureau, now: Now) -> PayoutBatchOut:
    """Have a month drafted by a worker."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        row, job = actions.open_batch(
            session, district_id=me.district_id, kind=wish.kind, month=wish.month.replace(day=1), by=me.by, now=now
        )
        answer, kind, job_id = PayoutBatchOut.of(row, Sums(), me.by), job.kind, job.id
    queue.send(kind, job_id)
    return answer


@router.get("/batches/{batch_id}")
def batch(batch_id: int, me: Bureau) -> PayoutBatchOut:
    """How far it is, and what it holds."""
    with transaction(me.scope) as session:
        return _told(session, queries.batch(session, batch_id), me.by)


@router.post("/batches/{batch_id}/redraft")
def redraft(batch_id: int, me: Bureau, now: Now) -> PayoutBatchOut:
    """Draft it anew with what is known now."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        row, job = actions.redraft(session, batch_id, by=me.by, now=now)
        answer, kind, job_id = _told(session, row, me.by), job.kind, job.id
    queue.send(kind, job_id)
    return answer


@router.post("/batches/{batch_id}/check")
def check(batch_id: int, me: Bureau, now: Now) -> PayoutBatchOut:
    """Its lines were looked at."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return _told(session, actions.check(session, batch_id, by=me.by, now=now), me.by)


@router.post("/batches/{batch_id}/approve")
def approve(batch_id: int, me: Bureau, now: Now) -> PayoutBatchOut:
    """The first or the second approval."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return _told(session, actions.approve(session, batch_id, by=me.by, now=now), me.by)


@router.post("/batches/{batch_id}/send-back")
def send_back(batch_id: int, why: PayoutReason, me: Bureau, now: Now) -> PayoutBatchOut:
    """Something is wrong with it."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return _told(session, actions.send_back(session, batch_id, by=me.by, now=now, reason=why.reason), me.by)


@router.post("/batches/{batch_id}/issue")
def issue(batch_id: int, me: Bureau, now: Now) -> PayoutBatchOut:
    """The bank has its list; who is paused for want of a proof of life is told."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        row = actions.issue(session, batch_id, by=me.by, now=now)
        recipients.tell_paused(session, row, now=now)
        return _told(session, row, me.by)


@router.post("/batches/{batch_id}/close")
def close(batch_id: int, me: Bureau, now: Now) -> PayoutBatchOut:
    """All that came back is settled."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return _told(session, actions.close(session, batch_id, by=me.by, now=now), me.by)


@router.post("/batches/{batch_id}/drop")
def drop(batch_id: int, why: PayoutReason, me: Bureau, now: Now) -> PayoutBatchOut:
    """It will not be paid."""
    check_whole_district(me.area)
    with transaction(me.scope) as session:
        return _told(session, actions.drop(session, batch_id, by=me.by, now=now, reason=why.reason), me.by)
