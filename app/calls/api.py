"""The desk's doors of the telephone: lists of calls, who is calling, answering, dialling, results, recordings."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from app.access.api import Desk, Hotline
from app.calls import actions, callers, check_in, desk, missed, queries, wishes
from app.calls.callers import Kind
from app.calls.queries import CallRow
from app.calls.rules import CallState, Direction, Result, Settled, Target, possible
from app.db import transaction
from app.people.rules import Relation
from app.visits.proof_rules import Point

router = APIRouter(prefix="/api/calls", tags=["calls"])
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=200)]


class CallOut(BaseModel):
    """A call as a list shows it; the number is masked."""

    id: int
    direction: Direction
    state: CallState
    target: Target | None
    phone: str | None
    elder_id: int | None
    elder_name: str | None
    contact_id: int | None
    contact_name: str | None
    relation: Relation | None
    caregiver_id: int | None
    caregiver_name: str | None
    operator: str | None
    mine: bool
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    spoke_seconds: int | None
    result: Result | None
    note: str | None
    recorded: bool
    alarm_id: int | None
    automatic: bool
    pressed: str | None
    strange: bool
    settled: Settled | None
    possible: list[str]

    @classmethod
    def of(cls, row: CallRow, me: int = 0) -> Self:
        """As the screens see it."""
        can = possible(row.state, row.direction, row.result)
        return cls.model_validate({**vars(row), "mine": row.user_id == me, "possible": can})


class Calls(BaseModel):
    """A page of calls."""

    items: list[CallOut]
    next: int | None


class CallerOut(BaseModel):
    """One who may be calling."""

    kind: Kind
    name: str
    elder_id: int | None
    elder_name: str | None
    contact_id: int | None
    relation: Relation | None
    caregiver_id: int | None


class Pop(BaseModel):
    """Who is on the line: everybody the number may be, and the last calls from and to it."""

    call: CallOut
    callers: list[CallerOut]
    last: list[CallOut]


class MissedOut(BaseModel):
    """A number nobody answered, and by when it should be called back."""

    call: CallOut
    times: int
    first_at: datetime
    due_at: datetime
    tries: int
    last_try: Result | None


class Missed(BaseModel):
    """All of them, the longest waiting first."""

    items: list[MissedOut]
    server_time: datetime


class LinkIn(BaseModel):
    """Who calls: one of those it may be, or, where `who` says so, somebody new who calls for this elder."""

    elder_id: int
    contact_id: int | None = None
    who: Words | None = Field(None, description="keeps the number: a neighbour, 王大姐")


class DialIn(BaseModel):
    """Whom to call: exactly one of them; a missed call is returned by its number."""

    elder_id: int | None = None
    contact_id: int | None = None
    caregiver_id: int | None = None
    missed_id: int | None = None


class ResultIn(BaseModel):
    """What came of a call."""

    result: Result
    note: Words | None = None


class DueOut(BaseModel):
    """A caregiver who was to be there about now, and which ends of her stay a call has proven."""

    attendance_id: int
    caregiver: str
    item_zh: str
    item_en: str
    starts_at: datetime
    ends_at: datetime
    proven: list[Point]


class DueList(BaseModel):
    """In the order of the plan; empty unless the call is on the elder's own number."""

    items: list[DueOut]


class CheckInIn(BaseModel):
    """Who is on the line from the elder's home, and whether she has come or is leaving."""

    attendance_id: int
    point: Literal[Point.START, Point.FINISH]


class ReasonIn(BaseModel):
    """Why."""

    reason: Words


class Recording(BaseModel):
    """Where to listen; that it was asked for is on record."""

    url: str


@router.get("")
def calls(
    me: Desk,
    elder_id: int | None = None,
    open: bool = False,
    direction: Direction | None = None,
    strange: bool = False,
    cursor: int | None = None,
) -> Calls:
    """Calls, newest first; `open` ones are ringing or spoken now, `strange` ones nobody had asked for."""
    with transaction(me.scope) as session:
        where = desk.filters(direction, strange=strange)
        rows = queries.calls(session, elder_id=elder_id, open_only=open, where=where, before=cursor)
    return Calls(items=[CallOut.of(row, me.id) for row in rows], next=rows[-1].id if len(rows) == 50 else None)


