"""Reading assessments: one, those of an elder, a list, who is due, and after how long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from app.access.rules import Role
from app.access.tables import User
from app.assessments.rules import FIRST_MONTHS, OPEN, AssessmentKind, AssessmentState, Standard
from app.assessments.tables import Assessment, AssessmentRequest, AssessmentTerm, LevelChange
from app.errors import NotFound
from app.people.rules import AbilityLevel, Register
from app.people.tables import Elder, Home
from app.places.tables import Division

ENDED = (AssessmentState.PUBLISHED, AssessmentState.SUPERSEDED)  # with a result that stood
A = Assessment


def get(session: Session, assessment_id: int, *, lock: bool = False) -> Assessment:
    """The assessment; raises NotFound also outside the caller's area."""
    found = session.get(A, assessment_id, with_for_update=lock, populate_existing=lock)
    if found is None:
        raise NotFound("There is no such assessment, or the elder lives outside your area.")
    return found


def valid_of(session: Session, elder_id: int) -> Assessment | None:
    """The assessment an elder's level follows from."""
    return session.scalar(select(A).where(A.elder_id == elder_id, A.state == AssessmentState.PUBLISHED, A.counts))


def of_elder(session: Session, elder_id: int) -> Sequence[Assessment]:
    """Everything on record of an elder, latest first."""
    return session.scalars(
        select(A).where(A.elder_id == elder_id).order_by(A.assessed_on.desc(), A.id.desc())
    ).all()  # fmt: skip


def before(session: Session, assessment: Assessment) -> Assessment | None:
    """The last result by our form before this one: what it is compared with."""
    return session.scalar(
        select(A)
        .where(
            A.elder_id == assessment.elder_id, A.state.in_(ENDED), A.standard == Standard.GBT_42195,
            A.id < assessment.id,
        )
        .order_by(A.assessed_on.desc(), A.id.desc())
        .limit(1)
    )  # fmt: skip


@dataclass(frozen=True)
class AssessmentRow:
    """One line of a list."""

    id: int
    elder_id: int
    elder_name: str
    community: str
    standard: str
    kind: AssessmentKind
    state: AssessmentState
    assessed_on: date
    initial_level: AbilityLevel | None
    final_level: AbilityLevel | None
    due_on: date | None
    first_assessor_id: int
    second_assessor_id: int | None
    first_assessor: str
    second_assessor: str | None
    first_signed_at: datetime | None
    second_signed_at: datetime | None


def rows(
    session: Session, *, state: AssessmentState | None = None, before_id: int | None = None, limit: int = 50
) -> Sequence[AssessmentRow]:
    """Assessments in a state, newest first; without one those still open."""
    first, second = aliased(User), aliased(User)
    query = (
        select(
            A.id, A.elder_id, Elder.name, Division.name, A.standard, A.kind, A.state, A.assessed_on, A.initial_level,
            A.final_level, A.due_on, A.first_assessor_id, A.second_assessor_id, first.name, second.name,
            A.first_signed_at, A.second_signed_at,
        )
        .join(Elder, Elder.id == A.elder_id)
        .join(Division, Division.code == A.division_code)
        .join(first, first.id == A.first_assessor_id)
        .outerjoin(second, second.id == A.second_assessor_id)
        .where(A.state == state if state else A.state.in_(OPEN))
        .order_by(A.id.desc())
        .limit(limit)
    )  # fmt: skip
    if before_id is not None:
        query = query.where(A.id < before_id)
    return [AssessmentRow(*values) for values in map(tuple, session.execute(query))]


@dataclass(frozen=True)
class DueRow:
    """An elder who is to be assessed, and why: never was, is due, somebody asked."""

    elder_id: int
    elder_name: str
    born: date
    community: str
    estate: str
    level: AbilityLevel
    assessed_on: date | None
    due_on: date | None
    asked: AssessmentKind | None
    asked_at: datetime | None
    open_id: int | None  # the form somebody has begun


@dataclass(frozen=True)
class Coverage:
    """How many elders on purchased service there are, and how many of them have a result that is not overdue."""

    served: int
    valid: int
    overdue: int
    asked: int


