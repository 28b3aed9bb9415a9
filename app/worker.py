"""The worker process: `dramatiq app.worker`. An actor takes the id of a job; everything else is a row."""

from app.jobs import queue
from app.logs import configure
from app.planning import drafting
from app.planning.actions import DRAFT
from app.stock import importing
from app.tables import metadata

LONGEST = 15 * 60 * 1000  # milliseconds a message may take; each job has a tighter limit of its own

configure("worker")
assert metadata.tables  # a foreign key finds its table only where every table is known
broker = queue.broker()
queue.dramatiq.set_broker(broker)


@queue.dramatiq.actor(
    actor_name=DRAFT, queue_name=queue.QUEUE, broker=broker, notify_shutdown=True, max_retries=5, min_backoff=1000,
    time_limit=LONGEST,
)  # fmt: skip
def draft(job_id: int) -> None:
    """Draft a day. Ended in the middle, the message comes again and the job with it."""
    drafting.carry_out(job_id)


@queue.dramatiq.actor(
    actor_name=f"import_{importing.KIND}", queue_name=queue.QUEUE, broker=broker, max_retries=5, min_backoff=1000,
    time_limit=LONGEST,
)  # fmt: skip
def import_devices(job_id: int) -> None:
    """Check or apply a file of devices."""
    importing.carry_out(job_id)
