"""Asking what a changed programme would have cost, and finding out: slice by slice, with signs of life."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.db import notice, scope_of, transaction
from app.errors import CareError, NotFound
from app.funding import programs
from app.funding.terms import Terms, check
from app.jobs import actions as jobs
from app.jobs.rules import JobEvent
from app.jobs.tables import Job
from app.orders.rules import Payer, VisitState
from app.orders.tables import Order, Visit
from app.people.tables import Elder
from app.what_if.rules import Line, Outcome, pay
from app.what_if.tables import WhatIf

KIND: Final = "what_if"
WORKER: Final = "what-if"
SLICE: Final = 1000
GONE: Final = (VisitState.CANCELLED, VisitState.NOT_DELIVERED)


class Stopped(Exception):
    """Somebody stopped it; nothing is kept."""


def get(session: Session, what_if_id: int) -> WhatIf:
    """The question; raises NotFound also when it is outside the caller's area."""
    found = session.get(WhatIf, what_if_id)
    if found is None:
        raise NotFound("There is no such question, or it is outside your area.")
    return found


def ask(
    session: Session, program_id: int, terms: Terms, month: date, *, district_id: int, by: str, now: datetime
) -> WhatIf:
    """Write the question down; send its job once this is committed. Raises BadTerms."""
    program = programs.get(session, program_id, district_id)
    others = {one.code: one.terms for one in programs.in_force(session, district_id, month)}
    check(terms, program.kind, program.code, {code: said for code, said in others.items() if code != program.code})
    row = WhatIf(
        district_id=district_id, area=scope_of(session).area, program_id=program.id, month=month,
        terms=terms.model_dump(mode="json"), asked_by=by, asked_at=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    row.job_id = jobs.ask(session, KIND, row.id, district_id=district_id, by=by, now=now).id
    return row


def find_out(what_if_id: int, tell: Callable[[int, int], bool] = lambda done, of: True) -> Outcome:
    """Pay the month once as the programmes say and once with the change; raises Stopped when `tell` says so."""
    with transaction() as session:
        asked = get(session, what_if_id)
        month, area, district_id = asked.month, asked.area, asked.district_id
        code = programs.get(session, asked.program_id, district_id).code
        now_said = {one.code: one.terms for one in programs.in_force(session, district_id, month)}
        count = session.scalar(select(func.count()).select_from(Elder).where(Elder.division_code.startswith(area))) or 0
        changed = now_said | {code: Terms(**asked.terms)}
    outcome, after, done = Outcome(), 0, 0
    while tell(done, count):
        with transaction() as session:
            elders = _elders(session, area, after)
            lines, actual = _lines(session, [elder.id for elder in elders], month)
            people = programs.people_of(session, elders, month)
        if not elders:
            return outcome
        for elder in elders:
            person, hers = people[elder.id], lines.get(elder.id, [])
            outcome.add(person, pay(person, now_said, month, hers), pay(person, changed, month, hers), code, hers)
        outcome.actual_cents += actual
        after, done = elders[-1].id, done + len(elders)
    raise Stopped


def carry_out(job_id: int) -> None:
    """The worker's part. May be called twice: an answer that is there is not sought again."""
    with transaction() as session:
        job = jobs.begin(session, job_id, by=WORKER, now=datetime.now(UTC))
        if job is None:
            return
        what_if_id = job.subject_id

    def tell(done: int, of: int) -> bool:
        with transaction() as session:
            return not jobs.beat(session, job_id, [{"done": done, "of": of}], now=datetime.now(UTC))

    try:
        outcome = find_out(what_if_id, tell)
    except Stopped:
        _end(job_id, JobEvent.STOP, None)
    except CareError as error:
        _end(job_id, JobEvent.FAIL, error.detail)
    except BaseException:
        _end(job_id, JobEvent.REQUEUE, "its worker was ended")
        raise
    else:
        with transaction() as session:
            row = get(session, what_if_id)
            row.outcome = outcome.as_json()
            notice(session, row.district_id, f"what_ifs/{row.id}")
        _end(job_id, JobEvent.FINISH, None)


def _elders(session: Session, area: str, after: int) -> list[Any]:
    E = Elder
    query = (
        select(E.id, E.level, E.register, E.born, E.division_code, E.categories, E.ended_at)
        .where(E.division_code.startswith(area), E.id > after)
        .order_by(E.id)
        .limit(SLICE)
    )
    return list(session.execute(query).all())


def _lines(session: Session, elder_ids: list[int], month: date) -> tuple[dict[int, list[Line]], int]:
    """The month's visits that took place or still will, as agreed; and what programmes really paid of them."""
    first, next_month = calendar.month_bounds(month)
    rows = session.execute(
        select(Visit.elder_id, Visit.price_cents, Visit.aid, Visit.item_code, Visit.allowance_cents, Visit.canteen)
        .join(Order, Order.id == Visit.order_id)
        .where(Visit.elder_id.in_(elder_ids), Visit.opens >= first, Visit.opens < next_month)
        .where(Visit.state.not_in(GONE), Order.payer == Payer.ENTITLEMENT)
        .order_by(Order.received_at, Visit.opens, Visit.id)
    )
    lines: dict[int, list[Line]] = {}
    actual = 0
    for elder_id, cents, aid, item, allowance_cents, canteen in rows:
        lines.setdefault(elder_id, []).append(Line(cents, aid, item, canteen or ""))
        actual += allowance_cents
    return lines, actual


def _end(job_id: int, event: JobEvent, error: str | None) -> None:
    with transaction() as session:
        job = session.get_one(Job, job_id, with_for_update=True)
        jobs.move(session, job, event, by=WORKER, now=datetime.now(UTC), error=error)
