"""``ticket_changed``: shows the tickets that moved on to those who watch them and their customers.

Each process reads a changed ticket once, as it stands, for the people that are connected here. A
burst of changes is one reading, so that the cost does not grow with the talk. Hints say what has
changed; every second one query finds what a lost hint has hidden.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import NamedTuple
from uuid import UUID

import structlog

from desk.access import Actor
from desk.errors import Unavailable
from desk.events import Assigned, StatusChanged
from desk.snooze_events import Snoozed, Woke
from desk.statements import array, ids
from desk.tickets.changed import (
    FOR_CUSTOMERS,
    FOR_STAFF,
    MOVED,
    MOVED_PAGE,
    TURNS,
    Changed,
    Head,
)
from desk.tickets.keyset import UNREAD
from desk.tickets.matching import EITHER, Turn, facts_of
from desk.tickets.views import TicketRow
from server.background import attempt, whenever
from server.clock import now
from server.database.transaction import Desk
from server.live.agent_loads import AgentLoads
from server.live.rooms import user_room
from server.live.view_counts import ViewCounts
from server.live.watching import Watching
from server.transport.socket_server import SocketServer
from wire.messages import TicketMoved
from wire.server_events import TICKET_CHANGED

log = structlog.get_logger("server.live.ticket_changes")

# Between two readings: at least so long, longer where the last one concerned nobody here, as with
# many processes most do; and so many times what it took, so that it stays a small part of what a
# busy process does.
PAUSE_SECONDS = 0.2
UNCONCERNED_SECONDS = 0.5
PAUSE_TIMES = 4
LONGEST_PAUSE_SECONDS = 1.0
MOST_TICKETS = 200
LOOK_SECONDS = 1.0
# After every ticket of the same moment.
LAST_ID = UUID(int=2**128 - 1)
# A ticket's time is taken before the commit that shows it, and by another host's clock.
LOOK_BACK = timedelta(seconds=10)
LONG_AGO = datetime.fromtimestamp(0, UTC)
# Of a ticket that nothing was known of, no more than these can have happened since the last look.
MOST_EVENTS = 500
# What may change how many tickets somebody has.
LOADING = {Assigned.kind, Snoozed.kind, StatusChanged.kind, Woke.kind}


class Unshown(NamedTuple):
    """What is still to be shown of a ticket: what happened after an event, and a time."""

    # Whether customers may know of some of it.
    is_public: bool
    after: int
    since: datetime

    def together(self, other: "Unshown") -> "Unshown":
        return Unshown(
            self.is_public or other.is_public,
            min(self.after, other.after),
            min(self.since, other.since),
        )


class TicketChanges:
    """Collects the tickets that changed, and sends them to those who are connected here."""

    def __init__(
        self,
        desk: Desk,
        sockets: SocketServer,
        watching: Watching,
        view_counts: ViewCounts,
        agent_loads: AgentLoads,
    ) -> None:
        self._desk = desk
        self._sockets = sockets
        self._watching = watching
        self._view_counts = view_counts
        self._agent_loads = agent_loads
        # Connections per customer's id, so that only those who are here are read for.
        self._customers: Counter[str] = Counter()
        # Tickets that changed, and what of it was not shown yet.
        self._changed: dict[UUID, Unshown] = {}
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
        # Whether somebody was told of the last ones.
        self._has_told = False

    def arrived(self, customer: Actor) -> None:
        self._customers[str(customer.id)] += 1

    def left(self, customer: Actor) -> None:
        person = str(customer.id)
        self._customers[person] -= 1
        if self._customers[person] <= 0:
            del self._customers[person]

    def offer(self, moved: TicketMoved) -> None:
        self._note(Head(moved.ticket_id, moved.seq, moved.public_seq))

    def _note(self, head: Head) -> None:
        """Has the ticket shown, if it has moved on since it was noted last."""
        known = self._heads.get(head.ticket_id) or Head(head.ticket_id, 0, 0)
        if head.seq <= known.seq and head.public_seq <= known.public_seq:
            return
        seq, public_seq = max(known.seq, head.seq), max(known.public_seq, head.public_seq)
        self._heads[head.ticket_id] = Head(head.ticket_id, seq, public_seq)
        if self._watching.people or self._customers:
            is_public = public_seq > known.public_seq
            self._add(head.ticket_id, self._unshown(known, head, is_public=is_public))
            self._wake.set()

    def _unshown(self, known: Head, head: Head, *, is_public: bool) -> Unshown:
        """What happened after the event that was known. Of a ticket that nothing is known of,
        nothing has happened before the last look began to look.
        """
        if known.seq:
            return Unshown(is_public, known.seq, LONG_AGO)
        since = (self._looked_at or now()) - LOOK_BACK
        return Unshown(is_public, max(head.seq - MOST_EVENTS, 0), since)

    def _add(self, ticket_id: UUID, unshown: Unshown) -> None:
        before = self._changed.get(ticket_id)
        self._changed[ticket_id] = before.together(unshown) if before else unshown

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
        await whenever(self._wake, self.send, log, "changes not sent", self._pause)

    def _pause(self, took: float) -> float:
        least = PAUSE_SECONDS if self._has_told else UNCONCERNED_SECONDS
        return min(max(least, PAUSE_TIMES * took), LONGEST_PAUSE_SECONDS)

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
            for ticket_id, unshown in batch.items():
                self._add(ticket_id, unshown)
            if not isinstance(error, Unavailable):
                self._at_once = max(1, len(batch) // 2)
            raise
        finally:
            if self._changed:
                self._wake.set()
        self._at_once = min(2 * self._at_once, MOST_TICKETS)

    async def _send(self, changed: dict[UUID, Unshown]) -> None:
        self._has_told = False
        if staff := set(self._watching.people):
            tickets = await self._desk.fetch(FOR_STAFF, tickets=ids(changed), people=ids(staff))
            # After the tickets: it may say too much of what they were, and not too little.
            turns = await self._turns(changed)
            for ticket in tickets:
                self._send_to_staff(ticket, turns, staff)
        public = [ticket_id for ticket_id, unshown in changed.items() if unshown.is_public]
        if public and self._customers:
            people = ids(self._customers)
            for shown in await self._desk.fetch(FOR_CUSTOMERS, tickets=ids(public), people=people):
                self._send_local(shown.ticket, user_room(shown.person))

    async def _turns(self, changed: dict[UUID, Unshown]) -> dict[UUID, list[Turn]]:
        """What happened on the tickets that was not shown yet."""
        values = changed.values()
        found = await self._desk.fetch(
            TURNS,
            tickets=ids(changed),
            after=array(unshown.after for unshown in values),
            since=array(unshown.since.isoformat() for unshown in values),
        )
        turns: defaultdict[UUID, list[Turn]] = defaultdict(list)
        for turn in found:
            turns[turn.ticket_id].append(turn)
        return turns

    def _send_to_staff(
        self, ticket: Changed, turns: Mapping[UUID, Sequence[Turn]], staff: set[UUID]
    ) -> None:
        """To those of the staff for whom the ticket was read. Who came since reads it as it is."""
        row = ticket.whole
        happened = turns.get(row.id, ())
        facts = facts_of(row, happened)
        # What is unread is another for each of them, and nothing here depends on it.
        lists = self._watching.lists_of(facts and {**facts, UNREAD: EITHER})
        self._view_counts.mark(lists)
        if any(turn.kind in LOADING for turn in happened) or facts is None:
            self._agent_loads.mark(facts["assigned_to"] if facts else [row.assigned_to_id])
        by_person: defaultdict[str, list[str]] = defaultdict(list)
        for key in self._watching.told_of(row.id, lists):
            if (person := self._watching.person(key)) in staff:
                by_person[str(person)].append(key)
        for shown, who in ticket.seen_by(set(by_person)):
            keys = [key for person in who for key in by_person[person]]
            self._send_local(shown, *keys)

    def _send_local(self, ticket: TicketRow, *rooms: str) -> None:
        self._has_told = True
        self._sockets.send_local(TICKET_CHANGED, ticket, *rooms)
