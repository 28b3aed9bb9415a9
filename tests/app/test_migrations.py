"""The migrations make what the tables say, guards and all, and can be taken back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, text

from app.cli.parts import postgres
from app.db import guards
from app.tables import metadata
from tests.conftest import migrate

GUARDED = """
    select 'policy ' || tablename || ' ' || policyname || ' ' || coalesce(qual, '') from pg_policies
    union all select 'trigger ' || tgname from pg_trigger where not tgisinternal
    union all select 'function ' || proname || prosrc from pg_proc where proname like 'app\\_%'
    union all select 'forced ' || relname from pg_class where relforcerowsecurity
    union all select conrelid::regclass || ' ' || pg_get_constraintdef(oid) from pg_constraint
        where contype in ('c', 'x', 'f', 'u') and connamespace = 'public'::regnamespace
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty database of its own."""
    server = postgres.start(Path(tmp_path_factory.mktemp("migrations")))
    owner = create_engine(server.owner_url)
    yield owner
    owner.dispose()
    server.stop()


def test_the_migrations_make_what_the_tables_say_and_go_back_to_nothing(empty: Engine) -> None:
    migrate(empty)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        migrated = _guarded(connection.execute(text(GUARDED)).scalars())
    migrate(empty, "base")
    with empty.begin() as connection:
        tables = connection.scalars(text("select tablename from pg_tables where schemaname = 'public'")).all()
        assert tables == ["alembic_version"]
        metadata.create_all(connection)
        for statement in guards():
            connection.exec_driver_sql(statement)
        assert migrated == _guarded(connection.execute(text(GUARDED)).scalars())


def test_the_platforms_role_owns_nothing_and_cannot_lift_the_fence(parts: Engine) -> None:
    with parts.connect() as connection:
        owned = "select count(*) from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname = 'yinling_app'"
        assert connection.scalar(text(owned)) == 0
        assert not connection.scalar(
            text("select rolbypassrls or rolsuper from pg_roles where rolname = 'yinling_app'")
        )


def _guarded(lines: Iterator[str]) -> list[str]:
    return sorted(" ".join(line.split()) for line in lines)
