"""Telephone and outward messages: what a call can be, missed calls, numbers learned."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KINDS = "alarm_family alarm_community alarm_caregiver test_call visit notice"
MESSAGE_STATES = "queued sending sent delivered failed unknown"
TROUBLES = "no_answer overloaded refused bad_number unreachable not_configured died"
STATES = ("dialling ringing answered ended", "dialling operator ringing answered held ended")
RESULTS = (
    "answered safe help no_answer busy refused wrong_number off",
    "answered safe help heard voicemail no_answer busy refused wrong_number not_in_service off abandoned operator_away failed",
)
GUARDS = (
    "alter table number_links enable row level security",
    "alter table number_links force row level security",
    "create policy number_links_area on number_links using (app_sees(division_code)) with check (app_sees(division_code))",
    "create trigger message_templates_never_changes before update or delete on message_templates for each row execute function app_never_changes()",
    "create trigger message_templates_never_empties before truncate on message_templates for each statement execute function app_never_changes()",
    "alter table message_templates enable row level security",
    "alter table message_templates force row level security",
    "create policy message_templates_area on message_templates using (app_touches(district_id)) with check (app_touches(district_id))",
)


def words(names: str, type_name: str) -> sa.Enum:
    """A column of such words, with its check."""
    return sa.Enum(*names.split(), name=type_name, native_enum=False, create_constraint=True, length=32)


def check(table: str, column: str, name: str, names: str) -> None:
    """The words a column may hold, anew."""
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, sa.column(column).in_(names.split()))


def upgrade() -> None:
    """Calls, then messages."""
    calls()
    messages()
    for guard in GUARDS:
        op.execute(guard)


def calls() -> None:
    """What a call can be, and numbers somebody told us the owner of."""
    check("calls", "state", "callstate", STATES[1])
    check("calls", "result", "result", RESULTS[1])
    for column in (
        sa.Column("caregiver_id", sa.BigInteger()),
        sa.Column("spoke_seconds", sa.Integer()),
        sa.Column("note", sa.Text()),
        sa.Column("strange", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("ref", sa.String()),
        sa.Column("say", sa.Text()),
        sa.Column("gather", sa.String()),
        sa.Column("pressed", sa.String()),
        sa.Column("wish", words("dial answer hang_up", "wish")),
        sa.Column("offered_at", sa.DateTime(timezone=True)),
        sa.Column("heard_at", sa.DateTime(timezone=True)),
        sa.Column("settled", words("called_back rang_again dismissed", "settled")),
        sa.Column("settled_at", sa.DateTime(timezone=True)),
        sa.Column("settled_by", sa.BigInteger()),
        sa.Column("settled_reason", sa.String()),
        sa.Column("returns_id", sa.BigInteger()),
    ):
        op.add_column("calls", column)
    op.execute("update calls set heard_at = ended_at where alarm_id is not null")  # what is past is nobody's news
    op.alter_column("calls", "strange", server_default=None)
    op.create_foreign_key(op.f("fk_calls_caregiver_id"), "calls", "caregivers", ["caregiver_id"], ["id"])
    op.create_foreign_key(op.f("fk_calls_settled_by"), "calls", "users", ["settled_by"], ["id"])
    op.create_foreign_key(op.f("fk_calls_returns_id"), "calls", "calls", ["returns_id"], ["id"])
    op.create_unique_constraint(op.f("uq_calls_district_id_ref"), "calls", ["district_id", "ref"])
    where = {
        "wished": (["district_id", "id"], "wish is not null"),
        "missed": (["district_id", "ended_at"], "result = 'abandoned' and settled is null"),
        "unheard": (["id"], "alarm_id is not null and heard_at is null"),
    }
    for name, (columns, rule) in where.items():
        op.create_index(f"ix_calls_{name}", "calls", columns, postgresql_where=sa.text(rule))
    op.create_table(
        "number_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("phone_hash", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("user_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_number_links_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_number_links_elder_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_number_links_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_number_links")),
        sa.UniqueConstraint(
            "district_id", "phone_hash", "elder_id", name=op.f("uq_number_links_district_id_phone_hash_elder_id")
        ),
    )
    for indexed in ("district_id", "phone_hash", "elder_id"):
        op.create_index(op.f(f"ix_number_links_{indexed}"), "number_links", [indexed])


def messages() -> None:
    """Kind, urgency and state of messages, each try, and a district's own words."""
    for column in (
        sa.Column("kind", words(KINDS, "messagekind"), nullable=False, server_default="notice"),
        sa.Column("urgent", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("state", words(MESSAGE_STATES, "messagestate"), nullable=False, server_default="queued"),
        sa.Column("elder_id", sa.BigInteger()),
        sa.Column("delivered_at", sa.DateTime(timezone=True)),
        sa.Column("resend_of", sa.BigInteger()),
    ):
        op.add_column("outbox_messages", column)
    op.execute("update outbox_messages set urgent = true where about like 'alarms/%'")
    op.execute(
        "update outbox_messages set state = case when sent_at is null then 'failed' else 'sent' end where due_at is null"
    )
    for told in ("kind", "urgent", "state"):
        op.alter_column("outbox_messages", told, server_default=None)
    op.create_foreign_key(op.f("fk_outbox_messages_elder_id"), "outbox_messages", "elders", ["elder_id"], ["id"])
    op.create_foreign_key(
        op.f("fk_outbox_messages_resend_of"), "outbox_messages", "outbox_messages", ["resend_of"], ["id"]
    )
    op.create_index(op.f("ix_outbox_messages_elder_id"), "outbox_messages", ["elder_id"])
    due(["urgent", "due_at"])
    op.create_table(
        "message_attempts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("state", words(MESSAGE_STATES, "attemptstate"), nullable=False),
        sa.Column("trouble", words(TROUBLES, "trouble")),
        sa.Column("detail", sa.String()),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_message_attempts_district_id")),
        sa.ForeignKeyConstraint(["message_id"], ["outbox_messages.id"], name=op.f("fk_message_attempts_message_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_attempts")),
        sa.UniqueConstraint("message_id", "n", name=op.f("uq_message_attempts_message_id_n")),
    )
    for indexed in ("district_id", "message_id"):
        op.create_index(op.f(f"ix_message_attempts_{indexed}"), "message_attempts", [indexed])
    op.create_table(
        "message_templates",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("kind", words(KINDS, "templatekind"), nullable=False),
        sa.Column("channel", words("sms voice", "templatechannel"), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_message_templates_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_templates")),
    )
    op.create_index(op.f("ix_message_templates_district_id"), "message_templates", ["district_id"])
    op.create_index(
        "ix_message_templates_of", "message_templates", ["district_id", "kind", "channel", "language", "id"]
    )


def due(columns: list[str]) -> None:
    """The index of what waits, anew."""
    op.drop_index("ix_outbox_messages_due", "outbox_messages")
    op.create_index(
        "ix_outbox_messages_due", "outbox_messages", columns, postgresql_where=sa.text("due_at is not null")
    )


def downgrade() -> None:
    """As it was before; calls that could not be told then are."""
    op.drop_table("message_templates")
    op.drop_table("message_attempts")
    due(["due_at"])
    for gone in "kind urgent state elder_id delivered_at resend_of".split():
        op.drop_column("outbox_messages", gone)
    op.drop_table("number_links")
    for name in ("wished", "missed", "unheard"):
        op.drop_index(f"ix_calls_{name}", "calls")
    op.drop_constraint(op.f("uq_calls_district_id_ref"), "calls", type_="unique")
    for gone in (
        "caregiver_id spoke_seconds note strange ref say gather pressed wish offered_at heard_at settled settled_at "
        "settled_by settled_reason returns_id"
    ).split():
        op.drop_column("calls", gone)
    op.execute(
        "update calls set result = 'no_answer' where result in ('abandoned', 'failed', 'operator_away', 'heard', 'voicemail', 'not_in_service')"
    )
    op.execute("update calls set state = 'ringing' where state = 'operator'")
    op.execute("update calls set state = 'answered' where state = 'held'")
    check("calls", "state", "callstate", STATES[0])
    check("calls", "result", "result", RESULTS[0])
