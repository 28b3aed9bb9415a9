"""The worker process: `dramatiq app.worker`. An actor takes the id of a job; everything else is a row."""

from functools import partial

from app.allowances import actions as allowances
from app.allowances import drafting as payouts
from app.desk.import_kinds import KINDS
from app.funding import month_runs
from app.jobs import queue
from app.logs import configure
from app.meal_rounds import actions as meal_rounds
from app.meal_rounds import drafting as delivering
from app.planning import drafting
from app.planning.actions import DRAFT
from app.rental import running as rents
from app.rostering import actions as rosters
from app.rostering import drafting as rostering
from app.settlement import running
from app.stock import importing
from app.tables import metadata
from app.what_if import actions as what_ifs

LONGEST = 15 * 60 * 1000  # milliseconds a message may take; each job has a tighter limit of its own

configure("worker")
assert metadata.tables  # a foreign key finds its table only where every table is known
broker = queue.broker()
queue.dramatiq.set_broker(broker)
worked = partial(
    queue.dramatiq.actor, queue_name=queue.QUEUE, broker=broker, max_retries=5, min_backoff=1000, time_limit=LONGEST
)


@worked(actor_name=DRAFT, notify_shutdown=True)
def draft(job_id: int) -> None:
    """Draft a day. Ended in the middle, the message comes again and the job with it."""
    drafting.carry_out(job_id)


@worked(actor_name=rosters.JOB, notify_shutdown=True)
def draft_roster(job_id: int) -> None:
    """Draft the month's roster. Ended in the middle, the message comes again and the job with it."""
    rostering.carry_out(job_id)


@worked(actor_name=meal_rounds.JOB, notify_shutdown=True)
def draft_meal_rounds(job_id: int) -> None:
    """Draft the rounds of a meal. Ended in the middle, the message comes again and the job with it."""
    delivering.carry_out(job_id)


@worked(actor_name=f"import_{importing.KIND}")
def import_devices(job_id: int) -> None:
    """Check or apply a file of devices."""
    importing.carry_out(job_id)


@worked(actor_name=month_runs.KIND)
def run_month(job_id: int) -> None:
    """Grant a month and let what is over expire. Ended in the middle, it goes on where it was."""
    month_runs.carry_out(job_id)


@worked(actor_name=what_ifs.KIND)
def find_out_what_if(job_id: int) -> None:
    """What a changed programme would have cost."""
    what_ifs.carry_out(job_id)


@worked(actor_name=allowances.JOB)
def draft_payouts(job_id: int) -> None:
    """Draft a month's batch of an allowance."""
    payouts.carry_out(job_id)


for _kind in KINDS.values():
    worked(actor_name=f"import_{_kind.name}")(_kind.carry_out)


@worked(actor_name=running.KIND)
def settle(job_id: int) -> None:
    """Draw up the statements of a month. Ended in the middle, the message comes again and goes on."""
    running.carry_out(job_id)


@worked(actor_name=rents.KIND)
def run_rents(job_id: int) -> None:
    """Pay the rents that are over and reserve the month. Ended in the middle, it goes on where it was."""
    rents.carry_out(job_id)
