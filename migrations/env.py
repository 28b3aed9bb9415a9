"""Alembic's entry: runs the migrations on the connection it is handed, else as the owner of the schema."""

from alembic import context
from sqlalchemy import Connection, create_engine

from app.config import settings
from app.tables import metadata


def run(connection: Connection) -> None:
    """All pending migrations in one transaction."""
    context.configure(connection=connection, target_metadata=metadata, compare_server_default=True)
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
