"""A proposed change as the board and the alarm desk show it: names put to numbers, costs by name in plain units."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import PLANNERS, Role
from app.catalogue.tables import ServiceItem
from app.orders.tables import Visit
from app.people.tables import Elder, Home
from app.planning import replan_queries, replan_telling
from app.planning.replan_rules import (
    Changed,
    ChangeEvent,
    ChangeState,
    Happened,
    Shift,
    Slot,
    WhatHappened,
    change_possible,
)
from app.planning.replan_tables import PlanChange

MINUTES: Final[Mapping[str, int]] = {"travel": 60, "moved": 60, "lateness": 240, "overtime": 180, "overload": 60}
TIMES: Final[Mapping[str, int]] = {"unfamiliar": 600, "not_preferred": 600, "changed": 1800}
"""What a minute or a time costs, after `dispatch.Weights`."""


class SlotOut(BaseModel):
    """Who is there from when to when."""

    caregiver_ids: list[int]
    caregivers: list[str]
    starts_at: datetime
    ends_at: datetime

    @classmethod
    def of(cls, slot: Slot | None, names: Mapping[int, str]) -> "SlotOut | None":
        """With names."""
        if slot is None:
            return None
        return cls(
            caregiver_ids=list(slot.caregiver_ids), caregivers=[names.get(c, "") for c in slot.caregiver_ids],
            starts_at=slot.starts_at, ends_at=slot.ends_at,
        )  # fmt: skip


class WhyOut(BaseModel):
    """Why nobody comes, in both languages."""

    kind: str
    zh: str
    en: str


class ChangedOut(BaseModel):
    """What becomes of one visit. `minutes` is how much later it starts; `after_window` how far behind its window."""

    visit_id: int
    elder: str
    estate: str
    item_zh: str
    item_en: str
    shift: Shift
    was: SlotOut | None
    will: SlotOut | None
    minutes: int
    after_window: int
    why: WhyOut | None


class HappenedOut(BaseModel):
    """One event."""

    cause: WhatHappened
    caregiver_id: int | None
    caregiver: str | None
    visit_id: int | None
    elder: str | None
    at: datetime | None


class ToldOut(BaseModel):
    """Somebody who will be written to once it is accepted: elder, family or caregiver."""

    who: str
    name: str
    visit_id: int | None


class CostPart(BaseModel):
    """One named part of the cost, before and after, in minutes or times."""

    name: str
    unit: str
    before: int
    after: int


class ChangeOut(BaseModel):
    """A proposed change of a running day, to accept or refuse as one thing."""

    id: int
    day: date
    state: ChangeState
    possible: list[ChangeEvent]
    plan_version: int
    alarm_id: int | None
    events: list[HappenedOut]
    changes: list[ChangedOut]
    told: list[ToldOut]
    cost: list[CostPart]
    seed: int
    milliseconds: int
    proposed_at: datetime
    proposed_by: str
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None


def change_of(session: Session, change: PlanChange, role: Role) -> ChangeOut:
    """As this role sees it: visits of its area; planners decide on the board, an alarm's goes with sending somebody."""
    happened = replan_queries.events_of(change)
    names = replan_queries.names(session, change.district_id)
    all_of_it = replan_queries.changes_of(change)
    visits = _visits(session, {c.visit_id for c in all_of_it} | {h.visit_id for h in happened if h.visit_id})
    changes = [c for c in all_of_it if c.visit_id in visits]
    decides = role in PLANNERS and (change.alarm_id is None or change.state is not ChangeState.PROPOSED)
    return ChangeOut(
        id=change.id, day=change.day, state=change.state, plan_version=change.plan_version, alarm_id=change.alarm_id,
        possible=change_possible(change.state) if decides else [],
        events=[_event(h, names, visits) for h in happened], changes=[_changed(c, names, visits) for c in changes],
        told=_told(session, changes, names), cost=_cost(change.cost_before, change.cost_after), seed=change.seed,
        milliseconds=change.milliseconds, proposed_at=change.proposed_at, proposed_by=change.proposed_by,
        expires_at=change.expires_at, decided_at=change.decided_at, decided_by=change.decided_by, reason=change.reason,
    )  # fmt: skip


def _visits(session: Session, visit_ids: set[int]) -> Mapping[int, Any]:
    rows = session.execute(
        select(Visit.id, Elder.name, Home.estate, ServiceItem.name_zh, ServiceItem.name_en)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(Home, Home.id == Visit.home_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Visit.id.in_(visit_ids))
    )
    return {row.id: row for row in rows}


def _event(said: Happened, names: Mapping[int, str], visits: Mapping[int, Any]) -> HappenedOut:
    visit = visits.get(said.visit_id or 0)
    return HappenedOut(
        cause=said.cause, caregiver_id=said.caregiver_id, caregiver=names.get(said.caregiver_id or 0),
        visit_id=said.visit_id if visit else None, elder=visit.name if visit else None, at=said.at,
    )  # fmt: skip


def _changed(changed: Changed, names: Mapping[int, str], visits: Mapping[int, Any]) -> ChangedOut:
    visit, why = visits[changed.visit_id], changed.why
    said = replan_queries.said(why["sentence"], names) if why else {}
    return ChangedOut(
        visit_id=changed.visit_id, elder=visit.name, estate=visit.estate,
        item_zh=visit.name_zh, item_en=visit.name_en, shift=changed.shift,
        was=SlotOut.of(changed.was, names), will=SlotOut.of(changed.will, names), minutes=changed.minutes,
        after_window=changed.after_window,
        why=WhyOut(kind=why["kind"], zh=said.get("zh-CN", ""), en=said.get("en", "")) if why else None,
    )  # fmt: skip


def _told(session: Session, changes: Sequence[Changed], names: Mapping[int, str]) -> list[ToldOut]:
    elders = replan_telling.elders_of(session, [c.visit_id for c in changes])
    home = [
        ToldOut(who=h.who, name=h.name, visit_id=h.visit_id) for h in replan_telling.hearers(session, changes, elders)
    ]
    people = sorted({person for changed in changes for person in changed.caregiver_ids})
    return home + [ToldOut(who="caregiver", name=names.get(person, ""), visit_id=None) for person in people]


def _cost(before: Mapping[str, int], after: Mapping[str, int]) -> list[CostPart]:
    """The parts that differ, in units somebody can picture."""
    parts = []
    for unit, sizes in (("minutes", MINUTES), ("times", TIMES)):
        for name, size in sizes.items():
            was, will = round(before.get(name, 0) / size), round(after.get(name, 0) / size)
            if was != will:
                parts.append(CostPart(name=name, unit=unit, before=was, after=will))
    return parts
