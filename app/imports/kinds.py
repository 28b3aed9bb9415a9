"""What every kind of file but that of devices shares: judging in chunks, writing down, undoing, the template."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import sheets
from app.db import Base
from app.errors import Conflict
from app.history import record_many
from app.imports import actions as imports
from app.imports import engine, rules
from app.imports.engine import CHUNK
from app.imports.rules import Column, ImportEvent, ProblemCode, Row
from app.imports.tables import Import, ImportChange
from app.sheets import Listed

FIRST_SHOWN: Final = 20


class BuiltUpon(Conflict):
    """Something rests on what this import has written."""


@dataclass(frozen=True)
class Planned:
    """What is to become of a row: a new one, a changed one, one that is there as it should be, or nothing."""

    row: Row
    outcome: str  # new, changed, same, bad
    values: Mapping[str, Any] = field(default_factory=dict)
    subject: int = 0  # of a changed one: the row that is there


@dataclass(frozen=True)
class Written:
    """What became of a planned row: its number, what it was before where it was there, and what undoing must know."""

    subject: int
    before: dict[str, Any] | None = None
    after: Mapping[str, Any] = field(default_factory=dict)


Judge = Callable[[Session, Sequence[Row], dict[Any, int], int], Iterator[Planned]]
"""Judges rows of a chunk; the mapping says which row of the file first used a key, the number is the district's."""
Add = Callable[[Session, Sequence[Planned], int, str, datetime], Sequence[int]]
"""Adds the new rows of a chunk for a district; answers their numbers in the same order."""
Put = Callable[[Session, Sequence[Planned], int, str, datetime], Sequence[Written]]
"""Adds the new rows of a chunk and changes those that are there; answers what became of each, in the same order."""
Stuck = Callable[[Session, Sequence[ImportChange]], set[int]]
"""Which rows (numbers of subjects) cannot be taken back, beside those that a foreign key holds."""
TakeBack = Callable[[Session, Sequence[ImportChange], str, datetime], None]
"""Takes back what a file added and changed, where deleting the rows is not all."""


def adding(add: Add) -> Put:
    """For a kind that only adds rows."""

    def put(session: Session, chunk: Sequence[Planned], district_id: int, by: str, now: datetime) -> Sequence[Written]:
        return [Written(number) for number in add(session, chunk, district_id, by, now)]

    return put


@dataclass(frozen=True)
class Kind:
    """A kind of file: its columns, and how its rows are judged, added and taken away."""

    name: str
    title: str  # of the template
    table: type[Base]
    columns: Sequence[Column]
    judge: Judge
    put: Put
    own: Sequence[str] = ()  # tables that an import fills beside its own
    stuck: Stuck | None = None
    take_back: TakeBack | None = None  # none: the rows are deleted

    def column(self, name: str) -> Column:
        """By the name of its field."""
        return next(column for column in self.columns if column.name == name)

    def template(self) -> bytes:
        """The file to fill in."""
        listed = [Listed(c.headings[0], c.width, c.required, c.words() if c.words else ()) for c in self.columns]
        about = [["列", "必填", "填什么", "例子"]]
        about += [[c.headings[0], "是" if c.required else "", c.about, c.example] for c in self.columns]
        about += [["", "", "第 2 行是示例，请改成自己的数据或删掉。", ""]]
        about += [["", "", "同一文件可以重复导入：已有且相同的行不会重复登记。", ""]]
        return sheets.template(self.title, listed, [c.example for c in self.columns], about)

    def plan(self, session: Session, content: bytes, *, district_id: int) -> Iterator[Planned]:
        """Every row of a file, judged against what is stored now; raises BadSheet while it goes."""
        everything = rules.read(sheets.rows(content), self.columns)
        head = next(everything)
        rows = (row for row in everything if not rules.is_example(row, self.columns))
        if head.problems:
            yield Planned(head, "bad" if any(p.code is ProblemCode.NO_COLUMN for p in head.problems) else "same")
        seen: dict[Any, int] = {}
        while chunk := list(islice(rows, CHUNK)):
            yield from self.judge(session, chunk, seen, district_id)
            session.expunge_all()  # a file may be long

    def write(
        self, session: Session, import_id: int, chunk: Sequence[Planned], *, district_id: int, by: str, now: datetime
    ) -> None:
        """Write the new and the changed rows, and what is needed to undo them."""
        going = [planned for planned in chunk if planned.outcome in ("new", "changed")]
        if not going:
            return
        written = self.put(session, going, district_id, by, now)
        session.execute(
            insert(ImportChange),
            [
                {
                    "district_id": district_id, "import_id": import_id, "subject_id": one.subject,
                    "before": one.before, "after": {"row": planned.row.number, **one.after},
                }
                for one, planned in zip(written, going, strict=True)
            ],
        )  # fmt: skip
        lines = [
            {
                "subject_id": one.subject, "event": "take_in" if one.before is None else "change_by_import",
                "before": None, "after": None, "facts": {"import": import_id},
            }
            for one in written
        ]  # fmt: skip
        record_many(session, self.table.__tablename__, lines, district_id=district_id, by=by, now=now)

    def carry_out(self, job_id: int) -> None:
        """Check or apply, whichever the import waits for."""
        engine.carry_out(job_id, self.plan, self.write)

    def undo(self, session: Session, import_id: int, *, district_id: int, by: str, now: datetime) -> Import:
        """Take back what it added as long as nothing rests on it; raises Conflict with the rows on which it does."""
        row = imports.held(session, import_id, district_id)
        rules.after(row.state, ImportEvent.UNDO)
        changes = session.scalars(
            select(ImportChange).where(ImportChange.import_id == row.id).order_by(ImportChange.id)
        ).all()
        rows = {change.subject_id: int(change.after["row"]) for change in changes}
        added = [change.subject_id for change in changes if change.before is None]
        used = engine.used(session, self.table, added, own=self.own)
        if self.stuck:
            used |= self.stuck(session, changes)
        if used:
            stuck = sorted(rows[number] for number in used)
            shown = ", ".join(map(str, stuck[:FIRST_SHOWN]))
            why = f"{len(stuck)} of its rows have been built upon since (rows {shown}); nothing was undone."
            raise BuiltUpon(why, rows=shown, count=len(stuck))
        try:
            with session.begin_nested():
                if self.take_back:
                    self.take_back(session, changes, by, now)
                else:
                    session.execute(delete(self.table).where(self.table.__table__.c.id.in_(added)))
        except IntegrityError:
            raise Conflict("Some of its rows have been built upon just now; nothing was undone.") from None
        lines = [
            {"subject_id": number, "event": "undo_import", "before": None, "after": None, "facts": {"import": row.id}}
            for number in rows
        ]
        record_many(session, self.table.__tablename__, lines, district_id=district_id, by=by, now=now)
        return imports.move(session, row, ImportEvent.UNDO, by=by, now=now)
