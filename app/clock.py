"""The clock process: lets what is due happen. One of several is elected, the others stand by.

Every job is a query and an action on a timer; a job must bear being run twice, or an hour late.
"""

import logging
import signal
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from prometheus_client import Counter
from sqlalchemy import select

from app.access.tables import District
from app.alarms import actions as alarm_actions
from app.alarms import climbing_acts, deafness, duty, heard_calls, proving, pulse, sending, timers, unmanned
from app.alarms import queries as alarms
from app.allowances import scheduling
from app.calls import actions as calls
from app.calls import outcomes
from app.care_plans import generating, holidays, reminding
from app.care_plans import queries as care_plans
from app.commands import actions as command_actions
from app.commands import queries as commands
from app.config import settings
from app.db import transaction
from app.election import Election
from app.equipment import batteries, models, presence, testing
from app.funding import levels, month_runs
from app.jobs import actions as jobs
from app.jobs import queries as job_queries
from app.life_events import actions as life_events
from app.logs import configure
from app.lone import actions as lone
from app.lone import queries as watches
from app.meals import serving as meals
from app.meals import standing, standing_queries
from app.messages import actions as messages
from app.monitoring import raising, vitals, watching
from app.orders import actions as orders
from app.orders import queries as order_queries
from app.planning import replan_actions, replan_queries
from app.rental import lending, running
from app.rental import queries as rentals
from app.stock import applying, keys
from app.supervision import actions as clues
from app.tables import metadata
from app.visits import photos, review
from app.visits import queries as visits
from app.welfare import telling as welfare
from app.workers import actions as workers
from app.workers import queries as swaps

assert metadata.tables  # a foreign key finds its table only where every table is known
log = structlog.get_logger()
DONE: Final = Counter("yinling_clock_total", "What the clock let happen", ["job", "outcome"])
TURN: Final = 0.5  # seconds between two looks at the office
PULSE: Final = 2


def sweep(due: Callable[..., Sequence[int]], act: Callable[..., object]) -> None:
    """One row, one transaction: a row that fails must not hold up the others."""
    now = datetime.now(UTC)
    with transaction() as session:
        ids = due(session, now=now)
    for row_id in ids:
        name = getattr(act, "__name__", "job")
        try:
            with transaction() as session:
                act(session, row_id, now=datetime.now(UTC))
            DONE.labels(name, "done").inc()
        except Exception:
            log.exception("a job failed", job=name, row=row_id)
            DONE.labels(name, "failed").inc()


def run_months() -> None:
    """This month's allowances and, in advance, next month's; what is over expires."""
    month_runs.keep_up(now=datetime.now(UTC))


def plan_ahead() -> None:
    """Orders of care plans, once the year's public holidays are known: nothing is made for a day nobody works."""
    with transaction() as session:
        holidays.load(session, now=datetime.now(UTC))
    sweep(care_plans.due, generating.make)


def run_rents() -> None:
    """Rents of months that are over are paid, those of this month reserved."""
    running.keep_up(now=datetime.now(UTC))


def load_models() -> None:
    """What a new release knows of devices reaches the table, but for what was changed here."""
    with transaction() as session:
        models.load(session)


def at_now(act: Callable[[datetime], object]) -> None:
    """A job that takes all that is due in a few statements and opens its own transactions."""
    act(datetime.now(UTC))


def begin_rules() -> None:
    """Rules that wait for a sign of life wait also where a sensor is new."""
    now = datetime.now(UTC)
    with transaction() as session:
        for district_id in session.scalars(select(District.id)):
            watching.begin(session, district_id, now=now)


def sum_vitals() -> None:
    """The hours gone by, summed; and what is too old, forgotten."""
    vitals.sum_all(now=datetime.now(UTC))
    vitals.forget(now=datetime.now(UTC), days=settings().readings_days)


def forget_photos() -> None:
    """Photos too old to be asked for."""
    with transaction() as session:
        photos.forget(session, days=settings().photo_days, now=datetime.now(UTC))


def foretell() -> None:
    """The days on which batteries will be flat; what is left waits for the next turn."""
    with transaction() as session:
        batteries.foretell(session, now=datetime.now(UTC))


def anchor() -> None:
    """The heads of the alarms' logs, written down once a day."""
    proving.anchor_all(now=datetime.now(UTC))


def beat() -> None:
    """See whether the platform hears the devices, and have the desk see that the clock runs."""
    now = datetime.now(UTC)
    with transaction() as session:
        deafness.listen(session, now=now)
        pulse.beat(session, "clock", well=True, now=now)


