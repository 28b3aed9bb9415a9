"""When the platform itself hears nothing: every listener gone, cut off or ill, or the whole house down."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms.queries import STALE
from app.alarms.tables import Pulse
from app.equipment import presence

GAP: Final = timedelta(seconds=30)  # between two looks of the clock: longer, and there was no clock


def listen(session: Session, *, now: datetime) -> None:
    """Note the beginning and the end of deafness; an installation that never had a listener is not deaf."""
    pulses = session.scalars(select(Pulse)).all()
    listeners = [one for one in pulses if one.name.startswith("listener")]
    if not listeners:
        return
    hears = [one for one in listeners if one.well and one.at > now - STALE]
    clock = next((one for one in pulses if one.name == "clock"), None)
    if clock and now - clock.at > GAP and all(_since(one) > clock.at for one in hears):
        presence.deaf(session, clock.at, why="platform")  # nobody looked meanwhile, and whoever listens began later
    if not hears:
        presence.deaf(session, max(one.at for one in listeners), why="listener")
    else:
        presence.hears_again(session, now=now)


def _since(listener: Pulse) -> datetime:
    """When a listener's process began."""
    said = listener.facts.get("since")
    return datetime.fromisoformat(said) if said else listener.at
