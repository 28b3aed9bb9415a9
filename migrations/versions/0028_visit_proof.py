"""What proves a visit: rules of evidence and readings, grades, proofs by other doors, tags of homes, incidents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

TABLES = ("proof_settings", "visit_grades", "visit_presences", "home_tags", "visit_incidents")
FLAWS = (
    "no_check_in no_check_out too_short too_long outside no_location clock_skew tasks_missing "
    "not_started month_settled plan_clash overlap impossible_travel too_many unqualified elder_gone"
)
KINDS = "accept decline depart arrive start task finish not_delivered note"
NEW_FLAWS = " weak_proof stop_ignored"
NEW_KINDS = " where tag press reading signature consent incident worse"
GUARDS = (
    "create trigger proof_settings_never_changes before update or delete on proof_settings for each row execute function app_never_changes()",
    "create trigger proof_settings_never_empties before truncate on proof_settings for each statement execute function app_never_changes()",
    "alter table proof_settings enable row level security",
    "alter table proof_settings force row level security",
    "create policy proof_settings_area on proof_settings using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table home_tags enable row level security",
    "alter table home_tags force row level security",
    "create policy home_tags_area on home_tags using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger visit_grades_never_changes before update or delete on visit_grades for each row execute function app_never_changes()",
    "create trigger visit_grades_never_empties before truncate on visit_grades for each statement execute function app_never_changes()",
    "alter table visit_grades enable row level security",
    "alter table visit_grades force row level security",
    "create policy visit_grades_area on visit_grades using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table visit_incidents enable row level security",
    "alter table visit_incidents force row level security",
    "create policy visit_incidents_area on visit_incidents using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger visit_presences_never_changes before update or delete on visit_presences for each row execute function app_never_changes()",
    "create trigger visit_presences_never_empties before truncate on visit_presences for each statement execute function app_never_changes()",
    "alter table visit_presences enable row level security",
    "alter table visit_presences force row level security",
    "create policy visit_presences_area on visit_presences using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def known(table: str, column: str, name: str, words: str) -> None:
    """Which words a column may say."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} in ({listed})")


def upgrade() -> None:
    """New tables; phones tell more, and more may be odd about a visit."""
    known("visit_flaws", "flaw", "flaw", FLAWS + NEW_FLAWS)
    known("visit_events", "kind", "eventkind", KINDS + NEW_KINDS)
    op.create_table(
        "proof_settings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column(
            "subject",
            sa.Enum("evidence", "readings", name="subject", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("rules", postgresql.JSONB(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_proof_settings_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proof_settings")),
        sa.UniqueConstraint(
            "district_id", "subject", "version", name=op.f("uq_proof_settings_district_id_subject_version")
        ),
    )
    op.create_index(op.f("ix_proof_settings_district_id"), "proof_settings", ["district_id"], unique=False)
    op.create_table(
        "visit_grades",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "grade",
            sa.Enum("a", "b", "c", "d", name="grade", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column(
            "least",
            sa.Enum("a", "b", "c", "d", name="least", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rules_version", sa.Integer(), nullable=False),
        sa.Column("explained", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visit_grades_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_visit_grades_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_grades_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_grades")),
    )
    op.create_index(op.f("ix_visit_grades_district_id"), "visit_grades", ["district_id"], unique=False)
    op.create_index(op.f("ix_visit_grades_visit_id"), "visit_grades", ["visit_id"], unique=False)
    op.create_table(
        "visit_presences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "sort",
            sa.Enum(
                "gps",
                "gps_wide",
                "tag",
                "button",
                "call",
                "tasks",
                "reading",
                "photo",
                "signed",
                "proxy",
                "refused",
                name="sort",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "point",
            sa.Enum("start", "finish", "visit", name="point", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("source_id", sa.BigInteger(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("sort in ('button', 'call')", name=op.f("ck_visit_presences_by_another_door")),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_visit_presences_attendance_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visit_presences_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_visit_presences_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_presences_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_presences")),
        sa.UniqueConstraint(
            "attendance_id",
            "sort",
            "point",
            "source_id",
            name=op.f("uq_visit_presences_attendance_id_sort_point_source_id"),
        ),
    )
    op.create_index(op.f("ix_visit_presences_district_id"), "visit_presences", ["district_id"], unique=False)
    op.create_index(op.f("ix_visit_presences_visit_id"), "visit_presences", ["visit_id"], unique=False)
    op.create_table(
        "home_tags",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("issue", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_home_tags_district_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_home_tags_home_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_home_tags")),
        sa.UniqueConstraint("home_id", "issue", name=op.f("uq_home_tags_home_id_issue")),
    )
    op.create_index(op.f("ix_home_tags_district_id"), "home_tags", ["district_id"], unique=False)
    op.create_index(
        "uq_home_tags_one", "home_tags", ["home_id"], unique=True, postgresql_where=sa.text("withdrawn_at is null")
    )
    op.create_table(
        "visit_incidents",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "stopped",
                "fall",
                "injury",
                "skin",
                "damage",
                "abuse",
                "unsafe",
                "other",
                name="incidentkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open", "taken", "closed", name="incidentstate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_visit_incidents_attendance_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visit_incidents_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_visit_incidents_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_incidents_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_incidents")),
        sa.UniqueConstraint("event_id", name=op.f("uq_visit_incidents_event_id")),
    )
    op.create_index(op.f("ix_visit_incidents_district_id"), "visit_incidents", ["district_id"], unique=False)
    op.create_index(
        "ix_visit_incidents_open",
        "visit_incidents",
        ["district_id", "raised_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(op.f("ix_visit_incidents_visit_id"), "visit_incidents", ["visit_id"], unique=False)
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """Back to what was; what only the newer words can say goes."""
    for table in reversed(TABLES):
        op.drop_table(table)
    op.execute("delete from visit_flaws where flaw in ('weak_proof', 'stop_ignored')")
    op.execute("alter table visit_events disable trigger user")
    listed = ", ".join(f"'{word}'" for word in NEW_KINDS.split())
    op.execute(
        f"delete from event_outcomes where event_id in (select event_id from visit_events where kind in ({listed}))"
    )
    op.execute(f"delete from visit_events where kind in ({listed})")
    op.execute("alter table visit_events enable trigger user")
    known("visit_events", "kind", "eventkind", KINDS)
    known("visit_flaws", "flaw", "flaw", FLAWS)
