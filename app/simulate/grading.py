"""What past visits are proven by: a hand that signed for most of them, and the grade the open rules make of it all."""

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from app.config import settings
from app.orders.tables import Visit
from app.people.tables import Home
from app.places.rules import Place
from app.planning.tables import Attendance
from app.visits import proof_queries
from app.visits.proof_rules import EvidenceRules, graded
from app.visits.proof_tables import VisitGrade
from app.visits.rules import EventKind, Fix, Outcome, Record
from app.visits.tables import EventOutcome, VisitEvent

RULES: Final = EvidenceRules()  # the first settings: version 0
SIGNED: Final = 0.6
STROKES: Final = [[[14, 42], [30, 18], [52, 47]], [[60, 20], [63, 50], [90, 34], [118, 41]]]


def sign(attendance: Attendance, rng: random.Random) -> list[Any]:
    """The rows of a signature at the end of a stay; none where nobody signed or she did not check out."""
    at = attendance.finished_at
    if at is None or attendance.rank > 1 or rng.random() >= SIGNED:
        return []
    event = VisitEvent(
        district_id=attendance.district_id, division_code=attendance.division_code, provider_id=attendance.provider_id,
        event_id=uuid.UUID(int=rng.getrandbits(128), version=4), kind=EventKind.SIGNATURE,
        caregiver_id=attendance.caregiver_id, attendance_id=attendance.id, visit_id=attendance.visit_id, seq=9,
        device_at=at, received_at=at, happened_at=at - timedelta(seconds=20),
        data={"how": "signed", "strokes": STROKES},
    )  # fmt: skip
    outcome = EventOutcome(
        district_id=event.district_id, event_id=event.event_id, attendance_id=attendance.id, outcome=Outcome.ACCEPTED,
        at=at,
    )  # fmt: skip
    return [event, outcome]


def grade(session: Session, visit: Visit, team: Sequence[Attendance], said: Sequence[Any], *, at: datetime) -> None:
    """As `app.visits.proof.grade` would, from the rows at hand."""
    home = Place.of(session.get_one(Home, visit.home_id).place)
    events = [one for one in said if isinstance(one, VisitEvent)]
    records = [_record(mine, events, home) for mine in team]
    proofs = [
        *proof_queries.located(records, geofence_m=settings().geofence_m, fine_m=RULES.fine_m),
        *proof_queries.left_behind(events, whole=team[0].finished_at is not None, photos=0),
    ]
    found = graded(proofs, [mine.id for mine in team], RULES, item_code=visit.item_code)
    explained = [
        {
            "sort": one.proof.sort.value, "point": one.proof.point.value, "attendance_id": one.proof.attendance_id,
            "points": one.points, "counts": one.counts, "facts": dict(one.proof.facts),
        }
        for one in found.counted
    ]  # fmt: skip
    session.add(
        VisitGrade(
            district_id=visit.district_id, division_code=visit.division_code, provider_id=visit.provider_id,
            visit_id=visit.id, grade=found.grade, points=found.points, least=found.least, rules_version=0,
            explained={"proofs": explained}, at=at,
        )
    )  # fmt: skip


def _record(mine: Attendance, events: Sequence[VisitEvent], home: Place) -> Record:
    def fix(kind: EventKind) -> Fix | None:
        found = (one for one in events if one.attendance_id == mine.id and one.kind is kind)
        one = next(found, None)
        if one is None or one.distance_m is None:
            return None
        return Fix(one.distance_m, one.accuracy_m or 0.0, home.accuracy_m)

    return Record(mine.id, mine.started_at, mine.finished_at, fix(EventKind.START), fix(EventKind.FINISH))
