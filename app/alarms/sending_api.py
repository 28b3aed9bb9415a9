"""The doors for sending somebody: who could go, what that would move, and sending her with it."""

from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import calendar
from app.access.api import Hotline
from app.access.queries import Caller
from app.alarms import actions, log, nearest, queries, sending, whereto
from app.alarms.sending_rules import OfferState
from app.alarms.shapes import PlaceOut
from app.alarms.tables import Alarm
from app.catalogue.tables import ServiceItem
from app.db import transaction
from app.errors import Conflict, NotFound
from app.orders.tables import Visit
from app.people import queries as people
from app.people.rules import Relation, Skill
from app.people.tables import Caregiver, Elder
from app.places.rules import Mode, Place
from app.planning import replan_actions, replan_queries
from app.planning.replan_api import Contradiction
from app.planning.replan_rules import Happened, WhatHappened
from app.planning.replan_shapes import ChangeOut, change_of
from app.vault import mask_phone
from dispatch import BadProblem

router = APIRouter(prefix="/api/alarms", tags=["sending"])
BESIDE = (Relation.NEIGHBOUR, Relation.KEY_HOLDER, Relation.COMMUNITY_WORKER)


class LeftOut(BaseModel):
    """A visit somebody would leave behind."""

    visit_id: int
    elder: str
    item: str
    starts_at: datetime


class CandidateOut(BaseModel):
    """Somebody who can be sent: from where, how, when she would be there, and what she leaves behind."""

    caregiver_id: int
    name: str
    phone: str
    responder: bool
    skills: list[Skill]
    lacks: list[str]
    minutes: int
    doing: str | None
    going: bool
    here: bool
    busy_until: datetime | None
    mode: Mode
    place: PlaceOut | None
    place_known: bool  # by a door of today; else her base is taken
    affected: int
    affected_visits: list[int]
    leaves: list[LeftOut]


class BesideOut(BaseModel):
    """Somebody near who is no caregiver: a key holder, a neighbour, a community worker."""

    contact_id: int
    name: str
    relation: Relation
    phone: str
    has_key: bool
    minutes_away: int | None


class Candidates(BaseModel):
    """The best few, nearest first; and who stands beside them."""

    items: list[CandidateOut]
    beside: list[BesideOut]
    at_spot: bool  # they are sent to a position, and words help to find it


class PreviewIn(BaseModel):
    """Whom one thinks of sending."""

    caregiver_id: int = Field(ge=1, lt=2**63)


class Preview(BaseModel):
    """When she would be there and free again, and what would move: nothing has."""

    caregiver_id: int
    eta_at: datetime
    free_at: datetime
    change: ChangeOut


class SendIn(PreviewIn):
    """Whom to send, the preview that goes with her, and how a spot without a door is found."""

    change_id: int | None = Field(None, ge=1, lt=2**63)
    words: str = Field("", max_length=200)


class SentOut(BaseModel):
    """She was asked. `moved` is false where the day had changed since the preview: she goes all the same."""

    caregiver_id: int
    state: OfferState
    answer_by: datetime
    eta_at: datetime | None
    moved: bool


