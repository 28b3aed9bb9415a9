"""Care plans with their days, pauses and holidays; what an item is besides, fees and calls."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table calendar_days enable row level security",
    "alter table calendar_days force row level security",
    "create policy calendar_days_area on calendar_days using (app_touches(district_id)) with check (app_touches(district_id))",
    "create trigger cancellation_rules_never_changes before update or delete on cancellation_rules for each row execute function app_never_changes()",
    "create trigger cancellation_rules_never_empties before truncate on cancellation_rules for each statement execute function app_never_changes()",
    "alter table care_plan_pauses enable row level security",
    "alter table care_plan_pauses force row level security",
    "create policy care_plan_pauses_area on care_plan_pauses using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table care_plans enable row level security",
    "alter table care_plans force row level security",
    "create policy care_plans_area on care_plans using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table spend_reminders enable row level security",
    "alter table spend_reminders force row level security",
    "create policy spend_reminders_area on spend_reminders using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table care_plan_lines enable row level security",
    "alter table care_plan_lines force row level security",
    "create policy care_plan_lines_area on care_plan_lines using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table cancellation_fees enable row level security",
    "alter table cancellation_fees force row level security",
    "create policy cancellation_fees_area on cancellation_fees using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table care_plan_days enable row level security",
    "alter table care_plan_days force row level security",
    "create policy care_plan_days_area on care_plan_days using (app_sees(division_code)) with check (app_sees(division_code))",
)
BEFORE = {
    ("orders", "orderstate"): ("state", ("received", "confirmed", "closed", "cancelled")),
    ("orders", "channel"): ("channel", ("hotline", "desk", "community", "alarm")),
    ("orders", "payer"): ("payer", ("entitlement", "none")),
}
AFTER = {
    ("orders", "orderstate"): ("state", ("received", "waiting_approval", "confirmed", "closed", "cancelled")),
    ("orders", "channel"): ("channel", ("hotline", "desk", "community", "alarm", "care_plan")),
    ("orders", "payer"): ("payer", ("entitlement", "self", "none")),
}


def values(known: dict[tuple[str, str], tuple[str, tuple[str, ...]]]) -> None:
    """What some columns may hold."""
    for (table, name), (column, words) in known.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table)
        listed = ", ".join(f"'{word}'" for word in words)
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} in ({listed})")


def upgrade() -> None:
    """New tables, new columns, more states."""
    op.create_table(
        "calendar_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum("holiday", "workday", name="daykind", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_calendar_days_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_days")),
        sa.UniqueConstraint("district_id", "day", name=op.f("uq_calendar_days_district_id_day")),
    )
    op.create_index(op.f("ix_calendar_days_district_id"), "calendar_days", ["district_id"], unique=False)
    op.create_table(
        "cancellation_rules",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=True),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("free_hours", sa.Integer(), nullable=False),
        sa.Column(
            "fee_unit",
            sa.Enum("percent", "minutes", name="feeunit", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("fee", sa.Integer(), nullable=False),
        sa.Column(
            "payer",
            sa.Enum("elder", "nobody", name="feepayer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fee >= 0 and (fee_unit <> 'percent' or fee <= 100)", name=op.f("ck_cancellation_rules_fee")
        ),
        sa.CheckConstraint("free_hours between 0 and 720", name=op.f("ck_cancellation_rules_free_hours")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_cancellation_rules_district_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_cancellation_rules_item_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_rules")),
    )
    op.create_index(op.f("ix_cancellation_rules_district_id"), "cancellation_rules", ["district_id"], unique=False)
    op.create_table(
        "care_plan_pauses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("first", sa.Date(), nullable=False),
        sa.Column("last", sa.Date(), nullable=True),
        sa.Column(
            "reason",
            sa.Enum(
                "hospital",
                "travel",
                "family",
                "other",
                name="pausereason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("last is null or last >= first", name=op.f("ck_care_plan_pauses_forward")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_care_plan_pauses_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_plan_pauses_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plan_pauses")),
    )
    op.create_index(op.f("ix_care_plan_pauses_district_id"), "care_plan_pauses", ["district_id"], unique=False)
    op.create_index(op.f("ix_care_plan_pauses_elder_id"), "care_plan_pauses", ["elder_id"], unique=False)
    op.create_table(
        "care_plans",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "agreed",
                "replaced",
                "ended",
                "discarded",
                name="planstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("most_self_pay_cents", sa.Integer(), nullable=False),
        sa.Column("signed", sa.Text(), nullable=True),
        sa.Column("signed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "state not in ('agreed', 'replaced') or signed_at is not null", name=op.f("ck_care_plans_signed")
        ),
        sa.CheckConstraint("most_self_pay_cents >= 0", name=op.f("ck_care_plans_self_pay")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_care_plans_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_plans_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plans")),
        sa.UniqueConstraint("elder_id", "n", name=op.f("uq_care_plans_elder_id_n")),
    )
    op.create_index(op.f("ix_care_plans_district_id"), "care_plans", ["district_id"], unique=False)
    op.create_index(
        "ix_care_plans_due", "care_plans", ["checked_on"], unique=False, postgresql_where=sa.text("state = 'agreed'")
    )
    op.create_index(
        "uq_care_plans_agreed", "care_plans", ["elder_id"], unique=True, postgresql_where=sa.text("state = 'agreed'")
    )
    op.create_index(
        "uq_care_plans_draft", "care_plans", ["elder_id"], unique=True, postgresql_where=sa.text("state = 'draft'")
    )
    op.create_table(
        "spend_reminders",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("on_day", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "unreached",
                "booked",
                "declined",
                "lapsed",
                name="reminderstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("free_cents", sa.Integer(), nullable=False),
        sa.Column("proposals", postgresql.JSONB(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("free_cents > 0", name=op.f("ck_spend_reminders_free")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_spend_reminders_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_spend_reminders_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_spend_reminders")),
        sa.UniqueConstraint("elder_id", "month", "on_day", name=op.f("uq_spend_reminders_elder_id_month_on_day")),
    )
    op.create_index(op.f("ix_spend_reminders_district_id"), "spend_reminders", ["district_id"], unique=False)
    op.create_index("ix_spend_reminders_month", "spend_reminders", ["district_id", "month"], unique=False)
    op.create_table(
        "care_plan_lines",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("opens", sa.Time(), nullable=False),
        sa.Column("closes", sa.Time(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=True),
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
        sa.Column(
            "payer",
            sa.Enum("entitlement", "self", "none", name="payer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("skipped", postgresql.JSONB(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.CheckConstraint("minutes between 10 and 1440", name=op.f("ck_care_plan_lines_minutes")),
        sa.CheckConstraint("opens <= closes", name=op.f("ck_care_plan_lines_window")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_care_plan_lines_district_id")),
        sa.ForeignKeyConstraint(["item_id"], ["service_items.id"], name=op.f("fk_care_plan_lines_item_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["care_plans.id"], name=op.f("fk_care_plan_lines_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plan_lines")),
        sa.UniqueConstraint("plan_id", "key", name=op.f("uq_care_plan_lines_plan_id_key")),
    )
    op.create_index(op.f("ix_care_plan_lines_district_id"), "care_plan_lines", ["district_id"], unique=False)
    op.create_index(op.f("ix_care_plan_lines_plan_id"), "care_plan_lines", ["plan_id"], unique=False)
    op.create_table(
        "cancellation_fees",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.BigInteger(), nullable=False),
        sa.Column("visit_id", sa.BigInteger(), nullable=False),
        sa.Column("provider_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "state",
            sa.Enum("due", "waived", name="feestate", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.Column(
            "payer",
            sa.Enum("elder", "nobody", name="feepayer", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("rule", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.CheckConstraint("cents > 0", name=op.f("ck_cancellation_fees_positive")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_cancellation_fees_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_cancellation_fees_elder_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_cancellation_fees_order_id")),
        sa.ForeignKeyConstraint(["provider_id"], ["providers.id"], name=op.f("fk_cancellation_fees_provider_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visits.id"], name=op.f("fk_cancellation_fees_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cancellation_fees")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_cancellation_fees_visit_id")),
    )
    op.create_index(op.f("ix_cancellation_fees_district_id"), "cancellation_fees", ["district_id"], unique=False)
    op.create_index("ix_cancellation_fees_elder", "cancellation_fees", ["elder_id", "at"], unique=False)
    op.create_table(
        "care_plan_days",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("plan_id", sa.BigInteger(), nullable=False),
        sa.Column("line_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rule_day", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "due",
                "ordered",
                "unserved",
                "left_out",
                "withdrawn",
                "past",
                name="daystate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "why",
            sa.Enum(
                "no_money",
                "no_price",
                "outside_hours",
                "item_ended",
                "not_served",
                "clash",
                "too_late",
                "too_far",
                "paused",
                "holiday",
                "exception",
                "not_planned",
                name="whynot",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("order_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state in ('unserved', 'left_out')) = (why is not null)", name=op.f("ck_care_plan_days_explained")
        ),
        sa.CheckConstraint("state <> 'ordered' or order_id is not null", name=op.f("ck_care_plan_days_ordered")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_care_plan_days_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_care_plan_days_elder_id")),
        sa.ForeignKeyConstraint(["line_id"], ["care_plan_lines.id"], name=op.f("fk_care_plan_days_line_id")),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name=op.f("fk_care_plan_days_order_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["care_plans.id"], name=op.f("fk_care_plan_days_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_care_plan_days")),
        sa.UniqueConstraint("elder_id", "key", "rule_day", name=op.f("uq_care_plan_days_elder_id_key_rule_day")),
    )
    op.create_index("ix_care_plan_days_day", "care_plan_days", ["district_id", "day"], unique=False)
    op.create_index(op.f("ix_care_plan_days_district_id"), "care_plan_days", ["district_id"], unique=False)
    op.create_index("ix_care_plan_days_order", "care_plan_days", ["order_id"], unique=False)
    op.create_index(
        "ix_care_plan_days_unserved",
        "care_plan_days",
        ["district_id", "day"],
        unique=False,
        postgresql_where=sa.text("state = 'unserved'"),
    )
    op.add_column(
        "service_items",
        sa.Column(
            "head",
            sa.Enum(
                "living",
                "basic_care",
                "health",
                "visiting",
                "comfort",
                "agency",
                "home_adaptation",
                name="head",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            server_default="living",
        ),
    )
    op.add_column(
        "service_items",
        sa.Column(
            "approval",
            sa.Enum(
                "none",
                "shift_lead",
                "supervisor",
                name="approval",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
            server_default="none",
        ),
    )
    op.add_column("service_items", sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("visits", sa.Column("tasks", postgresql.JSONB(), nullable=True))
    op.alter_column("service_items", "head", server_default=None)
    op.alter_column("service_items", "approval", server_default=None)
    op.alter_column("service_items", "version", server_default=None)
    values(AFTER)
    op.create_check_constraint(op.f("ck_prices_forward"), "prices", "ends is null or ends >= starts")
    op.execute(
        "update prices p set ends = (select min(n.starts) - 1 from prices n where n.item_id = p.item_id "
        "and n.area = p.area and n.starts > p.starts) where exists (select from prices n where n.item_id = p.item_id "
        "and n.area = p.area and n.starts > p.starts and (p.ends is null or p.ends >= n.starts))"
    )
    op.execute(
        "alter table prices add constraint ex_prices_overlap exclude using gist "
        "(item_id with =, area with =, daterange(starts, ends, '[]') with &&)"
    )
    for guard in GUARDS:
        op.execute(guard)


def downgrade() -> None:
    """Without them; what only the new words can say is said in the old ones."""
    op.drop_constraint("ex_prices_overlap", "prices")
    op.drop_constraint(op.f("ck_prices_forward"), "prices")
    op.execute("update orders set state = 'received' where state = 'waiting_approval'")
    op.execute("update orders set channel = 'desk' where channel = 'care_plan'")
    op.execute("update orders set payer = 'entitlement' where payer = 'self'")
    values(BEFORE)
    op.drop_column("visits", "tasks")
    op.drop_column("service_items", "version")
    op.drop_column("service_items", "approval")
    op.drop_column("service_items", "head")
    op.drop_index(
        "ix_care_plan_days_unserved", table_name="care_plan_days", postgresql_where=sa.text("state = 'unserved'")
    )
    op.drop_index("ix_care_plan_days_order", table_name="care_plan_days")
    op.drop_index(op.f("ix_care_plan_days_district_id"), table_name="care_plan_days")
    op.drop_index("ix_care_plan_days_day", table_name="care_plan_days")
    op.drop_table("care_plan_days")
    op.drop_index("ix_cancellation_fees_elder", table_name="cancellation_fees")
    op.drop_index(op.f("ix_cancellation_fees_district_id"), table_name="cancellation_fees")
    op.drop_table("cancellation_fees")
    op.drop_index(op.f("ix_care_plan_lines_plan_id"), table_name="care_plan_lines")
    op.drop_index(op.f("ix_care_plan_lines_district_id"), table_name="care_plan_lines")
    op.drop_table("care_plan_lines")
    op.drop_index("ix_spend_reminders_month", table_name="spend_reminders")
    op.drop_index(op.f("ix_spend_reminders_district_id"), table_name="spend_reminders")
    op.drop_table("spend_reminders")
    op.drop_index("uq_care_plans_draft", table_name="care_plans", postgresql_where=sa.text("state = 'draft'"))
    op.drop_index("uq_care_plans_agreed", table_name="care_plans", postgresql_where=sa.text("state = 'agreed'"))
    op.drop_index("ix_care_plans_due", table_name="care_plans", postgresql_where=sa.text("state = 'agreed'"))
    op.drop_index(op.f("ix_care_plans_district_id"), table_name="care_plans")
    op.drop_table("care_plans")
    op.drop_index(op.f("ix_care_plan_pauses_elder_id"), table_name="care_plan_pauses")
    op.drop_index(op.f("ix_care_plan_pauses_district_id"), table_name="care_plan_pauses")
    op.drop_table("care_plan_pauses")
    op.drop_index(op.f("ix_cancellation_rules_district_id"), table_name="cancellation_rules")
    op.drop_table("cancellation_rules")
    op.drop_index(op.f("ix_calendar_days_district_id"), table_name="calendar_days")
    op.drop_table("calendar_days")
