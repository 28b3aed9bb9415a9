"""Real parts for the tests: one PostgreSQL and one Valkey for each test process, emptied between tests."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

import hypothesis
import pytest
import time_machine
from alembic import command
from sqlalchemy import Engine, create_engine, text

from app import live, vault
from app.access.rules import Role
from app.cli.database import alembic_config
from app.cli.parts import postgres, valkey
from app.config import settings
from app.db import engine
from app.tables import metadata
from tests.cast import DISTRICT, a_client
from tests.clients import Client

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)  # a gate asks the same twice and waits
if os.environ.get("CI"):
    hypothesis.settings.load_profile("ci")
MORNING = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # Monday, 08:30 in Shanghai
IN_REAL_TIME = {"real_time", "alone", "journey", "torture"}  # processes of their own have clocks nobody turns


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Iterator[None]:
    """The people of the tests live on one Monday: what they do is as right next year, and at every hour of the day."""
    if any(map(request.node.get_closest_marker, IN_REAL_TIME)):
        yield
        return
    with time_machine.travel(MORNING, tick=True):
        yield


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The owner's engine of a real database whose schema is in place; the settings of this process point at it."""
    folder = tmp_path_factory.mktemp("parts")
    with ExitStack() as stack:
        database = postgres.start(folder / "pg")
        stack.callback(database.stop)
        notices = valkey.start(folder / "valkey")
        stack.callback(notices.stop)
        yield from _schema(database, notices, folder, stack)


def _schema(database: postgres.Server, notices: valkey.Server, folder: Path, stack: ExitStack) -> Iterator[Engine]:
    os.environ |= {
        "YINLING_DATABASE_URL": database.url,
        "YINLING_DATABASE_OWNER_URL": database.owner_url,
        "YINLING_REDIS_URL": notices.url,
        "YINLING_VAR_DIR": str(folder),
        "YINLING_KEYS": vault.new_keyring(),
        "YINLING_DEMO": "true",
    }
    for cached in (settings, engine, live.client, vault.keyring):
        cached.cache_clear()
    owner = create_engine(database.owner_url)
    stack.callback(owner.dispose)
    stack.callback(lambda: engine().dispose())
    migrate(owner)
    yield owner


def migrate(owner: Engine, revision: str = "head") -> None:
    """Up, or with `base` down again."""
    config = alembic_config()
    with owner.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if revision == "base" else command.upgrade)(config, revision)


@pytest.fixture
def database(parts: Engine) -> Iterator[Engine]:
    """An empty database with one district in it; emptied again afterwards, triggers or not, and so are the notices."""
    with parts.begin() as connection:
        connection.execute(text("insert into districts (id, name) values (:id, '河口区')"), {"id": DISTRICT})
    yield parts
    with parts.begin() as connection:
        connection.exec_driver_sql("set local session_replication_role = replica")
        for table in metadata.sorted_tables:
            connection.exec_driver_sql(f"delete from {table.name}")
    with suppress(live.Down):
        live.client().flushdb()  # how often an address has tried to log in


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The screens, as a list of topics."""
    told: list[str] = []
    monkeypatch.setattr(live, "announce", lambda notices: told.extend(topic for _, topic in notices))
    return told


@pytest.fixture
def client(database: Engine) -> Callable[..., Client]:
    """`client(Role.OPERATOR)` is a browser that somebody with this role has logged in with."""

    def log_in(role: Role, **user: object) -> Client:
        return a_client(role, **user)

    return log_in


@pytest.fixture
def shared() -> Path:
    """The folder of public data beside the checkout; tests that read it say so when it is missing."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("../shared/data is missing")
        pytest.skip("../shared/data is not here")
    return folder
