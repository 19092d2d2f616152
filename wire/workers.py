"""Which workers live, as they say themselves in Redis: a sorted set of names by the time.

Celery's own way to ask takes orders from whoever can write to the broker, to shut down as well,
and so it is off.
"""

import time
from typing import Any

import redis

# A worker says so every two seconds (Celery's heartbeat), and is taken for gone after this.
ALIVE_FOR_SECONDS = 10.0


def _key(prefix: str) -> str:
    return f"{prefix}workers"


def say_alive(client: redis.Redis, prefix: str, name: str) -> None:
    now = time.time()
    with client.pipeline(transaction=False) as pipeline:
        pipeline.zadd(_key(prefix), {name: now})
        pipeline.zremrangebyscore(_key(prefix), 0, now - ALIVE_FOR_SECONDS)
        pipeline.execute()


def alive(client: redis.Redis, prefix: str) -> list[str]:
    """The names of the workers that live."""
    names: Any = client.zrangebyscore(_key(prefix), time.time() - ALIVE_FOR_SECONDS, "+inf")
    return sorted(name.decode() for name in names)
