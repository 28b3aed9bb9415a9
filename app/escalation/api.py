"""The doors of the editor: an elder's tree, what it would do, its versions; the district's defaults."""

from datetime import UTC, datetime
from typing import Final

from fastapi import APIRouter
from sqlalchemy.orm import Session

from app.access.api import Desk, Planner
from app.access.queries import Caller
from app.access.rules import PLANNERS
from app.config import settings
from app.db import transaction
from app.errors import Refused
from app.escalation import actions, queries
from app.escalation.rules import Tree, faults
from app.escalation.shapes import (
    BasedOn,
    CourseOut,
    FaultOut,
    PreviewIn,
    PreviewOut,
    TemplateIn,
    TemplateOut,
    Templates,
    TreeIn,
    TreeOut,
    template_out,
)

of_elder = APIRouter(prefix="/api/elders", tags=["escalation"])
router = APIRouter(prefix="/api/escalation", tags=["escalation"])
DISTRICT: Final = 6  # digits of an area that is a whole district


@of_elder.get("/{elder_id}/escalation")
def tree_of(elder_id: int, me: Desk) -> TreeOut:
    """The tree that holds for an elder, the default beside it, and what makes it look out of date."""
    with transaction(me.scope) as session:
        return _told(session, elder_id, me, now=datetime.now(UTC))


@of_elder.put("/{elder_id}/escalation")
def save(elder_id: int, wish: TreeIn, me: Planner) -> TreeOut:
    """Keep an edited tree as a new version. 422 says everything that makes it unsafe."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.save(session, elder_id, wish.tree, based_on=wish.based_on, by=me.by, now=now, note=wish.note)
        return _told(session, elder_id, me, now=now)


@of_elder.post("/{elder_id}/escalation/preview")
def preview(elder_id: int, wish: PreviewIn, me: Desk) -> PreviewOut:
    """What a tree that is being edited would do, minute by minute, if nobody answers. Keeps nothing."""
    chosen = settings()
    with transaction(me.scope) as session:
        found = queries.held(session, elder_id)
    course = CourseOut.of(
        wish.tree, wish.kind, starts=chosen.alarm_calls_family_after, all_at=chosen.alarm_rings_all_after,
        lead_at=chosen.alarm_rings_lead_after,
    )  # fmt: skip
    return PreviewOut(
        faults=[FaultOut(**vars(fault)) for fault in faults(wish.tree, found.known)],
        differences=queries.differences(wish.tree, found.default), course=course,
    )  # fmt: skip


@of_elder.get("/{elder_id}/escalation/versions/{n}")
def version(elder_id: int, n: int, me: Desk) -> Tree:
    """One version of an elder's tree, as it was."""
    with transaction(me.scope) as session:
        return queries.version(session, elder_id, n)


@of_elder.post("/{elder_id}/escalation/review")
def review(elder_id: int, looked: BasedOn, me: Planner) -> TreeOut:
    """Looked at and still right: it need not be looked at for a year."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.review(session, elder_id, based_on=looked.n, by=me.by, now=now)
        return _told(session, elder_id, me, now=now)


@of_elder.post("/{elder_id}/escalation/default")
def back_to_default(elder_id: int, looked: BasedOn, me: Planner) -> TreeOut:
    """Her own tree ends; the default holds again."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        actions.drop(session, elder_id, based_on=looked.n, by=me.by, now=now)
        return _told(session, elder_id, me, now=now)


@router.get("/defaults")
def defaults(me: Desk) -> Templates:
    """The default trees by ability level and living situation."""
    with transaction(me.scope) as session:
        return Templates.of(session, me.district_id, may_change=me.role in PLANNERS and _holds_it_all(me))


@router.put("/defaults")
def save_default(wish: TemplateIn, me: Planner) -> TemplateOut:
    """A default of the district's own; for those who have the whole district in hand."""
    if not _holds_it_all(me):
        raise Refused("Defaults are changed by somebody who has the whole district in hand.")
    with transaction(me.scope) as session:
        made = actions.save_template(
            session, me.district_id, wish.level, wish.living, wish.template, by=me.by, now=datetime.now(UTC),
            note=wish.note,
        )  # fmt: skip
        return template_out(made)


def _holds_it_all(me: Caller) -> bool:
    return len(me.scope.area) <= DISTRICT


def _told(session: Session, elder_id: int, me: Caller, *, now: datetime) -> TreeOut:
    found = queries.held(session, elder_id)
    return TreeOut.of(session, found, me, starts=settings().alarm_calls_family_after, now=now)
