"""The door of the what-if: ask, watch it count, read the answer."""

from datetime import UTC, date, datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select

from app import calendar
from app.access.api import allowed
from app.access.queries import Caller
from app.access.rules import Role
from app.db import transaction
from app.funding.terms import Terms
from app.jobs import queue
from app.jobs.rules import JobState
from app.jobs.tables import Job
from app.places.tables import Division
from app.what_if import actions
from app.what_if.rules import STEPS
from app.what_if.tables import WhatIf

router = APIRouter(prefix="/api/what-ifs", tags=["what_if"])
Asker = Annotated[Caller, allowed(frozenset({Role.SUPERVISOR, Role.ADMIN}))]
MONTH = r"^20\d{2}-(0[1-9]|1[0-2])$"


class WhatIfIn(BaseModel):
    """A programme, what it would say, and the month to try it on (the last one if absent)."""

    program_id: int
    terms: Terms
    month: str | None = Field(None, pattern=MONTH)


class BeforeAfter(BaseModel):
    """Cents before and after of a programme, a level or a street."""

    key: str
    name: str | None = None
    before_cents: int
    after_cents: int


class Bar(BaseModel):
    """Elders whose programmes pay from..to cents more; None: without bound."""

    from_cents: int | None
    to_cents: int | None
    elders: int


class OutcomeOut(BaseModel):
    """The effect on the month, all sums in cents."""

    paid: BeforeAfter
    promised: BeforeAfter
    self_pay: BeforeAfter
    programs: list[BeforeAfter]
    levels: list[BeforeAfter]
    streets: list[BeforeAfter]
    bars: list[Bar]
    actual_cents: int
    visits: int
    elders: int
    gaining: int
    losing: int
    newly: int
    no_longer: int


class WhatIfOut(BaseModel):
    """The question, how far it is, and its answer once there."""

    id: int
    program_id: int
    month: date
    asked_by: str
    asked_at: datetime
    state: JobState | None
    done: int
    of: int
    error: str | None
    outcome: OutcomeOut | None


class WhatIfs(BaseModel):
    """The last questions, the newest first."""

    items: list[WhatIfOut]


def _out(session: Any, row: WhatIf) -> WhatIfOut:
    job = session.get(Job, row.job_id) if row.job_id else None
    last = job.progress[-1] if job and job.progress else {"done": 0, "of": 0}
    return WhatIfOut(
        id=row.id, program_id=row.program_id, month=row.month, asked_by=row.asked_by, asked_at=row.asked_at,
        state=job.state if job else None, done=last["done"], of=last["of"], error=job.error if job else None,
        outcome=_outcome(session, row.outcome) if row.outcome else None,
    )  # fmt: skip


def _outcome(session: Any, told: dict[str, Any]) -> OutcomeOut:
    before, after = told["before"], told["after"]
    names = dict(
        session.execute(select(Division.code, Division.name).where(Division.code.in_(_padded(after, before)))).all()
    )
    bounds = [None, *STEPS, None]

    def parts(of: str) -> list[BeforeAfter]:
        return [
            BeforeAfter(
                key=key, name=names.get(f"{key}000"), before_cents=before[of].get(key, 0),
                after_cents=after[of].get(key, 0),
            )
            for key in sorted(before[of] | after[of])
        ]  # fmt: skip

    def total(key: str, was: int, is_: int) -> BeforeAfter:
        return BeforeAfter(key=key, before_cents=was, after_cents=is_)

    return OutcomeOut(
        paid=total("paid", sum(before["paid"].values()), sum(after["paid"].values())),
        promised=total("promised", sum(before["promised"].values()), sum(after["promised"].values())),
        self_pay=total("self_pay", before["self_pay_cents"], after["self_pay_cents"]),
        programs=parts("paid"), levels=parts("levels"), streets=parts("streets"),
        bars=[
            Bar(from_cents=bounds[n], to_cents=bounds[n + 1], elders=elders) for n, elders in enumerate(told["bars"])
        ],
        **{
            name: told[name]
            for name in ("actual_cents", "visits", "elders", "gaining", "losing", "newly", "no_longer")
        },
    )  # fmt: skip


def _padded(*sides: dict[str, Any]) -> set[str]:
    return {f"{key}000" for side in sides for key in side["streets"]}


@router.get("")
def what_ifs(me: Asker) -> WhatIfs:
    """The last questions asked here."""
    with transaction(me.scope) as session:
        rows = session.scalars(select(WhatIf).order_by(WhatIf.id.desc()).limit(20)).all()
        return WhatIfs(items=[_out(session, row) for row in rows])


@router.post("")
def ask(wish: WhatIfIn, me: Asker) -> WhatIfOut:
    """Ask; a worker counts."""
    now = datetime.now(UTC)
    month = date.fromisoformat(f"{wish.month}-01") if wish.month else calendar.last_month(calendar.month_of(now))
    with transaction(me.scope) as session:
        row = actions.ask(session, wish.program_id, wish.terms, month, district_id=me.district_id, by=me.by, now=now)
        answer = _out(session, row)
    queue.send(actions.KIND, row.job_id or 0)
    return answer


@router.get("/{what_if_id}")
def what_if(what_if_id: int, me: Asker) -> WhatIfOut:
    """How far it is, or the answer."""
    with transaction(me.scope) as session:
        return _out(session, actions.get(session, what_if_id))
