"""What an account signs in with besides its password, or instead: codes of an app, and passkeys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Index, SmallInteger, String
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Key


class Totp(Base):
    """The secret that an app makes codes of (RFC 6238)."""

    __tablename__ = "totp"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    # Sealed, see `desk.factors.sealing`.
    secret: Mapped[bytes]
    created_at: Mapped[datetime]
    # Null: not in force yet.
    confirmed_at: Mapped[datetime | None]
    # Of the code that was taken last: none of it or before is taken again.
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    # Wrong codes, of whatever kind, since a moment.
    failed: Mapped[int] = mapped_column(SmallInteger, default=0)
    failed_since: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code for who has lost the app, good once."""

    __tablename__ = "recovery_codes"

    user_id: Mapped[UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    hash: Mapped[bytes] = mapped_column(primary_key=True)


class LoginChallenge(Base):
    """Somebody knew a password, and is asked for a code."""

    __tablename__ = "login_challenges"
    __table_args__ = (
        Index("ix_login_challenges_expires_at", "expires_at"),
        # Those of an account die with its second factor.
        Index("ix_login_challenges_user_id", "user_id"),
    )

    # Of what the client was given.
    hash: Mapped[bytes] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    # Of what the password was checked against: another password makes this void.
    password: Mapped[bytes]
    expires_at: Mapped[datetime]
    # Whether the browser had not signed the account in before.
    is_new: Mapped[bool] = mapped_column(default=False)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)


class Passkey(Base):
    """A public key whose owner signs in by it (WebAuthn)."""

    __tablename__ = "passkeys"
    __table_args__ = (Index("ix_passkeys_user_id", "user_id"),)

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    # What it says of how often it was used; 0: it does not count.
    sign_count: Mapped[int] = mapped_column(BigInteger)
    # How a browser reaches it, in WebAuthn's words.
    transports: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]


class PasskeyChallenge(Base):
    """What a passkey is asked to sign, once."""

    __tablename__ = "passkey_challenges"
    __table_args__ = (Index("ix_passkey_challenges_expires_at", "expires_at"),)

    hash: Mapped[bytes] = mapped_column(primary_key=True)
    # Whose new passkey it is for; null: for a sign-in.
    session_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth_sessions.id", ondelete="CASCADE")
    )
    expires_at: Mapped[datetime]
