"""Standing orders of meals with their days, and the day on which the clock drafts allowances."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

GUARDS = (
    "create trigger payout_schedules_never_changes before update or delete on payout_schedules for each row execute function app_never_changes()",
    "create trigger payout_schedules_never_empties before truncate on payout_schedules for each statement execute function app_never_changes()",
    "alter table payout_schedules enable row level security",
    "alter table payout_schedules force row level security",
    "create policy payout_schedules_area on payout_schedules using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table standing_meals enable row level security",
    "alter table standing_meals force row level security",
    "create policy standing_meals_area on standing_meals using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table standing_draws enable row level security",
    "alter table standing_draws force row level security",
    "create policy standing_draws_area on standing_draws using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def upgrade() -> None:
    """New tables; a meal may be brought to another door."""
    op.add_column("portions", sa.Column("bring_to", sa.Text(), nullable=True))
    op.create_table(
        "payout_schedules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "old_age_allowance",
                "nursing_subsidy",
                "service_subsidy",
                name="allowancekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("day between 1 and 28", name=op.f("ck_payout_schedules_every_month_has_it")),
        sa.CheckConstraint("extract(day from starts) = 1", name=op.f("ck_payout_schedules_first_day")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_payout_schedules_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payout_schedules")),
    )
    op.create_index(op.f("ix_payout_schedules_district_id"), "payout_schedules", ["district_id"], unique=False)
    op.create_index("ix_payout_schedules_kind", "payout_schedules", ["district_id", "kind", "starts"], unique=False)
    op.create_table(
        "standing_meals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "meal",
            sa.Enum("breakfast", "lunch", "supper", name="meal", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column(
            "holidays",
            sa.Enum(
                "keep",
                "skip",
                "before",
                "after",
                name="onholidays",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("skipped", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "way",
            sa.Enum("eat_in", "delivery", name="mealway", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("prefers", sa.String(), nullable=True),
        sa.Column(
            "payer",
            sa.Enum("entitlement", "self", "none", name="payer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("most_self_pay_cents", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("active", "ended", name="standingstate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("holidays in ('keep', 'skip')", name=op.f("ck_standing_meals_not_moved")),
        sa.CheckConstraint("most_self_pay_cents >= 0", name=op.f("ck_standing_meals_not_negative")),
        sa.ForeignKeyConstraint(["canteen_id"], ["canteens.id"], name=op.f("fk_standing_meals_canteen_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_standing_meals_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_standing_meals_elder_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_standing_meals_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_meals")),
    )
    op.create_index(op.f("ix_standing_meals_district_id"), "standing_meals", ["district_id"], unique=False)
    op.create_index(
        "ix_standing_meals_due",
        "standing_meals",
        ["checked_at"],
        unique=False,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_index(
        "uq_standing_meals_active",
        "standing_meals",
        ["elder_id", "canteen_id", "meal"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "standing_draws",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("standing_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "ordered",
                "left_out",
                "failed",
                "settled",
                name="drawstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "why",
            sa.Enum(
                "paused",
                "away",
                "holiday",
                "exception",
                "has_one",
                "given_up",
                "no_menu",
                "closed",
                "nothing_suits",
                "full",
                "not_brought",
                "no_money",
                "too_late",
                "refused",
                name="whynone",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("short_cents", sa.Integer(), nullable=True),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("portion_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_note", sa.Text(), nullable=True),
        sa.CheckConstraint("(state = 'ordered') = (why is null)", name=op.f("ck_standing_draws_explained")),
        sa.CheckConstraint("(state = 'settled') = (settled_by is not null)", name=op.f("ck_standing_draws_settled")),
        sa.CheckConstraint("state <> 'ordered' or portion_id is not null", name=op.f("ck_standing_draws_ordered")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_standing_draws_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_standing_draws_elder_id")),
        sa.ForeignKeyConstraint(["portion_id"], ["portions.id"], name=op.f("fk_standing_draws_portion_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_standing_draws_provider_id")),
        sa.ForeignKeyConstraint(["standing_id"], ["standing_meals.id"], name=op.f("fk_standing_draws_standing_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standing_draws")),
        sa.UniqueConstraint("standing_id", "day", name=op.f("uq_standing_draws_standing_id_day")),
    )
    op.create_index("ix_standing_draws_day", "standing_draws", ["district_id", "day"], unique=False)
    op.create_index(op.f("ix_standing_draws_district_id"), "standing_draws", ["district_id"], unique=False)
    op.create_index(
        "ix_standing_draws_failed",
        "standing_draws",
        ["district_id", "day"],
        unique=False,
        postgresql_where=sa.text("state = 'failed'"),
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back."""
    op.drop_column("portions", "bring_to")
    op.drop_index("ix_standing_draws_failed", table_name="standing_draws", postgresql_where=sa.text("state = 'failed'"))
    op.drop_index(op.f("ix_standing_draws_district_id"), table_name="standing_draws")
    op.drop_index("ix_standing_draws_day", table_name="standing_draws")
    op.drop_table("standing_draws")
    op.drop_index("uq_standing_meals_active", table_name="standing_meals", postgresql_where=sa.text("state = 'active'"))
    op.drop_index("ix_standing_meals_due", table_name="standing_meals", postgresql_where=sa.text("state = 'active'"))
    op.drop_index(op.f("ix_standing_meals_district_id"), table_name="standing_meals")
    op.drop_table("standing_meals")
    op.drop_index("ix_payout_schedules_kind", table_name="payout_schedules")
    op.drop_index(op.f("ix_payout_schedules_district_id"), table_name="payout_schedules")
    op.drop_table("payout_schedules")
