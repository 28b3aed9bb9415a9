"""Taking in what the switchboard reports, asking it to dial, and writing down what came of a call."""

import dataclasses
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.access.tables import User
from app.calls import callers, missed
from app.calls.rules import (
    ENDING,
    GUESSES,
    MAY_SEND,
    REACHED,
    CallEvent,
    CallState,
    CannotSay,
    Direction,
    Result,
    Said,
    Target,
    Wish,
    after,
)
from app.calls.tables import Call, CallReport
from app.db import notice
from app.errors import NotFound

LONGEST_TEXT = 500


def report(session: Session, said: Said, *, district_id: int, now: datetime) -> Call:
    """What the switchboard says about a call; told twice it changes nothing, told out of order it ends up the same."""
    kept = insert(CallReport).values(district_id=district_id, key=said.key, at=now, said=dataclasses.asdict(said))
    fresh = session.execute(kept.on_conflict_do_nothing().returning(CallReport.id)).first() is not None
    call = _call(session, district_id, said, now=now)
    if not fresh:
        return call
    was_heard = call.result, call.pressed
    call.state = after(call.state, said.event)
    _written_down(call, said, now=now)
    if call.state is CallState.ENDED or (call.wish is Wish.ANSWER and call.answered_at):
        call.wish = None
    if said.operator:
        call.user_id = session.scalar(
            select(User.id).where(User.login == said.operator, User.district_id == district_id)
        ) or call.user_id  # fmt: skip
    call.recording = said.url or call.recording
    if (call.result, call.pressed) != was_heard:
        call.heard_at = None  # whoever was told something else is told again
    session.flush()
    if call.direction is Direction.INBOUND and call.answered_at:
        missed.rang_again(session, call, now=now)
    if call.returns_id and call.result in REACHED:
        missed.called_back(session, call, now=now)
    _tell_screens(session, call)
    return call


def _written_down(call: Call, said: Said, *, now: datetime) -> None:
    match said.event:
        case CallEvent.ANSWERED:
            call.answered_at = call.answered_at or now
            if call.result is None or call.result in GUESSES:
                call.result = Result.HEARD if call.automatic else Result.ANSWERED
        case CallEvent.VOICEMAIL:
            call.answered_at, call.result = call.answered_at or now, Result.VOICEMAIL
        case CallEvent.PRESSED:
            call.answered_at = call.answered_at or now
            call.pressed = call.pressed or (said.digits or "")[:1] or None
            if call.pressed and call.pressed in (call.gather or ""):
                call.result = Result.ANSWERED
        case event if event in ENDING:
            call.ended_at = call.ended_at or now
            call.result = call.result or said.result_of() or _guess(call)
            if call.answered_at and call.spoke_seconds is None:
                heard = max(0, int((call.ended_at - call.answered_at).total_seconds()))
                call.spoke_seconds = heard if said.seconds is None else said.seconds


def _guess(call: Call) -> Result:
    return Result.ABANDONED if call.direction is Direction.INBOUND else Result.NO_ANSWER


def _call(session: Session, district_id: int, said: Said, *, now: datetime) -> Call:
    """The call reported about, locked; a new one when nobody knew of it. Two reports at once make one call."""
    known = select(Call).where(Call.district_id == district_id).with_for_update()
    strange = False
    if said.ours is not None:
        call = session.scalar(known.where(Call.id == said.ours, Call.direction == Direction.OUTBOUND))
        if call is not None:
            call.call_id = call.call_id or said.call_id
            return call
        strange = True
    if call := session.scalar(known.where(Call.call_id == said.call_id)):
        if said.phone and call.phone is None:  # its `ringing` came after what followed it
            _name(session, call, said.phone)
        return call
    row = {
        "district_id": district_id, "division_code": f"{district_id:06d}000000", "call_id": said.call_id,
        "direction": Direction.OUTBOUND if strange else said.direction, "state": CallState.RINGING,
        "began_at": now, "strange": strange,
    }  # fmt: skip
    made = session.scalar(insert(Call).values(row).on_conflict_do_nothing().returning(Call.id))
    call = session.scalars(known.where(Call.call_id == said.call_id)).one()
    if made and said.phone:
        _name(session, call, said.phone)
    return call


