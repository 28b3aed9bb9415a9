"""The door to Dramatiq: messages carry the kind of a job and its id, nothing else."""

import logging
from functools import cache

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import BrokerConnectionError as BrokerDown
from dramatiq.middleware import Shutdown

from app.config import settings

__all__ = ["Shutdown", "broker", "dramatiq", "send"]
QUEUE = "jobs"
log = logging.getLogger(__name__)


@cache
def broker() -> RedisBroker:
    """The broker of this process."""
    made = RedisBroker(url=settings().redis_url.get_secret_value(), namespace="yinling-queue")  # type: ignore[no-untyped-call]
    made.declare_queue(QUEUE)  # a sender knows no actors
    return made


def send(kind: str, job_id: int) -> None:
    """Tell a worker. Redis being down is logged, never raised: the row waits, and the clock sends it again."""
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=QUEUE, actor_name=kind, args=(job_id,), kwargs={}, options={}
    )
    try:
        broker().enqueue(message)
    except BrokerDown as error:
        log.warning("job %s waits, the queue is down: %s", job_id, error)
