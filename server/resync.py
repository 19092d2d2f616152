"""Remembers, for a client that was cut off because it did not read, what it has to catch up on."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from redis import asyncio as aioredis

from server.background import Background
from server.clients import redis_client

log = structlog.get_logger("server.resync")

REMEMBERED_SECONDS = 3600
TIMEOUT_SECONDS = 1.0


def _key(session_id: UUID) -> str:
    return f"resync:{session_id}"


class Resync:
    """In Redis, as the client may come back to another process. Without Redis it is on its own:
    a client that joins with its last number misses nothing anyway.
    """

    def __init__(self, redis_url: str, background: Background) -> None:
        self._redis: Any = redis_client(redis_url, TIMEOUT_SECONDS)
        self._background = background

    async def close(self) -> None:
        await self._redis.aclose()

    def remember(self, session_id: UUID, ticket_ids: Iterable[UUID]) -> None:
        """Never waits."""
        names = [str(ticket_id) for ticket_id in ticket_ids]
        if names:
            self._background.start(self._remember(_key(session_id), names))

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
