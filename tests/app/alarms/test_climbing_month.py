"""Thirty days of climbs with dead clocks."""

import random
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.alarms import actions, proving
from app.alarms.climbing_rules import RungState
from app.alarms.climbing_tables import AlarmRung, RungAttempt
from app.alarms.rules import Verdict
from app.alarms.tables import Alarm, AlarmTimer
from app.calls import actions as calls
from app.calls.rules import Result, Target
from app.calls.tables import Call
from app.db import transaction
from app.escalation import actions as escalation
from app.escalation.rules import BY_ITSELF, Rung, Tree
from app.people.tables import Elder
from tests.app.alarms.climb_story import AMBULANCE, RESPONDER, House, K, R, tick
from tests.app.alarms.story import an_operator, hear, press
from tests.cast import a_contact, a_device, an_elder
from tests.conftest import MORNING

pytestmark = pytest.mark.usefixtures("database")


def _a_tree(chance: random.Random, contacts: list[int]) -> Tree:
    """A random safe tree."""
    calls_ = [House.rung(one, attempts=chance.randint(1, 3), wait=chance.choice((20, 40, 60)))
              for one in chance.sample(contacts, chance.randint(1, len(contacts)))]  # fmt: skip
    if chance.random() < 0.5:
        calls_.insert(0, Rung(kind=K.ELDER, reached=R.VOICE))
    ends = [AMBULANCE] if chance.random() < 0.5 else [RESPONDER, AMBULANCE]
    return Tree(rungs=[*calls_, *ends])


def _elders(session: Session, chance: random.Random, n: int) -> Iterator[tuple[Elder, str]]:
    for _ in range(n):
        elder = an_elder(session)
        contacts = [a_contact(session, elder, rank=rank + 1).id for rank in range(3)]
        escalation.save(session, elder.id, _a_tree(chance, contacts), based_on=None, by="王琳", now=MORNING)
        yield elder, a_device(session, elder=elder).wire_id


def test_thirty_days_of_climbs_with_dead_clocks_skip_nothing_repeat_nothing_and_end_at_a_human_or_120() -> None:
    """The clock dies at random for up to a minute, thawed ones fire once more; some answer, most do not."""
    chance = random.Random(11)
    with transaction() as session:
        devices = [device for _, device in _elders(session, chance, 6)]
    now = MORNING
    for day in range(30):
        hear(press(devices[day % 6], f"e{day}"), now=now)
        for _ in range(60):
            with transaction() as session:
                due = session.scalar(select(func.min(AlarmTimer.due_at)).where(
                    AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)))  # fmt: skip
            if due is None:
                break
            late = timedelta(seconds=chance.randint(1, 60) if chance.random() < 0.1 else 0)
            tick(due + late)
            tick(due + late)
            with transaction() as session:
                last = session.scalars(select(Call).order_by(Call.id.desc()).limit(1)).first()
                if last and last.result is None and chance.random() < 0.1:
                    calls.write_result(session, last.id, chance.choice((Result.HELP, Result.NO_ANSWER)), now=due)
        with transaction() as session:
            me = an_operator(session, name=f"操作员{day}")
            alarm = session.scalars(select(Alarm).order_by(Alarm.id.desc()).limit(1)).one()
        with transaction(me.scope) as session:
            actions.claim(session, alarm.id, me=me, now=now + timedelta(hours=20))
            actions.call(session, alarm.id, target=Target.ELDER, result=Result.SAFE, me=me,
                         now=now + timedelta(hours=20, seconds=9))  # fmt: skip
            actions.close(session, alarm.id, Verdict.FALSE, me=me, now=now + timedelta(hours=20, minutes=1), note=None)
        now += timedelta(days=1)
    with transaction() as session:
        _judge(session)
        assert not list(proving.verify(session))


def _judge(session: Session) -> None:
    rows = session.execute(
        select(AlarmRung, RungAttempt)
        .outerjoin(RungAttempt, (RungAttempt.rung_id == AlarmRung.id) & (RungAttempt.by == "platform"))
        .where(AlarmRung.kind.in_(BY_ITSELF))
        .order_by(AlarmRung.alarm_id, AlarmRung.climb, RungAttempt.at, RungAttempt.id)
    ).all()
    climbs: dict[tuple[int, int], list[tuple[AlarmRung, RungAttempt | None]]] = {}
    for row, made in rows:
        climbs.setdefault((row.alarm_id, row.climb), []).append((row, made))
    assert len(climbs) >= 30
    for tries in climbs.values():
        if not any(made for _, made in tries):  # begun by the operator who then closed it
            continue
        done = [(row.n, made.n) for row, made in tries if made]
        assert done == sorted(set(done))  # in order, none twice
        assert all(made.n <= row.attempts for row, made in tries if made)
        last = max((row.n for row, made in tries if made), default=0)
        below = {row.n: row for row, _ in tries if row.n < last}
        assert all(row.tried or row.state is RungState.SKIPPED for row in below.values())  # none skipped unsaid
        states = {row.state for row, _ in tries}
        ended = next(row for row, _ in tries if row.n == max(r.n for r, _ in tries))
        assert states & {RungState.REACHED, RungState.BROKEN} or ended.kind is K.AMBULANCE and ended.tried
