"""The doctor on PostgreSQL and Redis."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from app.cli.finding import Finding, ill, mind, well
from app.config import settings

if TYPE_CHECKING:
    import psycopg

OLDEST_POSTGRES, OLDEST_REDIS = 150000, (6, 2)
SILENT = 10  # seconds
SKEW = 2.0  # seconds between our clock and the database's


def database() -> Iterator[Finding]:
    """Reachable, new enough, with rights that make row-level security count, and with today's schema."""
    import psycopg

    url = str(settings().database_url).replace("+psycopg", "")
    try:
        connection = psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        reason = str(error).strip().splitlines()[-1]
        yield ill("database", f"no connection: {reason}", "start it (`yinling demo`), or correct YINLING_DATABASE_URL")
        return
    with connection:
        version = connection.info.server_version
        if version < OLDEST_POSTGRES:
            yield ill("database", f"PostgreSQL {version // 10000} is too old", "use PostgreSQL 15 or newer")
        else:
            yield well("database", f"PostgreSQL {version // 10000}.{version % 10000} answers")
        yield from _rights(connection)
        yield from _schema(connection)
        yield from _skew(connection)
        yield from _pulses(connection)


def _rights(connection: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[Finding]:
    role = connection.execute(
        "select current_user, rolsuper or rolbypassrls, exists(select from pg_class c join pg_namespace n "
        "on n.oid = c.relnamespace where c.relowner = r.oid and n.nspname = 'public' and c.relkind = 'r') "
        "from pg_roles r where rolname = current_user"
    ).fetchone()
    assert role is not None
    if role[1] or role[2]:
        why = "may pass row-level security" if role[1] else "owns tables"
        yield ill(
            "database",
            f"the role {role[0]} {why}: areas are not fenced off",
            "give the platform a role of its own, without SUPERUSER and BYPASSRLS, that owns nothing",
        )
    else:
        yield well("database", f"the role {role[0]} owns nothing and is held by row-level security")


def _schema(connection: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[Finding]:
    from alembic.script import ScriptDirectory

    from app.cli.database import alembic_config

    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    there = connection.execute(
        "select case when to_regclass('public.alembic_version') is null then false "
        "else has_table_privilege(to_regclass('public.alembic_version'), 'select') end"
    ).fetchone()
    row = connection.execute("select version_num from alembic_version").fetchone() if there and there[0] else None
    now = str(row[0]) if row else None
    if now == head:
        yield well("migrations", f"the schema is at {head}")
    else:
        yield ill(
            "migrations", f"the schema is at {now or 'nothing'}, the code expects {head}", "run `yinling migrate`"
        )


def _skew(connection: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[Finding]:
    before = datetime.now(UTC)
    row = connection.execute("select clock_timestamp()").fetchone()
    assert row is not None
    skew = abs((row[0] - before - (datetime.now(UTC) - before) / 2).total_seconds())
    if skew > SKEW:
        yield ill("clock", f"this machine and the database differ by {skew:.1f} s", "let both keep time by NTP")
    else:
        yield well("clock", f"this machine and the database differ by {skew * 1000:.0f} ms")


def _pulses(connection: "psycopg.Connection[tuple[Any, ...]]") -> Iterator[Finding]:
    """Listeners and clock say every second or two how they are."""
    there = connection.execute("select to_regclass('public.pulses') is not null").fetchone()
    if not there or not there[0]:
        return
    rows = connection.execute("select name, well, now() - at, facts ->> 'error' from pulses order by name").fetchall()
    if not rows:
        yield ill("processes", "no listener and no clock has ever said a word", "start `yinling listener` and `clock`")
    for name, is_well, silence, error in rows:
        if silence.total_seconds() > SILENT:
            yield ill(
                "processes", f"{name} is silent since {str(silence).split('.')[0]}", f"start it; var/log/{name}.log"
            )
        elif not is_well:
            yield ill(
                "processes", f"{name} is not well: {error or 'see the broker below'}", f"var/log/{name}.log says more"
            )
        else:
            yield well("processes", f"{name} is well")


def redis() -> Iterator[Finding]:
    """Reachable, new enough, and never throwing the queue away."""
    from redis import Redis, RedisError

    try:
        with Redis.from_url(
            settings().redis_url.get_secret_value(), socket_connect_timeout=3, socket_timeout=3, decode_responses=True
        ) as client:
            about = client.info()
            policy = about.get("maxmemory_policy", "noeviction")
    except RedisError as error:
        yield ill("redis", f"no answer: {error}", "start it (`yinling demo`), or correct YINLING_REDIS_URL")
        return
    version = about.get("valkey_version") or about["redis_version"]
    if tuple(int(n) for n in about["redis_version"].split(".")[:2]) < OLDEST_REDIS:
        yield ill("redis", f"version {version} is too old", "use Redis 6.2 or Valkey")
    elif about.get("maxmemory") and policy != "noeviction":
        yield mind("redis", f"may throw the queue away ({policy})", "set maxmemory-policy noeviction")
    else:
        yield well("redis", f"{'Valkey' if 'valkey_version' in about else 'Redis'} {version} answers")
