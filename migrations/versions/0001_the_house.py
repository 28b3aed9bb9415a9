"""The house: every table, the guards of what may not change, and the fence around what may be seen."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


GUARDS = (
    "create or replace function app_sees(code text) returns boolean language sql stable parallel safe as $$ select current_setting('app.area', true) = '*' or starts_with(code, nullif(current_setting('app.area', true), '')) $$",
    "create or replace function app_touches(district integer) returns boolean language sql stable parallel safe as $$ select current_setting('app.area', true) = '*' or starts_with(nullif(current_setting('app.area', true), ''), lpad(district::text, 6, '0')) or starts_with(lpad(district::text, 6, '0'), nullif(current_setting('app.area', true), '')) $$",
    "create or replace function app_serves(provider bigint) returns boolean language sql stable parallel safe as $$ select coalesce(current_setting('app.area', true), '') <> '' and (coalesce(current_setting('app.provider', true), '') = '' or provider = nullif(current_setting('app.provider', true), '')::bigint) $$",
    "create or replace function app_never_changes() returns trigger language plpgsql as $$ begin raise exception using errcode = 'restrict_violation', message = tg_table_name || ' keeps what was written; add a correction beside it'; end $$",
    "create trigger alarm_events_never_changes before update or delete on alarm_events for each row execute function app_never_changes()",
    "create trigger alarm_events_never_empties before truncate on alarm_events for each statement execute function app_never_changes()",
    "alter table alarm_events enable row level security",
    "alter table alarm_events force row level security",
    "create policy alarm_events_area on alarm_events using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger call_reports_never_changes before update or delete on call_reports for each row execute function app_never_changes()",
    "create trigger call_reports_never_empties before truncate on call_reports for each statement execute function app_never_changes()",
    "create trigger corrections_never_changes before update or delete on corrections for each row execute function app_never_changes()",
    "create trigger corrections_never_empties before truncate on corrections for each statement execute function app_never_changes()",
    "alter table corrections enable row level security",
    "alter table corrections force row level security",
    "create policy corrections_area on corrections using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger history_never_changes before update or delete on history for each row execute function app_never_changes()",
    "create trigger history_never_empties before truncate on history for each statement execute function app_never_changes()",
    "create trigger inbox_messages_never_changes before update or delete on inbox_messages for each row execute function app_never_changes()",
    "create trigger inbox_messages_never_empties before truncate on inbox_messages for each statement execute function app_never_changes()",
    "create trigger ledger_entries_never_changes before update or delete on ledger_entries for each row execute function app_never_changes()",
    "create trigger ledger_entries_never_empties before truncate on ledger_entries for each statement execute function app_never_changes()",
    "alter table ledger_entries enable row level security",
    "alter table ledger_entries force row level security",
    "create policy ledger_entries_area on ledger_entries using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger readings_never_changes before update or delete on readings for each row execute function app_never_changes()",
    "create trigger readings_never_empties before truncate on readings for each statement execute function app_never_changes()",
    "alter table readings enable row level security",
    "alter table readings force row level security",
    "create policy readings_area on readings using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger signals_never_changes before update or delete on signals for each row execute function app_never_changes()",
    "create trigger signals_never_empties before truncate on signals for each statement execute function app_never_changes()",
    "alter table signals enable row level security",
    "alter table signals force row level security",
    "create policy signals_area on signals using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger visit_events_never_changes before update or delete on visit_events for each row execute function app_never_changes()",
    "create trigger visit_events_never_empties before truncate on visit_events for each statement execute function app_never_changes()",
    "alter table visit_events enable row level security",
    "alter table visit_events force row level security",
    "create policy visit_events_area on visit_events using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table outbox_messages enable row level security",
    "alter table outbox_messages force row level security",
    "create policy outbox_messages_area on outbox_messages using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger access_log_never_changes before update or delete on access_log for each row execute function app_never_changes()",
    "create trigger access_log_never_empties before truncate on access_log for each statement execute function app_never_changes()",
    "alter table caregivers enable row level security",
    "alter table caregivers force row level security",
    "create policy caregivers_area on caregivers using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table homes enable row level security",
    "alter table homes force row level security",
    "create policy homes_area on homes using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table elders enable row level security",
    "alter table elders force row level security",
    "create policy elders_area on elders using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table care_team_members enable row level security",
    "alter table care_team_members force row level security",
    "create policy care_team_members_area on care_team_members using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table contacts enable row level security",
    "alter table contacts force row level security",
    "create policy contacts_area on contacts using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table devices enable row level security",
    "alter table devices force row level security",
    "create policy devices_area on devices using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table entitlements enable row level security",
    "alter table entitlements force row level security",
    "create policy entitlements_area on entitlements using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table orders enable row level security",
    "alter table orders force row level security",
    "create policy orders_area on orders using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table alarms enable row level security",
    "alter table alarms force row level security",
    "create policy alarms_area on alarms using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table calls enable row level security",
    "alter table calls force row level security",
    "create policy calls_area on calls using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table device_faults enable row level security",
    "alter table device_faults force row level security",
    "create policy device_faults_area on device_faults using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table visits enable row level security",
    "alter table visits force row level security",
    "create policy visits_area on visits using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table attendances enable row level security",
    "alter table attendances force row level security",
    "create policy attendances_area on attendances using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table pins enable row level security",
    "alter table pins force row level security",
    "create policy pins_area on pins using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table plan_lines enable row level security",
    "alter table plan_lines force row level security",
    "create policy plan_lines_area on plan_lines using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table plan_reasons enable row level security",
    "alter table plan_reasons force row level security",
    "create policy plan_reasons_area on plan_reasons using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table task_results enable row level security",
    "alter table task_results force row level security",
    "create policy task_results_area on task_results using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table visit_flaws enable row level security",
    "alter table visit_flaws force row level security",
    "create policy visit_flaws_area on visit_flaws using (app_sees(division_code)) with check (app_sees(division_code))",
)
RIGHTS = """
    grant usage on schema public to yinling_app;
    grant select, insert, update, delete on all tables in schema public to yinling_app;
    grant usage on all sequences in schema public to yinling_app;
    alter default privileges in schema public grant select, insert, update, delete on tables to yinling_app;
    alter default privileges in schema public grant usage on sequences to yinling_app;
