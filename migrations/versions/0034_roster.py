"""The month's roster, and a district's own mark of being on time."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

GUARDS = (
    "create trigger on_time_marks_never_changes before update or delete on on_time_marks for each row execute function app_never_changes()",
    "create trigger on_time_marks_never_empties before truncate on on_time_marks for each statement execute function app_never_changes()",
    "alter table on_time_marks enable row level security",
    "alter table on_time_marks force row level security",
    "create policy on_time_marks_area on on_time_marks using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table rosters enable row level security",
    "alter table rosters force row level security",
    "create policy rosters_area on rosters using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table roster_gaps enable row level security",
    "alter table roster_gaps force row level security",
    "create policy roster_gaps_area on roster_gaps using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table roster_lines enable row level security",
    "alter table roster_lines force row level security",
    "create policy roster_lines_area on roster_lines using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def upgrade() -> None:
    """New tables."""
    op.create_table(
        "on_time_marks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("minutes between 1 and 120", name=op.f("ck_on_time_marks_minutes")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_on_time_marks_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_on_time_marks")),
        info={"district": "district_id", "append_only": True},
    )
    op.create_index(op.f("ix_on_time_marks_district_id"), "on_time_marks", ["district_id"], unique=False)
    op.create_index("ix_on_time_marks_starts", "on_time_marks", ["district_id", "starts"], unique=False)
    op.create_table(
        "rosters",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "drafting",
                "draft",
                "published",
                "superseded",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("proven", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'published' or published_at is not null", name=op.f("ck_rosters_published")),
        sa.CheckConstraint("extract(isodow from starts) = 1 and ends > starts", name=op.f("ck_rosters_weeks")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rosters_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rosters")),
        sa.UniqueConstraint("district_id", "starts", "n", name=op.f("uq_rosters_district_id_starts_n")),
        info={"district": "district_id"},
    )
    op.create_index(op.f("ix_rosters_district_id"), "rosters", ["district_id"], unique=False)
    op.create_index(
        "uq_rosters_draft",
        "rosters",
        ["district_id", "starts"],
        unique=True,
        postgresql_where=sa.text("state = 'draft'"),
    )
    op.create_index(
        "uq_rosters_drafting",
        "rosters",
        ["district_id", "starts"],
        unique=True,
        postgresql_where=sa.text("state = 'drafting'"),
    )
    op.create_index(
        "uq_rosters_published",
        "rosters",
        ["district_id", "starts"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "roster_gaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("roster_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rule_day", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("blocking", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_roster_gaps_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_roster_gaps_elder_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_roster_gaps_item_id")),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["rosters.id"], name=op.f("fk_roster_gaps_roster_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_gaps")),
        sa.UniqueConstraint(
            "roster_id",
            "elder_id",
            "key",
            "rule_day",
            "rank",
            name=op.f("uq_roster_gaps_roster_id_elder_id_key_rule_day_rank"),
        ),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_roster_gaps_district_id"), "roster_gaps", ["district_id"], unique=False)
    op.create_table(
        "roster_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("roster_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rule_day", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("regular", sa.Boolean(), nullable=False),
        sa.Column("known", sa.Boolean(), nullable=False),
        sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved_by", sa.String(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_roster_lines_forward")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_roster_lines_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_roster_lines_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_roster_lines_elder_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_roster_lines_item_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_roster_lines_provider_id")),
        sa.ForeignKeyConstraint(
            ["roster_id"], ["rosters.id"], name=op.f("fk_roster_lines_roster_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_lines")),
        sa.UniqueConstraint(
            "roster_id",
            "elder_id",
            "key",
            "rule_day",
            "rank",
            name=op.f("uq_roster_lines_roster_id_elder_id_key_rule_day_rank"),
        ),
        info={"area": "division_code", "provider": "provider_id"},
    )
    op.create_index("ix_roster_lines_day", "roster_lines", ["roster_id", "day"], unique=False)
    op.create_index(op.f("ix_roster_lines_district_id"), "roster_lines", ["district_id"], unique=False)
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    op.drop_index(op.f("ix_roster_lines_district_id"), table_name="roster_lines")
    op.drop_index("ix_roster_lines_day", table_name="roster_lines")
    op.drop_table("roster_lines")
    op.drop_index(op.f("ix_roster_gaps_district_id"), table_name="roster_gaps")
    op.drop_table("roster_gaps")
    op.drop_index("uq_rosters_published", table_name="rosters", postgresql_where=sa.text("state = 'published'"))
    op.drop_index("uq_rosters_drafting", table_name="rosters", postgresql_where=sa.text("state = 'drafting'"))
    op.drop_index("uq_rosters_draft", table_name="rosters", postgresql_where=sa.text("state = 'draft'"))
    op.drop_index(op.f("ix_rosters_district_id"), table_name="rosters")
    op.drop_table("rosters")
    op.drop_index("ix_on_time_marks_starts", table_name="on_time_marks")
    op.drop_index(op.f("ix_on_time_marks_district_id"), table_name="on_time_marks")
    op.drop_table("on_time_marks")
