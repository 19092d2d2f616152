"""Live delivery between processes: a Redis manager whose hints go through the sequencer.

The Redis manager of python-socketio loses and reorders messages when Redis falters. Here it only
carries hints: publishing never waits and may drop, and a subscription that does not hear its own
echo is made anew. `server.rooms` turns the hints into a timeline without holes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import structlog
from redis import asyncio as aioredis
from socketio.packet import EVENT

from desk.access import Audience
from server.background import Background, end
from server.clients import redis_client
from server.membership import Membership
from server.outgoing import ReadyEvent
from wire import codec
from wire.channel import CHANNEL, NAMESPACE, TIMELINE, ticket_room
from wire.shapes import Recorded, TimelineEvent
from wire.shown import SHOWN

log = structlog.get_logger("server.live")

ECHO = "echo"
# What stands before the JSON of every event.
EVENT_HEAD = f"{EVENT}{NAMESPACE},".encode()

LONGEST_QUEUE = 10_000
LONGEST_MESSAGE = 500
GATHER_SECONDS = 0.005
ECHO_SECONDS = 3.0
# Without an echo for this long the subscription is taken for dead, whatever TCP says.
DEAF_SECONDS = 10.0
RETRY_SECONDS = 1.0
TIMEOUT_SECONDS = 3.0


Listener = Callable[[TimelineEvent], None]
Hearer = Callable[[dict[str, Any]], None]


class Live(Membership):
    def __init__(self, redis_url: str, background: Background) -> None:
        super().__init__(redis_url, CHANNEL)
        self._background = background
        # Set once, before the first request: the takers need this manager themselves.
        self.take_hint: Callable[[Recorded], None] = lambda _: None
        # Our own messages on the channel, which the library's loop passes over.
        self._hearers: dict[str, Hearer] = {}
        # Called when what the others said may have been missed.
        self.on_subscribed: Callable[[], Awaitable[None]] | None = None
        self._listeners: dict[str, dict[str, Listener]] = {}
        self._outgoing: asyncio.Queue[dict[str, Any]] = asyncio.Queue(LONGEST_QUEUE)
        self._heard = 0.0
        # So does everything begin that this process publishes.
        self._own_head = codec.encode([{"host_id": self.host_id}])[:-2]

    @property
    def is_subscribed(self) -> bool:
        return time.monotonic() - self._heard < DEAF_SECONDS

    def initialize(self) -> None:
        super().initialize()
        self._background.start(self._publish_forever())
        self._background.start(self._echo_forever())

    async def close(self) -> None:
        await end([self.thread])

    # Out

    def publish(self, recorded: Recorded) -> None:
        """Tells every process, this one at once, of an event that was committed."""
        self.take_hint(recorded)
        self._enqueue({"method": "emit", "event": TIMELINE, "data": [recorded]})

    def hear(self, method: str, hearer: Hearer) -> None:
        """Lets a part of this process hear what the same part of the others tells."""
        self._hearers[method] = hearer

    def tell(self, method: str, **said: object) -> None:
        """Tells the other processes. It may be lost with Redis."""
        self._enqueue({"method": method, **said})

    async def broadcast(self, recorded: Recorded) -> None:
        """Delivers the next event of a ticket to the members in this process."""
        for audience in Audience:
            event = recorded.for_audience(audience)
            if event is not None:
                room = ticket_room(recorded.event.ticket_id, audience)
                self.emit_here(TIMELINE, event, room)
                for listener in self._listeners.get(room, {}).values():
                    listener(event)

    def emit_here(self, event: str, data: object, *rooms: str, skip: str | None = None) -> None:
        """Emits to the sockets of this process that are in one of the rooms, except ``skip``.

        Encoded once and without a task per socket: see `Outgoing`.
        """
        assert event in SHOWN, event
        members = [
            eio_sid
            for room in rooms
            for sid, eio_sid in self.get_participants(NAMESPACE, room)
            if sid != skip
        ]
        if members:
            told = ReadyEvent(EVENT_HEAD + codec.encode([event, data]))
            self.server.eio.post(told, *members)

    def leave_here(self, sid: str, room: str) -> None:
        """Takes a socket of this process out of a room; harmless where it is not inside."""
        if sid in self.rooms.get(NAMESPACE, {}).get(room, ()):
            self.basic_leave_room(sid, NAMESPACE, room)

    def announce(self, event: str, data: object, *rooms: str, skip: str | None = None) -> None:
        """Emits to rooms in every process, without waiting. It may be lost with Redis.

        ``skip``: the socket that is not to hear it.
        """
        self.emit_here(event, data, *rooms, skip=skip)
        self._enqueue(
            {"method": "emit", "event": event, "data": [data], "room": rooms, "skip_sid": skip}
        )

    def listen(self, room: str, key: str, listener: Listener) -> None:
        """Lets somebody who is no Socket.IO client hear what is broadcast to a room here."""
        self._listeners.setdefault(room, {})[key] = listener

    def unlisten(self, room: str, key: str) -> None:
        if listeners := self._listeners.get(room):
            listeners.pop(key, None)
            if not listeners:
                del self._listeners[room]

    def unlisten_all(self, key: str) -> None:
        for room in list(self._listeners):
            self.unlisten(room, key)

    async def _publish(self, data: dict[str, Any]) -> None:
        self._enqueue(data)

    def _enqueue(self, message: dict[str, Any]) -> None:
        try:
            self._outgoing.put_nowait({"host_id": self.host_id, **message})
        except asyncio.QueueFull:
            log.warning("Redis does not keep up: a hint was dropped")

    async def _publish_forever(self) -> None:
        """The first goes out at once, and what gathers in the moment after it as one message."""
        async with redis_client(self.redis_url, TIMEOUT_SECONDS) as redis:
            while True:
                messages = [await self._outgoing.get()]
                while len(messages) < LONGEST_MESSAGE and not self._outgoing.empty():
                    messages.append(self._outgoing.get_nowait())
                await self._publish_all(redis, messages)
                await asyncio.sleep(GATHER_SECONDS)

    async def _publish_all(self, redis: "aioredis.Redis", messages: list[dict[str, Any]]) -> None:
        try:
            await redis.publish(self.channel, codec.encode(messages))
        except (aioredis.RedisError, OSError) as error:
            log.warning("cannot publish", error=type(error).__name__, lost=len(messages))
        except Exception:
            log.exception("cannot publish")

    async def _echo_forever(self) -> None:
        while True:
            self._enqueue({"method": ECHO})
            await asyncio.sleep(ECHO_SECONDS)

    # In

    async def _listen(self) -> AsyncIterator[dict[str, Any]]:
        while True:
            redis = redis_client(self.redis_url, TIMEOUT_SECONDS)
            try:
                async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self.channel)
                    self._heard = time.monotonic()
                    if self.on_subscribed is not None:
                        await self.on_subscribed()
                    while self.is_subscribed:
                        message = await pubsub.get_message(timeout=1.0)
                        if message is not None:
                            for decoded in self._decoded(message["data"]):
                                yield decoded
                    log.warning("Redis is silent: subscribing anew")
            except (aioredis.RedisError, OSError) as error:
                log.warning("no subscription to Redis", error=type(error).__name__)
            finally:
                self._heard = 0.0
                await redis.aclose()
            await asyncio.sleep(RETRY_SECONDS)

    def _decoded(self, raw: bytes) -> list[dict[str, Any]]:
        """The messages of others, for the library's loop and for our own hearers."""
        if raw.startswith(self._own_head):
            self._heard = time.monotonic()
            return []
        try:
            found = codec.loads_own(raw)
        except ValueError:
            log.warning("not our JSON on the channel")
            return []
        # The worker publishes one at a time.
        messages = found if isinstance(found, list) else [found]
        for message in messages:
            if hearer := self._hearers.get(message.get("method", "")):
                hearer(message)
        return messages

    async def _handle_emit(self, message: dict[str, Any]) -> None:
        # A list, as the library makes of the arguments that the worker emits with it.
        [data] = message["data"]
        if message["event"] == TIMELINE:
            self.take_hint(Recorded.from_json(data))
            return
        rooms = message["room"]
        rooms = [rooms] if isinstance(rooms, str) else rooms
        self.emit_here(message["event"], data, *rooms, skip=message["skip_sid"])
