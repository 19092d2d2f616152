"""Who is in the rooms of this process, of whichever kind of connection."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from desk.access import Actor
from server.transport.send_queue import EncodedEvent


class Member(Protocol):
    """Somebody who reads a ticket through this process."""

    key: str
    actor: Actor
    # Set once the connection is over: who is gone enters no room any more.
    is_gone: bool

    async def ready(self) -> None:
        """Waits until a page of history fits into what waits to be sent, but not for ever."""

    async def send(self, events: Sequence[EncodedEvent]) -> None:
        """Sends to this member alone; the events are numbered for their audience."""

    async def enter(self, ticket_id: UUID) -> None:
        """From now on what is broadcast to the room reaches the member."""

    async def leave(self, ticket_id: UUID) -> None:
        """The reverse of `enter`; harmless when not inside."""

    async def taken_off(self, ticket_id: UUID) -> None:
        """Called once the member has left the room of a ticket that is not theirs any more."""
