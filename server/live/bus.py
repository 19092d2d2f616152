"""The bus: typed messages between the processes, over one channel of Redis.

Publishing never waits and may drop; a subscription that does not hear its own echo is made anew;
what one of us has not sealed, or this process cannot read, is skipped. So a message is a hint:
`server.live.sequencer` makes a timeline without holes of the ones that carry events.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import uuid4

import structlog
from redis import asyncio as aioredis

from server.background import attempt
from server.live.clients import redis_client
from wire import messages
from wire.messages import Echo, Message, channel_of
from wire.seal import Seal

log = structlog.get_logger("server.live.bus")

M = TypeVar("M")

LONGEST_QUEUE = 10_000
LONGEST_BATCH = 500
GATHER_SECONDS = 0.005
ECHO_SECONDS = 3.0
# Without an echo for this long the subscription is taken for dead, whatever TCP says.
SILENCE_SECONDS = 10.0
RETRY_SECONDS = 1.0
TIMEOUT_SECONDS = 3.0
# Between two lines of the log that say that messages were skipped, however many are.
COMPLAINT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Subscribed:
    """This process hears the channel from now on, and may have missed what was said before."""


class Bus:
    """Nothing is published or heard before `listen_forever` knows the channel."""

    def __init__(self, redis_url: str, secrets: Sequence[str]) -> None:
        self._redis_url = redis_url
        self._secrets = secrets
        # The name of this process among all.
        self.process = uuid4().hex
        self._own_head = messages.head_of(self.process)
        self.channel = ""
        self._seal: Seal
        self._has_channel = asyncio.Event()
        self._handlers: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue(LONGEST_QUEUE)
        self._heard = 0.0
        # Messages on the channel that were not sealed by one of us, or that nobody here can read.
        self.skipped = 0
        self._complained_at = float("-inf")

    @property
    def is_subscribed(self) -> bool:
        return time.monotonic() - self._heard < SILENCE_SECONDS

    def subscribe(self, kind: type[M], handler: Callable[[M], None]) -> None:
        """Has each message of a type handed over, this process's own ones too, and `Subscribed`."""
        self._handlers[kind].append(handler)

    def publish(self, message: Message) -> None:
        """Tells this process at once, and the others soon; never waits. May be lost with Redis."""
        self._hand_over(message)
        try:
            self._outgoing.put_nowait(message)
        except asyncio.QueueFull:
            log.warning("Redis does not keep up: a message was dropped")

    def _hand_over(self, message: Message | Subscribed) -> None:
        for handler in self._handlers[type(message)]:
            try:
                handler(message)
            except Exception:
                log.exception("message not handled", kind=type(message).__name__)

    # Out

    async def publish_forever(self) -> None:
        """The first goes out at once, and what gathers in the moment after it as one batch."""
        await self._has_channel.wait()
        async with redis_client(self._redis_url, TIMEOUT_SECONDS) as redis:
            while True:
                batch = [await self._outgoing.get()]
                while len(batch) < LONGEST_BATCH and not self._outgoing.empty():
                    batch.append(self._outgoing.get_nowait())
                await self._publish(redis, batch)
                await asyncio.sleep(GATHER_SECONDS)

    async def _publish(self, redis: "aioredis.Redis", batch: list[Message]) -> None:
        try:
            sealed = self._seal.closed(messages.encode(self.process, batch))
            await redis.publish(self.channel, sealed)
        except (aioredis.RedisError, OSError) as error:
            log.warning("cannot publish", error=type(error).__name__, lost=len(batch))
        except Exception:
            log.exception("cannot publish")

    async def echo_forever(self) -> None:
        while True:
            self.publish(Echo())
            await asyncio.sleep(ECHO_SECONDS)

    # In

    async def listen_forever(self, find_prefix: Callable[[], Awaitable[str]]) -> None:
        """``find_prefix``: what stands before the name of the channel; asked until it answers."""
        while not self._has_channel.is_set():
            await attempt(
                self._find_channel(find_prefix), log, "not known yet which is our channel"
            )
            if not self._has_channel.is_set():
                await asyncio.sleep(RETRY_SECONDS)
        async for raw in self._listen():
            self._take(raw)

    async def _find_channel(self, find_prefix: Callable[[], Awaitable[str]]) -> None:
        self.channel = channel_of(await find_prefix())
        self._seal = Seal(self._secrets, self.channel)
        self._has_channel.set()

    async def _listen(self) -> AsyncIterator[bytes]:
        while True:
            redis = redis_client(self._redis_url, TIMEOUT_SECONDS)
            try:
                async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                    await pubsub.subscribe(self.channel)
                    self._heard = time.monotonic()
                    self._hand_over(Subscribed())
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
        batch = self._seal.opened(sealed)
        if batch is None:
            self._skip("not sealed by one of us")
        elif batch.startswith(self._own_head):
            self._heard = time.monotonic()
        else:
            try:
                received = messages.decode(batch)
            except Exception:
                self._skip("not our JSON")
                return
            for one in received:
                self._take_one(one)

    def _take_one(self, received: Any) -> None:
        try:
            message = messages.read(received)
        except Exception as error:
            # A process of another version may say what cannot be read here.
            self._skip(type(error).__name__)
        else:
            self._hand_over(message)

    def _skip(self, why: str) -> None:
        self.skipped += 1
        if time.monotonic() - self._complained_at > COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            log.warning("skipped on the channel", why=why, so_far=self.skipped)
