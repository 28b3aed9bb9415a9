"""`yinling demo` from the first start to a new beginning, with real parts and real kills."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from app.cli.parts import free_port, postgres

pytestmark = [pytest.mark.alone, pytest.mark.timeout(600)]
PROCESSES = {"postgres", "valkey", "broker", "web", "worker", "listener-1", "listener-2", "gateway-1", "clock"}


class Demo:
    """One demo on a folder of its own; started as often as a story wants."""

    def __init__(self, var: Path) -> None:
        self.var, self.port = var, free_port()

    def start(self, *more: str) -> None:
        """Returns when it says that it is up."""
        env = {key: value for key, value in os.environ.items() if not key.startswith("YINLING_")}
        env |= {"YINLING_VAR_DIR": str(self.var), "YINLING_WEB_PORT": str(self.port), "COLUMNS": "200"}
        self.said = self.var.parent / "said"
        command = [sys.executable, "-m", "app.cli", "demo", "--elders", "5", "--speed", "0", *more]
        with self.said.open("wb") as out:
            self.process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT)
        self.heard("is up.")

    def heard(self, words: str, seconds: float = 300) -> None:
        """Waits until it has said so."""
        eventually(lambda: words in self.said.read_text() or self.process.poll() is not None, seconds)
        assert words in self.said.read_text(), self.said.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> None:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(60) == 0, self.said.read_text()

    def one(self, query: str) -> object:
        """The first value of a query, as the owner."""
        url = json.loads((self.var / "demo.json").read_text())["YINLING_DATABASE_OWNER_URL"]
        with psycopg.connect(url.replace("+psycopg", "")) as connection:
            cursor = connection.execute(query.encode())
            row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


def eventually(claim: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Not started; the tests below tell one story, in order."""
    demo = Demo(tmp_path_factory.mktemp("银铃 demo") / "var")
    demo.start()
    yield demo
    if demo.process.poll() is None:
        demo.stop()
    postgres.forget(demo.var / "pg")


def test_everything_runs_and_says_where_and_who(demo: Demo) -> None:
    said = demo.said.read_text()
    assert f"http://127.0.0.1:{demo.port}/desk/" in said
    assert f"http://127.0.0.1:{demo.port}/phone/" in said
    people = json.loads((demo.var / "logins.json").read_text())
    assert {"operator", "dispatcher", "supervisor", "admin", "manager"} <= set(people)
    assert all(person["login"] in said and person["password"] in said for person in people.values())
    assert {name for name in PROCESSES if f"{name:<12}ready" in said} == PROCESSES
    assert {p.stat().st_mode & 0o077 for p in (demo.var / "keys.json", demo.var / "demo.json")} == {0}


def test_a_second_one_on_the_same_folder_or_port_is_refused_in_a_sentence(demo: Demo, tmp_path: Path) -> None:
    def refused(var: Path) -> str:
        env = {**os.environ, "YINLING_VAR_DIR": str(var), "YINLING_WEB_PORT": str(demo.port)}
        command = [sys.executable, "-m", "app.cli", "demo"]
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
        assert result.returncode == 1
        assert "Traceback" not in result.stderr
        return result.stdout

    assert f"(process {demo.process.pid})" in refused(demo.var)
    with socket.socket() as holder:
        other = Demo(tmp_path)
        holder.bind(("127.0.0.1", other.port))
        holder.listen()
        other_port, demo_port = other.port, demo.port
        demo.port = other_port
        try:
            assert f"YINLING_WEB_PORT={other_port + 1} make demo" in refused(tmp_path)
        finally:
            demo.port = demo_port


@pytest.mark.parametrize("name", ["web", "listener-1", "gateway-1", "clock", "worker", "postgres", "valkey", "broker"])
def test_whatever_is_killed_comes_back(demo: Demo, name: str) -> None:
    marks = {"postgres": "/postgres", "valkey": "valkey-server", "broker": "mosquitto", "worker": "dramatiq"}
    mark = marks.get(name, f"app.cli {name.replace('-1', ' --name 1')}")
    direct = psutil.Process(demo.process.pid).children()
    victim = next(p for p in direct if mark in " ".join(p.cmdline()))
    before = demo.said.read_text().count(f"{name:<12}ready")
    victim.kill()
    eventually(lambda: demo.said.read_text().count(f"{name:<12}ready") > before, 90)
    assert demo.process.poll() is None


def test_money_and_logs_prove_themselves_and_a_changed_one_does_not(demo: Demo) -> None:
    def said(*arguments: str) -> tuple[int, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("YINLING_")}  # those of other tests
        env["YINLING_VAR_DIR"] = str(demo.var)
        command = [sys.executable, "-m", "app.cli", *arguments]
        result = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=120)
        return result.returncode, result.stdout

    assert said("ledger", "verify")[0] == 0
    assert said("verify-log")[0] == 0
    change = "update entitlements set free_cents = free_cents {0} 1, granted_cents = granted_cents {0} 1 where id = {1}"
    first = demo.one("select min(id) from entitlements")
    demo.one(change.format("+", first))
    code, faults = said("ledger", "verify")
    demo.one(change.format("-", first))
    assert code == 1
    assert f"entitlement {first}: free is" in faults


def test_ctrl_c_leaves_nothing_behind_and_a_second_start_keeps_the_data(demo: Demo) -> None:
    elders, children = demo.one("select count(*) from elders"), demo.children()
    demo.stop()
    assert gone(children)
    demo.start()
    assert demo.one("select count(*) from elders") == elders


def test_no_orphan_outlives_a_killed_demo_and_the_next_one_goes_on(demo: Demo) -> None:
    elders, children = demo.one("select count(*) from elders"), demo.children()
    demo.process.kill()
    demo.process.wait()
    eventually(lambda: gone(children), 30)
    demo.start()
    assert demo.one("select count(*) from elders") == elders


def test_reset_begins_anew_with_new_secrets(demo: Demo) -> None:
    keys, word = (demo.var / "keys.json").read_text(), (demo.var / "logins.json").read_text()
    demo.one("create table left_over as select 1")
    demo.stop()
    demo.start("--reset")
    assert demo.one("select to_regclass('left_over')") is None
    assert (demo.var / "keys.json").read_text() != keys
    assert (demo.var / "logins.json").read_text() != word