"""


def upgrade() -> None:
    """The house."""
    op.execute("create extension if not exists btree_gist")
    op.execute("do $$ begin create role yinling_app login; exception when duplicate_object then null; end $$")
    op.create_table(
        "alarm_events",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_alarm_events")),
        sa.UniqueConstraint("district_id", "alarm_id", "n", name=op.f("uq_alarm_events_district_id_alarm_id_n")),
        info={"area": "division_code", "append_only": True},
    )
    op.create_table(
        "call_reports",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_call_reports")),
        sa.UniqueConstraint("district_id", "key", name=op.f("uq_call_reports_district_id_key")),
        info={"append_only": True},
    )
    op.create_table(
        "corrections",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("before", sa.DateTime(timezone=True), nullable=True),
        sa.Column("after", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "cause",
            sa.Enum(
                "forgot",
                "device_trouble",
                "no_coverage",
                "wrong_pick",
                "schedule_change",
                "emergency",
                "locked_door",
                "outside_home",
                "system_failure",
                "other",
                name="cause",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "resolution",
            sa.Enum(
                "elder_confirmed",
                "family_confirmed",
                "partner_confirmed",
                "document_seen",
                "provider_stated",
                name="resolution",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("memo", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_corrections")),
        info={"area": "division_code", "provider": "provider_id", "append_only": True},
    )
    op.create_index("ix_corrections_visit", "corrections", ["district_id", "visit_id", "id"], unique=False)
    op.create_table(
        "device_models",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("maker", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "help_button",
                "watch",
                "fall_sensor",
                "smoke_sensor",
                "gas_sensor",
                "water_sensor",
                "motion_sensor",
                "door_sensor",
                "bed_sensor",
                "gateway",
                name="devicekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("says", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("heartbeat_seconds", sa.Integer(), nullable=False),
        sa.Column("worn", sa.Boolean(), nullable=False),
        sa.Column("voice", sa.Boolean(), nullable=False),
        sa.CheckConstraint("heartbeat_seconds > 0", name=op.f("ck_device_models_heartbeat")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_models")),
    )
    op.create_table(
        "districts",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_districts")),
    )
    op.create_table(
        "event_outcomes",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "accepted",
                "repeated",
                "attention",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "event_id", name=op.f("pk_event_outcomes")),
    )
    op.create_index(
        "ix_event_outcomes_attention",
        "event_outcomes",
        ["district_id", "attendance_id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'attention'"),
    )
    op.create_table(
        "history",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("before", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_history")),
        info={"append_only": True},
    )
    op.create_index("ix_history_subject", "history", ["district_id", "subject", "subject_id", "id"], unique=False)
    op.create_table(
        "inbox_messages",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("transport", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload_hash", sa.String(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "stored", "retained", "set_aside", name="outcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_inbox_messages")),
        sa.UniqueConstraint("district_id", "source_key", name=op.f("uq_inbox_messages_district_id_source_key")),
        info={"append_only": True},
    )
    op.create_index(
        "ix_inbox_messages_aside",
        "inbox_messages",
        ["district_id", "id"],
        unique=False,
        postgresql_where=sa.text("outcome = 'set_aside'"),
    )
    op.create_table(
        "kept_answers",
        sa.Column("caller", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("caller", "key", name=op.f("pk_kept_answers")),
    )
    op.create_table(
        "ledger_entries",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "grant",
                "reserve",
                "capture",
                "release",
                "expire",
                "adjust",
                "refund",
                name="entrykind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "source",
            sa.Enum(
                "budget",
                "free",
                "reserved",
                "captured",
                "expired",
                "purse",
                "owed",
                name="source",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "target",
            sa.Enum(
                "budget",
                "free",
                "reserved",
                "captured",
                "expired",
                "purse",
                "owed",
                name="target",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("program_id", sa.Integer(), nullable=True),
        sa.Column("entitlement_id", sa.Integer(), nullable=True),
        sa.Column("order_id", sa.Integer(), nullable=True),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("provider_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'grant' and source = 'budget' and target = 'free') or (kind = 'reserve' and source = 'free' and target = 'reserved') or (kind = 'capture' and source = 'purse' and target = 'owed') or (kind = 'capture' and source = 'reserved' and target = 'captured') or (kind = 'release' and source = 'reserved' and target = 'free') or (kind = 'expire' and source = 'free' and target = 'expired') or (kind = 'adjust' and source = 'budget' and target = 'free') or (kind = 'adjust' and source = 'free' and target = 'budget') or (kind = 'refund' and source = 'captured' and target = 'free') or (kind = 'refund' and source = 'owed' and target = 'purse')",
            name=op.f("ck_ledger_entries_way"),
        ),
        sa.CheckConstraint(
            "(source in ('purse', 'owed')) = (entitlement_id is null)", name=op.f("ck_ledger_entries_entitlement")
        ),
        sa.CheckConstraint(
            "kind not in ('capture', 'refund') or (visit_id is not null and provider_id is not null)",
            name=op.f("ck_ledger_entries_earned"),
        ),
        sa.CheckConstraint("(entitlement_id is null) = (program_id is null)", name=op.f("ck_ledger_entries_program")),
        sa.CheckConstraint("cents > 0", name=op.f("ck_ledger_entries_positive")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_ledger_entries")),
        info={"append_only": True, "area": "division_code"},
    )
    op.create_index(
        "ix_ledger_entries_elder", "ledger_entries", ["district_id", "elder_id", "month", "id"], unique=False
    )
    op.create_index("ix_ledger_entries_entitlement", "ledger_entries", ["district_id", "entitlement_id"], unique=False)
    op.create_index("ix_ledger_entries_visit", "ledger_entries", ["district_id", "visit_id"], unique=False)
    op.create_table(
        "person_keys",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("wrapped", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_person_keys")),
    )
    op.create_table(
        "pulses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("well", sa.Boolean(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pulses")),
        sa.UniqueConstraint("name", name=op.f("uq_pulses_name")),
    )
    op.create_table(
        "readings",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_readings")),
        info={"area": "division_code", "append_only": True},
    )
    op.create_index("ix_readings_device", "readings", ["district_id", "device_id", "id"], unique=False)
    op.create_table(
        "signals",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("wire_id", sa.String(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("repeat", sa.String(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_off", sa.Integer(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=True),
        sa.Column("battery", sa.Double(), nullable=True),
        sa.Column("said", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_signals")),
        info={"area": "division_code", "append_only": True},
    )
    op.create_index("ix_signals_device", "signals", ["district_id", "device_id", "id"], unique=False)
    op.create_index(
        "ix_signals_repeat",
        "signals",
        ["repeat", "received_at"],
        unique=False,
        postgresql_where=sa.text("repeat is not null"),
    )
    op.create_table(
        "visit_events",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "accept",
                "decline",
                "depart",
                "arrive",
                "start",
                "task",
                "finish",
                "not_delivered",
                "note",
                name="eventkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("accuracy_m", sa.Double(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=True),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_visit_events")),
        sa.UniqueConstraint("district_id", "event_id", name=op.f("uq_visit_events_district_id_event_id")),
        info={"area": "division_code", "provider": "provider_id", "append_only": True},
    )
    op.create_index("ix_visit_events_attendance", "visit_events", ["district_id", "attendance_id", "seq"], unique=False)
    op.create_index("ix_visit_events_visit", "visit_events", ["district_id", "visit_id", "id"], unique=False)
    op.create_table(
        "divisions",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=True),
        sa.Column(
            "level",
            sa.Enum(
                "district",
                "street",
                "community",
                "village",
                name="level",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("valid_from", sa.Date(), server_default=sa.text("'2000-01-01'"), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_divisions_district_id")),
        sa.ForeignKeyConstraint(["parent_code"], ["divisions.code"], name=op.f("fk_divisions_parent_code")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_divisions")),
    )
    op.create_index(op.f("ix_divisions_district_id"), "divisions", ["district_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "done",
                "stopped",
                "failed",
                name="jobstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("stop", sa.Boolean(), nullable=False),
        sa.Column("progress", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("beat_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_jobs_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_district_id"), "jobs", ["district_id"], unique=False)
    op.create_index(
        "ix_jobs_open", "jobs", ["beat_at"], unique=False, postgresql_where=sa.text("state in ('queued', 'running')")
    )
    op.create_table(
        "map_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=True),
        sa.Column("points", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_map_lines_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_map_lines")),
    )
    op.create_index(op.f("ix_map_lines_district_id"), "map_lines", ["district_id"], unique=False)
    op.create_table(
        "outbox_messages",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column(
            "channel",
            sa.Enum("sms", "voice", name="channel", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("to_whom", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("about", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("via", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_outbox_messages_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_messages")),
        sa.UniqueConstraint("district_id", "key", name=op.f("uq_outbox_messages_district_id_key")),
        info={"area": "division_code"},
    )
    op.create_index("ix_outbox_messages_about", "outbox_messages", ["about"], unique=False)
    op.create_index(op.f("ix_outbox_messages_district_id"), "outbox_messages", ["district_id"], unique=False)
    op.create_index(
        "ix_outbox_messages_due",
        "outbox_messages",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("due_at is not null"),
    )
    op.create_table(
        "plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
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
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("cost", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_plans_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("district_id", "day", "version", name=op.f("uq_plans_district_id_day_version")),
    )
    op.create_index(op.f("ix_plans_district_id"), "plans", ["district_id"], unique=False)
    op.create_index(
        "uq_plans_one_draft", "plans", ["district_id", "day"], unique=True, postgresql_where=sa.text("state = 'draft'")
    )
    op.create_index(
        "uq_plans_one_drafting",
        "plans",
        ["district_id", "day"],
        unique=True,
        postgresql_where=sa.text("state = 'drafting'"),
    )
    op.create_index(
        "uq_plans_one_published",
        "plans",
        ["district_id", "day"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "programs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("share_percent", sa.Integer(), nullable=False),
        sa.Column("aids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("excluded_categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("share_percent between 1 and 100", name=op.f("ck_programs_share")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_programs_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_programs")),
        sa.UniqueConstraint("district_id", "code", name=op.f("uq_programs_district_id_code")),
    )
    op.create_index(op.f("ix_programs_district_id"), "programs", ["district_id"], unique=False)
    op.create_table(
        "providers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("credit_code", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("grade", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_providers_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
    )
    op.create_index(op.f("ix_providers_district_id"), "providers", ["district_id"], unique=False)
    op.create_table(
        "service_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column(
            "aid",
            sa.Enum(
                "meal",
                "cleaning",
                "bathing",
                "medical",
                "urgent",
                "mobility",
                name="aidcategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("minutes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("least_percent", sa.Integer(), nullable=False),
        sa.Column("needs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("caregivers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("same_sex", sa.Boolean(), nullable=False),
        sa.Column("tasks", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("windows", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("least_percent between 0 and 100", name=op.f("ck_service_items_percent")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_service_items_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_items")),
        sa.UniqueConstraint("district_id", "code", name=op.f("uq_service_items_district_id_code")),
    )
    op.create_index(op.f("ix_service_items_district_id"), "service_items", ["district_id"], unique=False)
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "operator",
                "shift_lead",
                "dispatcher",
                "caregiver",
                "responder",
                "manager",
                "assessor",
                "supervisor",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=True),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=True),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_users_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("login", name=op.f("uq_users_login")),
    )
    op.create_index(
        "uq_users_caregiver",
        "users",
        ["caregiver_id"],
        unique=True,
        postgresql_where=sa.text("caregiver_id is not null"),
    )
    op.create_table(
        "access_log",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.Integer(), nullable=True),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_access_log_user_id")),
        sa.PrimaryKeyConstraint("district_id", "id", name=op.f("pk_access_log")),
        info={"append_only": True},
    )
    op.create_index("ix_access_log_elder", "access_log", ["district_id", "elder_id", "at"], unique=False)
    op.create_table(
        "caregivers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("female", "male", name="sex", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column(
            "mode",
            sa.Enum("walk", "ebike", "car", name="mode", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("responder", sa.Boolean(), nullable=False),
        sa.Column("weekly_minutes", sa.Integer(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_caregivers_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_caregivers_division_code")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_caregivers_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caregivers")),
        info={"district": "district_id", "provider": "provider_id"},
    )
    op.create_index(op.f("ix_caregivers_district_id"), "caregivers", ["district_id"], unique=False)
    op.create_index(op.f("ix_caregivers_provider_id"), "caregivers", ["provider_id"], unique=False)
    op.create_table(
        "contracts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("areas", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("aids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_contracts_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_contracts_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
    )
    op.create_index(op.f("ix_contracts_district_id"), "contracts", ["district_id"], unique=False)
    op.create_table(
        "duties",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_duties_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_duties_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duties")),
    )
    op.create_index(op.f("ix_duties_district_id"), "duties", ["district_id"], unique=False)
    op.create_index("uq_duties_open", "duties", ["user_id"], unique=True, postgresql_where=sa.text("ended_at is null"))
    op.create_table(
        "facilities",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "street_center",
                "community_center",
                "day_care_center",
                "canteen",
                "station",
                "rural_happiness_home",
                name="tier",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("above_id", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.BigInteger(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("phone", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["above_id"], ["facilities.id"], name=op.f("fk_facilities_above_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_facilities_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_facilities_division_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_facilities")),
    )
    op.create_index(op.f("ix_facilities_district_id"), "facilities", ["district_id"], unique=False)
    op.create_table(
        "homes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("estate", sa.String(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("access_note", sa.Text(), nullable=True),
        sa.Column("floor", sa.Integer(), nullable=False),
        sa.Column("lift", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_homes_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_homes_division_code")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_homes")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_homes_district_id"), "homes", ["district_id"], unique=False)
    op.create_index(op.f("ix_homes_division_code"), "homes", ["division_code"], unique=False)
    op.create_table(
        "logins",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("csrf", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_logins_user_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_logins")),
    )
    op.create_index(op.f("ix_logins_user_id"), "logins", ["user_id"], unique=False)
    op.create_table(
        "prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum("visit", "hour", name="priceunit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_prices_not_negative")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_prices_district_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_prices_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
        sa.UniqueConstraint("item_id", "area", "starts", name=op.f("uq_prices_item_id_area_starts")),
    )
    op.create_index(op.f("ix_prices_district_id"), "prices", ["district_id"], unique=False)
    op.create_table(
        "program_amounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
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
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_program_amounts_not_negative")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_program_amounts_district_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_program_amounts_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_amounts")),
        sa.UniqueConstraint("program_id", "level", "starts", name=op.f("uq_program_amounts_program_id_level_starts")),
    )
    op.create_index(op.f("ix_program_amounts_district_id"), "program_amounts", ["district_id"], unique=False)
    op.create_table(
        "absences",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_absences_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_absences_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absences")),
    )
    op.create_index(op.f("ix_absences_caregiver_id"), "absences", ["caregiver_id"], unique=False)
    op.create_index(op.f("ix_absences_district_id"), "absences", ["district_id"], unique=False)
    op.create_table(
        "certificates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "skill",
            sa.Enum(
                "cleaning",
                "meals",
                "errands",
                "bathing",
                "rehab",
                "nursing",
                "escort",
                "first_aid",
                name="skill",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.String(), nullable=True),
        sa.Column("expires", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_certificates_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_certificates_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("caregiver_id", "skill", name=op.f("uq_certificates_caregiver_id_skill")),
    )
    op.create_index(op.f("ix_certificates_caregiver_id"), "certificates", ["caregiver_id"], unique=False)
    op.create_index(op.f("ix_certificates_district_id"), "certificates", ["district_id"], unique=False)
    op.create_table(
        "elders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("pinyin", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column(
            "sex",
            sa.Enum("female", "male", name="sex", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("born", sa.Date(), nullable=False),
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
            nullable=False,
        ),
        sa.Column(
            "register",
            sa.Enum(
                "purchased_service",
                "welfare_visits",
                name="register",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("categories", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_hash", sa.String(), nullable=True),
        sa.Column("phone_tail_hash", sa.String(), nullable=True),
        sa.Column("id_number", sa.Text(), nullable=True),
        sa.Column("id_hash", sa.String(), nullable=True),
        sa.Column("id_tail_hash", sa.String(), nullable=True),
        sa.Column("id_unverified", sa.String(), nullable=True),
        sa.Column("health", sa.Text(), nullable=False),
        sa.Column("wishes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("away", sa.String(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_reason", sa.String(), nullable=True),
        sa.CheckConstraint("id_hash is not null or id_unverified is not null", name=op.f("ck_elders_number_or_reason")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_elders_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_elders_division_code")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_elders_home_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_elders")),
        sa.UniqueConstraint("district_id", "id_hash", name=op.f("uq_elders_district_id_id_hash")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_elders_district_id"), "elders", ["district_id"], unique=False)
    op.create_index(op.f("ix_elders_division_code"), "elders", ["division_code"], unique=False)
    op.create_index(op.f("ix_elders_home_id"), "elders", ["home_id"], unique=False)
    op.create_index(op.f("ix_elders_id_tail_hash"), "elders", ["id_tail_hash"], unique=False)
    op.create_index(op.f("ix_elders_name"), "elders", ["name"], unique=False)
    op.create_index(op.f("ix_elders_phone_hash"), "elders", ["phone_hash"], unique=False)
    op.create_index(op.f("ix_elders_phone_tail_hash"), "elders", ["phone_tail_hash"], unique=False)
    op.create_index("ix_elders_spelled", "elders", [sa.literal_column("(pinyin[1])"), "id"], unique=False)
    op.create_table(
        "shifts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_shifts_forward")),
        sa.CheckConstraint("weekday between 0 and 6", name=op.f("ck_shifts_weekday")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_shifts_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_shifts_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_shifts")),
        sa.UniqueConstraint("caregiver_id", "weekday", "starts", name=op.f("uq_shifts_caregiver_id_weekday_starts")),
    )
    op.create_index(op.f("ix_shifts_caregiver_id"), "shifts", ["caregiver_id"], unique=False)
    op.create_index(op.f("ix_shifts_district_id"), "shifts", ["district_id"], unique=False)
    op.create_table(
        "care_team_members",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "guardian",
                "carer",
                "responsible",
                "caregiver",
                "social_worker",
                name="teamrole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_care_team_members_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_team_members_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_team_members")),
        sa.UniqueConstraint("elder_id", "role", name=op.f("uq_care_team_members_elder_id_role")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_care_team_members_district_id"), "care_team_members", ["district_id"], unique=False)
    op.create_index(op.f("ix_care_team_members_elder_id"), "care_team_members", ["elder_id"], unique=False)
    op.create_table(
        "contacts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column(
            "relation",
            sa.Enum(
                "spouse",
                "son",
                "daughter",
                "grandchild",
                "sibling",
                "neighbour",
                "key_holder",
                "community_worker",
                "other",
                name="relation",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("phone", sa.Text(), nullable=False),
        sa.Column("phone_hash", sa.String(), nullable=False),
        sa.Column("is_emergency", sa.Boolean(), nullable=False),
        sa.Column("has_key", sa.Boolean(), nullable=False),
        sa.Column("minutes_away", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_contacts_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_contacts_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
        sa.UniqueConstraint("elder_id", "rank", name=op.f("uq_contacts_elder_id_rank")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_contacts_district_id"), "contacts", ["district_id"], unique=False)
    op.create_index(op.f("ix_contacts_elder_id"), "contacts", ["elder_id"], unique=False)
    op.create_index(op.f("ix_contacts_phone_hash"), "contacts", ["phone_hash"], unique=False)
    op.create_table(
        "devices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("wire_id", sa.String(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=True),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("spot", sa.String(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "in_stock",
                "active",
                "retired",
                name="devicestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("battery", sa.Double(), nullable=True),
        sa.Column(
            "link",
            sa.Enum("unknown", "online", "offline", name="link", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("link_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("credential_hash", sa.String(), nullable=True),
        sa.CheckConstraint(
            "state <> 'active' or home_id is not null or elder_id is not null", name=op.f("ck_devices_somewhere")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_devices_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_devices_elder_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_devices_home_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_models.id"], name=op.f("fk_devices_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_devices")),
        sa.UniqueConstraint("wire_id", name=op.f("uq_devices_wire_id")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_devices_district_id"), "devices", ["district_id"], unique=False)
    op.create_index(op.f("ix_devices_division_code"), "devices", ["division_code"], unique=False)
    op.create_index(op.f("ix_devices_elder_id"), "devices", ["elder_id"], unique=False)
    op.create_index(op.f("ix_devices_home_id"), "devices", ["home_id"], unique=False)
    op.create_table(
        "entitlements",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
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
            nullable=False,
        ),
        sa.Column("granted_cents", sa.Integer(), nullable=False),
        sa.Column("free_cents", sa.Integer(), nullable=False),
        sa.Column("reserved_cents", sa.Integer(), nullable=False),
        sa.Column("captured_cents", sa.Integer(), nullable=False),
        sa.Column("expired_cents", sa.Integer(), nullable=False),
        sa.CheckConstraint("captured_cents >= 0", name=op.f("ck_entitlements_captured")),
        sa.CheckConstraint("expired_cents >= 0", name=op.f("ck_entitlements_expired")),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_entitlements_first_day")),
        sa.CheckConstraint("free_cents >= 0", name=op.f("ck_entitlements_free")),
        sa.CheckConstraint(
            "granted_cents = free_cents + reserved_cents + captured_cents + expired_cents",
            name=op.f("ck_entitlements_nothing_lost"),
        ),
        sa.CheckConstraint("reserved_cents >= 0", name=op.f("ck_entitlements_reserved")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_entitlements_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_entitlements_elder_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_entitlements_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entitlements")),
        sa.UniqueConstraint("elder_id", "month", "program_id", name=op.f("uq_entitlements_elder_id_month_program_id")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_entitlements_district_id"), "entitlements", ["district_id"], unique=False)
    op.create_index("ix_entitlements_month", "entitlements", ["month"], unique=False)
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "received",
                "confirmed",
                "closed",
                "cancelled",
                name="orderstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "hotline",
                "desk",
                "community",
                "alarm",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "payer",
            sa.Enum("entitlement", "none", name="payer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("allowance_cents", sa.Integer(), nullable=False),
        sa.Column("self_pay_cents", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_by", sa.String(), nullable=False),
        sa.Column("visits_open", sa.Integer(), nullable=False),
        sa.Column("visits_tried", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("price_cents = allowance_cents + self_pay_cents", name=op.f("ck_orders_paid")),
        sa.CheckConstraint("visits_open >= 0", name=op.f("ck_orders_visits_open")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_orders_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_orders_division_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_orders_elder_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_orders_home_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_orders_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_orders")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_orders_district_id"), "orders", ["district_id"], unique=False)
    op.create_index(op.f("ix_orders_division_code"), "orders", ["division_code"], unique=False)
    op.create_index(op.f("ix_orders_elder_id"), "orders", ["elder_id"], unique=False)
    op.create_index("ix_orders_state", "orders", ["district_id", "state", "id"], unique=False)
    op.create_table(
        "alarms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("home_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("wire_id", sa.String(), nullable=True),
        sa.Column(
            "subject",
            sa.String(),
            sa.Computed(
                "case when elder_id is not null then 'elder:' || elder_id when home_id is not null then 'home:' || home_id else 'wire:' || coalesce(wire_id, '') end",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "sos",
                "fire",
                "smoke",
                "gas",
                "fall",
                "other_alarm",
                "telephone",
                "water_leak",
                "inactivity",
                "geofence",
                name="alarmkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "ringing",
                "claimed",
                "contacting",
                "dispatched",
                "on_site",
                "follow_up",
                "closed",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column(
            "rings",
            sa.Enum("assigned", "all", "lead", name="rings", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clock_off", sa.Integer(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("linked_id", sa.BigInteger(), nullable=True),
        sa.Column("assigned_to", sa.BigInteger(), nullable=True),
        sa.Column("claimed_by", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contacted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dispatched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=True),
        sa.Column("eta_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspend_reason", sa.Text(), nullable=True),
        sa.Column(
            "verdict",
            sa.Enum(
                "real",
                "false",
                "accidental",
                "test",
                "life_help",
                "technical",
                name="verdict",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("log_length", sa.Integer(), nullable=False),
        sa.Column("log_head", sa.String(), nullable=False),
        sa.CheckConstraint("(state = 'closed') = (closed_at is not null)", name=op.f("ck_alarms_closed")),
        sa.CheckConstraint("state <> 'closed' or verdict is not null", name=op.f("ck_alarms_closed_for_a_reason")),
        sa.CheckConstraint("state <> 'ringing' or claimed_by is null", name=op.f("ck_alarms_ringing_is_nobodys")),
        sa.CheckConstraint("state = 'ringing' or claimed_by is not null", name=op.f("ck_alarms_attended_is_somebodys")),
        sa.CheckConstraint("count > 0", name=op.f("ck_alarms_count")),
        sa.ForeignKeyConstraint(["assigned_to"], ["users.id"], name=op.f("fk_alarms_assigned_to")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_alarms_caregiver_id")),
        sa.ForeignKeyConstraint(["claimed_by"], ["users.id"], name=op.f("fk_alarms_claimed_by")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_alarms_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_alarms_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_alarms_elder_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_alarms_home_id")),
        sa.ForeignKeyConstraint(["linked_id"], ["alarms.id"], name=op.f("fk_alarms_linked_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        info={"area": "division_code"},
    )
    op.create_index("ix_alarms_closed", "alarms", ["subject", "kind", "closed_at"], unique=False)
    op.create_index(op.f("ix_alarms_device_id"), "alarms", ["device_id"], unique=False)
    op.create_index(op.f("ix_alarms_district_id"), "alarms", ["district_id"], unique=False)
    op.create_index(op.f("ix_alarms_elder_id"), "alarms", ["elder_id"], unique=False)
    op.create_index(
        "ix_alarms_queue",
        "alarms",
        ["district_id", "priority", "raised_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed'"),
    )
    op.create_index(op.f("ix_alarms_visit_id"), "alarms", ["visit_id"], unique=False)
    op.create_index(
        "uq_alarms_open", "alarms", ["subject", "kind"], unique=True, postgresql_where=sa.text("state <> 'closed'")
    )
    op.create_table(
        "calls",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("call_id", sa.String(), nullable=True),
        sa.Column(
            "direction",
            sa.Enum("inbound", "outbound", name="direction", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "dialling",
                "ringing",
                "answered",
                "ended",
                name="callstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "target",
            sa.Enum(
                "elder",
                "device",
                "contact",
                "caregiver",
                "ambulance",
                "fire",
                "police",
                "other",
                name="target",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("phone_hash", sa.String(), nullable=True),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column("user_id", sa.BigInteger(), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                "answered",
                "safe",
                "help",
                "no_answer",
                "busy",
                "refused",
                "wrong_number",
                "off",
                name="result",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("recording", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_calls_contact_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_calls_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_calls_elder_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_calls_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calls")),
        sa.UniqueConstraint("district_id", "call_id", name=op.f("uq_calls_district_id_call_id")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_calls_alarm_id"), "calls", ["alarm_id"], unique=False)
    op.create_index(op.f("ix_calls_district_id"), "calls", ["district_id"], unique=False)
    op.create_index(op.f("ix_calls_elder_id"), "calls", ["elder_id"], unique=False)
    op.create_index(
        "ix_calls_open", "calls", ["district_id", "state"], unique=False, postgresql_where=sa.text("state <> 'ended'")
    )
    op.create_index(op.f("ix_calls_phone_hash"), "calls", ["phone_hash"], unique=False)
    op.create_table(
        "device_faults",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "low_battery",
                "tamper",
                "offline",
                "silent",
                name="fault",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_faults_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_device_faults_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_faults")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_device_faults_device_id"), "device_faults", ["device_id"], unique=False)
    op.create_index(op.f("ix_device_faults_district_id"), "device_faults", ["district_id"], unique=False)
    op.create_index(
        "uq_device_faults_open",
        "device_faults",
        ["device_id", "kind"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=True),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("item_code", sa.String(), nullable=False),
        sa.Column(
            "aid",
            sa.Enum(
                "meal",
                "cleaning",
                "bathing",
                "medical",
                "urgent",
                "mobility",
                name="aidcategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "planned",
                "published",
                "under_way",
                "done",
                "held",
                "verified",
                "not_delivered",
                "cancelled",
                name="visitstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("least_minutes", sa.Integer(), nullable=False),
        sa.Column("needs", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("caregivers_needed", sa.Integer(), nullable=False),
        sa.Column("same_sex", sa.Boolean(), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("price_cents", sa.Integer(), nullable=False),
        sa.Column("allowance_cents", sa.Integer(), nullable=False),
        sa.Column("self_pay_cents", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'verified' or provider_id is not null", name=op.f("ck_visits_earned")),
        sa.CheckConstraint(
            "state not in ('planned', 'published') or starts_at is not null", name=op.f("ck_visits_planned_start")
        ),
        sa.CheckConstraint("caregivers_needed between 1 and 2", name=op.f("ck_visits_caregivers")),
        sa.CheckConstraint("minutes > 0 and least_minutes between 0 and minutes", name=op.f("ck_visits_minutes")),
        sa.CheckConstraint("opens <= closes", name=op.f("ck_visits_window")),
        sa.CheckConstraint("price_cents = allowance_cents + self_pay_cents", name=op.f("ck_visits_paid")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visits_district_id")),
        sa.ForeignKeyConstraint(["division_code"], ["divisions.code"], name=op.f("fk_visits_division_code")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_visits_elder_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_visits_home_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_visits_item_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_visits_order_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_visits_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visits")),
        info={"area": "division_code", "provider": "provider_id"},
    )
    op.create_index("ix_visits_day", "visits", ["district_id", "opens"], unique=False)
    op.create_index(op.f("ix_visits_district_id"), "visits", ["district_id"], unique=False)
    op.create_index("ix_visits_elder", "visits", ["elder_id", "opens"], unique=False)
    op.create_index(op.f("ix_visits_order_id"), "visits", ["order_id"], unique=False)
    op.create_index(op.f("ix_visits_provider_id"), "visits", ["provider_id"], unique=False)
    op.create_index("ix_visits_state", "visits", ["district_id", "state", "opens"], unique=False)
    op.create_table(
        "alarm_timers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "ring_all",
                "ring_lead",
                "call_family",
                "idle_claim",
                "resume",
                name="timerkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("late_seconds", sa.Integer(), nullable=True),
        sa.Column("dropped_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("fired_at is null or dropped_at is null", name=op.f("ck_alarm_timers_one_end")),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_timers_alarm_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_alarm_timers_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_timers")),
        sa.UniqueConstraint("alarm_id", "kind", "round", name=op.f("uq_alarm_timers_alarm_id_kind_round")),
    )
    op.create_index(op.f("ix_alarm_timers_district_id"), "alarm_timers", ["district_id"], unique=False)
    op.create_index(
        "ix_alarm_timers_due",
        "alarm_timers",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("fired_at is null and dropped_at is null"),
    )
    op.create_table(
        "attendances",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "assigned",
                "accepted",
                "on_the_way",
                "arrived",
                "in_service",
                "finished",
                "declined",
                "withdrawn",
                name="attendancestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("caregiver_id"), "="),
            (sa.column("urgent"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            where=sa.text("state in ('accepted', 'arrived', 'assigned', 'in_service', 'on_the_way')"),
            deferrable="True",
            using="gist",
            name="ex_attendances_overlap",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_attendances_forward")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_attendances_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_attendances_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_attendances_plan_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_attendances_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_attendances_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendances")),
        info={"area": "division_code", "provider": "provider_id"},
    )
    op.create_index("ix_attendances_day_of", "attendances", ["caregiver_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_attendances_district_id"), "attendances", ["district_id"], unique=False)
    op.create_index(op.f("ix_attendances_provider_id"), "attendances", ["provider_id"], unique=False)
    op.create_index("ix_attendances_starts", "attendances", ["district_id", "starts_at"], unique=False)
    op.create_index(op.f("ix_attendances_visit_id"), "attendances", ["visit_id"], unique=False)
    op.create_index(
        "uq_attendances_active",
        "attendances",
        ["visit_id", "caregiver_id"],
        unique=True,
        postgresql_where=sa.text("state in ('accepted', 'arrived', 'assigned', 'in_service', 'on_the_way')"),
    )
    op.create_table(
        "pins",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waived", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_pins_district_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_pins_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pins")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_pins_district_id"), "pins", ["district_id"], unique=False)
    op.create_index("uq_pins_one_open", "pins", ["visit_id"], unique=True, postgresql_where=sa.text("ended_at is null"))
    op.create_table(
        "plan_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("plan_id"), "="),
            (sa.column("caregiver_id"), "="),
            (sa.text("tstzrange(starts_at, ends_at)"), "&&"),
            using="gist",
            name="ex_plan_lines_overlap",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_plan_lines_forward")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_plan_lines_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_plan_lines_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_lines_plan_id"), ondelete="cascade"),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_plan_lines_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_plan_lines_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_lines")),
        sa.UniqueConstraint("plan_id", "visit_id", "rank", name=op.f("uq_plan_lines_plan_id_visit_id_rank")),
        info={"area": "division_code", "provider": "provider_id"},
    )
    op.create_index(op.f("ix_plan_lines_district_id"), "plan_lines", ["district_id"], unique=False)
    op.create_index(op.f("ix_plan_lines_plan_id"), "plan_lines", ["plan_id"], unique=False)
    op.create_index(op.f("ix_plan_lines_visit_id"), "plan_lines", ["visit_id"], unique=False)
    op.create_table(
        "plan_reasons",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("blocking", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remedy", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("sentence", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_plan_reasons_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_reasons_plan_id"), ondelete="cascade"),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_plan_reasons_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_reasons")),
        sa.UniqueConstraint("plan_id", "visit_id", name=op.f("uq_plan_reasons_plan_id_visit_id")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_plan_reasons_district_id"), "plan_reasons", ["district_id"], unique=False)
    op.create_index(op.f("ix_plan_reasons_plan_id"), "plan_reasons", ["plan_id"], unique=False)
    op.create_table(
        "task_results",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "done",
                "not_done",
                "refused",
                "not_applicable",
                name="taskoutcome",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_task_results_attendance_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_task_results_district_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_task_results_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_results")),
        sa.UniqueConstraint("attendance_id", "task", name=op.f("uq_task_results_attendance_id_task")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_task_results_district_id"), "task_results", ["district_id"], unique=False)
    op.create_index(op.f("ix_task_results_visit_id"), "task_results", ["visit_id"], unique=False)
    op.create_table(
        "visit_flaws",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "flaw",
            sa.Enum(
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
                name="flaw",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("resolution", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_visit_flaws_attendance_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_visit_flaws_district_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_visit_flaws_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit_flaws")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_visit_flaws_district_id"), "visit_flaws", ["district_id"], unique=False)
    op.create_index(
        "ix_visit_flaws_open",
        "visit_flaws",
        ["district_id", "flaw"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null"),
    )
    op.create_index(op.f("ix_visit_flaws_visit_id"), "visit_flaws", ["visit_id"], unique=False)
    op.create_index(
        "uq_visit_flaws_not_started",
        "visit_flaws",
        ["visit_id"],
        unique=True,
        postgresql_where=sa.text("resolved_at is null and flaw = 'not_started'"),
    )
    op.create_foreign_key("fk_users_caregiver_id", "users", "caregivers", ["caregiver_id"], ["id"])
    op.create_foreign_key("fk_users_provider_id", "users", "providers", ["provider_id"], ["id"])
    op.create_foreign_key("fk_facilities_provider_id", "facilities", "providers", ["provider_id"], ["id"])
    for statement in GUARDS:
        op.execute(statement)
    op.execute(RIGHTS)


def downgrade() -> None:
    """Back to the schema before."""
    op.drop_constraint("fk_users_caregiver_id", "users", type_="foreignkey")
    op.drop_constraint("fk_users_provider_id", "users", type_="foreignkey")
    op.drop_constraint("fk_facilities_provider_id", "facilities", type_="foreignkey")
    op.drop_index(
        "uq_visit_flaws_not_started",
        table_name="visit_flaws",
        postgresql_where=sa.text("resolved_at is null and flaw = 'not_started'"),
    )
    op.drop_index(op.f("ix_visit_flaws_visit_id"), table_name="visit_flaws")
    op.drop_index("ix_visit_flaws_open", table_name="visit_flaws", postgresql_where=sa.text("resolved_at is null"))
    op.drop_index(op.f("ix_visit_flaws_district_id"), table_name="visit_flaws")
    op.drop_table("visit_flaws")
    op.drop_index(op.f("ix_task_results_visit_id"), table_name="task_results")
    op.drop_index(op.f("ix_task_results_district_id"), table_name="task_results")
    op.drop_table("task_results")
    op.drop_index(op.f("ix_plan_reasons_plan_id"), table_name="plan_reasons")
    op.drop_index(op.f("ix_plan_reasons_district_id"), table_name="plan_reasons")
    op.drop_table("plan_reasons")
    op.drop_index(op.f("ix_plan_lines_visit_id"), table_name="plan_lines")
    op.drop_index(op.f("ix_plan_lines_plan_id"), table_name="plan_lines")
    op.drop_index(op.f("ix_plan_lines_district_id"), table_name="plan_lines")
    op.drop_table("plan_lines")
    op.drop_index("uq_pins_one_open", table_name="pins", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_pins_district_id"), table_name="pins")
    op.drop_table("pins")
    op.drop_index(
        "uq_attendances_active",
        table_name="attendances",
        postgresql_where=sa.text("state in ('accepted', 'arrived', 'assigned', 'in_service', 'on_the_way')"),
    )
    op.drop_index(op.f("ix_attendances_visit_id"), table_name="attendances")
    op.drop_index("ix_attendances_starts", table_name="attendances")
    op.drop_index(op.f("ix_attendances_provider_id"), table_name="attendances")
    op.drop_index(op.f("ix_attendances_district_id"), table_name="attendances")
    op.drop_index("ix_attendances_day_of", table_name="attendances")
    op.drop_table("attendances")
    op.drop_index(
        "ix_alarm_timers_due",
        table_name="alarm_timers",
        postgresql_where=sa.text("fired_at is null and dropped_at is null"),
    )
    op.drop_index(op.f("ix_alarm_timers_district_id"), table_name="alarm_timers")
    op.drop_table("alarm_timers")
    op.drop_index("ix_visits_state", table_name="visits")
    op.drop_index(op.f("ix_visits_provider_id"), table_name="visits")
    op.drop_index(op.f("ix_visits_order_id"), table_name="visits")
    op.drop_index("ix_visits_elder", table_name="visits")
    op.drop_index(op.f("ix_visits_district_id"), table_name="visits")
    op.drop_index("ix_visits_day", table_name="visits")
    op.drop_table("visits")
    op.drop_index("uq_device_faults_open", table_name="device_faults", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_device_faults_district_id"), table_name="device_faults")
    op.drop_index(op.f("ix_device_faults_device_id"), table_name="device_faults")
    op.drop_table("device_faults")
    op.drop_index(op.f("ix_calls_phone_hash"), table_name="calls")
    op.drop_index("ix_calls_open", table_name="calls", postgresql_where=sa.text("state <> 'ended'"))
    op.drop_index(op.f("ix_calls_elder_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_district_id"), table_name="calls")
    op.drop_index(op.f("ix_calls_alarm_id"), table_name="calls")
    op.drop_table("calls")
    op.drop_index("uq_alarms_open", table_name="alarms", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_index(op.f("ix_alarms_visit_id"), table_name="alarms")
    op.drop_index("ix_alarms_queue", table_name="alarms", postgresql_where=sa.text("state <> 'closed'"))
    op.drop_index(op.f("ix_alarms_elder_id"), table_name="alarms")
    op.drop_index(op.f("ix_alarms_district_id"), table_name="alarms")
    op.drop_index(op.f("ix_alarms_device_id"), table_name="alarms")
    op.drop_index("ix_alarms_closed", table_name="alarms")
    op.drop_table("alarms")
    op.drop_index("ix_orders_state", table_name="orders")
    op.drop_index(op.f("ix_orders_elder_id"), table_name="orders")
    op.drop_index(op.f("ix_orders_division_code"), table_name="orders")
    op.drop_index(op.f("ix_orders_district_id"), table_name="orders")
    op.drop_table("orders")
    op.drop_index("ix_entitlements_month", table_name="entitlements")
    op.drop_index(op.f("ix_entitlements_district_id"), table_name="entitlements")
    op.drop_table("entitlements")
    op.drop_index(op.f("ix_devices_home_id"), table_name="devices")
    op.drop_index(op.f("ix_devices_elder_id"), table_name="devices")
    op.drop_index(op.f("ix_devices_division_code"), table_name="devices")
    op.drop_index(op.f("ix_devices_district_id"), table_name="devices")
    op.drop_table("devices")
    op.drop_index(op.f("ix_contacts_phone_hash"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_elder_id"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_district_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_index(op.f("ix_care_team_members_elder_id"), table_name="care_team_members")
    op.drop_index(op.f("ix_care_team_members_district_id"), table_name="care_team_members")
    op.drop_table("care_team_members")
    op.drop_index(op.f("ix_shifts_district_id"), table_name="shifts")
    op.drop_index(op.f("ix_shifts_caregiver_id"), table_name="shifts")
    op.drop_table("shifts")
    op.drop_index("ix_elders_spelled", table_name="elders")
    op.drop_index(op.f("ix_elders_phone_tail_hash"), table_name="elders")
    op.drop_index(op.f("ix_elders_phone_hash"), table_name="elders")
    op.drop_index(op.f("ix_elders_name"), table_name="elders")
    op.drop_index(op.f("ix_elders_id_tail_hash"), table_name="elders")
    op.drop_index(op.f("ix_elders_home_id"), table_name="elders")
    op.drop_index(op.f("ix_elders_division_code"), table_name="elders")
    op.drop_index(op.f("ix_elders_district_id"), table_name="elders")
    op.drop_table("elders")
    op.drop_index(op.f("ix_certificates_district_id"), table_name="certificates")
    op.drop_index(op.f("ix_certificates_caregiver_id"), table_name="certificates")
    op.drop_table("certificates")
    op.drop_index(op.f("ix_absences_district_id"), table_name="absences")
    op.drop_index(op.f("ix_absences_caregiver_id"), table_name="absences")
    op.drop_table("absences")
    op.drop_index(op.f("ix_program_amounts_district_id"), table_name="program_amounts")
    op.drop_table("program_amounts")
    op.drop_index(op.f("ix_prices_district_id"), table_name="prices")
    op.drop_table("prices")
    op.drop_index(op.f("ix_logins_user_id"), table_name="logins")
    op.drop_table("logins")
    op.drop_index(op.f("ix_homes_division_code"), table_name="homes")
    op.drop_index(op.f("ix_homes_district_id"), table_name="homes")
    op.drop_table("homes")
    op.drop_index(op.f("ix_facilities_district_id"), table_name="facilities")
    op.drop_table("facilities")
    op.drop_index("uq_duties_open", table_name="duties", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_duties_district_id"), table_name="duties")
    op.drop_table("duties")
    op.drop_index(op.f("ix_contracts_district_id"), table_name="contracts")
    op.drop_table("contracts")
    op.drop_index(op.f("ix_caregivers_provider_id"), table_name="caregivers")
    op.drop_index(op.f("ix_caregivers_district_id"), table_name="caregivers")
    op.drop_table("caregivers")
    op.drop_index("ix_access_log_elder", table_name="access_log")
    op.drop_table("access_log")
    op.drop_index("uq_users_caregiver", table_name="users", postgresql_where=sa.text("caregiver_id is not null"))
    op.drop_table("users")
    op.drop_index(op.f("ix_service_items_district_id"), table_name="service_items")
    op.drop_table("service_items")
    op.drop_index(op.f("ix_providers_district_id"), table_name="providers")
    op.drop_table("providers")
    op.drop_index(op.f("ix_programs_district_id"), table_name="programs")
    op.drop_table("programs")
    op.drop_index("uq_plans_one_published", table_name="plans", postgresql_where=sa.text("state = 'published'"))
    op.drop_index("uq_plans_one_drafting", table_name="plans", postgresql_where=sa.text("state = 'drafting'"))
    op.drop_index("uq_plans_one_draft", table_name="plans", postgresql_where=sa.text("state = 'draft'"))
    op.drop_index(op.f("ix_plans_district_id"), table_name="plans")
    op.drop_table("plans")
    op.drop_index(
        "ix_outbox_messages_due", table_name="outbox_messages", postgresql_where=sa.text("due_at is not null")
    )
    op.drop_index(op.f("ix_outbox_messages_district_id"), table_name="outbox_messages")
    op.drop_index("ix_outbox_messages_about", table_name="outbox_messages")
    op.drop_table("outbox_messages")
    op.drop_index(op.f("ix_map_lines_district_id"), table_name="map_lines")
    op.drop_table("map_lines")
    op.drop_index("ix_jobs_open", table_name="jobs", postgresql_where=sa.text("state in ('queued', 'running')"))
    op.drop_index(op.f("ix_jobs_district_id"), table_name="jobs")
    op.drop_table("jobs")
    op.drop_index(op.f("ix_divisions_district_id"), table_name="divisions")
    op.drop_table("divisions")
    op.drop_index("ix_visit_events_visit", table_name="visit_events")
    op.drop_index("ix_visit_events_attendance", table_name="visit_events")
    op.drop_table("visit_events")
    op.drop_index("ix_signals_repeat", table_name="signals", postgresql_where=sa.text("repeat is not null"))
    op.drop_index("ix_signals_device", table_name="signals")
    op.drop_table("signals")
    op.drop_index("ix_readings_device", table_name="readings")
    op.drop_table("readings")
    op.drop_table("pulses")
    op.drop_table("person_keys")
    op.drop_index("ix_ledger_entries_visit", table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_entitlement", table_name="ledger_entries")
    op.drop_index("ix_ledger_entries_elder", table_name="ledger_entries")
    op.drop_table("ledger_entries")
    op.drop_table("kept_answers")
    op.drop_index(
        "ix_inbox_messages_aside", table_name="inbox_messages", postgresql_where=sa.text("outcome = 'set_aside'")
    )
    op.drop_table("inbox_messages")
    op.drop_index("ix_history_subject", table_name="history")
    op.drop_table("history")
    op.drop_index(
        "ix_event_outcomes_attention", table_name="event_outcomes", postgresql_where=sa.text("outcome = 'attention'")
    )
    op.drop_table("event_outcomes")
    op.drop_table("districts")
    op.drop_table("device_models")
    op.drop_index("ix_corrections_visit", table_name="corrections")
    op.drop_table("corrections")
    op.drop_table("call_reports")
    op.drop_table("alarm_events")
    op.execute("drop function app_sees, app_touches, app_serves, app_never_changes")
