"""Writing into the outbox, and carrying it out: read in one transaction, send in none, store in a second."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.config import settings
from app.db import notice, transaction
from app.messages import gateway, queries, templates
from app.messages.gateway import NotDelivered, Parcel
from app.messages.push_tables import PushSubscription
from app.messages.rules import (
    FOR_GOOD,
    LEASE,
    URGENT,
    CannotResend,
    Channel,
    Kind,
    MessageEvent,
    MessageState,
    Trouble,
    after,
    awake,
    next_try,
)
from app.messages.tables import MessageAttempt, OutboxMessage

log = structlog.get_logger()
Send = Callable[[Parcel], str]
"""Hands a message over; answers by what way, raises NotDelivered."""
S, E = MessageState, MessageEvent


def tell(
    session: Session,
    *,
    district_id: int,
    division_code: str,
    key: str,
    channel: Channel,
    to: str,
    to_whom: str,
    text: str,
    now: datetime,
    about: str | None = None,
    kind: Kind = Kind.NOTICE,
    elder_id: int | None = None,
    resend_of: int | None = None,
) -> None:
    """Have somebody told, once for each key; goes out after the commit.

    What is about an alarm overtakes everything else, at any hour; the rest waits for the end of the quiet hours.
    """
    urgent = kind in URGENT or (about or "").startswith("alarms/")
    row = {
        "district_id": district_id, "division_code": division_code, "key": key, "channel": channel, "to": to,
        "to_whom": to_whom, "text": text, "about": about, "created_at": now, "due_at": now if urgent else _awake(now),
        "attempts": 0, "kind": kind, "urgent": urgent, "state": S.QUEUED, "elder_id": elder_id, "resend_of": resend_of,
    }  # fmt: skip
    session.execute(insert(OutboxMessage).values(row).on_conflict_do_nothing())
    notice(session, district_id, "messages")


def say(
    session: Session,
    *,
    kind: Kind,
    values: Mapping[str, str],
    district_id: int,
    division_code: str,
    key: str,
    channel: Channel,
    to: str,
    to_whom: str,
    now: datetime,
    about: str | None = None,
    elder_id: int | None = None,
    language: str = templates.CHINESE,
) -> None:
    """Tell somebody in the words this district has for it."""
    text = templates.words(session, district_id, kind, channel, values, language=language)
    tell(
        session, district_id=district_id, division_code=division_code, key=key, channel=channel, to=to,
        to_whom=to_whom, text=text, now=now, about=about, kind=kind, elder_id=elder_id,
    )  # fmt: skip


def _awake(now: datetime) -> datetime:
    return awake(now.astimezone(settings().zone), settings().quiet_from, settings().quiet_until).astimezone(UTC)


def deliver_due(send: Send | None = None, *, urgent_only: bool = False) -> int:
    """Carry out what is due, urgent first; answers how many went out. May run beside itself: each takes its own."""
    with transaction() as session:
        ids = queries.due(session, now=datetime.now(UTC), urgent_only=urgent_only)
    return sum(_deliver(message_id, send or gateway.send) for message_id in ids)


def _deliver(message_id: int, send: Send) -> bool:
    now = datetime.now(UTC)
    with transaction() as session:
        message = session.get(OutboxMessage, message_id, with_for_update={"skip_locked": True})
        if message is None or message.due_at is None or message.due_at > now or not _taken(session, message, now=now):
            return False
        parcel = Parcel(
            f"{message.district_id}-{message.id}", message.channel, message.to, message.text, message.urgent
        )
    via, failed = None, None
    try:
        via = send(parcel)
    except NotDelivered as failure:
        failed = failure
    with transaction() as session:
        message = session.get_one(OutboxMessage, message_id, with_for_update=True)
        _tried(session, message, via, failed, now=datetime.now(UTC))
    if failed:
        log.warning("message not delivered", id=message_id, trouble=failed.trouble, detail=failed.detail)
    return via is not None


def _taken(session: Session, message: OutboxMessage, *, now: datetime) -> bool:
    """Begin a try. One that somebody began and did not end is closed first: whether it went out, nobody knows.

    A gateway that knows repeats takes it again without saying it twice. With one that does not, a call for help is
    rather said twice, and anything else left for an operator to look at.
    """
    if message.state is S.SENDING:
        _close(session, message, S.UNKNOWN, Trouble.DIED, None, now=now)
        if not message.urgent and not gateway.knows_repeats():
            message.state, message.due_at, message.error = after(message.state, E.LOSE), None, Trouble.DIED
            notice(session, message.district_id, "messages")
            return False
    message.state, message.attempts, message.due_at = after(message.state, E.SEND), message.attempts + 1, now + LEASE
    session.add(
        MessageAttempt(
            district_id=message.district_id, message_id=message.id, n=message.attempts, began_at=now, state=S.SENDING
        )
    )
    return True


def _tried(
    session: Session, message: OutboxMessage, via: str | None, failed: NotDelivered | None, *, now: datetime
) -> None:  # fmt: skip
    """What came of a try. A receipt may have overtaken the answer, and stays."""
    if failed:
        _close(session, message, S.FAILED, failed.trouble, failed.detail, now=now)
    else:
        _close(session, message, S.SENT, None, None, now=now)
    if message.state is not S.SENDING:
        return
    if failed is None:
        message.state, message.via, message.sent_at = after(message.state, E.ACCEPT), via, now
        message.error = message.due_at = None
    else:
        if message.channel is Channel.PUSH and failed.trouble is Trouble.BAD_NUMBER:
            session.execute(delete(PushSubscription).where(PushSubscription.id == int(message.to)))  # for good
        again = None if failed.trouble in FOR_GOOD else next_try(message.attempts, now=now, urgent=message.urgent)
        message.due_at = again if again is None or message.urgent else _awake(again)
        message.state = after(message.state, E.WAIT if again else E.GIVE_UP)
        message.error = failed.trouble
    notice(session, message.district_id, "messages")


def _close(
    session: Session, message: OutboxMessage, state: MessageState, trouble: Trouble | None, detail: str | None, *,
    now: datetime,
) -> None:  # fmt: skip
    attempt = queries.open_attempt(session, message.id)
    if attempt:
        attempt.ended_at, attempt.state, attempt.trouble, attempt.detail = now, state, trouble, detail or None


def receipt(
    session: Session, parcel_id: str, *, delivered: bool, trouble: Trouble | None, detail: str | None, now: datetime
) -> OutboxMessage | None:
    """What the gateway says became of a message it took; the same word twice changes nothing. None: not ours."""
    district, _, number = parcel_id.partition("-")
    if not (district.isdecimal() and number.isdecimal() and len(number) < 19):
        return None
    message = session.get(OutboxMessage, int(number), with_for_update=True)
    if message is None or message.district_id != int(district):
        return None
    before, message.state = message.state, after(message.state, E.DELIVER if delivered else E.BOUNCE)
    if message.state is before:
        return message
    message.due_at, message.sent_at = None, message.sent_at or now
    message.delivered_at, message.error = (now, None) if delivered else (None, trouble or Trouble.UNREACHABLE)
    message.attempts += 1
    session.add(
        MessageAttempt(
            district_id=message.district_id, message_id=message.id, n=message.attempts, began_at=now, ended_at=now,
            state=message.state, trouble=None if delivered else message.error, detail=detail,
        )
    )  # fmt: skip
    notice(session, message.district_id, "messages")
    return message


def resend(session: Session, message_id: int, *, now: datetime) -> None:
    """Send again what has failed, or of which nothing is known: a message of its own beside it."""
    old = queries.get(session, message_id)
    if old.state not in (S.FAILED, S.UNKNOWN):
        raise CannotResend(f"A message that is {old.state} is not sent again.")
    tell(
        session, district_id=old.district_id, division_code=old.division_code, key=f"{old.key} again {old.id}",
        channel=old.channel, to=old.to, to_whom=old.to_whom, text=old.text, about=old.about, kind=old.kind,
        elder_id=old.elder_id, resend_of=old.id, now=now,
    )  # fmt: skip
