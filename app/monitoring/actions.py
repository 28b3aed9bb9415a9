"""Writing rules: a version is drafted, previewed, switched on, ended. `move` alone changes a version's state."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app.db import scope_of
from app.equipment.tables import DeviceModel
from app.errors import Conflict, NotFound, Refused, Unreadable
from app.history import record
from app.monitoring.rules import PauseReason, RuleKind, VersionEvent, VersionState, after, read_params
from app.monitoring.tables import MonitoringPause, MonitoringRule, RuleState, RuleVersion
from app.people import queries as people


class WrongParameters(Unreadable):
    """The rule cannot be read."""


class NotForAStreet(Refused):
    """A rule for everybody is the district's to make."""


def get(session: Session, version_id: int) -> RuleVersion:
    """A version; raises NotFound."""
    found = session.get(RuleVersion, version_id)
    if found is None:
        raise NotFound("There is no such version of a rule.")
    return found


def to_change(session: Session, version_id: int) -> RuleVersion:
    """A version, locked; a street may read the rules for everybody, and raises NotForAStreet here."""
    found = get(session, version_id)
    if found.elder_id is None:
        _of_whole_district(session)
    session.refresh(found, with_for_update=True)
    return found


def _of_whole_district(session: Session) -> None:
    if len(scope_of(session).area) > 6:
        raise NotForAStreet("Your area is a part of the district; make the rule for an elder instead.")


def rule_for(
    session: Session,
    kind: RuleKind,
    *,
    district_id: int,
    elder_id: int | None,
    model_id: str | None,
    by: str,
    now: datetime,
) -> MonitoringRule:
    """The rule of this kind for an elder, a model or everybody; made where there is none."""
    code = f"{district_id:06d}000000"
    if elder_id is not None:
        code = people.get(session, elder_id).division_code
    else:
        _of_whole_district(session)
    if model_id is not None and session.get(DeviceModel, model_id) is None:
        raise NotFound("There is no such model of device.")
    found = session.scalar(
        select(MonitoringRule).where(
            MonitoringRule.district_id == district_id, MonitoringRule.kind == kind,
            MonitoringRule.elder_id.is_not_distinct_from(elder_id),
            MonitoringRule.model_id.is_not_distinct_from(model_id),
        )
    )  # fmt: skip
    if found is None:
        found = MonitoringRule(
            district_id=district_id, division_code=code, kind=kind, elder_id=elder_id, model_id=model_id,
            created_at=now, by=by,
        )  # fmt: skip
        session.add(found)
        session.flush()
    return found


def draft(
    session: Session,
    rule: MonitoringRule,
    params: Any,
    *,
    by: str,
    now: datetime,
    off: bool = False,
    note: str | None = None,
) -> RuleVersion:
    """A new version, in force for nobody yet."""
    try:
        read = read_params(rule.kind, params)
    except ValidationError as error:
        faults = [{"where": ".".join(map(str, one["loc"])), "what": one["msg"]} for one in error.errors()]
        told = "; ".join(f"{fault['where']}: {fault['what']}".lstrip(": ") for fault in faults)
        raise WrongParameters(told, faults=faults) from None
    last = session.scalar(select(func.max(RuleVersion.n)).where(RuleVersion.rule_id == rule.id)) or 0
    version = RuleVersion(
        district_id=rule.district_id, division_code=rule.division_code, rule_id=rule.id, elder_id=rule.elder_id,
        n=last + 1, state=VersionState.DRAFT, off=off, params=read.model_dump(mode="json"), note=note, made_at=now,
        made_by=by,
    )  # fmt: skip
    session.add(version)
    record(session, version, "draft", None, version.state, by=by, now=now, rule=rule.id, n=version.n)
    return version


def move(session: Session, version: RuleVersion, event: VersionEvent, *, by: str, now: datetime) -> RuleVersion:
    """The only place that changes a version's state."""
    before, version.state = version.state, after(version.state, event)
    record(session, version, event, before, version.state, by=by, now=now, rule=version.rule_id, n=version.n)
    return version


def previewed(session: Session, version: RuleVersion, result: dict[str, Any], *, by: str, now: datetime) -> RuleVersion:
    """Somebody has seen what it would have done."""
    version.preview, version.previewed_at = result, now
    return move(session, version, VersionEvent.PREVIEW, by=by, now=now)


def activate(session: Session, version: RuleVersion, *, by: str, now: datetime) -> RuleVersion:
    """Switch it on; what was in force before ends. To have no rule at all needs no preview: it fires nothing."""
    if version.off and version.state is VersionState.DRAFT:
        previewed(session, version, {"firings": []}, by=by, now=now)
    after(version.state, VersionEvent.ACTIVATE)
    before = session.scalar(
        select(RuleVersion)
        .where(RuleVersion.rule_id == version.rule_id, RuleVersion.state == VersionState.ACTIVE)
        .with_for_update()
    )
    if before is not None:
        _end(session, before, by=by, now=now)
        session.flush()
    version.active_from = now
    move(session, version, VersionEvent.ACTIVATE, by=by, now=now)
    return version


def stop(session: Session, version: RuleVersion, *, by: str, now: datetime) -> RuleVersion:
    """Switch it off; a wider rule of the same kind holds again where there is one."""
    return _end(session, version, by=by, now=now)


def _end(session: Session, version: RuleVersion, *, by: str, now: datetime) -> RuleVersion:
    version.active_until = now if version.state is VersionState.ACTIVE else None
    move(session, version, VersionEvent.STOP, by=by, now=now)
    session.execute(delete(RuleState).where(RuleState.version_id == version.id))
    return version


def pause(
    session: Session, elder_id: int, reason: PauseReason, *, by: str, now: datetime, until: datetime | None = None
) -> MonitoringPause:
    """She is not expected to be heard of at home, until a time or until somebody says so."""
    elder = people.get(session, elder_id)
    open_now = session.scalar(
        select(MonitoringPause.id).where(
            MonitoringPause.elder_id == elder.id,
            MonitoringPause.ends_at.is_(None) | (MonitoringPause.ends_at > now),
        )
    )
    if open_now:
        raise Conflict("Her monitoring is paused already.")
    if until is not None and until <= now:
        raise Unreadable("A pause ends after it begins.")
    made = MonitoringPause(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, reason=reason,
        starts_at=now, ends_at=until, by=by,
    )  # fmt: skip
    session.add(made)
    record(session, made, "pause", None, None, by=by, now=now, elder_id=elder.id, kind=reason)
    return made


def resume(session: Session, elder_id: int, *, by: str, now: datetime) -> None:
    """She is back."""
    people.get(session, elder_id)
    found = session.scalar(
        select(MonitoringPause)
        .where(MonitoringPause.elder_id == elder_id)
        .where(MonitoringPause.ends_at.is_(None) | (MonitoringPause.ends_at > now))
        .with_for_update()
    )
    if found is None:
        raise Conflict("Her monitoring is not paused.")
    found.ends_at = now
    record(session, found, "resume", None, None, by=by, now=now, elder_id=elder_id)
