"""When a visit counts: check-in and check-out of everyone who had to come, enough minutes, at the right place."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from app.errors import Conflict, NotFound, Unreadable

CLOCK_WAS_SET: Final = timedelta(minutes=2)  # more than any journey of an answer
SKEW: Final = timedelta(minutes=2)
VAGUE_M: Final = 1000  # a fix known no better than this proves no place
LATE: Final = timedelta(minutes=30)  # after the planned start without anybody at the door
OVERDUE: Final = timedelta(hours=4)  # after the planned end without a whole record
LONGEST: Final = timedelta(hours=16)

# How far along each step is, as an event and as the state it leads to.
STEPS: Final[dict[str, int]] = {
    "assigned": 0, "declined": 0, "withdrawn": 0, "accept": 1, "accepted": 1, "depart": 2, "on_the_way": 2,
    "arrive": 3, "arrived": 3, "start": 4, "in_service": 4, "finish": 5, "finished": 5,
}  # fmt: skip


class EventKind(StrEnum):
    """What a phone reports."""

    ACCEPT = "accept"
    DECLINE = "decline"
    DEPART = "depart"
    ARRIVE = "arrive"
    START = "start"  # check-in
    TASK = "task"
    FINISH = "finish"  # check-out
    NOT_DELIVERED = "not_delivered"
    NOTE = "note"
    WHERE = "where"  # asked, because the fix did not fit: where she is
    TAG = "tag"  # read at the home
    PRESS = "press"  # the elder is asked to press her button, as a proof that somebody is there
    READING = "reading"
    SIGNATURE = "signature"
    CONSENT = "consent"  # to photos, given or refused; the pictures come by another door
    INCIDENT = "incident"
    WORSE = "worse"  # the elder is worse than usual


SAID: Final = frozenset(
    {
        EventKind.WHERE, EventKind.TAG, EventKind.PRESS, EventKind.READING, EventKind.SIGNATURE, EventKind.CONSENT,
        EventKind.INCIDENT, EventKind.WORSE,
    }
)  # fmt: skip
"""What is told about a visit and moves nobody."""


class Outcome(StrEnum):
    """What became of a reported event; it is kept whatever it says."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"
    ATTENTION = "attention"


class TaskOutcome(StrEnum):
    """How one task of the item went."""

    DONE = "done"
    NOT_DONE = "not_done"
    REFUSED = "refused"
    NOT_APPLICABLE = "not_applicable"


class Flaw(StrEnum):
    """What is odd about a visit."""

    NO_CHECK_IN = "no_check_in"
    NO_CHECK_OUT = "no_check_out"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    OUTSIDE = "outside"  # the fix lies away from the home
    NO_LOCATION = "no_location"
    CLOCK_SKEW = "clock_skew"
    TASKS_MISSING = "tasks_missing"
    NOT_STARTED = "not_started"  # nobody at the door half an hour after the planned start
    MONTH_SETTLED = "month_settled"  # the reserved money has expired
    PLAN_CLASH = "plan_clash"  # the phone reported what the plan no longer holds
    OVERLAP = "overlap"  # the caregiver was at two homes at once (R1, 时空重叠)
    IMPOSSIBLE_TRAVEL = "impossible_travel"  # nobody gets from one home to the next so fast (R2, 穿越)
    TOO_MANY = "too_many"  # more visits or hours in one day than anybody can give (R3, 工单限额)
    UNQUALIFIED = "unqualified"  # without a valid certificate on the day (R4, 人员资质)
    ELDER_GONE = "elder_gone"  # in hospital, away or dead that day (R8)
    WEAK_PROOF = "weak_proof"  # less proven than the district's rules of evidence ask for
    STOP_IGNORED = "stop_ignored"  # done in spite of a reading beyond its limit
    REUSED_PHOTO = "reused_photo"  # a photo that another visit had before (R7)
    PHOTO_TIME = "photo_time"  # taken before or after the stay (R7)
    OWN_PHONE = "own_phone"  # confirmed from a caregiver's own telephone (R9)
    SHARED_PHONE = "shared_phone"  # confirmed from a telephone that confirms for many elders (R9)
    MOCK_LOCATION = "mock_location"  # the phone itself says that its place was made up (R6)
    SCREEN_PHOTO = "screen_photo"  # shaped like a screen and no camera's: a picture of a picture