def due(session: Session, *, today: date, within_days: int, limit: int = 200) -> Sequence[DueRow]:
    """Elders on purchased service who are due by then: those somebody asked for first, then the longest overdue."""
    started = aliased(A)
    query = (
        select(
            Elder.id, Elder.name, Elder.born, Division.name, Home.estate, Elder.level, A.assessed_on, A.due_on,
            AssessmentRequest.kind, AssessmentRequest.asked_at, started.id,
        )
        .join(Home, Home.id == Elder.home_id)
        .join(Division, Division.code == Elder.division_code)
        .outerjoin(A, _valid())
        .outerjoin(AssessmentRequest, _asked())
        .outerjoin(started, and_(started.elder_id == Elder.id, started.state.in_(OPEN)))
        .where(
            Elder.ended_at.is_(None),
            or_(
                AssessmentRequest.id.is_not(None),
                and_(
                    Elder.register == Register.PURCHASED_SERVICE,
                    or_(A.id.is_(None), A.due_on <= today + timedelta(days=within_days)),
                ),
            ),
        )
        .order_by(AssessmentRequest.asked_at.is_(None), AssessmentRequest.asked_at, A.due_on.nulls_first(), Elder.id)
        .limit(limit)
    )  # fmt: skip
    return [DueRow(*row) for row in session.execute(query)]


def coverage(session: Session, *, today: date) -> Coverage:
    """The figures above the list."""
    row = session.execute(
        select(
            func.count(),
            func.count().filter(A.due_on > today),
            func.count().filter(A.due_on <= today),
            func.count(AssessmentRequest.id),
        )
        .select_from(Elder)
        .outerjoin(A, _valid())
        .outerjoin(AssessmentRequest, _asked())
        .where(Elder.ended_at.is_(None), Elder.register == Register.PURCHASED_SERVICE)
    ).one()
    return Coverage(*row)


def _valid() -> ColumnElement[bool]:
    return and_(A.elder_id == Elder.id, A.state == AssessmentState.PUBLISHED, A.counts)


def _asked() -> ColumnElement[bool]:
    return and_(AssessmentRequest.elder_id == Elder.id, AssessmentRequest.settled_by.is_(None))


def request_of(session: Session, elder_id: int) -> AssessmentRequest | None:
    """Whoever asked for an elder to be assessed again and has had no answer."""
    return session.scalar(
        select(AssessmentRequest).where(
            AssessmentRequest.elder_id == elder_id, AssessmentRequest.settled_by.is_(None)
        )
    )  # fmt: skip


def change_by(session: Session, assessment: Assessment) -> LevelChange | None:
    """The change of level that an assessment made."""
    return session.scalar(
        select(LevelChange).where(
            LevelChange.district_id == assessment.district_id, LevelChange.elder_id == assessment.elder_id,
            LevelChange.assessment_id == assessment.id, ~LevelChange.withdrawn,
        )
    )  # fmt: skip


def months_for(session: Session, district_id: int, level: AbilityLevel, on: date) -> int:
    """After how many months who was found so on a day is assessed again."""
    return term_of(terms(session, district_id), level, on)


def term_of(terms: Sequence[AssessmentTerm], level: AbilityLevel, on: date) -> int:
    """The months that hold, of terms with the latest first: the level's own before those for all."""
    begun = [term for term in terms if term.starts <= on]
    own = [term for term in begun if term.level is level] or [term for term in begun if term.level is None]
    return own[0].months if own else FIRST_MONTHS


def terms(session: Session, district_id: int) -> Sequence[AssessmentTerm]:
    """All terms of a district with the day each begins, latest first."""
    return session.scalars(
        select(AssessmentTerm)
        .where(AssessmentTerm.district_id == district_id)
        .order_by(AssessmentTerm.starts.desc(), AssessmentTerm.id)
    ).all()


def assessors(session: Session, district_id: int) -> Sequence[tuple[int, str]]:
    """Who assesses in a district: number and name."""
    found = session.execute(
        select(User.id, User.name)
        .where(User.district_id == district_id, User.role == Role.ASSESSOR, User.ended_at.is_(None))
        .order_by(User.name, User.id)
    )
    return [(row.id, row.name) for row in found]


def names(session: Session, ids: Sequence[int | None]) -> dict[int, str]:
    """Names of users by number."""
    found = session.execute(select(User.id, User.name).where(User.id.in_([one for one in ids if one])))
    return {row.id: row.name for row in found}
