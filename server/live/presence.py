"""Who looks at a ticket, across all processes: sent to everybody who does.

A ticket's customer sees only those of the staff whom its timeline names.

Each process tells the others of its own viewers, over Redis, when they change. What it heard of
the others it keeps in memory, for the tickets that somebody looks at here. Without Redis everybody
still sees who is on the same process.
"""

import asyncio
import contextlib
import time
from collections.abc import Iterable
from uuid import UUID

import structlog
from redis import asyncio as aioredis

from config import Settings
from desk.access import Actor, Audience
from desk.errors import DeskError
from desk.statements import ids
from desk.tickets.people import NAMED, named_by
from server.database.transaction import Desk
from server.live.bus import Bus, Subscribed
from server.live.presence_store import PresenceStore
from server.live.rooms import ticket_room
from server.live.ticket_viewers import TicketViewers
from server.transport.socket_server import SocketServer
from wire.messages import ViewersChanged, viewers_topic
from wire.presence import ALIVE_EVERY_SECONDS
from wire.server_events import PRESENCE
from wire.shapes import Present, Recorded, Viewer

log = structlog.get_logger("server.live.presence")

# Changes of so long go out together: at least this, and so many times what sending the last
# took, as everybody in a room is sent everybody whenever somebody comes.
GATHER_SECONDS = 0.05
GATHER_TIMES = 4
LONGEST_GATHER_SECONDS = 1.0
# A join waits no longer for who else is there: they are sent as soon as Redis answers.
ANSWER_SECONDS = 0.25


