"""Assessing: begin a form, write in it, sign it twice, publish it; keep what other scales found; ask for a new one.

The server alone makes score and levels, from the stored answers, when the second person signs.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from app import calendar
from app.access.queries import Caller
from app.assessments import queries, scale
from app.assessments.rules import (
    OPEN,
    AssessmentEvent,
    AssessmentKind,
    AssessmentState,
    Contradiction,
    Hands,
    Incomplete,
    NotYours,
    RiskEvent,
    SamePerson,
    Source,
    Venue,
    after,
    check_contradictions,
    check_kind,
    due_on,
)
from app.assessments.tables import Assessment, AssessmentRequest, AssessmentTerm, LevelChange
from app.db import notice
from app.errors import Conflict, IllegalMove, Unreadable
from app.history import record
from app.people import queries as people
from app.people.rules import AbilityLevel
from app.people.tables import Elder

E = AssessmentEvent


@dataclass(frozen=True)
class Form:
    """What somebody has written so far."""

    assessed_on: date
    kind: AssessmentKind
    venue: Venue | None = None
    second_assessor_id: int | None = None
    source: Source | None = None
    source_name: str = ""
    items: dict[str, int] = field(default_factory=dict)
    coma: bool = False
    dementia: bool = False
    other_mental_disorder: bool = False
    risk_events: dict[RiskEvent, int] = field(default_factory=dict)
    note: str = ""

    def answers(self) -> dict[str, object]:
        """As stored."""
        return {
            "items": scale.read_items(self.items, partly=True), "coma": self.coma, "dementia": self.dementia,
            "other_mental_disorder": self.other_mental_disorder,
            "risk_events": {str(kind): count for kind, count in self.risk_events.items() if count},
            "source": self.source, "source_name": self.source_name.strip(), "note": self.note.strip(),
        }  # fmt: skip


@dataclass(frozen=True)
class Kept:
    """A result of another scale, as it was given, and the level it stands for here."""

    standard: str
    assessed_on: date
    assessed_by: str
    level_given: str
    level: AbilityLevel
    note: str  # why it stands for that
    counts: bool  # recognised here: the elder's level follows from it


def hands(assessment: Assessment) -> Hands:
    """Whose form it is."""
    return Hands(
        assessment.first_assessor_id, assessment.second_assessor_id, assessment.first_signed_at is not None,
        assessment.second_signed_at is not None,
    )  # fmt: skip


def conditions(assessment: Assessment) -> scale.Conditions:
    """What besides the points changes the level."""
    given = assessment.answers
    return scale.Conditions(
        given.get("coma", False), given.get("dementia", False), given.get("other_mental_disorder", False),
        sum(given.get("risk_events", {}).values()),
    )  # fmt: skip


def start(
    session: Session, elder_id: int, *, me: Caller, now: datetime, kind: AssessmentKind, assessed_on: date
) -> Assessment:
    """An empty form; raises WrongKind, and Conflict while another one is open."""
    elder = _locked(session, elder_id)
    known = queries.of_elder(session, elder_id)
    if any(one.state in OPEN for one in known):
        raise Conflict("A form of this elder is open already; go on with that one.")
    check_kind(kind, assessed_before=any(one.state in queries.ENDED for one in known))
    _check_day(assessed_on, now)
    assessment = Assessment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, kind=kind,
        state=AssessmentState.DRAFT, assessed_on=assessed_on, first_assessor_id=me.id, answers={"items": {}},
    )  # fmt: skip
    session.add(assessment)
    record(session, assessment, "start", None, assessment.state, by=me.by, now=now)
    return assessment


def save(
    session: Session, assessment_id: int, form: Form, *, version: int, me: Caller, now: datetime
) -> Assessment:  # fmt: skip
    """Write down what is answered so far; what was signed before is no longer what was signed."""
    found = queries.get(session, assessment_id, lock=True)
    if found.state is not AssessmentState.DRAFT:
        raise IllegalMove(f"An assessment that is {found.state} is no longer written in.", state=found.state)
    if not hands(found).theirs(me.id):
        raise NotYours("Its two assessors write in a form.")
    if found.version != version:
        raise Conflict("Somebody else has just changed this form; look again.", version=found.version)
    _check_day(form.assessed_on, now)
    second = form.second_assessor_id
    if second is not None and second != found.second_assessor_id:
        if second == found.first_assessor_id:
            raise SamePerson("Choose somebody else as the second assessor.")
        if second not in dict(queries.assessors(session, found.district_id)):
            raise Unreadable("There is no such assessor in this district.")
    written = {
        "kind": form.kind, "assessed_on": form.assessed_on, "venue": form.venue, "second_assessor_id": second,
        "answers": form.answers(),
    }  # fmt: skip
    changes = {name: value for name, value in written.items() if getattr(found, name) != value}
    for name, value in changes.items():
        setattr(found, name, value)
    if changes:
        found.first_signed_at = found.second_signed_at = None
        notice(session, found.district_id, f"{found.__tablename__}/{found.id}")  # the other assessor looks on
    session.flush()
    return found


def sign(session: Session, assessment_id: int, *, version: int, me: Caller, now: datetime) -> Assessment:
    """Put a name under it; with the second one the result stands. Raises Incomplete, Contradiction, NotYours."""
    found = queries.get(session, assessment_id, lock=True)
    after(found.state, E.SIGN)
    if found.version != version:
        raise Conflict("This form has changed since you looked; look again.", version=found.version)
    mine = hands(found)
    if not mine.may_sign(me.id):
        if mine.theirs(me.id):
            raise SamePerson("You have signed; the second signature is somebody else's.")
        raise NotYours("Its two assessors sign a form.")
    _check_whole(session, found)
    if me.id == found.first_assessor_id:
        found.first_signed_at = now
    else:
        found.second_assessor_id, found.second_signed_at = me.id, now
    if found.first_signed_at is None or found.second_signed_at is None:
        record(session, found, E.SIGN, found.state, found.state, by=me.by, now=now)
        return found
    result = scale.assess(found.answers["items"], conditions(found))
    found.result = {"score": result.score, "reasons": list(result.reasons)}
    found.initial_level, found.final_level = result.initial_level, result.final_level
    return move(session, found, E.SIGN, by=me.by, now=now)


def reopen(session: Session, assessment_id: int, *, me: Caller, now: datetime, reason: str) -> Assessment:
    """Back to the draft, both signatures gone: a mistake was seen before anybody was told."""
    found = queries.get(session, assessment_id, lock=True)
    move(session, found, E.REOPEN, by=me.by, now=now, reason=reason)
    found.first_signed_at = found.second_signed_at = None
    found.result = found.initial_level = found.final_level = None
    return found


def publish(session: Session, assessment_id: int, *, me: Caller, now: datetime) -> Assessment:
    """It counts: the one before is superseded, the elder has its level, the next is due, who asked has an answer."""
    found = queries.get(session, assessment_id, lock=True)
    after(found.state, E.PUBLISH)
    elder = _locked(session, found.elder_id)
    _take_the_place(session, found, by=me.by, now=now)
    move(session, found, E.PUBLISH, by=me.by, now=now, level=found.final_level)
    _follow(session, elder, found, by=me.by, now=now)
    asked = queries.request_of(session, elder.id)
    if asked is not None:
        asked.settled_by = found.id
    return found


def withdraw(session: Session, assessment_id: int, *, me: Caller, now: datetime, reason: str) -> Assessment:
    """It does not count, with the reason; if the elder's level came from it, the level before is theirs again."""
    found = queries.get(session, assessment_id, lock=True)
    if found.state is AssessmentState.DRAFT and not hands(found).theirs(me.id):
        raise NotYours("Its two assessors may drop a form.")
    stood = found.state is AssessmentState.PUBLISHED and found.counts
    move(session, found, E.WITHDRAW, by=me.by, now=now, reason=reason)
    made = queries.change_by(session, found) if stood else None
    if made is not None:
        _change_level(session, _locked(session, found.elder_id), found, made.before, by=me.by, now=now, withdrawn=True)
    return found


