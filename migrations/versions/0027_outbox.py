"""Photos of visits in sealed pieces; which phone counted an event."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table photos enable row level security",
    "alter table photos force row level security",
    "create policy photos_area on photos using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table photo_pieces enable row level security",
    "alter table photo_pieces force row level security",
    "create policy photo_pieces_area on photo_pieces using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def upgrade() -> None:
    """Two tables; events and task results learn of the phone."""
    op.create_table(
        "photos",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "work", "receipt", "signature", "reading", "incident", "other",
                name="photokind", native_enum=False, create_constraint=True, length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "type",
            sa.Enum(
                "image/jpeg", "image/png", "image/webp",
                name="phototype", native_enum=False, create_constraint=True, length=32,
            ),
            nullable=False,
        ),
        sa.Column("consent", sa.Boolean(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_photos_district_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_photos_visit_id")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_photos_caregiver_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
        sa.UniqueConstraint(
            "visit_id", "caregiver_id", "sha256", name=op.f("uq_photos_visit_id_caregiver_id_sha256")
        ),
    )  # fmt: skip
    op.create_index(op.f("ix_photos_district_id"), "photos", ["district_id"], unique=False)
    op.create_index("ix_photos_announced", "photos", ["announced_at"], unique=False)
    op.create_table(
        "photo_pieces",
        sa.Column("photo_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("start", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["photo_id"], ["photos.id"], name=op.f("fk_photo_pieces_photo_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("photo_id", "start", name=op.f("pk_photo_pieces")),
    )  # fmt: skip
    op.add_column("visit_events", sa.Column("device", sa.Uuid(), nullable=True))
    op.add_column("task_results", sa.Column("device", sa.Uuid(), nullable=True))
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Without photos, and every phone counts alike."""
    op.drop_column("task_results", "device")
    op.drop_column("visit_events", "device")
    op.drop_table("photo_pieces")
    op.drop_table("photos")
