"""What is stored of allowances: rules, applications, accounts, proofs of life, batches with lines, recoveries."""

from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.allowances.rules import (
    AllowanceKind,
    BatchState,
    Hold,
    LineState,
    OverpaidFor,
    PayWay,
    ProofWay,
    RecoveryState,
    ReturnReason,
    RuleState,
    Why,
)
from app.db import Base, OfDistrict, named
from app.vault import Sealed

AREA: Final = {"info": {"area": "division_code"}}
_LOCKED: Final = [
    """create or replace function app_lines_are_locked() returns trigger language plpgsql as $$
         begin
           if (select state from payout_batches where id = coalesce(new.batch_id, old.batch_id)) <> 'drafting' then
             raise exception using errcode = 'restrict_violation',
               message = 'the lines of a batch that was drafted stay as they are; draft it anew';
           end if;
           return coalesce(new, old);
         end $$""",
    "create trigger payout_lines_are_drafted before insert or delete on payout_lines for each row "
    "execute function app_lines_are_locked()",
    "create trigger payout_lines_stay before update on payout_lines for each row when "
    "((old.batch_id, old.elder_id, old.month, old.why, old.cents, old.rule_id, old.hold, old.payee_id) is distinct "
    "from (new.batch_id, new.elder_id, new.month, new.why, new.cents, new.rule_id, new.hold, new.payee_id)) "
    "execute function app_never_changes()",
]


class AllowanceRule(OfDistrict, Base):
    """What an allowance says in an area from a month on; the longest area and then the latest month hold."""

    __tablename__ = "allowance_rules"

    kind: Mapped[AllowanceKind] = mapped_column(named(AllowanceKind))
    area: Mapped[str]  # prefix of division codes: the county, or a street of its own
    starts: Mapped[date]
    state: Mapped[RuleState] = mapped_column(named(RuleState))
    terms: Mapped[dict[str, Any]]  # allowances.rules.Terms
    note: Mapped[str]  # the document it rests on
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    approved_by: Mapped[str | None]
    approved_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("extract(day from starts) = 1", name="first_day"),
        CheckConstraint("(state = 'approved') = (approved_by is not null)", name="approved"),
        CheckConstraint("approved_by <> drafted_by", name="second_person"),
        Index(
            "uq_allowance_rules_one", "district_id", "kind", "area", "starts", unique=True,
            postgresql_where=text("state = 'approved'"),
        ),
        {"info": {"district": "district_id"}},
    )  # fmt: skip


class PayoutSchedule(OfDistrict, Base):
    """On which day of each month, from one on, the clock drafts a batch; without a day nothing is drafted by itself."""

    __tablename__ = "payout_schedules"

    kind: Mapped[AllowanceKind] = mapped_column(named(AllowanceKind))
    starts: Mapped[date]  # the first month
    day: Mapped[int | None]
    note: Mapped[str]  # the document it rests on
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("extract(day from starts) = 1", name="first_day"),
        CheckConstraint("day between 1 and 28", name="every_month_has_it"),
        Index("ix_payout_schedules_kind", "district_id", "kind", "starts"),
        {"info": {"district": "district_id", "append_only": True}},
    )


class AllowanceClaim(OfDistrict, Base):
    """An application for an allowance (申请), until it is withdrawn."""

    __tablename__ = "allowance_claims"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    kind: Mapped[AllowanceKind] = mapped_column(named(AllowanceKind))
    applied_on: Mapped[date]
    resident_from: Mapped[date | None]  # 户籍迁入; none: always lived here
    by: Mapped[str]
    at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]

    __table_args__ = (
        Index(
            "uq_allowance_claims_live", "elder_id", "kind", unique=True,
            postgresql_where=text("withdrawn_at is null"),
        ),
        AREA,
    )  # fmt: skip


class Payee(OfDistrict, Base):
    """How an elder's allowances reach her, from a moment on; the newest holds, the old ones explain old lists."""

    __tablename__ = "payees"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    way: Mapped[PayWay] = mapped_column(named(PayWay), default=PayWay.BANK)
    holder: Mapped[str]
    bank: Mapped[str | None]
    account: Mapped[str | None] = mapped_column(Sealed)
    account_hash: Mapped[str | None] = mapped_column(index=True)
    current: Mapped[bool] = mapped_column(default=True)
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("num_nulls(bank, account, account_hash) = case way when 'bank' then 0 else 3 end", name="way"),
        Index("uq_payees_current", "elder_id", unique=True, postgresql_where=text("current")),
        AREA,
    )


