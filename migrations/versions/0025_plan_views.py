"""Why these caregivers: the data of a served visit's reason."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column."""
    op.add_column("plan_reasons", sa.Column("facts", postgresql.JSONB(), server_default="{}", nullable=False))


def downgrade() -> None:
    """And away again."""
    op.drop_column("plan_reasons", "facts")
