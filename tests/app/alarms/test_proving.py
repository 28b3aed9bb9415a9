"""Whatever is done to a log behind the platform's back is found, and said in plain words."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, event, select, text
from sqlalchemy.orm import Session

from app.alarms import actions, log, proving
from app.alarms.tables import Alarm, AlarmEvent, LogAnchor
from app.db import engine, transaction
from tests.app.alarms.story import an_operator, hear, press, the_alarm
from tests.cast import DISTRICT, a_device
from tests.conftest import MORNING


@pytest.fixture
def logged(database: Engine) -> int:
    """An alarm with six lines, and the anchor of a day ago over the first five of them."""
    with transaction() as session:
        device, me = a_device(session), an_operator(session)
    hear(press(device.wire_id), now=MORNING)
    number = the_alarm().id
    with transaction() as session:
        actions.claim(session, number, me=me, now=MORNING)
        for n in range(3):
            actions.note(session, number, f"第{n}次", me=me, now=MORNING + timedelta(minutes=n))
    proving.anchor_all(now=MORNING + timedelta(hours=1))
    with transaction() as session:
        actions.note(session, number, "后来", me=me, now=MORNING + timedelta(hours=2))
        assert not list(proving.verify(session))
    return number


@contextmanager
def behind_our_back(parts: Engine, *statements: str | Callable[[Connection], None]) -> Iterator[list[str]]:
    """What the owner of the database could do; what is then said; and all as it was."""
    with parts.connect() as owner, owner.begin() as change:
        owner.execute(text("set local session_replication_role = replica"))
        for statement in statements:
            if callable(statement):
                statement(owner)
            else:
                owner.execute(text(statement))
        yield [f"{broken.n}: {broken.reason}" for broken in proving.verify(Session(owner))]
        change.rollback()


def rehash(owner: Connection) -> None:
    """Make the chain whole again, as somebody would who knows how."""
    session = Session(owner)
    head = ""
    for line in session.scalars(select(AlarmEvent).order_by(AlarmEvent.n)).all():
        head = log.hashed(head, line)
        owner.execute(text("update alarm_events set hash = :h where n = :n"), {"h": head, "n": line.n})
    owner.execute(text("update alarms set log_head = :h"), {"h": head})
    session.close()


CUT = "delete from alarm_events where n > 3"
CUT_WITH_THE_ROW = "update alarms set log_length = 3, log_head = (select hash from alarm_events where n = 3)"


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (["update alarm_events set by = '别人' where n = 2"], ["2: the line was changed"]),
        (["update alarm_events set at = at - interval '9 seconds' where n = 1"], ["1: the line was changed"]),
        (["update alarm_events set sealed = sealed || 'A' where n = 4"], ["4: the line was changed"]),
        (["delete from alarm_events where n in (2, 3)"], ["2: lines 2 to 3 are missing"]),
        (["delete from alarm_events where n = 6"], ["6: line 6 is missing at the end"]),
        (["delete from alarm_events"], ["1: the whole log is gone; the alarm speaks of 6 lines"]),
        (
            [
                "update alarm_events set n = n + 100 where n in (3, 4)",
                "update alarm_events set n = 107 - n where n > 100",
            ],
            [
                "3: the line stood at place 4 and was moved to place 3",
                "4: the line stood at place 3 and was moved to place 4",
            ],
        ),
        (
            [
                "update alarm_events set n = n + 101 where n > 5",
                "insert into alarm_events select district_id, 999999, division_code, alarm_id, 6, at, by, event, "
                "before, after, sealed, hash from alarm_events where n = 5",
                "update alarm_events set n = n - 100 where n > 100",
            ],
            ["6: the line stood at place 5"],
        ),
        ([CUT, CUT_WITH_THE_ROW], ["5: on 2026-11-23 the log had 5 lines; its end was cut off"]),
        (
            ["delete from alarm_timers", "delete from alarm_events", "delete from alarms"],
            ["0: the alarm and its log are gone; on 2026-11-23 it had 5 lines"],
        ),
        (["delete from alarms"], ["0: the log is there and its alarm is gone"]),
        (
            ["update alarm_events set by = '别人' where n = 2", rehash],
            ["5: line 5 is not the one that was anchored on 2026-11-23"],
        ),
        (["update log_anchors set lines = 7"], ["0: the anchor of 2026-11-23 was changed"]),
    ],
)  # fmt: skip
def test_what_was_done_to_a_log_is_said_in_plain_words(
    statements: list[str | Callable[[Connection], None]], said: list[str], logged: int, parts: Engine
) -> None:
    with behind_our_back(parts, *statements) as found:
        for words in said:
            assert any(one.startswith(words) for one in found), found
    with transaction() as session:
        assert not list(proving.verify(session))


def test_what_the_desk_writes_meanwhile_is_no_fault(logged: int) -> None:
    wrote: list[str] = []

    def meanwhile(_c: object, _u: object, statement: str, *_: object) -> None:
        if "alarms.log_head" in statement and "FOR UPDATE" not in statement and not wrote:
            wrote.append(statement)
            with transaction() as session:
                actions.note(session, logged, "同时", me=an_operator(session), now=MORNING + timedelta(hours=3))

    event.listen(engine(), "after_cursor_execute", meanwhile)
    try:
        with transaction() as session:
            assert not list(proving.verify(session))
    finally:
        event.remove(engine(), "after_cursor_execute", meanwhile)
    assert wrote


def test_with_the_anchors_made_anew_only_a_digest_kept_elsewhere_tells(logged: int, parts: Engine) -> None:
    with transaction() as session:
        kept = session.scalars(select(LogAnchor.digest)).one()
        assert not list(proving.verify(session, digest=kept))
    with behind_our_back(parts, CUT, CUT_WITH_THE_ROW, "delete from log_anchors") as found:
        assert found == []
    with parts.connect() as owner, owner.begin() as change:
        owner.execute(text("set local session_replication_role = replica"))
        owner.execute(text("delete from log_anchors"))
        assert [b.reason for b in proving.verify(Session(owner), digest=kept)] == [
            "the digest that was kept elsewhere is not among the anchors: they were made anew"
        ]
        change.rollback()


def test_an_anchor_holds_what_moved_since_the_last_and_comes_once_a_day(logged: int) -> None:
    proving.anchor_all(now=MORNING + timedelta(hours=20))  # too early
    proving.anchor_all(now=MORNING + timedelta(hours=25))
    proving.anchor_all(now=MORNING + timedelta(hours=50))  # nothing has moved
    with transaction() as session:
        anchors = session.scalars(select(LogAnchor).order_by(LogAnchor.id)).all()
        head = session.scalars(select(Alarm.log_head)).one()
    assert [(one.alarms, one.lines) for one in anchors] == [(1, 5), (1, 6)]
    assert anchors[1].before == anchors[0].digest and anchors[1].heads == [[logged, 6, head]]
    assert all(one.district_id == DISTRICT for one in anchors)
