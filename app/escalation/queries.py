"""Which tree holds for an elder, what differs from the default, and what makes it look out of date."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from app.calls.rules import BAD_NUMBER, Result
from app.calls.tables import Call
from app.equipment.rules import DeviceState
from app.equipment.tables import Device, DeviceModel
from app.errors import NotFound
from app.escalation import defaults
from app.escalation.rules import CONTACTS, LONGEST, AlarmKind, Known, Living, Tree, goes_after, living_of, minutes
from app.escalation.tables import TreeTemplate, TreeVersion
from app.people import queries as people
from app.people.rules import AbilityLevel
from app.people.tables import Contact, Elder

REVIEW: Final = timedelta(days=365)


@dataclass(frozen=True)
class Held:
    """The tree of an elder as it holds now."""

    elder: Elder
    tree: Tree
    default: Tree
    version: TreeVersion | None  # none: the default holds
    contacts: Sequence[Contact]
    known: Known
    living: Living
    template_n: int | None  # none: built in


@dataclass(frozen=True)
class Hint:
    """Why somebody should look at a tree again."""

    code: str
    rung: int | None = None
    contact_id: int | None = None
    at: datetime | None = None
    seconds: int | None = None


def held(session: Session, elder_id: int) -> Held:
    """Her own tree, or the default filled with her contacts; raises NotFound."""
    elder = people.get(session, elder_id)
    contacts = people.contacts_of(session, elder.id)
    known = Known(
        {contact.id: contact.phone for contact in contacts}, phone=bool(elder.phone), speaks=_speaks(session, elder)
    )
    living = living_of(elder.categories)
    template, n = template_for(session, elder.district_id, elder.level, living)
    default = defaults.filled(template, contacts, phone=known.phone, speaks=known.speaks)
    version = current(session, elder.id)
    tree = Tree.model_validate(version.tree) if version else default
    return Held(elder, tree, default, version, contacts, known, living, n)


def current(session: Session, elder_id: int) -> TreeVersion | None:
    """The edited tree that holds, if there is one."""
    return session.scalar(
        select(TreeVersion).where(TreeVersion.elder_id == elder_id, TreeVersion.ended_at.is_(None))
    )  # fmt: skip


def versions(session: Session, elder_id: int) -> Sequence[TreeVersion]:
    """Every tree she had, the newest first."""
    return session.scalars(
        select(TreeVersion).where(TreeVersion.elder_id == elder_id).order_by(TreeVersion.n.desc())
    ).all()  # fmt: skip


def version(session: Session, elder_id: int, n: int) -> Tree:
    """One tree she had; raises NotFound."""
    found = session.scalar(select(TreeVersion).where(TreeVersion.elder_id == elder_id, TreeVersion.n == n))
    if found is None:
        raise NotFound("She never had a tree of this number.")
    return Tree.model_validate(found.tree)


def template_for(
    session: Session, district_id: int, level: AbilityLevel, living: Living
) -> tuple[defaults.Template, int | None]:
    """The district's template for such an elder and its number, else the built-in one."""
    own = session.scalar(
        select(TreeTemplate).where(
            TreeTemplate.district_id == district_id, TreeTemplate.level == level, TreeTemplate.living == living,
            TreeTemplate.ended_at.is_(None),
        )
    )  # fmt: skip
    if own is None:
        return defaults.BUILT_IN[level][living], None
    return defaults.Template.model_validate(own.template), own.n


def templates(session: Session, district_id: int) -> Sequence[TreeTemplate]:
    """Every template the district ever had, the newest first."""
    return session.scalars(
        select(TreeTemplate).where(TreeTemplate.district_id == district_id).order_by(TreeTemplate.id.desc())
    ).all()  # fmt: skip


def hints(session: Session, found: Held, *, starts: int, now: datetime) -> list[Hint]:
    """A contact who is gone, a number that failed last time, one nobody calls, a year without a look, a slow tree."""
    told: list[Hint] = []
    failed = failed_last(session, [contact.id for contact in found.contacts])
    for place, rung in enumerate(found.tree.rungs):
        if rung.kind in CONTACTS and rung.contact_id not in found.known.contacts:
            told.append(Hint("gone", place, rung.contact_id))
        elif rung.contact_id in failed:
            told.append(Hint("number_failed", place, rung.contact_id, failed[rung.contact_id]))
    if (version := found.version) is not None:
        called = found.tree.contacts()
        told += [
            Hint("not_called", contact_id=contact.id)
            for contact in found.contacts
            if contact.is_emergency and contact.id not in called
        ]
        if now - version.reviewed_at > REVIEW:
            told.append(Hint("not_reviewed", at=version.reviewed_at))
    if not any(rung.kind in CONTACTS for rung in found.tree.rungs):
        told.append(Hint("nobody"))
    after = goes_after(minutes(found.tree, AlarmKind.SOS, starts=starts))
    if after is not None and after > LONGEST:
        told.append(Hint("slow", seconds=after))
    return told


def failed_last(session: Session, contact_ids: Sequence[int]) -> dict[int, datetime]:
    """Contacts whose number was wrong or dead when they were last called, and when that was."""
    last = (
        select(Call.contact_id, Call.result, Call.began_at)
        .where(Call.contact_id.in_(contact_ids), Call.result.is_not(None))
        .ext(distinct_on(Call.contact_id))
        .order_by(Call.contact_id, Call.began_at.desc(), Call.id.desc())
    )
    return {
        number: at for number, result, at in session.execute(last) if number and result in (*BAD_NUMBER, Result.OFF)
    }


def _speaks(session: Session, elder: Elder) -> bool:
    hers: ColumnElement[bool] = (Device.elder_id == elder.id) | (Device.home_id == elder.home_id)
    talking = exists().where(
        Device.model_id == DeviceModel.id, DeviceModel.voice, Device.state == DeviceState.ACTIVE, hers
    )
    return bool(session.scalar(select(talking)))


def differences(tree: Tree, default: Tree) -> list[dict[str, Any]]:
    """What an edited tree does otherwise than the default: rungs more, rungs less, other attempts or another place."""
    told: list[dict[str, Any]] = []
    own, usual = ({(r.kind, r.contact_id): (i, r) for i, r in enumerate(t.rungs)} for t in (tree, default))
    for key, (place, rung) in own.items():
        if key not in usual:
            told.append({"what": "more", "rung": place, "kind": rung.kind, "contact_id": rung.contact_id})
            continue
        _, other = usual[key]
        changed = [name for name in ("attempts", "wait", "reached", "hours", "differs")
                   if getattr(rung, name) != getattr(other, name)]  # fmt: skip
        if changed:
            told.append({"what": "other", "rung": place, "kind": rung.kind, "contact_id": rung.contact_id,
                         "changed": changed})  # fmt: skip
    for key, (_, rung) in usual.items():
        if key not in own:
            told.append({"what": "less", "kind": rung.kind, "contact_id": rung.contact_id})
    shared = [[key for key in one if key in other] for one, other in ((own, usual), (usual, own))]
    if shared[0] != shared[1]:
        told.append({"what": "order"})
    if (tree.at_once, tree.silence) != (default.at_once, default.silence):
        told.append({"what": "beside"})
    return told
