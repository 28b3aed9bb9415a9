"""The parts and processes of an installation, as `yinling demo` lays them out, with a city in the database."""

import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import psycopg

from app import live, vault
from app.cli import table as processes
from app.cli.database import migrate
from app.cli.parts import Running, free_port, postgres
from app.config import Settings, settings
from app.db import engine
from app.tables import metadata
from bench.alarms import city

OURS: Final = ("web", "listener-1", "listener-2", "clock")


@dataclass
class Stage:
    """A running installation. `folder` is all it writes to."""

    folder: Path
    devices: int
    env: dict[str, str]
    parts: dict[str, Running] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Of the pages."""
        return self.env["YINLING_PUBLIC_URL"]

    @property
    def owner(self) -> str:
        """The database, as its owner."""
        return self.env["YINLING_DATABASE_OWNER_URL"].replace("+psycopg", "")

    def up(self, *names: str) -> None:
        """Start processes of the platform, or start them again."""
        for part in processes.platform(self.env):
            if part.name in names:
                if part.name in self.parts:
                    self.parts[part.name].start()
                else:
                    self.parts[part.name] = Running(part, self.folder)

    def down(self, *names: str) -> None:
        """Stop processes of the platform, politely."""
        for name in names:
            self.parts.pop(name).stop()

    def spent(self) -> dict[str, float]:
        """CPU seconds of each part so far, its children included."""
        return {name: _spent(psutil.Process(part.process.pid)) for name, part in self.parts.items()}

    def forget_alarms(self) -> None:
        """Back to a quiet morning: no message, no alarm, no notice of one; triggers or not."""
        with psycopg.connect(self.owner) as connection:
            connection.execute("set local session_replication_role = replica")
            for table in reversed(metadata.sorted_tables):
                if table.name in OF_ALARMS:
                    connection.execute(f"delete from {table.name}")
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        live.client().delete(live.STREAM)


OF_ALARMS: Final = frozenset({"inbox_messages", "signals", "alarms", "alarm_timers", "alarm_events"})


def _spent(process: psutil.Process) -> float:
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def stage(folder: Path, *, devices: int, ours: Sequence[str] = OURS) -> Iterator[Stage]:
    """PostgreSQL that syncs to the disk, Valkey, Mosquitto with our safe configuration, and our processes."""
    folder.mkdir(parents=True, exist_ok=True)
    given = Settings(var_dir=folder, web_port=free_port(18080), web_dist=Path("web/dist").resolve())
    table = processes.lay(given, folder)
    before = dict(os.environ)
    os.environ |= table.env
    _look_anew()
    made = Stage(folder, devices, table.env)
    try:
        for part in table.parts:
            made.parts[part.name] = Running(part, folder)
        migrate()
        city.build(devices)
        with psycopg.connect(made.owner, autocommit=True) as connection:
            connection.execute("vacuum analyze")
        people = {"operator": {"login": city.OPERATOR, "password": city.PASSWORD}}
        (folder / "logins.json").write_text(json.dumps(people))
        made.up(*ours)
        yield made
    finally:
        engine().dispose()
        live.client().close()
        for running in reversed(list(made.parts.values())):
            running.stop()
        postgres.forget(folder / "pg")  # as root its data stands elsewhere
        os.environ.clear()
        os.environ |= before  # the next stage brings its own parts
        _look_anew()


def _look_anew() -> None:
    for cached in (settings, engine, live.client, vault.keyring):
        cached.cache_clear()


def say(what: str) -> None:
    """Progress, beside the tables."""
    print(f"- {time.strftime('%H:%M:%S')} {what}", file=sys.stderr, flush=True)