@router.get("/missed")
def missed_calls(me: Desk) -> Missed:
    """Calls that were not answered, each number once, until somebody has spoken to the caller."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = missed.waiting(session)
        rows = {row.id: row for row in queries.calls(session, where=desk.among([one.call.id for one in found]))}
    items = [
        MissedOut(
            call=CallOut.of(rows[one.call.id], me.id), times=one.times, first_at=one.first_at, due_at=one.due_at,
            tries=one.tries, last_try=one.last_try,
        )
        for one in found
    ]  # fmt: skip
    return Missed(items=items, server_time=now)


@router.post("")
def dial(whom: DialIn, me: Hotline) -> CallOut:
    """Click to call: the switchboard rings the operator, then dials. The number is not shown."""
    with transaction(me.scope) as session:
        call = desk.dial(session, me, **whom.model_dump(), now=datetime.now(UTC))
        (row,) = queries.calls(session, where=desk.among([call.id]))
    return CallOut.of(row, me.id)


@router.get("/{call_id}")
def pop(call_id: int, me: Desk) -> Pop:
    """Who it may be, all of them to choose from, and the last calls of that number."""
    with transaction(me.scope) as session:
        (row,) = queries.calls(session, where=desk.among([queries.get(session, call_id).id]))
        call = queries.get(session, call_id)
        found = callers.who(session, me.district_id, call.phone) if call.phone else []
        last = queries.of_number(session, me.district_id, call.phone_hash) if call.phone_hash else []
    return Pop(
        call=CallOut.of(row, me.id), callers=[CallerOut.model_validate(one, from_attributes=True) for one in found],
        last=[CallOut.of(one, me.id) for one in last if one.id != call_id],
    )  # fmt: skip


@router.post("/{call_id}/answer", status_code=204)
def answer(call_id: int, me: Hotline) -> None:
    """Have the ringing call put through to me."""
    with transaction(me.scope) as session:
        wishes.answer(session, queries.get(session, call_id), user_id=me.id)


@router.post("/{call_id}/hang-up", status_code=204)
def hang_up(call_id: int, me: Hotline) -> None:
    """End it."""
    with transaction(me.scope) as session:
        wishes.hang_up(session, queries.get(session, call_id), now=datetime.now(UTC))


@router.post("/{call_id}/link", status_code=204)
def link(call_id: int, who: LinkIn, me: Hotline) -> None:
    """This is who calls; with a name the number is kept for the next time."""
    with transaction(me.scope) as session:
        desk.link(session, me, call_id, who.elder_id, contact_id=who.contact_id, who=who.who, now=datetime.now(UTC))


@router.get("/{call_id}/attendances")
def attendances(call_id: int, me: Hotline) -> DueList:
    """Who may be checking in by telephone on this call."""
    with transaction(me.scope) as session:
        found = check_in.due(session, queries.get(session, call_id))
    return DueList(items=[DueOut.model_validate(one, from_attributes=True) for one in found])


@router.post("/{call_id}/check-in", status_code=204)
def checked_in(call_id: int, who: CheckInIn, me: Hotline) -> None:
    """A caregiver without a working phone of her own spoke from the elder's number: proof that she is there."""
    with transaction(me.scope) as session:
        check_in.check_in(session, call_id, who.attendance_id, who.point, by=me.by, now=datetime.now(UTC))


@router.post("/{call_id}/result", status_code=204)
def result(call_id: int, said: ResultIn, me: Hotline) -> None:
    """What came of a call, by the operator's word."""
    with transaction(me.scope) as session:
        actions.write_result(session, call_id, said.result, note=said.note, now=datetime.now(UTC))


@router.post("/{call_id}/dismiss", status_code=204)
def dismiss(call_id: int, why: ReasonIn, me: Hotline) -> None:
    """Take a missed call off the list without calling back."""
    with transaction(me.scope) as session:
        missed.dismiss(session, queries.get(session, call_id), why.reason, by=me.id, now=datetime.now(UTC))


@router.post("/{call_id}/recording")
def recording(call_id: int, why: ReasonIn, me: Hotline) -> Recording:
    """The link of a recording, for a shift lead or whoever spoke; who listened and why is on record."""
    with transaction(me.scope) as session:
        return Recording(url=desk.recording(session, me, call_id, why.reason, now=datetime.now(UTC)))
