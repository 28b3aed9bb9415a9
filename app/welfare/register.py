"""Keeping the list: who is on it and in which tier, who goes where, and a district's rules from a day on."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import calendar
from app.db import add_rows, notice, scope_of
from app.errors import NotFound, Unreadable
from app.history import record
from app.people.tables import Caregiver, Elder
from app.welfare import queries
from app.welfare.rules import RiskTier, Visitor, suggested, welfare_rules_of
from app.welfare.tables import WelfareElder, WelfareRound, WelfareSettings, WelfareVisitor


class NotRetroactive(Unreadable):
    """Rules hold from today on at the earliest."""


def enlist(session: Session, district_id: int, *, by: str, now: datetime) -> int:
    """Who lives here and is not on the list, in the tier the register speaks for; done twice it adds nobody."""
    today = calendar.day_of(now)
    rows = session.scalars(
        select(Elder)
        .where(Elder.district_id == district_id, Elder.ended_at.is_(None))
        .where(~select(WelfareElder.id).where(WelfareElder.elder_id == Elder.id).exists())
    ).all()
    new = []
    for elder in rows:
        tier, why = suggested(
            age=calendar.age_on(elder.born, today), level=elder.level, categories=elder.categories,
            conditions=elder.health.get("conditions") or [],
        )  # fmt: skip
        new.append(
            {
                "district_id": district_id, "division_code": elder.division_code, "elder_id": elder.id, "tier": tier,
                "why": why, "listed_on": today, "tries": 0, "version": 1,
            }
        )  # fmt: skip
    added = add_rows(session, WelfareElder, new, on_conflict="(elder_id) do nothing", returning="id")
    notice(session, district_id, "welfare_elders")
    return len(added)


def set_tier(
    session: Session, elder_id: int, tier: RiskTier, *, reason: str, changed: bool, by: str, now: datetime
) -> WelfareElder:
    """Another tier, for a reason that stays in her history. `changed`: something grave happened, somebody goes soon."""
    row = queries.on_list(session, elder_id, lock=True)
    today = calendar.day_of(now)
    before, row.tier, row.why = row.tier, tier, reason
    if changed:
        _, rules = queries.rules_on(session, row.district_id, today)
        row.sooner_on, row.changed_at = today + timedelta(days=rules.change_days), now
    record(session, row, "tier", before, tier, by=by, now=now, reason=reason, changed=changed)
    return row


def pair(session: Session, elder_id: int, caregiver_id: int | None, *, by: str, now: datetime) -> WelfareElder:
    """She is this visitor's from now on (结对), or nobody's; raises NotFound for somebody who does not go."""
    row = queries.on_list(session, elder_id, lock=True)
    if caregiver_id is not None and queries.visitor(session, caregiver_id) is None:
        raise NotFound("There is no such visitor.")
    row.pair_id = caregiver_id
    record(session, row, "pair", None, None, by=by, now=now, caregiver_id=caregiver_id)
    return row


def send(session: Session, caregiver_id: int, kind: Visitor, area: str, *, by: str, now: datetime) -> WelfareVisitor:
    """Somebody with a login of the phone goes on welfare visits in this area; said again it changes."""
    caregiver = session.get(Caregiver, caregiver_id)
    if caregiver is None or caregiver.ended_at is not None:
        raise NotFound("There is no such caregiver.")
    if not area.startswith(scope_of(session).area or f"{caregiver.district_id:06d}"):
        raise NotFound("There is no such area here.")
    row = session.scalar(select(WelfareVisitor).where(WelfareVisitor.caregiver_id == caregiver_id).with_for_update())
    if row is not None and row.ended_at is None and not row.area.startswith(scope_of(session).area):
        raise NotFound("She goes on visits in another area.")
    if row is None:
        row = WelfareVisitor(district_id=caregiver.district_id, caregiver_id=caregiver_id, since=now)
        session.add(row)
    row.kind, row.area, row.ended_at = kind, area, None
    record(session, row, "send", None, kind, by=by, now=now, area=area)
    return row


def recall(session: Session, caregiver_id: int, *, by: str, now: datetime) -> None:
    """She goes no longer."""
    row = queries.visitor(session, caregiver_id)
    if row is None or not row.area.startswith(scope_of(session).area):
        raise NotFound("There is no such visitor.")
    row.ended_at = now
    record(session, row, "recall", row.kind, None, by=by, now=now)


def take_round(session: Session, goes: WelfareVisitor, elder_ids: Sequence[int], *, now: datetime) -> Sequence[int]:
    """Into today's round what nobody else has today and she may see; answers whom she has taken now."""
    today = calendar.day_of(now)
    _, rules = queries.rules_on(session, goes.district_id, today)
    hers = queries.listed(session, rules, today=today, mine=(goes.caregiver_id, goes.area), limit=10_000)
    rows = [
        {
            "district_id": goes.district_id, "division_code": one.on_list.division_code,
            "caregiver_id": goes.caregiver_id, "elder_id": one.elder.id, "day": today, "taken_at": now,
        }
        for one in hers
        if one.elder.id in set(elder_ids) and one.taken_id is None
    ]  # fmt: skip
    return add_rows(session, WelfareRound, rows, on_conflict="(elder_id, day) do nothing", returning="elder_id")


def set_rules(
    session: Session, district_id: int, rules: Mapping[str, Any], *, starts: date, by: str, now: datetime
) -> WelfareSettings:
    """A new version from today or a later day on; raises NotRetroactive, BadWelfareRules."""
    if starts < calendar.day_of(now):
        raise NotRetroactive("Rules hold from today on at the earliest.", starts=starts.isoformat())
    session.execute(select(func.pg_advisory_xact_lock(7_301_031, district_id)))
    last = session.scalar(select(func.max(WelfareSettings.version)).where(WelfareSettings.district_id == district_id))
    made = WelfareSettings(
        district_id=district_id, version=(last or 0) + 1, starts=starts, rules=welfare_rules_of(rules).as_json(),
        by=by, at=now,
    )  # fmt: skip
    session.add(made)
    notice(session, district_id, "welfare_settings")
    return made
