"""Programmes with their amounts, monthly entitlements with their balances, and the ledger that explains every cent.

Each ledger entry moves cents from one account to another: every line sums to zero by construction.
"""

from datetime import date, datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Growing, OfDistrict, named
from app.funding.rules import WAYS, Account, EntryKind
from app.people.rules import AbilityLevel

_ways: Final = " or ".join(
    f"(kind = '{kind}' and source = '{source}' and target = '{target}')"
    for kind, ways in WAYS.items()
    for source, target in sorted(ways)
)


class Program(OfDistrict, Base):
    """Somebody's money for elders' services (补贴项目); `rank` is the order in which programmes pay."""

    __tablename__ = "programs"

    code: Mapped[str]
    name_zh: Mapped[str]
    name_en: Mapped[str]
    rank: Mapped[int] = mapped_column(default=1)
    share_percent: Mapped[int] = mapped_column(default=100)  # the most it pays of one line
    aids: Mapped[list[str]] = mapped_column(default=list)  # empty: all
    excluded_categories: Mapped[list[str]] = mapped_column(default=list)
    starts: Mapped[date]
    ends: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("district_id", "code"),
        CheckConstraint("share_percent between 1 and 100", name="share"),
    )


class ProgramAmount(OfDistrict, Base):
    """Cents a month for a level of ability, from a month on."""

    __tablename__ = "program_amounts"

    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    level: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel))
    starts: Mapped[date]
    cents: Mapped[int]

    __table_args__ = (
        UniqueConstraint("program_id", "level", "starts"),
        CheckConstraint("cents >= 0", name="not_negative"),
    )


class Entitlement(OfDistrict, Base):
    """An elder's allowance of one programme for one month (月度额度): what the ledger's entries of it add up to."""

    __tablename__ = "entitlements"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    month: Mapped[date]
    level: Mapped[AbilityLevel] = mapped_column(named(AbilityLevel))
    granted_cents: Mapped[int] = mapped_column(default=0)
    free_cents: Mapped[int] = mapped_column(default=0)
    reserved_cents: Mapped[int] = mapped_column(default=0)
    captured_cents: Mapped[int] = mapped_column(default=0)
    expired_cents: Mapped[int] = mapped_column(default=0)

    __table_args__ = (
        UniqueConstraint("elder_id", "month", "program_id"),
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("free_cents >= 0", name="free"),
        CheckConstraint("reserved_cents >= 0", name="reserved"),
        CheckConstraint("captured_cents >= 0", name="captured"),
        CheckConstraint("expired_cents >= 0", name="expired"),
        CheckConstraint(
            "granted_cents = free_cents + reserved_cents + captured_cents + expired_cents", name="nothing_lost"
        ),
        Index("ix_entitlements_month", "month"),
        {"info": {"area": "division_code"}},
    )


class LedgerEntry(Growing, Base):
    """Cents that went from one account to another (流水): who, when, why, for which visit."""

    __tablename__ = "ledger_entries"

    at: Mapped[datetime]
    by: Mapped[str]
    kind: Mapped[EntryKind] = mapped_column(named(EntryKind))
    source: Mapped[Account] = mapped_column(named(Account, "source"))
    target: Mapped[Account] = mapped_column(named(Account, "target"))
    cents: Mapped[int]
    division_code: Mapped[str]
    elder_id: Mapped[int]
    month: Mapped[date]  # of the service
    program_id: Mapped[int | None]
    entitlement_id: Mapped[int | None]
    order_id: Mapped[int | None]
    visit_id: Mapped[int | None]
    provider_id: Mapped[int | None]
    reason: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("cents > 0", name="positive"),
        CheckConstraint(_ways, name="way"),
        CheckConstraint(
            "kind not in ('capture', 'refund') or (visit_id is not null and provider_id is not null)", name="earned"
        ),
        CheckConstraint("(source in ('purse', 'owed')) = (entitlement_id is null)", name="entitlement"),
        CheckConstraint("(entitlement_id is null) = (program_id is null)", name="program"),
        Index("ix_ledger_entries_elder", "district_id", "elder_id", "month", "id"),
        Index("ix_ledger_entries_visit", "district_id", "visit_id"),
        Index("ix_ledger_entries_entitlement", "district_id", "entitlement_id"),
        {"info": {"append_only": True, "area": "division_code"}},
    )
