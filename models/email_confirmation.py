"""Links by which people confirm their addresses: one per person, and the queue of their mails."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Leased


class EmailConfirmation(Leased, Base):
    __tablename__ = "email_confirmations"
    __table_args__ = (
        # What is still to be mailed.
        Index("ix_email_confirmations_due", "due_at", postgresql_where="done_at is null"),
    )

    # A newer link takes the older one's place.
    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    # What it confirms: it dies with another address.
    email: Mapped[str] = mapped_column(String(254))
    # The token is made of this with our key, at each attempt to mail it; here is only its hash.
    nonce: Mapped[bytes]
    hash: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    mail_id: Mapped[UUID] = mapped_column(unique=True)

    # Other mails to the address, since then.
    others: Mapped[int] = mapped_column(SmallInteger, default=0)
    others_since: Mapped[datetime]
