"""Alembic's entry: runs the migrations on the connection it is handed, else as the owner of the schema."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection, create_engine
from sqlalchemy.types import TypeDecorator

from app.config import settings
from app.tables import metadata


def render(kind: str, item: Any, _: object) -> str | Literal[False]:
    """A migration names the column type of the database, not a class of ours that may change."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def run(connection: Connection) -> None:
    """All pending migrations in one transaction."""
    context.configure(connection=connection, target_metadata=metadata, render_item=render)
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    owner = create_engine(str(settings().database_owner_url))
    with owner.connect() as connection:
        run(connection)
    owner.dispose()
