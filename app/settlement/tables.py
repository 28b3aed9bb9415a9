"""Contract terms in versions, monthly statements with their lines, and what was disputed, called back and deducted.

A statement changes only while it is a draft; once locked it never does: triggers see to it, for every role.
"""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base, Growing, OfDistrict, named
from app.settlement.rules import (
    ContractState,
    DeductionRule,
    DisputeState,
    LineKind,
    SampleState,
    StatementState,
    Withheld,
)
from app.vault import Sealed

SERVED: Final = {"area": "division_code", "provider": "provider_id"}
STAYS: Final = (
    """create or replace function app_statement_stays() returns trigger language plpgsql as $$
         declare
           stands text;
           seen boolean := false;
         begin
           if tg_op = 'TRUNCATE' then
             raise exception using errcode = 'restrict_violation', message = tg_table_name || ' keeps what was paid';
           end if;
           for stands in select state from statements where id in (
             case when tg_op <> 'DELETE' then new.statement_id end,
             case when tg_op <> 'INSERT' then old.statement_id end
           ) loop
             seen := true;
             if stands = 'locked' or (tg_argv[0] = 'draft' and stands <> 'draft') then
               raise exception using errcode = 'restrict_violation',
                 message = 'a statement that is ' || stands || ' stays as it is';
             end if;
           end loop;
           if not seen then
             raise exception using errcode = 'restrict_violation', message = 'there is no such statement';
           end if;
           if tg_op = 'DELETE' then return old; end if;
           return new;
         end $$""",
    """create or replace function app_locked_stays() returns trigger language plpgsql as $$
         begin
           if tg_op = 'TRUNCATE' or old.state in ('locked', 'in_force') then
             raise exception using errcode = 'restrict_violation', message = tg_table_name || ' keeps what was settled';
           end if;
           if tg_op = 'DELETE' then return old; end if;
           return new;
         end $$""",
)


def _whole_district(context: Any) -> str:
    """The district's own code: a street sees none of it."""
    return f"{context.get_current_parameters()['district_id']:06d}000000"


def _part(table: str, until: str) -> list[str]:
    """A part of a statement that changes only while the statement is a draft, or until it is locked."""
    return [
        STAYS[0],
        f"create trigger {table}_stay before insert or update or delete on {table} "
        f"for each row execute function app_statement_stays('{until}')",
        f"create trigger {table}_never_empties before truncate on {table} "
        "for each statement execute function app_statement_stays()",
    ]


def _ends(table: str) -> list[str]:
    """A row with a last state, in which it stays."""
    return [
        STAYS[1],
        f"create trigger {table}_stay before update or delete on {table} "
        "for each row execute function app_locked_stays()",
        f"create trigger {table}_never_empties before truncate on {table} "
        "for each statement execute function app_locked_stays()",
    ]


class ContractTerms(OfDistrict, Base):
    """One version of what a contract pays, asks and deducts, from a day on; two supervisors have agreed."""

    __tablename__ = "contract_terms"

    division_code: Mapped[str] = mapped_column(default=_whole_district)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"), index=True)
    contract_id: Mapped[int] = mapped_column(ForeignKey("contracts.id"))
    version: Mapped[int]
    state: Mapped[ContractState] = mapped_column(named(ContractState))
    starts: Mapped[date]
    ends: Mapped[date | None]
    prices: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # {item, unit, cents}
    least_minutes: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by item code
    least_visits: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {visits, minutes, cents or percent}; or none
    sampling_percent: Mapped[int] = mapped_column(default=5)
    answer_days: Mapped[int] = mapped_column(default=5)  # to dispute an issued statement
    deductions: Mapped[list[Any]] = mapped_column(JSONB, default=list)  # {rule, percent or cents, cap_…, …}
    note: Mapped[str | None]
    made_by: Mapped[str]
    made_at: Mapped[datetime]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    edition: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": edition}  # noqa: RUF012
    __table_args__ = (
        UniqueConstraint("contract_id", "version"),
        CheckConstraint("checked_by_id <> approved_by_id", name="two_persons"),
        CheckConstraint("state <> 'in_force' or (checked_by_id + approved_by_id) is not null", name="approved"),
        CheckConstraint("sampling_percent between 0 and 100", name="sampling"),
        {"info": SERVED | {"ddl": _ends("contract_terms")}},
    )


