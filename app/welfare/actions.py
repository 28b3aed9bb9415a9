"""Taking what visitors' phones tell: each record once, in any order; what does not fit is the desk's to look at."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app import calendar
from app.alarms import hearing
from app.alarms.rules import AlarmKind
from app.db import notice
from app.history import record
from app.people.tables import Caregiver, Elder, Home
from app.places.rules import Place, metres
from app.visits.rules import Outcome as Received
from app.visits.rules import happened
from app.welfare import queries
from app.welfare.finding_rules import FindingKind, FindingState
from app.welfare.rules import Concern, Form, Unanswered, WelfareOutcome, WelfareRules, WelfareWay, form_of
from app.welfare.tables import WelfareElder, WelfareFinding, WelfareRound, WelfareVisit

NOT_OPEN: Final = {WelfareOutcome.REFUSED: FindingKind.REFUSED, WelfareOutcome.AWAY: FindingKind.AWAY}


@dataclass(frozen=True)
class Reported:
    """One record as a phone sends it; `data` is the form."""

    id: uuid.UUID
    elder_id: int
    way: WelfareWay
    outcome: WelfareOutcome
    seq: int
    at: datetime
    offset_ms: int | None = None
    clock_off_ms: int | None = None
    place: Place | None = None
    data: dict[str, Any] = field(default_factory=dict)
    device: uuid.UUID | None = None


@dataclass(frozen=True)
class Answered:
    """What became of a record; `problem` is a code the phone has words for."""

    id: uuid.UUID
    outcome: Received
    problem: str | None = None


def receive(
    session: Session, caregiver: Caregiver, batch: Sequence[Reported], *, sent_at: datetime | None, by: str,
    now: datetime,
) -> list[Answered]:  # fmt: skip
    """Keep every record once and let it count. The session sees the whole platform: elders move meanwhile."""
    told: dict[uuid.UUID, Answered] = {}
    for one in sorted(batch, key=lambda reported: (reported.elder_id, reported.seq)):
        if one.id not in told:
            told[one.id] = _one(session, caregiver, one, sent_at=sent_at, by=by, now=now)
    return [told[one.id] for one in batch]


def _one(
    session: Session, caregiver: Caregiver, one: Reported, *, sent_at: datetime | None, by: str, now: datetime
) -> Answered:
    elder = session.get(Elder, one.elder_id)
    if elder is None or elder.district_id != caregiver.district_id:
        return Answered(one.id, Received.ATTENTION, "unknown_elder")
    listed = session.scalar(
        select(WelfareElder)
        .where(WelfareElder.elder_id == elder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    at = happened(
        one.at, received_at=now, offset_ms=one.offset_ms, sent_at=sent_at, clock_off_ms=one.clock_off_ms
    )  # fmt: skip
    problem = _clash(session, caregiver, elder, listed, at)
    home = session.get_one(Home, elder.home_id)
    number = session.scalar(
        insert(WelfareVisit)
        .values(
            district_id=elder.district_id, division_code=elder.division_code, event_id=one.id, elder_id=elder.id,
            caregiver_id=caregiver.id, way=one.way, outcome=one.outcome, happened_at=at, device_at=one.at,
            received_at=now, device=one.device, place=one.place.as_json() if one.place else None,
            accuracy_m=one.place.accuracy_m if one.place else None,
            distance_m=round(metres(one.place, Place.of(home.place)), 1) if one.place else None,
            form=one.data, problem=problem, by=by,
        )
        .on_conflict_do_nothing(index_elements=["event_id"])
        .returning(WelfareVisit.id)
    )  # fmt: skip
    if number is None:
        kept = session.scalars(select(WelfareVisit).where(WelfareVisit.event_id == one.id)).one()
        if kept.caregiver_id != caregiver.id:
            return Answered(one.id, Received.ATTENTION, "unknown_elder")  # another's number: nothing is told of it
        return Answered(one.id, Received.ATTENTION if kept.problem else Received.REPEATED, kept.problem)
    visit = session.get_one(WelfareVisit, number)
    if listed is not None and problem is None:
        _stands(session, listed)
    _findings(session, visit, elder, listed, by=by, now=now)
    notice(session, elder.district_id, f"welfare_visits/{number}")
    return Answered(one.id, Received.ATTENTION if problem else Received.ACCEPTED, problem)


def _clash(
    session: Session, caregiver: Caregiver, elder: Elder, listed: WelfareElder | None, at: datetime
) -> str | None:
    """Why a record does not count by itself."""
    if elder.ended_at is not None or listed is None:
        return "not_listed"
    goes = queries.visitor(session, caregiver.id)
    if goes is None:
        return "not_yours"
    if elder.division_code.startswith(goes.area) or listed.pair_id == caregiver.id:
        return None
    taken = select(WelfareRound.id).where(
        WelfareRound.elder_id == elder.id, WelfareRound.caregiver_id == caregiver.id,
        WelfareRound.day == calendar.day_of(at),
    )  # fmt: skip
    return None if session.scalar(taken) is not None else "not_yours"


def _stands(session: Session, listed: WelfareElder) -> None:
    """Worked out again from every record, so that the order they came in does not matter."""
    now_stands = queries.stands(session, listed.elder_id)
    listed.last_at = now_stands.seen_at
    listed.last_on = calendar.day_of(now_stands.seen_at) if now_stands.seen_at else None
    listed.tries = now_stands.tries
    listed.tried_on = calendar.day_of(now_stands.tried_at) if now_stands.tried_at else None
    if listed.changed_at and now_stands.seen_at and now_stands.seen_at >= listed.changed_at:
        listed.sooner_on = listed.changed_at = None


def _findings(
    session: Session, visit: WelfareVisit, elder: Elder, listed: WelfareElder | None, *, by: str, now: datetime
) -> None:
    _, rules = queries.rules_on(session, elder.district_id, calendar.day_of(visit.happened_at))
    for kind, urgent, words in _found(visit, form_of(visit.form)):
        _raise(session, visit, kind, urgent, words, rules, by=by, now=now)
    if listed is None or visit.problem or visit.outcome is not WelfareOutcome.NO_ANSWER or listed.tries < rules.tries:
        return
    known = select(WelfareFinding).where(
        WelfareFinding.elder_id == elder.id, WelfareFinding.kind == FindingKind.NO_ANSWER,
        WelfareFinding.state != FindingState.CLOSED,
    )  # fmt: skip
    if session.scalar(known) is not None:
        return  # it is on the desk already, and stays there until somebody has closed it
    words = f"巡访 {listed.tries} 次无人应答"
    made = _raise(session, visit, FindingKind.NO_ANSWER, True, words, rules, by=by, now=now)
    if rules.unanswered[listed.tier] is Unanswered.ALARM:
        who = hearing.Whose(elder.district_id, elder.division_code, elder.id, elder.home_id)
        press = hearing.Press(now, device_at=visit.device_at, said={"note": words, "finding": made.id})
        made.alarm_id = hearing.call_for_help(session, AlarmKind.INACTIVITY, who, press, by=by, now=now).id


def _found(visit: WelfareVisit, form: Form) -> Iterator[tuple[FindingKind, bool, str]]:
    """What one record says somebody must see to: kind, whether at once, her words."""
    if visit.problem:
        yield FindingKind.CLASH, False, visit.problem
    if visit.outcome in NOT_OPEN:
        yield NOT_OPEN[visit.outcome], False, form.words
    for topic, level in form.topics.items():
        if level is not Concern.FINE:
            yield FindingKind(topic.value), level is Concern.URGENT, form.words
    if form.wish:
        yield FindingKind.WISH, False, form.wish


def _raise(
    session: Session, visit: WelfareVisit, kind: FindingKind, urgent: bool, words: str, rules: WelfareRules, *,
    by: str, now: datetime,
) -> WelfareFinding:  # fmt: skip
    days = rules.urgent_days if urgent else rules.concern_days
    made = WelfareFinding(
        district_id=visit.district_id, division_code=visit.division_code, elder_id=visit.elder_id, visit_id=visit.id,
        kind=kind, urgent=urgent, state=FindingState.OPEN, words=words, found_at=visit.happened_at, raised_at=now,
        due_on=calendar.day_of(visit.happened_at) + timedelta(days=days),
    )  # fmt: skip
    session.add(made)
    record(session, made, "raise", None, made.state, by=by, now=now, kind=kind, urgent=urgent)
    session.flush()
    return made
