"""Minutes, places and photos too alike to be true: two more kinds of clues, two more flaws, a photo of a screen."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

FLAWS = (
    "no_check_in no_check_out too_short too_long outside no_location clock_skew tasks_missing not_started "
    "month_settled plan_clash overlap impossible_travel too_many unqualified elder_gone weak_proof stop_ignored "
    "reused_photo photo_time own_phone shared_phone"
)
KINDS = "burst_of_elder burst_of_provider too_few_visits untested_pair"


def known(table: str, column: str, name: str, words: str) -> None:
    """Which words a column may say."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    listed = ", ".join(f"'{word}'" for word in words.split())
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} in ({listed})")


def upgrade() -> None:
    known("visit_flaws", "flaw", "flaw", FLAWS + " mock_location screen_photo")
    known("clues", "kind", "cluekind", KINDS.replace("untested", "exact_minutes repeated_place untested"))
    op.add_column("photo_prints", sa.Column("screen", sa.Boolean(), server_default="false", nullable=False))
    op.alter_column("photo_prints", "screen", server_default=None)


def downgrade() -> None:
    op.drop_column("photo_prints", "screen")
    op.execute("delete from clues where kind in ('exact_minutes', 'repeated_place')")
    op.execute("delete from visit_flaws where flaw in ('mock_location', 'screen_photo')")
    known("clues", "kind", "cluekind", KINDS)
    known("visit_flaws", "flaw", "flaw", FLAWS)
