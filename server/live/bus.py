"""Live delivery between processes: a Redis manager whose hints go through the sequencer.

The Redis manager of python-socketio loses and reorders messages when Redis falters, and does what
anybody on the channel says. Here it only carries hints: publishing never waits and may drop, a
subscription that does not hear its own echo is made anew, and what one of us has not sealed, or
nobody here can read, is skipped. `server.live.sequencer` turns the hints into a timeline without
holes.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import structlog
from redis import asyncio as aioredis
from socketio.packet import EVENT

from desk.access import Audience
from server.background import Background, attempt, end
from server.live.clients import redis_client
from server.transport.membership import Membership
from server.transport.send_queue import EncodedEvent
from wire import codec
from wire.channel import NAMESPACE, TIMELINE, channel_of, emission, ticket_room
from wire.seal import Seal
from wire.shapes import Recorded, TimelineEvent
from wire.shown import SHOWN

log = structlog.get_logger("server.live.bus")

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
# Between two lines of the log that say that messages were skipped, however many are.
COMPLAINT_SECONDS = 60.0


Listener = Callable[[TimelineEvent], None]
Hearer = Callable[[dict[str, Any]], None]


class Live(Membership):
    def __init__(self, redis_url: str, background: Background, secrets: Sequence[str]) -> None:
        super().__init__(redis_url, channel="")
        self._background = background
        self._secrets = secrets
        # Set once, before the start: what stands before the name of the channel.
        self.find_prefix: Callable[[], Awaitable[str]]
        self._seal: Seal
        self._has_channel = asyncio.Event()
        # Messages on the channel that were not sealed by one of us, or that nobody here can read.
        self.skipped = 0
        self._complained_at = float("-inf")
        # Set once, before the first request: the takers need this manager themselves.
        self.take_hint: Callable[[Recorded], None] = lambda _: None
        # All that is taken from the channel, by its method.
        self._hearers: dict[str, Hearer] = {"emit": self._emitted}
        # Called when what the others said may have been missed.
        self.on_subscribed: Callable[[], Awaitable[None]] | None = None
        self._listeners: dict[str, dict[str, Listener]] = {}
        # Told of each event that was broadcast here.
        self._witnesses: list[Callable[[Recorded], None]] = []
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
        self._enqueue(emission(TIMELINE, recorded, (), None))

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
        for witness in self._witnesses:
            witness(recorded)

    def witness(self, witness: Callable[[Recorded], None]) -> None:
        """Lets a part of this process see what happens on the tickets that are read here."""
        self._witnesses.append(witness)

    def emit_here(self, event: str, data: object, *rooms: str, skip: str | None = None) -> None:
        """Emits to the sockets of this process that are in one of the rooms, except ``skip``.

        Encoded once and without a task per socket: see `SendQueue`.
        """
        assert event in SHOWN, event
        members = [
            eio_sid
            for room in rooms
            for sid, eio_sid in self.get_participants(NAMESPACE, room)
            if sid != skip
        ]
        if members:
            told = EncodedEvent(EVENT_HEAD + codec.encode([event, data]))
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
        self._enqueue(emission(event, data, rooms, skip))

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
        await self._has_channel.wait()
        async with redis_client(self.redis_url, TIMEOUT_SECONDS) as redis:
            while True:
                messages = [await self._outgoing.get()]
                while len(messages) < LONGEST_MESSAGE and not self._outgoing.empty():
                    messages.append(self._outgoing.get_nowait())
                await self._publish_all(redis, messages)
                await asyncio.sleep(GATHER_SECONDS)

    async def _publish_all(self, redis: "aioredis.Redis", messages: list[dict[str, Any]]) -> None:
        try:
            await redis.publish(self.channel, self._seal.closed(codec.encode(messages)))
        except (aioredis.RedisError, OSError) as error:
            log.warning("cannot publish", error=type(error).__name__, lost=len(messages))
        except Exception:
            log.exception("cannot publish")

    async def _echo_forever(self) -> None:
        while True:
            self._enqueue({"method": ECHO})
            await asyncio.sleep(ECHO_SECONDS)

    # In

    async def _thread(self) -> None:
        """In the place of the library's loop, which obeys whoever says "disconnect"."""
        while not self._has_channel.is_set():
            await attempt(self._find_channel(), log, "not known yet which channel is ours")
            if not self._has_channel.is_set():
                await asyncio.sleep(RETRY_SECONDS)
        async for raw in self._listen():
            self._take(raw)

    async def _find_channel(self) -> None:
        self.channel = channel_of(await self.find_prefix())
        self._seal = Seal(self._secrets, self.channel)
        self._has_channel.set()

    async def _listen(self) -> AsyncIterator[bytes]:
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
                            yield message["data"]
                    log.warning("Redis is silent: subscribing anew")
            except (aioredis.RedisError, OSError) as error:
                log.warning("no subscription to Redis", error=type(error).__name__)
            finally:
                self._heard = 0.0
                await redis.aclose()
            await asyncio.sleep(RETRY_SECONDS)

    def _take(self, sealed: bytes) -> None:
        """Hands over what the others said. Nothing on the channel ends the subscription."""
        raw = self._seal.opened(sealed)
        if raw is None:
            self._skip("not sealed by one of us")
        elif raw.startswith(self._own_head):
            self._heard = time.monotonic()
        else:
            try:
                messages = list(codec.loads_own(raw))
            except (ValueError, TypeError):
                self._skip("not our JSON")
                return
            for message in messages:
                self._take_one(message)

    def _take_one(self, message: Any) -> None:
        try:
            if hearer := self._hearers.get(message["method"]):
                hearer(message)
        except Exception as error:
            # A process of another version may say what cannot be read here.
            self._skip(type(error).__name__)

    def _skip(self, why: str) -> None:
        self.skipped += 1
        if time.monotonic() - self._complained_at > COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            log.warning("skipped on the channel", why=why, so_far=self.skipped)

    def _emitted(self, message: dict[str, Any]) -> None:
        event, data = message["event"], message["data"]
        if event == TIMELINE:
            self.take_hint(Recorded.from_json(data))
        else:
            self.emit_here(event, data, *message["rooms"], skip=message["skip"])
