"""What came of the calls of an alarm: into its log, and to whatever waits for it."""

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from app.alarms import log
from app.alarms.rules import OPEN
from app.alarms.tables import Alarm
from app.calls import outcomes
from app.calls.rules import Target

EXCHANGE: Final = "exchange"
SPOKEN_TO: Final = (Target.ELDER, Target.DEVICE, Target.CONTACT, Target.WORKER)


def hear(session: Session, call_id: int, *, now: datetime) -> None:
    """A call of an alarm has ended or its key was pressed. The alarm is locked first, as everybody does."""
    alarm_id = outcomes.alarm_of(session, call_id)
    alarm = session.get(Alarm, alarm_id, with_for_update=True, populate_existing=True) if alarm_id else None
    outcome = outcomes.take(session, call_id, now=now)
    if alarm is None or outcome is None:
        return
    log.append(
        session, alarm, "call_ended", alarm.state, alarm.state, by=EXCHANGE, now=now, call_id=outcome.call_id,
        target=outcome.target, contact_id=outcome.contact_id, result=outcome.result, seconds=outcome.spoke_seconds,
        **({"pressed": outcome.pressed} if outcome.pressed else {}),
        **({"automatic": True} if outcome.automatic else {}),
    )  # fmt: skip
    if outcome.reached and outcome.target in SPOKEN_TO and alarm.state in OPEN:
        alarm.reached_at = now
