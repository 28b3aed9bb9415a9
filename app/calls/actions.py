"""Taking in what the switchboard reports, asking it to dial, and writing down what came of a call."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.tables import User
from app.calls import queries
from app.calls.rules import REACHED, CallEvent, CallState, Direction, Result, Target, after
from app.calls.tables import Call, CallReport
from app.db import notice
from app.errors import NotFound
from app.people.queries import phone_digits
from app.vault import digest


def report(
    session: Session,
    *,
    district_id: int,
    call_id: str,
    event: CallEvent,
    now: datetime,
    key: str | None = None,
    direction: Direction = Direction.INBOUND,
    phone: str | None = None,
    operator: str | None = None,
    ours: int | None = None,
    url: str | None = None,
    result: Result | None = None,
) -> Call:
    """What the switchboard says about a call; told twice or out of order it changes nothing twice.

    `ours` is the number of a call we asked for, which is how its own `call_id` becomes known.
    """
    said: dict[str, Any] = {"phone": phone, "operator": operator, "ours": ours, "url": url, "result": result}
    kept = insert(CallReport).values(
        district_id=district_id, key=key or f"{call_id}:{event}", at=now,
        said={"call_id": call_id, "event": event, **said},
    )  # fmt: skip
    session.execute(kept.on_conflict_do_nothing())
    call = _call(session, district_id, call_id, direction, phone, ours, now=now)
    call.state = after(call.state, event)
    if event is CallEvent.ANSWERED:
        call.answered_at = call.answered_at or now
        call.result = call.result or Result.ANSWERED
    if event is CallEvent.HUNG_UP:
        call.ended_at = call.ended_at or now
        call.result = call.result or result or Result.NO_ANSWER
    if operator:
        call.user_id = session.scalar(
            select(User.id).where(User.login == operator, User.district_id == district_id)
        ) or call.user_id  # fmt: skip
    call.recording = url or call.recording
    session.flush()
    notice(session, district_id, f"calls/{call.id}")
    if call.alarm_id:
        notice(session, district_id, f"alarms/{call.alarm_id}")
    return call


def _call(
    session: Session, district_id: int, call_id: str, direction: Direction, phone: str | None, ours: int | None, *,
    now: datetime,
) -> Call:  # fmt: skip
    """The call reported about, locked; a new one when nobody knew of it. Two reports at once make one call."""
    known = select(Call).where(Call.district_id == district_id).with_for_update()
    if ours is not None:
        call = session.scalar(known.where(Call.id == ours, Call.direction == Direction.OUTBOUND))
        if call is None:
            raise NotFound("We asked for no such call.")
        call.call_id = call.call_id or call_id
        return call
    if call := session.scalar(known.where(Call.call_id == call_id)):
        return call
    elder, contact = queries.whose(session, district_id, phone) if phone else (None, None)
    row = {
        "district_id": district_id, "division_code": elder.division_code if elder else f"{district_id:06d}000000",
        "call_id": call_id, "direction": direction, "state": CallState.RINGING, "phone": phone,
        "phone_hash": digest("phone", phone_digits(phone)) if phone else None, "elder_id": elder.id if elder else None,
        "contact_id": contact.id if contact else None, "began_at": now,
    }  # fmt: skip
    session.execute(insert(Call).values(row).on_conflict_do_nothing())
    return session.scalars(known.where(Call.call_id == call_id)).one()


def dial(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    target: Target,
    phone: str | None,
    user_id: int,
    now: datetime,
    elder_id: int | None = None,
    contact_id: int | None = None,
    alarm_id: int | None = None,
    result: Result | None = None,
) -> Call:
    """A call out. With a result it is over and only written down; without one the switchboard is asked to dial."""
    call = Call(
        district_id=district_id, division_code=division_code, direction=Direction.OUTBOUND, target=target, phone=phone,
        phone_hash=digest("phone", phone_digits(phone)) if phone else None, user_id=user_id, elder_id=elder_id,
        contact_id=contact_id, alarm_id=alarm_id, began_at=now, result=result,
        state=CallState.ENDED if result else CallState.DIALLING, ended_at=now if result else None,
        answered_at=now if result in REACHED else None,
    )  # fmt: skip
    session.add(call)
    session.flush()
    notice(session, district_id, f"calls/{call.id}")
    return call


def write_result(session: Session, call_id: int, result: Result, *, now: datetime) -> Call:
    """What came of a call, by the operator's word; the switchboard's word about times stays."""
    call = session.get(Call, call_id, with_for_update=True)
    if call is None:
        raise NotFound("There is no such call.")
    call.result = result
    if result in REACHED:
        call.answered_at = call.answered_at or now
    else:
        call.state, call.ended_at = CallState.ENDED, call.ended_at or now
    notice(session, call.district_id, f"calls/{call.id}")
    return call
