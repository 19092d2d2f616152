"""What the table of events says of each that clients may send."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from desk.text import Input
from models import Scope
from server.http.contract import Right
from server.sockets.member import SocketMember


@dataclass(frozen=True, slots=True)
class ClientEvent:
    """One event that clients may send: its payload's shape, what it does, who may send it, what
    the acknowledgement brings, and the codes of its own that it is refused with.

    ``handler``: a method of the namespace.
    """

    payload: type[Input]
    handler: Callable[[Any, SocketMember, Any], Awaitable[object]]
    right: Right
    # What a program's key takes for it; None: no key is enough.
    scope: Scope | None
    summary: str
    gives: Any
    refuses: tuple[str, ...]
