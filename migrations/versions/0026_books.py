"""A provider's visits by day and elders who have ended found at once, so that a month costs no more after a year."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Indexes that lead to the month asked for."""
    op.create_index("ix_visits_provider", "visits", ["provider_id", "opens"])
    op.drop_index("ix_visits_provider_id", table_name="visits")
    op.create_index(
        "ix_elders_ended", "elders", ["district_id", "ended_at"], postgresql_where=sa.text("ended_at is not null")
    )


def downgrade() -> None:
    """As before."""
    op.drop_index("ix_elders_ended", table_name="elders")
    op.create_index("ix_visits_provider_id", "visits", ["provider_id"])
    op.drop_index("ix_visits_provider", table_name="visits")
