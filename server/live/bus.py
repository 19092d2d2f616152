"""The bus: typed messages between the processes, on channels of Redis by what they are about.

A process hears what every process has to know, and of tickets and people those that it follows.
Publishing never waits and may drop; a connection that does not hear its own echo is made anew;
what one of us has not sealed, or this process cannot read, is skipped. So a message is a hint:
`server.live.sequencer` makes a timeline without holes of the ones that carry events.
"""

import asyncio
import contextlib
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import hiredis
import structlog

from server.background import attempt
from server.redis_pipe import RedisPipe, redis_pipe
from wire import messages
from wire.messages import DESK, Echo, Message, channel_of
from wire.seal import Seal

log = structlog.get_logger("server.live.bus")

M = TypeVar("M")

LONGEST_QUEUE = 10_000
LONGEST_BATCH = 500
GATHER_SECONDS = 0.005
ECHO_SECONDS = 3.0
# Without an echo for this long the connection is taken for dead, whatever TCP says.
SILENCE_SECONDS = 10.0
RETRY_SECONDS = 1.0
TIMEOUT_SECONDS = 3.0
# Nobody waits longer for a channel to be heard. What a timeline misses until then is found again;
# of the rest, which may be lost with Redis anyway, a client asks for what it shows when it is here.
SETTLE_SECONDS = 0.25
# Between two lines of the log that say that messages were skipped, however many are.
COMPLAINT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Subscribed:
    """This process hears again from now on, and may have missed what was said before."""


class Bus:
    """Nothing is published or heard before `run_forever` knows the names of the channels."""

    def __init__(self, redis_url: str, secrets: Sequence[str]) -> None:
        self._redis_url = redis_url
        self._seal = Seal(secrets)
        # The name of this process among all.
        self.process = uuid4().hex
        self._own_head = messages.head_of(self.process)
        self._prefix: str | None = None
        self._handlers: defaultdict[type, list[Callable[[Any], None]]] = defaultdict(list)
        self._outgoing: asyncio.Queue[Message] = asyncio.Queue(LONGEST_QUEUE)
        # None while there is no connection.
        self._pipe: RedisPipe | None = None
        # Topics by how many follow them, and those where that is news to Redis.
        self._followed = Counter([DESK])
        self._unsaid: set[str] = set()
        # Done when Redis has taken all that it was told of them.
        self._settled: asyncio.Future[None] | None = None
        self._heard = 0.0
        # Messages that were not sealed by one of us, or that nobody here can read.
        self.skipped = 0
        self._complained_at = float("-inf")

    @property
    def is_subscribed(self) -> bool:
        return time.monotonic() - self._heard < SILENCE_SECONDS

    def channel(self, topic: str = DESK) -> str:
        """Its name in Redis, once that is known."""
        assert self._prefix is not None
        return channel_of(self._prefix, topic)

    def subscribe(self, kind: type[M], handler: Callable[[M], None]) -> None:
        """Has each message of a type handed over, this process's own ones too, and `Subscribed`."""
        self._handlers[kind].append(handler)

    # What is heard

    def follow(self, topic: str) -> None:
        """Hears what is said of a topic, until it is unfollowed as often. Never waits."""
        self._followed[topic] += 1
        if self._followed[topic] == 1:
            self._changed(topic)

    def unfollow(self, topic: str) -> None:
        self._followed[topic] -= 1
        if not self._followed[topic]:
            del self._followed[topic]
            self._changed(topic)

    def _changed(self, topic: str) -> None:
        if self._pipe is None:
            return  # Whoever connects asks for all.
        if not self._unsaid:
            self._settled = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(self._say_changes, self._pipe, self._settled)
        self._unsaid.add(topic)

    def _say_changes(self, pipe: RedisPipe, settled: "asyncio.Future[None]") -> None:
        """Those of a turn of the loop together. The answer to PING is behind all before it."""
        topics, self._unsaid = self._unsaid, set()
        wanted = topics & self._followed.keys()
        self._tell(pipe, "SUBSCRIBE", wanted)
        self._tell(pipe, "UNSUBSCRIBE", topics - wanted)
        pipe.ask(("PING",)).add_done_callback(partial(_pass_on, pipe, settled))

    def _tell(self, pipe: RedisPipe, verb: str, topics: Collection[str]) -> None:
        if topics:
            pipe.tell((verb, *map(self.channel, topics)))

    async def settled(self) -> None:
        """Waits until all that was followed so far is heard, but not for long."""
        if self._settled is not None and not self._settled.done():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(SETTLE_SECONDS):
                    await asyncio.shield(self._settled)

    # Out

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

    async def echo_forever(self) -> None:
        while True:
            self._say_alive()
            await asyncio.sleep(ECHO_SECONDS)

    def _say_alive(self) -> None:
        """Also where the connection has ended: whoever publishes finds out."""
        self.publish(Echo())

    # The connection

    async def run_forever(self, find_prefix: Callable[[], Awaitable[str]]) -> None:
        """``find_prefix``: what stands before the names of the channels; asked until it answers."""

        async def find() -> None:
            self._prefix = await find_prefix()

        while self._prefix is None:
            await attempt(find(), log, "not known yet which are our channels")
            if self._prefix is None:
                await asyncio.sleep(RETRY_SECONDS)
        while True:
            try:
                await self._run()
            except (hiredis.HiredisError, OSError) as error:  # `TimeoutError` is one.
                lost = self._outgoing.qsize()
                log.warning("no connection to Redis", error=type(error).__name__, lost=lost)
                self._outgoing = asyncio.Queue(LONGEST_QUEUE)
            except Exception:
                log.exception("the connection to Redis failed")
            await asyncio.sleep(RETRY_SECONDS)

    async def _run(self) -> None:
        """Until the connection is over, or is silent."""
        with contextlib.closing(
            await redis_pipe(self._redis_url, self._take, self._say_alive)
        ) as pipe:
            try:
                self._pipe = pipe
                self._tell(pipe, "SUBSCRIBE", self._followed.keys())
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    await pipe.ask(("PING",))
                self._heard = time.monotonic()
                self._hand_over(Subscribed())
                while self.is_subscribed:
                    await self._publish(pipe)
                log.warning("Redis is silent: connecting anew")
            finally:
                self._pipe = None
                self._heard = 0.0

    async def _publish(self, pipe: RedisPipe) -> None:
        """The first goes out at once, and what gathers in the moment after it as one batch."""
        batch = [await self._outgoing.get()]
        while len(batch) < LONGEST_BATCH and not self._outgoing.empty():
            batch.append(self._outgoing.get_nowait())
        commands = []
        for topic, said in messages.by_topic(batch).items():
            channel = self.channel(topic).encode()
            sealed = self._seal.closed(channel, messages.encode(self.process, said))
            commands.append((b"PUBLISH", channel, sealed))
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await pipe.ask(*commands)
        await asyncio.sleep(GATHER_SECONDS)

    # In

    def _take(self, channel: bytes, sealed: bytes) -> None:
        """Hands over what the others said. Nothing on a channel ends the connection."""
        batch = self._seal.opened(channel, sealed)
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
            log.warning("skipped on a channel", why=why, so_far=self.skipped)


def _pass_on(
    pipe: RedisPipe, settled: "asyncio.Future[None]", answered: "asyncio.Future[None]"
) -> None:
    """Whoever waits goes on, also where the connection ended. One whose answers would be taken for
    those of others, as Redis has refused a channel, is ended.
    """
    if isinstance(answered.exception(), hiredis.ReplyError):
        pipe.close()
    if not settled.done():
        settled.set_result(None)
