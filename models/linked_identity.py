"""Accounts at the staff's identity provider, and whose they are here."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class LinkedIdentity(Base):
    __tablename__ = "identities"
    __table_args__ = (
        # An account is linked once to a provider. Another provider is another matter.
        Index("uq_identities_user", "user_id", "issuer", unique=True),
    )

    # Together what OpenID Connect knows somebody by, for good; an address is not.
    issuer: Mapped[str] = mapped_column(String(255), primary_key=True)
    subject: Mapped[str] = mapped_column(String(255), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    linked_at: Mapped[datetime]
