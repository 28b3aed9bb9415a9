"""The database: one way to change it, and the second fence around what a caller may see.

Two roles: the owner migrates; the application's role owns nothing, reads and writes rows, and is held by row-level
security to the area its transaction names.
"""

import enum
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Final

from sqlalchemy import (
    BigInteger,
    DateTime,
    Dialect,
    Engine,
    Enum,
    ForeignKey,
    Identity,
    MetaData,
    TextClause,
    create_engine,
    event,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

from app import live
from app.config import settings


class Base(DeclarativeBase):
    """Every table. Its `info` may ask for guards: `area`, `district`, `provider` (row-level security), `append_only`,
    `ddl`."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, TypeEngine[Any]]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
    }


def named(values: type[enum.StrEnum], name: str = "") -> Enum:
    """A column type for a StrEnum: stored as its lower-case value, guarded by a check constraint of that name."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=32,
        name=name or values.__name__.lower(),
        values_callable=lambda e: [member.value for member in e],
    )


class OfDistrict:
    """Columns of every table of a district: a number of its own and the district (6-digit code) it belongs to."""

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-10)
    district_id: Mapped[int] = mapped_column(ForeignKey("districts.id"), index=True, sort_order=-9)


class Growing:
    """Keys of tables that grow without bound: (district_id, id), so that they can be distributed as they are."""

    district_id: Mapped[int] = mapped_column(primary_key=True, sort_order=-10, autoincrement=False)
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True, sort_order=-9)


@dataclass(frozen=True)
class Scope:
    """What a transaction may touch: a district, the divisions below an area (code prefix), maybe one provider's rows.

    `area` is "" for the platform itself (listener, clock, worker, simulators): everything.
    """

    district_id: int = 0
    area: str = ""
    provider_id: int | None = None
    caregiver_id: int | None = None

    PLATFORM: ClassVar["Scope"]

    @property
    def everything(self) -> bool:
        """True for the platform's own work."""
        return self.area == "" and self.district_id == 0


Scope.PLATFORM = Scope()

NOTHING: Final = "-"


@cache
def engine() -> Engine:
    """The engine of this process, with the application's role."""
    made = create_engine(
        str(settings().database_url),
        pool_size=settings().database_pool,
        max_overflow=0,
        pool_pre_ping=True,
        hide_parameters=True,  # an error must not carry somebody's name into the log
        connect_args={"connect_timeout": 5, "application_name": "yinling"},
    )
    return made


@event.listens_for(Session, "after_begin")
def _fence(session: Session, _transaction: object, connection: Any) -> None:
    scope: Scope | None = session.info.get("scope")
    if scope is None:
        return
    connection.execute(
        text("select set_config('app.area', :area, true), set_config('app.provider', :provider, true)"),
        {"area": "*" if scope.everything else scope.area, "provider": str(scope.provider_id or "")},
    )


@contextmanager
def transaction(scope: Scope = Scope.PLATFORM) -> Iterator[Session]:
    """All or nothing, and nothing outside the scope (row-level security). Screens hear of it after the commit."""
    with Session(engine(), expire_on_commit=False, info={"scope": scope}) as session:
        with session.begin():
            yield session
        if notices := session.info.pop("notices", None):
            live.announce(notices)


def notice(session: Session, district_id: int, topic: str) -> None:
    """Have the screens told, after the commit, that something changed; topic is «table/id»."""
    session.info.setdefault("notices", []).append((district_id, topic))


def add_rows(
    session: Session,
    table: type[Base],
    rows: Sequence[Mapping[str, Any]],
    *,
    on_conflict: str = "",
    returning: str = "",
) -> Sequence[Any]:
    """Many rows, all with the same columns, in one statement of one parameter; answers the returned column's values."""
    if not rows:
        return []
    columns = tuple(rows[0])
    types = [table.__table__.c[name].type for name in columns]
    sealers = {
        name: kind.process_bind_param
        for name, kind in zip(columns, types, strict=True)
        if isinstance(kind, TypeDecorator)
    }
    told = [
        {name: sealers[name](value, POSTGRESQL) if name in sealers else value for name, value in row.items()}
        for row in rows
    ]
    statement = _insertion(table, columns, on_conflict, returning)
    result = session.execute(statement, {"rows": json.dumps(told, default=lambda moment: moment.isoformat())})
    return result.scalars().all() if returning else []


