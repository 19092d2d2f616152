"""The tables of `schema.sql` as the FastAPI peer maps them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKey, Identity, String, func
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    type_annotation_map = {datetime: TIMESTAMP(timezone=True)}  # noqa: RUF012


class User(Base):
    __tablename__ = "users"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    email: Mapped[str]
    full_name: Mapped[str]
    password_hash: Mapped[str]
    role: Mapped[str]
    is_active: Mapped[bool]


class Ticket(Base):
    __tablename__ = "tickets"
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    number: Mapped[int] = mapped_column(Identity(always=True))
    title: Mapped[str]
    description: Mapped[str]
    category: Mapped[str]
    type: Mapped[str]
    status: Mapped[str] = mapped_column(default="open")
    priority: Mapped[str | None]
    tags: Mapped[list[str]] = mapped_column(ARRAY(String), default=list)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    assigned_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())
    first_response_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    last_seq: Mapped[int] = mapped_column(default=0)


class Event(Base):
    __tablename__ = "events"
    ticket_id: Mapped[UUID] = mapped_column(ForeignKey("tickets.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(server_default=func.uuidv7())
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    client_id: Mapped[str | None]
    content: Mapped[str | None]


class ReadCursor(Base):
    __tablename__ = "read_cursors"
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    ticket_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]


class Notification(Base):
    __tablename__ = "notifications"
    id: Mapped[UUID] = mapped_column(primary_key=True, server_default=func.uuidv7())
    user_id: Mapped[UUID]
    kind: Mapped[str]
    ticket_id: Mapped[UUID]
    actor_id: Mapped[UUID | None]
