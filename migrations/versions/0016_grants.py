"""Programmes as versioned rules with lists; runs over a month, events in lives, links of families, what-ifs."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

GUARDS = (
    "alter table month_runs enable row level security",
    "alter table month_runs force row level security",
    "create policy month_runs_area on month_runs using (app_touches(district_id)) with check (app_touches(district_id))",
    "alter table program_versions enable row level security",
    "alter table program_versions force row level security",
    "create policy program_versions_area on program_versions using (app_touches(district_id)) with check (app_touches(district_id))",
    "create or replace function app_terms_stay() returns trigger language plpgsql as $$ begin raise exception using errcode = 'restrict_violation',      message = 'a version keeps what was written; draft another'; end $$",
    "create trigger program_versions_stay before update on program_versions for each row when ((old.terms, old.starts, old.ends, old.n, old.program_id, old.drafted_by, old.note) is distinct from (new.terms, new.starts, new.ends, new.n, new.program_id, new.drafted_by, new.note) or old.state <> 'draft') execute function app_terms_stay()",
    "create trigger program_versions_are_not_removed before delete on program_versions for each row execute function app_terms_stay()",
    "alter table what_ifs enable row level security",
    "alter table what_ifs force row level security",
    "create policy what_ifs_area on what_ifs using (app_sees(area)) with check (app_sees(area))",
    "alter table life_events enable row level security",
    "alter table life_events force row level security",
    "create policy life_events_area on life_events using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table program_enrolments enable row level security",
    "alter table program_enrolments force row level security",
    "create policy program_enrolments_area on program_enrolments using (app_sees(division_code)) with check (app_sees(division_code))",
    "alter table family_links enable row level security",
    "alter table family_links force row level security",
    "create policy family_links_area on family_links using (app_sees(division_code)) with check (app_sees(division_code))",
)
ACCOUNTS = ("budget", "free", "reserved", "captured", "expired", "purse", "owed")
WAYS = (
    ("adjust", "budget", "free"), ("adjust", "free", "budget"), ("capture", "purse", "owed"),
    ("capture", "reserved", "captured"), ("expire", "free", "expired"), ("grant", "budget", "free"),
    ("refund", "captured", "free"), ("refund", "owed", "purse"), ("release", "reserved", "free"),
    ("reserve", "free", "reserved"),
)  # fmt: skip
CASH_WAYS = (("adjust", "budget", "cash"), ("adjust", "cash", "budget"), ("grant", "budget", "cash"))
KINDS = ("grant", "reserve", "capture", "release", "expire", "adjust", "refund")
TERMS = """
    insert into program_versions (district_id, program_id, kind, n, state, starts, ends, terms, note, drafted_by,
        drafted_at, approved_by, approved_at)
    select p.district_id, p.id, 'district', row_number() over (partition by p.id order by s.month), 'approved', s.month,
        case when p.ends >= s.month then p.ends end, jsonb_build_object(
            'rank', p.rank, 'scale', 'ability', 'cash', '{}'::jsonb, 'share_percent', p.share_percent,
            'line_cap_cents', null, 'bands', '[]'::jsonb, 'aids', p.aids, 'items', '[]'::jsonb, 'canteens', '[]'::jsonb,
            'registers', '["purchased_service"]'::jsonb, 'min_age', null, 'max_age', null, 'any_category', '[]'::jsonb,
            'no_category', p.excluded_categories, 'divisions', '[]'::jsonb, 'enrolled', false, 'not_with', '[]'::jsonb,
            'not_on_line_with', '[]'::jsonb, 'stopped_by', '[]'::jsonb, 'pro_rata', false,
            'amounts', (select coalesce(jsonb_object_agg(level, cents), '{}') from (
                select distinct on (level) level, cents from program_amounts a
                where a.program_id = p.id and date_trunc('month', a.starts) <= s.month order by level, a.starts desc) l)),
        'as it stood before programmes had versions', 'upgrade', now(), 'upgrade 0016', now()
    from programs p join (
        select distinct program_id, date_trunc('month', starts)::date as month from program_amounts
        union select id, date_trunc('month', starts)::date from programs) s on s.program_id = p.id
