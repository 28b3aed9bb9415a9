"""Who calls for help where it is a caregiver herself."""

from collections.abc import Sequence

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app.alarms.tables import Alarm
from app.people.tables import Caregiver, Elder
from app.vault import mask_phone


class WorkerOut(BaseModel):
    """The caregiver who calls for help herself; her place is in the case while it is open."""

    caregiver_id: int
    name: str
    phone: str
    visiting: str | None  # whose home she was in


def worker_of(session: Session, alarm: Alarm, living: Sequence[Elder]) -> WorkerOut | None:
    """None where an elder, a home or a device calls."""
    caregiver = session.get(Caregiver, alarm.worker_id) if alarm.worker_id else None
    if caregiver is None:
        return None
    return WorkerOut(
        caregiver_id=caregiver.id, name=caregiver.name, phone=mask_phone(caregiver.phone),
        visiting="、".join(elder.name for elder in living) or None,
    )  # fmt: skip
