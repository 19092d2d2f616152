"""Who looks at a ticket, as the processes tell each other through Redis.

``presence:ticket:{ticket_id}`` is a hash: a field per web process, its value the people who look
at the ticket through it. ``presence:process:{process}`` exists while that process lives: what a
killed process left behind in a hash counts no longer.
"""

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis

from wire import codec
from wire.shapes import Viewer

# A process says that it lives this often, and is taken for dead after that long.
ALIVE_EVERY_SECONDS = 2.0
ALIVE_FOR_SECONDS = 6
# Leftovers of the dead go at last with their ticket's hash.
FORGOTTEN_AFTER_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Seen:
    """What one process says of one ticket. ``version`` grows with each word of that process."""

    version: int
    viewers: tuple[Viewer, ...]
    # Those of the viewers who are in front of none of their pages; an older process says nothing.
    idle: tuple[UUID, ...] = ()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Seen":
        viewers = tuple(map(Viewer.from_json, data["viewers"]))
        return cls(data["version"], viewers, tuple(map(UUID, data.get("idle", ()))))


def ticket_key(ticket_id: UUID, prefix: str = "") -> str:
    return f"{prefix}presence:ticket:{ticket_id}"


def process_key(process: str, prefix: str = "") -> str:
    return f"{prefix}presence:process:{process}"


def decoded(fields: Mapping[bytes, bytes]) -> dict[str, Seen]:
    """A ticket's hash, by process, without what this one cannot read: a newer one's, perhaps."""
    words = {}
    for process, value in fields.items():
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            words[process.decode()] = Seen.from_json(codec.loads_own(value))
    return words


def together(words: Iterable[Seen]) -> list[Viewer]:
    """Everybody once, however many tabs and processes they look through."""
    everybody = {viewer.user_id: viewer for seen in words for viewer in seen.viewers}
    return sorted(everybody.values(), key=lambda viewer: (viewer.full_name, viewer.user_id))


def idle_together(words: Iterable[Seen]) -> list[UUID]:
    """Who is idle wherever they look."""
    words = list(words)
    here = {v.user_id for seen in words for v in seen.viewers if v.user_id not in seen.idle}
    return sorted({user_id for seen in words for user_id in seen.idle} - here)


def is_present(client: redis.Redis, ticket_id: UUID, user_id: UUID, prefix: str = "") -> bool:
    """Whether the person looks at the ticket now; False where Redis cannot tell."""
    try:
        words: Any = client.hgetall(ticket_key(ticket_id, prefix))
        seen_through = (
            process
            for process, seen in decoded(words).items()
            if any(viewer.user_id == user_id for viewer in seen.viewers)
        )
        return any(client.exists(process_key(process, prefix)) for process in seen_through)
    except (redis.RedisError, OSError):
        return False
