"""The FastAPI peer's plain WebSocket chat: rooms in memory, a message in one transaction."""

from collections import defaultdict
from typing import Any
from uuid import UUID

from fastapi import WebSocket
from fastapi_tables import Event, Notification, Ticket, User
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession


class NewMessage(BaseModel):
    model_config = ConfigDict(extra="forbid")
    content: str = Field(min_length=1, max_length=10_000)
    client_id: str | None = Field(None, max_length=64)


class Rooms:
    def __init__(self) -> None:
        self._sockets: dict[UUID, set[WebSocket]] = defaultdict(set)

    def enter(self, ticket_id: UUID, socket: WebSocket) -> None:
        self._sockets[ticket_id].add(socket)

    def leave(self, ticket_id: UUID, socket: WebSocket) -> None:
        self._sockets[ticket_id].discard(socket)

    async def broadcast(self, ticket_id: UUID, message: dict[str, Any]) -> None:
        for socket in list(self._sockets[ticket_id]):
            await socket.send_json(message)


async def may_see(session: AsyncSession, user: User, ticket_id: UUID) -> bool:
    ticket = await session.get(Ticket, ticket_id)
    return ticket is not None and (user.role != "user" or ticket.user_id == user.id)


async def post(
    session: AsyncSession, user: User, ticket_id: UUID, new: NewMessage
) -> dict[str, Any]:
    """Keeps the message and the other side's notification; the ticket's row lock numbers it."""
    ticket = await session.scalar(select(Ticket).where(Ticket.id == ticket_id).with_for_update())
    assert ticket is not None
    ticket.last_seq += 1
    event = Event(
        ticket_id=ticket_id,
        seq=ticket.last_seq,
        kind="message_posted",
        actor_id=user.id,
        client_id=new.client_id,
        content=new.content,
    )
    session.add(event)
    told = ticket.assigned_to_id if user.id == ticket.user_id else ticket.user_id
    if told is not None and told != user.id:
        session.add(
            Notification(user_id=told, kind="message_posted", ticket_id=ticket_id, actor_id=user.id)
        )
    await session.commit()
    return {
        "id": str(event.id),
        "ticket_id": str(ticket_id),
        "sender_id": str(user.id),
        "content": event.content,
        "timestamp": event.at.isoformat(),
        "seq": event.seq,
        "client_id": event.client_id,
    }
