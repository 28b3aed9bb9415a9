"""What the phone must know to measure, to stop a bath and to show a grade, also where there is no signal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.config import settings
from app.orders.tables import Visit
from app.phone.shapes import Measuring, PhoneGate, ValueOut
from app.visits import proof_queries
from app.visits.proof_shapes import GradeOut, ReadingOut
from app.visits.proof_tables import Subject
from app.visits.reading_rules import OPTIONAL, VALUES, ReadingRules, gate_of, reading_rules_of, verdict
from app.visits.rules import EventKind
from app.visits.tables import VisitEvent


@dataclass(frozen=True)
class Proofs:
    """By visit: the rules of its day, what was measured, the grade it has."""

    rules: Mapping[int, ReadingRules]
    readings: Mapping[int, list[ReadingOut]]
    grades: Mapping[int, GradeOut]

    @classmethod
    def of(cls, session: Session, district_id: int, visits: Sequence[Visit]) -> Self:
        """Of many visits, in as few statements as there are days, and two."""
        ids = [visit.id for visit in visits]
        by_day = {calendar.day_of(visit.starts_at or visit.opens): visit for visit in visits}
        held = {day: proof_queries.reading_rules(session, visit) for day, visit in by_day.items()}
        rules = {visit.id: held[calendar.day_of(visit.starts_at or visit.opens)] for visit in visits}
        events = session.scalars(
            select(VisitEvent)
            .where(VisitEvent.district_id == district_id, VisitEvent.visit_id.in_(ids))
            .where(VisitEvent.kind == EventKind.READING)
            .order_by(VisitEvent.happened_at, VisitEvent.id)
        )
        readings: dict[int, list[ReadingOut]] = {}
        for event in events:
            if one := proof_queries.reading(event):
                readings.setdefault(event.visit_id, []).append(
                    ReadingOut(
                        at=one.at, attendance_id=one.attendance_id, kind=one.kind, values=dict(one.values),
                        verdict=verdict(one.values, rules[event.visit_id]),
                    )
                )  # fmt: skip
        kept = proof_queries.grades_of(session, ids)
        grades = {number: found for number, row in kept.items() if (found := GradeOut.of(row))}
        return cls(rules, readings, grades)


def measuring(session: Session, district_id: int, today: date) -> Measuring:
    """Kinds, limits and rest as they hold today."""
    rules = reading_rules_of(proof_queries.settings_on(session, district_id, Subject.READINGS, today)[1])
    kinds = {
        kind: [
            ValueOut(
                name=name, unit=value.unit, least=value.least, most=value.most, step=value.step,
                needed=(kind, name) not in OPTIONAL, low=rules.limits[name].low, high=rules.limits[name].high,
                outside=rules.limits[name].outside,
            )
            for name, value in values.items()
        ]
        for kind, values in VALUES.items()
    }  # fmt: skip
    return Measuring(kinds=kinds, rest_minutes=rules.rest_minutes, geofence_m=settings().geofence_m)


def gate(tasks: Sequence[Any], aid: str, rules: ReadingRules) -> PhoneGate | None:
    """What guards what, if anything does."""
    found = gate_of(tasks, aid, rules)
    return PhoneGate(task=found[0], guards=found[1]) if found else None
