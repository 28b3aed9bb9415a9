"""Her side: a caregiver's own call for help and timer, phones that ring asleep, her week, swaps and pay; welfare visits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

GUARDS = (
    "create trigger labour_limits_never_changes before update or delete on labour_limits for each row execute function app_never_changes()",
    "create trigger labour_limits_never_empties before truncate on labour_limits for each statement execute function app_never_changes()",
    "alter table labour_limits enable row level security",
    "alter table labour_limits force row level security",
    "create policy labour_limits_area on labour_limits using (app_touches(district_id)) with check (app_touches(district_id))",
    "create trigger pay_rates_never_changes before update or delete on pay_rates for each row execute function app_never_changes()",
    "create trigger pay_rates_never_empties before truncate on pay_rates for each statement execute function app_never_changes()",
    "alter table pay_rates enable row level security",
    "alter table pay_rates force row level security",
    "create policy pay_rates_area on pay_rates using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table push_subscriptions enable row level security",
    "alter table push_subscriptions force row level security",
    "create policy push_subscriptions_area on push_subscriptions using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table lone_habits enable row level security",
    "alter table lone_habits force row level security",
    "create policy lone_habits_area on lone_habits using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table swaps enable row level security",
    "alter table swaps force row level security",
    "create policy swaps_area on swaps using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table lone_watches enable row level security",
    "alter table lone_watches force row level security",
    "create policy lone_watches_area on lone_watches using (app_touches(district_id)) with check (app_touches(district_id))",
)

KINDS = "sos fire smoke gas fall other_alarm telephone water_leak inactivity geofence vitals door environment"
TARGETS = "elder device contact caregiver ambulance fire police other"
CHANNELS = "sms voice"
MESSAGES = "alarm_family alarm_community alarm_caregiver alarm_rescue desk_lead test_call visit unspent notice"
BY_WORKER = "case when worker_id is not null then 'worker:' || worker_id when elder_id is not null then 'elder:' || elder_id when home_id is not null then 'home:' || home_id else 'wire:' || coalesce(wire_id, '') end"
BY_ELDER = "case when elder_id is not null then 'elder:' || elder_id when home_id is not null then 'home:' || home_id else 'wire:' || coalesce(wire_id, '') end"


def words(table: str, column: str, constraint: str, values: str) -> None:
    """Which words a column may hold."""
    listed = ", ".join(f"'{value}'" for value in values.split())
    op.execute(f"alter table {table} drop constraint ck_{table}_{constraint}")
    op.execute(f"alter table {table} add constraint ck_{table}_{constraint} check ({column} in ({listed}))")


def vocabulary(kind: str = "", target: str = "", channel: str = "", message: str = "") -> None:
    """What alarms, calls and messages may be of; with a word, one more."""
    words("alarms", "kind", "alarmkind", f"{KINDS} {kind}")
    words("calls", "target", "target", f"{TARGETS} {target}")
    for table, name in (("outbox_messages", "channel"), ("message_templates", "templatechannel")):
        words(table, "channel", name, f"{CHANNELS} {channel}")
    for table, name in (("outbox_messages", "messagekind"), ("message_templates", "templatekind")):
        words(table, "kind", name, f"{MESSAGES} {message}")


def subject(of: str) -> None:
    """Whose alarm it is, computed by the table; PostgreSQL 15 cannot change the expression in place."""
    op.drop_index("uq_alarms_open", table_name="alarms")
    op.drop_index("ix_alarms_closed", table_name="alarms")
    op.drop_column("alarms", "subject")
    op.add_column("alarms", sa.Column("subject", sa.String(), sa.Computed(of, persisted=True), nullable=False))
    op.create_index(
        "uq_alarms_open",
        "alarms",
        ["subject", "kind"],
        unique=True,
        postgresql_where=sa.text("state <> 'closed' and test_id is null"),
    )
    op.create_index("ix_alarms_closed", "alarms", ["subject", "kind", "closed_at"], unique=False)


def upgrade() -> None:
    """New words, new tables, and whose an alarm can be."""
    vocabulary("worker", "worker", "push", "worker_check")
    op.add_column("alarms", sa.Column("worker_id", sa.BigInteger(), nullable=True))
    op.create_index(op.f("ix_alarms_worker_id"), "alarms", ["worker_id"], unique=False)
    op.create_foreign_key(op.f("fk_alarms_worker_id"), "alarms", "caregivers", ["worker_id"], ["id"])
    op.create_check_constraint(op.f("ck_alarms_of_a_worker"), "alarms", "(kind = 'worker') = (worker_id is not null)")
    subject(BY_WORKER)
    op.create_table(
        "labour_limits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("day_minutes", sa.Integer(), nullable=False),
        sa.Column("week_minutes", sa.Integer(), nullable=False),
        sa.Column("overtime_day_minutes", sa.Integer(), nullable=False),
        sa.Column("overtime_month_minutes", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "day_minutes between 60 and 1440 and week_minutes between 60 and 10080",
            name=op.f("ck_labour_limits_limits"),
        ),
        sa.CheckConstraint(
            "overtime_day_minutes >= 0 and overtime_month_minutes >= 0", name=op.f("ck_labour_limits_overtime")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_labour_limits_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labour_limits")),
    )
    op.create_index(op.f("ix_labour_limits_district_id"), "labour_limits", ["district_id"], unique=False)
    op.create_index("ix_labour_limits_starts", "labour_limits", ["district_id", "starts"], unique=False)
    op.create_table(
        "pay_rates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("aid", sa.String(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("cents_per_hour", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("cents_per_hour > 0", name=op.f("ck_pay_rates_cents")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_pay_rates_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_pay_rates_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pay_rates")),
    )
    op.create_index(op.f("ix_pay_rates_district_id"), "pay_rates", ["district_id"], unique=False)
    op.create_index("ix_pay_rates_of", "pay_rates", ["provider_id", "starts"], unique=False)
    op.create_table(
        "push_subscriptions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("p256dh", sa.Text(), nullable=False),
        sa.Column("auth", sa.Text(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_push_subscriptions_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_push_subscriptions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint("endpoint_hash", name=op.f("uq_push_subscriptions_endpoint_hash")),
    )
    op.create_index(op.f("ix_push_subscriptions_district_id"), "push_subscriptions", ["district_id"], unique=False)
    op.create_index(op.f("ix_push_subscriptions_user_id"), "push_subscriptions", ["user_id"], unique=False)
    op.create_table(
        "lone_habits",
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_lone_habits_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_lone_habits_district_id")),
        sa.PrimaryKeyConstraint("caregiver_id", name=op.f("pk_lone_habits")),
    )
    op.create_table(
        "swaps",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "asked",
                "agreed",
                "done",
                "refused",
                "withdrawn",
                "lapsed",
                name="swapstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("against", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_swaps_attendance_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_swaps_district_id")),
        sa.ForeignKeyConstraint(["from_id"], ["caregivers.id"], name=op.f("fk_swaps_from_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_swaps_provider_id")),
        sa.ForeignKeyConstraint(["to_id"], ["caregivers.id"], name=op.f("fk_swaps_to_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_swaps_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_swaps")),
        sa.UniqueConstraint("attendance_id", "to_id", "asked_at", name=op.f("uq_swaps_attendance_id_to_id_asked_at")),
    )
    op.create_index(op.f("ix_swaps_district_id"), "swaps", ["district_id"], unique=False)
    op.create_index(op.f("ix_swaps_from_id"), "swaps", ["from_id"], unique=False)
    op.create_index(op.f("ix_swaps_to_id"), "swaps", ["to_id"], unique=False)
    op.create_index(op.f("ix_swaps_visit_id"), "swaps", ["visit_id"], unique=False)
    op.create_index(
        "uq_swaps_open",
        "swaps",
        ["attendance_id"],
        unique=True,
        postgresql_where=sa.text("state in ('asked', 'agreed')"),
    )
    op.create_table(
        "lone_watches",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "asked",
                "rang",
                "ended",
                name="watchstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_lone_watches_alarm_id")),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_lone_watches_attendance_id")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_lone_watches_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_lone_watches_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lone_watches")),
    )
    op.create_index(op.f("ix_lone_watches_attendance_id"), "lone_watches", ["attendance_id"], unique=False)
    op.create_index(op.f("ix_lone_watches_district_id"), "lone_watches", ["district_id"], unique=False)
    op.create_index(
        "uq_lone_watches_open",
        "lone_watches",
        ["caregiver_id"],
        unique=True,
        postgresql_where=sa.text("state in ('running', 'asked')"),
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    op.drop_index(
        "uq_lone_watches_open", table_name="lone_watches", postgresql_where=sa.text("state in ('running', 'asked')")
    )
    op.drop_index(op.f("ix_lone_watches_district_id"), table_name="lone_watches")
    op.drop_index(op.f("ix_lone_watches_attendance_id"), table_name="lone_watches")
    op.drop_table("lone_watches")
    op.drop_index("uq_swaps_open", table_name="swaps", postgresql_where=sa.text("state in ('asked', 'agreed')"))
    op.drop_index(op.f("ix_swaps_visit_id"), table_name="swaps")
    op.drop_index(op.f("ix_swaps_to_id"), table_name="swaps")
    op.drop_index(op.f("ix_swaps_from_id"), table_name="swaps")
    op.drop_index(op.f("ix_swaps_district_id"), table_name="swaps")
    op.drop_table("swaps")
    op.drop_table("lone_habits")
    op.drop_index(op.f("ix_push_subscriptions_user_id"), table_name="push_subscriptions")
    op.drop_index(op.f("ix_push_subscriptions_district_id"), table_name="push_subscriptions")
    op.drop_table("push_subscriptions")
    op.drop_index("ix_pay_rates_of", table_name="pay_rates")
    op.drop_index(op.f("ix_pay_rates_district_id"), table_name="pay_rates")
    op.drop_table("pay_rates")
    op.drop_index("ix_labour_limits_starts", table_name="labour_limits")
    op.drop_index(op.f("ix_labour_limits_district_id"), table_name="labour_limits")
    op.drop_table("labour_limits")
    op.drop_constraint(op.f("ck_alarms_of_a_worker"), "alarms", type_="check")
    subject(BY_ELDER)
    op.drop_constraint(op.f("fk_alarms_worker_id"), "alarms", type_="foreignkey")
    op.drop_index(op.f("ix_alarms_worker_id"), table_name="alarms")
    op.drop_column("alarms", "worker_id")
    op.execute("update alarms set kind = 'other_alarm' where kind = 'worker'")
    op.execute("update calls set target = 'other' where target = 'worker'")
    op.execute(
        "delete from message_attempts where message_id in (select id from outbox_messages where channel = 'push')"
    )
    op.execute("delete from outbox_messages where channel = 'push'")
    op.execute("update outbox_messages set kind = 'notice' where kind = 'worker_check'")
    op.execute("alter table message_templates disable trigger user")
    op.execute("delete from message_templates where channel = 'push' or kind = 'worker_check'")
    op.execute("alter table message_templates enable trigger user")
    vocabulary()