@router.get("/{alarm_id}/candidates")
def candidates(alarm_id: int, me: Hotline) -> Candidates:
    """Caregivers and responders who could be there first, with key holders and neighbours beside them."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        alarm = queries.row(session, alarm_id).alarm
        to = whereto.of(session, alarm)
        elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
        found = nearest.candidates(session, to, elder, now=now, limit=9) if to else []
        found = [one for one in found if one.caregiver_id != alarm.worker_id]  # she calls for help herself
        left = _left(session, {visit for one in found for visit in one.affected})
        items = [_candidate(one, left) for one in found]
        return Candidates(items=items, beside=_beside(session, alarm), at_spot=isinstance(to, whereto.Spot))


def _left(session: Session, visit_ids: set[int]) -> dict[int, LeftOut]:
    rows = session.execute(
        select(Visit.id, Elder.name, ServiceItem.name_zh, Visit.starts_at, Visit.opens)
        .join(Elder, Elder.id == Visit.elder_id)
        .join(ServiceItem, ServiceItem.id == Visit.item_id)
        .where(Visit.id.in_(visit_ids))
    )
    return {r.id: LeftOut(visit_id=r.id, elder=r.name, item=r.name_zh, starts_at=r.starts_at or r.opens) for r in rows}


def _candidate(one: nearest.Candidate, left: dict[int, LeftOut]) -> CandidateOut:
    return CandidateOut(
        caregiver_id=one.caregiver_id, name=one.name, phone=mask_phone(one.phone), responder=one.responder,
        skills=one.skills, lacks=one.lacks, minutes=-(-one.seconds // 60), doing=one.doing, going=one.going,
        here=one.here, busy_until=one.busy_until, mode=one.mode, place=PlaceOut.of(one.place.as_json()),
        place_known=one.known, affected=len(one.affected), affected_visits=one.affected,
        leaves=[left[visit] for visit in one.affected if visit in left],
    )  # fmt: skip


def _beside(session: Session, alarm: Alarm) -> list[BesideOut]:
    """Who has a key or lives near, the nearest first."""
    contacts = people.contacts_of(session, alarm.elder_id) if alarm.elder_id else ()
    near = [c for c in contacts if c.has_key or c.relation in BESIDE]
    return [
        BesideOut(
            contact_id=c.id, name=c.name, relation=c.relation, phone=mask_phone(c.phone), has_key=c.has_key,
            minutes_away=c.minutes_away,
        )
        for c in sorted(near, key=lambda c: (c.minutes_away is None, c.minutes_away or 0, c.rank))
    ]  # fmt: skip


@router.post("/{alarm_id}/send/preview", status_code=201)
def preview(alarm_id: int, whom: PreviewIn, me: Hotline) -> Preview:
    """What sending her would move, proposed and kept; nothing moves yet."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        caregiver, to, asked = _asked(session, alarm_id, whom.caregiver_id, me, now=now)
        eta = nearest.seconds_to(session, caregiver, to, now=now)
        free_at = nearest.away_until(session, caregiver, to, now=now)
    try:
        thought = replan_actions.think(asked)
    except BadProblem as error:
        raise Contradiction("Two things on this day exclude each other.", fault=error.fault) from None
    with transaction(me.scope) as session:
        change = replan_actions.keep(session, asked, thought, by=me.by, now=datetime.now(UTC))
        return Preview(
            caregiver_id=caregiver.id, eta_at=now + timedelta(seconds=eta), free_at=free_at,
            change=change_of(session, change, me.role),
        )  # fmt: skip


def _asked(
    session: Session, alarm_id: int, caregiver_id: int, me: Caller, *, now: datetime
) -> tuple[Caregiver, whereto.Target, replan_actions.Asked]:
    alarm = queries.row(session, alarm_id).alarm
    to = whereto.of(session, alarm)
    caregiver = session.get(Caregiver, caregiver_id)
    if to is None:
        raise sending.nowhere(alarm)
    if caregiver is None or caregiver.ended_at:
        raise NotFound("There is no such caregiver.")
    until = nearest.away_until(session, caregiver, to, now=now)
    responder = replan_queries.Responder(caregiver_id, Place.of(to.place), to.division_code, until)
    happened = [Happened(WhatHappened.ALARM, caregiver_id=caregiver_id, at=until)]
    day = calendar.day_of(now)
    return caregiver, to, replan_actions.ask(
        session, me.district_id, day, happened, now=now, alarm_id=alarm_id, responder=responder
    )  # fmt: skip


@router.post("/{alarm_id}/send")
def send(alarm_id: int, whom: SendIn, me: Hotline) -> SentOut:
    """Send her, and let the previewed change happen. Help does not wait for a plan: a stale preview moves nothing."""
    now = datetime.now(UTC)
    with transaction(me.scope) as session:
        alarm = actions.dispatch(session, alarm_id, whom.caregiver_id, me=me, now=now, words=whom.words)
        offer, _ = sending.offers_of(session, alarm_id)[-1]
        moved = whom.change_id is not None and _moved(session, alarm, whom.change_id, me, now=now)
        offer.change_id = whom.change_id if moved else None
        return SentOut(
            caregiver_id=offer.caregiver_id, state=offer.state, answer_by=offer.answer_by, eta_at=alarm.eta_at,
            moved=moved,
        )  # fmt: skip


def _moved(session: Session, alarm: Alarm, change_id: int, me: Caller, *, now: datetime) -> bool:
    """Whether the previewed change could happen; either way the alarm's log says so."""
    try:
        with session.begin_nested():
            if replan_queries.about(session, change_id)[2] != alarm.id:
                raise Conflict("This preview is of another alarm.")
            change = replan_actions.accept(session, change_id, by=me.by, now=now)
    except (Conflict, NotFound):
        log.append(session, alarm, "replan_stale", alarm.state, alarm.state, by=me.by, now=now, change_id=change_id)
        return False
    visits = [changed["visit_id"] for changed in change.changes]
    log.append(
        session, alarm, "replanned", alarm.state, alarm.state, by=me.by, now=now, change_id=change_id, visits=visits
    )
    return True
