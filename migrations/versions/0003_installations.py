"""Installations: orders, their devices, test calls and loans; more states of a device; an alarm marked as a test."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

FENCED = ("installations", "device_loans", "installation_items", "device_tests")
STATES = "'in_stock', 'installing', 'active', 'repair', 'lost', 'retired'"
STATES_BEFORE = "'in_stock', 'active', 'retired'"
OPEN = "create unique index uq_alarms_open on alarms (subject, kind) where "


def upgrade() -> None:
    """The tables, their fences, and what the house's own tables learn."""
    op.create_table(
        "installations",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "assigned",
                "on_site",
                "testing",
                "done",
                "failed",
                "cancelled",
                name="installationstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("installer_id", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state in ('done', 'failed', 'cancelled')) = (ended_at is not null)", name=op.f("ck_installations_ended")
        ),
        sa.CheckConstraint(
            "state in ('ordered', 'cancelled') or installer_id is not null", name=op.f("ck_installations_somebodys")
        ),
        sa.CheckConstraint("opens < closes", name=op.f("ck_installations_window")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_installations_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_installations_elder_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_installations_home_id")),
        sa.ForeignKeyConstraint(["installer_id"], ["caregivers.id"], name=op.f("fk_installations_installer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installations")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_installations_district_id"), "installations", ["district_id"], unique=False)
    op.create_index(op.f("ix_installations_elder_id"), "installations", ["elder_id"], unique=False)
    op.create_index(
        "ix_installations_installer",
        "installations",
        ["installer_id", "opens"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "ix_installations_open",
        "installations",
        ["district_id", "opens"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "device_loans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("lent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "returned", "lost", "kept", name="loanoutcome", native_enum=False, create_constraint=True, length=32
            ),
            nullable=True,
        ),
        sa.Column("wiped", sa.Boolean(), nullable=True),
        sa.CheckConstraint("(outcome is null) = (ended_at is null)", name=op.f("ck_device_loans_ended")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_loans_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_device_loans_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_device_loans_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_loans")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_device_loans_district_id"), "device_loans", ["district_id"], unique=False)
    op.create_index(
        "ix_device_loans_due",
        "device_loans",
        ["district_id", "due_on"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(op.f("ix_device_loans_elder_id"), "device_loans", ["elder_id"], unique=False)
    op.create_index(
        "uq_device_loans_open", "device_loans", ["device_id"], unique=True, postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "installation_items",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("installation_id", sa.BigInteger(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("spot", sa.String(), nullable=True),
        sa.Column("replaces_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "old_goes",
            sa.Enum(
                "install",
                "place",
                "prove",
                "take_back",
                "send_to_repair",
                "repaired",
                "lose",
                "find",
                "retire",
                name="deviceevent",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("old_reason", sa.String(), nullable=True),
        sa.Column("lent_until", sa.Date(), nullable=True),
        sa.Column("device_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum("proved", "given_up", name="itemoutcome", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome is distinct from 'proved' or device_id is not null",
            name=op.f("ck_installation_items_proved_is_a_device"),
        ),
        sa.CheckConstraint("(replaces_id is null) = (old_goes is null)", name=op.f("ck_installation_items_swap")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_installation_items_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_installation_items_district_id")),
        sa.ForeignKeyConstraint(
            ["installation_id"], ["installations.id"], name=op.f("fk_installation_items_installation_id")
        ),
        sa.ForeignKeyConstraint(["model_id"], ["device_models.id"], name=op.f("fk_installation_items_model_id")),
        sa.ForeignKeyConstraint(["replaces_id"], ["devices.id"], name=op.f("fk_installation_items_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation_items")),
        info={"area": "division_code"},
    )
    op.create_index(op.f("ix_installation_items_district_id"), "installation_items", ["district_id"], unique=False)
    op.create_index(
        op.f("ix_installation_items_installation_id"), "installation_items", ["installation_id"], unique=False
    )
    op.create_index(
        "uq_installation_items_device",
        "installation_items",
        ["device_id"],
        unique=True,
        postgresql_where=sa.text("device_id is not null and outcome is null"),
    )
    op.create_table(
        "device_tests",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum("activation", "monthly", name="testkind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "waiting",
                "rung",
                "passed",
                "failed",
                name="teststate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("to_call", sa.Boolean(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pressed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column("voice", sa.Boolean(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column(
            "failure",
            sa.Enum(
                "no_press",
                "not_answered",
                "no_voice",
                "no_test",
                "anew",
                "moved",
                name="failure",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.CheckConstraint(
            "(state = 'failed') = (failure is not null)", name=op.f("ck_device_tests_failed_for_a_reason")
        ),
        sa.CheckConstraint(
            "(state in ('passed', 'failed')) = (ended_at is not null)", name=op.f("ck_device_tests_ended")
        ),
        sa.CheckConstraint("opens < until", name=op.f("ck_device_tests_window")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_tests_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_device_tests_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_device_tests_elder_id")),
        sa.ForeignKeyConstraint(["item_id"], ["installation_items.id"], name=op.f("fk_device_tests_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_tests")),
        info={"area": "division_code"},
    )
    op.create_index("ix_device_tests_device", "device_tests", ["device_id", "id"], unique=False)
    op.create_index(op.f("ix_device_tests_district_id"), "device_tests", ["district_id"], unique=False)
    op.create_index(op.f("ix_device_tests_item_id"), "device_tests", ["item_id"], unique=False)
    op.create_index(
        "ix_device_tests_until", "device_tests", ["until"], unique=False, postgresql_where=sa.text("ended_at is null")
    )
    op.create_index(
        "uq_device_tests_open", "device_tests", ["device_id"], unique=True, postgresql_where=sa.text("ended_at is null")
    )
    op.add_column("alarms", sa.Column("test_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "uq_alarms_test", "alarms", ["test_id"], unique=True, postgresql_where=sa.text("test_id is not null")
    )
    op.create_foreign_key(op.f("fk_alarms_test_id"), "alarms", "device_tests", ["test_id"], ["id"])
    op.create_index(
        "ix_inbox_messages_aside_at",
        "inbox_messages",
        ["district_id", "received_at"],
        postgresql_where=sa.text("outcome = 'set_aside'"),
    )
    op.drop_index("uq_alarms_open", table_name="alarms")
    op.execute(OPEN + "state <> 'closed' and test_id is null")
    _states(STATES, "state not in ('installing', 'active') or home_id is not null or elder_id is not null")
    for table in FENCED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy {table}_area on {table} using (app_sees(division_code)) with check (app_sees(division_code))"
        )


def downgrade() -> None:
    """Devices on the way to or from service are in stock again; refuses while a test and a real call are both open."""
    op.execute("update devices set state = 'in_stock' where state in ('installing', 'repair', 'lost')")
    _states(STATES_BEFORE, "state <> 'active' or home_id is not null or elder_id is not null")
    op.drop_index("ix_inbox_messages_aside_at", table_name="inbox_messages")
    op.drop_index("uq_alarms_open", table_name="alarms")
    op.execute(OPEN + "state <> 'closed'")
    op.drop_constraint(op.f("fk_alarms_test_id"), "alarms", type_="foreignkey")
    op.drop_index("uq_alarms_test", table_name="alarms", postgresql_where=sa.text("test_id is not null"))
    op.drop_column("alarms", "test_id")
    op.drop_index("uq_device_tests_open", table_name="device_tests", postgresql_where=sa.text("ended_at is null"))
    op.drop_index("ix_device_tests_until", table_name="device_tests", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_device_tests_item_id"), table_name="device_tests")
    op.drop_index(op.f("ix_device_tests_district_id"), table_name="device_tests")
    op.drop_index("ix_device_tests_device", table_name="device_tests")
    op.drop_table("device_tests")
    op.drop_index(
        "uq_installation_items_device",
        table_name="installation_items",
        postgresql_where=sa.text("device_id is not null and outcome is null"),
    )
    op.drop_index(op.f("ix_installation_items_installation_id"), table_name="installation_items")
    op.drop_index(op.f("ix_installation_items_district_id"), table_name="installation_items")
    op.drop_table("installation_items")
    op.drop_index("uq_device_loans_open", table_name="device_loans", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_device_loans_elder_id"), table_name="device_loans")
    op.drop_index("ix_device_loans_due", table_name="device_loans", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_device_loans_district_id"), table_name="device_loans")
    op.drop_table("device_loans")
    op.drop_index("ix_installations_open", table_name="installations", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(
        "ix_installations_installer", table_name="installations", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index(op.f("ix_installations_elder_id"), table_name="installations")
    op.drop_index(op.f("ix_installations_district_id"), table_name="installations")
    op.drop_table("installations")


def _states(states: str, somewhere: str) -> None:
    for name, check in (("devicestate", f"state in ({states})"), ("somewhere", somewhere)):
        op.drop_constraint(op.f(f"ck_devices_{name}"), "devices", type_="check")
        op.create_check_constraint(op.f(f"ck_devices_{name}"), "devices", check)
