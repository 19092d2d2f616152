"""Remembers, for a client that was cut off because it did not read, what it has to catch up on."""

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from redis import asyncio as aioredis

log = structlog.get_logger("server.resync")

REMEMBERED_SECONDS = 3600
TIMEOUT_SECONDS = 1.0


def _key(session_id: UUID) -> str:
    return f"resync:{session_id}"


class Resync:
    """In Redis, as the client may come back to another process. Without Redis it is on its own:
    a client that joins with its last number misses nothing anyway.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis: Any = aioredis.Redis.from_url(
            redis_url,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
        )
        self._writing: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        await self._redis.aclose()

    def remember(self, session_id: UUID, ticket_ids: Iterable[UUID]) -> None:
        """Never waits."""
        names = [str(ticket_id) for ticket_id in ticket_ids]
        if names:
            task = asyncio.create_task(self._remember(_key(session_id), names))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    async def _remember(self, key: str, names: list[str]) -> None:
        try:
            async with self._redis.pipeline() as pipeline:
                await pipeline.sadd(key, *names).expire(key, REMEMBERED_SECONDS).execute()
        except (aioredis.RedisError, OSError) as error:
            log.warning("not remembered", error=type(error).__name__)

    async def recall(self, session_id: UUID) -> list[str]:
        """The tickets to catch up on, once."""
        key = _key(session_id)
        try:
            async with self._redis.pipeline() as pipeline:
                found, _ = await pipeline.smembers(key).delete(key).execute()
        except (aioredis.RedisError, OSError):
            return []
        return [name.decode() for name in found]