class ProofOfLife(OfDistrict, Base):
    """Somebody saw that the elder is alive (生存认证)."""

    __tablename__ = "proofs_of_life"

    division_code: Mapped[str]
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    proven_on: Mapped[date]
    way: Mapped[ProofWay] = mapped_column(named(ProofWay))
    by: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (
        Index("ix_proofs_of_life_elder", "elder_id", "proven_on"),
        {"info": {"area": "division_code", "append_only": True}},
    )


class PayoutBatch(OfDistrict, Base):
    """One allowance of one month for the whole district (发放批次)."""

    __tablename__ = "payout_batches"

    kind: Mapped[AllowanceKind] = mapped_column(named(AllowanceKind))
    month: Mapped[date]
    state: Mapped[BatchState] = mapped_column(named(BatchState))
    drafted_by: Mapped[str]
    drafted_at: Mapped[datetime]
    checked_by: Mapped[str | None]
    first_by: Mapped[str | None]  # the first approval
    second_by: Mapped[str | None]
    issued_by: Mapped[str | None]
    issued_at: Mapped[datetime | None]
    elders: Mapped[int] = mapped_column(default=0)  # in the district when it was drafted
    done: Mapped[int] = mapped_column(default=0)  # elders gone through
    done_to: Mapped[int] = mapped_column(BigInteger, default=0)  # the last of them: a killed run goes on there
    work_seconds: Mapped[float] = mapped_column(default=0.0)
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012
    __table_args__ = (
        CheckConstraint("extract(day from month) = 1", name="first_day"),
        CheckConstraint("second_by is null or (first_by is not null and first_by <> second_by)", name="two_people"),
        CheckConstraint(
            "state not in ('approved', 'issued', 'closed') or second_by is not null", name="approved_twice"
        ),
        Index(
            "uq_payout_batches_month", "district_id", "kind", "month", unique=True,
            postgresql_where=text("state <> 'dropped'"),
        ),
        {"info": {"district": "district_id"}},
    )  # fmt: skip


class PayoutLine(OfDistrict, Base):
    """One elder's money for one month in one batch; who is due and not paid stands there too, with the reason."""

    __tablename__ = "payout_lines"

    division_code: Mapped[str]
    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batches.id"))
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"))
    month: Mapped[date]  # it is for
    why: Mapped[Why] = mapped_column(named(Why))
    cents: Mapped[int]
    rule_id: Mapped[int] = mapped_column(ForeignKey("allowance_rules.id"))
    state: Mapped[LineState] = mapped_column(named(LineState))
    hold: Mapped[Hold | None] = mapped_column(named(Hold))
    payee_id: Mapped[int | None] = mapped_column(ForeignKey("payees.id"))
    returned_for: Mapped[ReturnReason | None] = mapped_column(named(ReturnReason))
    collected_by: Mapped[str | None] = mapped_column(Sealed)  # who signed for cash

    __table_args__ = (
        UniqueConstraint("batch_id", "elder_id", "month"),
        CheckConstraint("cents > 0", name="positive"),
        CheckConstraint("(state = 'held') = (hold is not null)", name="held"),
        CheckConstraint("hold is not null or payee_id is not null", name="payable"),
        Index("ix_payout_lines_elder", "elder_id", "month"),
        {"info": {"area": "division_code", "ddl": _LOCKED}},
    )


class Recovery(OfDistrict, Base):
    """Money of a month that was paid and is not due (追回)."""

    __tablename__ = "payout_recoveries"

    division_code: Mapped[str]
    batch_id: Mapped[int] = mapped_column(ForeignKey("payout_batches.id"), index=True)  # that found it
    elder_id: Mapped[int] = mapped_column(ForeignKey("elders.id"), index=True)
    kind: Mapped[AllowanceKind] = mapped_column(named(AllowanceKind))
    month: Mapped[date]
    cents: Mapped[int]
    why: Mapped[OverpaidFor] = mapped_column(named(OverpaidFor))
    state: Mapped[RecoveryState] = mapped_column(named(RecoveryState))
    settled_by: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    note: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("cents > 0", name="positive"),
        CheckConstraint("(state = 'open') = (settled_by is null)", name="settled"),
        AREA,
    )
