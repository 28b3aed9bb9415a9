"""Reading rules as their pages show them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.equipment.tables import Device
from app.monitoring import queries
from app.monitoring.rules import RuleKind
from app.monitoring.tables import MonitoringPause, MonitoringRule, RuleVersion
from app.people.tables import Elder

Row = tuple[MonitoringRule, RuleVersion]


def for_elder(session: Session, elder: Elder) -> tuple[Sequence[Row], list[int]]:
    """All versions that are hers, her devices' models' or everybody's, and those that hold for her."""
    models = session.scalars(
        select(Device.model_id)
        .where(or_(Device.elder_id == elder.id, (Device.home_id == elder.home_id) & Device.elder_id.is_(None)))
        .distinct()
    ).all()
    wide = MonitoringRule.elder_id.is_(None) & (
        MonitoringRule.model_id.is_(None) | MonitoringRule.model_id.in_(models)
    )  # fmt: skip
    rows = _rows(session, elder.district_id, (MonitoringRule.elder_id == elder.id) | wide)
    rules = queries.book(session, elder.district_id, [elder.id])
    holding = {
        found.version_id
        for kind in RuleKind
        for model in (None, *models)
        if (found := rules.find(kind, elder.id, model))
    }
    return rows, sorted(holding)


def wide(session: Session, district_id: int) -> Sequence[Row]:
    """All versions of rules for everybody and for models."""
    return _rows(session, district_id, MonitoringRule.elder_id.is_(None))


def _rows(session: Session, district_id: int, where: ColumnElement[bool]) -> Sequence[Row]:
    rows = session.execute(
        select(MonitoringRule, RuleVersion)
        .join(RuleVersion, RuleVersion.rule_id == MonitoringRule.id)
        .where(MonitoringRule.district_id == district_id, where)
        .order_by(MonitoringRule.kind, MonitoringRule.id, RuleVersion.n.desc())
    )
    return [(rule, version) for rule, version in rows]


def pause_of(session: Session, elder_id: int, *, now: datetime) -> MonitoringPause | None:
    """Her pause, if there is one now."""
    return session.scalar(
        select(MonitoringPause)
        .where(MonitoringPause.elder_id == elder_id)
        .where(or_(MonitoringPause.ends_at.is_(None), MonitoringPause.ends_at > now))
    )
