"""Roles, what a password must be, and when a login has failed too often."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from app.errors import Refused, TooMany, Unreadable


class Role(StrEnum):
    """What somebody is here to do."""

    OPERATOR = "operator"
    SHIFT_LEAD = "shift_lead"
    DISPATCHER = "dispatcher"
    CAREGIVER = "caregiver"
    RESPONDER = "responder"
    MANAGER = "manager"
    ASSESSOR = "assessor"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


R = Role
HOTLINE: Final = frozenset({R.OPERATOR, R.SHIFT_LEAD})
PLANNERS: Final = frozenset({R.DISPATCHER, R.SHIFT_LEAD})
DESK: Final = frozenset({R.OPERATOR, R.SHIFT_LEAD, R.DISPATCHER})  # work with elders by name
FIELD: Final = frozenset({R.CAREGIVER, R.RESPONDER})
READERS: Final = DESK | {R.SUPERVISOR}
STOCK: Final = frozenset({R.ADMIN, R.SHIFT_LEAD, R.DISPATCHER})  # register, import and label devices
KEYS: Final = frozenset({R.ADMIN, R.SHIFT_LEAD})  # give devices their passwords and certificates
REGISTRARS: Final = frozenset({R.ADMIN, R.SUPERVISOR})  # import elders, lists and prices
ADMINS: Final = frozenset({R.ADMIN})
FIGURES: Final = frozenset({R.SHIFT_LEAD, R.MANAGER, R.SUPERVISOR})  # how well calls are answered
LEADS: Final = frozenset({R.SHIFT_LEAD, R.SUPERVISOR})  # decide what a district promises
BUREAU: Final = frozenset({R.SUPERVISOR})  # whose money it is
KEEPERS: Final = frozenset({R.SUPERVISOR, R.ADMIN})  # what a district offers and pays for
APPROVERS: Final = frozenset({R.SHIFT_LEAD, R.SUPERVISOR})  # allow an order that needs it
PROVIDER: Final = frozenset({R.MANAGER})
EVERYONE: Final = frozenset(Role)

FREE_TRIES: Final = 5
LOCK: Final = timedelta(minutes=15)


class WrongPassword(Refused):
    """The login name or the password is wrong."""


class Locked(TooMany):
    """This login is locked for a while."""


class WeakPassword(Unreadable):
    """The password is too easy."""


def check_strength(login: str, password: str) -> None:
    """At least ten characters, two kinds of them, not the login; raises WeakPassword."""
    kinds = sum(any(test(c) for c in password) for test in (str.isalpha, str.isdigit, lambda c: not c.isalnum()))
    if len(password) < 10 or kinds < 2 or login.lower() in password.lower():
        raise WeakPassword("Use at least ten characters of two kinds (letters, digits, signs), without the login name.")


def locked_until(failures: int, last: datetime | None) -> datetime | None:
    """When a login may be tried again: five tries are free, then each failure locks for 15 minutes."""
    if last is None or failures < FREE_TRIES:
        return None
    return last + LOCK