def _name(session: Session, call: Call, phone: str) -> None:
    """Whose number it is, where that is plain; with several it is the operator who asks."""
    call.phone, call.phone_hash = phone, callers.hash_of(phone)
    found = callers.who(session, call.district_id, phone)
    if len(found) == 1:
        choose(call, found[0])
    elif len({one.elder_id for one in found}) == 1:  # the elder herself, or somebody else of her home
        choose(call, callers.Caller(callers.Kind.ELDER, "", found[0].elder_id, None, found[0].division_code))


def choose(call: Call, caller: callers.Caller) -> None:
    """This is who calls."""
    call.elder_id, call.contact_id, call.caregiver_id = caller.elder_id, caller.contact_id, caller.caregiver_id
    call.division_code = caller.division_code or call.division_code


def dial(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    target: Target,
    phone: str | None,
    user_id: int | None,
    now: datetime,
    elder_id: int | None = None,
    contact_id: int | None = None,
    caregiver_id: int | None = None,
    alarm_id: int | None = None,
    result: Result | None = None,
    note: str | None = None,
    returns_id: int | None = None,
) -> Call:
    """A call out. With a result it is over and only written down; without one the switchboard is asked to dial."""
    call = Call(
        district_id=district_id, division_code=division_code, direction=Direction.OUTBOUND, target=target, phone=phone,
        phone_hash=callers.hash_of(phone) if phone else None, user_id=user_id, elder_id=elder_id,
        contact_id=contact_id, caregiver_id=caregiver_id, alarm_id=alarm_id, began_at=now, result=result, note=note,
        state=CallState.ENDED if result else CallState.DIALLING, ended_at=now if result else None,
        answered_at=now if result in REACHED else None, heard_at=now if result else None, returns_id=returns_id,
    )  # fmt: skip
    session.add(call)
    session.flush()
    notice(session, district_id, f"calls/{call.id}")
    return call


def announce(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    target: Target,
    phone: str,
    ref: str,
    say: str,
    gather: str,
    now: datetime,
    elder_id: int | None = None,
    contact_id: int | None = None,
    caregiver_id: int | None = None,
    alarm_id: int | None = None,
) -> Call:
    """An automatic call: the switchboard dials, says a text and waits for one of the keys of `gather`.

    Asked for twice by one `ref` it is one call. What came of it is an Outcome (`app.calls.outcomes`).
    """
    if not say.strip() or len(say) > LONGEST_TEXT or not gather or not set(gather) <= MAY_SEND:
        raise CannotSay(f"Give a text of at most {LONGEST_TEXT} characters, and keys of a telephone.")
    mine = select(Call).where(Call.district_id == district_id, Call.ref == ref)
    if (known := session.scalar(mine)) is not None:
        return known
    call = dial(
        session, district_id=district_id, division_code=division_code, target=target, phone=phone, user_id=None,
        elder_id=elder_id, contact_id=contact_id, caregiver_id=caregiver_id, alarm_id=alarm_id, now=now,
    )  # fmt: skip
    call.ref, call.say, call.gather = ref, say, gather
    session.flush()
    return call


def write_result(
    session: Session, call_id: int, result: Result, *, now: datetime, note: str | None = None
) -> Call:  # fmt: skip
    """What came of a call, by the operator's word; the switchboard's word about times stays."""
    call = session.get(Call, call_id, with_for_update=True)
    if call is None:
        raise NotFound("There is no such call.")
    call.result, call.note = result, note or call.note
    if result in REACHED:
        call.answered_at = call.answered_at or now
    else:
        call.state, call.ended_at = CallState.ENDED, call.ended_at or now
    call.heard_at = None
    if call.returns_id and result in REACHED:
        missed.called_back(session, call, now=now)
    _tell_screens(session, call)
    return call


def give_up(session: Session, call_id: int, *, now: datetime) -> None:
    """No switchboard took it up, or it was never heard of again: it has failed, and whoever waits for it goes on.

    A caller of whom nothing more is heard was missed, and is called back.
    """
    call = session.get(Call, call_id, with_for_update=True)
    if call is None or call.state is CallState.ENDED:
        return
    call.state, call.ended_at = CallState.ENDED, now
    call.result = call.result or (Result.ABANDONED if call.direction is Direction.INBOUND else Result.FAILED)
    _tell_screens(session, call)


def _tell_screens(session: Session, call: Call) -> None:
    notice(session, call.district_id, f"calls/{call.id}")
    if call.alarm_id:
        notice(session, call.district_id, f"alarms/{call.alarm_id}")
