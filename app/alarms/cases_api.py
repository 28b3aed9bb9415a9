"""The door of the case record: a case rebuilt from its log alone, to be printed or carried away as JSON."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.access import actions as access
from app.access.api import Reader
from app.access.queries import Caller
from app.access.rules import DESK
from app.access.tables import District
from app.alarms import cases, log, proving
from app.alarms.proving import chain
from app.alarms.rules import AlarmKind, State, Verdict
from app.alarms.tables import Alarm
from app.db import transaction
from app.errors import NotFound
from app.people.tables import Caregiver, Elder, Home
from app.places.tables import Division
from app.vault import mask_name

record = APIRouter(prefix="/api/alarms", tags=["alarms"])
HARMLESS = frozenset({
    "count", "seconds", "minutes", "verdict", "target", "result", "call_id", "late_seconds", "device", "battery",
    "clock_off", "device_at", "caregiver_id", "visit_id", "test", "attempt", "rung", "kind",
})  # fmt: skip
"""Facts that name nobody: all that is shown to those who do not work with people by name."""


class LineOut(BaseModel):
    """One line of the log; with hash and ciphertext the chain can be checked without us."""

    n: int
    at: datetime
    by: str
    event: str
    before: str | None
    after: str | None
    facts: dict[str, Any]
    hash: str
    sealed: str


class ClaimOut(BaseModel):
    """Whose it was, and how that ended."""

    by: str
    since: datetime
    until: datetime | None
    ended: str | None


class CallOut(BaseModel):
    """A call about it."""

    at: datetime
    by: str
    target: str | None
    name: str | None
    result: str | None


class ToldOut(BaseModel):
    """Somebody outside who was told."""

    at: datetime
    who: str
    how: str


class EndOut(BaseModel):
    """A verdict, and when: a case that was reopened has several."""

    at: datetime
    by: str
    verdict: Verdict | None
    text: str | None


class ClocksOut(BaseModel):
    """First moments of all, by the server."""

    received_at: datetime | None
    raised_at: datetime | None
    answered_at: datetime | None
    decided_at: datetime | None
    arrived_at: datetime | None
    closed_at: datetime | None
    seconds: dict[str, float | None]


class RecordOut(BaseModel):
    """The record of a case: everything in it but name and place is from the log alone."""

    alarm_id: int
    district: str
    kind: AlarmKind | None
    elder_name: str | None
    worker_name: str | None  # who called for help herself
    estate: str | None
    community: str | None
    wire_id: str | None
    state: State | None
    verdict: Verdict | None
    presses: int
    rounds: int
    clocks: ClocksOut
    claims: list[ClaimOut]
    calls: list[CallOut]
    told: list[ToldOut]
    verdicts: list[EndOut]
    lines: list[LineOut]
    head: str
    holds: bool  # whether each line follows from the one before it
    broken: list[str]
    anchor: str | None
    anchored_at: datetime | None
    in_full: bool  # names and words; else the bureau's view
    readable: bool  # False where the person's key was erased
    printed_by: str
    printed_at: datetime


@record.get("/{alarm_id}/record")
def case_record(alarm_id: int, me: Reader) -> RecordOut:
    """The case, rebuilt from its log; that somebody took it out is written down."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        alarm = session.get(Alarm, alarm_id)
        if alarm is None:
            raise NotFound("There is no such alarm.")
        if alarm.elder_id is not None:
            why = f"record of alarm {alarm.id}"
            access.note_look(session, me, elder_id=alarm.elder_id, field="case", reason=why, now=now)
        return _record(session, alarm, me, now=now)


def _record(session: Session, alarm: Alarm, me: Caller, *, now: datetime) -> RecordOut:
    lines = log.of(session, alarm)
    case, full = cases.rebuilt(lines), me.role in DESK
    elder = session.get(Elder, case.row.get("elder_id") or alarm.elder_id or 0)
    worker = session.get(Caregiver, case.row.get("worker_id") or alarm.worker_id or 0)
    home = session.get(Home, case.row.get("home_id") or alarm.home_id or 0)
    division, district = session.get(Division, alarm.division_code), session.get_one(District, alarm.district_id)
    anchor = proving.latest(session, alarm.district_id)
    broken = [b.reason for b in chain(alarm.id, log.rows_of(session, alarm), (alarm.log_length, alarm.log_head))]

    def name(told: str | None) -> str | None:
        return told if full or not told else mask_name(told)

    return RecordOut(
        alarm_id=alarm.id, district=district.name, kind=case.row.get("kind") or alarm.kind,
        elder_name=name(elder.name if elder else None), worker_name=name(worker.name if worker else None),
        estate=home.estate if home and full else None, community=division.name if division else None,
        wire_id=case.row.get("wire_id") or alarm.wire_id,
        state=case.state, verdict=case.verdict, presses=case.presses, rounds=case.rounds,
        clocks=ClocksOut(**vars(case.clocks), seconds=case.clocks.seconds),
        claims=[ClaimOut(**vars(one)) for one in case.claims],
        calls=[
            CallOut(at=one.at, by=one.by, target=one.target, name=name(one.name), result=one.result)
            for one in case.calls
        ],
        told=[ToldOut(at=one.at, who=name(one.who) or "", how=one.how) for one in case.told],
        verdicts=[EndOut(**one | {"text": one["text"] if full else None}) for one in case.verdicts],
        lines=[
            LineOut(**{key: value for key, value in vars(line).items() if key not in ("facts", "row")},
                    facts=dict(line.facts) if full else _harmless(line.facts))
            for line in lines
        ],
        head=case.head, holds=not broken, broken=broken, anchor=anchor and anchor.digest,
        anchored_at=anchor and anchor.at, in_full=full, readable=case.readable, printed_by=me.by, printed_at=now,
    )  # fmt: skip


def _harmless(facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name in HARMLESS}
