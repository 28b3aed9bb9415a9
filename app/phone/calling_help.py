"""What a phone tells of a visit that the alarm centre must hear: she is worse; she is asked to press as a proof."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from app.access.queries import Caller
from app.alarms import hearing, on_test
from app.alarms.rules import AlarmKind
from app.orders import queries as orders
from app.planning.tables import Attendance
from app.visits import queries as visits
from app.visits.actions import Reported
from app.visits.rules import EventKind

WINDOW: Final = timedelta(minutes=10)  # in which a press is a proof, once a voice has said so
TOLD: Final = frozenset({EventKind.WORSE, EventKind.PRESS})


def unheard(session: Session, district_id: int, batch: Sequence[Reported]) -> list[Reported]:
    """Those the centre must hear of and has not: what is sent again rings once."""
    told = {one.id: one for one in batch if one.kind in TOLD}
    known: set[uuid.UUID] = set(visits.outcomes(session, district_id, list(told))) if told else set()
    return [one for number, one in told.items() if number not in known]


def tell(session: Session, heard: Sequence[Reported], *, me: Caller, now: datetime) -> None:
    """Ring, also where the plan has changed meanwhile: whoever stands beside her is believed.

    A press is awaited in a test window: what comes then rings like any other, and is a test only after a voice.
    """
    for one in heard:
        attendance = session.get(Attendance, one.attendance_id)
        if attendance is None or attendance.caregiver_id != me.caregiver_id:
            continue
        visit = orders.visit(session, attendance.visit_id)
        if one.kind is EventKind.WORSE:
            who = hearing.Whose(visit.district_id, visit.division_code, visit.elder_id, visit.home_id)
            said = {
                "note": str(one.data.get("note") or "")[:500], "caregiver": me.by, "visit": visit.id,
                "at": one.at.isoformat(),
            }  # fmt: skip
            press = hearing.Press(now, device_at=one.at, said=said)
            hearing.call_for_help(session, AlarmKind.SOS, who, press, by=me.by, now=now)
        elif now - one.at < WINDOW:
            on_test.begin(
                session, home_id=visit.home_id, device_id=None, installer_id=attendance.caregiver_id,
                minutes=int(WINDOW.total_seconds() // 60), reason="proof of presence", me=me, now=now,
            )  # fmt: skip
