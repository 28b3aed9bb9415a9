"""How alarms are handled: patterns of action, call-backs, offers, handover sheets, test windows, unmanned desks."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

GUARDS = (
    "create trigger action_patterns_never_changes before update or delete on action_patterns for each row execute function app_never_changes()",
    "create trigger action_patterns_never_empties before truncate on action_patterns for each statement execute function app_never_changes()",
    "alter table action_patterns enable row level security",
    "alter table action_patterns force row level security",
    "create policy action_patterns_area on action_patterns using (app_sees(division_code) or (elder_id is null and app_touches(district_id))) with check (app_sees(division_code))",
)


def upgrade() -> None:
    """Tables and their guards."""
    op.create_table(
        "action_patterns",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("steps", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("effective_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(), nullable=False),
        sa.CheckConstraint("effective_from >= made_at", name=op.f("ck_action_patterns_not_in_the_past")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_action_patterns_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_action_patterns_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_action_patterns")),
    )
    op.create_index(op.f("ix_action_patterns_district_id"), "action_patterns", ["district_id"], unique=False)
    op.create_index(op.f("ix_action_patterns_elder_id"), "action_patterns", ["elder_id"], unique=False)
    op.create_index(
        "uq_action_patterns_n",
        "action_patterns",
        ["district_id", "kind", sa.literal_column("coalesce(elder_id, 0)"), "n"],
        unique=True,
    )
    op.add_column("alarms", sa.Column("call_back_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_constraint(op.f("ck_alarm_timers_timerkind"), "alarm_timers", type_="check")
    op.create_check_constraint(
        op.f("ck_alarm_timers_timerkind"),
        "alarm_timers",
        "kind in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival', 'call_back')",
    )
    for statement in GUARDS:
        op.execute(statement)


def downgrade() -> None:
    """Away with them."""
    op.drop_column("alarms", "call_back_at")
    op.drop_index("uq_action_patterns_n", table_name="action_patterns")
    op.drop_index(op.f("ix_action_patterns_elder_id"), table_name="action_patterns")
    op.drop_index(op.f("ix_action_patterns_district_id"), table_name="action_patterns")
    op.drop_table("action_patterns")
    op.execute(
        "delete from alarm_timers where kind not in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival')"
    )
    op.drop_constraint(op.f("ck_alarm_timers_timerkind"), "alarm_timers", type_="check")
    op.create_check_constraint(
        op.f("ck_alarm_timers_timerkind"),
        "alarm_timers",
        "kind in ('ring_all', 'ring_lead', 'call_family', 'idle_claim', 'resume', 'rung', 'silence', 'arrival')",
    )
