"""Allowances in cash or by transfer, one more reason to hold a visit, and visits that cost nothing found at once."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

KNOWN = {  # (table, column, check): before and now
    ("payout_lines", "state", "linestate"): (
        "listed held paid returned pay_again given_up",
        "listed to_collect held paid returned pay_again given_up",
    ),
    ("payout_lines", "returned_for", "returnreason"): (
        "wrong_account wrong_name closed_account dormant_account other",
        "wrong_account wrong_name closed_account dormant_account not_collected other",
    ),
    ("statement_lines", "kind", "linekind"): ("service late correction", "service late correction fee"),
    ("visit_flaws", "flaw", "flaw"): (
        "no_check_in no_check_out too_short too_long outside no_location clock_skew tasks_missing not_started "
        "month_settled plan_clash overlap impossible_travel unqualified elder_gone",
        "no_check_in no_check_out too_short too_long outside no_location clock_skew tasks_missing not_started "
        "month_settled plan_clash overlap impossible_travel too_many unqualified elder_gone",
    ),
}


def upgrade() -> None:
    """Who is paid today is paid into an account; a batch needs two different people, of whom one may have drafted it."""
    _know(1)
    op.drop_constraint(op.f("ck_payout_batches_not_their_own"), "payout_batches", type_="check")
    op.add_column("payout_lines", sa.Column("collected_by", sa.Text(), nullable=True))
    way = sa.Enum("bank", "counter", "door", name="payway", native_enum=False, create_constraint=True, length=32)
    op.add_column("payees", sa.Column("way", way, nullable=False, server_default="bank"))
    op.alter_column("payees", "way", server_default=None)
    for name in ("bank", "account", "account_hash"):
        op.alter_column("payees", name, nullable=True)
    op.create_check_constraint(
        op.f("ck_payees_way"), "payees",
        "num_nulls(bank, account, account_hash) = case way when 'bank' then 0 else 3 end",
    )  # fmt: skip
    op.create_index(
        "ix_ledger_entries_fees", "ledger_entries", ["district_id", "provider_id", "month"],
        postgresql_where=sa.text("kind in ('fee', 'waive')"),
    )  # fmt: skip
    op.create_index("ix_visits_free", "visits", ["provider_id", "opens"], postgresql_where=sa.text("price_cents = 0"))


def downgrade() -> None:
    """Cash that waits counts as returned, who is paid in cash has no account, and what was held for too much is not."""
    op.drop_index("ix_visits_free", table_name="visits")
    op.drop_index("ix_ledger_entries_fees", table_name="ledger_entries")
    op.execute("alter table statement_lines disable trigger user")
    op.execute("update statement_lines set kind = 'service' where kind = 'fee'")
    op.execute("alter table statement_lines enable trigger user")
    op.drop_constraint(op.f("ck_payees_way"), "payees", type_="check")
    op.execute("update payees set bank = coalesce(bank, ''), account = coalesce(account, ''), "
               "account_hash = coalesce(account_hash, ''), current = current and way = 'bank'")  # fmt: skip
    for name in ("bank", "account", "account_hash"):
        op.alter_column("payees", name, nullable=False)
    op.drop_column("payees", "way")
    op.execute("update payout_lines set state = 'returned', returned_for = 'other' where state = 'to_collect'")
    op.execute("update payout_lines set returned_for = 'other' where returned_for = 'not_collected'")
    op.execute("delete from visit_flaws where flaw = 'too_many'")
    op.drop_column("payout_lines", "collected_by")
    op.create_check_constraint(
        op.f("ck_payout_batches_not_their_own"), "payout_batches",
        sa.text("drafted_by not in (first_by, second_by)"), postgresql_not_valid=True,
    )  # fmt: skip
    _know(0)


def _know(which: int) -> None:
    for (table, column, name), values in KNOWN.items():
        listed = ", ".join(f"'{value}'" for value in values[which].split())
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"{column} in ({listed})")
