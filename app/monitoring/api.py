"""The doors of rules and vitals. Health is for the desk alone, and every look at it is on record."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Response
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from app.access import actions as access
from app.access.api import Desk, Planner
from app.access.queries import Caller
from app.db import transaction
from app.monitoring import actions, charts, observations, queries, versions, watching
from app.monitoring import preview as previewing
from app.monitoring.shapes import DraftIn, PauseIn, PauseOut, RulesOut, VersionOut, VitalsOut, WideDraftIn, may_change
from app.monitoring.tables import MonitoringRule, RuleVersion
from app.people import queries as people

of_elder = APIRouter(prefix="/api/elders", tags=["monitoring"])
router = APIRouter(prefix="/api/rules", tags=["monitoring"])
PAGE = 500  # readings on a page of FHIR


@of_elder.get("/{elder_id}/vitals")
def vitals(elder_id: int, me: Desk, days: Annotated[int, Query(ge=1, le=30)] = 1) -> VitalsOut:
    """Vitals, steps, activity and sleep of the last day, week or month, with bands and alarms."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        drawn = charts.drawn(session, elder_id, days=days, now=now)
        access.note_look(session, me, elder_id=elder_id, field="vitals", reason="charts", now=now)
    return VitalsOut.of(drawn)


@of_elder.get("/{elder_id}/observations")
def fhir(
    elder_id: int,
    me: Desk,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    format: Literal["bundle", "ndjson"] = "bundle",
) -> Response:
    """Vitals as FHIR R4 Observations: a Bundle with a link to the next page, or NDJSON with it in a Link header."""
    now = datetime.now(UTC)
    first, last = since or now - timedelta(days=1), until or now
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        heard, more = queries.page_of(
            session, elder, since=first, until=last, after=observations.after(cursor) if cursor else None, limit=PAGE
        )
        access.note_access(
            session, me, elder_id=elder.id, field="vitals", reason="FHIR export", now=now, since=first.isoformat(),
            until=last.isoformat(), readings=len(heard),
        )  # fmt: skip
    found = [one for reading in heard for one in observations.observations(reading, elder_id)]
    return _page(elder_id, found, first, last, observations.cursor(heard[-1]) if more else None, format)


def _page(
    elder_id: int, found: list[dict[str, Any]], first: datetime, last: datetime, more: str | None, format: str
) -> Response:
    here = f"/api/elders/{elder_id}/observations?since={_url(first)}&until={_url(last)}&format={format}"
    link = f"{here}&cursor={more}" if more else None
    if format == "ndjson":
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        return Response(observations.ndjson(found), media_type="application/fhir+ndjson", headers=headers)
    told = observations.bundle(found, self_url=here, next_url=link)
    return Response(observations.ndjson([told]), media_type="application/fhir+json")


def _url(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@of_elder.get("/{elder_id}/rules")
def rules_of(elder_id: int, me: Desk) -> RulesOut:
    """The rules for one elder: her own, her devices' and everybody's, and which of them hold."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        elder = people.get(session, elder_id)
        rows, holding = versions.for_elder(session, elder)
        pause = versions.pause_of(session, elder.id, now=now)
    return RulesOut(
        items=[VersionOut.of(rule, version, me) for rule, version in rows], in_force=holding,
        pause=PauseOut(reason=pause.reason, starts_at=pause.starts_at, ends_at=pause.ends_at, by=pause.by)
        if pause else None,
        may_change=may_change(me, elder_id),
    )  # fmt: skip


@of_elder.post("/{elder_id}/rules")
def draft_for(elder_id: int, wish: DraftIn, me: Planner) -> VersionOut:
    """A new version of her own rule of this kind. It holds only once it was previewed and switched on."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rule = actions.rule_for(
            session, wish.kind, district_id=me.district_id, elder_id=elder_id, model_id=None, by=me.by, now=now
        )
        version = actions.draft(session, rule, wish.params, by=me.by, now=now, off=wish.off, note=wish.note)
        return VersionOut.of(rule, version, me)


@of_elder.post("/{elder_id}/pause", status_code=204)
def pause(elder_id: int, wish: PauseIn, me: Desk) -> None:
    """She is in hospital or away: rules that miss her are suspended."""
    with transaction(me.scope) as session:
        actions.pause(session, elder_id, wish.reason, by=me.by, now=datetime.now(UTC), until=wish.until)


@of_elder.post("/{elder_id}/resume", status_code=204)
def resume(elder_id: int, me: Desk) -> None:
    """She is back."""
    with transaction(me.scope) as session:
        actions.resume(session, elder_id, by=me.by, now=datetime.now(UTC))


@router.get("")
def wide_rules(me: Desk) -> RulesOut:
    """The rules for everybody and for models of devices."""
    with transaction(me.scope) as session:
        rows = versions.wide(session, me.district_id)
    holding = [version.id for _, version in rows if version.active_from and not version.active_until]
    return RulesOut(
        items=[VersionOut.of(rule, version, me) for rule, version in rows], in_force=holding, pause=None,
        may_change=may_change(me, None),
    )  # fmt: skip


@router.post("")
def draft_wide(wish: WideDraftIn, me: Planner) -> VersionOut:
    """A new version for everybody of the district or for all devices of a model."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        rule = actions.rule_for(
            session, wish.kind, district_id=me.district_id, elder_id=None, model_id=wish.model_id, by=me.by, now=now
        )
        version = actions.draft(session, rule, wish.params, by=me.by, now=now, off=wish.off, note=wish.note)
        return VersionOut.of(rule, version, me)


@router.get("/versions/{version_id}")
def version(version_id: int, me: Desk) -> VersionOut:
    """One version with its last preview."""
    with transaction(me.scope) as session:
        return _whole(session, actions.get(session, version_id), me)


@router.post("/versions/{version_id}/preview")
def preview(version_id: int, me: Planner) -> VersionOut:
    """Run it over the last thirty days: when it would have fired, beside what is in force and what really rang."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.to_change(session, version_id)
        told = previewing.preview(session, found, now=now)
        actions.previewed(session, found, told, by=me.by, now=now)
        if found.elder_id:
            access.note_look(session, me, elder_id=found.elder_id, field="vitals", reason="preview", now=now)
        return _whole(session, found, me)


@router.post("/versions/{version_id}/activate")
def activate(version_id: int, me: Planner) -> VersionOut:
    """Switch it on. 409 unless this very version was previewed."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.activate(session, actions.to_change(session, version_id), by=me.by, now=now)
        watching.begin(session, found.district_id, now=now)
        return _whole(session, found, me)


@router.post("/versions/{version_id}/stop")
def stop(version_id: int, me: Planner) -> VersionOut:
    """Switch it off, or throw a draft away."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        found = actions.stop(session, actions.to_change(session, version_id), by=me.by, now=now)
        watching.begin(session, found.district_id, now=now)
        return _whole(session, found, me)


def _whole(session: Session, found: RuleVersion, me: Caller) -> VersionOut:
    session.flush()
    return VersionOut.of(session.get_one(MonitoringRule, found.rule_id), found, me, whole=True)
