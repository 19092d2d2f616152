"""The names of the rooms of Socket.IO: one for each ticket and audience, one for each person."""

from uuid import UUID

from desk.access import Audience


def ticket_room(ticket_id: UUID, audience: Audience) -> str:
    return f"ticket:{ticket_id}:{audience}"


def user_room(user_id: UUID | str) -> str:
    return f"user:{user_id}"
