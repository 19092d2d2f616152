"""Who types through this process, and until when: the others are told when it ends.

It ends when its person says so or posts, leaves the ticket, loses the connection, or has not
repeated it for some seconds. The server decides: no client has to guess.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from models import MESSAGES
from server.live import Live
from wire.channel import TYPING
from wire.shapes import Recorded, TypingShown

SILENCE_SECONDS = 6.0


@dataclass(slots=True)
class Typist:
    user_id: UUID
    # Those who were told.
    rooms: Sequence[str]
    end: asyncio.TimerHandle


class Typists:
    def __init__(self, live: Live) -> None:
        self._live = live
        # By ticket, then by socket.
        self._typing: dict[UUID, dict[str, Typist]] = {}
        live.witness(self._happened)

    def began(self, key: str, user_id: UUID, ticket_id: UUID, rooms: Sequence[str]) -> None:
        """A socket says that its person types, perhaps again. Tells those in the rooms."""
        before = self._typing.get(ticket_id, {}).get(key)
        if before is not None and before.rooms != rooms:
            self.ended(key, ticket_id)  # For those who are not to know from now on.
        elif before is not None:
            before.end.cancel()
        end = asyncio.get_running_loop().call_later(SILENCE_SECONDS, self.ended, key, ticket_id)
        self._typing.setdefault(ticket_id, {})[key] = Typist(user_id, rooms, end)
        self._tell(key, ticket_id, self._typing[ticket_id][key], active=True)

    def ended(self, key: str, ticket_id: UUID) -> None:
        """Tells those who had been told of the beginning; nobody, if there was none."""
        here = self._typing.get(ticket_id, {})
        if typist := here.pop(key, None):
            typist.end.cancel()
            self._tell(key, ticket_id, typist, active=False)
            if not here:
                del self._typing[ticket_id]

    def _tell(self, key: str, ticket_id: UUID, typist: Typist, *, active: bool) -> None:
        payload = TypingShown(ticket_id, typist.user_id, active)
        self._live.announce(TYPING, payload, *typist.rooms, skip=key)

    def _happened(self, recorded: Recorded) -> None:
        """What was typed is posted, whichever way."""
        event = recorded.event
        if event.kind in MESSAGES:
            for key, typist in list(self._typing.get(event.ticket_id, {}).items()):
                if typist.user_id == event.actor_id:
                    self.ended(key, event.ticket_id)
