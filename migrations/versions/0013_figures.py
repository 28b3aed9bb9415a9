"""Figures: the clocks of an alarm, anchors of its log, and the targets of a district."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

FAULTS = ("low_battery", "tamper", "offline", "silent", "not_worn")
NEW = ("log_anchors", "figure_targets")


def guards(table: str) -> tuple[str, ...]:
    """Rows of the district, never changed."""
    return (
        f"create trigger {table}_never_changes before update or delete on {table} "
        "for each row execute function app_never_changes()",
        f"create trigger {table}_never_empties before truncate on {table} "
        "for each statement execute function app_never_changes()",
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy {table}_area on {table} using (app_touches(district_id)) with check (app_touches(district_id))",
    )


def moment(name: str, *, nullable: bool) -> sa.Column[object]:
    """An instant."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def own() -> tuple[sa.Column[object], ...]:
    """What both tables begin with."""
    return (
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        moment("at", nullable=False),
    )


def kinds_of_fault(*kinds: str) -> None:
    """What the technical list may say of a device."""
    op.drop_constraint(op.f("ck_device_faults_fault"), "device_faults")
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(op.f("ck_device_faults_fault"), "device_faults", f"kind in ({known})")


def upgrade() -> None:
    """Clocks that a second dispatch does not move, and what a cut log is found by."""
    for name in ("received_at", "decided_at"):
        op.add_column("alarms", moment(name, nullable=True))
    op.add_column("alarms", sa.Column("answered_by", sa.BigInteger(), nullable=True))
    op.add_column("alarms", sa.Column("anchored", sa.Integer(), server_default="0", nullable=False))
    op.create_foreign_key(op.f("fk_alarms_answered_by"), "alarms", "users", ["answered_by"], ["id"])
    op.create_index("ix_alarms_raised", "alarms", ["district_id", "raised_at"])
    op.execute("update alarms set answered_by = claimed_by where answered_at is not null")
    op.execute("update alarms set decided_at = coalesce(dispatched_at, closed_at)")
    kinds_of_fault(*FAULTS, "untested", "false_alarms")
    op.create_table(
        "log_anchors",
        *own(),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("alarms", "lines")),
        sa.Column("heads", postgresql.JSONB(), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("before", "digest")),
    )
    op.create_table(
        "figure_targets",
        *own(),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("targets", postgresql.JSONB(), nullable=False),
        sa.UniqueConstraint("district_id", "version", name=op.f("uq_figure_targets_district_id_version")),
    )
    for table in NEW:
        op.create_primary_key(op.f(f"pk_{table}"), table, ["id"])
        op.create_foreign_key(op.f(f"fk_{table}_district_id"), table, "districts", ["district_id"], ["id"])
        op.create_index(op.f(f"ix_{table}_district_id"), table, ["district_id"])
        for guard in guards(table):
            op.execute(guard)


def downgrade() -> None:
    """Neither anchors nor targets."""
    for table in reversed(NEW):
        op.drop_table(table)
    op.execute("delete from device_faults where kind in ('untested', 'false_alarms')")
    kinds_of_fault(*FAULTS)
    op.drop_index("ix_alarms_raised", "alarms")
    for name in ("anchored", "answered_by", "decided_at", "received_at"):
        op.drop_column("alarms", name)
