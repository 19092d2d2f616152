"""``activity`` and ``idle``: who looks at the tickets that are shown in lists, who of them is not
there, and who writes.

For the sockets that name a ticket in what they watch. Once a second, what has changed: who comes
and goes, and who types, is known in this process already.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from uuid import UUID

import structlog

from desk.access import Audience
from server.live.presence import Presence
from server.live.typists import Typists
from server.live.watching import Watching
from server.transport.socket_server import SocketServer
from wire.server_events import ACTIVITY, IDLE
from wire.shapes import TicketActivity, TicketIdle

log = structlog.get_logger("server.live.activity")

GATHER_SECONDS = 1.0


class Activity:
    def __init__(
        self, sockets: SocketServer, watching: Watching, presence: Presence, typists: Typists
    ) -> None:
        self._sockets = sockets
        self._watching = watching
        self._presence = presence
        self._typists = typists
        # What those who name a ticket were sent last, where that is more than nobody; and who
        # names it since, and was sent nothing.
        self._sent: dict[UUID, tuple[TicketActivity, TicketIdle]] = {}
        self._newly_named: defaultdict[UUID, set[str]] = defaultdict(set)

    def named(self, key: str, before: Collection[UUID], ticket_ids: Collection[UUID]) -> None:
        """A socket names other tickets than before."""
        new, old = set(ticket_ids) - set(before), set(before) - set(ticket_ids)
        for ticket_id in new:
            self._newly_named[ticket_id].add(key)
        for ticket_id in old:
            self._newly_named[ticket_id].discard(key)
            if not self._newly_named[ticket_id]:
                del self._newly_named[ticket_id]
        self._presence.follow(new)
        unnamed = {ticket_id for ticket_id in old if not self._watching.named_by(ticket_id)}
        self._presence.unfollow(unnamed)
        for ticket_id in unnamed:
            self._sent.pop(ticket_id, None)

    async def send_forever(self) -> None:
        while True:
            try:
                self.send()
            except Exception:
                log.exception("activity not sent")
            await asyncio.sleep(GATHER_SECONDS)

    def send(self) -> None:
        newly_named, self._newly_named = self._newly_named, defaultdict(set)
        moved = self._presence.take_moved() | self._typists.take_moved()
        for ticket_id in moved | newly_named.keys():
            if named_by := self._watching.named_by(ticket_id):
                self._send(ticket_id, set(named_by), newly_named.get(ticket_id, set()))

    def _send(self, ticket_id: UUID, named_by: set[str], newly: set[str]) -> None:
        nobody = (TicketActivity(ticket_id, [], []), TicketIdle(ticket_id, []))
        viewers = [viewer.user_id for viewer in self._presence.known(ticket_id, Audience.STAFF)]
        activity = TicketActivity(ticket_id, viewers, self._typists.writing(ticket_id))
        now = (activity, TicketIdle(ticket_id, self._presence.idle(ticket_id)))
        before = self._sent.get(ticket_id, nobody)
        self._sent[ticket_id] = now
        if now == nobody:
            del self._sent[ticket_id]
        for event, is_now, was, none in zip((ACTIVITY, IDLE), now, before, nobody, strict=True):
            told = set() if is_now == was else named_by - newly
            if is_now != none:
                told |= newly & named_by
            if told:
                self._sockets.send_local(event, is_now, *told)
