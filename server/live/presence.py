"""Who looks at a ticket, across all processes: shown to everybody who does.

A ticket's customer is shown only those of the staff whom its timeline names.

Each process tells the others of its own viewers, over Redis, when they change. What it heard of
the others it keeps in memory, for the tickets that somebody looks at here. Without Redis everybody
still sees who is on the same process.
"""

import asyncio
import contextlib
import time
from typing import Any
from uuid import UUID

import structlog
from redis import asyncio as aioredis

from desk.access import Actor, Audience
from desk.errors import DeskError
from desk.statements import ids
from desk.tickets.people import NAMED, named_by
from server.database.transaction import Desk
from server.live.bus import Live
from server.live.clients import redis_client
from server.live.watched import Watched
from wire import codec
from wire.channel import PRESENCE, ticket_room
from wire.presence import (
    ALIVE_EVERY_SECONDS,
    ALIVE_FOR_SECONDS,
    FORGOTTEN_AFTER_SECONDS,
    Seen,
    decoded,
    process_key,
    ticket_key,
)
from wire.shapes import Present, Recorded, Viewer

log = structlog.get_logger("server.live.presence")

# Changes of so long are told together: at least this, and so many times what showing the last
# took, as everybody in a room is shown everybody whenever somebody comes.
GATHER_SECONDS = 0.05
GATHER_TIMES = 4
LONGEST_GATHER_SECONDS = 1.0
TIMEOUT_SECONDS = 2.0
# A join waits no longer for who else is there: they are shown as soon as Redis answers.
ANSWER_SECONDS = 0.25


