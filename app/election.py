"""One of many is elected: an advisory lock, held by a connection of its own that must be heard from.

A process that is killed loses it at once, one that is frozen after three seconds: the database ends a connection that
says nothing. Whoever wakes up afterwards may act once more, so what is elected must bear being done twice.
"""

import hashlib
from typing import Final

import structlog
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.config import settings

log = structlog.get_logger()
SILENCE: Final = 3000  # milliseconds


class Election:
    """A candidate. `held()` must be asked about once a second: it keeps, wins or loses."""

    def __init__(self, office: str) -> None:
        self._office = office
        self._key = int.from_bytes(hashlib.sha256(office.encode()).digest()[:8], "big", signed=True)
        self._engine = create_engine(
            str(settings().database_url), poolclass=NullPool, isolation_level="AUTOCOMMIT",
            connect_args={
                "connect_timeout": 2, "application_name": f"yinling {office}", "tcp_user_timeout": SILENCE,
                "options": f"-c idle_session_timeout={SILENCE}",
            },
        )  # fmt: skip
        self._connection: Connection | None = None
        self._won = False

    def held(self) -> bool:
        """Whether this process holds the office now."""
        try:
            if self._connection is None:
                self._connection = self._engine.connect()
            if self._won:
                self._connection.execute(text("select 1"))
            else:
                self._won = bool(self._connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": self._key}))
                if self._won:
                    log.info("elected", office=self._office)
        except SQLAlchemyError as error:
            if self._won:
                log.warning("lost the office", office=self._office, error=type(error).__name__)
            self.resign()
        return self._won

    def resign(self) -> None:
        """Let somebody else have it."""
        if self._connection is not None:
            try:
                self._connection.close()
            except SQLAlchemyError:
                self._connection.invalidate()
        self._connection, self._won = None, False
