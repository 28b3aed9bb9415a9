"""What is stored of an import: the file until it is applied or discarded, its problems, and what it changed."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.db import Base, OfDistrict, named
from app.imports.rules import ImportState, Mode
from app.vault import Sealed, SealedJson


class Import(OfDistrict, Base):
    """One uploaded file. `kind` says which feature reads it."""

    __tablename__ = "imports"

    division_code: Mapped[str]  # the district's own: who sees a street only sees no import
    kind: Mapped[str]
    name: Mapped[str]  # of the file
    content_hash: Mapped[str]
    content: Mapped[str | None] = deferred(mapped_column(Sealed))  # base64: it may hold ID numbers
    state: Mapped[ImportState] = mapped_column(named(ImportState), default=ImportState.RECEIVED)
    mode: Mapped[Mode | None] = mapped_column(named(Mode))
    rows: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)  # rows gone through, while it is checked or applied
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)  # new, changed, same, bad
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    problem_count: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str | None]  # why it could not be read, applied or undone
    asked_at: Mapped[datetime]
    asked_by: Mapped[str]
    ended_at: Mapped[datetime | None]

    __table_args__ = ({"info": {"area": "division_code"}},)


class ImportChange(OfDistrict, Base):
    """A row that an import made (`before` empty) or changed: what is needed to undo it."""

    __tablename__ = "import_changes"

    import_id: Mapped[int] = mapped_column(ForeignKey("imports.id"), index=True)
    subject_id: Mapped[int]
    before: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)
    after: Mapped[dict[str, Any]] = mapped_column(SealedJson)

    __table_args__ = ({"info": {"district": "district_id"}},)
