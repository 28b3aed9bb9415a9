"""The visitor's phone: whom she visits and how late, her round of today, and what she tells of a visit."""

import json
import uuid
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Response
from pydantic import AwareDatetime, BaseModel
from pydantic import Field as Given
from sqlalchemy.orm import Session

from app import calendar
from app.access import actions as access
from app.access.api import Field, Now
from app.access.queries import Caller
from app.db import transaction
from app.idempotency import once
from app.people import queries as people
from app.people.rules import Relation
from app.people.tables import Caregiver
from app.phone.api import caregiver_of
from app.phone.shapes import PhoneContact, PlaceIn, PointOut, ResultOut
from app.places.rules import Place
from app.vault import mask_name
from app.welfare import actions, queries, register
from app.welfare.actions import Reported
from app.welfare.queries import DueRow
from app.welfare.rules import RiskTier, Visitor, WelfareOutcome, WelfareWay

router = APIRouter(prefix="/api/phone/welfare", tags=["phone"])
AHEAD: Final = timedelta(days=7)  # so early somebody may be in the list already
MOST: Final = 300


class WelfarePerson(BaseModel):
    """Somebody to visit. Name, door and telephones in the clear only in today's round of whoever asks."""

    elder_id: int
    tier: RiskTier
    due_on: date
    late_days: int
    last_on: date | None
    tries: int
    paired: bool
    mine: bool  # in my round of today
    taken: bool  # in somebody else's
    name: str
    age: int
    estate: str
    address: str | None
    access_note: str | None
    floor: int
    lift: bool
    place: PointOut | None
    phone: str | None
    contact: PhoneContact | None


class WelfareList(BaseModel):
    """Who is due within a week, the longest overdue first; no `kind`: she does not go on welfare visits."""

    server_time: datetime
    today: date
    kind: Visitor | None
    tries: int  # without an answer, until the desk is told
    people: list[WelfarePerson]


class RoundIn(BaseModel):
    """Whom she takes into her day."""

    elder_ids: list[int] = Given(max_length=50)


class WelfareRecordIn(BaseModel):
    """What came of one visit. `data` is the form: topics, wish, words, policy, urged. Clocks as of every event."""

    id: uuid.UUID
    elder_id: int = Given(ge=0, lt=2**63)
    way: WelfareWay
    outcome: WelfareOutcome
    seq: int = Given(ge=0, lt=2**53)
    at: AwareDatetime
    offset_ms: int | None = Given(None, ge=0, lt=2**53)
    clock_off_ms: int | None = Given(None, gt=-(2**53), lt=2**53)
    place: PlaceIn | None = None
    data: dict[str, Any] = {}

    def value(self, device: uuid.UUID | None) -> Reported:
        """As the actions see it."""
        return Reported(
            self.id, self.elder_id, self.way, self.outcome, self.seq, self.at.astimezone(UTC), self.offset_ms,
            self.clock_off_ms, self.place.value() if self.place else None, _readable(self.data), device,
        )  # fmt: skip


def _readable(data: dict[str, Any]) -> dict[str, Any]:
    """Without halves of characters, which no database takes: a record is never refused for its words."""
    said: dict[str, Any] = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    return said


class WelfareRecordsIn(BaseModel):
    """A batch out of the outbox of one phone; `sent_at` is what the phone's clock says now."""

    records: list[WelfareRecordIn] = Given(max_length=200)
    device: uuid.UUID | None = None
    sent_at: AwareDatetime | None = None


class WelfareAnswer(BaseModel):
    """Results in the order of the records, and the list as it is now."""

    results: list[ResultOut]
    list: WelfareList


@router.get("")
def due(me: Field, now: Now, response: Response) -> WelfareList:
    """Whom I visit."""
    response.headers["Cache-Control"] = "no-store"
    with transaction(me.scope) as session:
        return _list(session, me, now=now)


@router.post("/round")
def take(said: RoundIn, me: Field, now: Now, response: Response) -> WelfareList:
    """I go to these today: their doors and telephones are on my phone for the day, and that is written down."""
    response.headers["Cache-Control"] = "no-store"
    caregiver_id = caregiver_of(me)
    with transaction(me.scope) as session:
        goes = queries.visitor(session, caregiver_id)
        taken = register.take_round(session, goes, said.elder_ids, now=now) if goes else []
        for elder_id in taken:
            access.note_access(session, me, elder_id=elder_id, field="door", reason="welfare_visit", now=now)
        session.flush()
        return _list(session, me, now=now)


@router.post("/records")
def records(
    batch: WelfareRecordsIn, me: Field, now: Now, response: Response,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> WelfareAnswer:  # fmt: skip
    """Keep what came of visits, each record once; as the platform, since she may have moved out of the area."""
    response.headers["Cache-Control"] = "no-store"
    caregiver_id = caregiver_of(me)
    sent_at = batch.sent_at.astimezone(UTC) if batch.sent_at else None
    with transaction() as session:
        caregiver = session.get_one(Caregiver, caregiver_id)
        results = once(
            session, caller=f"user {me.id}", key=idempotency_key, now=now,
            request=[(one.id, one.elder_id, one.outcome) for one in batch.records],
            do=lambda: [
                ResultOut(id=told.id, outcome=told.outcome, problem=told.problem)
                for told in actions.receive(
                    session, caregiver, [one.value(batch.device) for one in batch.records], sent_at=sent_at,
                    by=me.by, now=now,
                )
            ],
        )  # fmt: skip
    with transaction(me.scope) as session:
        return WelfareAnswer(results=results, list=_list(session, me, now=now))


def _list(session: Session, me: Caller, *, now: datetime) -> WelfareList:
    caregiver_id, today = caregiver_of(me), calendar.day_of(now)
    goes = queries.visitor(session, caregiver_id)
    _, rules = queries.rules_on(session, me.district_id, today)
    rows = queries.listed(session, rules, today=today, mine=(caregiver_id, goes.area), limit=MOST) if goes else []
    return WelfareList(
        server_time=now, today=today, kind=goes.kind if goes else None, tries=rules.tries,
        people=[
            _person(session, row, caregiver_id, today)
            for row in rows
            if row.due_on <= today + AHEAD or row.taken_id == caregiver_id
        ],
    )  # fmt: skip


def _person(session: Session, row: DueRow, caregiver_id: int, today: date) -> WelfarePerson:
    mine, elder, home = row.taken_id == caregiver_id, row.elder, row.home
    near = people.contacts_of(session, elder.id) if mine else []
    first = min(near, key=lambda one: (one.relation is not Relation.COMMUNITY_WORKER, one.rank), default=None)
    place = Place.of(home.place) if mine else None
    return WelfarePerson(
        elder_id=elder.id, tier=row.on_list.tier, due_on=row.due_on, late_days=max(0, (today - row.due_on).days),
        last_on=row.on_list.last_on, tries=row.on_list.tries, paired=row.on_list.pair_id == caregiver_id, mine=mine,
        taken=row.taken_id is not None and not mine, name=elder.name if mine else mask_name(elder.name),
        age=calendar.age_on(elder.born, today), estate=home.estate, address=home.address if mine else None,
        access_note=home.access_note if mine else None, floor=home.floor, lift=home.lift,
        place=PointOut(lat=place.lat, lon=place.lon) if place else None, phone=elder.phone if mine else None,
        contact=PhoneContact(name=first.name, relation=first.relation, phone=first.phone) if first else None,
    )  # fmt: skip
