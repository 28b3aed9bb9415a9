"""What an operator does with calls: dial somebody by name, say who calls, listen to a recording."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access import actions as access
from app.access.queries import Caller
from app.access.rules import Role
from app.calls import actions, callers, queries
from app.calls.rules import Direction, NotYours, Target
from app.calls.tables import Call, NumberLink
from app.db import notice
from app.errors import NotFound, Unreadable
from app.people import queries as people
from app.people.tables import Caregiver, Contact

LISTENERS = (Role.SHIFT_LEAD,)


def filters(direction: Direction | None, *, strange: bool) -> list[ColumnElement[bool]]:
    """What the list of calls was asked for."""
    wanted = [Call.direction == direction] if direction else []
    return [*wanted, Call.strange.is_(True)] if strange else wanted


def among(ids: Sequence[int]) -> list[ColumnElement[bool]]:
    """These calls."""
    return [Call.id.in_(ids)]


def dial(
    session: Session,
    me: Caller,
    *,
    now: datetime,
    elder_id: int | None = None,
    contact_id: int | None = None,
    caregiver_id: int | None = None,
    missed_id: int | None = None,
) -> Call:
    """Ring whoever is named, or the number of a missed call."""
    if sum(one is not None for one in (elder_id, contact_id, caregiver_id, missed_id)) != 1:
        raise Unreadable("Name one to call: an elder, a contact, a caregiver or a missed call.")
    if missed_id is not None:
        return _return(session, me, missed_id, now=now)
    if caregiver_id is not None:
        caregiver = session.get(Caregiver, caregiver_id)
        if caregiver is None or caregiver.ended_at:
            raise NotFound("There is no such caregiver.")
        return actions.dial(
            session, district_id=me.district_id, user_id=me.id, now=now,
            division_code=caregiver.division_code, target=Target.CAREGIVER, phone=caregiver.phone,
            caregiver_id=caregiver.id,
        )  # fmt: skip
    contact = session.get(Contact, contact_id) if contact_id is not None else None
    if contact_id is not None and contact is None:
        raise NotFound("There is no such contact.")
    elder = people.get(session, contact.elder_id if contact else elder_id or 0)
    phone = contact.phone if contact else elder.phone
    if phone is None:
        raise NotFound("There is no number on record.")
    return actions.dial(
        session, district_id=me.district_id, user_id=me.id, now=now,
            division_code=elder.division_code, phone=phone, elder_id=elder.id,
        target=Target.CONTACT if contact else Target.ELDER, contact_id=contact.id if contact else None,
    )  # fmt: skip


def _return(session: Session, me: Caller, call_id: int, *, now: datetime) -> Call:
    """Call back whoever rang."""
    first = queries.get(session, call_id)
    if first.phone is None or first.direction is not Direction.INBOUND:
        raise NotFound("The caller's number is not known.")
    target = Target.CAREGIVER if first.caregiver_id else Target.CONTACT if first.contact_id else Target.ELDER
    return actions.dial(
        session, district_id=me.district_id, division_code=first.division_code, phone=first.phone, user_id=me.id,
        elder_id=first.elder_id, contact_id=first.contact_id, caregiver_id=first.caregiver_id, returns_id=first.id,
        target=target if first.elder_id or first.caregiver_id else Target.OTHER, now=now,
    )  # fmt: skip


def link(
    session: Session, me: Caller, call_id: int, elder_id: int, *, contact_id: int | None, who: str | None, now: datetime
) -> Call:
    """This is who calls. With a name, the next call of this number is known."""
    call, elder = queries.get(session, call_id), people.get(session, elder_id)
    contact = session.get(Contact, contact_id) if contact_id is not None else None
    if contact_id is not None and (contact is None or contact.elder_id != elder.id):
        raise NotFound("There is no such contact of this elder.")
    actions.choose(
        call, callers.Caller(callers.Kind.ELDER, elder.name, elder.id, elder.name, elder.division_code, contact_id)
    )
    if who and call.phone_hash:
        row = {
            "district_id": call.district_id, "division_code": elder.division_code, "phone_hash": call.phone_hash,
            "elder_id": elder.id, "who": who, "user_id": me.id, "at": now,
        }  # fmt: skip
        session.execute(insert(NumberLink).values(row).on_conflict_do_nothing())
    notice(session, call.district_id, f"calls/{call.id}")
    return call


def recording(session: Session, me: Caller, call_id: int, reason: str, *, now: datetime) -> str:
    """Where to listen: for a shift lead, and for whoever spoke. Asking for it is on record."""
    call = queries.get(session, call_id)
    if me.role not in LISTENERS and call.user_id != me.id:
        raise NotYours("Only a shift lead or whoever spoke may listen to this call.")
    if call.recording is None:
        raise NotFound("This call was not recorded.")
    access.note_access(session, me, elder_id=call.elder_id, field="recording", reason=reason, now=now, call_id=call.id)
    return call.recording
