"""Who types, and until when: those who look on are told when it ends.

It ends when its person says so or posts, leaves the ticket, loses the connection, or has not
repeated it for some seconds. The server decides: no client has to guess. The process of who types
tells the others; each of them counts for itself as well, as that process may die.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from desk.events import MESSAGES
from server.live.bus import Live
from wire.channel import TYPING
from wire.shapes import Recorded, TypingShown

SILENCE_SECONDS = 6.0
# So much later it ends for another process that was not told.
GRACE_SECONDS = 1.5


@dataclass(slots=True)
class Typist:
    user_id: UUID
    # Those who were told.
    rooms: Sequence[str]
    is_here: bool
    end: asyncio.TimerHandle


class Typists:
    def __init__(self, live: Live) -> None:
        self._live = live
        # By ticket, then by socket, of whichever process.
        self._typing: dict[UUID, dict[str, Typist]] = {}
        live.witness(self._happened)
        live.hear(TYPING, self._hear)

    def began(self, key: str, user_id: UUID, ticket_id: UUID, rooms: Sequence[str]) -> None:
        """A socket says that its person types, perhaps again. Tells those in the rooms."""
        before = self._typing.get(ticket_id, {}).get(key)
        if before is not None and before.rooms != rooms:
            self.ended(key, ticket_id)  # For those who are not to know from now on.
        typist = self._keep(key, ticket_id, user_id, rooms, is_here=True)
        self._tell(key, ticket_id, typist, active=True)

    def ended(self, key: str, ticket_id: UUID) -> None:
        """Tells those who had been told of the beginning; nobody, if there was none."""
        if typist := self._forget(key, ticket_id):
            self._tell(key, ticket_id, typist, active=False)

    def _keep(
        self, key: str, ticket_id: UUID, user_id: UUID, rooms: Sequence[str], *, is_here: bool
    ) -> Typist:
        self._forget(key, ticket_id)
        seconds = SILENCE_SECONDS + (0 if is_here else GRACE_SECONDS)
        end = asyncio.get_running_loop().call_later(seconds, self.ended, key, ticket_id)
        typist = Typist(user_id, rooms, is_here, end)
        self._typing.setdefault(ticket_id, {})[key] = typist
        return typist

    def _forget(self, key: str, ticket_id: UUID) -> Typist | None:
        here = self._typing.get(ticket_id, {})
        if typist := here.pop(key, None):
            typist.end.cancel()
            if not here:
                del self._typing[ticket_id]
        return typist

    def _tell(self, key: str, ticket_id: UUID, typist: Typist, *, active: bool) -> None:
        payload = TypingShown(ticket_id, typist.user_id, active)
        self._live.emit_here(TYPING, payload, *typist.rooms, skip=key)
        if typist.is_here:
            said = {"user_id": typist.user_id, "rooms": typist.rooms, "active": active}
            self._live.tell(TYPING, key=key, ticket_id=ticket_id, **said)

    def _hear(self, message: dict[str, Any]) -> None:
        key, ticket_id = message["key"], UUID(message["ticket_id"])
        if not message["active"]:
            self.ended(key, ticket_id)
            return
        user_id, rooms = UUID(message["user_id"]), message["rooms"]
        typist = self._keep(key, ticket_id, user_id, rooms, is_here=False)
        self._tell(key, ticket_id, typist, active=True)

    def _happened(self, recorded: Recorded) -> None:
        """What was typed is posted, whichever way."""
        event = recorded.event
        if event.kind in MESSAGES:
            for key, typist in list(self._typing.get(event.ticket_id, {}).items()):
                if typist.is_here and typist.user_id == event.actor_id:
                    self.ended(key, event.ticket_id)