class Presence:
    """Knows who looks at each ticket that somebody looks at through this process."""

    def __init__(self, settings: Settings, bus: Bus, sockets: SocketServer, desk: Desk) -> None:
        self._store = PresenceStore(settings.redis_url, settings.key_prefix, bus.process)
        self._bus = bus
        self._sockets = sockets
        self._desk = desk
        self._process = bus.process
        self._version = 0
        self._watched: dict[UUID, TicketViewers] = {}
        # Tickets whose viewers here have changed since the others heard of them.
        self._unpublished: set[UUID] = set()
        # Tickets whose viewers anywhere have changed since those here were sent them.
        self._unsent: set[UUID] = set()
        # Tickets that are kept although nobody looks at them here: what others say is asked for.
        self._followed: set[UUID] = set()
        # Tickets whose viewers have changed since somebody asked which.
        self._moved: set[UUID] = set()
        self._wake = asyncio.Event()

    async def close(self) -> None:
        await self._store.close()

    def entered(self, actor: Actor, ticket_id: UUID, *, is_idle: bool = False) -> None:
        """A program looks at nothing."""
        if actor.is_program:
            return
        self._watch(ticket_id).entered(Viewer.of(actor), is_idle=is_idle)
        self._changed(ticket_id)

    def _watch(self, ticket_id: UUID) -> TicketViewers:
        watched = self._watched.get(ticket_id)
        if watched is None:
            watched = self._watched[ticket_id] = TicketViewers()
            self._bus.follow(viewers_topic(ticket_id))
        return watched

    def left(self, actor: Actor, ticket_id: UUID, *, is_idle: bool = False) -> None:
        """``is_idle``: as they entered."""
        watched = self._watched.get(ticket_id)
        if watched and not actor.is_program:
            watched.left(Viewer.of(actor), is_idle=is_idle)
            self._changed(ticket_id)

    def take(self, changed: ViewersChanged) -> None:
        """Takes what a process says of a ticket, unless it said something newer."""
        watched = self._watched.get(changed.ticket_id)
        if watched is None or changed.process == self._process:
            return
        known = watched.elsewhere.get(changed.process)
        if known is None or changed.seen.version > known.version:
            watched.elsewhere[changed.process] = changed.seen
            self._unsent.add(changed.ticket_id)
            self._wake.set()

    def _changed(self, ticket_id: UUID) -> None:
        self._unpublished.add(ticket_id)
        self._unsent.add(ticket_id)
        self._wake.set()

    def follow(self, ticket_ids: Iterable[UUID]) -> None:
        """Has it known who looks at tickets that nobody may be looking at here."""
        for ticket_id in set(ticket_ids) - self._followed:
            self._followed.add(ticket_id)
            if ticket_id not in self._watched:
                self._watch(ticket_id)
                self._unsent.add(ticket_id)
                self._wake.set()

    def unfollow(self, ticket_ids: Iterable[UUID]) -> None:
        self._followed.difference_update(ticket_ids)
        self._unsent.update(self._watched.keys() & set(ticket_ids))
        self._wake.set()

    def take_moved(self) -> set[UUID]:
        """The tickets whose viewers have changed since the last call."""
        moved, self._moved = self._moved, set()
        return moved

    async def viewers(self, ticket_id: UUID, audience: Audience) -> list[Viewer]:
        """Who looks at a ticket now that somebody here looks at too, as the audience may know."""
        watched = self._watched.get(ticket_id)
        if watched is not None and not watched.is_looked_up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._look_up([ticket_id])
        await self._learn_names(ticket_id)
        return self.known(ticket_id, audience)

    def known(self, ticket_id: UUID, audience: Audience) -> list[Viewer]:
        """As `viewers`, by what is known here already."""
        watched = self._watched.get(ticket_id)
        return [] if watched is None else watched.viewers(audience)

    def idle(self, ticket_id: UUID) -> list[UUID]:
        """Those of its viewers who are in front of none of their pages."""
        return self._watched.get(ticket_id, TicketViewers()).idle

    async def is_named(self, actor: Actor, ticket_id: UUID) -> bool:
        """Whether the customer of a ticket that the actor looks at here may know of them."""
        await self._learn_names(ticket_id)
        watched = self._watched.get(ticket_id)
        return not actor.is_staff or (watched is not None and actor.id in watched.named)

    async def _learn_names(self, ticket_id: UUID) -> None:
        """Asks about those of the staff of whom nobody knows yet whether the customer knows them.

        While the database is away, they stay unknown.
        """
        watched = self._watched.get(ticket_id)
        if watched is None or not watched.here or not (unknown := watched.unknown):
            return
        with contextlib.suppress(DeskError):
            named = await self._desk.fetch(NAMED, ticket_id=ticket_id, user_ids=ids(unknown))
            watched.named.update(named)
            watched.asked |= unknown

    def witness(self, recorded: Recorded) -> None:
        """Somebody becomes known by what they do, or are given."""
        event = recorded.event
        watched = self._watched.get(event.ticket_id)
        if watched is None or recorded.public_seq is None:
            return
        if new := named_by(event.kind, event.actor_id, event.data) - watched.named:
            watched.named |= new
            self._unsent.add(event.ticket_id)
            self._wake.set()

    async def publish_forever(self) -> None:
        """Tells the others what changed here, and those here what changed anywhere."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            unpublished, self._unpublished = self._unpublished, set()
            try:
                await self._publish(unpublished)
            except (aioredis.RedisError, OSError):
                self._unpublished |= unpublished  # The next beat tries again.
            except Exception:
                log.exception("presence not published")
            took = 0.0
            try:
                asked = self._unsent & self._watched.keys()
                await self._look_up([t for t in asked if not self._watched[t].is_looked_up])
                for ticket_id in list(self._unsent):
                    await self._learn_names(ticket_id)
                took = self._send()
            except Exception:
                log.exception("presence not sent")
            pause = max(GATHER_SECONDS, GATHER_TIMES * took)
            await asyncio.sleep(min(pause, LONGEST_GATHER_SECONDS))

    async def _publish(self, ticket_ids: set[UUID]) -> None:
        if not ticket_ids:
            return
        words = {}
        for ticket_id in ticket_ids:
            self._version += 1
            words[ticket_id] = self._watched.get(ticket_id, TicketViewers()).said(self._version)
        # In this order: who begins to hear after the message reads what is kept.
        await self._store.say(words)
        for ticket_id, seen in words.items():
            self._bus.publish(ViewersChanged(self._process, ticket_id, seen))

    def _send(self) -> float:
        """Shows what changed; the seconds that it took."""
        began = time.perf_counter()
        unsent, self._unsent = self._unsent, set()
        self._moved |= unsent
        for ticket_id in unsent & self._watched.keys():
            watched = self._watched[ticket_id]
            if not watched.here:
                watched.sent.clear()
                if ticket_id not in self._followed:
                    del self._watched[ticket_id]
                    self._bus.unfollow(viewers_topic(ticket_id))
                continue
            for audience in Audience:
                viewers = watched.viewers(audience)
                if viewers != watched.sent.get(audience):
                    watched.sent[audience] = viewers
                    payload = Present(ticket_id, viewers)
                    self._sockets.send_local(PRESENCE, payload, ticket_room(ticket_id, audience))
            if watched.unknown:
                self._unsent.add(ticket_id)  # The next beat asks again.
        return time.perf_counter() - began

    async def beat_forever(self) -> None:
        """Says that this process lives, and finds out which others do not any more."""
        while True:
            try:
                if not await self._store.stay_alive():  # The others have forgotten who is here.
                    self._unpublished |= {t for t, w in self._watched.items() if w.here}
                await self._bury()
            except (aioredis.RedisError, OSError):
                pass  # `server.live.bus` says that Redis is down.
            except Exception:
                log.exception("presence not kept")
            if self._unpublished or self._unsent:
                self._wake.set()
            await asyncio.sleep(ALIVE_EVERY_SECONDS)

    async def _bury(self) -> None:
        known = {process for w in self._watched.values() for process in w.elsewhere}
        dead = await self._store.dead(known)
        for ticket_id, watched in self._watched.items():
            for process in dead & watched.elsewhere.keys():
                del watched.elsewhere[process]
                self._unsent.add(ticket_id)
                self._wake.set()

    def look_up_all(self, _: Subscribed) -> None:
        """Has everything read again, after words of the others may have been lost."""
        for watched in self._watched.values():
            watched.is_looked_up = False
        self._unsent.update(self._watched)
        self._wake.set()

    async def _look_up(self, ticket_ids: list[UUID]) -> None:
        """Reads what the living others say of tickets."""
        if not ticket_ids:
            return
        await self._bus.settled()  # What they say from now on is heard.
        try:
            found = await self._store.said(ticket_ids)
        except (aioredis.RedisError, OSError):
            return
        for ticket_id, words in zip(ticket_ids, found, strict=True):
            if watched := self._watched.get(ticket_id):
                watched.is_looked_up = True
            for process, seen in words.items():
                self.take(ViewersChanged(process, ticket_id, seen))
