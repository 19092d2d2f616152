"""Keys of programs: each has an account of its own, by whose name it acts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Scope(StrEnum):
    """What a key may be used for."""

    TICKETS_READ = "tickets:read"
    TICKETS_WRITE = "tickets:write"
    MESSAGES_WRITE = "messages:write"
    PEOPLE_READ = "people:read"
    ADMIN = "admin"


class ApiKey(Base):
    """A key that is good until it is deleted. Its name and role are those of its account."""

    __tablename__ = "api_keys"
    __table_args__ = (
        # What a request brings is looked up by how it begins.
        Index("ix_api_keys_prefix", "prefix"),
    )

    # Stands where the id of a session does for people: `desk.access.Actor`.
    id: Mapped[Key]
    # The characters that are shown, and the whole key's hash: nobody can show it again.
    prefix: Mapped[str] = mapped_column(String(16))
    hash: Mapped[bytes]
    # The account of kind `program`. It stays when the key goes, as it stands in timelines.
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), unique=True)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    # The key can do no more than this admin may at the time.
    created_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    # To the minute.
    last_used_at: Mapped[datetime | None]
