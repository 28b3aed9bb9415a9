"""Who brings meals for a canteen, the rounds they ride, and what they told on the way."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table ridings enable row level security",
    "alter table ridings force row level security",
    "create policy ridings_area on ridings using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table meal_rounds enable row level security",
    "alter table meal_rounds force row level security",
    "create policy meal_rounds_area on meal_rounds using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table meal_trips enable row level security",
    "alter table meal_trips force row level security",
    "create policy meal_trips_area on meal_trips using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table meal_stops enable row level security",
    "alter table meal_stops force row level security",
    "create policy meal_stops_area on meal_stops using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger ride_records_never_changes before update or delete on ride_records for each row execute function app_never_changes()",
    "create trigger ride_records_never_empties before truncate on ride_records for each statement execute function app_never_changes()",
    "alter table ride_records enable row level security",
    "alter table ride_records force row level security",
    "create policy ride_records_area on ride_records using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
)


def upgrade() -> None:
    """New tables; what canteens promised before gets the usual minutes and riders on e-bikes."""
    for table in ("canteen_terms", "menus"):
        op.add_column(table, sa.Column("reload_minutes", sa.Integer(), server_default="5", nullable=False))
        op.add_column(table, sa.Column("door_minutes", sa.Integer(), server_default="3", nullable=False))
        op.add_column(table, sa.Column("ride_mode", sa.String(32), server_default="ebike", nullable=False))
        op.create_check_constraint(op.f(f"ck_{table}_mode"), table, "ride_mode in ('walk', 'ebike', 'car')")
        for column in ("reload_minutes", "door_minutes", "ride_mode"):
            op.alter_column(table, column, server_default=None)
    op.create_check_constraint(
        op.f("ck_canteen_terms_trip"),
        "canteen_terms",
        "reload_minutes between 0 and 60 and door_minutes between 1 and 30",
    )
    op.create_table(
        "ridings",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("weekdays", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        sa.Column("room", sa.Integer(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "weekdays <@ array[0, 1, 2, 3, 4, 5, 6] and weekdays <> '{}'", name=op.f("ck_ridings_weekdays")
        ),
        sa.CheckConstraint("room between 1 and 200", name=op.f("ck_ridings_room")),
        sa.CheckConstraint("starts < ends", name=op.f("ck_ridings_forward")),
        sa.ForeignKeyConstraint(["canteen_id"], ["canteens.id"], name=op.f("fk_ridings_canteen_id")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_ridings_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_ridings_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_ridings_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ridings")),
    )
    op.create_index(op.f("ix_ridings_canteen_id"), "ridings", ["canteen_id"], unique=False)
    op.create_index(op.f("ix_ridings_caregiver_id"), "ridings", ["caregiver_id"], unique=False)
    op.create_index(op.f("ix_ridings_district_id"), "ridings", ["district_id"], unique=False)
    op.create_table(
        "meal_rounds",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("menu_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "drafting",
                "draft",
                "published",
                "superseded",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("way_seconds", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.String(), nullable=True),
        sa.Column("touched_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("state <> 'published' or published_at is not null", name=op.f("ck_meal_rounds_published")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_meal_rounds_district_id")),
        sa.ForeignKeyConstraint(["menu_id"], ["menus.id"], name=op.f("fk_meal_rounds_menu_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_meal_rounds_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meal_rounds")),
        sa.UniqueConstraint("menu_id", "n", name=op.f("uq_meal_rounds_menu_id_n")),
    )
    op.create_index(op.f("ix_meal_rounds_district_id"), "meal_rounds", ["district_id"], unique=False)
    op.create_index(
        "uq_meal_rounds_draft", "meal_rounds", ["menu_id"], unique=True, postgresql_where=sa.text("state = 'draft'")
    )
    op.create_index(
        "uq_meal_rounds_drafting",
        "meal_rounds",
        ["menu_id"],
        unique=True,
        postgresql_where=sa.text("state = 'drafting'"),
    )
    op.create_index(
        "uq_meal_rounds_published",
        "meal_rounds",
        ["menu_id"],
        unique=True,
        postgresql_where=sa.text("state = 'published'"),
    )
    op.create_table(
        "meal_trips",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("rounds_id", sa.BigInteger(), nullable=False),
        sa.Column("riding_id", sa.BigInteger(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("root_id", sa.BigInteger(), nullable=True),
        sa.Column("leaves_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returns_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("back_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("leaves_at < returns_at", name=op.f("ck_meal_trips_forward")),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_meal_trips_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_meal_trips_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_meal_trips_provider_id")),
        sa.ForeignKeyConstraint(["riding_id"], ["ridings.id"], name=op.f("fk_meal_trips_riding_id")),
        sa.ForeignKeyConstraint(["root_id"], ["meal_trips.id"], name=op.f("fk_meal_trips_root_id")),
        sa.ForeignKeyConstraint(
            ["rounds_id"], ["meal_rounds.id"], name=op.f("fk_meal_trips_rounds_id"), ondelete="cascade"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meal_trips")),
    )
    op.create_index("ix_meal_trips_caregiver", "meal_trips", ["caregiver_id", "leaves_at"], unique=False)
    op.create_index(op.f("ix_meal_trips_district_id"), "meal_trips", ["district_id"], unique=False)
    op.create_index("ix_meal_trips_rounds", "meal_trips", ["rounds_id", "caregiver_id", "leaves_at"], unique=False)
    op.create_table(
        "meal_stops",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("rounds_id", sa.BigInteger(), nullable=False),
        sa.Column("trip_id", sa.BigInteger(), nullable=True),
        sa.Column("home_id", sa.BigInteger(), nullable=False),
        sa.Column("portion_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("arrives_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "why",
            sa.Enum(
                "no_rider",
                "redirected",
                "too_much",
                "too_far",
                "closed",
                "shift",
                "crowded",
                "taken_out",
                name="left",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("remedy", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("moved_by", sa.String(), nullable=True),
        sa.CheckConstraint("(trip_id is null) = (arrives_at is null)", name=op.f("ck_meal_stops_when")),
        sa.CheckConstraint("(trip_id is null) = (why is not null)", name=op.f("ck_meal_stops_somewhere")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_meal_stops_district_id")),
        sa.ForeignKeyConstraint(["home_id"], ["homes.id"], name=op.f("fk_meal_stops_home_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_meal_stops_provider_id")),
        sa.ForeignKeyConstraint(
            ["rounds_id"], ["meal_rounds.id"], name=op.f("fk_meal_stops_rounds_id"), ondelete="cascade"
        ),
        sa.ForeignKeyConstraint(["trip_id"], ["meal_trips.id"], name=op.f("fk_meal_stops_trip_id"), ondelete="cascade"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meal_stops")),
    )
    op.create_index(op.f("ix_meal_stops_district_id"), "meal_stops", ["district_id"], unique=False)
    op.create_index("ix_meal_stops_rounds", "meal_stops", ["rounds_id", "trip_id", "position"], unique=False)
    op.create_table(
        "ride_records",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=False),
        sa.Column("menu_id", sa.BigInteger(), nullable=True),
        sa.Column("trip_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "what",
            sa.Enum(
                "pick_up",
                "hand_over",
                "miss",
                "back",
                name="ride",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("portion_ids", postgresql.ARRAY(sa.BigInteger()), nullable=False),
        sa.Column(
            "receiver",
            sa.Enum(
                "elder",
                "family",
                "neighbour",
                "door",
                name="receiver",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column(
            "why",
            sa.Enum(
                "not_home",
                "no_answer",
                "refused",
                "unwell",
                "not_collected",
                "not_confirmed",
                name="nottaken",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("device", sa.Uuid(), nullable=True),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column(
            "problem",
            sa.Enum(
                "not_yours",
                "otherwise",
                "unreadable",
                "wrong_day",
                name="clash",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["caregiver_id"], ["caregivers.id"], name=op.f("fk_ride_records_caregiver_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_ride_records_district_id")),
        sa.ForeignKeyConstraint(["menu_id"], ["menus.id"], name=op.f("fk_ride_records_menu_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_ride_records_provider_id")),
        sa.ForeignKeyConstraint(["trip_id"], ["meal_trips.id"], name=op.f("fk_ride_records_trip_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ride_records")),
        sa.UniqueConstraint("event_id", name=op.f("uq_ride_records_event_id")),
    )
    op.create_index(op.f("ix_ride_records_district_id"), "ride_records", ["district_id"], unique=False)
    op.create_index("ix_ride_records_menu", "ride_records", ["menu_id", "happened_at"], unique=False)
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    for table in ("ride_records", "meal_stops", "meal_trips", "meal_rounds", "ridings"):
        op.drop_table(table)
    op.drop_constraint(op.f("ck_canteen_terms_trip"), "canteen_terms", type_="check")
    for table in ("canteen_terms", "menus"):
        for column in ("reload_minutes", "door_minutes", "ride_mode"):
            op.drop_column(table, column)
