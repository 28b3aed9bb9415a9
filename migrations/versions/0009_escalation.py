"""Escalation: each elder's tree with its versions, the district's templates, an alarm's way up the tree."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TIMERS = "ring_all ring_lead call_family idle_claim resume"
RUNGS = "device elder family neighbour community responder ambulance"
REACHED = "voice confirmed spoken accepted arrived"
AREAS = ("escalation_trees", "alarm_rungs", "alarm_rung_attempts")


def words(name: str, values: str) -> sa.Enum:
    """A text column that holds one of these words."""
    return sa.Enum(*values.split(), name=name, native_enum=False, create_constraint=True, length=32)


def timer_kinds(values: str) -> None:
    """What a timer may be of."""
    op.execute("alter table alarm_timers drop constraint ck_alarm_timers_timerkind")
    listed = ", ".join(f"'{value}'" for value in values.split())
    op.execute(f"alter table alarm_timers add constraint ck_alarm_timers_timerkind check (kind in ({listed}))")


def fence(table: str, rule: str) -> None:
    """Only rows of the transaction's area."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(f"create policy {table}_area on {table} using ({rule}) with check ({rule})")


def own() -> list[sa.Column[int]]:
    """The columns every table of a district begins with."""
    return [
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
    ]


def keys(table: str) -> list[sa.Constraint]:
    """The keys every table of a district has."""
    return [
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=f"fk_{table}_district_id"),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    ]


def time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    """A moment."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """The tables of trees and of climbs."""
    timer_kinds(f"{TIMERS} rung silence arrival")
    op.create_table(
        "escalation_trees",
        *own(),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("tree", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        time("made_at", nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        time("reviewed_at", nullable=False),
        sa.Column("reviewed_by", sa.String(), nullable=False),
        time("ended_at"),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name="fk_escalation_trees_elder_id"),
        sa.UniqueConstraint("elder_id", "n", name="uq_escalation_trees_elder_id_n"),
        *keys("escalation_trees"),
    )
    op.create_index("ix_escalation_trees_district_id", "escalation_trees", ["district_id"])
    op.create_index("ix_escalation_trees_elder_id", "escalation_trees", ["elder_id"])
    op.create_index(
        "uq_escalation_trees_current", "escalation_trees", ["elder_id"], unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )  # fmt: skip
    op.create_table(
        "escalation_templates",
        *own(),
        sa.Column("level", words("abilitylevel", "intact mild moderate severe total"), nullable=False),
        sa.Column("living", words("living", "alone together"), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("template", postgresql.JSONB(), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        time("made_at", nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        time("ended_at"),
        sa.UniqueConstraint(
            "district_id", "level", "living", "n", name="uq_escalation_templates_district_id_level_living_n"
        ),
        *keys("escalation_templates"),
    )
    op.create_index("ix_escalation_templates_district_id", "escalation_templates", ["district_id"])
    op.create_index(
        "uq_escalation_templates_current", "escalation_templates", ["district_id", "level", "living"], unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )  # fmt: skip
    op.create_table(
        "alarm_rungs",
        *own(),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("climb", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("kind", words("rungkind", RUNGS), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("wait", sa.Integer(), nullable=False),
        sa.Column("reached", words("reached", REACHED), nullable=False),
        sa.Column("hours", postgresql.JSONB(), nullable=True),
        sa.Column("state", words("rungstate", "waiting trying reached failed skipped broken unneeded"), nullable=False),
        sa.Column("beside", sa.Boolean(), nullable=False),
        sa.Column("tried", sa.Integer(), nullable=False),
        time("tried_at"),
        time("ended_at"),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        time("promised_at"),
        sa.CheckConstraint("tried >= 0", name="ck_alarm_rungs_tried"),
        sa.CheckConstraint("state <> 'reached' or ended_at is not null", name="ck_alarm_rungs_reached_at_a_time"),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name="fk_alarm_rungs_alarm_id"),
        sa.UniqueConstraint("alarm_id", "climb", "n", name="uq_alarm_rungs_alarm_id_climb_n"),
        *keys("alarm_rungs"),
    )
    op.create_index("ix_alarm_rungs_district_id", "alarm_rungs", ["district_id"])
    op.create_table(
        "alarm_rung_attempts",
        *own(),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("alarm_id", sa.BigInteger(), nullable=False),
        sa.Column("rung_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        time("at", nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("call_id", sa.BigInteger(), nullable=True),
        sa.Column("caregiver_id", sa.BigInteger(), nullable=True),
        sa.Column("visit_id", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("heard", sa.String(), nullable=True),
        time("ended_at"),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name="fk_alarm_rung_attempts_alarm_id"),
        sa.ForeignKeyConstraint(["rung_id"], ["alarm_rungs.id"], name="fk_alarm_rung_attempts_rung_id"),
        sa.UniqueConstraint("rung_id", "n", name="uq_alarm_rung_attempts_rung_id_n"),
        *keys("alarm_rung_attempts"),
    )
    op.create_index("ix_alarm_rung_attempts_district_id", "alarm_rung_attempts", ["district_id"])
    op.create_index("ix_alarm_rung_attempts_alarm_id", "alarm_rung_attempts", ["alarm_id"])
    op.create_index(
        "ix_alarm_rung_attempts_call", "alarm_rung_attempts", ["call_id"],
        postgresql_where=sa.text("call_id is not null"),
    )  # fmt: skip
    for table in AREAS:
        fence(table, "app_sees(division_code)")
    fence("escalation_templates", "app_touches(district_id)")


def downgrade() -> None:
    """Without trees; whoever waits on one rings again by the timers that are left."""
    for table in ("alarm_rung_attempts", "alarm_rungs", "escalation_templates", "escalation_trees"):
        op.drop_table(table)
    op.execute("delete from alarm_timers where kind in ('rung', 'silence', 'arrival')")
    timer_kinds(TIMERS)
