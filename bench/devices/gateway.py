"""A gateway with thousands of watches on it: memory, frames through the commit, how fast an SOS is answered.

    python -m bench.devices.gateway --connections 5000

Real sockets, a real PostgreSQL, the process as `yinling gateway` runs it; the watches live in this process, on the same
machine. Attackers hold lines open beside them and drip a byte a second.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles

import psutil
from alembic import command
from rich.console import Console
from rich.table import Table
from sqlalchemy import create_engine

from app import vault
from app.access.tables import District
from app.cli.database import alembic_config
from app.cli.parts import free_port, postgres, valkey
from app.db import engine, transaction
from app.equipment import models
from app.equipment.tables import Device
from app.gateway import allow_files

DISTRICT = 370503
ANSWER = b"]"
AT_ONCE = 200  # connections being opened
SOS_A_SECOND, SOS, CALM_A_SECOND = 20, 400, 100


def watch(content: str, device: str) -> bytes:
    return f"[3G*{device}*{len(content):04X}*{content}]".encode()


def sos(device: str) -> bytes:
    now = datetime.now(UTC)
    place = "A,37.886000,N,118.525000,E,0.50,90.0,4.0,9,80,64,1200,0,00010000,0,0"
    return watch(f"AL,{now:%d%m%y,%H%M%S},{place}", device)


def name_of(n: int) -> str:
    return f"3{n:09d}"


class Watch:
    """A device's end of a line."""

    def __init__(self, device: str) -> None:
        self.device = device

    async def dial(self, port: int) -> None:
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)

    async def say(self, frame: bytes) -> float:
        """Seconds until it was answered."""
        began = time.perf_counter()
        self.writer.write(frame)
        await self.reader.readuntil(ANSWER)
        return time.perf_counter() - began


async def dial_all(watches: Sequence[Watch], port: int) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(device: Watch) -> None:
        async with gate:
            await device.dial(port)
            await device.say(watch("LK,0,0,90", device.device))

    await asyncio.gather(*(one(device) for device in watches))


async def drip(port: int) -> None:
    """A slow loris: it comes again when it is hung up on."""
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"[3G*")
            while not writer.is_closing():
                await asyncio.sleep(1)
                writer.write(b"1")
                await writer.drain()
        except OSError:
            await asyncio.sleep(1)


async def presses(watches: Sequence[Watch], beside: Sequence[Watch]) -> list[float]:
    """Answering times of calls for help, at a steady rate, while others beat."""
    taken: list[float] = []

    async def press(device: Watch) -> None:
        taken.append(await device.say(sos(device.device)))

    async def beat() -> None:
        for n in range(1_000_000):
            device = beside[n % len(beside)]
            device.writer.write(watch(f"LK,{n},0,90", device.device))
            await asyncio.sleep(1 / CALM_A_SECOND)

    beating = asyncio.create_task(beat())
    pressing = []
    for device in watches[:SOS]:
        pressing.append(asyncio.create_task(press(device)))
        await asyncio.sleep(1 / SOS_A_SECOND)
    await asyncio.gather(*pressing)
    beating.cancel()
    await asyncio.gather(beating, return_exceptions=True)
    return taken


def spent(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


async def measure(connections: int, attackers: int, process: psutil.Process, port: int) -> dict[str, str]:
    empty = process.memory_info().rss
    watches = [Watch(name_of(n)) for n in range(connections)]
    cpu, began = spent(process), time.perf_counter()
    await dial_all(watches, port)
    opened, cpu_opened = time.perf_counter() - began, spent(process) - cpu
    memory = process.memory_info().rss - empty
    cpu = spent(process)
    await asyncio.sleep(10)
    idle = (spent(process) - cpu) / 10
    cpu, began = spent(process), time.perf_counter()
    await asyncio.gather(*(device.say(watch("LK,1,0,90", device.device)) for device in watches))
    flood, cpu_flood = time.perf_counter() - began, spent(process) - cpu
    dripping = [asyncio.create_task(drip(port)) for _ in range(attackers)]
    await asyncio.sleep(2)
    half = min(SOS, connections // 2)
    taken = await presses(watches[:half], watches[half:])
    for one in dripping:
        one.cancel()
    await asyncio.gather(*dripping, return_exceptions=True)
    cuts = [round(cut * 1000) for cut in quantiles(taken, n=100)]
    return {
        "connections": f"{connections}, and {attackers} slow attackers during the calls for help",
        "memory per connection": f"{memory / connections / 1024:.1f} kB (process {(empty + memory) / 1e6:.0f} MB)",
        "all connected and answered": f"{opened:.1f} s, {cpu_opened:.1f} s CPU of the gateway",
        "CPU with all lines idle": f"{idle:.1%} of a core",
        "heartbeats through the commit": (
            f"{connections / flood:.0f}/s, {cpu_flood / connections * 1e6:.0f} µs CPU each"
        ),
        f"SOS to its answer, {SOS_A_SECOND}/s, {CALM_A_SECOND} heartbeats/s beside":
            f"p50 {cuts[49]} ms, p99 {cuts[98]} ms, worst {max(taken) * 1000:.0f} ms of {len(taken)}",
    }  # fmt: skip


def prepare(folder: Path, stack: ExitStack, connections: int) -> None:
    """A database with a district and its watches, and the settings that lead to it."""
    database = postgres.start(folder / "pg")
    stack.callback(database.stop)
    notices = valkey.start(folder / "valkey")
    stack.callback(notices.stop)
    owner = create_engine(database.owner_url)
    stack.callback(owner.dispose)
    with owner.begin() as connection:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    os.environ |= {
        "YINLING_DATABASE_URL": database.url, "YINLING_REDIS_URL": notices.url, "YINLING_VAR_DIR": str(folder),
        "YINLING_KEYS": vault.new_keyring(), "YINLING_DATABASE_POOL": "5",
    }  # fmt: skip
    with transaction() as session:
        session.add(District(id=DISTRICT, name="河口区"))
        models.load(session)
        session.flush()
        session.add_all(
            Device(district_id=DISTRICT, division_code=f"{DISTRICT}000000", wire_id=name_of(n), model_id="watch-3g")
            for n in range(connections + 1)
        )
    stack.callback(engine().dispose)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--attackers", type=int, default=200)
    wanted = parser.parse_args()
    allow_files(wanted.connections + wanted.attackers + 500)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        Path(folder).chmod(0o755)
        prepare(Path(folder), stack, wanted.connections)
        port = free_port(5093)
        env = {**os.environ, "YINLING_GATEWAY_LISTENERS": f"3g:{port}", "YINLING_GATEWAY_HOST": "127.0.0.1"}
        process = subprocess.Popen([sys.executable, "-m", "app.cli", "gateway"], env=env, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.terminate)
        figures = asyncio.run(_when_up(port, wanted, psutil.Process(process.pid)))
    load = os.getloadavg()[0]
    table = Table(title=f"One gateway process, {os.cpu_count()} cores, load {load:.1f}", show_header=False)
    for what, value in figures.items():
        table.add_row(what, value)
    Console().print(table)


async def _when_up(port: int, wanted: argparse.Namespace, process: psutil.Process) -> dict[str, str]:
    async with asyncio.timeout(60):
        while True:
            try:
                first = Watch(name_of(wanted.connections))
                await first.dial(port)
                await first.say(watch("LK", first.device))
                break
            except OSError:
                await asyncio.sleep(0.2)
    return await measure(wanted.connections, wanted.attackers, process, port)


if __name__ == "__main__":
    main()
