"""Files as a test fills them in: taken in, checked, applied and undone without a worker."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from app import sheets
from app.db import transaction
from app.imports import actions as imports
from app.imports import engine
from app.imports.kinds import Kind
from app.imports.rules import ImportState, Mode
from app.imports.tables import Import
from app.people.rules import id_check_digit
from tests.cast import DISTRICT, a_division
from tests.conftest import MORNING


def number(n: int, born: date = date(1944, 3, 8)) -> str:
    """A valid ID number."""
    first17 = f"370503{born:%Y%m%d}{n:03d}"
    return first17 + id_check_digit(first17)


def csv_of(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as CSV under the headings of the first."""
    head = list(rows[0])
    return sheets.comma_separated(head, [[row.get(name) for name in head] for row in rows])


def checked(kind: Kind, content: bytes, *, by: str = "王工") -> Import:
    """A file that was read through."""
    with transaction() as session:
        a_division(session)
        row, _ = imports.take_in(session, kind.name, "a.csv", content, district_id=DISTRICT, by=by, now=MORNING)
    engine.check(row.id, kind.plan, now=MORNING)
    with transaction() as session:
        return session.get_one(Import, row.id)


def applied(kind: Kind, content: bytes, mode: Mode = Mode.WHOLE, *, by: str = "王工") -> Import:
    """A file that was checked and carried out."""
    row = checked(kind, content, by=by)
    with transaction() as session:
        job = imports.confirm(session, row.id, mode, district_id=DISTRICT, by=by, now=MORNING)
    kind.carry_out(job.id)
    with transaction() as session:
        return session.get_one(Import, row.id)


def undone(kind: Kind, import_id: int, *, by: str = "王工") -> ImportState:
    """Take back what a file did."""
    with transaction() as session:
        return kind.undo(session, import_id, district_id=DISTRICT, by=by, now=MORNING).state


def codes(row: Import) -> list[tuple[str, str]]:
    """Column and kind of each bad cell."""
    return [(problem["column"], problem["code"]) for problem in row.problems]
