"""Reading calls, and who a number belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.tables import User
from app.calls.rules import CallState, Direction, Result, Target
from app.calls.tables import Call
from app.people.queries import phone_digits
from app.people.rules import Relation
from app.people.tables import Contact, Elder
from app.vault import digest, mask_phone


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
    recording: str | None
    alarm_id: int | None


def calls(
    session: Session,
    *,
    elder_id: int | None = None,
    alarm_id: int | None = None,
    open_only: bool = False,
    before: int | None = None,
    limit: int = 50,
) -> Sequence[CallRow]:
    """The newest calls, of one elder or one alarm where asked."""
    statement = (
        select(Call, Elder.name, Contact.name, Contact.relation, User.name)
        .outerjoin(Elder, Elder.id == Call.elder_id)
        .outerjoin(Contact, Contact.id == Call.contact_id)
        .outerjoin(User, User.id == Call.user_id)
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
            call.id,
            call.direction,
            call.state,
            call.target,
            mask_phone(call.phone) if call.phone else None,
            call.elder_id,
            elder,
            call.contact_id,
            contact,
            relation,
            operator,
            call.began_at,
            call.answered_at,
            call.ended_at,
            call.result,
            call.recording,
            call.alarm_id,
        )
        for call, elder, contact, relation, operator in session.execute(statement)
    ]


@dataclass(frozen=True)
class Dial:
    """A number the switchboard is asked to dial."""

    id: int
    phone: str
    operator: str | None


def to_dial(session: Session, *, district_id: int) -> Sequence[Dial]:
    """Calls asked for that the switchboard has not taken up."""
    rows = session.execute(
        select(Call.id, Call.phone, User.login)
        .outerjoin(User, User.id == Call.user_id)
        .where(
            Call.district_id == district_id,
            Call.state == CallState.DIALLING,
            Call.call_id.is_(None),
            Call.phone.is_not(None),
        )
        .order_by(Call.id)
    )
    return [Dial(number, phone, login) for number, phone, login in rows if phone]


def whose(session: Session, district_id: int, phone: str) -> tuple[Elder | None, Contact | None]:
    """The elder of a district a number belongs to, or the contact and her elder; the first where several share it."""
    number = digest("phone", phone_digits(phone))
    elder = session.scalar(
        select(Elder)
        .where(Elder.district_id == district_id, Elder.phone_hash == number, Elder.ended_at.is_(None))
        .order_by(Elder.id)
        .limit(1)
    )
    if elder:
        return elder, None
    known = select(Contact).where(Contact.district_id == district_id, Contact.phone_hash == number)
    contact = session.scalar(known.order_by(Contact.id).limit(1))
    return (session.get(Elder, contact.elder_id), contact) if contact else (None, None)
