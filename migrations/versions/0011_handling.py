"""How alarms are handled: patterns of action, call-backs, offers, handover sheets, test windows, unmanned desks."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GUARDS = (
    "create or replace function app_sheet_stays() returns trigger language plpgsql as $$ begin raise exception using errcode = 'restrict_violation', message = 'a handover sheet keeps what was written'; end $$",
    "alter table unmanned_spells enable row level security",
    "alter table unmanned_spells force row level security",
    "create policy unmanned_spells_area on unmanned_spells using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table handover_sheets enable row level security",
    "alter table handover_sheets force row level security",
    "create policy handover_sheets_area on handover_sheets using (app_sees(area)) with check (app_sees(area))",
    "create trigger handover_sheets_stay before update on handover_sheets for each row when ((old.words, old.rows, old.hash, old.before, old.from_id, old.written_at) is distinct from (new.words, new.rows, new.hash, new.before, new.from_id, new.written_at) or old.state <> 'written') execute function app_sheet_stays()",
    "create trigger handover_sheets_are_not_removed before delete on handover_sheets for each row execute function app_sheet_stays()",
    "create trigger action_patterns_never_changes before update or delete on action_patterns for each row execute function app_never_changes()",
    "create trigger action_patterns_never_empties before truncate on action_patterns for each statement execute function app_never_changes()",
    "alter table action_patterns enable row level security",
    "alter table action_patterns force row level security",
    "create policy action_patterns_area on action_patterns using (app_sees(division_code) or (elder_id is null and app_touches(district_id))) with check (app_sees(division_code))",
    "alter table voice_passwords enable row level security",
    "alter table voice_passwords force row level security",
    "create policy voice_passwords_area on voice_passwords using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table test_windows enable row level security",
    "alter table test_windows force row level security",
    "create policy test_windows_area on test_windows using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table alarm_looks enable row level security",
    "alter table alarm_looks force row level security",
    "create policy alarm_looks_area on alarm_looks using (app_touches(district_id)) with check (app_touches(district_id))",
)


def upgrade() -> None:
    """Tables and their guards."""
    op.create_table(
        "unmanned_spells",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_unmanned_spells_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmanned_spells")),
    )
    op.create_index(op.f("ix_unmanned_spells_district_id"), "unmanned_spells", ["district_id"], unique=False)
    op.create_index(
        "uq_unmanned_spells_open",
        "unmanned_spells",
        ["district_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "handover_sheets",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "written",
                "signed",
                "withdrawn",
                "untaken",
                name="sheetstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("from_id", sa.BigInteger(), nullable=False),
        sa.Column("to_id", sa.BigInteger(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("rows", sa.Text(), nullable=False),
        sa.Column("before", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.CheckConstraint("(state = 'signed') = (signed_at is not null)", name=op.f("ck_handover_sheets_signed")),
        sa.CheckConstraint(
            "state not in ('written', 'signed') or to_id is not null", name=op.f("ck_handover_sheets_to_somebody")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_handover_sheets_district_id")),
        sa.ForeignKeyConstraint(["from_id"], ["users.id"], name=op.f("fk_handover_sheets_from_id")),
        sa.ForeignKeyConstraint(["to_id"], ["users.id"], name=op.f("fk_handover_sheets_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover_sheets")),
    )
    op.create_index(op.f("ix_handover_sheets_district_id"), "handover_sheets", ["district_id"], unique=False)
    op.create_index(
        "ix_handover_sheets_to",
        "handover_sheets",
        ["to_id"],
        unique=False,
        postgresql_where=sa.text("state = 'written'"),
    )
    op.create_index(
        "uq_handover_sheets_open",
        "handover_sheets",
        ["from_id"],
        unique=True,
        postgresql_where=sa.text("state = 'written'"),
    )
    op.create_table(
        "action_patterns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.CheckConstraint("effective_from >= made_at", name=op.f("ck_action_patterns_not_in_the_past")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_action_patterns_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_action_patterns_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_patterns")),
    )
    op.create_index(op.f("ix_action_patterns_district_id"), "action_patterns", ["district_id"], unique=False)
    op.create_index(op.f("ix_action_patterns_elder_id"), "action_patterns", ["elder_id"], unique=False)
    op.create_index(
        "uq_action_patterns_n",
        "action_patterns",
        ["district_id", "kind", sa.literal_column("coalesce(elder_id, 0)"), "n"],
        unique=True,
    )
    op.create_table(
        "voice_passwords",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("word_hash", sa.String(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_voice_passwords_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_voice_passwords_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_voice_passwords")),
        sa.UniqueConstraint("elder_id", name=op.f("uq_voice_passwords_elder_id")),
    )
    op.create_index(op.f("ix_voice_passwords_district_id"), "voice_passwords", ["district_id"], unique=False)
    op.create_table(
        "test_windows",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column("installer_id", sa.BigInteger(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(home_id is null) <> (device_id is null)", name=op.f("ck_test_windows_of_a_home_or_a_device")
        ),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_test_windows_lasts")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_test_windows_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_test_windows_district_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_test_windows_home_id")),
        sa.ForeignKeyConstraint(["installer_id"], ["caregivers.id"], name=op.f("fk_test_windows_installer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_windows")),
    )
    op.create_index(op.f("ix_test_windows_district_id"), "test_windows", ["district_id"], unique=False)
    op.create_index("ix_test_windows_ends", "test_windows", ["district_id", "ends_at"], unique=False)
    op.create_table(
        "alarm_looks",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_looks_alarm_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_alarm_looks_district_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_alarm_looks_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_looks")),
        sa.UniqueConstraint("user_id", name=op.f("uq_alarm_looks_user_id")),
    )
    op.create_index(op.f("ix_alarm_looks_alarm_id"), "alarm_looks", ["alarm_id"], unique=False)
    op.create_index(op.f("ix_alarm_looks_district_id"), "alarm_looks", ["district_id"], unique=False)
    op.add_column("alarms", sa.Column("call_back_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alarms", sa.Column("deferred_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alarms", sa.Column("defer_reason", sa.Text(), nullable=True))
    op.add_column("alarms", sa.Column("offered_to", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("offered_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alarms", sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alarms", sa.Column("escalate_reason", sa.Text(), nullable=True))
    op.create_foreign_key(op.f("fk_alarms_offered_to"), "alarms", "users", ["offered_to"], ["id"])
    op.add_column("users", sa.Column("phone", sa.Text(), nullable=True))
    op.drop_constraint(op.f("ck_alarm_timers_timerkind"), "alarm_timers", type_="check")
    op.create_check_constraint(
        op.f("ck_alarm_timers_timerkind"),
        "alarm_timers",
        "kind in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival', 'call_back', 'offer', 'defer')",
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Away with them."""
    op.drop_column("users", "phone")
    op.drop_constraint(op.f("fk_alarms_offered_to"), "alarms", type_="foreignkey")
    op.drop_column("alarms", "escalate_reason")
    op.drop_column("alarms", "escalated_at")
    op.drop_column("alarms", "offered_until")
    op.drop_column("alarms", "offered_to")
    op.drop_column("alarms", "defer_reason")
    op.drop_column("alarms", "deferred_until")
    op.drop_column("alarms", "call_back_at")
    op.drop_index(op.f("ix_alarm_looks_district_id"), table_name="alarm_looks")
    op.drop_index(op.f("ix_alarm_looks_alarm_id"), table_name="alarm_looks")
    op.drop_table("alarm_looks")
    op.drop_index("ix_test_windows_ends", table_name="test_windows")
    op.drop_index(op.f("ix_test_windows_district_id"), table_name="test_windows")
    op.drop_table("test_windows")
    op.drop_index(op.f("ix_voice_passwords_district_id"), table_name="voice_passwords")
    op.drop_table("voice_passwords")
    op.drop_index("uq_action_patterns_n", table_name="action_patterns")
    op.drop_index(op.f("ix_action_patterns_elder_id"), table_name="action_patterns")
    op.drop_index(op.f("ix_action_patterns_district_id"), table_name="action_patterns")
    op.drop_table("action_patterns")
    op.drop_index(
        "uq_handover_sheets_open", table_name="handover_sheets", postgresql_where=sa.text("state = 'written'")
    )
    op.drop_index("ix_handover_sheets_to", table_name="handover_sheets", postgresql_where=sa.text("state = 'written'"))
    op.drop_index(op.f("ix_handover_sheets_district_id"), table_name="handover_sheets")
    op.drop_table("handover_sheets")
    op.drop_index("uq_unmanned_spells_open", table_name="unmanned_spells", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_unmanned_spells_district_id"), table_name="unmanned_spells")
    op.drop_table("unmanned_spells")
    op.execute(
        "delete from alarm_timers where kind not in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival')"
    )
    op.drop_constraint(op.f("ck_alarm_timers_timerkind"), "alarm_timers", type_="check")
    op.create_check_constraint(
        op.f("ck_alarm_timers_timerkind"),
        "alarm_timers",
        "kind in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival')",
    )
    op.execute("drop function app_sheet_stays")
