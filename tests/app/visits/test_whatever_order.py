"""Phones that send in whatever order, twice, in whatever batches: one record of the visit comes out of it."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from app.db import transaction
from app.orders.rules import VisitState
from app.planning.rules import AttendanceState
from app.planning.tables import Attendance
from app.visits import actions, queries
from app.visits.actions import Reported
from app.visits.rules import EventKind, Outcome, TaskOutcome
from app.visits.tables import TaskResult
from tests.cast import CENTRE, TEN, a_caregiver, a_visit, an_attendance

LATER = TEN + timedelta(hours=5)
PHONES = uuid.UUID(int=1), uuid.UUID(int=2)


def the_day(mine: Attendance, phones: Sequence[uuid.UUID]) -> list[Reported]:
    """A visit as it was: seven events, the last word on the task being that it was refused."""
    steps: list[tuple[str, int, dict[str, str]]] = [
        ("depart", -20, {}), ("arrive", -2, {}), ("start", 0, {}),
        ("task", 5, {"task": "pressure", "outcome": "done"}),
        ("note", 20, {"text": "睡着了"}),
        ("task", 30, {"task": "pressure", "outcome": "refused", "reason": "elder_refused"}),
        ("finish", 60, {}),
    ]  # fmt: skip
    counts = dict.fromkeys(PHONES, 0)
    events = []
    for (kind, minute, data), phone in zip(steps, phones, strict=True):
        counts[phone] += 1
        events.append(
            Reported(
                uuid.uuid4(), EventKind(kind), mine.id, counts[phone] + (900 if phone == PHONES[0] else 0),
                TEN + timedelta(minutes=minute), None, CENTRE, dict(data), phone, 0,
            )
        )  # fmt: skip
    return events


def take(session: Session, mine: Attendance, batch: Sequence[Reported]) -> list[actions.Told]:
    return actions.receive(session, mine.caregiver_id, batch, sent_at=LATER, by="刘洁", now=LATER)


def test_one_record_comes_out_of_whatever_was_sent(database: Engine) -> None:
    with transaction() as session:
        caregiver = a_caregiver(session)

    @settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(
        order=st.permutations(range(7)),
        repeats=st.lists(st.integers(0, 6), max_size=8),
        sizes=st.lists(st.integers(1, 4), min_size=15, max_size=15),
        phones=st.lists(st.sampled_from(PHONES), min_size=7, max_size=7),
        reverse=st.booleans(),
    )
    def play(order: list[int], repeats: list[int], sizes: list[int], phones: list[uuid.UUID], reverse: bool) -> None:
        with transaction() as session:
            visit = a_visit(session, state=VisitState.PUBLISHED, minutes=60, opens=TEN)
            mine = an_attendance(session, visit, caregiver)
            events = the_day(mine, phones)
            row = [events[i] for i in [*(reversed(range(7)) if reverse else order), *repeats]]
            first: dict[uuid.UUID, actions.Told] = {}
            while row:
                size = sizes.pop() if sizes else 1
                batch, row = row[:size], row[size:]
                for told in take(session, mine, batch):
                    first.setdefault(told.id, told)
            kept = queries.events(session, mine.district_id, visit.id)
            assert sorted(e.event_id for e in kept) == sorted(e.id for e in events)
            assert mine.state is AttendanceState.FINISHED and visit.state in (VisitState.VERIFIED, VisitState.HELD)
            assert (mine.arrived_at, mine.started_at, mine.finished_at) == (events[1].at, TEN, events[6].at)
            (task,) = session.scalars(select(TaskResult).where(TaskResult.visit_id == visit.id))
            assert (task.outcome, task.reason) == (TaskOutcome.REFUSED, "elder_refused")
            for told in take(session, mine, events):
                assert told.outcome is Outcome.REPEATED
            session.flush()
            session.rollback()

    play()


def test_the_last_word_on_a_task_is_the_later_one_of_two_phones(database: Engine) -> None:
    with transaction() as session:
        visit = a_visit(session, state=VisitState.PUBLISHED, minutes=60, opens=TEN)
        mine = an_attendance(session, visit)
        old, new = PHONES
        events = the_day(mine, [old, old, old, old, old, new, new])
        assert events[5].seq < events[3].seq  # the new phone has counted less
        take(session, mine, events)
        (task,) = session.scalars(select(TaskResult).where(TaskResult.visit_id == visit.id))
        assert task.outcome is TaskOutcome.REFUSED
