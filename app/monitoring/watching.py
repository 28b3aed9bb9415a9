"""Rules at work: right after readings are committed, and by the clock for what did not happen.

Readings wait in `fresh_readings` until a transaction has looked at them; what a rule remembers and what it fired are
written in that same transaction, so that a crash loses nothing and fires nothing twice. Alarms are raised one by one
afterwards: a firing without its alarm is raised by the next look.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import structlog
from prometheus_client import Counter
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.db import transaction
from app.equipment.tables import FreshReadings
from app.monitoring import queries, quiet, raising
from app.monitoring.memory import Firing, Pause, Sample, State
from app.monitoring.queries import Book, Heard, Standing
from app.monitoring.rules import KINDS, RuleKind, Run, beginning, run
from app.monitoring.tables import RuleFiring, RuleState

log = structlog.get_logger()
LOOKED: Final = Counter("yinling_rules_readings_total", "Readings that rules have looked at", ["outcome"])
FIRED: Final = Counter("yinling_rules_fired_total", "Firings of rules", ["kind"])
BATCHES: Final = 10  # of the inbox, in one transaction
GRACE: Final = timedelta(seconds=10)  # what was heard in time may be committed this much later
AT_ONCE: Final = {kind: rule.metrics for kind, rule in KINDS.items() if rule.at_once}
SEEN_AT_ONCE: Final = frozenset().union(*AT_ONCE.values())


@dataclass
class Case:
    """One rule of one subject, with what there is to look at."""

    subject: str
    elder_id: int | None
    home_id: int
    division_code: str
    rule: Standing
    samples: list[Sample] = field(default_factory=list)


def work() -> int:
    """Look at everything that waits, and raise what fired; for a process that has nothing better to do."""
    looked = 0
    while found := look():
        looked += found
    with transaction() as session:
        silent = raising.silent(session, now=datetime.now(UTC))
    for firing_id in silent:
        try:
            with transaction() as session:
                raising.ring(session, firing_id, now=datetime.now(UTC))
        except Exception:
            log.exception("a firing raised nothing", firing=firing_id)
    return looked


def look() -> int:
    """Look at readings nobody has looked at, a few transactions' worth of them; the answer is how many."""
    now = datetime.now(UTC)
    with transaction() as session:
        waiting = session.scalars(
            select(FreshReadings).order_by(FreshReadings.id).limit(BATCHES).with_for_update(skip_locked=True)
        ).all()
        fresh = defaultdict[int, list[int]](list)
        for row in waiting:
            fresh[row.district_id] += row.reading_ids
        for district_id, ids in fresh.items():
            look_at(session, district_id, queries.readings(session, district_id, ids), now=now)
        session.execute(delete(FreshReadings).where(FreshReadings.id.in_([row.id for row in waiting])))
    return sum(map(len, fresh.values()))


def look_at(session: Session, district_id: int, heard: Sequence[Heard], *, now: datetime) -> None:
    """Let the rules of a district look at these readings, which are in the order of their times."""
    seen = [(h, told) for h in heard if h.home_id and (told := _at_once(h))]
    LOOKED.labels("seen").inc(len(heard))
    home_ids = {h.home_id for h, _ in seen if h.home_id}
    homes = queries.living(session, home_ids)
    elders = {elder for living in homes.values() for elder in living} | {h.elder_id for h, _ in seen if h.elder_id}
    cases = _cases(queries.book(session, district_id, elders), seen, homes)
    states = _states(session, [case.subject for case in cases])
    changed = list[tuple[Case, Run]]()
    for case in cases:
        known = states.get((case.subject, case.rule.kind))
        before = State.of(known.state) if known and known.version_id == case.rule.version_id else State()
        try:
            after = _run(session, case, before, until=case.samples[-1].at)
        except Exception:
            LOOKED.labels("failed").inc(len(case.samples))
            log.exception("a rule failed", rule=case.rule.rule_id, subject=case.subject)
            continue
        if after.state != before or after.firings:
            changed.append((case, after))
    _remember(session, district_id, changed, now=now)


def _at_once(heard: Heard) -> list[Sample]:
    return [sample for sample in heard.samples() if sample.metric in SEEN_AT_ONCE]


def _cases(
    rules: Book, seen: Iterable[tuple[Heard, list[Sample]]], homes: dict[int, Sequence[int]] | Any
) -> list[Case]:
    """Which rule looks at which samples. What hangs in the home of two is theirs, and each one's who has a rule."""
    cases: dict[tuple[str, RuleKind], Case] = {}
    for heard, samples in seen:
        assert heard.home_id
        living = homes.get(heard.home_id, ())
        alone = heard.elder_id or (living[0] if len(living) == 1 else None)
        for kind, metrics in AT_ONCE.items():
            told = [sample for sample in samples if sample.metric in metrics]
            if not told:
                continue
            whose = [alone] if alone else [*[e for e in living if (e, kind) in rules.of_elder], None]
            for elder_id in whose:
                rule = rules.find(kind, elder_id, heard.model_id)
                if rule is None:
                    continue
                key = queries.subject(elder_id, heard.home_id, rule.model_id)
                case = cases.get((key, kind))
                if case is None:
                    case = cases[key, kind] = Case(key, elder_id, heard.home_id, heard.division_code, rule)
                case.samples += told
    return sorted(cases.values(), key=lambda case: (case.subject, case.rule.kind))


def _states(session: Session, subjects: Sequence[str]) -> dict[tuple[str, RuleKind], RuleState]:
    rows = session.scalars(
        select(RuleState)
        .where(RuleState.subject.in_(set(subjects)), RuleState.kind.in_(AT_ONCE))
        .order_by(RuleState.id)
        .with_for_update()
    )
    return {(row.subject, row.kind): row for row in rows}


