"""Monitoring: rules as data with their versions, what they remember and fired, vitals by the day, pauses."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = (
    "rule_firings",
    "rule_versions",
    "monitoring_rules",
    "monitoring_pauses",
    "vital_marks",
    "vital_days",
    "rule_states",
    "fresh_readings",
)
BEFORE = "sos fire smoke gas fall other_alarm telephone water_leak inactivity geofence"
GUARDS = (
    "drop trigger readings_never_changes on readings",
    "drop trigger readings_never_empties on readings",
    "create or replace function app_forgets_in_time() returns trigger language plpgsql as $$ begin if tg_op = 'DELETE' and old.at < now() - interval '7 days' then return old; end if; raise exception using errcode = 'restrict_violation', message = tg_table_name || ' are never changed, and kept for a week at least'; end $$",
    "create trigger readings_never_change before update or delete on readings for each row execute function app_forgets_in_time()",
    "create trigger readings_never_empties before truncate on readings for each statement execute function app_never_changes()",
    "alter table monitoring_pauses enable row level security",
    "alter table monitoring_pauses force row level security",
    "create policy monitoring_pauses_area on monitoring_pauses using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table rule_firings enable row level security",
    "alter table rule_firings force row level security",
    "create policy rule_firings_area on rule_firings using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table rule_states enable row level security",
    "alter table rule_states force row level security",
    "create policy rule_states_area on rule_states using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table vital_days enable row level security",
    "alter table vital_days force row level security",
    "create policy vital_days_area on vital_days using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table monitoring_rules enable row level security",
    "alter table monitoring_rules force row level security",
    "create policy monitoring_rules_area on monitoring_rules using (app_sees(division_code) or (elder_id is null and app_touches(district_id))) with check (app_sees(division_code))",
    "alter table rule_versions enable row level security",
    "alter table rule_versions force row level security",
    "create policy rule_versions_area on rule_versions using (app_sees(division_code) or (elder_id is null and app_touches(district_id))) with check (app_sees(division_code))",
)


def words(name: str, values: str) -> sa.Enum:
    """A text column that holds one of these words."""
    return sa.Enum(*values.split(), name=name, native_enum=False, create_constraint=True, length=32)


def alarm_kinds(values: str) -> None:
    """What an alarm may be of."""
    op.execute("alter table alarms drop constraint ck_alarms_alarmkind")
    listed = ", ".join(f"'{value}'" for value in values.split())
    op.execute(f"alter table alarms add constraint ck_alarms_alarmkind check (kind in ({listed}))")


def upgrade() -> None:
    """Readings say whose they were and may be forgotten in time; the tables of rules."""
    alarm_kinds(f"{BEFORE} vitals door environment")
    op.create_table(
        "fresh_readings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("reading_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_fresh_readings_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fresh_readings")),
    )
    op.create_index(op.f("ix_fresh_readings_district_id"), "fresh_readings", ["district_id"], unique=False)
    op.create_table(
        "rule_states",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column(
            "kind",
            words(
                "rulekind",
                "heart_rate spo2 respiration blood_pressure body_temperature no_movement not_up out_of_bed fence door_at_night smoke_no_answer room_temperature",
            ),
            nullable=False,
        ),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wake_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rule_states_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_states")),
        sa.UniqueConstraint("subject", "kind", name=op.f("uq_rule_states_subject_kind")),
    )
    op.create_index(op.f("ix_rule_states_district_id"), "rule_states", ["district_id"], unique=False)
    op.create_index(op.f("ix_rule_states_wake_at"), "rule_states", ["wake_at"], unique=False)
    op.create_table(
        "vital_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column(
            "metric",
            words(
                "metric",
                "heart_rate spo2 systolic diastolic body_temperature respiration glucose weight steps bed movement door room_temperature room_humidity fall smoke gas water location",
            ),
            nullable=False,
        ),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sums", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_vital_days_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vital_days")),
        sa.UniqueConstraint("subject", "metric", "day", name=op.f("uq_vital_days_subject_metric_day")),
    )
    op.create_index(op.f("ix_vital_days_district_id"), "vital_days", ["district_id"], unique=False)
    op.create_table(
        "vital_marks",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_vital_marks_district_id")),
        sa.PrimaryKeyConstraint("district_id", name=op.f("pk_vital_marks")),
    )
    op.create_table(
        "monitoring_pauses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", words("pausereason", "hospital away other"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("ends_at is null or ends_at >= starts_at", name=op.f("ck_monitoring_pauses_forward")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_monitoring_pauses_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_monitoring_pauses_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_pauses")),
    )
    op.create_index(op.f("ix_monitoring_pauses_district_id"), "monitoring_pauses", ["district_id"], unique=False)
    op.create_index(op.f("ix_monitoring_pauses_elder_id"), "monitoring_pauses", ["elder_id"], unique=False)
    op.create_index(
        "uq_monitoring_pauses_open",
        "monitoring_pauses",
        ["elder_id"],
        unique=True,
        postgresql_where=sa.text("ends_at is null"),
    )
    op.create_table(
        "monitoring_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column(
            "kind",
            words(
                "rulekind",
                "heart_rate spo2 respiration blood_pressure body_temperature no_movement not_up out_of_bed fence door_at_night smoke_no_answer room_temperature",
            ),
            nullable=False,
        ),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("model_id", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("elder_id is null or model_id is null", name=op.f("ck_monitoring_rules_one_scope")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_monitoring_rules_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_monitoring_rules_elder_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_models.id"], name=op.f("fk_monitoring_rules_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_monitoring_rules")),
    )
    op.create_index(op.f("ix_monitoring_rules_district_id"), "monitoring_rules", ["district_id"], unique=False)
    op.create_index(op.f("ix_monitoring_rules_elder_id"), "monitoring_rules", ["elder_id"], unique=False)
    op.create_index(
        "uq_monitoring_rules_scope",
        "monitoring_rules",
        [
            "district_id",
            "kind",
            sa.literal_column("coalesce(elder_id, 0)"),
            sa.literal_column("coalesce(model_id, '')"),
        ],
        unique=True,
    )
    op.create_table(
        "rule_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("state", words("versionstate", "draft previewed active ended"), nullable=False),
        sa.Column("off", sa.Boolean(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("previewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("preview", sa.Text(), nullable=True),
        sa.Column("active_from", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state = 'active') = (active_from is not null and active_until is null)",
            name=op.f("ck_rule_versions_effective"),
        ),
        sa.CheckConstraint(
            "state not in ('previewed', 'active') or off or previewed_at is not null",
            name=op.f("ck_rule_versions_previewed"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rule_versions_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_rule_versions_elder_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["monitoring_rules.id"], name=op.f("fk_rule_versions_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_versions")),
        sa.UniqueConstraint("rule_id", "n", name=op.f("uq_rule_versions_rule_id_n")),
    )
    op.create_index(op.f("ix_rule_versions_district_id"), "rule_versions", ["district_id"], unique=False)
    op.create_index(
        "uq_rule_versions_active",
        "rule_versions",
        ["rule_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "rule_firings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("rule_id", sa.BigInteger(), nullable=False),
        sa.Column("version_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            words(
                "rulekind",
                "heart_rate spo2 respiration blood_pressure body_temperature no_movement not_up out_of_bed fence door_at_night smoke_no_answer room_temperature",
            ),
            nullable=False,
        ),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("noticed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rule_firings_district_id")),
        sa.ForeignKeyConstraint(["rule_id"], ["monitoring_rules.id"], name=op.f("fk_rule_firings_rule_id")),
        sa.ForeignKeyConstraint(["version_id"], ["rule_versions.id"], name=op.f("fk_rule_firings_version_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rule_firings")),
        sa.UniqueConstraint("version_id", "subject", "at", name=op.f("uq_rule_firings_version_id_subject_at")),
    )
    op.create_index(op.f("ix_rule_firings_district_id"), "rule_firings", ["district_id"], unique=False)
    op.create_index(op.f("ix_rule_firings_elder_id"), "rule_firings", ["elder_id"], unique=False)
    op.create_index(
        "ix_rule_firings_silent", "rule_firings", ["id"], unique=False, postgresql_where=sa.text("alarm_id is null")
    )
    op.add_column("readings", sa.Column("elder_id", sa.BigInteger(), nullable=True))
    op.add_column("readings", sa.Column("home_id", sa.BigInteger(), nullable=True))
    op.add_column("readings", sa.Column("device_kind", sa.String(), nullable=True))
    op.add_column("readings", sa.Column("device_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("readings", sa.Column("history", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_readings_at", "readings", ["at"], unique=False, postgresql_using="brin")
    op.create_index("ix_readings_home", "readings", ["district_id", "home_id", "at"], unique=False)
    op.alter_column("readings", "history", server_default=None)
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """Without rules."""
    for table in TABLES:
        op.drop_table(table)
    op.execute("drop trigger readings_never_change on readings")
    op.execute("drop function app_forgets_in_time")
    op.execute(
        "create trigger readings_never_changes before update or delete on readings for each row execute function app_never_changes()"
    )
    for column in ("elder_id", "home_id", "device_kind", "device_at", "history"):
        op.drop_column("readings", column)
    op.execute("drop index ix_readings_at")
    alarm_kinds(BEFORE)
