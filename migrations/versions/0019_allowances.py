"""Allowances in cash: rules, applications, accounts, proofs of life, batches with lines, money asked back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table allowance_rules enable row level security",
    "alter table allowance_rules force row level security",
    "create policy allowance_rules_area on allowance_rules using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table payout_batches enable row level security",
    "alter table payout_batches force row level security",
    "create policy payout_batches_area on payout_batches using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table allowance_claims enable row level security",
    "alter table allowance_claims force row level security",
    "create policy allowance_claims_area on allowance_claims using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table payees enable row level security",
    "alter table payees force row level security",
    "create policy payees_area on payees using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table payout_recoveries enable row level security",
    "alter table payout_recoveries force row level security",
    "create policy payout_recoveries_area on payout_recoveries using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger proofs_of_life_never_changes before update or delete on proofs_of_life for each row execute function app_never_changes()",
    "create trigger proofs_of_life_never_empties before truncate on proofs_of_life for each statement execute function app_never_changes()",
    "alter table proofs_of_life enable row level security",
    "alter table proofs_of_life force row level security",
    "create policy proofs_of_life_area on proofs_of_life using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table payout_lines enable row level security",
    "alter table payout_lines force row level security",
    "create policy payout_lines_area on payout_lines using (app_sees(division_code)) with check (app_sees(division_code))",
    "create or replace function app_lines_are_locked() returns trigger language plpgsql as $$ begin if (select state from payout_batches where id = coalesce(new.batch_id, old.batch_id)) <> 'drafting' then raise exception using errcode = 'restrict_violation', message = 'the lines of a batch that was drafted stay as they are; draft it anew'; end if; return coalesce(new, old); end $$",
    "create trigger payout_lines_are_drafted before insert or delete on payout_lines for each row execute function app_lines_are_locked()",
    "create trigger payout_lines_stay before update on payout_lines for each row when ((old.batch_id, old.elder_id, old.month, old.why, old.cents, old.rule_id, old.hold, old.payee_id) is distinct from (new.batch_id, new.elder_id, new.month, new.why, new.cents, new.rule_id, new.hold, new.payee_id)) execute function app_never_changes()",
)


def _named(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Nothing that exists is touched, but for an index by which two districts find the same person."""
    op.create_table(
        "allowance_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", _named("allowancekind", "old_age_allowance", "nursing_subsidy", "service_subsidy"), nullable=False
        ),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("state", _named("rulestate", "draft", "approved", "dropped"), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (approved_by is not null)", name=op.f("ck_allowance_rules_approved")
        ),
        sa.CheckConstraint("approved_by <> drafted_by", name=op.f("ck_allowance_rules_second_person")),
        sa.CheckConstraint("extract(day from starts) = 1", name=op.f("ck_allowance_rules_first_day")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_allowance_rules_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance_rules")),
    )
    op.create_index(op.f("ix_allowance_rules_district_id"), "allowance_rules", ["district_id"], unique=False)
    op.create_index(
        "uq_allowance_rules_one",
        "allowance_rules",
        ["district_id", "kind", "area", "starts"],
        unique=True,
        postgresql_where=sa.text("state = 'approved'"),
    )
    op.create_table(
        "payout_batches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind", _named("allowancekind", "old_age_allowance", "nursing_subsidy", "service_subsidy"), nullable=False
        ),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "state",
            _named(
                "batchstate",
                "drafting",
                "drafted",
                "checked",
                "approved_once",
                "approved",
                "issued",
                "closed",
                "dropped",
            ),
            nullable=False,
        ),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by", sa.String(), nullable=True),
        sa.Column("first_by", sa.String(), nullable=True),
        sa.Column("second_by", sa.String(), nullable=True),
        sa.Column("issued_by", sa.String(), nullable=True),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("elders", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("done_to", sa.BigInteger(), nullable=False),
        sa.Column("work_seconds", sa.Double(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state not in ('approved', 'issued', 'closed') or second_by is not null",
            name=op.f("ck_payout_batches_approved_twice"),
        ),
        sa.CheckConstraint("drafted_by not in (first_by, second_by)", name=op.f("ck_payout_batches_not_their_own")),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_payout_batches_first_day")),
        sa.CheckConstraint(
            "second_by is null or (first_by is not null and first_by <> second_by)",
            name=op.f("ck_payout_batches_two_people"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_payout_batches_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_batches")),
    )
    op.create_index(op.f("ix_payout_batches_district_id"), "payout_batches", ["district_id"], unique=False)
    op.create_index(
        "uq_payout_batches_month",
        "payout_batches",
        ["district_id", "kind", "month"],
        unique=True,
        postgresql_where=sa.text("state <> 'dropped'"),
    )
    op.create_table(
        "allowance_claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", _named("allowancekind", "old_age_allowance", "nursing_subsidy", "service_subsidy"), nullable=False
        ),
        sa.Column("applied_on", sa.Date(), nullable=False),
        sa.Column("resident_from", sa.Date(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_by", sa.String(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_allowance_claims_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_allowance_claims_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_allowance_claims")),
    )
    op.create_index(op.f("ix_allowance_claims_district_id"), "allowance_claims", ["district_id"], unique=False)
    op.create_index(
        "uq_allowance_claims_live",
        "allowance_claims",
        ["elder_id", "kind"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at is null"),
    )
    op.create_table(
        "payees",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("bank", sa.String(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("account_hash", sa.String(), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_payees_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_payees_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payees")),
    )
    op.create_index(op.f("ix_payees_account_hash"), "payees", ["account_hash"], unique=False)
    op.create_index(op.f("ix_payees_district_id"), "payees", ["district_id"], unique=False)
    op.create_index("uq_payees_current", "payees", ["elder_id"], unique=True, postgresql_where=sa.text("current"))
    op.create_table(
        "payout_recoveries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind", _named("allowancekind", "old_age_allowance", "nursing_subsidy", "service_subsidy"), nullable=False
        ),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("why", _named("overpaidfor", "death", "moved_away", "duplicate", "less_due"), nullable=False),
        sa.Column("state", _named("recoverystate", "open", "recovered", "waived"), nullable=False),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (settled_by is null)", name=op.f("ck_payout_recoveries_settled")),
        sa.CheckConstraint("cents > 0", name=op.f("ck_payout_recoveries_positive")),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batches.id"], name=op.f("fk_payout_recoveries_batch_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_payout_recoveries_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_payout_recoveries_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_recoveries")),
    )
    op.create_index(op.f("ix_payout_recoveries_batch_id"), "payout_recoveries", ["batch_id"], unique=False)
    op.create_index(op.f("ix_payout_recoveries_district_id"), "payout_recoveries", ["district_id"], unique=False)
    op.create_index(op.f("ix_payout_recoveries_elder_id"), "payout_recoveries", ["elder_id"], unique=False)
    op.create_table(
        "proofs_of_life",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("proven_on", sa.Date(), nullable=False),
        sa.Column(
            "way", _named("proofway", "counter", "home_visit", "video", "phone_face", "register"), nullable=False
        ),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_proofs_of_life_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_proofs_of_life_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proofs_of_life")),
    )
    op.create_index(op.f("ix_proofs_of_life_district_id"), "proofs_of_life", ["district_id"], unique=False)
    op.create_index("ix_proofs_of_life_elder", "proofs_of_life", ["elder_id", "proven_on"], unique=False)
    op.create_table(
        "payout_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "why",
            sa.Enum("regular", "back_pay", "again", name="why", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state", _named("linestate", "listed", "held", "paid", "returned", "pay_again", "given_up"), nullable=False
        ),
        sa.Column("hold", _named("hold", "not_applied", "duplicate", "proof_overdue", "no_account"), nullable=True),
        sa.Column("payee_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "returned_for",
            _named("returnreason", "wrong_account", "wrong_name", "closed_account", "dormant_account", "other"),
            nullable=True,
        ),
        sa.CheckConstraint("(state = 'held') = (hold is not null)", name=op.f("ck_payout_lines_held")),
        sa.CheckConstraint("cents > 0", name=op.f("ck_payout_lines_positive")),
        sa.CheckConstraint("hold is not null or payee_id is not null", name=op.f("ck_payout_lines_payable")),
        sa.ForeignKeyConstraint(["batch_id"], ["payout_batches.id"], name=op.f("fk_payout_lines_batch_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_payout_lines_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_payout_lines_elder_id")),
        sa.ForeignKeyConstraint(["payee_id"], ["payees.id"], name=op.f("fk_payout_lines_payee_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["allowance_rules.id"], name=op.f("fk_payout_lines_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_lines")),
        sa.UniqueConstraint("batch_id", "elder_id", "month", name=op.f("uq_payout_lines_batch_id_elder_id_month")),
    )
    op.create_index(op.f("ix_payout_lines_district_id"), "payout_lines", ["district_id"], unique=False)
    op.create_index("ix_payout_lines_elder", "payout_lines", ["elder_id", "month"], unique=False)
    op.create_index(op.f("ix_elders_id_hash"), "elders", ["id_hash"], unique=False)
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """What was paid is forgotten: export it first."""
    op.drop_index("ix_elders_id_hash", table_name="elders")
    for table in (
        "payout_lines",
        "payout_recoveries",
        "payout_batches",
        "proofs_of_life",
        "payees",
        "allowance_claims",
        "allowance_rules",
    ):
        op.drop_table(table)
    op.execute("drop function app_lines_are_locked()")
