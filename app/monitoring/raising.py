"""From what a rule fired to the ordinary alarm it raises or joins; and smoke that nobody answers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.alarms import hearing
from app.alarms.rules import OPEN, AlarmKind
from app.alarms.tables import Alarm
from app.calls.rules import REACHED, Target
from app.calls.tables import Call
from app.monitoring import queries
from app.monitoring.memory import Sample, State, Word
from app.monitoring.rules import KINDS, RuleKind, run
from app.monitoring.tables import MonitoringRule, RuleFiring, RuleVersion

BURNING: Final = (AlarmKind.SMOKE, AlarmKind.GAS, AlarmKind.FIRE)
AT_HOME: Final = (Target.ELDER, Target.DEVICE, Target.CONTACT)
PLATFORM: Final = "platform"


def silent(session: Session, *, now: datetime) -> Sequence[int]:
    """Firings that have raised nothing yet, the earliest first."""
    return session.scalars(
        select(RuleFiring.id).where(RuleFiring.alarm_id.is_(None)).order_by(RuleFiring.id).limit(1000)
    ).all()


def ring(session: Session, firing_id: int, *, now: datetime) -> None:
    """Raise the alarm of a firing, or join the open one; whoever else has it in hand does so instead."""
    firing = session.scalar(
        select(RuleFiring)
        .where(RuleFiring.id == firing_id, RuleFiring.alarm_id.is_(None))
        .with_for_update(skip_locked=True)
    )
    if firing is None:
        return
    version = session.get_one(RuleVersion, firing.version_id)
    rule = session.get_one(MonitoringRule, firing.rule_id)
    scope = "elder" if rule.elder_id else "model" if rule.model_id else "all"
    kind = AlarmKind(firing.cause.get("alarm_kind", KINDS[firing.kind].alarm))
    who = hearing.Whose(firing.district_id, firing.division_code, firing.elder_id, firing.home_id)
    press = hearing.Press(
        firing.at,
        said={
            "rule": firing.kind.value, "rule_id": firing.rule_id, "version": version.n, "scope": scope,
            "params": version.params, "at": firing.at.isoformat(), **firing.cause,
        },
    )  # fmt: skip
    firing.alarm_id = hearing.call_for_help(session, kind, who, press, by=PLATFORM, now=now).id


def burning(session: Session, *, now: datetime) -> Sequence[int]:
    """Open alarms of smoke, gas or fire of the last hours."""
    since = now - timedelta(hours=2)
    return session.scalars(
        select(Alarm.id).where(Alarm.kind.in_(BURNING), Alarm.state.in_(OPEN), Alarm.raised_at > since)
    ).all()


def listen(session: Session, alarm_id: int, *, now: datetime) -> None:
    """Whether an alarm of smoke stays unanswered: by its own log of calls, once for each alarm."""
    alarm = session.get_one(Alarm, alarm_id)
    if alarm.home_id is None or alarm.state not in OPEN:
        return
    rules = queries.book(session, alarm.district_id, [alarm.elder_id] if alarm.elder_id else [])
    rule = rules.find(RuleKind.SMOKE_NO_ANSWER, alarm.elder_id, None)
    subject = f"alarm:{alarm.id}"
    if rule is None or session.scalar(select(RuleFiring.id).where(RuleFiring.subject == subject)):
        return
    told = heard_of(session, alarm)
    for firing in run(rule.kind, rule.params, State(), [s for s in told if s.at <= now], until=now).firings[:1]:
        row = {
            "district_id": alarm.district_id, "division_code": alarm.division_code, "rule_id": rule.rule_id,
            "version_id": rule.version_id, "kind": rule.kind, "subject": subject, "elder_id": alarm.elder_id,
            "home_id": alarm.home_id, "at": firing.at, "noticed_at": now,
            "cause": {
                "since": alarm.raised_at.isoformat(), "readings": list(firing.cause), "alarm": alarm.id,
                "alarm_kind": alarm.kind.value,
            },
        }  # fmt: skip
        session.execute(insert(RuleFiring).values(row).on_conflict_do_nothing())


def heard_of(session: Session, alarm: Alarm) -> list[Sample]:
    """An alarm and the calls about it, as a rule sees them."""
    told = [Sample(alarm.raised_at, Word.ALARM, 1.0, alarm.device_id or 0, alarm.id)]
    calls = session.execute(
        select(Call.id, Call.result, Call.answered_at, Call.ended_at, Call.began_at).where(
            Call.alarm_id == alarm.id, Call.target.in_(AT_HOME), Call.result.is_not(None)
        )
    )
    for number, result, answered, ended, began in calls:
        word = Word.ANSWERED if result in REACHED else Word.UNANSWERED
        told.append(Sample((answered if word is Word.ANSWERED else ended) or began, word, 1.0, 0, number))
    if alarm.reached_at and alarm.reached_at >= alarm.raised_at:
        told.append(Sample(alarm.reached_at, Word.ANSWERED, 1.0))
    return sorted(told, key=lambda sample: sample.at)
