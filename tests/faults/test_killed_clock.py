"""Two real clock processes: kill -9 of the elected one while an escalation falls due; the other makes it in time."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from sqlalchemy import Engine, select, text, update

from app.alarms import log
from app.alarms.rules import TimerKind
from app.alarms.tables import Alarm, AlarmTimer, Pulse
from app.db import transaction
from app.messages.tables import OutboxMessage
from tests.app.alarms.story import hear, press, the_alarm
from tests.cast import a_contact, a_device, an_elder
from tests.faults.test_killed_listener import ROOT, until

pytestmark = pytest.mark.alone
Process = subprocess.Popen[bytes]


@pytest.fixture
def clocks(database: Engine, tmp_path: Path) -> Iterator[list[Process]]:
    """Two clocks; one of them is elected."""
    with ExitStack() as stack:
        output = stack.enter_context((tmp_path / "clock.log").open("ab"))
        command = [sys.executable, "-c", "from app.clock import main; main()"]
        processes = [subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) for _ in range(2)]
        for process in processes:
            stack.callback(process.wait)
            stack.callback(process.kill)
        until(lambda: len(candidates(database)) == 2 and beats(), "both clocks run and one is elected", 60)
        yield processes


def candidates(owner: Engine) -> dict[int, bool]:
    """The local ports of the clocks' own connections to the database, and whether each holds the office."""
    with owner.connect() as connection:
        rows = connection.execute(
            text(
                "select a.client_port, exists (select from pg_locks l where l.pid = a.pid and l.locktype = 'advisory' "
                "and l.granted) from pg_stat_activity a where a.application_name = 'yinling clock'"
            )
        )
        return {int(port): bool(held) for port, held in rows}


def elected(owner: Engine, processes: list[Process]) -> Process:
    (port,) = (port for port, held in candidates(owner).items() if held)
    return next(
        p for p in processes if port in {c.laddr.port for c in psutil.Process(p.pid).net_connections() if c.laddr}
    )


def beats() -> bool:
    with transaction() as session:
        return session.scalar(select(Pulse.id).where(Pulse.name == "clock")) is not None


def waiting() -> list[int]:
    with transaction() as session:
        due = AlarmTimer.fired_at.is_(None), AlarmTimer.kind != TimerKind.RUNG  # that one waits for the family's answer
        return list(session.scalars(select(AlarmTimer.id).where(*due)))


def sent() -> int:
    with transaction() as session:
        return len(session.scalars(select(OutboxMessage.id).where(OutboxMessage.sent_at.is_not(None))).all())


def test_the_standby_escalates_in_time_and_once_when_the_elected_clock_is_killed(
    clocks: list[Process], parts: Engine
) -> None:
    with transaction() as session:
        elder = an_elder(session)
        a_contact(session, elder)
        device = a_device(session, elder=elder)
    hear(press(device.wire_id), now=datetime.now(UTC))
    with transaction() as session:
        session.execute(update(AlarmTimer).values(due_at=datetime.now(UTC) + timedelta(seconds=3)))
    leader = elected(parts, clocks)
    leader.kill()
    leader.wait()
    until(lambda: not waiting() and sent() == 1, "everything due has happened", 20)
    with transaction() as session:
        timers = session.scalars(select(AlarmTimer)).all()
        assert [timer.late_seconds for timer in timers if (timer.late_seconds or 0) > 2] == []
        lines = [line.event for line in log.of(session, session.get_one(Alarm, the_alarm().id))]
    assert sorted(lines) == ["call_family", "raise", "ring_lead"]
    (standby,) = (process for process in clocks if process is not leader)
    standby.terminate()
    assert standby.wait(20) == 0 and sent() == 1