HOLDING: Final = frozenset(
    {
        Flaw.NO_CHECK_IN,
        Flaw.NO_CHECK_OUT,
        Flaw.TOO_SHORT,
        Flaw.TOO_LONG,
        Flaw.OUTSIDE,
        Flaw.NO_LOCATION,
        Flaw.MONTH_SETTLED,
        Flaw.OVERLAP,
        Flaw.IMPOSSIBLE_TRAVEL,
        Flaw.TOO_MANY,
        Flaw.UNQUALIFIED,
        Flaw.ELDER_GONE,
        Flaw.WEAK_PROOF,
        Flaw.STOP_IGNORED,
        Flaw.REUSED_PHOTO,
        Flaw.PHOTO_TIME,
        Flaw.OWN_PHONE,
        Flaw.SHARED_PHONE,
        Flaw.MOCK_LOCATION,
    }
)  # the others are shown and hold nothing
DOUBTS: Final = frozenset({Flaw.REUSED_PHOTO, Flaw.PHOTO_TIME, Flaw.OWN_PHONE, Flaw.SHARED_PHONE})
"""What may come to light after a visit has verified itself: its provider is not paid before a person has looked."""


class NotDelivered(StrEnum):
    """Why there was no service."""

    NO_ONE_HOME = "no_one_home"
    REFUSED = "refused"
    IN_HOSPITAL = "in_hospital"
    UNSAFE = "unsafe"
    NOT_WELL = "not_well"  # a reading stopped it, or she was worse
    MISSED = "missed"  # nobody came
    OTHER = "other"


class Cause(StrEnum):
    """Why a record had to be corrected."""

    FORGOT = "forgot"
    DEVICE_TROUBLE = "device_trouble"
    NO_COVERAGE = "no_coverage"
    WRONG_PICK = "wrong_pick"
    SCHEDULE_CHANGE = "schedule_change"
    EMERGENCY = "emergency"
    LOCKED_DOOR = "locked_door"
    OUTSIDE_HOME = "outside_home"
    SYSTEM_FAILURE = "system_failure"
    OTHER = "other"


class Resolution(StrEnum):
    """What the correction rests on."""

    ELDER_CONFIRMED = "elder_confirmed"
    FAMILY_CONFIRMED = "family_confirmed"
    PARTNER_CONFIRMED = "partner_confirmed"
    DOCUMENT_SEEN = "document_seen"
    PROVIDER_STATED = "provider_stated"


class NotYours(NotFound):
    """You have no such attendance."""


class ReasonMissing(Unreadable):
    """Say why."""


class NotMatched(Conflict):
    """No record of a caregiver stands behind this visit; only what is matched is paid."""


class AppealOpen(Conflict):
    """An appeal about this visit is open; decide the appeal."""


class CannotCorrect(Conflict):
    """This record cannot be corrected now."""


@dataclass(frozen=True)
class Fix:
    """A place reported at the door: how far from the home, and how well both are known, metres."""

    distance_m: float
    accuracy_m: float
    home_accuracy_m: float

    def fits(self, geofence_m: int) -> bool:
        """Whether the circle of the fix touches the home's uncertain place with its fence."""
        return self.distance_m <= geofence_m + self.accuracy_m + self.home_accuracy_m

    @property
    def vague(self) -> bool:
        """Too large a circle to say anything."""
        return self.accuracy_m > VAGUE_M