def numbered(session: Session, table: type[Base], count: int) -> Sequence[int]:
    """So many numbers for rows to be added: what refers to them can then be written in any order."""
    statement = text("select nextval(pg_get_serial_sequence(:name, 'id')) from generate_series(1, :count)")
    return session.scalars(statement, {"name": table.__tablename__, "count": count}).all() if count else []


POSTGRESQL: Final[Dialect] = postgresql.dialect()  # type: ignore[no-untyped-call]


@cache
def _insertion(table: type[Base], columns: tuple[str, ...], on_conflict: str, returning: str) -> TextClause:
    names = ", ".join(f'"{name}"' for name in columns)
    typed = ", ".join(f'"{name}" {table.__table__.c[name].type.compile(POSTGRESQL)}' for name in columns)
    return text(
        f"insert into {table.__tablename__} ({names}) select {names} "
        f"from json_to_recordset(cast(:rows as json)) as given ({typed})"
        + (f" on conflict {on_conflict}" if on_conflict else "")
        + (f" returning {returning}" if returning else "")
    )


def scope_of(session: Session) -> Scope:
    """The scope of the transaction this session runs in."""
    return session.info.get("scope") or Scope(area=NOTHING)


# -- what the migration writes and a test compares with the catalogue --------------------------------------------------

FUNCTIONS: Final = (
    """create or replace function app_sees(code text) returns boolean language sql stable parallel safe as $$
         select current_setting('app.area', true) = '*'
             or starts_with(code, nullif(current_setting('app.area', true), '')) $$""",
    """create or replace function app_touches(district integer) returns boolean language sql stable parallel safe as $$
         select current_setting('app.area', true) = '*'
             or starts_with(nullif(current_setting('app.area', true), ''), lpad(district::text, 6, '0'))
             or starts_with(lpad(district::text, 6, '0'), nullif(current_setting('app.area', true), '')) $$""",
    """create or replace function app_serves(provider bigint) returns boolean language sql stable parallel safe as $$
         select coalesce(current_setting('app.area', true), '') <> ''
             and (coalesce(current_setting('app.provider', true), '') = ''
                 or provider = nullif(current_setting('app.provider', true), '')::bigint) $$""",
    """create or replace function app_never_changes() returns trigger language plpgsql as $$
         begin raise exception using errcode = 'restrict_violation',
               message = tg_table_name || ' keeps what was written; add a correction beside it'; end $$""",
)


def append_only(table: str) -> list[str]:
    """Statements that forbid changing or removing rows, for every role."""
    return [
        f"create trigger {table}_never_changes before update or delete on {table} "
        "for each row execute function app_never_changes()",
        f"create trigger {table}_never_empties before truncate on {table} "
        "for each statement execute function app_never_changes()",
    ]


def fenced(table: str, *, area: str | None, district: str | None, provider: str | None) -> list[str]:
    """Statements that show only rows of the transaction's area and, for a provider's people, of their provider.

    Rows with a `district` and no area are for everybody who sees some of it: caregivers work in all its streets.
    """
    asked = {"app_sees": area, "app_touches": district, "app_serves": provider}
    rule = " and ".join(f"{function}({column})" for function, column in asked.items() if column)
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy {table}_area on {table} using ({rule}) with check ({rule})",
    ]


def guards(metadata: MetaData = Base.metadata) -> list[str]:
    """All functions, triggers and policies the tables ask for in their `info`."""
    statements = list(FUNCTIONS)
    for table in metadata.sorted_tables:
        if table.info.get("append_only"):
            statements += append_only(table.name)
        fences = {name: table.info.get(name) for name in ("area", "district", "provider")}
        if any(fences.values()):
            statements += fenced(table.name, **fences)
        statements += table.info.get("ddl", [])
    return statements
