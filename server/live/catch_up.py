"""Remembers, for a client that was cut off because it did not read, what it has to catch up on."""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from uuid import UUID

import structlog
from redis import asyncio as aioredis

from server.background import Background
from server.redis_clients import redis_client

log = structlog.get_logger("server.live.catch_up")

REMEMBERED_SECONDS = 3600
# Tickets of one session, whose sockets may join some hundred each.
MOST_REMEMBERED = 100_000
TIMEOUT_SECONDS = 1.0

Then = Callable[[list[str]], Coroutine[Any, Any, None]]


class CatchUp:
    """In Redis, as the client may come back to another process. Without Redis it is on its own:
    a client that joins with its last number misses nothing anyway.
    """

    def __init__(self, redis_url: str, background: Background, prefix: str = "") -> None:
        self._prefix = prefix
        self._redis: Any = redis_client(redis_url, TIMEOUT_SECONDS)
        self._background = background
        self._asked: list[tuple[UUID, Then]] = []
        self._is_asking = False

    async def close(self) -> None:
        await self._redis.aclose()

    def _key(self, session_id: UUID) -> str:
        return f"{self._prefix}resync:{session_id}"

    def remember(self, session_id: UUID, ticket_ids: Iterable[UUID]) -> None:
        """Never waits."""
        names = [str(ticket_id) for ticket_id in ticket_ids]
        if names:
            self._background.start(self._remember(self._key(session_id), names))

    async def _remember(self, key: str, names: list[str]) -> None:
        try:
            async with self._redis.pipeline() as pipeline:
                await pipeline.sadd(key, *names).expire(key, REMEMBERED_SECONDS).execute()
        except (aioredis.RedisError, OSError) as error:
            log.warning("not remembered", error=type(error).__name__)

    def recall(self, session_id: UUID, then: Then) -> None:
        """Runs ``then`` once with the tickets that a session has to catch up on, if there are any.

        Never waits. Those who connect while the last are asked for are asked for together.
        """
        self._asked.append((session_id, then))
        if not self._is_asking:
            self._is_asking = True
            self._background.start(self._recall())

    async def _recall(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked, []
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for session_id, _ in asked:
                        # All of them, and so the key too.
                        pipeline.spop(self._key(session_id), MOST_REMEMBERED)
                    answers = await pipeline.execute()
                for (_, then), names in zip(asked, answers, strict=True):
                    if names:
                        self._background.start(then([name.decode() for name in names]))
        except (aioredis.RedisError, OSError):
            self._asked = []
        finally:
            self._is_asking = False
