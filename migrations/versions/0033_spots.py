"""Somebody is sent to a spot where there is no elder's door: an offer without a visit, answered on its own."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """An offer has a visit and its attendance, or neither."""
    op.alter_column("alarm_offers", "visit_id", nullable=True)
    op.alter_column("alarm_offers", "attendance_id", nullable=True)
    op.add_column("alarm_offers", sa.Column("words", sa.Text(), nullable=True))
    op.add_column("alarm_offers", sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_alarm_offers_door_or_spot"), "alarm_offers",
        "(visit_id is null) = (attendance_id is null) and (arrived_at is null or attendance_id is null)",
    )  # fmt: skip
    op.create_index(
        "ix_alarm_offers_spots", "alarm_offers", ["caregiver_id"], unique=False,
        postgresql_where=sa.text("attendance_id is null and state in ('offered', 'accepted')"),
    )  # fmt: skip


def downgrade() -> None:
    """Back; offers of a spot cannot be told there, and their alarms' logs keep them."""
    op.drop_index(
        "ix_alarm_offers_spots", table_name="alarm_offers",
        postgresql_where=sa.text("attendance_id is null and state in ('offered', 'accepted')"),
    )  # fmt: skip
    op.drop_constraint(op.f("ck_alarm_offers_door_or_spot"), "alarm_offers", type_="check")
    op.drop_column("alarm_offers", "arrived_at")
    op.drop_column("alarm_offers", "words")
    op.execute("delete from alarm_offers where attendance_id is null")
    op.alter_column("alarm_offers", "attendance_id", nullable=False)
    op.alter_column("alarm_offers", "visit_id", nullable=False)
