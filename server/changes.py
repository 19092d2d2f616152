"""``ticket_changed``: shows the tickets that moved on to the staff and to their customers.

Each process reads a changed ticket once, as it stands, for the people that are connected here. A
burst of changes is one reading, so that the cost does not grow with the talk.
"""

import asyncio
import time
from collections import Counter
from uuid import UUID

import structlog

from desk import views
from desk.access import Actor
from desk.errors import DeskError
from server.live import Live
from server.transaction import Desk
from wire.channel import TICKET_CHANGED, user_room
from wire.shapes import Recorded

log = structlog.get_logger("server.changes")

# Between two readings: at least so long, and so many times what the last one took, so that it
# stays a small part of what a busy process does.
PAUSE_SECONDS = 0.05
PAUSE_TIMES = 4
LONGEST_PAUSE_SECONDS = 1.0
MOST_TICKETS = 200


class Changes:
    def __init__(self, desk: Desk, live: Live) -> None:
        self._desk = desk
        self._live = live
        # Connections per person, so that only those who are here are read for.
        self._staff: Counter[UUID] = Counter()
        self._customers: Counter[UUID] = Counter()
        # Tickets that changed, and whether customers may know.
        self._changed: dict[UUID, bool] = {}
        self._wake = asyncio.Event()

    def arrived(self, actor: Actor) -> None:
        self._people(actor)[actor.id] += 1

    def left(self, actor: Actor) -> None:
        people = self._people(actor)
        people[actor.id] -= 1
        if people[actor.id] <= 0:
            del people[actor.id]

    def _people(self, actor: Actor) -> Counter[UUID]:
        return self._staff if actor.is_staff else self._customers

    def take(self, recorded: Recorded) -> None:
        if self._staff or self._customers:
            ticket_id, public = recorded.event.ticket_id, recorded.public_seq is not None
            self._changed[ticket_id] = public or self._changed.get(ticket_id, False)
            self._wake.set()

    async def show_forever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch = dict(list(self._changed.items())[:MOST_TICKETS])
            for ticket_id in batch:
                del self._changed[ticket_id]
            if self._changed:
                self._wake.set()
            began = time.perf_counter()
            try:
                await self._show(batch)
            except DeskError as error:
                log.warning("changes not shown", code=error.code)
            except Exception:
                log.exception("changes not shown")
            pause = PAUSE_TIMES * (time.perf_counter() - began)
            await asyncio.sleep(min(max(PAUSE_SECONDS, pause), LONGEST_PAUSE_SECONDS))

    async def _show(self, changed: dict[UUID, bool]) -> None:
        if self._staff:
            seen = await self._desk.read(views.for_staff, list(changed), list(self._staff))
            for ticket, people in seen:
                self._live.emit_here(TICKET_CHANGED, ticket, *map(user_room, people))
        public = [ticket_id for ticket_id, is_public in changed.items() if is_public]
        if public and self._customers:
            people = list(self._customers)
            for ticket in await self._desk.read(views.for_customers, public, people):
                self._live.emit_here(TICKET_CHANGED, ticket, user_room(ticket.user_id))
