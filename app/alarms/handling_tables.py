"""What is stored of how alarms are handled: patterns, looks, handover sheets, test windows, unmanned desks."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from app.alarms.handover_rules import SheetState
from app.db import Base, OfDistrict, append_only, named
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


class AlarmLook(OfDistrict, Base):
    """Which case a screen shows: one row for each operator, as of when it last said so."""

    __tablename__ = "alarm_looks"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    alarm_id: Mapped[int] = mapped_column(ForeignKey("alarms.id"), index=True)
    at: Mapped[datetime]

    __table_args__ = ({"info": {"district": "district_id"}},)


class HandoverSheet(OfDistrict, Base):
    """What one operator leaves to another, as written, with a hash over it and the sheet before; signed by both."""

    __tablename__ = "handover_sheets"

    area: Mapped[str]  # of whoever wrote it: who takes it must see as much
    state: Mapped[SheetState] = mapped_column(named(SheetState), default=SheetState.WRITTEN)
    from_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    to_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    written_at: Mapped[datetime]
    signed_at: Mapped[datetime | None]  # by whoever takes over
    ended_at: Mapped[datetime | None]
    words: Mapped[str] = mapped_column(Sealed)  # what matters
    rows: Mapped[dict[str, Any]] = mapped_column(SealedJson)
    before: Mapped[str]  # the hash of the sheet before it
    hash: Mapped[str]

    __table_args__ = (
        Index("uq_handover_sheets_open", "from_id", unique=True, postgresql_where=text("state = 'written'")),
        Index("ix_handover_sheets_to", "to_id", postgresql_where=text("state = 'written'")),
        CheckConstraint("(state = 'signed') = (signed_at is not null)", name="signed"),
        CheckConstraint("state not in ('written', 'signed') or to_id is not null", name="to_somebody"),
        {
            "info": {
                "area": "area",
                "ddl": [
                    "create or replace function app_sheet_stays() returns trigger language plpgsql as $$ begin "
                    "raise exception using errcode = 'restrict_violation', "
                    "message = 'a handover sheet keeps what was written'; end $$",
                    "create trigger handover_sheets_stay before update on handover_sheets for each row when "
                    "((old.words, old.rows, old.hash, old.before, old.from_id, old.written_at) is distinct from "
                    "(new.words, new.rows, new.hash, new.before, new.from_id, new.written_at) "
                    "or old.state <> 'written') execute function app_sheet_stays()",
                    "create trigger handover_sheets_are_not_removed before delete on handover_sheets for each row "
                    "execute function app_sheet_stays()",
                ],
            }
        },
    )


class OnTestWindow(OfDistrict, Base):
    """A time in which a home or a device is tried out; its alarms ring all the same."""

    __tablename__ = "test_windows"

    division_code: Mapped[str]
    home_id: Mapped[int | None] = mapped_column(ForeignKey("homes.id"))
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id"))
    installer_id: Mapped[int | None] = mapped_column(ForeignKey("caregivers.id"))  # who is at work there
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Sealed)
    made_by: Mapped[str]
    ended_at: Mapped[datetime | None]  # before its time

    __table_args__ = (
        Index("ix_test_windows_ends", "district_id", "ends_at"),
        CheckConstraint("(home_id is null) <> (device_id is null)", name="of_a_home_or_a_device"),
        CheckConstraint("ends_at > starts_at", name="lasts"),
        {"info": {"area": "division_code"}},
    )


class VoicePassword(OfDistrict, Base):
    """The word an elder says to prove that all is well: only a keyed hash is kept, nobody can read it again."""

    __tablename__ = "voice_passwords"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), unique=True)
    word_hash: Mapped[str]
    set_at: Mapped[datetime]
    set_by: Mapped[str]

    __table_args__ = ({"info": {"area": "division_code"}},)


class UnmannedSpell(OfDistrict, Base):
    """A time without any operator at the desk, and how often its leads were called."""

    __tablename__ = "unmanned_spells"

    began_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    told: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        Index("uq_unmanned_spells_open", "district_id", unique=True, postgresql_where=text("ended_at is null")),
        {"info": {"district": "district_id"}},
    )