def keep(session: Session, elder_id: int, kept: Kept, *, me: Caller, now: datetime) -> Assessment:
    """A result of another scale, beside ours; recognised, it counts as ours do."""
    elder = _locked(session, elder_id)
    _check_day(kept.assessed_on, now)
    assessment = Assessment(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, standard=kept.standard,
        kind=AssessmentKind.OTHER, state=AssessmentState.SIGNED, assessed_on=kept.assessed_on, first_assessor_id=me.id,
        answers={}, level_given=kept.level_given, final_level=kept.level, assessed_by=kept.assessed_by, note=kept.note,
        counts=kept.counts,
    )  # fmt: skip
    if kept.counts:
        _take_the_place(session, assessment, by=me.by, now=now)
    assessment.state, assessment.published_at = AssessmentState.PUBLISHED, now
    session.add(assessment)
    record(session, assessment, "keep", None, assessment.state, by=me.by, now=now, standard=kept.standard)
    if kept.counts:
        _follow(session, elder, assessment, by=me.by, now=now)
    return assessment


def ask(
    session: Session, elder_id: int, *, kind: AssessmentKind, reason: str, me: Caller, now: datetime
) -> AssessmentRequest:
    """Have an elder assessed again: at once because the condition changed, or because the result is doubted."""
    if kind not in (AssessmentKind.IMMEDIATE, AssessmentKind.REVIEW):
        raise Unreadable("Ask for an immediate assessment or for a review.")
    elder = _locked(session, elder_id)
    if queries.request_of(session, elder.id) is not None:
        raise Conflict("Somebody has asked for this elder already.")
    asked = AssessmentRequest(
        district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id, kind=kind, reason=reason,
        asked_at=now, asked_by=me.by,
    )  # fmt: skip
    session.add(asked)
    record(session, asked, "ask", None, kind, by=me.by, now=now)
    return asked


