"""Meals of the canteens; how an item is given."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table canteens enable row level security",
    "alter table canteens force row level security",
    "create policy canteens_area on canteens using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "create trigger canteen_terms_never_changes before update or delete on canteen_terms for each row execute function app_never_changes()",
    "create trigger canteen_terms_never_empties before truncate on canteen_terms for each statement execute function app_never_changes()",
    "alter table canteen_terms enable row level security",
    "alter table canteen_terms force row level security",
    "create policy canteen_terms_area on canteen_terms using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table diet_notes enable row level security",
    "alter table diet_notes force row level security",
    "create policy diet_notes_area on diet_notes using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table menus enable row level security",
    "alter table menus force row level security",
    "create policy menus_area on menus using (app_touches(district_id) and app_serves(provider_id)) with check (app_touches(district_id) and app_serves(provider_id))",
    "alter table dishes enable row level security",
    "alter table dishes force row level security",
    "create policy dishes_area on dishes using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table portions enable row level security",
    "alter table portions force row level security",
    "create policy portions_area on portions using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
    "create or replace function app_portions_of(menu bigint)\n         returns table (dish bigint, way text, state text, portions bigint) language plpgsql as $$\n         declare area text := current_setting('app.area', true); provider text := current_setting('app.provider', true);\n         begin\n           perform set_config('app.area', '*', true), set_config('app.provider', '', true);\n           return query select p.dish_id, p.way::text, v.state::text, count(*) from portions p\n             join visits v on v.id = p.visit_id where p.menu_id = menu group by 1, 2, 3;\n           perform set_config('app.area', coalesce(area, ''), true);\n           perform set_config('app.provider', coalesce(provider, ''), true);\n         end $$",
    "alter table meal_concerns enable row level security",
    "alter table meal_concerns force row level security",
    "create policy meal_concerns_area on meal_concerns using (app_sees(division_code) and app_serves(provider_id)) with check (app_sees(division_code) and app_serves(provider_id))",
)


def upgrade() -> None:
    """New tables; items and visits learn of meals."""
    op.create_table(
        "canteens",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facility_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_canteens_district_id")),
        sa.ForeignKeyConstraint(["facility_id"], ["facilities.id"], name=op.f("fk_canteens_facility_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_canteens_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canteens")),
        sa.UniqueConstraint("district_id", "code", name=op.f("uq_canteens_district_id_code")),
        sa.UniqueConstraint("facility_id", name=op.f("uq_canteens_facility_id")),
    )
    op.create_index(op.f("ix_canteens_district_id"), "canteens", ["district_id"], unique=False)
    op.create_table(
        "canteen_terms",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "meal",
            sa.Enum("breakfast", "lunch", "supper", name="meal", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("cut_off_days", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.Time(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("delivers", sa.Boolean(), nullable=False),
        sa.Column("delivery_from", sa.Time(), nullable=False),
        sa.Column("delivery_till", sa.Time(), nullable=False),
        sa.Column("delivery_cents", sa.Integer(), nullable=False),
        sa.Column("ride_minutes", sa.Integer(), nullable=False),
        sa.Column("concern_minutes", sa.Integer(), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("capacity >= 0 and delivery_cents >= 0", name=op.f("ck_canteen_terms_not_negative")),
        sa.CheckConstraint("cut_off_days between 0 and 14", name=op.f("ck_canteen_terms_cut_off_days")),
        sa.CheckConstraint("opens < closes and delivery_from < delivery_till", name=op.f("ck_canteen_terms_forward")),
        sa.CheckConstraint(
            "ride_minutes between 5 and 180 and concern_minutes between 5 and 720",
            name=op.f("ck_canteen_terms_minutes"),
        ),
        sa.ForeignKeyConstraint(["canteen_id"], ["canteens.id"], name=op.f("fk_canteen_terms_canteen_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_canteen_terms_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canteen_terms")),
    )
    op.create_index("ix_canteen_terms_canteen", "canteen_terms", ["canteen_id", "meal", "starts"], unique=False)
    op.create_index(op.f("ix_canteen_terms_district_id"), "canteen_terms", ["district_id"], unique=False)
    op.create_table(
        "diet_notes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("needs", sa.Text(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_diet_notes_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_diet_notes_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_diet_notes")),
        sa.UniqueConstraint("elder_id", name=op.f("uq_diet_notes_elder_id")),
    )
    op.create_index(op.f("ix_diet_notes_district_id"), "diet_notes", ["district_id"], unique=False)
    op.create_table(
        "menus",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("canteen_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "meal",
            sa.Enum("breakfast", "lunch", "supper", name="meal", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "published",
                "withdrawn",
                name="menustate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("cut_off", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opens", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivers", sa.Boolean(), nullable=False),
        sa.Column("delivery_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery_till", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivery_cents", sa.Integer(), nullable=False),
        sa.Column("ride_minutes", sa.Integer(), nullable=False),
        sa.Column("concern_minutes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("opens < closes and cut_off <= closes", name=op.f("ck_menus_forward")),
        sa.ForeignKeyConstraint(["canteen_id"], ["canteens.id"], name=op.f("fk_menus_canteen_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_menus_district_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_menus_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_menus")),
        sa.UniqueConstraint("canteen_id", "day", "meal", name=op.f("uq_menus_canteen_id_day_meal")),
    )
    op.create_index("ix_menus_day", "menus", ["district_id", "day"], unique=False)
    op.create_index(op.f("ix_menus_district_id"), "menus", ["district_id"], unique=False)
    op.create_table(
        "dishes",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("menu_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("contents", sa.String(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column("suits", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("portions", sa.Integer(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_dishes_not_negative")),
        sa.CheckConstraint("portions > 0", name=op.f("ck_dishes_portions")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_dishes_district_id")),
        sa.ForeignKeyConstraint(["menu_id"], ["menus.id"], name=op.f("fk_dishes_menu_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dishes")),
    )
    op.create_index(op.f("ix_dishes_district_id"), "dishes", ["district_id"], unique=False)
    op.create_index(op.f("ix_dishes_menu_id"), "dishes", ["menu_id"], unique=False)
    op.create_table(
        "portions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("menu_id", sa.BigInteger(), nullable=False),
        sa.Column("dish_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "way",
            sa.Enum("eat_in", "delivery", name="mealway", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("walk_in", sa.Boolean(), nullable=False),
        sa.Column("late_reason", sa.String(), nullable=True),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_by", sa.String(), nullable=True),
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
        sa.CheckConstraint("(handed_at is null) = (handed_by is null)", name=op.f("ck_portions_handed")),
        sa.ForeignKeyConstraint(["dish_id"], ["dishes.id"], name=op.f("fk_portions_dish_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_portions_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_portions_elder_id")),
        sa.ForeignKeyConstraint(["menu_id"], ["menus.id"], name=op.f("fk_portions_menu_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_portions_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_portions_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portions")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_portions_visit_id")),
    )
    op.create_index(op.f("ix_portions_district_id"), "portions", ["district_id"], unique=False)
    op.create_index("ix_portions_elder", "portions", ["elder_id", "menu_id"], unique=False)
    op.create_index("ix_portions_menu", "portions", ["menu_id", "dish_id"], unique=False)
    op.create_table(
        "meal_concerns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("portion_id", sa.BigInteger(), nullable=False),
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
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "open", "settled", "raised", name="concernstate", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column(
            "finding",
            sa.Enum(
                "well",
                "away",
                "hospital",
                "needs_help",
                "no_longer",
                name="finding",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("settled_by", sa.String(), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarm_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'settled') = (finding is not null)", name=op.f("ck_meal_concerns_settled")),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_meal_concerns_alarm_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_meal_concerns_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_meal_concerns_elder_id")),
        sa.ForeignKeyConstraint(["portion_id"], ["portions.id"], name=op.f("fk_meal_concerns_portion_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_meal_concerns_provider_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_meal_concerns")),
        sa.UniqueConstraint("portion_id", name=op.f("uq_meal_concerns_portion_id")),
    )
    op.create_index(op.f("ix_meal_concerns_district_id"), "meal_concerns", ["district_id"], unique=False)
    op.create_index(
        "ix_meal_concerns_open", "meal_concerns", ["due_at"], unique=False, postgresql_where=sa.text("state = 'open'")
    )
    op.add_column(
        "service_items",
        sa.Column(
            "given",
            sa.Enum("home", "meal", name="given", native_enum=False, create_constraint=True, length=32),
            server_default="home",
            nullable=False,
        ),
    )
    op.add_column(
        "visits",
        sa.Column(
            "given",
            sa.Enum("home", "meal", name="given", native_enum=False, create_constraint=True, length=32),
            server_default="home",
            nullable=False,
        ),
    )
    op.add_column("visits", sa.Column("canteen", sa.String(), nullable=True))
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Back to home visits alone."""
    op.execute("drop function app_portions_of(bigint)")
    op.drop_column("visits", "canteen")
    op.drop_column("visits", "given")
    op.drop_column("service_items", "given")
    op.drop_index("ix_meal_concerns_open", table_name="meal_concerns", postgresql_where=sa.text("state = 'open'"))
    op.drop_index(op.f("ix_meal_concerns_district_id"), table_name="meal_concerns")
    op.drop_table("meal_concerns")
    op.drop_index("ix_portions_menu", table_name="portions")
    op.drop_index("ix_portions_elder", table_name="portions")
    op.drop_index(op.f("ix_portions_district_id"), table_name="portions")
    op.drop_table("portions")
    op.drop_index(op.f("ix_dishes_menu_id"), table_name="dishes")
    op.drop_index(op.f("ix_dishes_district_id"), table_name="dishes")
    op.drop_table("dishes")
    op.drop_index(op.f("ix_menus_district_id"), table_name="menus")
    op.drop_index("ix_menus_day", table_name="menus")
    op.drop_table("menus")
    op.drop_index(op.f("ix_diet_notes_district_id"), table_name="diet_notes")
    op.drop_table("diet_notes")
    op.drop_index(op.f("ix_canteen_terms_district_id"), table_name="canteen_terms")
    op.drop_index("ix_canteen_terms_canteen", table_name="canteen_terms")
    op.drop_table("canteen_terms")
    op.drop_index(op.f("ix_canteens_district_id"), table_name="canteens")
    op.drop_table("canteens")
