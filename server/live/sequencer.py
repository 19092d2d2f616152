"""The sequencer: brings every ticket's events to its local members once and in order.

Each ticket with members in this process has a cursor, the staff number of the last event that
was delivered, and a lock. What comes over Redis is only a hint: an event at or before the cursor
is dropped, the next one is delivered, and a gap is filled from the database. Every second one
query finds what a lost hint has hidden.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from desk.access import Actor, Audience
from desk.errors import DeskError, Unavailable
from desk.people_events import ParticipantsChanged
from desk.statements import ids
from desk.tickets import timeline
from desk.tickets.views import TicketView, not_found
from server.background import Background, attempt
from server.database.transaction import Desk
from server.live import histories
from server.live.bus import Bus
from server.live.hints import Hints
from server.live.histories import Histories
from server.live.members import Member
from server.transport.send_queue import EncodedEvent
from wire.messages import topics_inside
from wire.shapes import Recorded

log = structlog.get_logger("server.live.sequencer")

POLL_SECONDS = 1.0


@dataclass(slots=True)
class Room:
    """One ticket that has members in this process."""

    cursor: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    members: dict[str, Member] = field(default_factory=dict)
    hints: Hints = field(default_factory=Hints)
    is_taking: bool = False
    # Tasks that hold or await the lock: the room stays while there are any.
    users: int = 0
    # Whether this process follows the ticket.
    is_followed: bool = False

    @property
    def is_idle(self) -> bool:
        """There are members, and nobody is in the midst of something."""
        return bool(self.members) and not self.users and not self.is_taking


@dataclass(frozen=True, slots=True)
class Replayed:
    """``seq``: the last number that was replayed, or where the audience's timeline stands.

    ``more``: the history was longer than a page, and the member is not in the room.
    """

    ticket: TicketView
    seq: int
    more: bool


def _is_simple(recorded: Recorded) -> bool:
    """Whether nobody has to leave because of it."""
    return recorded.event.kind != ParticipantsChanged.kind


class Sequencer:
    """All rooms of this process."""

    def __init__(
        self,
        desk: Desk,
        bus: Bus,
        background: Background,
        broadcast: Callable[[Recorded], Mapping[Audience, EncodedEvent]],
    ) -> None:
        """``broadcast`` returns the event as it was encoded for audiences."""
        self._desk = desk
        self._bus = bus
        self._histories = Histories(desk)
        self.pages = self._histories.pages
        self._background = background
        self._broadcast = broadcast
        self._rooms: dict[UUID, Room] = {}
        self._joined: dict[str, set[UUID]] = {}
        # Tickets that cannot be read on, so that it is said once.
        self._stuck: set[UUID] = set()

    @asynccontextmanager
    async def _held(self, ticket_id: UUID) -> AsyncIterator[Room]:
        room = self._rooms.setdefault(ticket_id, Room())
        room.users += 1
        try:
            async with room.lock:
                yield room
        finally:
            room.users -= 1
            self._forget_if_empty(ticket_id, room)

    async def join(self, member: Member, actor: Actor, ticket_id: UUID, after: int) -> Replayed:
        """Replays what the actor may see after a number, then enters the room, without a seam.

        All under the room's lock, so that no live event falls between or comes twice.
        Raises `NotFound`, `Merged`, `Unavailable`.
        """
        await member.ready()
        async with self._held(ticket_id) as room:
            await self._remove(room, member, ticket_id)
            await self._follow(room, ticket_id)
            ticket, head = await self._histories.stands(actor, ticket_id)
            # The others first: the room stands where this member's history ends.
            if room.members:
                await self._catch_up(room, ticket_id, head)
            else:
                self.pages.forget(ticket_id)
            room.cursor = head
            replay = await self._histories.after(after, actor.audience, ticket, head)
            if replay.events:
                await member.send(replay.events)
            if not (replay.more or member.is_gone):
                room.members[member.key] = member
                self._joined.setdefault(member.key, set()).add(ticket_id)
                await member.enter(ticket_id)
            return Replayed(ticket, replay.seq, replay.more)

    async def _follow(self, room: Room, ticket_id: UUID) -> None:
        """What is committed behind the read that follows is heard, or else found by the poll."""
        if room.is_followed:
            return
        room.is_followed = True
        for topic in topics_inside(ticket_id):
            self._bus.follow(topic)
        await self._bus.settled()

    @property
    def count(self) -> int:
        return len(self._rooms)

    def joined_by(self, member: Member) -> frozenset[UUID]:
        return frozenset(self._joined.get(member.key, ()))

    def require_inside(self, member: Member, ticket_id: UUID) -> None:
        """Raises `NotFound`, as for a ticket that there is not, unless the member has joined."""
        if ticket_id not in self._joined.get(member.key, ()):
            raise not_found()

    async def leave(self, member: Member, ticket_id: UUID) -> None:
        if ticket_id in self._rooms:
            async with self._held(ticket_id) as room:
                await self._remove(room, member, ticket_id)

    async def leave_all(self, member: Member) -> None:
        """For a connection that is over; a join still under way sees ``is_gone``.

        Not under the lock, which a join may hold that waits for the connection to read.
        """
        for ticket_id in self._joined.pop(member.key, set()):
            room = self._rooms.get(ticket_id)
            if room is not None and room.members.pop(member.key, None) is not None:
                await member.leave(ticket_id)
                self._forget_if_empty(ticket_id, room)

    def _forget_if_empty(self, ticket_id: UUID, room: Room) -> None:
        # It may be forgotten already, and another one be in its place.
        if self._rooms.get(ticket_id) is room and not room.users and not room.members:
            del self._rooms[ticket_id]
            self.pages.forget(ticket_id)
            for topic in topics_inside(ticket_id) if room.is_followed else ():
                self._bus.unfollow(topic)

    async def _remove(self, room: Room, member: Member, ticket_id: UUID) -> None:
        if room.members.pop(member.key, None) is None:
            return
        if joined := self._joined.get(member.key):
            joined.discard(ticket_id)
        await member.leave(ticket_id)

    def offer(self, recorded: Recorded) -> None:
        """Takes an event that somebody says has happened. Never waits."""
        ticket_id = recorded.event.ticket_id
        room = self._rooms.get(ticket_id)
        if room is None:
            return
        if room.is_idle and _is_simple(recorded) and recorded.event.seq == room.cursor + 1:
            self._show(room, recorded)
            return
        room.hints.add(recorded)
        if not room.is_taking:
            room.is_taking = True
            self._background.start(self._take_hints(room, ticket_id))

    async def _take_hints(self, room: Room, ticket_id: UUID) -> None:
        try:
            # The lock is given away after each: in a lively talk there is always another hint,
            # and who wants to join, leave or poll would wait for the end of the talk.
            while room.hints:
                if room.members and self._bus.is_subscribed:
                    await room.hints.await_overtaken(room.cursor)
                async with self._held(ticket_id):
                    await self._take(room, room.hints.pop())
        except DeskError as error:
            # The poll comes back to it.
            log.warning("cannot fill a gap", ticket_id=str(ticket_id), code=error.code)
        except Exception:
            log.exception("delivery failed", ticket_id=str(ticket_id))
        finally:
            room.is_taking = False

    async def _take(self, room: Room, recorded: Recorded) -> None:
        if not room.members or recorded.event.seq <= room.cursor:
            return
        if recorded.event.seq > room.cursor + 1:
            await self._catch_up(room, recorded.event.ticket_id, recorded.event.seq)
        else:
            await self._deliver(room, recorded)

    async def _deliver(self, room: Room, recorded: Recorded) -> None:
        """Who was taken off by the event hears it as their last: what is behind it was committed
        behind it.
        """
        self._show(room, recorded)
        if _is_simple(recorded):
            return
        event = recorded.event
        removed = event.data["removed"]
        for member in [*room.members.values()]:
            if str(member.actor.id) in removed and not member.actor.is_staff:
                await self._remove(room, member, event.ticket_id)
                await member.taken_off(event.ticket_id)

    def _show(self, room: Room, recorded: Recorded) -> None:
        shown = self._broadcast(recorded)
        room.cursor = recorded.event.seq
        self.pages.extend(recorded, shown)

    async def _catch_up(self, room: Room, ticket_id: UUID, head: int) -> None:
        """Delivers what the database has after the cursor, up to ``head``."""
        while room.cursor < head:
            limit = min(histories.MOST_EVENTS, head - room.cursor)
            rows = await self._desk.fetch(
                timeline.AFTER[Audience.STAFF],
                ticket_id=ticket_id,
                after=room.cursor,
                limit=limit,
            )
            if not rows:
                return
            for row in rows:
                await self._deliver(room, Recorded.of(row))

    async def poll_forever(self) -> None:
        """Looks every second whether a ticket has moved on without a hint."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await attempt(self.poll(), log, "poll failed")

    async def poll(self) -> None:
        ticket_ids = [ticket_id for ticket_id, room in self._rooms.items() if room.members]
        if not ticket_ids:
            return
        heads = await self._desk.fetch(timeline.HEADS, tickets=ids(ticket_ids))
        self._stuck &= self._rooms.keys()
        for ticket_id, head in heads:
            room = self._rooms.get(ticket_id)
            if room is not None and room.members and head > room.cursor:
                await self._poll_one(ticket_id, head)

    async def _poll_one(self, ticket_id: UUID, head: int) -> None:
        """What is wrong with one ticket is no matter of the others; the database's absence is."""
        try:
            async with self._held(ticket_id) as room:
                if room.members:
                    await self._catch_up(room, ticket_id, head)
        except Unavailable:
            raise
        except Exception:
            if ticket_id not in self._stuck:
                self._stuck.add(ticket_id)
                log.exception("cannot read on", ticket_id=str(ticket_id))
        else:
            self._stuck.discard(ticket_id)
