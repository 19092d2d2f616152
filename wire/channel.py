"""Names on the Redis channel and of the Socket.IO rooms behind it."""

from uuid import UUID

from desk.access import Audience

CHANNEL = "desk"
NAMESPACE = "/tickets"
TIMELINE = "timeline"
NOTIFICATION = "notification"
TICKET_CHANGED = "ticket_changed"
SIGNED_OUT = "signed_out"
PRESENCE = "presence"
READ = "read"
TYPING = "typing"
RESYNC = "resync"


def ticket_room(ticket_id: UUID, audience: Audience) -> str:
    return f"ticket:{ticket_id}:{audience}"


def user_room(user_id: UUID | str) -> str:
    return f"user:{user_id}"
