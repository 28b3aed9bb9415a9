"""The life of a job, and when one counts as stuck."""

from datetime import timedelta
from enum import StrEnum
from typing import Final

from app.errors import IllegalMove

SILENT: Final = timedelta(seconds=30)  # a running job beats every second or so; queued ones wait no longer than this


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"  # by hand, keeping nothing
    FAILED = "failed"


class JobEvent(StrEnum):
    """What happens to a job."""

    BEGIN = "begin"
    FINISH = "finish"
    STOP = "stop"
    FAIL = "fail"
    REQUEUE = "requeue"  # its worker went away


MOVES: Final[dict[tuple[JobState, JobEvent], JobState]] = {
    (JobState.QUEUED, JobEvent.BEGIN): JobState.RUNNING,
    (JobState.QUEUED, JobEvent.STOP): JobState.STOPPED,
    (JobState.RUNNING, JobEvent.FINISH): JobState.DONE,
    (JobState.RUNNING, JobEvent.STOP): JobState.STOPPED,
    (JobState.RUNNING, JobEvent.FAIL): JobState.FAILED,
    (JobState.RUNNING, JobEvent.REQUEUE): JobState.QUEUED,
}

OPEN: Final = frozenset({JobState.QUEUED, JobState.RUNNING})


class JobMoveRefused(IllegalMove):
    """The job cannot do that now."""


def after(state: JobState, event: JobEvent) -> JobState:
    """The state that follows; raises JobMoveRefused where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise JobMoveRefused(f"A job that is {state} cannot {event}.", state=state) from None


def possible(state: JobState) -> list[JobEvent]:
    """The buttons a screen may show."""
    return [event for (source, event) in MOVES if source == state and event is JobEvent.STOP]
