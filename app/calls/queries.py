"""Reading calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.access.tables import User
from app.calls.rules import CallState, Direction, Result, Settled, Target
from app.calls.tables import Call
from app.errors import NotFound
from app.people.queries import phone_digits
from app.people.rules import Relation
from app.people.tables import Caregiver, Contact, Elder
from app.vault import mask_phone


@dataclass(frozen=True)
class CallRow:
    """A call as a list shows it."""

    id: int
    direction: Direction
    state: CallState
    target: Target | None
    phone: str | None  # masked
    elder_id: int | None
    elder_name: str | None
    contact_id: int | None
    contact_name: str | None
    relation: Relation | None
    operator: str | None
    began_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    result: Result | None
    recorded: bool
    alarm_id: int | None
    caregiver_id: int | None
    caregiver_name: str | None
    spoke_seconds: int | None
    automatic: bool
    pressed: str | None
    note: str | None
    strange: bool
    settled: Settled | None
    user_id: int | None


def calls(
    session: Session,
    *,
    elder_id: int | None = None,
    alarm_id: int | None = None,
    open_only: bool = False,
    where: Sequence[ColumnElement[bool]] = (),
    before: int | None = None,
    limit: int = 50,
) -> Sequence[CallRow]:
    """The newest calls, of one elder or one alarm where asked."""
    statement = (
        select(Call, Elder.name, Contact.name, Contact.relation, User.name, Caregiver.name)
        .outerjoin(Elder, Elder.id == Call.elder_id)
        .outerjoin(Contact, Contact.id == Call.contact_id)
        .outerjoin(User, User.id == Call.user_id)
        .outerjoin(Caregiver, Caregiver.id == Call.caregiver_id)
        .where(*where)
        .order_by(Call.id.desc())
        .limit(limit)
    )
    if elder_id:
        statement = statement.where(Call.elder_id == elder_id)
    if alarm_id:
        statement = statement.where(Call.alarm_id == alarm_id)
    if open_only:
        statement = statement.where(Call.state != CallState.ENDED)
    if before:
        statement = statement.where(Call.id < before)
    return [
        CallRow(
            call.id, call.direction, call.state, call.target, _masked(call.phone),
            call.elder_id, elder, call.contact_id, contact, relation, operator, call.began_at, call.answered_at,
            call.ended_at, call.result, call.recording is not None, call.alarm_id, call.caregiver_id, caregiver,
            call.spoke_seconds, call.automatic, call.pressed, call.note, call.strange, call.settled, call.user_id,
        )
        for call, elder, contact, relation, operator, caregiver in session.execute(statement)
    ]  # fmt: skip


def _masked(phone: str | None) -> str | None:
    return mask_phone(phone_digits(phone)) if phone else None


def get(session: Session, call_id: int) -> Call:
    """The call; raises NotFound also when it is of another area."""
    call = session.get(Call, call_id, with_for_update=True)
    if call is None:
        raise NotFound("There is no such call, or it is outside your area.")
    return call


def of_number(session: Session, district_id: int, phone_hash: str, limit: int = 5) -> Sequence[CallRow]:
    """The last calls from and to a number, whoever it belongs to."""
    return calls(session, where=(Call.district_id == district_id, Call.phone_hash == phone_hash), limit=limit)