class Presence:
    def __init__(self, redis_url: str, live: Live, desk: Desk, prefix: str = "") -> None:
        self._prefix = prefix
        self._redis: Any = redis_client(redis_url, TIMEOUT_SECONDS)
        self._live = live
        self._desk = desk
        self._process: str = live.host_id
        self._version = 0
        self._watched: dict[UUID, Watched] = {}
        # Tickets whose viewers here changed and the others have not been told.
        self._untold: set[UUID] = set()
        # Tickets whose viewers anywhere changed and those here have not been shown.
        self._unshown: set[UUID] = set()
        self._wake = asyncio.Event()
        live.hear(PRESENCE, self._hear)
        live.witness(self._happened)

    async def close(self) -> None:
        """Says good-bye, so that nobody has to find out."""
        with contextlib.suppress(aioredis.RedisError, OSError):
            await self._redis.delete(process_key(self._process, self._prefix))
        await self._redis.aclose()

    def entered(self, actor: Actor, ticket_id: UUID) -> None:
        self._watched.setdefault(ticket_id, Watched()).here[_viewer(actor)] += 1
        self._changed(ticket_id)

    def left(self, actor: Actor, ticket_id: UUID) -> None:
        watched = self._watched.get(ticket_id)
        if watched is None:
            return
        viewer = _viewer(actor)
        watched.here[viewer] -= 1
        if watched.here[viewer] <= 0:
            del watched.here[viewer]
        self._changed(ticket_id)

    def _hear(self, message: dict[str, Any]) -> None:
        ticket_id = UUID(message["ticket_id"])
        self._take(message["host_id"], ticket_id, Seen.from_json(message["seen"]))

    def _take(self, process: str, ticket_id: UUID, seen: Seen) -> None:
        """Takes what another process says of a ticket, unless it said something newer."""
        watched = self._watched.get(ticket_id)
        if watched is None or process == self._process:
            return
        known = watched.elsewhere.get(process)
        if known is None or seen.version > known.version:
            watched.elsewhere[process] = seen
            self._unshown.add(ticket_id)
            self._wake.set()

    def _changed(self, ticket_id: UUID) -> None:
        self._untold.add(ticket_id)
        self._unshown.add(ticket_id)
        self._wake.set()

    async def viewers(self, ticket_id: UUID, audience: Audience) -> list[Viewer]:
        """Who looks at a ticket now that somebody here looks at too, as the audience may know."""
        watched = self._watched.get(ticket_id)
        if watched is not None and not watched.is_looked_up:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self._look_up([ticket_id])
        await self._learn_names(ticket_id)
        return self._viewers(ticket_id, audience)

    def _viewers(self, ticket_id: UUID, audience: Audience) -> list[Viewer]:
        watched = self._watched.get(ticket_id)
        return [] if watched is None else watched.viewers(audience)

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
        if watched is None or not (unknown := watched.unknown):
            return
        with contextlib.suppress(DeskError):
            found = await self._desk.fetch(NAMED, ticket_id=ticket_id, user_ids=ids(unknown))
            watched.named.update(found)
            watched.asked |= unknown

    def _happened(self, recorded: Recorded) -> None:
        """Somebody becomes known by what they do, or are given."""
        event = recorded.event
        watched = self._watched.get(event.ticket_id)
        if watched is None or recorded.public_seq is None:
            return
        if new := named_by(event.kind, event.actor_id, event.data) - watched.named:
            watched.named |= new
            self._unshown.add(event.ticket_id)
            self._wake.set()

    async def tell_forever(self) -> None:
        """Tells the others what changed here, and those here what changed anywhere."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            untold, self._untold = self._untold, set()
            try:
                await self._tell(untold)
            except (aioredis.RedisError, OSError):
                self._untold |= untold  # The next beat tries again.
            except Exception:
                log.exception("presence not told")
            took = 0.0
            try:
                await self._look_up([t for t in self._unshown if self._is_unknown(t)])
                for ticket_id in list(self._unshown):
                    await self._learn_names(ticket_id)
                took = self._show()
            except Exception:
                log.exception("presence not shown")
            pause = max(GATHER_SECONDS, GATHER_TIMES * took)
            await asyncio.sleep(min(pause, LONGEST_GATHER_SECONDS))

    async def _tell(self, ticket_ids: set[UUID]) -> None:
        if not ticket_ids:
            return
        async with self._redis.pipeline(transaction=False) as pipeline:
            for ticket_id in ticket_ids:
                watched = self._watched.get(ticket_id)
                self._version += 1
                seen = Seen(self._version, tuple(watched.here) if watched else ())
                key = ticket_key(ticket_id, self._prefix)
                if seen.viewers:
                    pipeline.hset(key, self._process, codec.encode(seen))
                    pipeline.expire(key, FORGOTTEN_AFTER_SECONDS)
                else:
                    pipeline.hdel(key, self._process)
                self._live.tell(PRESENCE, ticket_id=ticket_id, seen=seen)
            await pipeline.execute()

    def _is_unknown(self, ticket_id: UUID) -> bool:
        watched = self._watched.get(ticket_id)
        return watched is not None and not watched.is_looked_up

    def _show(self) -> float:
        """Shows what changed; the seconds that it took."""
        began = time.perf_counter()
        unshown, self._unshown = self._unshown, set()
        for ticket_id in unshown & self._watched.keys():
            watched = self._watched[ticket_id]
            if not watched.here:
                del self._watched[ticket_id]
                continue
            for audience in Audience:
                viewers = watched.viewers(audience)
                if viewers != watched.shown.get(audience):
                    watched.shown[audience] = viewers
                    payload = Present(ticket_id, viewers)
                    self._live.emit_here(PRESENCE, payload, ticket_room(ticket_id, audience))
            if watched.unknown:
                self._unshown.add(ticket_id)  # The next beat asks again.
        return time.perf_counter() - began

    async def beat_forever(self) -> None:
        """Says that this process lives, and finds out which others do not any more."""
        while True:
            try:
                key = process_key(self._process, self._prefix)
                was_alive = await self._redis.set(key, 1, ex=ALIVE_FOR_SECONDS, get=True)
                if not was_alive:  # The others have forgotten who is here.
                    self._untold |= self._watched.keys()
                await self._bury()
            except (aioredis.RedisError, OSError):
                pass  # `server.live.bus` says that Redis is down.
            except Exception:
                log.exception("presence not kept")
            if self._untold or self._unshown:
                self._wake.set()
            await asyncio.sleep(ALIVE_EVERY_SECONDS)

    async def _bury(self) -> None:
        known = {process for w in self._watched.values() for process in w.elsewhere}
        if not known:
            return
        dead = await self._dead(known)
        for ticket_id, watched in self._watched.items():
            for process in dead & watched.elsewhere.keys():
                del watched.elsewhere[process]
                self._unshown.add(ticket_id)
                self._wake.set()

    async def _dead(self, processes: set[str]) -> set[str]:
        names = list(processes)
        alive = await self._redis.mget([process_key(name, self._prefix) for name in names])
        return {name for name, answer in zip(names, alive, strict=True) if answer is None}

    async def look_up_all(self) -> None:
        """After words of the others may have been lost."""
        await self._look_up(list(self._watched))

    async def _look_up(self, ticket_ids: list[UUID]) -> None:
        """Reads what the living others say of tickets."""
        if not ticket_ids:
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for ticket_id in ticket_ids:
                    pipeline.hgetall(ticket_key(ticket_id, self._prefix))
                found = [decoded(fields) for fields in await pipeline.execute()]
            processes = {name for words in found for name in words} - {self._process}
            dead = await self._dead(processes) if processes else set()
        except (aioredis.RedisError, OSError):
            return
        for ticket_id, words in zip(ticket_ids, found, strict=True):
            if watched := self._watched.get(ticket_id):
                watched.is_looked_up = True
            for process, seen in words.items():
                if process not in dead:
                    self._take(process, ticket_id, seen)


def _viewer(actor: Actor) -> Viewer:
    return Viewer(actor.id, actor.full_name, actor.role)
