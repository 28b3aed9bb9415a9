"""`yinling migrate`, `backup`, `restore`: the database as a whole."""

import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

if TYPE_CHECKING:
    from alembic.config import Config

console = Console(stderr=True)


def migrate(
    revision: Annotated[str, typer.Argument(help="where to; `-1` goes one back")] = "head",
) -> None:
    """Bring the schema up to date, as its owner (YINLING_DATABASE_OWNER_URL)."""
    import psycopg
    from alembic import command

    url = owner_url()
    go = command.downgrade if revision.startswith("-") else command.upgrade
    go(alembic_config(), revision)
    with psycopg.connect(url) as owner:
        owner.execute("grant select on alembic_version to public")  # for `yinling doctor`, with the platform's role


def backup(
    file: Annotated[Path | None, typer.Argument(help="default: var/backups/yinling-<time>.dump")] = None,
) -> None:
    """Write the whole database to a file. The keyring (var/keys.json) is not in it: keep that elsewhere."""
    from app.config import settings

    file = file or settings().var_dir / "backups" / f"yinling-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.dump"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    new = file.with_name(file.name + ".new")
    new.touch(mode=0o600)
    run("pg_dump", "--format=custom", f"--file={new}")
    new.replace(file)
    console.print(f"{file}  {file.stat().st_size / 1e6:.1f} MB. Without var/keys.json its sealed fields stay closed.")


def restore(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False)],
    yes: Annotated[bool, typer.Option("--yes", help="overwrite what is in the database now")] = False,
) -> None:
    """Put a backup back in place of what is in the database. Stop the processes first."""
    if not yes:
        console.print("This replaces everything in the database: say --yes if that is meant.")
        raise typer.Exit(2)
    run("pg_restore", "--clean", "--if-exists", "--single-transaction", "--dbname=", str(file))


def owner_url() -> str:
    """The address of the schema's owner, for psycopg and the tools of PostgreSQL."""
    from app.config import settings

    if settings().database_owner_url is None:
        console.print("No owner's address: set YINLING_DATABASE_OWNER_URL, or run beside `yinling demo`.")
        raise typer.Exit(2)
    return str(settings().database_owner_url).replace("postgresql+psycopg", "postgresql")


def alembic_config() -> "Config":
    """The migrations: beside the package in a checkout, inside it when installed."""
    from alembic.config import Config

    package = Path(__file__).parents[1]
    folder = next(place for place in (package / "migrations", package.parent / "migrations") if place.is_dir())
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def run(tool: str, *arguments: str) -> None:
    """One of PostgreSQL's own tools, out of the wheel; the address goes by environment, for `ps` shows arguments."""
    from psycopg.conninfo import conninfo_to_dict

    from app.cli.parts import postgres

    address = conninfo_to_dict(owner_url())
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD", "dbname": "PGDATABASE"}
    env = {**os.environ, **{names[key]: str(value) for key, value in address.items() if key in names}}
    command = [str(postgres.wheel() / tool), *(a + env["PGDATABASE"] if a == "--dbname=" else a for a in arguments)]
    if code := subprocess.run(command, env=env, check=False).returncode:
        raise typer.Exit(code)
