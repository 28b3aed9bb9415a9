"""Fees that reach the ledger and a statement; approval of an order kept with it; words for unspent allowances."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

KINDS = "alarm_family alarm_community alarm_caregiver alarm_rescue desk_lead test_call visit unspent notice"
CHECKED = {"outbox_messages": "messagekind", "message_templates": "templatekind"}
WAYS = {
    "grant": (("budget", "cash"), ("budget", "free")),
    "reserve": (("free", "reserved"),),
    "capture": (("purse", "owed"), ("reserved", "captured")),
    "release": (("reserved", "free"),),
    "expire": (("free", "expired"),),
    "adjust": (("budget", "cash"), ("budget", "free"), ("cash", "budget"), ("free", "budget")),
    "refund": (("captured", "free"), ("owed", "purse")),
}
FEE_WAYS = {"fee": (("purse", "fees"),), "waive": (("fees", "purse"),)}
ACCOUNTS = ("budget", "free", "reserved", "captured", "expired", "cash", "purse", "owed")


def upgrade() -> None:
    """New columns, more kinds of entries; fees that are due come into the ledger."""
    op.add_column("orders", sa.Column("approval", sa.String(32), nullable=True))
    op.execute(
        "update orders set approval = case when state = 'waiting_approval' then"
        " (select i.approval from service_items i where i.id = orders.item_id) else 'none' end"
    )
    op.alter_column("orders", "approval", nullable=False)
    op.create_check_constraint(op.f("ck_orders_approval"), "orders", "approval in ('none', 'shift_lead', 'supervisor')")
    op.add_column("cancellation_rules", sa.Column("on_change", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("cancellation_rules", "on_change", server_default=None)
    op.add_column("care_plan_days", sa.Column("short_cents", sa.Integer(), nullable=True))
    _fees()
    _known("kind", (*WAYS, *FEE_WAYS), "entrykind")
    _known("source", (*ACCOUNTS, "fees"), "source")
    _known("target", (*ACCOUNTS, "fees"), "target")
    _ledger(WAYS | FEE_WAYS, "'purse', 'owed', 'fees'")
    op.execute(
        "insert into ledger_entries (district_id, at, by, kind, source, target, cents, division_code, elder_id, month,"
        " order_id, visit_id, provider_id, reason) select district_id, at, by, 'fee', 'purse', 'fees', cents,"
        " division_code, elder_id, month, order_id, visit_id, provider_id, cause from cancellation_fees"
        " where payer = 'elder' and state = 'due' order by id"
    )
    _words(KINDS)


def downgrade() -> None:
    """Back to what was; entries of fees are taken out of the ledger, for it cannot say them any more."""
    op.execute("update outbox_messages set kind = 'notice' where kind = 'unspent'")
    op.execute("alter table message_templates disable trigger user")
    op.execute("delete from message_templates where kind = 'unspent'")
    op.execute("alter table message_templates enable trigger user")
    _words(KINDS.replace("unspent ", ""))
    op.execute("alter table ledger_entries disable trigger user")
    op.execute("delete from ledger_entries where kind in ('fee', 'waive')")
    op.execute("alter table ledger_entries enable trigger user")
    _ledger(WAYS, "'purse', 'owed'")
    _known("target", ACCOUNTS, "target")
    _known("source", ACCOUNTS, "source")
    _known("kind", tuple(WAYS), "entrykind")
    op.execute("delete from cancellation_fees where cause <> 'cancel'")
    op.execute("update cancellation_fees set state = 'due' where state = 'settled'")
    for name in ("uq_cancellation_fees_cancel", "ix_cancellation_fees_provider", "ix_cancellation_fees_visit_id"):
        op.drop_index(name, table_name="cancellation_fees")
    for name in ("owed", "feecause", "feestate"):
        op.drop_constraint(op.f(f"ck_cancellation_fees_{name}"), "cancellation_fees", type_="check")
    op.create_check_constraint(op.f("ck_cancellation_fees_feestate"), "cancellation_fees", "state in ('due', 'waived')")
    op.create_unique_constraint(op.f("uq_cancellation_fees_visit_id"), "cancellation_fees", ["visit_id"])
    op.drop_column("cancellation_fees", "month")
    op.drop_column("cancellation_fees", "cause")
    op.drop_column("care_plan_days", "short_cents")
    op.drop_column("cancellation_rules", "on_change")
    op.drop_constraint(op.f("ck_orders_approval"), "orders", type_="check")
    op.drop_column("orders", "approval")


def _fees() -> None:
    op.add_column("cancellation_fees", sa.Column("cause", sa.String(32), nullable=True))
    op.add_column("cancellation_fees", sa.Column("month", sa.Date(), nullable=True))
    op.execute(
        "update cancellation_fees f set cause = 'cancel', month = (select"
        " date_trunc('month', v.opens at time zone 'Asia/Shanghai')::date from visits v where v.id = f.visit_id),"
        " payer = case when provider_id is null then 'nobody' else payer end"
    )
    op.alter_column("cancellation_fees", "cause", nullable=False)
    op.alter_column("cancellation_fees", "month", nullable=False)
    op.drop_constraint(op.f("uq_cancellation_fees_visit_id"), "cancellation_fees", type_="unique")
    op.drop_constraint(op.f("ck_cancellation_fees_feestate"), "cancellation_fees", type_="check")
    for name, rule in (
        ("feestate", "state in ('due', 'waived', 'settled')"),
        ("feecause", "cause in ('cancel', 'change')"),
        ("owed", "payer <> 'elder' or provider_id is not null"),
    ):
        op.create_check_constraint(op.f(f"ck_cancellation_fees_{name}"), "cancellation_fees", rule)
    op.create_index("ix_cancellation_fees_visit_id", "cancellation_fees", ["visit_id"])
    op.create_index("ix_cancellation_fees_provider", "cancellation_fees", ["provider_id", "month"])
    op.create_index(
        "uq_cancellation_fees_cancel", "cancellation_fees", ["visit_id"], unique=True,
        postgresql_where=sa.text("cause = 'cancel'"),
    )  # fmt: skip


def _known(column: str, words: tuple[str, ...], name: str) -> None:
    op.drop_constraint(op.f(f"ck_ledger_entries_{name}"), "ledger_entries", type_="check")
    listed = ", ".join(f"'{word}'" for word in words)
    op.create_check_constraint(op.f(f"ck_ledger_entries_{name}"), "ledger_entries", f"{column} in ({listed})")


def _ledger(ways: dict[str, tuple[tuple[str, str], ...]], own: str) -> None:
    for name in ("way", "entitlement"):
        op.drop_constraint(op.f(f"ck_ledger_entries_{name}"), "ledger_entries", type_="check")
    told = " or ".join(
        f"(kind = '{kind}' and source = '{source}' and target = '{target}')"
        for kind, pairs in ways.items()
        for source, target in pairs
    )
    op.create_check_constraint(op.f("ck_ledger_entries_way"), "ledger_entries", told)
    op.create_check_constraint(
        op.f("ck_ledger_entries_entitlement"), "ledger_entries", f"(source in ({own})) = (entitlement_id is null)"
    )


def _words(kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split())
    for table, name in CHECKED.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"kind in ({listed})")
