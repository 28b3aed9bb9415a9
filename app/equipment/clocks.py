"""How long each kind of entry of the technical list may wait: the district's settings, read here."""

from datetime import timedelta

from app.config import settings
from app.equipment.rules import Fault


def due_after(kind: Fault) -> timedelta:
    """From when it is found to when somebody should have seen to it."""
    at = settings()
    hours = {
        Fault.SILENT: at.upkeep_silent_hours, Fault.OFFLINE: at.upkeep_offline_hours,
        Fault.TAMPER: at.upkeep_tamper_hours, Fault.NOT_WORN: at.upkeep_not_worn_hours,
        Fault.LOW_BATTERY: at.upkeep_low_battery_hours, Fault.UNTESTED: at.upkeep_untested_hours,
        Fault.FALSE_ALARMS: at.upkeep_false_alarms_hours,
    }  # fmt: skip
    return timedelta(hours=hours[kind])


def outage_due_after() -> timedelta:
    """Sooner than a single device: one gateway is many elders."""
    return timedelta(hours=settings().upkeep_outage_hours)
