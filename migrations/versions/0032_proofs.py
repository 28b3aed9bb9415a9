"""What photos look like, which telephone confirmed a visit, clues of a month, and what persons find is to be deducted."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FLAWS = (
    "no_check_in no_check_out too_short too_long outside no_location clock_skew tasks_missing not_started "
    "month_settled plan_clash overlap impossible_travel too_many unqualified elder_gone weak_proof stop_ignored"
)
NEW_FLAWS = " reused_photo photo_time own_phone shared_phone"
REASONS = "held appealed unfinished elder_gone rejected"
NEW_REASONS = " doubted"
RULES = "short_visits missed_visits corrected_records appraisal"
NEW_RULES = " too_few_visits"
GUARDS = (
    "alter table photo_prints enable row level security",
    "alter table photo_prints force row level security",
    "create policy photo_prints_area on photo_prints using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table statement_claims enable row level security",
    "alter table statement_claims force row level security",
    "create policy statement_claims_area on statement_claims using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table clues enable row level security",
    "alter table clues force row level security",
    "create policy clues_area on clues using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def known(table: str, column: str, name: str, words: str) -> None:
    """Which words a column may say."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} in ({listed})")


def upgrade() -> None:
    """One table, one column, more words."""
    known("visit_flaws", "flaw", "flaw", FLAWS + NEW_FLAWS)
    known("statement_withheld", "reason", "withheld", REASONS + NEW_REASONS)
    op.add_column("visit_presences", sa.Column("phone_hash", sa.String(), nullable=True))
    op.create_index(op.f("ix_visit_presences_phone_hash"), "visit_presences", ["phone_hash"], unique=False)
    op.create_table(
        "photo_prints",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("bits", sa.BigInteger(), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("shot_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_photo_prints_district_id")),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_photo_prints_photo_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photo_prints")),
        sa.UniqueConstraint("photo_id", name=op.f("uq_photo_prints_photo_id")),
        info={"district": "district_id"},
    )
    op.create_index(op.f("ix_photo_prints_district_id"), "photo_prints", ["district_id"], unique=False)
    op.create_index(op.f("ix_photo_prints_visit_id"), "photo_prints", ["visit_id"], unique=False)
    op.create_index("ix_photo_prints_at", "photo_prints", ["district_id", "at"], unique=False)
    known("statement_deductions", "rule", "deductionrule", RULES + NEW_RULES)
    known("statement_disputes", "rule", "deductionrule", RULES + NEW_RULES)
    op.add_column("contract_terms", sa.Column("least_visits", postgresql.JSONB(), server_default="{}", nullable=False))
    op.alter_column("contract_terms", "least_visits", server_default=None)
    op.create_table(
        "statement_claims",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column(
            "rule",
            sa.Enum(
                *(RULES + NEW_RULES).split(),
                name="deductionrule",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("statement_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_statement_claims_takes")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_statement_claims_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_statement_claims_provider_id")),
        sa.ForeignKeyConstraint(["statement_id"], ["statements.id"], name=op.f("fk_statement_claims_statement_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement_claims")),
        sa.UniqueConstraint("rule", "source_id", name=op.f("uq_statement_claims_rule_source_id")),
    )
    for column in ("district_id", "provider_id", "statement_id"):
        op.create_index(op.f(f"ix_statement_claims_{column}"), "statement_claims", [column], unique=False)
    op.create_table(
        "clues",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "burst_of_elder",
                "burst_of_provider",
                "too_few_visits",
                "untested_pair",
                name="cluekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open", "upheld", "excused", name="cluestate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", postgresql.JSONB(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'open') = (decided_by is null)", name=op.f("ck_clues_decided")),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_clues_cents")),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_clues_first_day")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_clues_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_clues_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_clues_elder_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_clues_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clues")),
        sa.UniqueConstraint(
            "district_id",
            "month",
            "kind",
            "provider_id",
            "elder_id",
            "caregiver_id",
            name="uq_clues_once",
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_clues_district_id"), "clues", ["district_id"], unique=False)
    op.create_index("ix_clues_month", "clues", ["district_id", "month", "kind"], unique=False)
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back; what was doubted is shown to nobody any more."""
    op.drop_table("clues")
    op.drop_table("statement_claims")
    op.drop_column("contract_terms", "least_visits")
    for table in ("statement_deductions", "statement_disputes"):
        op.execute(f"alter table {table} disable trigger user")
        op.execute(f"delete from {table} where rule = 'too_few_visits'")
        op.execute(f"alter table {table} enable trigger user")
        known(table, "rule", "deductionrule", RULES)
    op.drop_table("photo_prints")
    op.drop_index(op.f("ix_visit_presences_phone_hash"), table_name="visit_presences")
    op.drop_column("visit_presences", "phone_hash")
    listed = ", ".join(f"'{word}'" for word in NEW_FLAWS.split())
    op.execute(f"delete from visit_flaws where flaw in ({listed})")
    op.execute("alter table statement_withheld disable trigger user")
    op.execute("delete from statement_withheld where reason = 'doubted'")
    op.execute("alter table statement_withheld enable trigger user")
    known("visit_flaws", "flaw", "flaw", FLAWS)
    known("statement_withheld", "reason", "withheld", REASONS)