class Statement(OfDistrict, Base):
    """What a provider is paid for a month (结算单). Sums are of its lines; payable is by the bureau."""

    __tablename__ = "statements"

    division_code: Mapped[str] = mapped_column(default=_whole_district)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"), index=True)
    month: Mapped[date]
    state: Mapped[StatementState] = mapped_column(named(StatementState))
    seed: Mapped[str]  # of the sample; printed
    drawn_at: Mapped[datetime | None]  # when its lines were last taken from the ledger
    last_entry_id: Mapped[int | None] = mapped_column(BigInteger)  # of the ledger, as it was then
    score: Mapped[int | None]  # the bureau's appraisal, 0–100
    lines: Mapped[int] = mapped_column(default=0)
    allowance_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # captured from programmes
    self_pay_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # paid by elders
    contract_cents: Mapped[int] = mapped_column(BigInteger, default=0)  # what the contract pays for it all
    deducted_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    payable_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    payers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # cents by programme code
    checksum: Mapped[str | None]  # SHA-256 over the canonical content
    answer_until: Mapped[datetime | None]
    checked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    locked_at: Mapped[datetime | None]
    edition: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": edition}  # noqa: RUF012  two approvals at once: the second gets a 409
    __table_args__ = (
        UniqueConstraint("provider_id", "month"),
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("payable_cents = contract_cents - self_pay_cents - deducted_cents", name="payable"),
        CheckConstraint("checked_by_id <> approved_by_id", name="two_persons"),
        CheckConstraint(
            "state not in ('approved', 'locked') or (checked_by_id + approved_by_id) is not null", name="approved"
        ),
        CheckConstraint("state = 'draft' or checksum is not null", name="proven"),
        CheckConstraint("score between 0 and 100", name="score"),
        {"info": SERVED | {"ddl": _ends("statements")}},
    )


class StatementLine(Growing, Base):
    """One visit in a statement: what was charged to whom, what the contract pays; negative where it takes back."""

    __tablename__ = "statement_lines"

    division_code: Mapped[str]
    provider_id: Mapped[int]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"))
    number: Mapped[int]  # in its statement, from 1
    kind: Mapped[LineKind] = mapped_column(named(LineKind))
    visit_id: Mapped[int] = mapped_column(BigInteger)
    order_id: Mapped[int] = mapped_column(BigInteger)
    elder_id: Mapped[int]
    item_code: Mapped[str]
    served_on: Mapped[date]
    minutes: Mapped[int | None]  # given
    planned_minutes: Mapped[int]
    given: Mapped[int]
    whole: Mapped[int]
    allowance_cents: Mapped[int]
    self_pay_cents: Mapped[int]
    contract_cents: Mapped[int]
    payers: Mapped[dict[str, Any]]  # cents by programme code
    terms_id: Mapped[int | None] = mapped_column(ForeignKey("contract_terms.id"))

    __table_args__ = (
        UniqueConstraint("statement_id", "number"),
        UniqueConstraint("statement_id", "visit_id"),
        Index("ix_statement_lines_visit", "district_id", "visit_id"),
        {"info": SERVED | {"ddl": _part("statement_lines", "draft")}},
    )


class SettledEntry(Base):
    """A ledger entry and the statement it is in: never in two."""

    __tablename__ = "settled_entries"

    district_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), index=True)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    cents: Mapped[int]  # captured is positive, refunded negative

    __table_args__ = (
        Index("ix_settled_entries_visit", "district_id", "visit_id"),
        {"info": {"ddl": _part("settled_entries", "draft")}},
    )


