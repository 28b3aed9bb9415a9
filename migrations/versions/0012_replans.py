"""Proposed changes of a running day, and whom an alarm was offered to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table plan_changes enable row level security",
    "alter table plan_changes force row level security",
    "create policy plan_changes_area on plan_changes using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table alarm_offers enable row level security",
    "alter table alarm_offers force row level security",
    "create policy alarm_offers_area on alarm_offers using (app_sees(division_code)) with check (app_sees(division_code))",
)


def upgrade() -> None:
    """Tables and their guards."""
    op.create_table(
        "plan_changes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=True),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("plan_revision", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "proposed",
                "accepted",
                "refused",
                "stale",
                "expired",
                name="changestate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("events", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost_before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("cost_after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("iterations", sa.Integer(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("(state = 'proposed') = (decided_at is null)", name=op.f("ck_plan_changes_decided")),
        sa.CheckConstraint(
            "state <> 'refused' or reason is not null", name=op.f("ck_plan_changes_refused_for_a_reason")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_plan_changes_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_changes_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_changes")),
    )
    op.create_index("ix_plan_changes_day", "plan_changes", ["district_id", "day", "id"], unique=False)
    op.create_index(op.f("ix_plan_changes_district_id"), "plan_changes", ["district_id"], unique=False)
    op.create_index(
        "ix_plan_changes_due",
        "plan_changes",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("state = 'proposed'"),
    )
    op.create_table(
        "alarm_offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("attendance_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("change_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "offered",
                "accepted",
                "declined",
                "unanswered",
                "withdrawn",
                name="offerstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("offered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offered_by", sa.String(), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_offers_alarm_id")),
        sa.ForeignKeyConstraint(["attendance_id"], ["attendances.id"], name=op.f("fk_alarm_offers_attendance_id")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_alarm_offers_caregiver_id")),
        sa.ForeignKeyConstraint(["change_id"], ["plan_changes.id"], name=op.f("fk_alarm_offers_change_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_alarm_offers_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_offers")),
        sa.UniqueConstraint("attendance_id", name=op.f("uq_alarm_offers_attendance_id")),
    )
    op.create_index(op.f("ix_alarm_offers_alarm_id"), "alarm_offers", ["alarm_id"], unique=False)
    op.create_index(op.f("ix_alarm_offers_district_id"), "alarm_offers", ["district_id"], unique=False)
    op.create_index(
        "ix_alarm_offers_standing",
        "alarm_offers",
        ["district_id"],
        unique=False,
        postgresql_where=sa.text("state in ('offered', 'accepted')"),
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Without them."""

    op.drop_index(
        "ix_alarm_offers_standing",
        table_name="alarm_offers",
        postgresql_where=sa.text("state in ('offered', 'accepted')"),
    )
    op.drop_index(op.f("ix_alarm_offers_district_id"), table_name="alarm_offers")
    op.drop_index(op.f("ix_alarm_offers_alarm_id"), table_name="alarm_offers")
    op.drop_table("alarm_offers")
    op.drop_index("ix_plan_changes_due", table_name="plan_changes", postgresql_where=sa.text("state = 'proposed'"))
    op.drop_index(op.f("ix_plan_changes_district_id"), table_name="plan_changes")
    op.drop_index("ix_plan_changes_day", table_name="plan_changes")
    op.drop_table("plan_changes")
