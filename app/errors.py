"""What a caller can do wrong, in words they understand; `app.problems` alone turns these into HTTP."""


class CareError(Exception):
    """The request cannot be carried out.

    The docstring of a subclass is the title of the problem, the text its detail, the keywords its facts.
    A bug is never a CareError.
    """

    def __init__(self, detail: str, **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.facts = facts


class NotFound(CareError):
    """There is no such record, or it is outside your area."""


class Conflict(CareError):
    """The record is not in a state that allows this."""


class IllegalMove(Conflict):
    """It cannot do that now."""


class Refused(CareError):
    """You may not do this."""


class Unreadable(CareError):
    """The request cannot be understood."""


class NotLoggedIn(CareError):
    """Please log in."""


class TooMany(CareError):
    """Too many attempts; please wait."""


class TooLarge(CareError):
    """The request is too large."""


class Unavailable(CareError):
    """A part of the platform does not answer."""
