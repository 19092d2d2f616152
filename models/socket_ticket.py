"""Socket tickets: each opens one plain WebSocket, once and soon."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class SocketTicket(Base):
    __tablename__ = "socket_tickets"
    __table_args__ = (
        # Pruning.
        Index("ix_socket_tickets_expires_at", "expires_at"),
    )

    # Of what the client was given: who reads the table can open nothing with it.
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    session_id: Mapped[UUID] = mapped_column(ForeignKey("auth_sessions.id", ondelete="CASCADE"))
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime]
    # When the access token expires that it was asked for with: no socket outlives it.
    socket_until: Mapped[datetime]
