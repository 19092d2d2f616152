"""What the processes keep in Redis of who looks at tickets: see `wire.presence`.

Each method raises `RedisError` or OSError where Redis does not answer.
"""

import contextlib
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from redis import asyncio as aioredis

from server.redis_clients import redis_client
from wire import codec
from wire.presence import (
    ALIVE_FOR_SECONDS,
    FORGOTTEN_AFTER_SECONDS,
    Seen,
    decoded,
    process_key,
    ticket_key,
)

TIMEOUT_SECONDS = 2.0


class PresenceStore:
    """``process``: the name of this one among all."""

    def __init__(self, redis_url: str, prefix: str, process: str) -> None:
        self._redis: Any = redis_client(redis_url, TIMEOUT_SECONDS)
        self._prefix = prefix
        self._process = process

    async def close(self) -> None:
        """Takes back the sign of life, so that the others need not wait for its end."""
        with contextlib.suppress(aioredis.RedisError, OSError):
            await self._redis.delete(process_key(self._process, self._prefix))
        await self._redis.aclose()

    async def say(self, words: Mapping[UUID, Seen]) -> None:
        """Keeps what this process says of tickets."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for ticket_id, seen in words.items():
                key = ticket_key(ticket_id, self._prefix)
                if seen.viewers:
                    pipeline.hset(key, self._process, codec.encode(seen))
                    pipeline.expire(key, FORGOTTEN_AFTER_SECONDS)
                else:
                    pipeline.hdel(key, self._process)
            await pipeline.execute()

    async def said(self, ticket_ids: Iterable[UUID]) -> list[dict[str, Seen]]:
        """What the others that live say of each of the tickets."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for ticket_id in ticket_ids:
                pipeline.hgetall(ticket_key(ticket_id, self._prefix))
            found = [decoded(fields) for fields in await pipeline.execute()]
        names = {name for words in found for name in words} - {self._process}
        gone = await self.dead(names) | {self._process}
        return [{name: words[name] for name in words.keys() - gone} for words in found]

    async def stay_alive(self) -> bool:
        """Says that this process lives. False: the others have forgotten what it said."""
        key = process_key(self._process, self._prefix)
        return bool(await self._redis.set(key, 1, ex=ALIVE_FOR_SECONDS, get=True))

    async def dead(self, processes: set[str]) -> set[str]:
        """Those of the processes that have given no sign of life for too long."""
        if not processes:
            return set()
        names = list(processes)
        alive = await self._redis.mget([process_key(name, self._prefix) for name in names])
        return {name for name, answer in zip(names, alive, strict=True) if answer is None}
