"""How a message goes out, when it may, and how long delivery is tried again."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Conflict, Unreadable

LEASE: Final = timedelta(seconds=60)  # a sender that died is known after this
TRIES: Final = 12
FIRST_WAIT: Final = timedelta(seconds=10)
LONGEST_WAIT: Final = {True: timedelta(minutes=5), False: timedelta(hours=1)}  # urgent or not
PUSH_TTL: Final = {True: 300, False: 12 * 3600}  # seconds it waits for a phone that is off; urgent or not
SMS_ALONE, SMS_PART = 70, 67  # characters of a text message in Chinese: alone, and of each part of a longer one


class Channel(StrEnum):
    """How somebody is told."""

    SMS = "sms"
    VOICE = "voice"  # a spoken text by telephone
    PUSH = "push"  # to a phone that sleeps; no names in it


class Kind(StrEnum):
    """What a message is about: chooses its words and whether it may wake somebody."""

    ALARM_FAMILY = "alarm_family"
    ALARM_COMMUNITY = "alarm_community"
    ALARM_CAREGIVER = "alarm_caregiver"
    ALARM_RESCUE = "alarm_rescue"  # 120 or 119
    DESK_LEAD = "desk_lead"  # nobody is at the desk, or somebody there asks for help
    TEST_CALL = "test_call"
    VISIT = "visit"
    UNSPENT = "unspent"  # an allowance that will expire
    NOTICE = "notice"
    WORKER_CHECK = "worker_check"  # is she well, alone in a home past her time?


URGENT: Final = frozenset(
    {
        Kind.ALARM_FAMILY,
        Kind.ALARM_COMMUNITY,
        Kind.ALARM_CAREGIVER,
        Kind.ALARM_RESCUE,
        Kind.DESK_LEAD,
        Kind.WORKER_CHECK,
    }
)


class MessageState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"  # the gateway has it; no more is known unless it sends a receipt
    DELIVERED = "delivered"
    FAILED = "failed"  # given up
    UNKNOWN = "unknown"  # the sender died in the middle, and sending again might tell it twice


class MessageEvent(StrEnum):
    """What happens to a message."""

    SEND = "send"
    ACCEPT = "accept"
    WAIT = "wait"  # it failed and will be tried again
    GIVE_UP = "give_up"
    DELIVER = "deliver"  # by the gateway's receipt
    BOUNCE = "bounce"  # likewise
    LOSE = "lose"


S, E = MessageState, MessageEvent
MOVES: Final[dict[tuple[MessageState, MessageEvent], MessageState]] = {
    (S.QUEUED, E.SEND): S.SENDING,
    (S.SENDING, E.SEND): S.SENDING,  # the one before died
    (S.SENDING, E.ACCEPT): S.SENT,
    (S.SENDING, E.WAIT): S.QUEUED,
    (S.SENDING, E.GIVE_UP): S.FAILED,
    (S.SENDING, E.LOSE): S.UNKNOWN,
    **{
        (state, event): after
        for state in (S.SENDING, S.SENT, S.UNKNOWN, S.QUEUED)  # a receipt may overtake the gateway's answer
        for event, after in ((E.DELIVER, S.DELIVERED), (E.BOUNCE, S.FAILED))
    },
}


class Trouble(StrEnum):
    """Why it did not go out, or did not arrive."""

    NO_ANSWER = "no_answer"  # the gateway does not answer
    OVERLOADED = "overloaded"  # 429 and 5xx
    REFUSED = "refused"  # other answers
    BAD_NUMBER = "bad_number"  # by receipt
    UNREACHABLE = "unreachable"  # by receipt: switched off
    NOT_CONFIGURED = "not_configured"
    DIED = "died"  # the sender was killed


FOR_GOOD: Final = frozenset({Trouble.REFUSED, Trouble.BAD_NUMBER})
"""What trying again does not help. Whatever else goes wrong may pass."""


class CannotResend(Conflict):
    """Only what has failed, or of which nothing is known, can be sent again."""


class BadTemplate(Unreadable):
    """The text cannot be used."""


def after(state: MessageState, event: MessageEvent) -> MessageState:
    """The state that follows; the same one where the event says nothing new."""
    return MOVES.get((state, event), state)


def next_try(attempts: int, *, now: datetime, urgent: bool = False) -> datetime | None:
    """When to try again after so many failures: 10 s, 20 s, 40 s … ; None once it is given up."""
    if attempts >= TRIES:
        return None
    seconds = FIRST_WAIT.total_seconds() * 2 ** (attempts - 1)
    return now + min(timedelta(seconds=seconds), LONGEST_WAIT[urgent])


def awake(local: datetime, starts: time, ends: time) -> datetime:
    """The first moment from `local` on that lies outside the quiet hours; both ends are local times of a day."""
    at, over_midnight = local.time(), starts > ends
    quiet = (at >= starts or at < ends) if over_midnight else starts <= at < ends
    if not quiet:
        return local
    day = local.date() + timedelta(days=1) if over_midnight and at >= starts else local.date()
    return datetime.combine(day, ends, local.tzinfo)


def parts(text: str) -> int:
    """How many text messages an operator of mobile networks charges for."""
    return 1 if len(text) <= SMS_ALONE else -(-len(text) // SMS_PART)
