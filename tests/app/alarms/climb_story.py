"""Alarms that go up a tree: the cast, the clock's turns, and what the log told."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from app.access.queries import Caller
from app.alarms import climbing, climbing_acts, log, sending, timers
from app.alarms.tables import Alarm, AlarmTimer
from app.calls import actions as calls
from app.calls.rules import Result
from app.calls.tables import Call
from app.db import transaction
from app.escalation import actions as escalation
from app.escalation.rules import Reached, Rung, RungKind, Tree
from app.people.rules import Relation, Skill
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import a_caregiver, a_contact, a_device, an_elder, an_item
from tests.conftest import MORNING

K, R = RungKind, Reached
RESPONDER = Rung(kind=K.RESPONDER, reached=R.ACCEPTED, attempts=2, wait=90)
AMBULANCE = Rung(kind=K.AMBULANCE, reached=R.SPOKEN, attempts=2, wait=30)


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def tick(now: datetime) -> int:
    """One turn of the clock: what was heard, then what is due, each in a transaction of its own."""
    with transaction() as session:
        offers = sending.unheard(session, now=now)
    for offer_id in offers:
        with transaction() as session:
            sending.hear(session, offer_id, now=now)
    with transaction() as session:
        heard = climbing_acts.answered(session, now=now)
    for alarm_id in heard:
        with transaction() as session:
            climbing_acts.hear(session, alarm_id, now=now)
    with transaction() as session:
        ids = timers.due(session, now=now)
    fired = 0
    for timer_id in ids:
        with transaction() as session:
            fired += timers.fire(session, timer_id, now=now)
    return fired


def run(until: float, since: float = 0, began: datetime = MORNING) -> None:
    """The clock, at every moment something is due."""
    now, end = began + timedelta(seconds=since), began + timedelta(seconds=until)
    while True:
        with transaction() as session:
            due = session.scalar(
                select(func.min(AlarmTimer.due_at)).where(
                    AlarmTimer.fired_at.is_(None), AlarmTimer.dropped_at.is_(None)
                )
            )
        if due is None or due > end:
            tick(end)
            return
        now = max(now, due)
        tick(now)


class House:
    """An elder with a daughter, a neighbour with a key and a caregiver who can be sent; she has pressed."""

    def __init__(
        self, kind: str = "sos", rungs: list[Rung] | None = None, *, free: int = 2, began: datetime = MORNING,
        **said: Any,
    ) -> None:  # fmt: skip
        self.began = began
        with transaction() as session:
            self.elder = an_elder(session)
            self.daughter = a_contact(session, self.elder)
            self.neighbour = a_contact(
                session, self.elder, rank=2, name="王建国", relation=Relation.NEIGHBOUR, minutes_away=2
            )
            an_item(session, "URGENT", needs=[Skill.FIRST_AID], cents=0)
            self.nurses = [a_caregiver(session, name=f"护士{n}", skills=(Skill.FIRST_AID,), responder=True).id
                           for n in range(free)]  # fmt: skip
            usual = [Rung(kind=K.ELDER, reached=R.VOICE, attempts=1), self.rung(self.daughter.id),
                     self.rung(self.neighbour.id, kind=K.NEIGHBOUR), RESPONDER, AMBULANCE]  # fmt: skip
            tree = Tree(rungs=rungs or usual, **said)
            escalation.save(session, self.elder.id, tree, based_on=None, by="王琳", now=began)
            device = a_device(session, elder=self.elder)
            self.me = an_operator(session)
        hear(press(device.wire_id, kind=kind), now=began)
        self.device, self.alarm_id = device.wire_id, the_alarm().id

    @staticmethod
    def rung(contact_id: int, **said: Any) -> Rung:
        return Rung(**{"kind": K.FAMILY, "contact_id": contact_id, "reached": R.SPOKEN, "wait": 40} | said)

    def do(self, act: Any, *args: Any, now: datetime, me: Caller | None = None, **said: Any) -> Any:
        who = me or self.me
        with transaction(who.scope) as session:
            return act(session, self.alarm_id, *args, me=who, now=now, **said)

    def told(self) -> list[tuple[float, str, Any, Any]]:
        """The log: when, what, and of which rung and attempt."""
        with transaction() as session:
            lines = log.of(session, session.get_one(Alarm, self.alarm_id))
        return [((x.at - self.began).total_seconds(), x.event, x.facts.get("n") or x.facts.get("rung"),
                 x.facts.get("attempt")) for x in lines]  # fmt: skip

    def states(self) -> list[str]:
        with transaction() as session:
            return [row.state for row in climbing.rungs_of(session, session.get_one(Alarm, self.alarm_id))]

    def result(self, result: Result) -> None:
        """The switchboard says what came of the last call."""
        with transaction() as session:
            call = session.scalars(select(Call).order_by(Call.id.desc()).limit(1)).one()
            calls.write_result(session, call.id, result, now=MORNING)

    def phone(self, state: AttendanceState, **said: Any) -> None:
        """What the phone of whoever was sent last says."""
        with transaction() as session:
            sent = session.scalars(select(Attendance).order_by(Attendance.id.desc()).limit(1)).one()
            sent.state = state
            for name, value in said.items():
                setattr(sent, name, value)
