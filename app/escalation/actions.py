"""Changing a tree: a new version ends the old one, somebody finds it still right, or the default holds again."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.escalation import defaults, queries
from app.escalation.rules import Living, Tree, check
from app.escalation.tables import TreeTemplate, TreeVersion
from app.history import record
from app.people.rules import AbilityLevel
from app.people.tables import Elder


class Overtaken(Conflict):
    """Somebody else has changed this tree."""


def save(
    session: Session,
    elder_id: int,
    tree: Tree,
    *,
    based_on: int | None,
    by: str,
    now: datetime,
    note: str | None = None,
) -> TreeVersion:
    """Keep an edited tree; raises NotSafe with everything that is wrong, Overtaken where it began from an old one."""
    found = queries.held(session, elder_id)
    before = _held_still(session, found.elder, based_on)
    check(tree, found.known)
    if before is not None:
        before.ended_at, before.ended_by = now, by
        session.flush()
    last = session.scalar(select(func.max(TreeVersion.n)).where(TreeVersion.elder_id == elder_id)) or 0
    made = TreeVersion(
        district_id=found.elder.district_id, division_code=found.elder.division_code, elder_id=elder_id, n=last + 1,
        tree=tree.model_dump(mode="json"), note=note, made_at=now, made_by=by, reviewed_at=now, reviewed_by=by,
    )  # fmt: skip
    session.add(made)
    _note(session, found.elder, "tree_saved", by=by, now=now, n=made.n, rungs=len(tree.rungs))
    return made


def review(session: Session, elder_id: int, *, based_on: int | None, by: str, now: datetime) -> TreeVersion:
    """Looked at, and still right. The default, looked at, becomes her own: from then on it is reviewed every year."""
    found = queries.held(session, elder_id)
    if found.version is None:
        return save(session, elder_id, found.tree, based_on=based_on, by=by, now=now)
    version = _held_still(session, found.elder, based_on)
    assert version is not None
    check(found.tree, found.known)  # a tree that is not safe is not right
    version.reviewed_at, version.reviewed_by = now, by
    _note(session, found.elder, "tree_reviewed", by=by, now=now, n=version.n)
    return version


def drop(session: Session, elder_id: int, *, based_on: int | None, by: str, now: datetime) -> None:
    """Her own tree ends; the default holds again."""
    found = queries.held(session, elder_id)
    version = _held_still(session, found.elder, based_on)
    if version is None:
        raise Conflict("The default tree holds already.")
    version.ended_at, version.ended_by = now, by
    _note(session, found.elder, "tree_dropped", by=by, now=now, n=version.n)


def save_template(
    session: Session, district_id: int, level: AbilityLevel, living: Living, template: defaults.Template, *, by: str,
    now: datetime, note: str | None = None,
) -> TreeTemplate:  # fmt: skip
    """A default of the district's own, from now on for every such elder whose tree nobody edited."""
    defaults.check(template)
    same = (TreeTemplate.district_id == district_id, TreeTemplate.level == level, TreeTemplate.living == living)
    before = session.scalar(select(TreeTemplate).where(*same, TreeTemplate.ended_at.is_(None)).with_for_update())
    if before is not None:
        before.ended_at = now
        session.flush()
    last = session.scalar(select(func.max(TreeTemplate.n)).where(*same)) or 0
    made = TreeTemplate(
        district_id=district_id, level=level, living=living, n=last + 1, template=template.model_dump(mode="json"),
        note=note, made_at=now, made_by=by,
    )  # fmt: skip
    session.add(made)
    record(session, made, "template_saved", None, None, by=by, now=now, level=level, living=living, n=made.n)
    return made


def _held_still(session: Session, elder: Elder, based_on: int | None) -> TreeVersion | None:
    """The version that holds, with the elder locked so that two editors wait for each other."""
    session.get(Elder, elder.id, with_for_update=True)
    version = queries.current(session, elder.id)
    if (version.n if version else None) != based_on:
        who = version.made_by if version else None
        raise Overtaken("Somebody has changed this tree since you opened it; look again.", by=who)
    return version


def _note(session: Session, elder: Elder, event: str, *, by: str, now: datetime, **facts: int) -> None:
    record(session, elder, event, None, None, by=by, now=now, reason=None, **facts)