def schedule() -> BackgroundScheduler:
    """All jobs, each with a thread when its time comes and never twice at once."""
    clock = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(10)},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    every = partial(clock.add_job, trigger="interval")
    every(sweep, seconds=1, args=[timers.due, timers.fire], id="escalate")
    every(sweep, seconds=1, args=[alarms.arrived, alarm_actions.notice_arrival], id="arrivals")
    every(sweep, seconds=1, args=[sending.unheard, sending.hear], id="offers")
    every(sweep, seconds=2, args=[sending.silent, sending.ring_by_sms], id="offers by SMS")
    every(sweep, seconds=1, args=[outcomes.unheard, heard_calls.hear], id="calls heard")
    every(sweep, seconds=5, args=[outcomes.lost, calls.give_up], id="calls lost")
    every(messages.deliver_due, seconds=1, kwargs={"urgent_only": True}, id="deliver at once")  # never behind the rest
    every(sweep, seconds=5, args=[duty.silent, duty.ring_unheard], id="silent operators")
    every(at_now, seconds=5, args=[unmanned.watch], id="unmanned")
    every(sweep, seconds=1, args=[climbing_acts.answered, climbing_acts.hear], id="rungs")
    every(messages.deliver_due, seconds=1, id="deliver")
    every(beat, seconds=PULSE, id="pulse", next_run_time=datetime.now(UTC))  # before anybody is found silent
    clock.add_job(load_models, id="models")
    every(sweep, seconds=30, args=[replan_queries.expired, replan_actions.expire], id="plan changes")
    every(sweep, seconds=10, args=[job_queries.stuck, jobs.again], id="jobs")
    every(at_now, seconds=1, args=[presence.watch], id="silence")
    every(at_now, seconds=60, args=[presence.tidy], id="technical list")
    every(foretell, minutes=5, id="batteries", next_run_time=datetime.now(UTC))
    every(applying.apply_due, seconds=2, id="accounts")
    every(sweep, seconds=10, args=[applying.retired_with_keys, keys.withdraw_retired], id="retired")
    every(watching.work, seconds=5, id="rules")  # the listeners do so at once; this is what they left
    every(sweep, seconds=5, args=[watching.due, watching.wake], id="nothing happened")
    every(sweep, seconds=5, args=[raising.burning, raising.listen], id="smoke unanswered")
    every(anchor, minutes=60, id="anchor", next_run_time=datetime.now(UTC))
    every(begin_rules, minutes=15, id="new sensors", next_run_time=datetime.now(UTC))
    every(sum_vitals, minutes=15, id="vitals", next_run_time=datetime.now(UTC))
    every(forget_photos, hours=6, id="old photos", next_run_time=datetime.now(UTC))
    every(sweep, seconds=5, args=[watches.unwatched, lone.begin], id="timers at every visit")
    every(sweep, seconds=5, args=[watches.over, lone.leave], id="timers over")
    every(sweep, seconds=2, args=[watches.due, lone.ask], id="is she well")
    every(sweep, seconds=2, args=[watches.unanswered, lone.ring], id="she does not answer")
    every(sweep, seconds=5, args=[commands.overdue, command_actions.expire], id="commands")
    every(sweep, seconds=5, args=[testing.ended, testing.expire], id="tests over")
    every(sweep, minutes=10, args=[testing.due, testing.announce], id="test calls")
    every(sweep, seconds=60, args=[visits.not_started, review.flag_not_started], id="not started")
    every(sweep, seconds=60, args=[visits.overdue, review.hold_overdue], id="overdue")
    every(sweep, minutes=30, args=[order_queries.missed, orders.miss], id="missed")
    every(sweep, minutes=1, args=[swaps.late, workers.lapse], id="swaps nobody answered")
    every(sweep, minutes=5, args=[levels.behind, levels.catch_up], id="levels")
    every(sweep, minutes=1, args=[meals.unasked, meals.raise_alarm], id="meals not taken")
    every(sweep, minutes=10, args=[meals.forgotten, meals.forget], id="meals nobody came for")
    every(sweep, minutes=1, args=[standing_queries.due, standing.draw], id="standing meals")
    every(sweep, minutes=1, args=[rentals.allottable, lending.allot], id="aids for who waits")
    every(sweep, minutes=30, args=[rentals.held_over, lending.give_up], id="aids nobody fetched")
    every(sweep, minutes=30, args=[rentals.to_end, lending.follow], id="rentals an event ends")
    every(run_rents, minutes=30, id="rents", next_run_time=datetime.now(UTC))
    every(sweep, minutes=15, args=[life_events.to_follow, life_events.follow_away], id="stays")
    reminded = [reminding.due, reminding.remind]
    every(sweep, minutes=30, args=reminded, id="unspent allowances", next_run_time=datetime.now(UTC))
    every(at_now, minutes=15, args=[welfare.tell_overdue], id="overdue welfare visits")
    every(plan_ahead, minutes=30, id="care plans", next_run_time=datetime.now(UTC))
    every(at_now, minutes=15, args=[scheduling.keep_up], id="allowance batches", next_run_time=datetime.now(UTC))
    every(at_now, hours=6, args=[clues.keep_up], id="clues of the last month", next_run_time=datetime.now(UTC))
    every(run_months, minutes=30, id="months", next_run_time=datetime.now(UTC))
    clock.add_job(run_months, "cron", day=1, hour=0, minute=0, timezone=settings().zone, id="month turn")
    return clock


def main() -> None:
    """Run until asked to stop."""
    configure("clock")
    logging.getLogger("apscheduler").setLevel(logging.WARNING)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    run(stopping)


def run(stopping: threading.Event) -> None:
    """Stand by until elected; then let everything happen until the office is lost."""
    election = Election("clock")
    clock: BackgroundScheduler | None = None
    while not stopping.wait(TURN):
        held = election.held()
        if held and clock is None:
            clock = schedule()
            clock.start()
        elif clock is not None and not held:
            clock.shutdown(wait=False)
            clock = None
    if clock is not None:
        clock.shutdown(wait=True)
    election.resign()
