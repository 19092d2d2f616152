"""People: customers, and the staff with their availability for assignment."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key, one_of

DEFAULT_CAPACITY = 50


class Role(StrEnum):
    USER = "user"
    CSR = "csr"
    ADMIN = "admin"


class User(Base):
    __tablename__ = "users"
    __table_args__ = (
        # One account whatever the case: the rules store addresses in lower case.
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("capacity >= 0", name="capacity_not_negative"),
        # The candidates of an assignment, and the list of agents.
        Index("ix_users_staff", "role", "id", postgresql_where="role <> 'user'"),
        # The admins' list of accounts, and its filters.
        Index("ix_users_created", "created_at", "id"),
        Index("ix_users_role_created", "role", "created_at", "id"),
        Index("ix_users_active_created", "is_active", "created_at", "id"),
        # How the words of a name and an address begin; the function is our own.
        Index("ix_users_words", text("person_words(full_name, email)"), postgresql_using="gin"),
    )

    id: Mapped[Key]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    # Until it is confirmed, or where an admin named it, that it is theirs: see
    # `desk.notifications.confirmations`.
    email_verified_at: Mapped[datetime | None]
    full_name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(100))
    role: Mapped[Role] = mapped_column(one_of(Role, "role", is_closed=True), default=Role.USER)
    is_active: Mapped[bool] = mapped_column(default=True)
    notify_email: Mapped[bool] = mapped_column(default=True)

    # Used for CSRs only. The one with the lowest turn is next in a round robin.
    available: Mapped[bool] = mapped_column(default=True)
    capacity: Mapped[int] = mapped_column(default=DEFAULT_CAPACITY)
    turn: Mapped[int] = mapped_column(default=0)
    # Came, came back or got room for more, and has fewer tickets than the others for that reason
    # alone. Least loaded does not make up for it: see docs/decisions.
    catching_up: Mapped[bool] = mapped_column(default=True)
    last_assigned_at: Mapped[datetime | None]

    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
