"""Who types, and until when: those who look on are told when it ends.

It ends when its person says so or posts, leaves the ticket, loses the connection, or has not
repeated it for some seconds. The server decides: no client has to guess. The process of who types
tells the others; each of them counts for itself as well, as that process may die.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from desk.access import Audience
from desk.events import MESSAGES
from server.live.bus import Bus
from server.live.rooms import ticket_room
from server.transport.socket_server import SocketServer
from wire.messages import TypingChanged
from wire.server_events import TYPING
from wire.shapes import Recorded, TypingShown, Writing

SILENCE_SECONDS = 6.0
# So much later it ends for another process that was not told.
GRACE_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Typist:
    """One socket whose person types."""

    # What those were told who may know.
    began: TypingChanged
    end: asyncio.TimerHandle


class Typists:
    """Those who type on tickets, through this process and the others."""

    def __init__(self, bus: Bus, sockets: SocketServer) -> None:
        self._bus = bus
        self._sockets = sockets
        # By ticket, then by socket, of whichever process.
        self._typing: dict[UUID, dict[str, Typist]] = {}
        # Tickets where somebody began or ended since somebody asked which.
        self._moved: set[UUID] = set()

    def began(
        self,
        key: str,
        user_id: UUID,
        ticket_id: UUID,
        audiences: Sequence[Audience],
        *,
        internal: bool = False,
    ) -> None:
        """A socket here says that its person types, perhaps again. Tells the audiences."""
        began = TypingChanged(
            self._bus.process, key, ticket_id, user_id, tuple(audiences), True, internal
        )
        before = self._typing.get(ticket_id, {}).get(key)
        if before is not None and before.began != began:
            self.ended(key, ticket_id)  # For those who are not to know from now on.
        self._bus.publish(began)

    def ended(self, key: str, ticket_id: UUID) -> None:
        """Tells those who had been told of the beginning; nobody, if there was none."""
        if typist := self._typing.get(ticket_id, {}).get(key):
            ended = replace(typist.began, active=False)
            if self._is_here(ended):
                self._bus.publish(ended)
            else:
                self.take(ended)

    def take(self, changed: TypingChanged) -> None:
        """What a process has said, perhaps this one."""
        was_typing = self._forget(changed.key, changed.ticket_id)
        self._moved.add(changed.ticket_id)
        if changed.active:
            self._keep(changed)
        if changed.active or was_typing:
            payload = TypingShown(changed.ticket_id, changed.user_id, changed.active)
            rooms = [ticket_room(changed.ticket_id, audience) for audience in changed.audiences]
            self._sockets.send_local(TYPING, payload, *rooms, skip=changed.key)

    def take_moved(self) -> set[UUID]:
        """The tickets where somebody began or ended since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    def writing(self, ticket_id: UUID) -> list[Writing]:
        """Who writes on a ticket, each once: as a note only if it is nothing else."""
        found: dict[UUID, bool] = {}
        for typist in self._typing.get(ticket_id, {}).values():
            began = typist.began
            found[began.user_id] = found.get(began.user_id, True) and began.internal
        return [Writing(user_id, internal) for user_id, internal in sorted(found.items())]

    def _is_here(self, changed: TypingChanged) -> bool:
        return changed.process == self._bus.process

    def _keep(self, began: TypingChanged) -> None:
        seconds = SILENCE_SECONDS + (0 if self._is_here(began) else GRACE_SECONDS)
        loop = asyncio.get_running_loop()
        end = loop.call_later(seconds, self.ended, began.key, began.ticket_id)
        self._typing.setdefault(began.ticket_id, {})[began.key] = Typist(began, end)

    def _forget(self, key: str, ticket_id: UUID) -> bool:
        here = self._typing.get(ticket_id, {})
        typist = here.pop(key, None)
        if typist is None:
            return False
        typist.end.cancel()
        if not here:
            del self._typing[ticket_id]
        return True

    def witness(self, recorded: Recorded) -> None:
        """What was typed is posted, whichever way."""
        event = recorded.event
        if event.kind in MESSAGES:
            for key, typist in list(self._typing.get(event.ticket_id, {}).items()):
                if self._is_here(typist.began) and typist.began.user_id == event.actor_id:
                    self.ended(key, event.ticket_id)