def set_term(
    session: Session, *, level: AbilityLevel | None, months: int, starts: date, me: Caller, now: datetime
) -> AssessmentTerm:
    """After how many months a level, or every level, is assessed again, for assessments from a day on."""
    term = AssessmentTerm(district_id=me.district_id, level=level, months=months, starts=starts)
    session.add(term)
    record(session, term, "set", None, None, by=me.by, now=now, months=months, level=level, starts=starts.isoformat())
    return term


def move(
    session: Session,
    assessment: Assessment,
    event: AssessmentEvent,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    **facts: object,
) -> Assessment:
    """The only place that changes an assessment's state."""
    state = after(assessment.state, event)
    if event is E.PUBLISH:
        assessment.published_at = now
    before, assessment.state = assessment.state, state
    record(session, assessment, event, before, state, by=by, now=now, reason=reason, **facts)
    return assessment


def _locked(session: Session, elder_id: int) -> Elder:
    """The elder, held so that two results cannot be published at once."""
    people.get(session, elder_id)
    return session.get_one(Elder, elder_id, with_for_update=True, populate_existing=True)


def _check_day(day: date, now: datetime) -> None:
    if day > calendar.day_of(now):
        raise Contradiction("An assessment cannot have been made on a day to come.", assessed_on=day.isoformat())


def _check_whole(session: Session, found: Assessment) -> None:
    """Everything the form asks for is there and does not contradict itself."""
    scale.read_items(found.answers.get("items", {}))
    missing = [name for name, value in (
        ("venue", found.venue), ("source", found.answers.get("source")),
    ) if not value]  # fmt: skip
    if missing:
        raise Incomplete(f"Still missing: {', '.join(missing)}.", items=missing)
    check_contradictions(found.answers["items"], coma=bool(found.answers.get("coma")))
    known = [one for one in queries.of_elder(session, found.elder_id) if one.id != found.id]
    check_kind(found.kind, assessed_before=any(one.state in queries.ENDED for one in known))


def _take_the_place(session: Session, assessment: Assessment, *, by: str, now: datetime) -> None:
    """The result that was valid is so no longer; raises Conflict where it is of a later day."""
    valid = queries.valid_of(session, assessment.elder_id)
    if valid is None:
        return
    if valid.assessed_on > assessment.assessed_on:
        raise Conflict("A result of a later day is valid already.", assessed_on=valid.assessed_on.isoformat())
    move(session, valid, E.SUPERSEDE, by=by, now=now)
    session.flush()


def _follow(session: Session, elder: Elder, assessment: Assessment, *, by: str, now: datetime) -> None:
    """The elder has this level, and the next assessment its day."""
    assert assessment.final_level is not None
    months = queries.months_for(session, elder.district_id, assessment.final_level, assessment.assessed_on)
    assessment.due_on = due_on(assessment.assessed_on, months)
    _change_level(session, elder, assessment, assessment.final_level, by=by, now=now)


def _change_level(
    session: Session,
    elder: Elder,
    assessment: Assessment,
    level: AbilityLevel,
    *,
    by: str,
    now: datetime,
    withdrawn: bool = False,
) -> None:
    """Announce it: a row for whoever must follow, a line in the elder's history, a notice to the screens."""
    if elder.level is level:
        return
    before, elder.level = elder.level, level
    session.add(
        LevelChange(
            district_id=elder.district_id, division_code=elder.division_code, elder_id=elder.id,
            assessment_id=assessment.id, before=before, after=level, withdrawn=withdrawn,
            effective_on=calendar.day_of(now), at=now, by=by,
        )
    )  # fmt: skip
    record(session, elder, "level", before, level, by=by, now=now, assessment_id=assessment.id)
