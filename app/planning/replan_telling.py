"""Who hears of a changed day: the elder, whoever is called first for her, and each caregiver once, in Chinese."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.catalogue.tables import ServiceItem
from app.config import settings
from app.messages import actions as messages
from app.messages.rules import Channel
from app.orders.tables import Visit
from app.people import queries as people
from app.people.tables import Caregiver, Contact, Elder
from app.planning.replan_rules import Changed, Happened, Shift, Slot, WhatHappened
from app.planning.replan_tables import PlanChange

BECAUSE: Final[Mapping[WhatHappened, str]] = {
    WhatHappened.SICK: "护理员临时请假", WhatHappened.LATE: "护理员前一单延误", WhatHappened.CANCELLED: "有服务取消",
    WhatHappened.URGENT: "加入紧急服务", WhatHappened.NO_SHOW: "上一户无人应答",
    WhatHappened.ALARM: "护理员前往紧急呼叫",
}  # fmt: skip
"""Why a day changes, as families read it: no name, no illness."""


@dataclass(frozen=True)
class Hearer:
    """Somebody who must hear of one visit."""

    who: str  # elder, family
    visit_id: int
    name: str
    phone: str


def hearers(session: Session, changes: Sequence[Changed], elders: Mapping[int, Elder]) -> list[Hearer]:
    """Elders and the first people to call for them, of the visits they must hear of; `elders` by visit."""
    found = []
    for changed in changes:
        elder = elders.get(changed.visit_id)
        if elder is None or not changed.heard_at_home:
            continue
        if elder.phone:
            found.append(Hearer("elder", changed.visit_id, elder.name, elder.phone))
        if contact := first_contact(session, elder.id):
            found.append(Hearer("family", changed.visit_id, contact.name, contact.phone))
    return found


def first_contact(session: Session, elder_id: int) -> Contact | None:
    """Whoever is called first for an elder."""
    return next((c for c in people.contacts_of(session, elder_id) if c.is_emergency), None)


def elders_of(session: Session, visit_ids: Sequence[int]) -> dict[int, Elder]:
    """Elders by visit."""
    rows = session.execute(
        select(Visit.id, Elder).join(Elder, Elder.id == Visit.elder_id).where(Visit.id.in_(visit_ids))
    )
    return {row.id: row.Elder for row in rows}


def tell(
    session: Session, change: PlanChange, changes: Sequence[Changed], visits: Mapping[int, Visit],
    happened: Sequence[Happened], *, now: datetime,
) -> None:  # fmt: skip
    """Write to everybody who must hear; each is written to once for this change."""
    by_id = {c.visit_id: c for c in changes}
    elders = elders_of(session, list(by_id))
    items = dict(session.execute(select(ServiceItem.id, ServiceItem.name_zh).where(
        ServiceItem.district_id == change.district_id)).all())  # fmt: skip
    crew = {c.id: c for c in session.scalars(select(Caregiver).where(
        Caregiver.id.in_({person for one in changes for person in one.caregiver_ids})))}  # fmt: skip
    because = BECAUSE[happened[0].cause] if happened else "当日安排调整"
    for hearer in hearers(session, changes, elders):
        visit, changed = visits[hearer.visit_id], by_id[hearer.visit_id]
        _send(
            session, change, visit.division_code, f"{hearer.who}-{visit.id}", hearer.phone,
            f"{hearer.name}（{'本人' if hearer.who == 'elder' else '家属'}）",
            f"【银铃】{elders[visit.id].name}的{items[visit.item_id]}{_news(changed, crew)}（{because}）。"
            f"疑问请拨{settings().hotline}。", now=now,
        )  # fmt: skip
    theirs = defaultdict(list)
    for changed in changes:
        for person in changed.caregiver_ids:
            theirs[person].append(changed)
    for person, mine in theirs.items():
        lines = "；".join(
            f"{_at(one.was or one.will)}{elders[one.visit_id].name[:1]}老人{items[visits[one.visit_id].item_id]}"
            f"{_news(one, crew, mine=person)}"
            for one in mine
        )
        if person in crew:
            _send(
                session, change, crew[person].division_code, f"caregiver-{person}", crew[person].phone,
                f"{crew[person].name}（护理员）", f"【银铃】您今天的安排有变：{lines}（{because}）。请在手机上查看。",
                now=now,
            )  # fmt: skip


def _send(
    session: Session, change: PlanChange, division_code: str, key: str, phone: str, to_whom: str, text: str, *,
    now: datetime,
) -> None:  # fmt: skip
    messages.tell(
        session, district_id=change.district_id, division_code=division_code, key=f"replan-{change.id}-{key}",
        channel=Channel.SMS, to=phone, to_whom=to_whom, about=f"plan_changes/{change.id}", text=text, now=now,
    )  # fmt: skip


def _at(slot: Slot | None) -> str:
    return f"{calendar.local(slot.starts_at):%H:%M}" if slot else ""


def _news(changed: Changed, crew: Mapping[int, Caregiver], *, mine: int | None = None) -> str:
    """What changes: for the home, or for one caregiver."""
    if changed.shift is Shift.LOST:
        return "今天暂时无法安排，我们会尽快联系您" if mine is None else "已取消派单"
    if changed.shift is Shift.LEFT:
        return "须暂时中断，护理员稍后联系" if mine is None else "中断"
    if changed.shift is Shift.ENDED or changed.will is None:
        return "已结束"
    names = "、".join(crew[c].name for c in changed.will.caregiver_ids if c in crew)
    if mine is None:
        return f"改为今天{_at(changed.will)}，由{names}上门"
    if mine not in changed.will.caregiver_ids:
        return f"改由{names}上门"
    return (
        f"新派给您，{_at(changed.will)}上门"
        if changed.was and mine not in changed.was.caregiver_ids
        else f"改为{_at(changed.will)}"
    )
