"""Aids for rent."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table rental_runs enable row level security",
    "alter table rental_runs force row level security",
    "create policy rental_runs_area on rental_runs using (app_touches(district_id)) with check (app_touches(district_id))",
    "create trigger rental_terms_never_changes before update or delete on rental_terms for each row execute function app_never_changes()",
    "create trigger rental_terms_never_empties before truncate on rental_terms for each statement execute function app_never_changes()",
    "alter table rental_terms enable row level security",
    "alter table rental_terms force row level security",
    "create policy rental_terms_area on rental_terms using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table aids enable row level security",
    "alter table aids force row level security",
    "create policy aids_area on aids using (app_touches(district_id)) with check (app_touches(district_id))",
    "create trigger aid_prices_never_changes before update or delete on aid_prices for each row execute function app_never_changes()",
    "create trigger aid_prices_never_empties before truncate on aid_prices for each statement execute function app_never_changes()",
    "alter table aid_prices enable row level security",
    "alter table aid_prices force row level security",
    "create policy aid_prices_area on aid_prices using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table aid_stores enable row level security",
    "alter table aid_stores force row level security",
    "create policy aid_stores_area on aid_stores using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "create trigger aid_advice_never_changes before update or delete on aid_advice for each row execute function app_never_changes()",
    "create trigger aid_advice_never_empties before truncate on aid_advice for each statement execute function app_never_changes()",
    "alter table aid_advice enable row level security",
    "alter table aid_advice force row level security",
    "create policy aid_advice_area on aid_advice using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table aid_counts enable row level security",
    "alter table aid_counts force row level security",
    "create policy aid_counts_area on aid_counts using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table aid_units enable row level security",
    "alter table aid_units force row level security",
    "create policy aid_units_area on aid_units using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table aid_count_lines enable row level security",
    "alter table aid_count_lines force row level security",
    "create policy aid_count_lines_area on aid_count_lines using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table rentals enable row level security",
    "alter table rentals force row level security",
    "create policy rentals_area on rentals using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create trigger deposit_moves_never_changes before update or delete on deposit_moves for each row execute function app_never_changes()",
    "create trigger deposit_moves_never_empties before truncate on deposit_moves for each statement execute function app_never_changes()",
    "alter table deposit_moves enable row level security",
    "alter table deposit_moves force row level security",
    "create policy deposit_moves_area on deposit_moves using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "alter table rental_charges enable row level security",
    "alter table rental_charges force row level security",
    "create policy rental_charges_area on rental_charges using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)
TAUGHT = ("service_items", "visits")  # they know how an item is given


def _given(table: str, *ways: str) -> None:
    op.execute(f"alter table {table} drop constraint ck_{table}_given")
    listed = ", ".join(f"'{way}'" for way in ways)
    op.execute(f"alter table {table} add constraint ck_{table}_given check (given in ({listed}))")


def upgrade() -> None:
    """Aids with stores and units, rentals with months and deposits, counts.."""
    for table in TAUGHT:
        _given(table, "home", "meal", "rental")
    op.create_table(
        "rental_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rentals", sa.Integer(), nullable=False),
        sa.Column("done_to", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("charged", sa.Integer(), nullable=False),
        sa.Column("charged_cents", sa.BigInteger(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rental_runs_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rental_runs")),
    )
    op.create_index(op.f("ix_rental_runs_district_id"), "rental_runs", ["district_id"], unique=False)
    op.create_index(
        "uq_rental_runs_open", "rental_runs", ["district_id"], unique=True, postgresql_where=sa.text("ended_at is null")
    )
    op.create_table(
        "rental_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column(
            "proration",
            sa.Enum("days", "month", name="proration", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("hold_days", sa.Integer(), nullable=False),
        sa.Column("pickup_days", sa.Integer(), nullable=False),
        sa.Column("stay_days", sa.Integer(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "hold_days between 1 and 60 and pickup_days between 0 and 90 and stay_days between 1 and 366",
            name=op.f("ck_rental_terms_days"),
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rental_terms_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rental_terms")),
    )
    op.create_index(op.f("ix_rental_terms_district_id"), "rental_terms", ["district_id"], unique=False)
    op.create_table(
        "aids",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "wheelchair",
                "walker",
                "care_bed",
                "mattress",
                "bath_chair",
                "commode",
                "hoist",
                "oxygen",
                "other",
                name="aidkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "aid",
            sa.Enum(
                "meal",
                "cleaning",
                "bathing",
                "medical",
                "urgent",
                "mobility",
                name="aidcategory",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("levels", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("needs_advice", sa.Boolean(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aids_district_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_aids_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aids")),
        sa.UniqueConstraint("district_id", "code", name=op.f("uq_aids_district_id_code")),
    )
    op.create_index(op.f("ix_aids_district_id"), "aids", ["district_id"], unique=False)
    op.create_table(
        "aid_prices",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("aid_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("rent_cents", sa.Integer(), nullable=False),
        sa.Column("deposit_cents", sa.Integer(), nullable=False),
        sa.Column("value_cents", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("deposit_cents <= value_cents", name=op.f("ck_aid_prices_deposit")),
        sa.CheckConstraint(
            "rent_cents >= 0 and deposit_cents >= 0 and value_cents >= 0", name=op.f("ck_aid_prices_not_negative")
        ),
        sa.ForeignKeyConstraint(["aid_id"], ["aids.id"], name=op.f("fk_aid_prices_aid_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_prices_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_prices")),
    )
    op.create_index("ix_aid_prices_aid", "aid_prices", ["aid_id", "starts"], unique=False)
    op.create_index(op.f("ix_aid_prices_district_id"), "aid_prices", ["district_id"], unique=False)
    op.create_table(
        "aid_stores",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_stores_district_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["facilities.id"], name=op.f("fk_aid_stores_facility_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_aid_stores_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_stores")),
        sa.UniqueConstraint("facility_id", name=op.f("uq_aid_stores_facility_id")),
    )
    op.create_index(op.f("ix_aid_stores_district_id"), "aid_stores", ["district_id"], unique=False)
    op.create_table(
        "aid_advice",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("aid_id", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["aid_id"], ["aids.id"], name=op.f("fk_aid_advice_aid_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_advice_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_aid_advice_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_advice")),
    )
    op.create_index(op.f("ix_aid_advice_district_id"), "aid_advice", ["district_id"], unique=False)
    op.create_index("ix_aid_advice_elder", "aid_advice", ["elder_id", "aid_id"], unique=False)
    op.create_table(
        "aid_counts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begun_by", sa.String(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=True),
        sa.CheckConstraint("(closed_at is null) = (missing is null)", name=op.f("ck_aid_counts_closed")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_counts_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_aid_counts_provider_id")),
        sa.ForeignKeyConstraint(["store_id"], ["aid_stores.id"], name=op.f("fk_aid_counts_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_counts")),
    )
    op.create_index(op.f("ix_aid_counts_district_id"), "aid_counts", ["district_id"], unique=False)
    op.create_index(
        "uq_aid_counts_open", "aid_counts", ["store_id"], unique=True, postgresql_where=sa.text("closed_at is null")
    )
    op.create_table(
        "aid_units",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("aid_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "available",
                "reserved",
                "lent",
                "returned",
                "cleaning",
                "repair",
                "missing",
                "written_off",
                name="unitstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("bought_on", sa.Date(), nullable=False),
        sa.Column("cleaned_on", sa.Date(), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["aid_id"], ["aids.id"], name=op.f("fk_aid_units_aid_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_units_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_aid_units_provider_id")),
        sa.ForeignKeyConstraint(["store_id"], ["aid_stores.id"], name=op.f("fk_aid_units_store_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_units")),
        sa.UniqueConstraint("district_id", "serial", name=op.f("uq_aid_units_district_id_serial")),
    )
    op.create_index(op.f("ix_aid_units_district_id"), "aid_units", ["district_id"], unique=False)
    op.create_index(
        "ix_aid_units_free",
        "aid_units",
        ["store_id", "aid_id"],
        unique=False,
        postgresql_where=sa.text("state = 'available'"),
    )
    op.create_table(
        "aid_count_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("count_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_by", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["count_id"], ["aid_counts.id"], name=op.f("fk_aid_count_lines_count_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_aid_count_lines_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_aid_count_lines_provider_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["aid_units.id"], name=op.f("fk_aid_count_lines_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_aid_count_lines")),
        sa.UniqueConstraint("count_id", "unit_id", name=op.f("uq_aid_count_lines_count_id_unit_id")),
    )
    op.create_index(op.f("ix_aid_count_lines_district_id"), "aid_count_lines", ["district_id"], unique=False)
    op.create_table(
        "rentals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("aid_id", sa.BigInteger(), nullable=False),
        sa.Column("store_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "booked",
                "lent",
                "due_back",
                "returned",
                "closed",
                "cancelled",
                name="rentalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "payer",
            sa.Enum("entitlement", "self", "none", name="payer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum(
                "hotline",
                "desk",
                "community",
                "alarm",
                "care_plan",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("waits_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("held_until", sa.Date(), nullable=True),
        sa.Column("deposit_cents", sa.Integer(), nullable=False),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_by", sa.String(), nullable=True),
        sa.Column(
            "signer",
            sa.Enum(
                "elder",
                "family",
                "neighbour",
                "guardian",
                name="signer",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("signed_name", sa.Text(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "wish",
                "death",
                "moved_away",
                "hospital",
                "institution",
                "lost",
                name="endreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("pickup_due", sa.Date(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_by", sa.String(), nullable=True),
        sa.Column(
            "condition",
            sa.Enum(
                "good",
                "worn",
                "damaged",
                "ruined",
                name="condition",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("damage_cents", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state in ('booked', 'lent', 'due_back', 'returned')) <= (unit_id is not null)",
            name=op.f("ck_rentals_unit"),
        ),
        sa.CheckConstraint(
            "state not in ('due_back', 'returned', 'closed') or ended_on is not null", name=op.f("ck_rentals_ended")
        ),
        sa.CheckConstraint("(handed_at is null) = (starts is null)", name=op.f("ck_rentals_handed")),
        sa.CheckConstraint("months between 1 and 36 and damage_cents >= 0", name=op.f("ck_rentals_numbers")),
        sa.ForeignKeyConstraint(["aid_id"], ["aids.id"], name=op.f("fk_rentals_aid_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rentals_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_rentals_elder_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_rentals_provider_id")),
        sa.ForeignKeyConstraint(["store_id"], ["aid_stores.id"], name=op.f("fk_rentals_store_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["aid_units.id"], name=op.f("fk_rentals_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rentals")),
    )
    op.create_index(op.f("ix_rentals_district_id"), "rentals", ["district_id"], unique=False)
    op.create_index(op.f("ix_rentals_elder_id"), "rentals", ["elder_id"], unique=False)
    op.create_index(
        "ix_rentals_waiting",
        "rentals",
        ["store_id", "aid_id", "waits_since"],
        unique=False,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index(
        "uq_rentals_open",
        "rentals",
        ["elder_id", "aid_id"],
        unique=True,
        postgresql_where=sa.text("state in ('queued', 'booked', 'lent')"),
    )
    op.create_index(
        "uq_rentals_unit",
        "rentals",
        ["unit_id"],
        unique=True,
        postgresql_where=sa.text("state in ('booked', 'lent', 'due_back', 'returned')"),
    )
    op.create_table(
        "deposit_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("rental_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "taken", "given_back", "kept", name="depositkind", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column(
            "way",
            sa.Enum(
                "cash",
                "transfer",
                "wechat",
                "alipay",
                name="moneyway",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(kind = 'kept') = (way is null)", name=op.f("ck_deposit_moves_way")),
        sa.CheckConstraint("cents > 0", name=op.f("ck_deposit_moves_positive")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_deposit_moves_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_deposit_moves_elder_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_deposit_moves_provider_id")),
        sa.ForeignKeyConstraint(["rental_id"], ["rentals.id"], name=op.f("fk_deposit_moves_rental_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deposit_moves")),
    )
    op.create_index(op.f("ix_deposit_moves_district_id"), "deposit_moves", ["district_id"], unique=False)
    op.create_index(op.f("ix_deposit_moves_rental_id"), "deposit_moves", ["rental_id"], unique=False)
    op.create_table(
        "rental_charges",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("rental_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=False),
        sa.Column(
            "proration",
            sa.Enum("days", "month", name="proration", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.CheckConstraint("first <= last", name=op.f("ck_rental_charges_forward")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_rental_charges_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_rental_charges_elder_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_rental_charges_provider_id")),
        sa.ForeignKeyConstraint(["rental_id"], ["rentals.id"], name=op.f("fk_rental_charges_rental_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_rental_charges_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rental_charges")),
        sa.UniqueConstraint("rental_id", "month", name=op.f("uq_rental_charges_rental_id_month")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_rental_charges_visit_id")),
    )
    op.create_index(op.f("ix_rental_charges_district_id"), "rental_charges", ["district_id"], unique=False)
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Without them."""
    op.drop_index(op.f("ix_rental_charges_district_id"), table_name="rental_charges")
    op.drop_table("rental_charges")
    op.drop_index(op.f("ix_deposit_moves_rental_id"), table_name="deposit_moves")
    op.drop_index(op.f("ix_deposit_moves_district_id"), table_name="deposit_moves")
    op.drop_table("deposit_moves")
    op.drop_index(
        "uq_rentals_unit",
        table_name="rentals",
        postgresql_where=sa.text("state in ('booked', 'lent', 'due_back', 'returned')"),
    )
    op.drop_index(
        "uq_rentals_open", table_name="rentals", postgresql_where=sa.text("state in ('queued', 'booked', 'lent')")
    )
    op.drop_index("ix_rentals_waiting", table_name="rentals", postgresql_where=sa.text("state = 'queued'"))
    op.drop_index(op.f("ix_rentals_elder_id"), table_name="rentals")
    op.drop_index(op.f("ix_rentals_district_id"), table_name="rentals")
    op.drop_table("rentals")
    op.drop_index(op.f("ix_aid_count_lines_district_id"), table_name="aid_count_lines")
    op.drop_table("aid_count_lines")
    op.drop_index("ix_aid_units_free", table_name="aid_units", postgresql_where=sa.text("state = 'available'"))
    op.drop_index(op.f("ix_aid_units_district_id"), table_name="aid_units")
    op.drop_table("aid_units")
    op.drop_index("uq_aid_counts_open", table_name="aid_counts", postgresql_where=sa.text("closed_at is null"))
    op.drop_index(op.f("ix_aid_counts_district_id"), table_name="aid_counts")
    op.drop_table("aid_counts")
    op.drop_index("ix_aid_advice_elder", table_name="aid_advice")
    op.drop_index(op.f("ix_aid_advice_district_id"), table_name="aid_advice")
    op.drop_table("aid_advice")
    op.drop_index(op.f("ix_aid_stores_district_id"), table_name="aid_stores")
    op.drop_table("aid_stores")
    op.drop_index(op.f("ix_aid_prices_district_id"), table_name="aid_prices")
    op.drop_index("ix_aid_prices_aid", table_name="aid_prices")
    op.drop_table("aid_prices")
    op.drop_index(op.f("ix_aids_district_id"), table_name="aids")
    op.drop_table("aids")
    op.drop_index(op.f("ix_rental_terms_district_id"), table_name="rental_terms")
    op.drop_table("rental_terms")
    op.drop_index("uq_rental_runs_open", table_name="rental_runs", postgresql_where=sa.text("ended_at is null"))
    op.drop_index(op.f("ix_rental_runs_district_id"), table_name="rental_runs")
    op.drop_table("rental_runs")
    for table in TAUGHT:
        op.execute(f"update {table} set given = 'meal' where given = 'rental'")  # neither is planned
        _given(table, "home", "meal")
