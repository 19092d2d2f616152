"""The ways a rule can refuse. ``code`` is stable and machine-readable, ``detail`` is for people."""

from uuid import UUID


class DeskError(Exception):
    def __init__(self, code: str, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        # The input that is to blame, as an RFC 6901 JSON pointer, where there is one.
        self.pointer = pointer
        # What else the caller is told: in headers of HTTP, and beside the code and the detail.
        self.headers: dict[str, str] = {}
        self.members: dict[str, object] = {}


class Malformed(DeskError):
    """The request cannot be understood at all."""


class Unauthenticated(DeskError):
    """Nobody is known to be asking."""


class Forbidden(DeskError):
    """Visible, but not allowed."""


class NotFound(DeskError):
    """Not there, or not visible: the two are never told apart."""


class Conflict(DeskError):
    """Not in the present state."""


class Merged(DeskError):
    """It became a part of another ticket, of which the same can be asked."""

    def __init__(self, into: UUID) -> None:
        super().__init__("merged", "The ticket was merged into another")
        self.into = into
        self.members["into"] = into


class Stale(DeskError):
    """The caller acted on an older version."""


class Invalid(DeskError):
    """Well formed, but not acceptable."""


class OutOfRange(DeskError):
    """Of what there is, nothing was asked for."""


class Busy(DeskError):
    """Try again in a moment."""


class Unavailable(DeskError):
    """Something that we need is down."""


class RateLimited(DeskError):
    """Too much of something."""
