"""Passkeys (WebAuthn): added while signed in, and signed in with. What is signed is checked outside
(`server.identity.passkey_checks`); here is whose they are and what each challenge is good for.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from sqlalchemy import delete, func, literal, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts.sessions import Issued
from desk.crypto import token_hash
from desk.errors import Conflict, Forbidden, NotFound, Unauthenticated
from desk.factors.notices import tell
from desk.factors.sign_in import SignIn, opened
from desk.text import Text
from models import AuthSession, Passkey, PasskeyChallenge, Role, User

CHALLENGE_BYTES = 32
LIFETIME = timedelta(minutes=5)
MOST_PASSKEYS = 20
# Who changes what one signs in with has just signed in, or gives the password.
FRESH = timedelta(minutes=10)

PasskeyName = Annotated[str, Text(100)]


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """What a browser has made, and was found good."""

    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: list[str]


@dataclass(frozen=True, slots=True)
class PasskeyView:
    id: UUID
    name: str
    created_at: datetime
    last_used_at: datetime | None

    @classmethod
    def of(cls, passkey: Passkey) -> Self:
        return cls(passkey.id, passkey.name, passkey.created_at, passkey.last_used_at)


@dataclass(frozen=True, slots=True)
class Owner:
    """What an authenticator shows of an account, and how it names it to us."""

    user_id: UUID
    email: str
    full_name: str
    # Credential ids with their transports: of these there need be no second one.
    known: Sequence[tuple[bytes, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class KnownPasskey:
    """What a signature is checked with."""

    id: UUID
    user_id: UUID
    public_key: bytes
    sign_count: int
    # Whether its account is one of the staff's.
    is_staff: bool


def challenge(session: Session, session_id: UUID | None, now: datetime) -> bytes:
    """What is to be signed, once and soon: for a new passkey of a session's, or for a sign-in."""
    made = secrets.token_bytes(CHALLENGE_BYTES)
    session.add(
        PasskeyChallenge(hash=_hash(made), session_id=session_id, expires_at=now + LIFETIME)
    )
    return made


def spend(session: Session, made: bytes, session_id: UUID | None, now: datetime) -> bool:
    """Whether that was to be signed; it is not to be signed again."""
    spent = delete(PasskeyChallenge).where(
        PasskeyChallenge.hash == _hash(made),
        PasskeyChallenge.session_id.is_not_distinct_from(session_id),
    )
    expires_at = session.scalar(spent.returning(PasskeyChallenge.expires_at))
    return expires_at is not None and expires_at > now


def owner(session: Session, actor: Actor) -> Owner:
    """Whose a new passkey will be. Raises `Forbidden` for a visitor, who has no log-in."""
    user = session.get_one(User, actor.id)
    if user.email is None:
        raise Forbidden("visitor", "A visitor has no log-in; make an account")
    known = [(passkey.credential_id, passkey.transports) for passkey in _of(session, actor.id)]
    return Owner(user.id, user.email, user.full_name, known)


def is_fresh(session: Session, actor: Actor, now: datetime) -> bool:
    """Whether who asks has signed in a moment ago."""
    opened = session.scalar(
        select(AuthSession.created_at).where(AuthSession.id == actor.session_id)
    )
    return opened is not None and opened + FRESH > now


def add(session: Session, actor: Actor, new: NewPasskey, now: datetime) -> PasskeyView:
    """Raises `Conflict`: ``passkey_known``, ``too_many_passkeys``."""
    # Locked, so that two at once are counted one after the other.
    session.get_one(User, actor.id, with_for_update={"key_share": True})
    count = session.scalar(
        select(func.count()).select_from(Passkey).where(Passkey.user_id == actor.id)
    )
    if (count or 0) >= MOST_PASSKEYS:
        raise Conflict("too_many_passkeys", f"An account has at most {MOST_PASSKEYS} passkeys")
    values = {
        "user_id": actor.id,
        "credential_id": new.credential_id,
        "public_key": new.public_key,
        "sign_count": new.sign_count,
        "transports": new.transports,
        "name": new.name,
        "created_at": now,
    }
    added = insert(Passkey).values(values).on_conflict_do_nothing().returning(Passkey)
    passkey = session.scalar(added)
    if passkey is None:
        raise Conflict("passkey_known", "This passkey is known already")
    subject = ("passkey", passkey.id)
    tell(session, actor.id, "passkey_added", now, actor_id=actor.id, subject=subject)
    return PasskeyView.of(passkey)


def has_some(session: Session, user_id: UUID) -> bool:
    return bool(_of(session, user_id))


def _of(session: Session, user_id: UUID) -> Sequence[Passkey]:
    query = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return session.scalars(query).all()


def listed(session: Session, actor: Actor) -> list[PasskeyView]:
    return [PasskeyView.of(passkey) for passkey in _of(session, actor.id)]


def remove(session: Session, actor: Actor, passkey_id: UUID, now: datetime) -> None:
    gone = delete(Passkey).where(Passkey.id == passkey_id, Passkey.user_id == actor.id)
    if session.scalar(gone.returning(Passkey.id)) is None:
        raise not_found()
    subject = ("passkey", passkey_id)
    tell(session, actor.id, "passkey_removed", now, actor_id=actor.id, subject=subject)


def known(session: Session, credential_id: bytes) -> KnownPasskey | None:
    columns = (Passkey.id, Passkey.user_id, Passkey.public_key, Passkey.sign_count)
    query = select(*columns, User.role != Role.USER).join(User, User.id == Passkey.user_id)
    row = session.execute(query.where(Passkey.credential_id == credential_id)).one_or_none()
    return KnownPasskey(*row) if row else None


def sign_in(
    session: Session, passkey: KnownPasskey, sign_count: int, how: SignIn, now: datetime
) -> Issued:
    """Opens a session for a signature that was found good.

    Raises `Unauthenticated` if the passkey was taken away, its account is not active, or it counts
    and has counted back: then there are two of it.
    """
    user = session.get(User, passkey.user_id, with_for_update={"read": True})
    used = (
        update(Passkey)
        .where(
            Passkey.id == passkey.id,
            or_(Passkey.sign_count == 0, Passkey.sign_count < sign_count, literal(sign_count) == 0),
        )
        .values(sign_count=sign_count, last_used_at=now)
    )
    if user is None or not user.is_active:
        raise invalid_passkey()
    if session.scalar(used.returning(Passkey.id)) is None:
        raise invalid_passkey()
    return opened(session, user.id, None, how, "passkey", now)


def not_found() -> NotFound:
    return NotFound("passkey_not_found", "Passkey not found")


def invalid_passkey() -> Unauthenticated:
    return Unauthenticated("invalid_passkey", "This passkey is not valid here")


def _hash(made: bytes) -> bytes:
    return token_hash(made.hex())
