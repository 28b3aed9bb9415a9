"""The rules of evidence and readings over HTTP, what went wrong at visits, and the tag of a home to print."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from app import calendar
from app.access import actions as access
from app.access.api import Desk, Planner, allowed
from app.access.queries import Caller
from app.access.rules import DESK, LEADS, PROVIDER, Role
from app.db import transaction
from app.orders.tables import Visit
from app.people.tables import Elder
from app.vault import mask_name
from app.visits import home_tags, proof, proof_queries
from app.visits.incident_rules import IncidentEvent
from app.visits.proof_rules import EvidenceRules, Grade, Sort, evidence_rules_of
from app.visits.proof_shapes import IncidentOut
from app.visits.proof_tables import ProofSettings, Subject
from app.visits.reading_rules import ReadingKind, ReadingRules, ReadingVerdict, reading_rules_of

rules_router = APIRouter(prefix="/api/proof-rules", tags=["visits"])
incidents_router = APIRouter(prefix="/api/incidents", tags=["visits"])
tags_router = APIRouter(prefix="/api/home-tags", tags=["visits"])
RuleReader = Annotated[Caller, allowed(LEADS | PROVIDER | {Role.SUPERVISOR})]
RuleMaker = Annotated[Caller, allowed(frozenset({Role.SUPERVISOR}))]
Looker = Annotated[Caller, allowed(DESK | PROVIDER | {Role.SUPERVISOR})]


class EvidenceValues(BaseModel):
    """Points by sort of proof, the least points of a grade, the least grade paid by item code (`default` else)."""

    points: dict[Sort, int]
    bounds: dict[Grade, int]
    least: dict[str, Grade] = Field(max_length=100)
    fine_m: int
    near_minutes: int


class LimitValues(BaseModel):
    """Fine from `low` to `high`, both inclusive; outside them the verdict."""

    low: float
    high: float
    outside: ReadingVerdict


class ReadingValues(BaseModel):
    """Limits by value, the reading a task asks for, aids at which it guards what follows, minutes of rest."""

    limits: dict[str, LimitValues] = Field(max_length=20)
    tasks: dict[str, ReadingKind] = Field(max_length=100)
    guarded_aids: list[str] = Field(max_length=20)
    rest_minutes: int


class VersionOut(BaseModel):
    """One version as it was set."""

    version: int
    starts: date
    by: str
    at: datetime
    rules: dict[str, Any]


class ProofRulesOut(BaseModel):
    """What holds today, and every version, newest first."""

    evidence: EvidenceValues
    evidence_versions: list[VersionOut]
    readings: ReadingValues
    readings_versions: list[VersionOut]


class EvidenceIn(BaseModel):
    """New rules of evidence and their first day, today at the earliest."""

    starts: date
    rules: EvidenceValues


class ReadingsIn(BaseModel):
    """New limits and their first day, today at the earliest."""

    starts: date
    rules: ReadingValues


class TagOut(BaseModel):
    """One printed tag of a home; `withdrawn_at`: it proves nothing from then on."""

    model_config = ConfigDict(from_attributes=True)

    issue: int
    made_by: str
    made_at: datetime
    withdrawn_at: datetime | None


class TagsOut(BaseModel):
    """The tags of one home."""

    items: list[TagOut]


class AnswerIn(BaseModel):
    """What was done about it."""

    answer: str = Field(min_length=2, max_length=500)


class IncidentRow(IncidentOut):
    """One of the list, with whose visit it was."""

    elder_id: int
    elder_name: str


class IncidentsOut(BaseModel):
    """A page of them, newest first."""

    items: list[IncidentRow]
    next: str | None


@rules_router.get("")
def rules(me: RuleReader) -> ProofRulesOut:
    """What holds today, and every version."""
    with transaction(me.scope) as session:
        today = calendar.day_of(datetime.now(UTC))
        said = {one: proof_queries.settings_on(session, me.district_id, one, today)[1] for one in Subject}
        rows = session.scalars(select(ProofSettings).order_by(ProofSettings.version.desc())).all()
    found: dict[Subject, list[VersionOut]] = {one: [] for one in Subject}
    for row in rows:
        found[row.subject].append(
            VersionOut(version=row.version, starts=row.starts, by=row.by, at=row.at, rules=row.rules)
        )
    return ProofRulesOut(
        evidence=_evidence(evidence_rules_of(said[Subject.EVIDENCE])), evidence_versions=found[Subject.EVIDENCE],
        readings=_readings(reading_rules_of(said[Subject.READINGS])), readings_versions=found[Subject.READINGS],
    )  # fmt: skip


@rules_router.post("/evidence", status_code=201)
def set_evidence(said: EvidenceIn, me: RuleMaker) -> EvidenceValues:
    """A new version from a day on; visits that were graded keep the rules they were graded by."""
    with transaction(me.scope) as session:
        made = proof.set_rules(
            session, me.district_id, Subject.EVIDENCE, said.rules.model_dump(mode="json"), starts=said.starts,
            by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return _evidence(evidence_rules_of(made.rules))


@rules_router.post("/readings", status_code=201)
def set_readings(said: ReadingsIn, me: RuleMaker) -> ReadingValues:
    """New limits from a day on."""
    with transaction(me.scope) as session:
        made = proof.set_rules(
            session, me.district_id, Subject.READINGS, said.rules.model_dump(mode="json"), starts=said.starts,
            by=me.by, now=datetime.now(UTC),
        )  # fmt: skip
        return _readings(reading_rules_of(made.rules))


@incidents_router.get("")
def incidents(
    me: Looker,
    open_only: bool = True,
    cursor: Annotated[int | None, Query(description="`next` of the page before")] = None,
) -> IncidentsOut:
    """What went wrong at visits of the area, or of the caller's provider; that the desk read of health is on record."""
    with transaction(me.scope) as session:
        rows = proof_queries.incidents(session, open_only=open_only, before=cursor)
        found = session.execute(
            select(Visit.id, Elder.id, Elder.name)
            .join(Elder, Elder.id == Visit.elder_id)
            .where(Visit.id.in_([row.visit_id for row in rows]))
        )
        whose = {visit_id: (elder_id, name) for visit_id, elder_id, name in found}
        items = [_row(row, *whose[row.visit_id], me) for row in rows]
        if me.role in DESK:
            for elder_id in sorted({one[0] for one in whose.values()}):
                access.note_look(
                    session, me, elder_id=elder_id, field="incident", reason="incidents", now=datetime.now(UTC)
                )
    return IncidentsOut(items=items, next=str(rows[-1].id) if len(rows) == proof_queries.PAGE else None)


