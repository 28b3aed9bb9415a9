"""Verified visits for other systems: JSON after altEVV, raw calls apart from what was laid over them."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final, Self

from pydantic import BaseModel, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.history import History
from app.orders.rules import VisitState
from app.orders.tables import Visit
from app.people.tables import Provider
from app.planning.rules import COUNTED
from app.planning.tables import Attendance
from app.settlement.tables import Statement, StatementLine
from app.visits import queries
from app.visits.rules import EventKind
from app.visits.tables import Correction, VisitEvent, VisitFlaw

BATCH: Final = 500  # visits; altEVV allows 5000
CALLS: Final = {EventKind.START: "Time In", EventKind.FINISH: "Time Out"}


class Call(BaseModel):
    """What a phone reported at the door, never edited. The place is told as its distance from the home."""

    CallExternalID: str
    CallDateTime: datetime
    CallAssignment: str = Field(description="Time In or Time Out")
    CallType: str = "Mobile"
    EmployeeOtherID: str
    DistanceMetres: float | None
    AccuracyMetres: float | None
    Datum: str = "WGS-84"


class Change(BaseModel):
    """A time laid over what was reported."""

    SequenceID: int
    ChangeMadeBy: str
    ChangeDateTime: datetime
    Field: str
    Before: datetime | None
    After: datetime
    ReasonCode: str
    ResolutionCode: str
    ChangeReasonMemo: str | None


class Acknowledgement(BaseModel):
    """An exception, and who settled it."""

    ExceptionID: str
    ExceptionAcknowledged: bool
    AcknowledgedBy: str | None
    AcknowledgedDate: datetime | None


class Task(BaseModel):
    """A task and how it went."""

    TaskID: str
    Outcome: str
    TaskRefused: bool
    Reason: str | None


class VisitRecord(BaseModel):
    """One visit. `SequenceID` grows with every change, so that a record may be sent again."""

    SequenceID: int
    VisitOtherID: str
    OrderOtherID: str
    ClientOtherID: str
    EmployeeOtherIDs: list[str]
    ProviderID: str
    ProcedureCode: str
    ServiceDate: date
    ScheduleStartTime: datetime
    ScheduleMinutes: int
    AdjInDateTime: datetime | None
    AdjOutDateTime: datetime | None
    BillVisit: bool
    BilledMinutes: int | None
    PaidAllowanceCents: int
    PaidClientCents: int
    ContractCents: int
    Calls: list[Call]
    VisitChanges: list[Change]
    VisitExceptionAcknowledgement: list[Acknowledgement]
    Tasks: list[Task]


class Export(BaseModel):
    """A batch of a statement's visits; `next` asks for the batch after."""

    Version: str = "yinling-visits-1"
    StatementID: int
    StatementChecksum: str | None
    ProviderID: str
    ProviderName: str
    Month: date
    Visits: list[VisitRecord]
    next: str | None

    @classmethod
    def read(cls, session: Session, found: Statement, *, after: int) -> Self:
        """The visits of a statement after a line's number."""
        rows = session.execute(
            select(StatementLine, Visit)
            .join(Visit, Visit.id == StatementLine.visit_id)
            .where(StatementLine.district_id == found.district_id, StatementLine.statement_id == found.id)
            .where(StatementLine.number > after)
            .order_by(StatementLine.number)
            .limit(BATCH)
        ).all()
        provider = session.get_one(Provider, found.provider_id)
        behind = _Behind(session, found.district_id, [row.Visit.id for row in rows])
        visits = [_record(line, visit, provider.credit_code, behind) for line, visit in rows]
        more = str(rows[-1].StatementLine.number) if len(rows) == BATCH else None
        return cls(
            StatementID=found.id, StatementChecksum=found.checksum, ProviderID=provider.credit_code,
            ProviderName=provider.name, Month=found.month, Visits=visits, next=more,
        )  # fmt: skip


