"""The general client of Redis, for what is rare. Hints and limits go over `server.redis_pipe`."""

from typing import Any

from redis import asyncio as aioredis


def redis_client(redis_url: str, timeout: float) -> Any:
    """A client that connects when it is first used, and gives up on an answer after ``timeout``
    seconds. Untyped: the stubs of redis-py give each command two types at once.
    """
    return aioredis.Redis.from_url(
        redis_url, socket_timeout=timeout, socket_connect_timeout=timeout
    )
