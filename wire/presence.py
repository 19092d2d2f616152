"""Who is looking at a ticket, on whichever process: a hash in Redis for each ticket.

``presence:{ticket_id}`` is a hash. A field is a person's id; its value, in decimals, is the unix
time until which the person counts as present. A web process writes it while a socket of the
person is in the ticket's room, and writes it anew before that time; so the word of a process that
died ends by itself.
"""

import time
from uuid import UUID

import redis
import structlog

log = structlog.get_logger("wire.presence")


def presence_key(ticket_id: UUID) -> str:
    return f"presence:{ticket_id}"


def is_present(redis_client: redis.Redis, ticket_id: UUID, user_id: UUID) -> bool:
    """Whether the person is in the ticket's room. Without Redis nobody is known to be."""
    try:
        until = redis_client.hget(presence_key(ticket_id), str(user_id))
        return until is not None and float(until) > time.time()
    except (redis.RedisError, OSError, ValueError) as error:
        log.warning("presence unknown", error=type(error).__name__)
        return False
