"""Provisioning: models as data, what the register knows of a device."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS = "help_button watch fall_sensor smoke_sensor gas_sensor water_sensor motion_sensor door_sensor bed_sensor"
NEW_KINDS = "climate_sensor tracker vitals_monitor button alarm_unit"
TRANSPORTS = "mqtt zigbee lorawan ble tcp http"
POWERS = "mains battery rechargeable"


def fence(table: str) -> tuple[str, ...]:
    """Rows of a district, for whoever works in some of it."""
    return (
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy {table}_area on {table} using (app_touches(district_id)) with check (app_touches(district_id))",
    )


GUARDS = (
    "create trigger device_model_edits_never_changes before update or delete on device_model_edits for each row execute function app_never_changes()",
    "create trigger device_model_edits_never_empties before truncate on device_model_edits for each statement execute function app_never_changes()",
    "alter table imports enable row level security",
    "alter table imports force row level security",
    "create policy imports_area on imports using (app_sees(division_code)) with check (app_sees(division_code))",
    *fence("import_changes"),
    *fence("credentials"),
)


def words(names: str, type_name: str) -> sa.Enum:
    """A column of such words, with its check."""
    return sa.Enum(*names.split(), name=type_name, native_enum=False, create_constraint=True, length=32)


def kinds(names: str) -> None:
    """What kinds of device there are."""
    op.drop_constraint(op.f("ck_device_models_devicekind"), "device_models")
    known = ", ".join(f"'{name}'" for name in names.split())
    op.create_check_constraint(op.f("ck_device_models_devicekind"), "device_models", f"kind in ({known})")


def upgrade() -> None:
    """Models as data, and what is on a device's plate."""
    kinds(f"{KINDS} {NEW_KINDS} gateway")
    with op.batch_alter_table("device_models") as table:
        table.add_column(sa.Column("transport", words(TRANSPORTS, "transport"), nullable=False, server_default="mqtt"))
        table.add_column(sa.Column("decoder", sa.String()))
        table.add_column(sa.Column("silence_seconds", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("power", words(POWERS, "power"), nullable=False, server_default="battery"))
        table.add_column(sa.Column("battery_days", sa.Integer()))
        table.add_column(sa.Column("commands", postgresql.JSONB(), nullable=False, server_default="[]"))
        table.add_column(sa.Column("shipped", sa.Boolean(), nullable=False, server_default=sa.true()))
        table.add_column(sa.Column("edited", postgresql.JSONB(), nullable=False, server_default="[]"))
    op.execute("update device_models set silence_seconds = 2 * heartbeat_seconds + 60")
    for column in ("transport", "silence_seconds", "power", "commands", "shipped", "edited"):
        op.alter_column("device_models", column, server_default=None)
    op.create_check_constraint(
        op.f("ck_device_models_silence"), "device_models", "silence_seconds >= heartbeat_seconds"
    )
    op.create_check_constraint(op.f("ck_device_models_battery_days"), "device_models", "battery_days > 0")
    op.create_table(
        "device_model_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("model_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("before", postgresql.JSONB(), nullable=False),
        sa.Column("after", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_device_model_edits_district_id")),
        sa.ForeignKeyConstraint(["model_id"], ["device_models.id"], name=op.f("fk_device_model_edits_model_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_model_edits")),
    )
    op.create_index(op.f("ix_device_model_edits_district_id"), "device_model_edits", ["district_id"])
    op.create_index(op.f("ix_device_model_edits_model_id"), "device_model_edits", ["model_id"])
    with op.batch_alter_table("devices") as table:
        for name in ("serial", "maker_number", "sim_hash", "owner", "lot"):
            table.add_column(sa.Column(name, sa.String()))
        for name in ("sim", "imsi"):
            table.add_column(sa.Column(name, sa.Text()))
        table.add_column(sa.Column("purchased_on", sa.Date()))
    op.create_unique_constraint(op.f("uq_devices_sim_hash"), "devices", ["sim_hash"])
    op.create_index(op.f("ix_devices_lot"), "devices", ["lot"])
    create_credentials()
    create_imports()
    op.execute(
        "insert into credentials (district_id, device_id, wire_id, kind, state, hash, asked_at, asked_by, due_at, attempts) "
        "select district_id, id, wire_id, 'password', 'applied', credential_hash, now(), 'migration', now(), 0 "
        "from devices where credential_hash is not null and state <> 'retired'"
    )
    op.drop_column("devices", "credential_hash")
    for guard in GUARDS:
        op.execute(guard)


def create_credentials() -> None:
    """Who signs, and how each device proves who it is."""
    op.create_table(
        "certificate_authorities",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("certificate", sa.String(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_authorities")),
    )
    op.create_table(
        "credentials",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("wire_id", sa.String(), nullable=False),
        sa.Column("kind", words("password certificate", "credentialkind"), nullable=False),
        sa.Column("state", words("wanted applied withdrawn revoked", "credentialstate"), nullable=False),
        sa.Column("secret", sa.Text()),
        sa.Column("hash", sa.String()),
        sa.Column("authority_id", sa.Integer()),
        sa.Column("serial", sa.String()),
        sa.Column("fingerprint", sa.String()),
        sa.Column("not_after", sa.DateTime(timezone=True)),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String()),
        sa.CheckConstraint("(kind = 'certificate') = (serial is not null)", name=op.f("ck_credentials_certified")),
        sa.CheckConstraint("state = 'wanted' or secret is null", name=op.f("ck_credentials_shown_once")),
        sa.ForeignKeyConstraint(
            ["authority_id"], ["certificate_authorities.id"], name=op.f("fk_credentials_authority_id")
        ),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_credentials_device_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_credentials_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_credentials")),
        sa.UniqueConstraint("serial", name=op.f("uq_credentials_serial")),
    )
    op.create_index(op.f("ix_credentials_district_id"), "credentials", ["district_id"])
    op.create_index(op.f("ix_credentials_device_id"), "credentials", ["device_id"])
    for state in ("wanted", "applied"):
        op.create_index(
            f"uq_credentials_{state}",
            "credentials",
            ["device_id"],
            unique=True,
            postgresql_where=sa.text(f"state = '{state}'"),
        )
    op.create_index(
        "ix_credentials_due", "credentials", ["due_at"], postgresql_where=sa.text("state in ('wanted', 'withdrawn')")
    )


def create_imports() -> None:
    """Files that people filled in, and what each changed."""
    op.create_table(
        "imports",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("content", sa.Text()),
        sa.Column("state", words("received checked confirmed applied undone discarded", "importstate"), nullable=False),
        sa.Column("mode", words("whole skip_bad", "mode")),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("counts", postgresql.JSONB(), nullable=False),
        sa.Column("problems", postgresql.JSONB(), nullable=False),
        sa.Column("problem_count", sa.Integer(), nullable=False),
        sa.Column("trouble", sa.String()),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_imports_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_index(op.f("ix_imports_district_id"), "imports", ["district_id"])
    op.create_table(
        "import_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("import_id", sa.BigInteger(), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_import_changes_district_id")),
        sa.ForeignKeyConstraint(["import_id"], ["imports.id"], name=op.f("fk_import_changes_import_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_changes")),
    )
    op.create_index(op.f("ix_import_changes_district_id"), "import_changes", ["district_id"])
    op.create_index(op.f("ix_import_changes_import_id"), "import_changes", ["import_id"])


def downgrade() -> None:
    """Back to models in the code."""
    op.drop_constraint(op.f("uq_devices_sim_hash"), "devices")
    for column in ("serial", "maker_number", "sim_hash", "owner", "lot", "sim", "imsi", "purchased_on"):
        op.drop_column("devices", column)
    op.add_column("devices", sa.Column("credential_hash", sa.String()))
    op.drop_table("import_changes")
    op.drop_table("imports")
    op.drop_table("credentials")
    op.drop_table("certificate_authorities")
    op.drop_table("device_model_edits")
    for column in ("transport", "decoder", "silence_seconds", "power", "battery_days", "commands", "shipped", "edited"):
        op.drop_column("device_models", column)
    kinds(f"{KINDS} gateway")
