"""What proves a visit, as screens show it: the grade with its sum, readings, who signed, what went wrong."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Self

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.orders.tables import Visit
from app.visits import proof_queries, queries
from app.visits.incident_rules import IncidentEvent, IncidentKind, IncidentState, possible
from app.visits.proof_rules import Grade, Point, Sort
from app.visits.proof_tables import Incident, VisitGrade
from app.visits.reading_rules import ReadingKind, ReadingRules, ReadingVerdict, verdict
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent

FAR = 10_000  # no stroke lies there
SEALED = frozenset({EventKind.READING, EventKind.SIGNATURE, EventKind.TAG, EventKind.INCIDENT, EventKind.WORSE})
"""Kinds whose data stay out of the bare list of events: health and hands are shown in their own places."""


class ProofOut(BaseModel):
    """One proof and what it was worth; `counts` is false where a better one proves the same."""

    sort: Sort
    point: Point
    attendance_id: int | None
    points: int
    counts: bool
    facts: dict[str, Any]


class GradeOut(BaseModel):
    """The grade, the points it rests on, and the least that is paid without a person looking."""

    grade: Grade
    points: int
    least: Grade
    rules_version: int
    proofs: list[ProofOut]

    @classmethod
    def of(cls, row: VisitGrade | None) -> Self | None:
        """As kept."""
        if row is None:
            return None
        proofs = [ProofOut(**one) for one in row.explained["proofs"]]
        return cls(
            grade=row.grade, points=row.points, least=row.least, rules_version=row.rules_version, proofs=proofs
        )  # fmt: skip


class ReadingOut(BaseModel):
    """What was measured, when, by whose login, and what followed."""

    at: datetime
    attendance_id: int
    kind: ReadingKind
    values: dict[str, float]
    verdict: ReadingVerdict


class SignatureOut(BaseModel):
    """Who signed, or why nobody did; the strokes are polylines of [x, y] in a box 300 wide and 150 high."""

    at: datetime
    how: Sort
    who: str | None
    relation: str | None
    reason: str | None
    strokes: list[list[list[float]]]


class IncidentOut(BaseModel):
    """Something that went wrong; the words only for who may read of her health."""

    id: int
    visit_id: int
    attendance_id: int
    kind: IncidentKind
    state: IncidentState
    possible: list[IncidentEvent]
    words: str | None
    happened_at: datetime
    raised_at: datetime
    taken_by: str | None
    answer: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, row: Incident, *, full: bool) -> Self:
        """As this caller may see it; only the desk may act."""
        return cls(
            id=row.id, visit_id=row.visit_id, attendance_id=row.attendance_id, kind=row.kind, state=row.state,
            possible=possible(row.state) if full else [], words=row.words if full else None,
            happened_at=row.happened_at, raised_at=row.raised_at, taken_by=row.taken_by,
            answer=row.answer if full else None, closed_at=row.closed_at,
        )  # fmt: skip


class EvidenceOut(BaseModel):
    """Everything that proves a visit. Readings and hands only for the desk; the others see that they are there."""

    grade: GradeOut | None
    readings: list[ReadingOut]
    signatures: list[SignatureOut]
    consents: list[bool]  # to photos, as they were given or refused, in order
    answers: list[str]  # where she was when the fix did not fit
    incidents: list[IncidentOut]

    @classmethod
    def read(cls, session: Session, visit: Visit, *, full: bool) -> Self:
        """As of now."""
        said = queries.events(session, visit.district_id, visit.id)
        rules = proof_queries.reading_rules(session, visit)
        return cls(
            grade=GradeOut.of(proof_queries.grade_of(session, visit.id)),
            readings=[one for e in said if full and (one := _reading(e, rules))],
            signatures=[hand for e in said if full and (hand := _signature(e))],
            consents=[e.data.get("given") is True for e in said if e.kind is EventKind.CONSENT],
            answers=[str(e.data.get("answer")) for e in said if e.kind is EventKind.WHERE],
            incidents=[IncidentOut.of(one, full=full) for one in proof_queries.incidents(session, visit_id=visit.id)],
        )  # fmt: skip


def bare(kind: EventKind, data: Mapping[str, Any]) -> dict[str, Any]:
    """An event's data without what is shown in its own place, or nowhere."""
    return {} if kind in SEALED else dict(data)


def _reading(event: VisitEvent, rules: ReadingRules) -> ReadingOut | None:
    one = proof_queries.reading(event) if event.kind is EventKind.READING else None
    if one is None:
        return None
    return ReadingOut(
        at=one.at, attendance_id=one.attendance_id, kind=one.kind, values=dict(one.values),
        verdict=verdict(one.values, rules),
    )  # fmt: skip


def _signature(event: VisitEvent) -> SignatureOut | None:
    how = proof_queries.signature(event.data) if event.kind is EventKind.SIGNATURE else None
    if how is None:
        return None
    said = {name: str(event.data[name])[:100] if event.data.get(name) else None for name in ("who", "relation")}
    return SignatureOut(
        at=event.happened_at, how=how, reason=str(event.data["reason"])[:200] if event.data.get("reason") else None,
        strokes=_strokes(event.data.get("strokes")), **said,
    )  # fmt: skip


def _strokes(said: object) -> list[list[list[float]]]:
    """Only pairs of numbers; what else a phone may send draws nothing."""
    lines = [line for line in said if isinstance(line, list)] if isinstance(said, list) else []
    return [[[float(n) for n in pair] for pair in line if _pair(pair)] for line in lines]


def _pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(n, int | float) and abs(n) < FAR for n in pair)
