"""Watches press while the gateway and the database's connections are killed: what was answered is stored once."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from app.alarms.tables import Alarm, InboxMessage
from app.cli.parts import free_port
from app.db import transaction
from tests.cast import a_device
from tests.devices.gateway import samples

pytestmark = pytest.mark.alone
ROOT = Path(__file__).resolve().parents[2]
WATCHES, TERMINALS, PRESSES, KILLS = 12, 12, 3, 2
PATIENCE = 3.0  # seconds a device waits for its answer before it says it again
Press = Callable[[int], bytes]


class GatewayProcess:
    """`yinling gateway`, which a test may kill and start again."""

    def __init__(self, log: Path) -> None:
        self.ports = {"3g": free_port(5093), "jt808": free_port(5015)}
        self._log = log
        self.start()

    def start(self) -> None:
        listeners = ",".join(f"{name}:{port}" for name, port in self.ports.items())
        env = {**os.environ, "YINLING_GATEWAY_LISTENERS": listeners, "YINLING_GATEWAY_HOST": "127.0.0.1"}
        with self._log.open("ab") as output:
            command = [sys.executable, "-m", "app.cli", "gateway", "--name", "faults"]
            self.process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=output, stderr=output)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@pytest.fixture
def gateway(database: Engine, tmp_path: Path) -> Iterator[GatewayProcess]:
    started = GatewayProcess(tmp_path / "gateway.log")
    yield started
    started.kill()


async def insist(port: int, frame: bytes, end: bytes) -> None:
    """Say it until it is answered, on as many connections as that takes."""
    while True:
        writer = None
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(frame)
            async with asyncio.timeout(PATIENCE):
                if await reader.readuntil(end) == end:  # the first mark of two
                    await reader.readuntil(end)
                return
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            await asyncio.sleep(0.1)
        finally:
            if writer:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()


async def press(port: int, frame: Press, end: bytes, pauses: random.Random) -> None:
    for n in range(PRESSES):
        await asyncio.sleep(pauses.uniform(0, 2))
        await insist(port, frame(n), end)


def fleet(gateway: GatewayProcess) -> list[tuple[int, Press, bytes]]:
    """Every press of a device at a second of its own, a little ago."""
    began = datetime.now(UTC) - timedelta(minutes=5)

    def watch(device: str) -> Press:
        return lambda n: samples.watch_sos(began + timedelta(seconds=n), device)

    def terminal(phone: str) -> Press:
        return lambda n: samples.jt808_sos(began + timedelta(hours=8, seconds=n), n + 1, phone)

    found = [(gateway.ports["3g"], watch(f"30112345{n:02d}"), b"]") for n in range(WATCHES)]
    return found + [(gateway.ports["jt808"], terminal(f"0139123456{n:02d}"), b"\x7e") for n in range(TERMINALS)]


def registered() -> set[str]:
    with transaction() as session:
        watches = [a_device(session, wire_id=f"30112345{n:02d}", model="watch-3g") for n in range(WATCHES)]
        terminals = [a_device(session, wire_id=f"0139123456{n:02d}", model="jt808-terminal") for n in range(TERMINALS)]
        return {device.wire_id for device in watches + terminals}


def test_kill_nine_between_hearing_and_storing_loses_nothing_and_doubles_nothing(
    gateway: GatewayProcess, parts: Engine
) -> None:
    devices, chance = registered(), random.Random(11)

    def cut_off_the_database() -> None:
        with parts.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
            owner.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'yinling_app'"))

    async def kills(pressing: "asyncio.Future[list[None]]") -> int:
        done = 0
        while not pressing.done() and done < KILLS:
            await asyncio.sleep(chance.uniform(0.5, 2.5))
            await asyncio.to_thread(cut_off_the_database)
            await asyncio.sleep(chance.uniform(0.0, 0.5))
            gateway.kill()
            gateway.start()
            done += 1
            await asyncio.sleep(3)
        return done

    async def story() -> int:
        pressing = asyncio.gather(*(press(*one, random.Random(n)) for n, one in enumerate(fleet(gateway))))
        done, _ = await asyncio.gather(kills(pressing), asyncio.wait_for(pressing, 120))
        return done

    assert asyncio.run(story()) >= 1
    with transaction() as session:
        counts = {alarm.wire_id: alarm.count for alarm in session.scalars(select(Alarm))}
        messages = session.scalar(select(func.count(InboxMessage.id)))
    assert counts == dict.fromkeys(devices, PRESSES)
    assert messages == len(devices) * PRESSES
    assert gateway.stop() == 0


def test_while_the_database_is_out_of_reach_no_watch_is_answered_and_then_each_press_counts_once(
    gateway: GatewayProcess, parts: Engine
) -> None:
    devices = registered()

    async def story() -> None:
        await insist(gateway.ports["3g"], samples.watch("LK", "3011234599"), b"]")
        with parts.connect().execution_options(isolation_level="AUTOCOMMIT") as owner:
            owner.execute(text("alter role yinling_app nologin"))
            try:
                for _ in range(5):  # also those that were just being let in
                    owner.execute(
                        text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'yinling_app'")
                    )
                    await asyncio.sleep(0.1)
                pressing = {asyncio.create_task(insist(port, frame(0), end)) for port, frame, end in fleet(gateway)}
                answered, _ = await asyncio.wait(pressing, timeout=PATIENCE + 1, return_when=asyncio.FIRST_COMPLETED)
                assert not answered
            finally:
                owner.execute(text("alter role yinling_app login"))
        await asyncio.wait_for(asyncio.gather(*pressing), 60)

    asyncio.run(story())
    with transaction() as session:
        counts = {alarm.wire_id: alarm.count for alarm in session.scalars(select(Alarm))}
    assert counts == dict.fromkeys(devices, 1)
