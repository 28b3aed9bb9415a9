"""Why these caregivers: what was stored with the plan, or the same question asked anew when it is no longer true."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.orm import Session

import dispatch
from app import calendar
from app.orders import queries as orders
from app.planning import queries
from app.planning.actions import numbered, with_names
from app.planning.day import Day, Going, plan_of, question
from app.planning.rules import SERVED, PlanState
from app.planning.tables import Pin, PlanReason


class ChosenOut(BaseModel):
    """Why these: `known` and `preferred` are those of the crew who are, `regular` those whom the month's roster names;
    `settled` is pin or frozen. Times in seconds.

    `other` is the best other choice, `farther` its longer way, `strangers` those of it whom the elder does not know.
    """

    caregiver_ids: list[int]
    zh: str
    en: str
    settled: str
    known: list[int]
    preferred: list[int]
    regular: list[int]
    way: int | None
    other: list[int]
    strangers: list[int]
    farther: int | None
    added_cost: int | None
    pinned_by: str | None
    pinned_at: datetime | None


class WhyOut(BaseModel):
    """Null when nobody is to come, or when they have been."""

    chosen: ChosenOut | None


def why(session: Session, visit_id: int) -> WhyOut:
    """Why the caregivers who are shown for a visit were chosen: in the draft, or else in the plan as it stands."""
    visit = orders.visit(session, visit_id)
    on = calendar.day_of(visit.opens)
    draft = queries.plan(session, visit.district_id, on, PlanState.DRAFT)
    shown = draft or queries.plan(session, visit.district_id, on, PlanState.PUBLISHED)
    day = queries.day_of(session, visit.district_id, on)
    if visit_id not in day.visit:
        return WhyOut(chosen=None)
    lines = queries.lines(session, draft.id) if draft else {}
    crew = [g.caregiver_id for g in sorted(lines.get(visit_id, day.visit[visit_id].crew), key=lambda g: g.rank)]
    pin = session.scalar(select(Pin).where(Pin.visit_id == visit_id, Pin.ended_at.is_(None)))
    stored = _stored(session, shown.id, visit_id) if shown else None
    if stored is None or stored.facts.get("crew") != crew or (pin is not None) != (stored.facts["settled"] == "pin"):
        found = _asked(day, lines, visit_id) if crew else None
    else:
        found = stored.facts, stored.sentence
    regular = [c for c in crew if c in day.visit[visit_id].regular]
    return WhyOut(chosen=_told(crew, regular, *found, pin) if found else None)


def _stored(session: Session, plan_id: int, visit_id: int) -> PlanReason | None:
    query = select(PlanReason).where(PlanReason.plan_id == plan_id, PlanReason.visit_id == visit_id)
    return session.scalar(query.where(PlanReason.kind == SERVED))


def _asked(day: Day, lines: dict[int, list[Going]], visit_id: int) -> tuple[dict[str, Any], dict[str, str]] | None:
    problem = question(day, now=None).problem
    if str(visit_id) not in problem.visit_of:
        return None
    crews = {v.id: v.crew for v in day.visits if v.crew} | lines
    (reason,) = dispatch.explain(problem, plan_of(problem, day, crews), [str(visit_id)])
    return numbered(reason.facts), {lang: with_names(day, said) for lang, said in reason.sentence.items()}


def _told(
    crew: list[int], regular: list[int], facts: dict[str, Any], sentence: dict[str, str], pin: Pin | None
) -> ChosenOut:
    zh, en = sentence["zh-CN"], sentence["en"]
    if regular:  # that is the first reason: the month was promised so
        zh, en = zh.replace("：", "：月度排班的固定人选；", 1), en.replace(": ", ": regular by the month's roster; ", 1)
    return ChosenOut(
        caregiver_ids=crew, zh=zh, en=en, regular=regular, settled=facts["settled"], known=facts["known"],
        preferred=facts["preferred"], way=facts.get("way"), other=facts.get("other", []),
        strangers=facts.get("strangers", []), farther=facts.get("farther"), added_cost=facts.get("added"),
        pinned_by=pin.by if pin else None, pinned_at=pin.at if pin else None,
    )  # fmt: skip
