"""What was done about a phone's record that could not be applied."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("event_outcomes", sa.Column("answered_at", sa.DateTime(timezone=True)))
    op.add_column("event_outcomes", sa.Column("answered_by", sa.String()))
    op.add_column("event_outcomes", sa.Column("answer", sa.String()))


def downgrade() -> None:
    for column in ("answer", "answered_by", "answered_at"):
        op.drop_column("event_outcomes", column)