@incidents_router.post("/{incident_id}/take")
def take(incident_id: int, me: Desk) -> IncidentOut:
    """I see to it."""
    with transaction(me.scope) as session:
        found = proof.move(session, incident_id, IncidentEvent.TAKE, by=me.by, now=datetime.now(UTC))
        return IncidentOut.of(found, full=True)


@incidents_router.post("/{incident_id}/close")
def close(incident_id: int, said: AnswerIn, me: Desk) -> IncidentOut:
    """It is seen to, and how."""
    with transaction(me.scope) as session:
        found = proof.move(
            session, incident_id, IncidentEvent.CLOSE, by=me.by, now=datetime.now(UTC), answer=said.answer
        )
        return IncidentOut.of(found, full=True)


@tags_router.get("/{home_id}")
def issues(home_id: int, me: Planner) -> TagsOut:
    """Every tag the home ever had, the newest first; one is good, or none."""
    with transaction(me.scope) as session:
        return TagsOut(items=[TagOut.model_validate(one) for one in proof_queries.tags_of(session, home_id)])


@tags_router.get("/{home_id}/tag.pdf", response_class=Response)
def tag(home_id: int, me: Planner) -> Response:
    """The sheet that hangs in the home, with the tag that holds; a first one is made where there is none."""
    with transaction(me.scope) as session:
        content = home_tags.sheet(session, home_id, by=me.by, now=datetime.now(UTC))
    headers = {"Content-Disposition": f'inline; filename="tag-{home_id}.pdf"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/pdf", headers=headers)


@tags_router.post("/{home_id}/renew", status_code=204)
def renew(home_id: int, me: Planner) -> None:
    """The old tag was lost or photographed: it proves nothing any more. Print the new one."""
    with transaction(me.scope) as session:
        proof.issue_tag(session, home_id, by=me.by, now=datetime.now(UTC))


def _row(row: Any, elder_id: int, name: str, me: Caller) -> IncidentRow:
    full = me.role in DESK
    shown = IncidentOut.of(row, full=full).model_dump()
    return IncidentRow(**shown, elder_id=elder_id, elder_name=name if full else mask_name(name))


def _evidence(held: EvidenceRules) -> EvidenceValues:
    return EvidenceValues.model_validate(held.as_json())


def _readings(held: ReadingRules) -> ReadingValues:
    return ReadingValues.model_validate(held.as_json())
