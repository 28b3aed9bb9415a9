"""What a version would have done with the last thirty days, beside what is in force and what really happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.alarms.tables import Alarm
from app.equipment.tables import Device, DeviceModel
from app.monitoring import queries, quiet, raising
from app.monitoring.memory import Firing, Pause, Sample, State
from app.monitoring.params import Params
from app.monitoring.rules import KINDS, RuleKind, beginning, read_params, run
from app.monitoring.tables import MonitoringRule, RuleVersion
from app.people.tables import Elder

DAYS: Final = 30
MOST: Final = 40  # homes of which a wide rule is previewed
TOLD: Final = 200  # firings told one by one
NEAR: Final = timedelta(hours=6)  # an alarm this near to a firing is about the same thing


@dataclass(frozen=True)
class Whose:
    """One elder, or a home, to run a rule over."""

    elder_id: int | None
    home_id: int
    elders: Sequence[int]


def preview(session: Session, version: RuleVersion, *, now: datetime) -> dict[str, Any]:
    """Run a version and what is in force over the same days; the answer is what a screen shows and what is kept."""
    rule = session.get_one(MonitoringRule, version.rule_id)
    params, since = read_params(rule.kind, version.params), now - timedelta(days=DAYS)
    whose, homes = _whose(session, rule)
    elders = [elder for one in whose for elder in one.elders]
    present = queries.book(session, rule.district_id, elders)
    new, old = list[dict[str, Any]](), list[dict[str, Any]]()
    heard = 0
    for one in whose:
        samples = samples_of(session, rule.kind, rule.district_id, one, model_id=rule.model_id, since=since, now=now)
        heard += len(samples)
        pauses = quiet.pauses(session, one.elders, one.home_id, since=since, today=False)
        standing = present.find(rule.kind, one.elder_id, rule.model_id)
        new += _told(one, [] if version.off else replay(rule.kind, params, samples, pauses, since=since, now=now))
        if standing:
            old += _told(one, replay(rule.kind, standing.params, samples, pauses, since=since, now=now))
    weeks = DAYS / 7
    return {
        "since": since.isoformat(), "until": now.isoformat(), "homes": homes, "sampled": len(whose), "readings": heard,
        "firings": new[:TOLD], "count": len(new), "a_week": round(len(new) / weeks * homes / max(len(whose), 1), 1),
        "present": old[:TOLD], "present_count": len(old),
        "present_a_week": round(len(old) / weeks * homes / max(len(whose), 1), 1),
        "alarms": _alarms(session, rule.kind, whose, since=since, now=now),
    }  # fmt: skip


def replay(
    kind: RuleKind,
    params: Params,
    samples: Sequence[Sample],
    pauses: Sequence[Pause],
    *,
    since: datetime,
    now: datetime,
) -> Sequence[Firing]:
    """What a rule switched on at `since` would have fired by now; of smoke, one alarm after the other."""
    if KINDS[kind].metrics:
        return run(kind, params, beginning(kind, since), samples, until=now, pauses=pauses).firings
    found = list[Firing]()
    for number in dict.fromkeys(sample.device_id for sample in samples):  # of smoke: each alarm by itself
        told = [sample for sample in samples if sample.device_id == number]
        found += run(kind, params, State(), told, until=min(now, told[0].at + timedelta(hours=2))).firings[:1]
    return found


def samples_of(
    session: Session,
    kind: RuleKind,
    district_id: int,
    whose: Whose,
    *,
    model_id: str | None,
    since: datetime,
    now: datetime,
) -> list[Sample]:
    """All that a rule of this kind would have looked at."""
    metrics = KINDS[kind].metrics
    if not metrics:
        return _of_alarms(session, whose, since=since, now=now)
    heard = queries.readings_of(
        session, district_id, home_id=whose.home_id, elder_id=whose.elder_id, since=since, until=now
    )
    return [
        sample
        for one in heard
        if model_id in (None, one.model_id)
        for sample in one.samples()
        if sample.metric in metrics
    ]


def _of_alarms(session: Session, whose: Whose, *, since: datetime, now: datetime) -> list[Sample]:
    alarms = session.scalars(
        select(Alarm)
        .where(Alarm.home_id == whose.home_id, Alarm.kind.in_(raising.BURNING), Alarm.raised_at.between(since, now))
        .order_by(Alarm.raised_at)
    )
    return [
        Sample(told.at, told.metric, told.value, alarm.id, told.reading_id)
        for alarm in alarms
        for told in raising.heard_of(session, alarm)
    ]


def _whose(session: Session, rule: MonitoringRule) -> tuple[list[Whose], int]:
    """The elder; of a wide rule so many homes evenly spread, and how many it is for in all."""
    if rule.elder_id is not None:
        home_id = session.get_one(Elder, rule.elder_id).home_id
        return [Whose(rule.elder_id, home_id, [rule.elder_id])], 1
    homes = select(Device.home_id).where(Device.district_id == rule.district_id, Device.home_id.is_not(None)).distinct()
    if rule.model_id:
        homes = homes.where(Device.model_id == rule.model_id)
    elif KINDS[rule.kind].starts:
        seeing = select(DeviceModel.id).where(DeviceModel.kind.in_(quiet.SEE_MOVEMENT))
        homes = homes.where(Device.model_id.in_(seeing))
    ids = [number for number in session.scalars(homes.order_by(Device.home_id)) if number]
    chosen = [ids[n * len(ids) // MOST] for n in range(MOST)] if len(ids) > MOST else ids
    living = queries.living(session, chosen)
    found = [
        Whose(some[0] if len(some) == 1 else None, home_id, some)
        for home_id in chosen
        for some in [living.get(home_id, ())]
    ]
    return found, len(ids)


def _told(whose: Whose, firings: Sequence[Firing]) -> list[dict[str, Any]]:
    return [
        {
            "elder_id": whose.elder_id, "home_id": whose.home_id, "at": firing.at.isoformat(),
            "since": firing.since and firing.since.isoformat(), "cause": list(firing.cause[-3:]),
        }
        for firing in firings
    ]  # fmt: skip


def _alarms(
    session: Session, kind: RuleKind, whose: Sequence[Whose], *, since: datetime, now: datetime
) -> list[dict[str, Any]]:
    """What really rang in those homes in those days, with what it turned out to be."""
    rows = session.execute(
        select(Alarm.id, Alarm.kind, Alarm.raised_at, Alarm.verdict, Alarm.elder_id, Alarm.home_id)
        .where(Alarm.home_id.in_([one.home_id for one in whose]), Alarm.raised_at.between(since, now))
        .order_by(Alarm.raised_at.desc())
        .limit(TOLD)
    )
    return [
        {"id": n, "kind": what, "at": at.isoformat(), "verdict": verdict, "elder_id": elder, "home_id": home}
        for n, what, at, verdict, elder, home in rows
    ]