class StatementWithheld(OfDistrict, Base):
    """A visit that is not in the statement of its month, and why."""

    __tablename__ = "statement_withheld"

    division_code: Mapped[str]
    provider_id: Mapped[int]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), index=True)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    served_on: Mapped[date]
    reason: Mapped[Withheld] = mapped_column(named(Withheld))
    cents: Mapped[int]  # agreed
    facts: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = ({"info": SERVED | {"ddl": _part("statement_withheld", "draft")}},)


class StatementDeduction(OfDistrict, Base):
    """What one rule of the contract takes from a statement."""

    __tablename__ = "statement_deductions"

    division_code: Mapped[str] = mapped_column(default=_whole_district)
    provider_id: Mapped[int]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), index=True)
    rule: Mapped[DeductionRule] = mapped_column(named(DeductionRule))
    counted: Mapped[int]
    whole: Mapped[int]
    basis_cents: Mapped[int] = mapped_column(BigInteger)
    cents: Mapped[int] = mapped_column(BigInteger)
    said: Mapped[dict[str, Any]]  # the rule as the contract has it

    __table_args__ = (
        CheckConstraint("cents >= 0", name="takes"),
        {"info": SERVED | {"ddl": _part("statement_deductions", "draft")}},
    )


class StatementSample(OfDistrict, Base):
    """A visit drawn to be called back before the statement is payable, and what the elder said."""

    __tablename__ = "statement_samples"

    division_code: Mapped[str]
    provider_id: Mapped[int]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), index=True)
    visit_id: Mapped[int] = mapped_column(BigInteger)
    rank: Mapped[int]  # as drawn
    state: Mapped[SampleState] = mapped_column(named(SampleState))
    note: Mapped[str | None] = mapped_column(Sealed)
    by: Mapped[str | None]
    at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("statement_id", "visit_id"),
        {"info": SERVED | {"ddl": _part("statement_samples", "locked")}},
    )


class Dispute(OfDistrict, Base):
    """What a provider says is wrong with its statement: about a visit, or a rule of deduction."""

    __tablename__ = "statement_disputes"

    division_code: Mapped[str] = mapped_column(default=_whole_district)
    provider_id: Mapped[int]
    statement_id: Mapped[int] = mapped_column(ForeignKey("statements.id"), index=True)
    visit_id: Mapped[int | None] = mapped_column(BigInteger)
    rule: Mapped[DeductionRule | None] = mapped_column(named(DeductionRule))
    state: Mapped[DisputeState] = mapped_column(named(DisputeState))
    words: Mapped[str] = mapped_column(Sealed)
    by: Mapped[str]
    at: Mapped[datetime]
    answer: Mapped[str | None] = mapped_column(Sealed)
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("(visit_id is null) <> (rule is null)", name="about"),
        Index(
            "uq_statement_disputes_open",
            "statement_id",
            "visit_id",
            "rule",
            unique=True,
            postgresql_where=text("state = 'open'"),
            postgresql_nulls_not_distinct=True,
        ),
        {"info": SERVED | {"ddl": _part("statement_disputes", "locked")}},
    )


class StatementClaim(OfDistrict, Base):
    """What a person found is to be deducted from a provider; it is taken in the next statement that is drawn up."""

    __tablename__ = "statement_claims"

    division_code: Mapped[str] = mapped_column(default=_whole_district)
    provider_id: Mapped[int] = mapped_column(ForeignKey("providers.id"), index=True)
    month: Mapped[date]
    rule: Mapped[DeductionRule] = mapped_column(named(DeductionRule))
    source_id: Mapped[int] = mapped_column(BigInteger)  # of what was decided
    cents: Mapped[int]
    statement_id: Mapped[int | None] = mapped_column(ForeignKey("statements.id"), index=True)  # that has taken it
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("rule", "source_id"),
        CheckConstraint("cents > 0", name="takes"),
        {"info": SERVED},
    )
