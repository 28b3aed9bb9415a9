"""Wall: the keys of the boards in the rooms."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table wall_links enable row level security",
    "alter table wall_links force row level security",
    "create policy wall_links_area on wall_links using (app_sees(area)) with check (app_sees(area))",
)


def upgrade() -> None:
    """Links with an area and an end."""
    op.create_table(
        "wall_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("room", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_wall_links_lasts")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_wall_links_district_id")),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_wall_links_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wall_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_wall_links_token_hash")),
    )
    op.create_index(op.f("ix_wall_links_district_id"), "wall_links", ["district_id"])
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """Without them."""
    op.drop_table("wall_links")
