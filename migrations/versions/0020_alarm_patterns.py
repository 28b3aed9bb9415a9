"""The words of calls to 120 and 119 and to shift leads are templates as the others are."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BEFORE = "alarm_family alarm_community alarm_caregiver test_call visit notice"
NOW = "alarm_family alarm_community alarm_caregiver alarm_rescue desk_lead test_call visit notice"
CHECKED = {"outbox_messages": "messagekind", "message_templates": "templatekind"}


def upgrade() -> None:
    """Two kinds more."""
    _known(NOW)


def downgrade() -> None:
    """Back to what was; what has been written in the new kinds becomes a notice, or is nobody's words."""
    op.execute("update outbox_messages set kind = 'notice' where kind in ('alarm_rescue', 'desk_lead')")
    op.execute("alter table message_templates disable trigger user")
    op.execute("delete from message_templates where kind in ('alarm_rescue', 'desk_lead')")
    op.execute("alter table message_templates enable trigger user")
    _known(BEFORE)


def _known(kinds: str) -> None:
    listed = ", ".join(f"'{kind}'" for kind in kinds.split())
    for table, name in CHECKED.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, f"kind in ({listed})")
