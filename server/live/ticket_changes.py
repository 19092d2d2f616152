"""``ticket_changed``: shows the tickets that moved on to the staff and to their customers.

Each process reads a changed ticket once, as it stands, for the people that are connected here. A
burst of changes is one reading, so that the cost does not grow with the talk. Hints say what has
changed; every second one query finds what a lost hint has hidden.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

import structlog

from desk.access import Actor
from desk.errors import Unavailable
from desk.statements import ids
from desk.tickets.changed import FOR_CUSTOMERS, FOR_STAFF, MOVED, MOVED_PAGE, Head
from server.background import attempt
from server.clock import now
from server.database.transaction import Desk
from server.live.rooms import user_room
from server.transport.socket_server import SocketServer
from wire.server_events import TICKET_CHANGED
from wire.shapes import Recorded

log = structlog.get_logger("server.live.ticket_changes")

# Between two readings: at least so long, and so many times what the last one took, so that it
# stays a small part of what a busy process does.
PAUSE_SECONDS = 0.2
PAUSE_TIMES = 4
LONGEST_PAUSE_SECONDS = 1.0
MOST_TICKETS = 200
LOOK_SECONDS = 1.0
# After every ticket of the same moment.
LAST_ID = UUID(int=2**128 - 1)
# A ticket's time is taken before the commit that shows it, and by another host's clock.
LOOK_BACK = timedelta(seconds=10)


class TicketChanges:
    """Collects the tickets that changed, and sends them to those who are connected here."""

    def __init__(self, desk: Desk, sockets: SocketServer) -> None:
        self._desk = desk
        self._sockets = sockets
        # Connections per person's id, so that only those who are here are read for.
        self._staff: Counter[str] = Counter()
        self._customers: Counter[str] = Counter()
        # Tickets that changed, and whether customers may know.
        self._changed: dict[UUID, bool] = {}
        # Where the tickets stand that moved lately, as far as is known here.
        self._heads: dict[UUID, Head] = {}
        # None before the first look: what happened until then is no news.
        self._looked_at: datetime | None = None
        self._wake = asyncio.Event()
        # Held from a reading until it is sent: what a person has not read is counted in turn, so
        # that the last number that they are sent is the newest.
        self.in_turn = asyncio.Lock()
        # How many are read together.
        self._at_once = MOST_TICKETS

    def arrived(self, actor: Actor) -> None:
        self._people(actor)[str(actor.id)] += 1

    def left(self, actor: Actor) -> None:
        people, person = self._people(actor), str(actor.id)
        people[person] -= 1
        if people[person] <= 0:
            del people[person]

    def _people(self, actor: Actor) -> Counter[str]:
        return self._staff if actor.is_staff else self._customers

    def offer(self, recorded: Recorded) -> None:
        event = recorded.event
        self._note(Head(event.ticket_id, event.seq, recorded.public_seq or 0))

    def _note(self, head: Head) -> None:
        """Has the ticket shown, if it has moved on since it was noted last."""
        known = self._heads.get(head.ticket_id) or Head(head.ticket_id, 0, 0)
        if head.seq <= known.seq and head.public_seq <= known.public_seq:
            return
        seq, public_seq = max(known.seq, head.seq), max(known.public_seq, head.public_seq)
        self._heads[head.ticket_id] = Head(head.ticket_id, seq, public_seq)
        if self._staff or self._customers:
            is_public = public_seq > known.public_seq
            self._changed[head.ticket_id] = is_public or self._changed.get(head.ticket_id, False)
            self._wake.set()

    async def look_forever(self) -> None:
        """Looks every second whether a ticket has moved on without a hint."""
        while True:
            await attempt(self.look(), log, "changes not looked for")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        noted, began = set(self._heads), now()
        since = (self._looked_at or began) - LOOK_BACK
        async for head in self._moved(since):
            noted.discard(head.ticket_id)
            if self._looked_at:
                self._note(head)
            else:
                self._heads.setdefault(head.ticket_id, head)
        self._looked_at = began
        for ticket_id in noted:
            del self._heads[ticket_id]

    async def _moved(self, since: datetime) -> AsyncIterator[Head]:
        """In pages, so that an import of thousands holds up nobody here."""
        at, ticket_id = since, LAST_ID
        while True:
            page = await self._desk.fetch(
                MOVED, since=since, after_time=at, after_id=ticket_id, limit=MOVED_PAGE
            )
            for head, _ in page:
                yield head
            if len(page) < MOVED_PAGE:
                return
            last, at = page[-1]
            ticket_id = last.ticket_id

    async def send_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            began = time.perf_counter()
            await attempt(self.send(), log, "changes not sent")
            pause = PAUSE_TIMES * (time.perf_counter() - began)
            if self._changed:
                self._wake.set()
            await asyncio.sleep(min(max(PAUSE_SECONDS, pause), LONGEST_PAUSE_SECONDS))

    async def send(self) -> None:
        """Shows what changed first. What could not be shown comes again, behind all others and in
        smaller parts, so that in the end a ticket that cannot be read is alone.
        """
        batch = dict(islice(self._changed.items(), self._at_once))
        for ticket_id in batch:
            del self._changed[ticket_id]
        try:
            async with self.in_turn:
                await self._send(batch)
        except BaseException as error:
            for ticket_id, is_public in batch.items():
                self._changed[ticket_id] = is_public or self._changed.get(ticket_id, False)
            if not isinstance(error, Unavailable):
                self._at_once = max(1, len(batch) // 2)
            raise
        self._at_once = min(2 * self._at_once, MOST_TICKETS)

    async def _send(self, changed: dict[UUID, bool]) -> None:
        if staff := set(self._staff):
            tickets = await self._desk.fetch(FOR_STAFF, tickets=ids(changed), people=ids(staff))
            for ticket in tickets:
                for view, who in ticket.seen_by(staff):
                    self._sockets.send_local(TICKET_CHANGED, view, *map(user_room, who))
        public = [ticket_id for ticket_id, is_public in changed.items() if is_public]
        if public and self._customers:
            people = ids(self._customers)
            for view in await self._desk.fetch(FOR_CUSTOMERS, tickets=ids(public), people=people):
                self._sockets.send_local(TICKET_CHANGED, view, user_room(view.user_id))