"""
BACK = """
    insert into program_amounts (district_id, program_id, level, starts, cents)
    select v.district_id, v.program_id, a.key, v.starts, a.value::int
    from (select distinct on (program_id, starts) * from program_versions where state = 'approved'
          order by program_id, starts, n desc) v, jsonb_each_text(v.terms->'amounts') a
    where a.key in ('intact', 'mild', 'moderate', 'severe', 'total')
"""

KIND = sa.Enum(
    "district", "voucher", "meal", "ltci", "cash_service", name="programkind", native_enum=False,
    create_constraint=True, length=32,
)  # fmt: skip
LEVEL = sa.Enum(
    "intact", "mild", "moderate", "severe", "total", name="abilitylevel", native_enum=False, create_constraint=True,
    length=32,
)  # fmt: skip


def upgrade() -> None:
    """Tables, what programmes said as their first versions, cash as an account of its own."""
    op.add_column("programs", sa.Column("kind", KIND, nullable=False, server_default="district"))
    op.alter_column("programs", "kind", server_default=None)
    op.create_unique_constraint(op.f("uq_programs_id_kind"), "programs", ["id", "kind"])
    op.create_table(
        "month_runs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("elders", sa.Integer(), nullable=False),
        sa.Column("done_to", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("granted_cents", sa.BigInteger(), nullable=False),
        sa.Column("adjusted", sa.Integer(), nullable=False),
        sa.Column("adjusted_cents", sa.BigInteger(), nullable=False),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("expired_cents", sa.BigInteger(), nullable=False),
        sa.Column("work_seconds", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_month_runs_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_runs")),
    )
    op.create_index(op.f("ix_month_runs_district_id"), "month_runs", ["district_id"], unique=False)
    op.create_index(
        "uq_month_runs_open",
        "month_runs",
        ["district_id", "month"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "program_versions",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "district",
                "voucher",
                "meal",
                "ltci",
                "cash_service",
                name="programkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "draft",
                "approved",
                "dropped",
                name="termsstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'approved') = (approved_at is not null)", name=op.f("ck_program_versions_approved")
        ),
        sa.CheckConstraint(
            "kind = 'cash_service' or coalesce(terms->'cash', '{}') = '{}'", name=op.f("ck_program_versions_no_cash")
        ),
        sa.CheckConstraint(
            "(approved_by is null) = (approved_at is null)", name=op.f("ck_program_versions_by_somebody")
        ),
        sa.CheckConstraint("approved_by <> drafted_by", name=op.f("ck_program_versions_second_person")),
        sa.CheckConstraint("ends is null or ends >= starts", name=op.f("ck_program_versions_forward")),
        sa.CheckConstraint("extract(day from starts) = 1", name=op.f("ck_program_versions_first_day")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_program_versions_district_id")),
        sa.ForeignKeyConstraint(
            ["program_id", "kind"], ["programs.id", "programs.kind"], name=op.f("fk_program_versions_program_id_kind")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_versions")),
        sa.UniqueConstraint("program_id", "n", name=op.f("uq_program_versions_program_id_n")),
    )
    op.create_index(op.f("ix_program_versions_district_id"), "program_versions", ["district_id"], unique=False)
    op.create_table(
        "what_ifs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("asked_by", sa.String(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("job_id", sa.BigInteger(), nullable=True),
        sa.Column("outcome", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint("extract(day from month) = 1", name=op.f("ck_what_ifs_first_day")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_what_ifs_district_id")),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_what_ifs_job_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_what_ifs_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_what_ifs")),
    )
    op.create_index(op.f("ix_what_ifs_district_id"), "what_ifs", ["district_id"], unique=False)
    op.create_table(
        "life_events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "death",
                "moved_away",
                "hospital",
                "institution",
                name="lifekind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "family",
                "community",
                "caregiver",
                "hospital",
                "police",
                "register",
                name="lifesource",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("told_by", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("undone_by", sa.String(), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_reason", sa.String(), nullable=True),
        sa.CheckConstraint(
            "ends is null or (ends >= starts and kind in ('hospital', 'institution'))", name=op.f("ck_life_events_days")
        ),
        sa.CheckConstraint(
            "num_nulls(undone_by, undone_at, undone_reason) in (0, 3)", name=op.f("ck_life_events_undone")
        ),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_life_events_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_life_events_elder_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_life_events")),
    )
    op.create_index(op.f("ix_life_events_district_id"), "life_events", ["district_id"], unique=False)
    op.create_index("ix_life_events_elder", "life_events", ["elder_id", "starts"], unique=False)
    op.create_index(
        "uq_life_events_ending",
        "life_events",
        ["elder_id", "kind"],
        unique=True,
        postgresql_where=sa.text("kind in ('death', 'moved_away') and undone_at is null"),
    )
    op.create_table(
        "program_enrolments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("ends", sa.Date(), nullable=True),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends is null or ends >= starts - 1", name=op.f("ck_program_enrolments_forward")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_program_enrolments_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_program_enrolments_elder_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_program_enrolments_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_enrolments")),
    )
    op.create_index(op.f("ix_program_enrolments_district_id"), "program_enrolments", ["district_id"], unique=False)
    op.create_index(
        "ix_program_enrolments_elder", "program_enrolments", ["elder_id", "program_id", "starts"], unique=False
    )
    op.create_table(
        "family_links",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("division_code", sa.String(), nullable=False),
        sa.Column("elder_id", sa.BigInteger(), nullable=False),
        sa.Column("contact_id", sa.BigInteger(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("expires_at > made_at", name=op.f("ck_family_links_lasts")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_family_links_contact_id")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_family_links_district_id")),
        sa.ForeignKeyConstraint(["elder_id"], ["elders.id"], name=op.f("fk_family_links_elder_id")),
        sa.ForeignKeyConstraint(["made_by"], ["users.id"], name=op.f("fk_family_links_made_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_family_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_family_links_token_hash")),
    )
    op.create_index(op.f("ix_family_links_district_id"), "family_links", ["district_id"], unique=False)
    op.create_index("ix_family_links_elder", "family_links", ["elder_id"], unique=False)
    for guard in GUARDS:
        op.execute(guard)
    op.execute(TERMS)
    op.add_column("entitlements", sa.Column("version_id", sa.BigInteger(), nullable=True))
    op.execute(
        "update entitlements e set version_id = (select v.id from program_versions v where v.program_id = e.program_id"
        " order by v.starts <= e.month desc, v.starts desc limit 1)"
    )
    op.alter_column("entitlements", "version_id", nullable=False)
    op.create_foreign_key(
        op.f("fk_entitlements_version_id"), "entitlements", "program_versions", ["version_id"], ["id"]
    )
    op.add_column("entitlements", sa.Column("line_cap_cents", sa.Integer(), nullable=True))
    op.add_column("entitlements", sa.Column("cash_cents", sa.Integer(), nullable=False, server_default="0"))
    op.alter_column("entitlements", "cash_cents", server_default=None)
    op.drop_constraint(op.f("ck_entitlements_abilitylevel"), "entitlements")
    op.alter_column("entitlements", "level", type_=sa.String())
    op.create_check_constraint(op.f("ck_entitlements_cash"), "entitlements", "cash_cents >= 0")
    _nothing_lost("free_cents + reserved_cents + captured_cents + expired_cents + cash_cents")
    _accounts((*ACCOUNTS[:5], "cash", *ACCOUNTS[5:]), (*WAYS, *CASH_WAYS))
    for column in ("rank", "share_percent", "aids", "excluded_categories", "starts", "ends"):
        op.drop_column("programs", column)
    op.drop_table("program_amounts")


def downgrade() -> None:
    """Programmes as their last versions say, without lists, runs, events and links. Cash in the ledger forbids it."""
    op.create_table(
        "program_amounts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("program_id", sa.BigInteger(), nullable=False),
        sa.Column("level", LEVEL, nullable=False),
        sa.Column("starts", sa.Date(), nullable=False),
        sa.Column("cents", sa.Integer(), nullable=False),
        sa.CheckConstraint("cents >= 0", name=op.f("ck_program_amounts_not_negative")),
        sa.ForeignKeyConstraint(["district_id"], ["districts.id"], name=op.f("fk_program_amounts_district_id")),
        sa.ForeignKeyConstraint(["program_id"], ["programs.id"], name=op.f("fk_program_amounts_program_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_program_amounts")),
        sa.UniqueConstraint("program_id", "level", "starts", name=op.f("uq_program_amounts_program_id_level_starts")),
    )
    op.create_index(op.f("ix_program_amounts_district_id"), "program_amounts", ["district_id"])
    added: tuple[sa.Column[Any], ...] = (
        sa.Column("rank", sa.Integer()), sa.Column("share_percent", sa.Integer()),
        sa.Column("aids", postgresql.JSONB(astext_type=sa.Text())),
        sa.Column("excluded_categories", postgresql.JSONB(astext_type=sa.Text())), sa.Column("starts", sa.Date()),
        sa.Column("ends", sa.Date()),
    )  # fmt: skip
    for column in added:
        op.add_column("programs", column)
    op.execute(
        "update programs p set (rank, share_percent, aids, excluded_categories, starts, ends) = (select"
        " (v.terms->>'rank')::int, (v.terms->>'share_percent')::int, v.terms->'aids', v.terms->'no_category',"
        " (select min(starts) from program_versions f where f.program_id = p.id), v.ends"
        " from program_versions v where v.program_id = p.id and v.state = 'approved' order by starts desc, n desc limit 1)"
    )
    op.execute("delete from programs where rank is null")  # never approved, so nothing rests on them
    op.execute(BACK)
    for name in ("rank", "share_percent", "aids", "excluded_categories", "starts"):
        op.alter_column("programs", name, nullable=False)
    op.create_check_constraint(op.f("ck_programs_share"), "programs", "share_percent between 1 and 100")
    _accounts(ACCOUNTS, WAYS)
    _nothing_lost("free_cents + reserved_cents + captured_cents + expired_cents")
    op.drop_constraint(op.f("ck_entitlements_cash"), "entitlements")
    for name in ("cash_cents", "line_cap_cents", "version_id"):
        op.drop_column("entitlements", name)
    op.execute(
        "update entitlements set level = 'moderate' where level not in ('intact', 'mild', 'moderate', 'severe', 'total')"
    )
    op.alter_column("entitlements", "level", type_=sa.String(32))
    op.create_check_constraint(
        op.f("ck_entitlements_abilitylevel"), "entitlements",
        "level in ('intact', 'mild', 'moderate', 'severe', 'total')",
    )  # fmt: skip
    for table in ("family_links", "program_enrolments", "life_events", "what_ifs", "program_versions", "month_runs"):
        op.drop_table(table)
    op.execute("drop function app_terms_stay()")
    op.drop_constraint(op.f("uq_programs_id_kind"), "programs")
    op.drop_column("programs", "kind")


def _nothing_lost(parts: str) -> None:
    op.drop_constraint(op.f("ck_entitlements_nothing_lost"), "entitlements")
    op.create_check_constraint(op.f("ck_entitlements_nothing_lost"), "entitlements", f"granted_cents = {parts}")


def _accounts(accounts: tuple[str, ...], ways: tuple[tuple[str, str, str], ...]) -> None:
    """The accounts and ways of the ledger; in the order in which the tables name the ways."""
    listed = ", ".join(f"'{account}'" for account in accounts)
    told = " or ".join(
        f"(kind = '{kind}' and source = '{source}' and target = '{target}')"
        for kind, source, target in sorted(ways, key=lambda way: (KINDS.index(way[0]), *way[1:]))
    )
    for name, rule in (("source", f"source in ({listed})"), ("target", f"target in ({listed})"), ("way", told)):
        op.drop_constraint(op.f(f"ck_ledger_entries_{name}"), "ledger_entries")
        op.create_check_constraint(op.f(f"ck_ledger_entries_{name}"), "ledger_entries", rule)
