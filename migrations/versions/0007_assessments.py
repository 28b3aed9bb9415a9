"""Assessments of ability, the changes of level they make, who is to be assessed again and how often."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table assessments enable row level security",
    "alter table assessments force row level security",
    "create policy assessments_area on assessments using (app_sees(division_code)) with check (app_sees(division_code))",
    "create or replace function app_signed_stays() returns trigger language plpgsql as $$ begin raise exception using errcode = 'restrict_violation', message = 'a signed assessment keeps what was written'; end $$",
    "create trigger assessments_signed_stay before update on assessments for each row when (old.state <> 'draft' and new.state <> 'draft' and (old.answers, old.result, old.initial_level, old.final_level, old.elder_id, old.standard, old.assessed_on) is distinct from (new.answers, new.result, new.initial_level, new.final_level, new.elder_id, new.standard, new.assessed_on)) execute function app_signed_stays()",
    "create trigger assessments_are_not_removed before delete on assessments for each row execute function app_signed_stays()",
    "create trigger level_changes_never_changes before update or delete on level_changes for each row execute function app_never_changes()",
    "create trigger level_changes_never_empties before truncate on level_changes for each statement execute function app_never_changes()",
    "alter table level_changes enable row level security",
    "alter table level_changes force row level security",
    "create policy level_changes_area on level_changes using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table assessment_requests enable row level security",
    "alter table assessment_requests force row level security",
    "create policy assessment_requests_area on assessment_requests using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table assessment_terms enable row level security",
    "alter table assessment_terms force row level security",
    "create policy assessment_terms_area on assessment_terms using (app_touches(district_id)) with check (app_touches(district_id))",
)


def upgrade() -> None:
    """Tables and their guards."""
    op.create_table(
        "level_changes",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("assessment_id", sa.Integer(), nullable=False),
        sa.Column(
            "before",
            sa.Enum(
                "intact",
                "mild",
                "moderate",
                "severe",
                "total",
                name="before",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "after",
            sa.Enum(
                "intact",
                "mild",
                "moderate",
                "severe",
                "total",
                name="after",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_level_changes")),
    )
    op.create_index("ix_level_changes_effective", "level_changes", ["district_id", "effective_on"], unique=False)
    op.create_index("ix_level_changes_elder", "level_changes", ["district_id", "elder_id", "id"], unique=False)
    op.create_table(
        "assessment_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "intact",
                "mild",
                "moderate",
                "severe",
                "total",
                name="abilitylevel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.CheckConstraint("months between 1 and 60", name=op.f("ck_assessment_terms_months")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_assessment_terms_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_terms")),
        sa.UniqueConstraint(
            "district_id",
            "level",
            "starts",
            name=op.f("uq_assessment_terms_district_id_level_starts"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(op.f("ix_assessment_terms_district_id"), "assessment_terms", ["district_id"], unique=False)
    op.create_table(
        "assessments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("standard", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first",
                "regular",
                "immediate",
                "review",
                "other",
                name="assessmentkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "signed",
                "published",
                "superseded",
                "withdrawn",
                name="assessmentstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("assessed_on", sa.Date(), nullable=False),
        sa.Column(
            "venue",
            sa.Enum(
                "home",
                "community",
                "institution",
                "hospital",
                "other",
                name="venue",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("first_assessor_id", sa.BigInteger(), nullable=False),
        sa.Column("second_assessor_id", sa.BigInteger(), nullable=True),
        sa.Column("first_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("second_signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column(
            "initial_level",
            sa.Enum(
                "intact",
                "mild",
                "moderate",
                "severe",
                "total",
                name="initial_level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "final_level",
            sa.Enum(
                "intact",
                "mild",
                "moderate",
                "severe",
                "total",
                name="final_level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("level_given", sa.String(), nullable=True),
        sa.Column("assessed_by", sa.String(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'published' or published_at is not null", name=op.f("ck_assessments_published")),
        sa.CheckConstraint(
            "state in ('draft', 'withdrawn') or final_level is not null", name=op.f("ck_assessments_has_level")
        ),
        sa.CheckConstraint(
            "state in ('draft', 'withdrawn') or level_given is not null or (first_signed_at is not null and second_signed_at is not null and initial_level is not null)",
            name=op.f("ck_assessments_signed_twice"),
        ),
        sa.CheckConstraint("first_assessor_id <> second_assessor_id", name=op.f("ck_assessments_two_people")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_assessments_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_assessments_elder_id")),
        sa.ForeignKeyConstraint(["first_assessor_id"], ["users.id"], name=op.f("fk_assessments_first_assessor_id")),
        sa.ForeignKeyConstraint(["second_assessor_id"], ["users.id"], name=op.f("fk_assessments_second_assessor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessments")),
    )
    op.create_index(op.f("ix_assessments_district_id"), "assessments", ["district_id"], unique=False)
    op.create_index(op.f("ix_assessments_elder_id"), "assessments", ["elder_id"], unique=False)
    op.create_index(
        "uq_assessments_open",
        "assessments",
        ["elder_id"],
        unique=True,
        postgresql_where=sa.text("state in ('draft', 'signed')"),
    )
    op.create_index(
        "uq_assessments_valid",
        "assessments",
        ["elder_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published' and counts"),
    )
    op.create_table(
        "assessment_requests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "first",
                "regular",
                "immediate",
                "review",
                "other",
                name="assessmentkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("settled_by", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_assessment_requests_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_assessment_requests_elder_id")),
        sa.ForeignKeyConstraint(["settled_by"], ["assessments.id"], name=op.f("fk_assessment_requests_settled_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment_requests")),
    )
    op.create_index(op.f("ix_assessment_requests_district_id"), "assessment_requests", ["district_id"], unique=False)
    op.create_index(
        "uq_assessment_requests_open",
        "assessment_requests",
        ["elder_id"],
        unique=True,
        postgresql_where=sa.text("settled_by is null"),
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Away with them."""
    op.drop_index(
        "uq_assessment_requests_open", table_name="assessment_requests", postgresql_where=sa.text("settled_by is null")
    )
    op.drop_index(op.f("ix_assessment_requests_district_id"), table_name="assessment_requests")
    op.drop_table("assessment_requests")
    op.drop_index(
        "uq_assessments_valid", table_name="assessments", postgresql_where=sa.text("state = 'published' and counts")
    )
    op.drop_index(
        "uq_assessments_open", table_name="assessments", postgresql_where=sa.text("state in ('draft', 'signed')")
    )
    op.drop_index(op.f("ix_assessments_elder_id"), table_name="assessments")
    op.drop_index(op.f("ix_assessments_district_id"), table_name="assessments")
    op.drop_table("assessments")
    op.drop_index(op.f("ix_assessment_terms_district_id"), table_name="assessment_terms")
    op.drop_table("assessment_terms")
    op.drop_index("ix_level_changes_elder", table_name="level_changes")
    op.drop_index("ix_level_changes_effective", table_name="level_changes")
    op.drop_table("level_changes")
    op.execute("drop function app_signed_stays")
