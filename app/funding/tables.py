"""Programmes with versions and lists, monthly entitlements with balances, and the ledger that explains every cent.

Each ledger entry moves cents from one account to another: every line sums to zero by construction.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Growing, OfDistrict, named
from app.funding.rules import WAYS, Account, EntryKind
from app.funding.terms import ProgramKind, TermsState
from app.vault import SealedJson

_ways: Final = " or ".join(
    f"(kind = '{kind}' and source = '{source}' and target = '{target}')"
    for kind, ways in WAYS.items()
    for source, target in sorted(ways)
)


class Program(OfDistrict, Base):
    """Somebody's money for elders' services (补贴项目); what it says stands in its versions."""

    __tablename__ = "programs"

    code: Mapped[str]
    kind: Mapped[ProgramKind] = mapped_column(named(ProgramKind))
    name_zh: Mapped[str]
    name_en: Mapped[str]

    __table_args__ = (UniqueConstraint("district_id", "code"), UniqueConstraint("id", "kind"))


class ProgramVersion(OfDistrict, Base):
    """What a programme says from a month on, until the next version; in force once a second person has approved it."""

    __tablename__ = "program_versions"

    program_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[ProgramKind] = mapped_column(named(ProgramKind))
    n: Mapped[int]
    state: Mapped[TermsState] = mapped_column(named(TermsState))
    starts: Mapped[date]
    ends: Mapped[date | None]
    terms: Mapped[dict[str, Any]]  # funding.terms.Terms
    note: Mapped[str]  # the document it rests on
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]

    __table_args__ = (
        ForeignKeyConstraint(["program_id", "kind"], ["programs.id", "programs.kind"]),
        UniqueConstraint("program_id", "n"),
        CheckConstraint("extract(day from starts) = 1", name="first_day"),
        CheckConstraint("ends is null or ends >= starts", name="forward"),
        CheckConstraint("(state = 'approved') = (approved_at is not null)", name="approved"),
        CheckConstraint("(approved_by is null) = (approved_at is null)", name="by_somebody"),
        CheckConstraint("approved_by <> drafted_by", name="second_person"),
        CheckConstraint("kind = 'cash_service' or coalesce(terms->'cash', '{}') = '{}'", name="no_cash"),
        {
            "info": {
                "district": "district_id",
                "ddl": [
                    """create or replace function app_terms_stay() returns trigger language plpgsql as $$
         begin raise exception using errcode = 'restrict_violation',
               message = 'a version keeps what was written; draft another'; end $$""",
                    "create trigger program_versions_stay before update on program_versions for each row when "
                    "((old.terms, old.starts, old.ends, old.n, old.program_id, old.drafted_by, old.note) is distinct "
                    "from (new.terms, new.starts, new.ends, new.n, new.program_id, new.drafted_by, new.note) "
                    "or old.state <> 'draft') execute function app_terms_stay()",
                    "create trigger program_versions_are_not_removed before delete on program_versions "
                    "for each row execute function app_terms_stay()",
                ],
            }
        },
    )


class Enrolment(OfDistrict, Base):
    """An elder on the list of a programme that has one, from a day on: an approval, with the list's own level."""

    __tablename__ = "program_enrolments"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    starts: Mapped[date]
    ends: Mapped[date | None]
    level: Mapped[str | None]
    decision: Mapped[str]  # the number of the approval
    agent: Mapped[dict[str, Any] | None] = mapped_column(SealedJson)  # who applied for the elder
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("ends is null or ends >= starts - 1", name="forward"),  # the day before: it never began
        Index("ix_program_enrolments_elder", "elder_id", "program_id", "starts"),
        {"info": {"area": "division_code"}},
    )


class MonthRun(OfDistrict, Base):
    """One run over a month's entitlements: how far it is, what it has done. A killed run goes on where it was."""

    __tablename__ = "month_runs"

    month: Mapped[date]
    by: Mapped[str]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    elders: Mapped[int] = mapped_column(default=0)  # in the district when it began
    done_to: Mapped[int] = mapped_column(BigInteger, default=0)  # the last elder dealt with
    done: Mapped[int] = mapped_column(default=0)  # elders dealt with
    granted: Mapped[int] = mapped_column(default=0)
    granted_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    adjusted: Mapped[int] = mapped_column(default=0)
    adjusted_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # more: positive
    expired: Mapped[int] = mapped_column(default=0)
    expired_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    work_seconds: Mapped[float] = mapped_column(default=0.0)

    __table_args__ = (
        Index(
            "uq_month_runs_open", "district_id", "month", unique=True, postgresql_where=text("ended_at is null")
        ),
        {"info": {"district": "district_id"}},
    )  # fmt: skip


class Entitlement(OfDistrict, Base):
    """An elder's allowance of one programme for one month (月度额度): what the ledger's entries of it add up to."""

    __tablename__ = "entitlements"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("programs.id"))
    month: Mapped[date]
    version_id: Mapped[int] = mapped_column(ForeignKey("program_versions.id"))
    level: Mapped[str]  # of the version's scale
    line_cap_cents: Mapped[int | None]  # the most it pays of one line
    granted_cents: Mapped[int] = mapped_column(default=0)
    free_cents: Mapped[int] = mapped_column(default=0)
    reserved_cents: Mapped[int] = mapped_column(default=0)
    captured_cents: Mapped[int] = mapped_column(default=0)
    expired_cents: Mapped[int] = mapped_column(default=0)
    cash_cents: Mapped[int] = mapped_column(default=0)  # to be paid out

    __table_args__ = (
        UniqueConstraint("elder_id", "month", "program_id"),
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("free_cents >= 0", name="free"),
        CheckConstraint("reserved_cents >= 0", name="reserved"),
        CheckConstraint("captured_cents >= 0", name="captured"),
        CheckConstraint("expired_cents >= 0", name="expired"),
        CheckConstraint("cash_cents >= 0", name="cash"),
        CheckConstraint(
            "granted_cents = free_cents + reserved_cents + captured_cents + expired_cents + cash_cents",
            name="nothing_lost",
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
        CheckConstraint("(source in ('purse', 'owed', 'fees')) = (entitlement_id is null)", name="entitlement"),
        CheckConstraint("(entitlement_id is null) = (program_id is null)", name="program"),
        Index("ix_ledger_entries_elder", "district_id", "elder_id", "month", "id"),
        Index("ix_ledger_entries_visit", "district_id", "visit_id"),
        Index("ix_ledger_entries_entitlement", "district_id", "entitlement_id"),
        Index(
            "ix_ledger_entries_fees",
            "district_id",
            "provider_id",
            "month",
            postgresql_where=text("kind in ('fee', 'waive')"),
        ),
        Index(
            "ix_ledger_entries_earned",
            "district_id",
            "provider_id",
            "month",
            postgresql_where=text("kind in ('capture', 'refund')"),
        ),
        {"info": {"append_only": True, "area": "division_code"}},
    )
