"""What is said on the Redis channel, and the names of the Socket.IO rooms behind it."""

from typing import Any
from uuid import UUID

from desk.access import Audience

NAMESPACE = "/tickets"
TIMELINE = "timeline"
NOTIFICATION = "notification"
TICKET_CHANGED = "ticket_changed"
SIGNED_OUT = "signed_out"
PRESENCE = "presence"
READ = "read"
TYPING = "typing"
RESYNC = "resync"


def channel_of(prefix: str) -> str:
    """``prefix``: tells this desk from others: pub/sub of Redis knows no database numbers."""
    return f"{prefix}:live"


def emission(event: str, data: object, rooms: tuple[str, ...], skip: str | None) -> dict[str, Any]:
    """Asks the other processes to emit to their sockets in the rooms, but not to ``skip``."""
    return {"method": "emit", "event": event, "data": data, "rooms": rooms, "skip": skip}


def ticket_room(ticket_id: UUID, audience: Audience) -> str:
    return f"ticket:{ticket_id}:{audience}"


def user_room(user_id: UUID | str) -> str:
    return f"user:{user_id}"
