"""The life of a device's credential, and when the broker is asked again."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.equipment.rules import DeviceState, Transport
from app.errors import Conflict, IllegalMove, Refused

CERTIFICATE_DAYS: Final = 730
RENEW_BEFORE: Final = timedelta(days=60)
DISTRICT: Final = 6  # digits of a district's code
LONGEST_WAIT: Final = 300  # seconds between two tries


class CredentialKind(StrEnum):
    """How a device proves who it is."""

    PASSWORD = "password"
    CERTIFICATE = "certificate"


class CredentialState(StrEnum):
    """Where a credential stands; the broker hears of it a moment later than the register."""

    WANTED = "wanted"  # the broker is to take it
    APPLIED = "applied"  # the broker takes it
    WITHDRAWN = "withdrawn"  # the broker is to take it no more
    REVOKED = "revoked"


class CredentialEvent(StrEnum):
    """What happens to a credential."""

    APPLY = "apply"
    REPLACE = "replace"  # by a newer one
    WITHDRAW = "withdraw"
    REVOKE = "revoke"


MOVES: Final[dict[tuple[CredentialState, CredentialEvent], CredentialState]] = {
    (CredentialState.WANTED, CredentialEvent.APPLY): CredentialState.APPLIED,
    (CredentialState.WANTED, CredentialEvent.REPLACE): CredentialState.REVOKED,
    (CredentialState.APPLIED, CredentialEvent.REPLACE): CredentialState.REVOKED,
    (CredentialState.WANTED, CredentialEvent.WITHDRAW): CredentialState.WITHDRAWN,
    (CredentialState.APPLIED, CredentialEvent.WITHDRAW): CredentialState.WITHDRAWN,
    (CredentialState.WITHDRAWN, CredentialEvent.REVOKE): CredentialState.REVOKED,
}
LIVE: Final = (CredentialState.WANTED, CredentialState.APPLIED)
PENDING: Final = (CredentialState.WANTED, CredentialState.WITHDRAWN)


class NoAccount(Conflict):
    """This device has no account of its own at the broker."""


def after(state: CredentialState, event: CredentialEvent) -> CredentialState:
    """The state that follows; raises IllegalMove where the table has no line."""
    try:
        return MOVES[state, event]
    except KeyError:
        raise IllegalMove(f"A credential that is {state} cannot {event}.", state=state) from None


def check_may_have_one(transport: Transport, state: DeviceState) -> None:
    """Only what speaks MQTT itself logs in; sensors of a bridge and watches do not. Raises NoAccount."""
    if transport is not Transport.MQTT:
        raise NoAccount("It comes through a bridge or a gateway, which has the account.", transport=transport)
    if state is DeviceState.RETIRED:
        raise NoAccount("It is retired.", state=state)


def check_whole_district(area: str) -> None:
    """The stock lies in no street: who sees only some of a district cannot add to it. Raises Refused."""
    if len(area) > DISTRICT:
        raise Refused("The stock belongs to the whole district, and you see only a part of it.")


def next_try(attempts: int, now: datetime) -> datetime:
    """After each failure twice as long, at most five minutes."""
    return now + timedelta(seconds=min(2 ** min(attempts, 10), LONGEST_WAIT))