@dataclass(frozen=True)
class Record:
    """One caregiver's visit as it stands: what was reported, corrections laid over it."""

    attendance_id: int
    started_at: datetime | None
    finished_at: datetime | None
    start_fix: Fix | None = None
    finish_fix: Fix | None = None
    skew: timedelta = timedelta()
    proven: frozenset[str] = frozenset()  # ends (start, finish) at which something else than a fix shows the place
    mocked: frozenset[str] = frozenset()  # ends at which the phone said that its place was made up


@dataclass(frozen=True)
class Finding:
    """One flaw, whose, and the figures a sentence needs."""

    flaw: Flaw
    attendance_id: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)


def judge(
    records: Sequence[Record],
    *,
    least_minutes: int,
    geofence_m: int,
    caregivers: int,
    tasks_missing: Sequence[str] = (),
) -> Iterator[Finding]:
    """Everything odd about a finished visit; it verifies itself when nothing found is in HOLDING."""
    for _ in range(caregivers - len(records)):
        yield Finding(Flaw.NO_CHECK_IN)
    for record in records:
        yield from _times(record, least_minutes)
        yield from _places(record, geofence_m)
        if abs(record.skew) > SKEW:
            yield Finding(Flaw.CLOCK_SKEW, record.attendance_id, {"seconds": round(record.skew.total_seconds())})
    if tasks_missing:
        yield Finding(Flaw.TASKS_MISSING, None, {"tasks": list(tasks_missing)})


def _times(record: Record, least_minutes: int) -> Iterator[Finding]:
    if record.started_at is None:
        yield Finding(Flaw.NO_CHECK_IN, record.attendance_id)
    if record.finished_at is None:
        yield Finding(Flaw.NO_CHECK_OUT, record.attendance_id)
    if record.started_at is None or record.finished_at is None:
        return
    given = record.finished_at - record.started_at
    facts = {"given_minutes": int(given.total_seconds() // 60), "least_minutes": least_minutes}
    if given < timedelta(minutes=least_minutes):
        yield Finding(Flaw.TOO_SHORT, record.attendance_id, facts)
    if given > LONGEST:
        yield Finding(Flaw.TOO_LONG, record.attendance_id, facts)


def _places(record: Record, geofence_m: int) -> Iterator[Finding]:
    for end, at, fix in (
        ("start", record.started_at, record.start_fix),
        ("finish", record.finished_at, record.finish_fix),
    ):
        if at is None:
            continue
        if end in record.mocked:
            yield Finding(Flaw.MOCK_LOCATION, record.attendance_id, {"end": end})
            continue
        if (fix is None or fix.vague) and end in record.proven:
            continue
        if fix is None or fix.vague:
            accuracy = {} if fix is None else {"accuracy_m": round(fix.accuracy_m)}
            yield Finding(Flaw.NO_LOCATION, record.attendance_id, {"end": end} | accuracy)
        elif not fix.fits(geofence_m):
            yield Finding(Flaw.OUTSIDE, record.attendance_id, {"end": end, "distance_m": round(fix.distance_m)})


def happened(
    device_at: datetime,
    *,
    received_at: datetime,
    offset_ms: int | None,
    sent_at: datetime | None,
    clock_off_ms: int | None = None,
) -> datetime:
    """When it happened by the server's clock; never later than the receipt.

    The phone's wall clock is corrected by how far it was off at sending (`sent_at`). Its steady clock (`offset_ms`
    before sending) stands still while the phone sleeps, so it says at least how long ago; it decides where the wall
    clock was set in between: where that clock says less, or was off otherwise when last it met the server's.
    """
    steady = received_at - timedelta(milliseconds=offset_ms) if offset_ms is not None else None
    if sent_at is None:
        return steady or min(device_at, received_at)
    off = received_at - sent_at
    by_wall = min(device_at + off, received_at)
    was_set = clock_off_ms is not None and abs(off - timedelta(milliseconds=clock_off_ms)) > CLOCK_WAS_SET
    if steady is not None and (was_set or by_wall > steady):
        return steady
    return by_wall
