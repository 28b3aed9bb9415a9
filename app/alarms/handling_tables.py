"""What is stored of how alarms are handled: the patterns that were published."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, OfDistrict, append_only
from app.vault import Sealed, SealedJson


class ActionPattern(OfDistrict, Base):
    """One published version of the steps for a kind of alarm, of the district or of one elder; it holds from its date
    until the next. Without steps it takes the earlier ones back: the wider pattern holds again."""

    __tablename__ = "action_patterns"

    division_code: Mapped[str]
    kind: Mapped[str]  # an AlarmKind, or call_back
    elder_id: Mapped[int | None] = mapped_column(ForeignKey("elders.id"), index=True)
    n: Mapped[int]
    steps: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # sealed: an elder's says how she is
    note: Mapped[str | None] = mapped_column(Sealed)  # why it was changed
    effective_from: Mapped[datetime]
    made_at: Mapped[datetime]
    made_by: Mapped[str]

    __table_args__ = (
        CheckConstraint("effective_from >= made_at", name="not_in_the_past"),
        Index(
            "uq_action_patterns_n", "district_id", "kind", func.coalesce(text("elder_id"), text("0")), "n", unique=True
        ),
        {
            "info": {
                "ddl": [
                    *append_only("action_patterns"),
                    "alter table action_patterns enable row level security",
                    "alter table action_patterns force row level security",
                    "create policy action_patterns_area on action_patterns using (app_sees(division_code) or "
                    "(elder_id is null and app_touches(district_id))) with check (app_sees(division_code))",
                ]
            }
        },
    )
