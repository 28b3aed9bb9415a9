"""Welfare visits: the list and its tiers, who goes, today's rounds, what was told and found; rules from a day on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

GUARDS = (
    "create trigger welfare_settings_never_changes before update or delete on welfare_settings for each row execute function app_never_changes()",
    "create trigger welfare_settings_never_empties before truncate on welfare_settings for each statement execute function app_never_changes()",
    "alter table welfare_settings enable row level security",
    "alter table welfare_settings force row level security",
    "create policy welfare_settings_area on welfare_settings using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table welfare_visitors enable row level security",
    "alter table welfare_visitors force row level security",
    "create policy welfare_visitors_area on welfare_visitors using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table welfare_elders enable row level security",
    "alter table welfare_elders force row level security",
    "create policy welfare_elders_area on welfare_elders using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table welfare_rounds enable row level security",
    "alter table welfare_rounds force row level security",
    "create policy welfare_rounds_area on welfare_rounds using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger welfare_visits_never_changes before update or delete on welfare_visits for each row execute function app_never_changes()",
    "create trigger welfare_visits_never_empties before truncate on welfare_visits for each statement execute function app_never_changes()",
    "alter table welfare_visits enable row level security",
    "alter table welfare_visits force row level security",
    "create policy welfare_visits_area on welfare_visits using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table welfare_findings enable row level security",
    "alter table welfare_findings force row level security",
    "create policy welfare_findings_area on welfare_findings using (app_sees(division_code)) with check (app_sees(division_code))",
)


def upgrade() -> None:
    """Seven tables of a subject of its own."""
    op.create_table(
        "welfare_settings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_settings_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_settings")),
        sa.UniqueConstraint("district_id", "version", name=op.f("uq_welfare_settings_district_id_version")),
        info={"district": "district_id", "append_only": True},
    )
    op.create_index(op.f("ix_welfare_settings_district_id"), "welfare_settings", ["district_id"], unique=False)
    op.create_table(
        "welfare_visitors",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "community_worker",
                "social_worker",
                "volunteer",
                name="visitor",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_welfare_visitors_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_visitors_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_visitors")),
        sa.UniqueConstraint("caregiver_id", name=op.f("uq_welfare_visitors_caregiver_id")),
        info={"district": "district_id"},
    )
    op.create_index(op.f("ix_welfare_visitors_district_id"), "welfare_visitors", ["district_id"], unique=False)
    op.create_table(
        "welfare_elders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum("high", "key", "general", name="tier", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("listed_on", sa.Date(), nullable=False),
        sa.Column("pair_id", sa.BigInteger(), nullable=True),
        sa.Column("last_on", sa.Date(), nullable=True),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("tried_on", sa.Date(), nullable=True),
        sa.Column("sooner_on", sa.Date(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_elders_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_welfare_elders_elder_id")),
        sa.ForeignKeyConstraint(["pair_id"], ["caregivers.id"], name=op.f("fk_welfare_elders_pair_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_elders")),
        sa.UniqueConstraint("elder_id", name=op.f("uq_welfare_elders_elder_id")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_welfare_elders_district_id"), "welfare_elders", ["district_id"], unique=False)
    op.create_index("ix_welfare_elders_of", "welfare_elders", ["district_id", "division_code"], unique=False)
    op.create_index(op.f("ix_welfare_elders_pair_id"), "welfare_elders", ["pair_id"], unique=False)
    op.create_table(
        "welfare_rounds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_welfare_rounds_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_rounds_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_welfare_rounds_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_rounds")),
        sa.UniqueConstraint("elder_id", "day", name=op.f("uq_welfare_rounds_elder_id_day")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_welfare_rounds_district_id"), "welfare_rounds", ["district_id"], unique=False)
    op.create_index("ix_welfare_rounds_of", "welfare_rounds", ["caregiver_id", "day"], unique=False)
    op.create_table(
        "welfare_visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "way",
            sa.Enum("home", "phone", "video", name="way", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "outcome",
            sa.Enum(
                "seen",
                "no_answer",
                "refused",
                "away",
                name="welfare_outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_welfare_visits_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_visits_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_welfare_visits_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_visits")),
        sa.UniqueConstraint("event_id", name=op.f("uq_welfare_visits_event_id")),
        info={"area": "division_code", "append_only": True},
    )
    op.create_index(op.f("ix_welfare_visits_district_id"), "welfare_visits", ["district_id"], unique=False)
    op.create_index("ix_welfare_visits_elder", "welfare_visits", ["elder_id", "happened_at"], unique=False)
    op.create_index("ix_welfare_visits_month", "welfare_visits", ["district_id", "happened_at"], unique=False)
    op.create_table(
        "welfare_findings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "health",
                "mood",
                "food",
                "home",
                "equipment",
                "family",
                "wish",
                "no_answer",
                "refused",
                "away",
                "clash",
                name="findingkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "taken",
                "ordered",
                "referred",
                "closed",
                name="findingstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("taken_by", sa.String(), nullable=True),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column("referred_to", sa.String(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_welfare_findings_alarm_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_welfare_findings_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_welfare_findings_elder_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_welfare_findings_order_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["welfare_visits.id"], name=op.f("fk_welfare_findings_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_welfare_findings")),
        sa.UniqueConstraint("visit_id", "kind", name=op.f("uq_welfare_findings_visit_id_kind")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_welfare_findings_district_id"), "welfare_findings", ["district_id"], unique=False)
    op.create_index(op.f("ix_welfare_findings_elder_id"), "welfare_findings", ["elder_id"], unique=False)
    op.create_index(
        "ix_welfare_findings_open",
        "welfare_findings",
        ["district_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(
        "uq_welfare_findings_unanswered",
        "welfare_findings",
        ["elder_id"],
        unique=True,
        postgresql_where=sa.text("kind = 'no_answer' and state <> 'closed'"),
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    op.drop_index(
        "uq_welfare_findings_unanswered",
        table_name="welfare_findings",
        postgresql_where=sa.text("kind = 'no_answer' and state <> 'closed'"),
    )
    op.drop_index(
        "ix_welfare_findings_open", table_name="welfare_findings", postgresql_where=sa.text("state <> 'closed'")
    )
    op.drop_index(op.f("ix_welfare_findings_elder_id"), table_name="welfare_findings")
    op.drop_index(op.f("ix_welfare_findings_district_id"), table_name="welfare_findings")
    op.drop_table("welfare_findings")
    op.drop_index("ix_welfare_visits_month", table_name="welfare_visits")
    op.drop_index("ix_welfare_visits_elder", table_name="welfare_visits")
    op.drop_index(op.f("ix_welfare_visits_district_id"), table_name="welfare_visits")
    op.drop_table("welfare_visits")
    op.drop_index("ix_welfare_rounds_of", table_name="welfare_rounds")
    op.drop_index(op.f("ix_welfare_rounds_district_id"), table_name="welfare_rounds")
    op.drop_table("welfare_rounds")
    op.drop_index(op.f("ix_welfare_elders_pair_id"), table_name="welfare_elders")
    op.drop_index("ix_welfare_elders_of", table_name="welfare_elders")
    op.drop_index(op.f("ix_welfare_elders_district_id"), table_name="welfare_elders")
    op.drop_table("welfare_elders")
    op.drop_index(op.f("ix_welfare_visitors_district_id"), table_name="welfare_visitors")
    op.drop_table("welfare_visitors")
    op.drop_index(op.f("ix_welfare_settings_district_id"), table_name="welfare_settings")
    op.drop_table("welfare_settings")
