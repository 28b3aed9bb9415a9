"""The alarm desk's answers: one line of the queue, and one case with everything a person needs to act."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel
from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.alarms import actions, handing, log, nearest, on_test, queries, sending, steps, timers
from app.alarms.care_clock import CareClock, care_clock
from app.alarms.handing_shapes import Handled, handled
from app.alarms.handling_tables import OnTestWindow
from app.alarms.queries import Care, QueueRow, VisitRow
from app.alarms.rules import AlarmKind, Event, Rings, State, Verdict, possible
from app.alarms.sending_rules import OfferState
from app.alarms.steps_shapes import ScriptOut
from app.alarms.tables import Alarm
from app.alarms.worker_shapes import WorkerOut, worker_of
from app.calls import callers
from app.calls import queries as calls
from app.calls.callers import BadNumber
from app.calls.rules import Result
from app.equipment.rules import DeviceKind, DeviceState
from app.orders.rules import VisitState
from app.people import queries as people
from app.people.rules import AbilityLevel, Relation, Sex, TeamRole, care_team_due
from app.people.tables import CareTeamMember, Contact, Elder, Home
from app.places.tables import Division
from app.vault import mask_phone


class AlarmRow(Handled):
    """One alarm in the queue. Whoever has not claimed it sees the estate and not the door."""

    id: int
    version: int  # grows with whatever happens to it
    state: State
    possible: list[Event]
    kind: AlarmKind
    priority: int
    count: int
    elder_id: int | None
    elder_name: str | None
    worker_name: str | None  # a caregiver's own call for help
    home_id: int | None
    address: str
    division: str
    age: int | None
    tags: list[str]
    level: AbilityLevel | None
    raised_at: datetime
    ringing_since: datetime | None
    rings: Rings
    assigned_to_me: bool
    claimed_by: str | None
    claimed_by_me: bool
    claimed_at: datetime | None
    suspended_until: datetime | None
    suspend_reason: str | None
    responder: str | None
    responder_minutes: int | None
    eta_at: datetime | None
    device_kind: DeviceKind | None
    wire_id: str | None
    verdict: Verdict | None
    test: bool  # an installer's test: marked, and for the hotline to confirm
    asked_to_press: bool  # a monthly test call is announced; this rings as a real one until somebody was spoken to

    @classmethod
    def of(
        cls, row: QueueRow, me: Caller, *, now: datetime, window: OnTestWindow | None = None,
        names: Mapping[int, str] = MappingProxyType({}),
    ) -> "AlarmRow":  # fmt: skip
        """As this caller sees it."""
        return cls(**_fields(row, me, now=now, window=window, names=names))


class PlaceOut(BaseModel):
    """A point in WGS-84 and how well it is known."""

    lat: float
    lon: float
    accuracy_m: float | None
    source: str | None = None

    @classmethod
    def of(cls, data: dict[str, Any] | None) -> "PlaceOut | None":
        """From the stored form."""
        if data is None:
            return None
        return cls(lat=data["lat"], lon=data["lon"], accuracy_m=data.get("accuracy_m"), source=data.get("source"))


class HomeOut(BaseModel):
    """Where to go."""

    id: int
    address: str
    division: str
    entry: str | None
    place: PlaceOut | None
    floor: int
    lift: bool


class ContactOut(BaseModel):
    """Somebody to call; the number is masked, the switchboard dials it."""

    id: int
    position: int
    name: str
    relation: Relation
    phone: str
    is_guardian: bool
    has_key: bool
    minutes_away: int | None
    bad_number: Result | None = None  # the last call that could tell led to somebody else, or nowhere

    @classmethod
    def of(
        cls, contact: Contact, team: Mapping[TeamRole, CareTeamMember], bad: Mapping[str, BadNumber]
    ) -> "ContactOut":
        """As the desk sees it. The guardian is known by the telephone the care team gives."""
        guardian = team.get(TeamRole.GUARDIAN)
        return cls(
            id=contact.id, position=contact.rank, name=contact.name, relation=contact.relation,
            phone=mask_phone(contact.phone), is_guardian=guardian is not None and guardian.phone == contact.phone,
            has_key=contact.has_key, minutes_away=contact.minutes_away,
            bad_number=bad[contact.phone_hash].result if contact.phone_hash in bad else None,
        )  # fmt: skip


class HealthOut(BaseModel):
    """What a first responder must know."""

    conditions: list[str] = []
    allergies: list[str] = []
    medicines: list[str] = []
    blood_type: str | None = None
    notes: str | None = None

    @classmethod
    def of(cls, health: dict[str, Any]) -> "HealthOut":
        """From the sealed note."""
        notes = health.get("notes")
        return cls(
            conditions=health.get("conditions") or [], allergies=health.get("allergies") or [],
            medicines=health.get("medicines") or [], blood_type=health.get("blood_type"),
            notes="；".join(notes) if isinstance(notes, list) else notes,
        )  # fmt: skip


class TeamOut(BaseModel):
    """One place of the care team; nobody where it is missing."""

    role: TeamRole
    name: str | None
    phone: str | None


class PresenceOut(BaseModel):
    """Who is in the home now."""

    caregiver: str
    item: str
    since: datetime


class VisitBrief(BaseModel):
    """A visit in one line."""

    id: int
    item: str
    starts_at: datetime
    ends_at: datetime | None
    state: VisitState
    caregivers: list[str]
    note: str | None = None

    @classmethod
    def of(cls, visit: VisitRow | None) -> "VisitBrief | None":
        """A visit to come, or one that is over with the time its caregiver left."""
        if visit is None:
            return None
        return cls(
            id=visit.id, item=visit.item, starts_at=visit.starts_at, ends_at=visit.finished_at or visit.ends_at,
            state=visit.state, caregivers=[visit.caregiver],
        )  # fmt: skip


class ElderOut(BaseModel):
    """Who it is. Health only while the case is open to this caller."""

    id: int
    name: str
    sex: Sex
    age: int
    level: AbilityLevel
    tags: list[str]
    phone: str | None
    health: HealthOut
    care_team: list[TeamOut]
    in_home_now: list[PresenceOut]
    next_visit: VisitBrief | None
    last_visit: VisitBrief | None
    clock: CareClock


class StepOut(BaseModel):
    """One line of what happened."""

    at: datetime
    kind: str
    by: str | None
    text: str | None
    facts: dict[str, Any]


class CaseDevice(BaseModel):
    """The device it came from."""

    id: str
    kind: DeviceKind
    model: str
    state: DeviceState
    battery: int | None
    last_seen: datetime | None
    worn: bool
    speaks: bool
    spot: str | None


class OfferOut(BaseModel):
    """Somebody who was asked to go, and what she said by when."""

    caregiver_id: int
    caregiver: str
    state: OfferState
    offered_at: datetime
    answer_by: datetime
    answered_at: datetime | None


class AlarmCase(AlarmRow, ScriptOut):
    """One case: who, where, whom to call, what happened, what can be done now."""

    elder: ElderOut | None
    worker: WorkerOut | None
    residents: list[ElderOut]  # of a home where it is not known whose alarm it is
    home: HomeOut | None
    contacts: list[ContactOut]
    timeline: list[StepOut]
    device: CaseDevice | None
    pressed_at: datetime | None
    clock_off: int | None
    place: PlaceOut | None
    linked: list[AlarmRow]
    offers: list[OfferOut]  # whom it was offered to, oldest first
    coming_from: PlaceOut | None  # where whoever was sent set out, until she is there
    rings_again_at: datetime | None  # unless somebody is called before
    closed_at: datetime | None
    looking: list[str]  # whose screens show it too
    spoken_to: bool  # somebody's voice was heard since it last rang
    has_password: bool  # there is a word to ask her for
    in_clear: bool  # whether address and health are shown in full (and that was written down)
    server_time: datetime


def case_of(session: Session, row: QueueRow, me: Caller, *, in_clear: bool, now: datetime) -> AlarmCase:
    """Everything about one alarm. Address and health in the clear only for whoever has claimed it."""
    alarm = row.alarm
    elder = session.get(Elder, alarm.elder_id) if alarm.elder_id else None
    home = session.get(Home, alarm.home_id) if alarm.home_id else None
    living = [elder] if elder else people_of(session, home)
    shown = [_elder(session, person, in_clear=in_clear, now=now) for person in living]
    people_there = [] if alarm.worker_id else living  # nobody's family is called for a caregiver's own call
    to_call = [(person, contact) for person in people_there for contact in people.contacts_of(session, person.id)]
    bad = callers.bad_numbers(session, [contact.phone_hash for _, contact in to_call])
    contacts = [ContactOut.of(contact, people.team_of(session, person.id), bad) for person, contact in to_call]
    lines = log.of(session, alarm)
    script = ScriptOut.standing(steps.script_of(session, alarm, now=now, lines=lines))
    names = queries.names(session, {alarm.offered_to} if alarm.offered_to else ())
    return AlarmCase(
        **_fields(row, me, now=now, window=on_test.window_of(session, alarm), names=names),
        looking=list(handing.looking(session, alarm.id, now=now, but=me.id)),
        spoken_to=actions.spoken_to(session, alarm), has_password=on_test.has_word(session, alarm.elder_id),
        **vars(script), elder=shown[0] if elder else None,
        worker=worker_of(session, alarm, living), residents=[] if elder or alarm.worker_id else shown,
        home=_home(session, home, in_clear=in_clear), contacts=contacts,
        timeline=_timeline(session, alarm, lines), device=_device(session, alarm), pressed_at=alarm.device_at,
        clock_off=alarm.clock_off, place=PlaceOut.of(alarm.place) if in_clear else None,
        offers=[
            OfferOut(
                caregiver_id=offer.caregiver_id, caregiver=name, state=offer.state, offered_at=offer.offered_at,
                answer_by=offer.answer_by, answered_at=offer.answered_at,
            )
            for offer, name in sending.offers_of(session, alarm.id)
        ],
        coming_from=PlaceOut.of(nearest.coming_from(session, alarm, now=now)) if in_clear else None,
        rings_again_at=timers.rings_again_at(session, alarm),
        linked=[AlarmRow.of(other, me, now=now) for other in queries.linked(session, alarm)],
        closed_at=alarm.closed_at, in_clear=in_clear, server_time=now,
    )  # fmt: skip


def people_of(session: Session, home: Home | None) -> list[Elder]:
    """Everybody who lives in a home."""
    if home is None:
        return []
    return session.query(Elder).where(Elder.home_id == home.id, Elder.ended_at.is_(None)).order_by(Elder.id).all()


def _fields(
    row: QueueRow, me: Caller, *, now: datetime, window: OnTestWindow | None = None, names: Mapping[int, str]
) -> dict[str, Any]:  # fmt: skip
    alarm = row.alarm
    mine = alarm.claimed_by == me.id
    return {
        "id": alarm.id, "version": alarm.log_length, "state": alarm.state,
        "kind": alarm.kind, "priority": alarm.priority, "count": alarm.count,
        "possible": possible(alarm.state, me.role, mine=mine, test=alarm.test_id is not None, priority=alarm.priority),
        "elder_id": alarm.elder_id, "elder_name": row.elder_name, "worker_name": row.worker,
        "home_id": alarm.home_id,
        "address": row.estate or "", "division": row.community or "",
        "age": calendar.age_on(row.born, calendar.day_of(now)) if row.born else None, "tags": row.tags or [],
        "level": row.level, "raised_at": alarm.raised_at,
        "ringing_since": alarm.rung_at if alarm.state is State.RINGING else None, "rings": alarm.rings,
        "assigned_to_me": alarm.assigned_to == me.id, "claimed_by": row.claimed_by, "claimed_by_me": mine,
        "claimed_at": alarm.claimed_at, "suspended_until": alarm.suspended_until,
        "suspend_reason": alarm.suspend_reason, **handled(alarm, me, window, names),
        "responder": row.responder,
        "responder_minutes": _minutes(alarm, now), "eta_at": alarm.eta_at, "device_kind": row.device_kind,
        "wire_id": alarm.wire_id, "verdict": alarm.verdict, "test": alarm.test_id is not None,
        "asked_to_press": row.asked_to_press,
    }  # fmt: skip


def _minutes(alarm: Alarm, now: datetime) -> int | None:
    if alarm.eta_at is None or alarm.arrived_at:
        return None
    return max(0, -(-int((alarm.eta_at - now).total_seconds()) // 60))


def _elder(session: Session, elder: Elder, *, in_clear: bool, now: datetime) -> ElderOut:
    care: Care = queries.care(session, elder.id, now=now)
    team = people.team_of(session, elder.id)
    return ElderOut(
        id=elder.id, name=elder.name, sex=elder.sex, age=calendar.age_on(elder.born, calendar.day_of(now)),
        level=elder.level, tags=elder.categories, phone=mask_phone(elder.phone) if elder.phone else None,
        health=HealthOut.of(elder.health) if in_clear else HealthOut(),
        care_team=[
            TeamOut(role=role, name=team[role].name, phone=mask_phone(team[role].phone)) if role in team
            else TeamOut(role=role, name=None, phone=None)
            for role in TeamRole if role in team or care_team_due(elder.categories)
        ],
        in_home_now=[
            PresenceOut(caregiver=v.caregiver, item=v.item, since=v.arrived_at or v.starts_at) for v in care.now
        ],
        next_visit=VisitBrief.of(care.next), last_visit=VisitBrief.of(care.last),
        clock=care_clock(session, elder.id, now=now),
    )  # fmt: skip


def _home(session: Session, home: Home | None, *, in_clear: bool) -> HomeOut | None:
    if home is None:
        return None
    division = session.get(Division, home.division_code)
    return HomeOut(
        id=home.id, address=f"{home.estate} {home.address}" if in_clear else home.estate,
        division=division.name if division else "", entry=home.access_note if in_clear else None,
        place=PlaceOut.of(home.place) if in_clear else None, floor=home.floor, lift=home.lift,
    )  # fmt: skip


def _device(session: Session, alarm: Alarm) -> CaseDevice | None:
    if alarm.device_id is None:
        return None
    device, model = queries.device_of(session, alarm.device_id)
    return CaseDevice(
        id=device.wire_id, kind=model.kind, model=model.name, state=device.state,
        battery=None if device.battery is None else round(device.battery), last_seen=device.last_seen_at,
        worn=model.worn, speaks=model.voice, spot=device.spot,
    )  # fmt: skip


def _timeline(session: Session, alarm: Alarm, lines: Sequence[log.Line]) -> list[StepOut]:
    """Newest first. A call that was dialled shows what the switchboard has since said of it."""
    known = {call.id: call for call in calls.calls(session, alarm_id=alarm.id, limit=200)}
    told = []
    for line in reversed(lines):
        facts = dict(line.facts)
        if (call := known.get(facts.get("call_id", 0))) is not None:
            facts |= {"result": call.result, "call_state": call.state, "recorded": call.recorded}
        told.append(StepOut(at=line.at, kind=line.event, by=line.by, text=facts.pop("text", None), facts=facts))
    return told
