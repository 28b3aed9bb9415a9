"""Gateways: what devices are told to do."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COMMANDS = "find call_back listen locate set_interval sos_numbers set_time restart text"
STATES = "queued sent answered expired failed cancelled"
GUARDS = (
    "alter table device_commands enable row level security",
    "alter table device_commands force row level security",
    "create policy device_commands_area on device_commands using (app_sees(division_code)) with check (app_sees(division_code))",
)


def words(names: str, type_name: str) -> sa.Enum:
    """A column of such words, with its check."""
    return sa.Enum(*names.split(), name=type_name, native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Commands with their life."""
    op.create_table(
        "device_commands",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", words(COMMANDS, "command"), nullable=False),
        sa.Column("state", words(STATES, "commandstate"), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True)),
        sa.Column("sent_by", sa.String()),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("answer", sa.Text()),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_device_commands_district_id")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_device_commands_device_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_commands")),
    )
    op.create_index(op.f("ix_device_commands_district_id"), "device_commands", ["district_id"])
    op.create_index(op.f("ix_device_commands_device_id"), "device_commands", ["device_id"])
    op.create_index(
        "uq_device_commands_waiting", "device_commands", ["device_id", "kind"], unique=True,
        postgresql_where=sa.text("state = 'queued'"),
    )  # fmt: skip
    op.create_index(
        "ix_device_commands_open", "device_commands", ["due_at"],
        postgresql_where=sa.text("state in ('queued', 'sent')"),
    )  # fmt: skip
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """Nobody tells devices anything."""
    op.drop_table("device_commands")
