"""The embedded parts, each a real server: they want a password, survive a kill, and bear any folder they are put in."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.cli.parts import Running, broker, free_port, postgres, valkey

pytestmark = pytest.mark.alone
FOLDER = "银铃 a folder, with everything"


def connect(url: str) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def is_alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / FOLDER


def test_the_platform_is_let_in_and_owns_nothing(folder: Path) -> None:
    server = postgres.start(folder)
    try:
        with connect(server.url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("create table mine (id int)")
        with pytest.raises(psycopg.OperationalError, match="password"):
            connect(server.url.replace("yinling_app:", "yinling_app:x"))
        with connect(server.owner_url) as owner:
            assert owner.execute("show data_checksums").fetchone() == ("on",)
            assert owner.execute("show server_encoding").fetchone() == ("UTF8",)
    finally:
        server.stop()


def test_what_was_committed_survives_a_killed_database(folder: Path) -> None:
    server = postgres.start(folder)
    try:
        with connect(server.owner_url) as owner:
            owner.execute("create table kept as select 7 as number")
        server.kill()
        (server.data / "postmaster.pid").write_text(f"{os.getpid()}\n{folder}\n")  # a stranger has the number now
        server.start()
        with connect(server.owner_url) as owner:
            assert owner.execute("select number from kept").fetchone() == (7,)
    finally:
        server.stop()


def test_a_server_waits_for_what_a_killed_one_left_running(folder: Path) -> None:
    server = postgres.start(folder)
    try:
        with connect(server.owner_url) as owner:
            pid = owner.info.backend_pid
            os.kill(pid, signal.SIGSTOP)  # frozen, it does not notice that its server is dead
            server.process.kill()
            server.process.wait()
            os.kill(pid, signal.SIGCONT)
            server.start()
            assert not is_alive(pid)
        with connect(server.url) as app:
            assert app.execute("select 1").fetchone() == (1,)
    finally:
        server.stop()


def test_passwords_are_for_the_owner_of_the_folder_alone(folder: Path) -> None:
    for prepare in (postgres.prepare, valkey.prepare, broker.prepare):
        prepare(folder / prepare.__module__.rpartition(".")[2])
    secrets = [*folder.rglob("*.json"), *folder.rglob("*.conf"), folder / "broker" / "passwords"]
    ours = [path for path in secrets if "data" not in path.parts and path.exists()]
    assert len(ours) >= 3
    assert {path.stat().st_mode & 0o077 for path in ours} == {0}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another account")
def test_below_a_closed_home_binaries_and_data_move_where_the_account_can_walk(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    cluster = postgres.prepare(home / "pg")
    refuge = postgres.shelter(home / "pg")
    try:
        assert cluster.data.is_relative_to(refuge)
        server = postgres.Server(cluster, home / "pg")
        server.stop()
        assert home.stat().st_mode & 0o777 == 0o700
    finally:
        postgres.forget(home / "pg")
    assert not refuge.exists()


def test_redis_wants_the_password_and_keeps_its_queue(folder: Path) -> None:
    server = valkey.start(folder)
    try:
        with redis.Redis(port=server.port) as stranger, pytest.raises(redis.AuthenticationError):
            stranger.ping()
        with redis.Redis.from_url(server.url) as ours:
            ours.rpush("queue", "1")
            server.stop()
            server.start()
            assert ours.lrange("queue", 0, -1) == [b"1"]
    finally:
        server.stop()


@pytest.mark.parametrize("mosquitto", [True, False])
def test_the_broker_lets_in_who_knows_the_word(folder: Path, mosquitto: bool) -> None:
    server = broker.start(folder, mosquitto=mosquitto)
    try:
        assert broker.answers(server.gateway_url)
        assert not broker.answers(server.url.replace("platform:", "platform:x"))
        server.kill()
        assert not broker.answers(server.url, patience=0.5)
        server.start()
        assert broker.answers(server.url)
    finally:
        server.stop()


@pytest.mark.parametrize("start", [postgres.start, valkey.start, broker.start])
def test_no_part_outlives_who_started_it(folder: Path, start: Callable[[Path], Running]) -> None:
    code = (
        f"import sys, time; from pathlib import Path; from {start.__module__} import start\n"
        "server = start(Path(sys.argv[1])); print(server.process.pid, flush=True); time.sleep(600)"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    part = psutil.Process(int(starter.stdout.readline()))
    starter.send_signal(signal.SIGKILL)
    starter.wait()
    starter.stdout.close()
    part.wait(10)


def test_a_busy_port_gives_the_next_one() -> None:
    first = free_port()
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", first))
        holder.listen()
        assert free_port(first) != first