def _run(session: Session, case: Case, before: State, *, until: datetime) -> Run:
    kind = case.rule.kind
    if not KINDS[kind].pauses:
        return run(kind, case.rule.params, before, case.samples, until=until)
    return run(kind, case.rule.params, before, case.samples, until=until, pauses=_pauses(session, case, before, until))


def _pauses(session: Session, case: Case, before: State, until: datetime) -> list[Pause]:
    elders = [case.elder_id] if case.elder_id else queries.living(session, [case.home_id]).get(case.home_id, ())
    return quiet.pauses(session, elders, case.home_id, since=min(before.since or until, until))


def _remember(session: Session, district_id: int, changed: Sequence[tuple[Case, Run]], *, now: datetime) -> None:
    """Write what rules remember, forget what is idle, and put down what fired, once for each moment."""
    idle = [(case.subject, case.rule.kind) for case, after in changed if after.state.idle and not after.wake_at]
    for subject, kind in idle:
        session.execute(delete(RuleState).where(RuleState.subject == subject, RuleState.kind == kind))
    rows = [
        {
            "district_id": district_id, "division_code": case.division_code, "subject": case.subject,
            "kind": case.rule.kind, "elder_id": case.elder_id, "home_id": case.home_id,
            "version_id": case.rule.version_id, "state": after.state.as_json(), "wake_at": after.wake_at,
            "looked_at": case.samples[-1].at if case.samples else now,
        }
        for case, after in changed
        if not after.state.idle or after.wake_at
    ]  # fmt: skip
    for part in (rows[first : first + 1000] for first in range(0, len(rows), 1000)):
        made = insert(RuleState).values(part)
        again = {name: made.excluded[name] for name in ("version_id", "state", "wake_at", "looked_at", "home_id")}
        session.execute(made.on_conflict_do_update(index_elements=["subject", "kind"], set_=again))
    _fire(session, changed, now=now)


def _fire(session: Session, looked: Iterable[tuple[Case, Run]], *, now: datetime) -> None:
    rows = [_firing(case, firing, now) for case, after in looked for firing in after.firings]
    if rows:
        session.execute(insert(RuleFiring).values(rows).on_conflict_do_nothing())
    for row in rows:
        FIRED.labels(row["kind"]).inc()


def _firing(case: Case, firing: Firing, now: datetime) -> dict[str, Any]:
    return {
        "district_id": case.rule.district_id, "division_code": case.division_code, "rule_id": case.rule.rule_id,
        "version_id": case.rule.version_id, "kind": case.rule.kind, "subject": case.subject,
        "elder_id": case.elder_id, "home_id": case.home_id, "at": firing.at, "noticed_at": now,
        "cause": {"since": firing.since and firing.since.isoformat(), "readings": list(firing.cause)},
    }  # fmt: skip


# -- by the clock --------------------------------------------------------------------------------------------


def due(session: Session, *, now: datetime) -> Sequence[int]:
    """Rules whose time has come, the earliest first."""
    return session.scalars(
        select(RuleState.id).where(RuleState.wake_at <= now - GRACE).order_by(RuleState.wake_at).limit(1000)
    ).all()


def wake(session: Session, state_id: int, *, now: datetime) -> None:
    """Look again though nothing came; rules that wait for a sign of life read now whatever came since."""
    row = session.scalar(select(RuleState).where(RuleState.id == state_id).with_for_update(skip_locked=True))
    if row is None or row.wake_at is None or row.wake_at > now - GRACE:
        return
    found = queries.standing(session, row.version_id)
    if found is None:
        session.delete(row)
        return
    until, before = now - GRACE, State.of(row.state)
    case = Case(row.subject, row.elder_id, row.home_id, row.division_code, found)
    if not KINDS[row.kind].at_once:
        heard = queries.readings_of(
            session, row.district_id, home_id=row.home_id, elder_id=row.elder_id, since=row.looked_at, until=until
        )
        case.samples = [sample for one in heard for sample in one.samples()]
    after = _run(session, case, before, until=until)
    row.state, row.wake_at = after.state.as_json(), after.wake_at
    if not KINDS[row.kind].at_once:
        row.looked_at = until
    _fire(session, [(case, after)], now=now)


def begin(session: Session, district_id: int, *, now: datetime) -> int:
    """Have rules that wait for a sign of life wait for everybody they are for: after a change, and for new devices."""
    homes = quiet.homes_with_movement(session, district_id)
    living = queries.living(session, list(homes))
    rules = queries.book(session, district_id, {elder for some in living.values() for elder in some})
    wanted: dict[tuple[str, RuleKind], Case] = {}
    for home_id, code in homes.items():
        some = living.get(home_id, ())
        for kind in (kind for kind, rule in KINDS.items() if rule.starts):
            whose = some if len(some) == 1 else [*[e for e in some if (e, kind) in rules.of_elder], None]
            for elder_id in whose:
                if rule := rules.find(kind, elder_id, None):
                    key = queries.subject(elder_id, home_id)
                    wanted[key, kind] = Case(key, elder_id, home_id, code, rule)
    have = {
        (subject, kind): version
        for subject, kind, version in session.execute(
            select(RuleState.subject, RuleState.kind, RuleState.version_id).where(RuleState.district_id == district_id)
        )
    }
    missing = [case for key, case in wanted.items() if have.get(key) != case.rule.version_id]
    started = [
        (case, run(case.rule.kind, case.rule.params, beginning(case.rule.kind, now), (), until=now)) for case in missing
    ]
    _remember(session, district_id, started, now=now)
    return len(missing)
