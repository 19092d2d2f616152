"""``ticket_read`` and ``notifications_read``: tells a person's sockets what they have read.

A badge is so right in every tab. What is left is counted here, after the commit, for those alone
who are connected here; what somebody reads in quick succession is counted once.
"""

import asyncio
from uuid import UUID

import structlog

from desk.access import Actor
from desk.notifications import inbox
from desk.outbox import CursorMoved, InboxRead
from desk.statements import ids
from desk.tickets.reading import UNREAD
from server.background import whenever
from server.database.transaction import Desk
from server.live.rooms import user_room
from server.transport.socket_server import SocketServer
from wire.messages import NotificationRecorded
from wire.server_events import NOTIFICATIONS_READ, TICKET_READ
from wire.shapes import OwnInboxRead, OwnRead

log = structlog.get_logger("server.live.own_reads")

PAUSE_SECONDS = 0.1
# Counts of an inbox that goes on filling.
MOST_COUNTS = 3


class OwnReads:
    """``in_turn``: held by whoever counts what is unread on tickets, until it is sent."""

    def __init__(self, desk: Desk, sockets: SocketServer, in_turn: asyncio.Lock) -> None:
        self._desk = desk
        self._sockets = sockets
        self._in_turn = in_turn
        # Of tickets and people, each pair once.
        self._moved: dict[tuple[UUID, UUID], None] = {}
        self._inboxes: dict[UUID, list[InboxRead]] = {}
        # Whose notifications are being counted, and whether another came meanwhile.
        self._counting: dict[UUID, bool] = {}
        self._wake = asyncio.Event()

    def offer_cursor(self, moved: CursorMoved) -> None:
        if not self._sockets.is_empty(user_room(moved.user_id)):
            self._moved[moved.ticket_id, moved.user_id] = None
            self._wake.set()

    def offer_inbox(self, read: InboxRead) -> None:
        if not self._sockets.is_empty(user_room(read.user_id)):
            self._inboxes.setdefault(read.user_id, []).append(read)
            self._wake.set()

    def witness(self, recorded: NotificationRecorded) -> None:
        """Sees each notification that is sent."""
        if recorded.user_id in self._counting:
            self._counting[recorded.user_id] = True

    async def send_forever(self) -> None:
        await whenever(self._wake, self.send, log, "reads not told", lambda _: PAUSE_SECONDS)

    async def send(self) -> None:
        moved, self._moved = self._moved, {}
        inboxes, self._inboxes = self._inboxes, {}
        if moved:
            await self._send_tickets(list(moved))
        for user_id, reads in inboxes.items():
            await self._send_inbox(user_id, reads)

    async def _send_tickets(self, pairs: list[tuple[UUID, UUID]]) -> None:
        tickets, people = zip(*pairs, strict=True)
        async with self._in_turn:
            left = await self._desk.fetch(UNREAD, tickets=ids(tickets), people=ids(people))
            for ticket_id, user_id, unread in left:
                payload = OwnRead(ticket_id, unread)
                self._sockets.send_local(TICKET_READ, payload, user_room(user_id))

    async def _send_inbox(self, user_id: UUID, reads: list[InboxRead]) -> None:
        unread = await self._unread(Actor(user_id, reads[-1].role))
        for read in reads:
            payload = OwnInboxRead("all" if read.ids is None else list(read.ids), unread)
            self._sockets.send_local(NOTIFICATIONS_READ, payload, user_room(user_id))

    async def _unread(self, person: Actor) -> int:
        """How many notifications the person has not read, with what was sent while it counted."""
        unread = 0
        try:
            for _ in range(MOST_COUNTS):
                self._counting[person.id] = False
                unread = await self._desk.read(inbox.count, person, unread=True)
                if not self._counting[person.id]:
                    break
        finally:
            self._counting.pop(person.id, None)
        return unread
