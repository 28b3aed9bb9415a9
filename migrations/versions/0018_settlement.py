"""Settlement: terms and appeals of visits, contract terms, statements, and the triggers that let them stay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

FLAWS = (
    "no_check_in",
    "no_check_out",
    "too_short",
    "too_long",
    "outside",
    "no_location",
    "clock_skew",
    "tasks_missing",
    "not_started",
    "month_settled",
    "plan_clash",
)
CROSSING = ("overlap", "impossible_travel", "unqualified", "elder_gone")
FUNCTIONS = (
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
GUARDS = (
    "create trigger visit_terms_never_changes before update or delete on visit_terms for each row execute function app_never_changes()",
    "create trigger visit_terms_never_empties before truncate on visit_terms for each statement execute function app_never_changes()",
    "alter table visit_terms enable row level security",
    "alter table visit_terms force row level security",
    "create policy visit_terms_area on visit_terms using (app_touches(district_id)) with check (app_touches(district_id))",
    "create trigger partial_visits_never_changes before update or delete on partial_visits for each row execute function app_never_changes()",
    "create trigger partial_visits_never_empties before truncate on partial_visits for each statement execute function app_never_changes()",
    "alter table partial_visits enable row level security",
    "alter table partial_visits force row level security",
    "create policy partial_visits_area on partial_visits using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table appeals enable row level security",
    "alter table appeals force row level security",
    "create policy appeals_area on appeals using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table contract_terms enable row level security",
    "alter table contract_terms force row level security",
    "create policy contract_terms_area on contract_terms using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger contract_terms_stay before update or delete on contract_terms for each row execute function app_locked_stays()",
    "create trigger contract_terms_never_empties before truncate on contract_terms for each statement execute function app_locked_stays()",
    "alter table statements enable row level security",
    "alter table statements force row level security",
    "create policy statements_area on statements using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statements_stay before update or delete on statements for each row execute function app_locked_stays()",
    "create trigger statements_never_empties before truncate on statements for each statement execute function app_locked_stays()",
    "alter table statement_lines enable row level security",
    "alter table statement_lines force row level security",
    "create policy statement_lines_area on statement_lines using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statement_lines_stay before insert or update or delete on statement_lines for each row execute function app_statement_stays('draft')",
    "create trigger statement_lines_never_empties before truncate on statement_lines for each statement execute function app_statement_stays()",
    "create trigger settled_entries_stay before insert or update or delete on settled_entries for each row execute function app_statement_stays('draft')",
    "create trigger settled_entries_never_empties before truncate on settled_entries for each statement execute function app_statement_stays()",
    "alter table statement_withheld enable row level security",
    "alter table statement_withheld force row level security",
    "create policy statement_withheld_area on statement_withheld using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statement_withheld_stay before insert or update or delete on statement_withheld for each row execute function app_statement_stays('draft')",
    "create trigger statement_withheld_never_empties before truncate on statement_withheld for each statement execute function app_statement_stays()",
    "alter table statement_deductions enable row level security",
    "alter table statement_deductions force row level security",
    "create policy statement_deductions_area on statement_deductions using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statement_deductions_stay before insert or update or delete on statement_deductions for each row execute function app_statement_stays('draft')",
    "create trigger statement_deductions_never_empties before truncate on statement_deductions for each statement execute function app_statement_stays()",
    "alter table statement_samples enable row level security",
    "alter table statement_samples force row level security",
    "create policy statement_samples_area on statement_samples using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statement_samples_stay before insert or update or delete on statement_samples for each row execute function app_statement_stays('locked')",
    "create trigger statement_samples_never_empties before truncate on statement_samples for each statement execute function app_statement_stays()",
    "alter table statement_disputes enable row level security",
    "alter table statement_disputes force row level security",
    "create policy statement_disputes_area on statement_disputes using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger statement_disputes_stay before insert or update or delete on statement_disputes for each row execute function app_statement_stays('locked')",
    "create trigger statement_disputes_never_empties before truncate on statement_disputes for each statement execute function app_statement_stays()",
)
TABLES = (
    "visit_terms",
    "partial_visits",
    "appeals",
    "contract_terms",
    "statements",
    "statement_lines",
    "settled_entries",
    "statement_withheld",
    "statement_deductions",
    "statement_samples",
    "statement_disputes",
)


def flaws(*known: str) -> None:
    """What may be odd about a visit."""
    op.drop_constraint(op.f("ck_visit_flaws_flaw"), "visit_flaws")
    op.create_check_constraint(
        op.f("ck_visit_flaws_flaw"), "visit_flaws", "flaw in (" + ", ".join(f"'{one}'" for one in known) + ")"
    )


def upgrade() -> None:
    """What a statement is made of, and what a locked one is kept by."""
    flaws(*FLAWS, *CROSSING)
    op.create_table(
        "visit_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("terms", postgresql.JSONB(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visit_terms_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_terms")),
        sa.UniqueConstraint("district_id", "version", name=op.f("uq_visit_terms_district_id_version")),
    )
    op.create_index(op.f("ix_visit_terms_district_id"), "visit_terms", ["district_id"], unique=False)
    op.create_table(
        "statements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "issued",
                "agreed",
                "checked",
                "approved",
                "locked",
                name="statementstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.String(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_entry_id", sa.BigInteger(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("allowance_cents", sa.BigInteger(), nullable=False),
        sa.Column("self_pay_cents", sa.BigInteger(), nullable=False),
        sa.Column("contract_cents", sa.BigInteger(), nullable=False),
        sa.Column("deducted_cents", sa.BigInteger(), nullable=False),
        sa.Column("payable_cents", sa.BigInteger(), nullable=False),
        sa.Column("payers", postgresql.JSONB(), nullable=False),
        sa.Column("checksum", sa.String(), nullable=True),
        sa.Column("answer_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("locked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.CheckConstraint("state = 'draft' or checksum is not null", name=op.f("ck_statements_proven")),
        sa.CheckConstraint(
            "state not in ('approved', 'locked') or (checked_by_id + approved_by_id) is not null",
            name=op.f("ck_statements_approved"),
        ),
        sa.CheckConstraint("checked_by_id <> approved_by_id", name=op.f("ck_statements_two_persons")),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_statements_first_day")),
        sa.CheckConstraint(
            "payable_cents = contract_cents - self_pay_cents - deducted_cents", name=op.f("ck_statements_payable")
        ),
        sa.CheckConstraint("score between 0 and 100", name=op.f("ck_statements_score")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["users.id"], name=op.f("fk_statements_approved_by_id")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["users.id"], name=op.f("fk_statements_checked_by_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statements_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_statements_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statements")),
        sa.UniqueConstraint("provider_id", "month", name=op.f("uq_statements_provider_id_month")),
    )
    op.create_index(op.f("ix_statements_district_id"), "statements", ["district_id"], unique=False)
    op.create_index(op.f("ix_statements_provider_id"), "statements", ["provider_id"], unique=False)
    op.create_table(
        "contract_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("contract_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "checked",
                "in_force",
                "refused",
                name="termsstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("prices", postgresql.JSONB(), nullable=False),
        sa.Column("least_minutes", postgresql.JSONB(), nullable=False),
        sa.Column("sampling_percent", sa.Integer(), nullable=False),
        sa.Column("answer_days", sa.Integer(), nullable=False),
        sa.Column("deductions", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_by_id", sa.BigInteger(), nullable=True),
        sa.Column("approved_by_id", sa.BigInteger(), nullable=True),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state <> 'in_force' or (checked_by_id + approved_by_id) is not null",
            name=op.f("ck_contract_terms_approved"),
        ),
        sa.CheckConstraint("checked_by_id <> approved_by_id", name=op.f("ck_contract_terms_two_persons")),
        sa.CheckConstraint("sampling_percent between 0 and 100", name=op.f("ck_contract_terms_sampling")),
        sa.ForeignKeyConstraint(["approved_by_id"], ["users.id"], name=op.f("fk_contract_terms_approved_by_id")),
        sa.ForeignKeyConstraint(["checked_by_id"], ["users.id"], name=op.f("fk_contract_terms_checked_by_id")),
        sa.ForeignKeyConstraint(["contract_id"], ["contracts.id"], name=op.f("fk_contract_terms_contract_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_contract_terms_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_contract_terms_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_terms")),
        sa.UniqueConstraint("contract_id", "version", name=op.f("uq_contract_terms_contract_id_version")),
    )
    op.create_index(op.f("ix_contract_terms_district_id"), "contract_terms", ["district_id"], unique=False)
    op.create_index(op.f("ix_contract_terms_provider_id"), "contract_terms", ["provider_id"], unique=False)
    op.create_table(
        "settled_entries",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_settled_entries_statement_id")),
        sa.PrimaryKeyConstraint("district_id", "entry_id", name=op.f("pk_settled_entries")),
    )
    op.create_index(op.f("ix_settled_entries_statement_id"), "settled_entries", ["statement_id"], unique=False)
    op.create_index("ix_settled_entries_visit", "settled_entries", ["district_id", "visit_id"], unique=False)
    op.create_table(
        "statement_deductions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "short_visits",
                "missed_visits",
                "corrected_records",
                "appraisal",
                name="deductionrule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.Column("basis_cents", sa.BigInteger(), nullable=False),
        sa.Column("cents", sa.BigInteger(), nullable=False),
        sa.Column("said", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_statement_deductions_takes")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statement_deductions_district_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_deductions_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_deductions")),
    )
    op.create_index(op.f("ix_statement_deductions_district_id"), "statement_deductions", ["district_id"], unique=False)
    op.create_index(
        op.f("ix_statement_deductions_statement_id"), "statement_deductions", ["statement_id"], unique=False
    )
    op.create_table(
        "statement_disputes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "rule",
            sa.Enum(
                "short_visits",
                "missed_visits",
                "corrected_records",
                "appraisal",
                name="deductionrule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "accepted",
                "refused",
                "withdrawn",
                name="disputestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(visit_id is null) <> (rule is null)", name=op.f("ck_statement_disputes_about")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statement_disputes_district_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_disputes_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_disputes")),
    )
    op.create_index(op.f("ix_statement_disputes_district_id"), "statement_disputes", ["district_id"], unique=False)
    op.create_index(op.f("ix_statement_disputes_statement_id"), "statement_disputes", ["statement_id"], unique=False)
    op.create_index(
        "uq_statement_disputes_open",
        "statement_disputes",
        ["statement_id", "visit_id", "rule"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "statement_samples",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "confirmed",
                "denied",
                "unreached",
                name="samplestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("by", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statement_samples_district_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_samples_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_samples")),
        sa.UniqueConstraint("statement_id", "visit_id", name=op.f("uq_statement_samples_statement_id_visit_id")),
    )
    op.create_index(op.f("ix_statement_samples_district_id"), "statement_samples", ["district_id"], unique=False)
    op.create_index(op.f("ix_statement_samples_statement_id"), "statement_samples", ["statement_id"], unique=False)
    op.create_table(
        "statement_withheld",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "held",
                "appealed",
                "unfinished",
                "elder_gone",
                "rejected",
                name="withheld",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statement_withheld_district_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_withheld_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_withheld")),
    )
    op.create_index(op.f("ix_statement_withheld_district_id"), "statement_withheld", ["district_id"], unique=False)
    op.create_index(op.f("ix_statement_withheld_statement_id"), "statement_withheld", ["statement_id"], unique=False)
    op.create_table(
        "statement_lines",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "service", "late", "correction", name="linekind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column("served_on", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("planned_minutes", sa.Integer(), nullable=False),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.Column("allowance_cents", sa.Integer(), nullable=False),
        sa.Column("self_pay_cents", sa.Integer(), nullable=False),
        sa.Column("contract_cents", sa.Integer(), nullable=False),
        sa.Column("payers", postgresql.JSONB(), nullable=False),
        sa.Column("terms_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_lines_statement_id")),
        sa.ForeignKeyConstraint(["terms_id"], ["contract_terms.id"], name=op.f("fk_statement_lines_terms_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_statement_lines")),
        sa.UniqueConstraint("statement_id", "number", name=op.f("uq_statement_lines_statement_id_number")),
        sa.UniqueConstraint("statement_id", "visit_id", name=op.f("uq_statement_lines_statement_id_visit_id")),
    )
    op.create_index("ix_statement_lines_visit", "statement_lines", ["district_id", "visit_id"], unique=False)
    op.create_table(
        "partial_visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                "minutes",
                "tasks",
                "lower",
                "nothing",
                name="partrule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("given", sa.Integer(), nullable=False),
        sa.Column("whole", sa.Integer(), nullable=False),
        sa.Column("agreed_cents", sa.Integer(), nullable=False),
        sa.Column("due_cents", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("due_cents between 0 and agreed_cents", name=op.f("ck_partial_visits_cents")),
        sa.CheckConstraint("given between 1 and whole", name=op.f("ck_partial_visits_share")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_partial_visits_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_partial_visits_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_partial_visits_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_partial_visits")),
    )
    op.create_index(op.f("ix_partial_visits_district_id"), "partial_visits", ["district_id"], unique=False)
    op.create_index(op.f("ix_partial_visits_visit_id"), "partial_visits", ["visit_id"], unique=False)
    op.create_table(
        "appeals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "upheld",
                "dismissed",
                "withdrawn",
                name="appealstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("against", sa.String(), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state in ('upheld', 'dismissed')) = (decided_by is not null)", name=op.f("ck_appeals_decided")
        ),
        sa.CheckConstraint(
            "decided_by is null or against is null or decided_by <> against", name=op.f("ck_appeals_somebody_else")
        ),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_appeals_attendance_id")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_appeals_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_appeals_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_appeals_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_appeals_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeals")),
    )
    op.create_index(op.f("ix_appeals_caregiver_id"), "appeals", ["caregiver_id"], unique=False)
    op.create_index(op.f("ix_appeals_district_id"), "appeals", ["district_id"], unique=False)
    op.create_index(
        "ix_appeals_open",
        "appeals",
        ["district_id", "raised_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(op.f("ix_appeals_visit_id"), "appeals", ["visit_id"], unique=False)
    op.create_index(
        "uq_appeals_once", "appeals", ["attendance_id"], unique=True, postgresql_where=sa.text("state <> 'withdrawn'")
    )
    op.create_index(
        "ix_ledger_entries_earned",
        "ledger_entries",
        ["district_id", "provider_id", "month"],
        postgresql_where=sa.text("kind in ('capture', 'refund')"),
    )
    for statement in (*FUNCTIONS, *GUARDS):
        op.execute(statement)


def downgrade() -> None:
    """Neither statements nor appeals."""
    op.drop_index("ix_ledger_entries_earned", "ledger_entries")
    for table in reversed(TABLES):
        op.drop_table(table)
    for function in ("app_statement_stays", "app_locked_stays"):
        op.execute(f"drop function {function}()")
    op.execute("delete from visit_flaws where flaw in (" + ", ".join(f"'{one}'" for one in CROSSING) + ")")
    flaws(*FLAWS)