class _Behind:
    """What stands behind a batch of visits, each kind read at once."""

    def __init__(self, session: Session, district_id: int, ids: Sequence[int]) -> None:
        self.attendances = _grouped(
            session, select(Attendance).where(Attendance.visit_id.in_(ids), Attendance.state.in_(COUNTED)), Attendance
        )
        self.events = _grouped(
            session,
            select(VisitEvent).where(VisitEvent.district_id == district_id, VisitEvent.visit_id.in_(ids)), VisitEvent,
        )  # fmt: skip
        self.corrections = _grouped(
            session,
            select(Correction).where(Correction.district_id == district_id, Correction.visit_id.in_(ids)), Correction,
        )  # fmt: skip
        self.flaws = _grouped(session, select(VisitFlaw).where(VisitFlaw.visit_id.in_(ids)), VisitFlaw)
        self.tasks = queries.task_results(session, ids)
        self.sequence: dict[int, int] = dict(
            session.execute(
                select(History.subject_id, func.max(History.id))
                .where(History.district_id == district_id, History.subject == Visit.__tablename__)
                .where(History.subject_id.in_(ids))
                .group_by(History.subject_id)
            ).all()
        )


def _grouped(session: Session, query: Any, table: Any) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.scalars(query.order_by(table.id)):
        found[row.visit_id].append(row)
    return found


def _record(line: StatementLine, visit: Visit, provider: str, behind: _Behind) -> VisitRecord:
    laid_over = behind.corrections.get(visit.id, [])
    times = [queries.effective(one, laid_over) for one in behind.attendances.get(visit.id, [])]
    starts = [one["started_at"] for one in times if one["started_at"]]
    ends = [one["finished_at"] for one in times if one["finished_at"]]
    return VisitRecord(
        SequenceID=behind.sequence.get(visit.id, 0), VisitOtherID=str(visit.id), OrderOtherID=str(visit.order_id),
        ClientOtherID=str(visit.elder_id), ProviderID=provider, ProcedureCode=visit.item_code,
        EmployeeOtherIDs=[str(one.caregiver_id) for one in behind.attendances.get(visit.id, [])],
        ServiceDate=line.served_on, ScheduleStartTime=visit.starts_at or visit.opens, ScheduleMinutes=visit.minutes,
        AdjInDateTime=min(starts, default=None), AdjOutDateTime=max(ends, default=None),
        BillVisit=visit.state is VisitState.VERIFIED, BilledMinutes=line.minutes,
        PaidAllowanceCents=line.allowance_cents, PaidClientCents=line.self_pay_cents,
        ContractCents=line.contract_cents,
        Calls=[
            Call(
                CallExternalID=str(event.event_id), CallDateTime=event.happened_at,
                CallAssignment=CALLS[event.kind], EmployeeOtherID=str(event.caregiver_id),
                DistanceMetres=event.distance_m, AccuracyMetres=event.accuracy_m,
            )
            for event in behind.events.get(visit.id, [])
            if event.kind in CALLS
        ],
        VisitChanges=[
            Change(
                SequenceID=one.id, ChangeMadeBy=one.by, ChangeDateTime=one.at, Field=one.field, Before=one.before,
                After=one.after, ReasonCode=one.cause, ResolutionCode=one.resolution, ChangeReasonMemo=one.memo,
            )
            for one in laid_over
        ],
        VisitExceptionAcknowledgement=[
            Acknowledgement(
                ExceptionID=flaw.flaw, ExceptionAcknowledged=flaw.resolved_at is not None,
                AcknowledgedBy=flaw.resolved_by, AcknowledgedDate=flaw.resolved_at,
            )
            for flaw in behind.flaws.get(visit.id, [])
        ],
        Tasks=[
            Task(TaskID=row.task, Outcome=row.outcome, TaskRefused=row.outcome == "refused", Reason=row.reason)
            for row in behind.tasks.get(visit.id, [])
        ],
    )  # fmt: skip
