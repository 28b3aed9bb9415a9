"""Presence: when the clock looks again, whose a device was, the technical list with clocks, batteries by the day."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

FAULTS = ("low_battery", "tamper", "offline", "silent")
STATES = ("waiting", "claimed", "shelved", "done", "over")
REMEDIES = ("new_battery", "charged", "restarted", "repaired", "swapped", "explained", "no_fault", "other")
SHARED = ("gateway", "protocol", "community", "street", "district")
FENCED = ("battery_forecasts", "device_days", "device_stays", "outages")
HANDLED = {
    "claimed_by_somebody": "(state = 'claimed') <= (claimed_by is not null)",
    "shelved_why": "(state = 'shelved') <= (shelved_until is not null and shelve_reason is not null)",
    "done_with_what": "(state = 'done') <= (done_at is not null and done_with is not null)",
    "over": "(state = 'over') = (ended_at is not null)",
}


def words(values: tuple[str, ...], name: str) -> sa.Enum:
    """A column of such words, with its check."""
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


def moment(name: str, *, nullable: bool = True) -> sa.Column[Any]:
    """A time stamp."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def handled() -> list[sa.Column[Any]]:
    """How far somebody is with an entry."""
    return [
        sa.Column("state", words(STATES, "upkeep"), nullable=False, server_default="waiting"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("claimed_by", sa.BigInteger()),
        moment("claimed_at"),
        moment("shelved_until"),
        sa.Column("shelve_reason", sa.Text()),
        sa.Column("done_with", words(REMEDIES, "remedy")),
        sa.Column("done_note", sa.Text()),
        sa.Column("done_by", sa.BigInteger()),
        moment("done_at"),
    ]


def guard_handled(table: str) -> None:
    """Keys and checks of an entry, once its rows are right."""
    for name in ("claimed_by", "done_by"):
        op.create_foreign_key(op.f(f"fk_{table}_{name}"), table, "users", [name], ["id"])
    for name, condition in HANDLED.items():
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
    for name in ("state", "due_at"):
        op.alter_column(table, name, server_default=None)


def kinds_of_fault(*kinds: str) -> None:
    """What can be wrong with a device."""
    op.drop_constraint(op.f("ck_device_faults_fault"), "device_faults")
    known = ", ".join(f"'{kind}'" for kind in kinds)
    op.create_check_constraint(op.f("ck_device_faults_fault"), "device_faults", f"kind in ({known})")


def upgrade() -> None:
    """What is known of devices so far is watched from now on."""
    for column in (
        moment("look_at"),
        sa.Column("volts", sa.Float()),
        sa.Column("worn", sa.Boolean()),
        moment("worn_since"),
        sa.Column("charging", sa.Boolean()),
        moment("charging_since"),
        sa.Column("via", sa.String()),
    ):
        op.add_column("devices", column)
    op.execute(
        "update devices d set look_at = d.last_seen_at + make_interval(secs => m.silence_seconds) "
        "from device_models m where m.id = d.model_id and d.state = 'active'"
    )
    op.create_index("ix_devices_look_at", "devices", ["look_at"], postgresql_where=sa.text("look_at is not null"))
    op.create_index("ix_devices_not_worn", "devices", ["worn_since"], postgresql_where=sa.text("worn = false"))
    _stays()
    _outages()
    _faults()
    _days()
    for table in FENCED:
        op.execute(f"alter table {table} enable row level security")
        op.execute(f"alter table {table} force row level security")
        op.execute(
            f"create policy {table}_area on {table} "
            "using (app_sees(division_code)) with check (app_sees(division_code))"
        )


def _stays() -> None:
    op.create_table(
        "device_stays",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("home_id", sa.BigInteger()),
        sa.Column("elder_id", sa.BigInteger()),
        moment("since", nullable=False),
        moment("ended_at"),
        sa.CheckConstraint("ended_at >= since", name=op.f("ck_device_stays_forward")),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_device_stays_{column}"))
            for column, target in (
                ("district_id", "districts.id"),
                ("device_id", "devices.id"),
                ("home_id", "homes.id"),
                ("elder_id", "elders.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_stays")),
    )
    for name in ("district_id", "home_id", "elder_id"):
        op.create_index(op.f(f"ix_device_stays_{name}"), "device_stays", [name])
    open_ = sa.text("ended_at is null")
    op.create_index("uq_device_stays_open", "device_stays", ["device_id"], unique=True, postgresql_where=open_)
    op.execute(
        "insert into device_stays (district_id, division_code, device_id, home_id, elder_id, since) "
        "select district_id, division_code, id, home_id, elder_id, coalesce(installed_at, last_seen_at, now()) "
        "from devices where state = 'active'"
    )


def _outages() -> None:
    op.create_table(
        "outages",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("shared", words(SHARED, "shared"), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        moment("since", nullable=False),
        moment("ended_at"),
        sa.Column("members", sa.Integer(), nullable=False),
        *handled(),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_outages_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outages")),
    )
    op.create_index(op.f("ix_outages_district_id"), "outages", ["district_id"])
    op.create_index(
        "uq_outages_open",
        "outages",
        ["district_id", "shared", "key"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    guard_handled("outages")


def _faults() -> None:
    for column in (
        moment("lost_at"),
        sa.Column("battery", sa.Float()),
        sa.Column("outage_id", sa.BigInteger()),
        *handled(),
    ):
        op.add_column("device_faults", column)
    op.execute("update device_faults set due_at = since + interval '1 day'")
    op.execute("update device_faults set state = 'over' where ended_at is not null")
    guard_handled("device_faults")
    op.create_foreign_key(op.f("fk_device_faults_outage_id"), "device_faults", "outages", ["outage_id"], ["id"])
    op.create_index(op.f("ix_device_faults_outage_id"), "device_faults", ["outage_id"])
    kinds_of_fault(*FAULTS, "not_worn")


def _days() -> None:
    op.create_table(
        "deaf_times",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        moment("since", nullable=False),
        moment("ended_at"),
        sa.Column("why", sa.String(), nullable=False),
        sa.CheckConstraint("ended_at >= since", name=op.f("ck_deaf_times_forward")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deaf_times")),
    )
    open_ = sa.text("ended_at is null")
    op.create_index(
        "uq_deaf_times_open", "deaf_times", [sa.text("(ended_at is null)")], unique=True, postgresql_where=open_
    )
    op.create_table(
        "device_days",
        sa.Column("district_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("device_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        *(sa.Column(name, sa.Float()) for name in ("battery_least", "battery_last", "volts_least", "volts_last")),
        sa.Column("reconnects", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("district_id", "device_id", "day", name=op.f("pk_device_days")),
    )
    op.create_table(
        "battery_forecasts",
        sa.Column("device_id", sa.BigInteger(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("made_on", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Date()) for name in ("changed_on", "flat_on", "earliest", "latest")),
        sa.Column("unknown", words(("too_few", "not_falling", "far", "charged"), "unknown")),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name=op.f("fk_battery_forecasts_device_id")),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_battery_forecasts")),
    )
    for name in ("district_id", "flat_on"):
        op.create_index(op.f(f"ix_battery_forecasts_{name}"), "battery_forecasts", [name])


def downgrade() -> None:
    """Back to a list without clocks."""
    for table in ("battery_forecasts", "device_days", "deaf_times", "device_stays"):
        op.drop_table(table)
    op.execute("delete from device_faults where kind = 'not_worn'")
    kinds_of_fault(*FAULTS)
    for column in handled():
        op.drop_column("device_faults", column.name)
    for name in ("lost_at", "battery", "outage_id"):
        op.drop_column("device_faults", name)
    op.drop_table("outages")
    for name in ("look_at", "volts", "worn", "worn_since", "charging", "charging_since", "via"):
        op.drop_column("devices", name)
