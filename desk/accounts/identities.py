"""Visitors whom a site names to us, by a token that it has signed.

They are the site's own people: found by its own id of them (the subject), with no log-in here, and
no account that has the same address. What the site says of their name and address is taken over; it
answers for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.accounts import sessions
from desk.accounts.full_names import FullName
from desk.accounts.sessions import Client, Issued
from desk.crypto import token_hash
from desk.errors import Unauthenticated
from desk.text import Email
from models import Role, SpentIdentityToken, User

# How far ahead a token may expire.
LONGEST_LIFE = timedelta(minutes=10)
# Of whom the site says none.
NO_NAME = "Visitor"


@dataclass(frozen=True, slots=True)
class Identity:
    """What a good token says. ``token_id``: its own, which is good once."""

    subject: str
    token_id: str
    expires_at: datetime
    email: Email | None
    name: FullName | None


@dataclass(frozen=True, slots=True)
class Generation:
    """The session that a browser brings along."""

    session_id: UUID
    user_id: UUID
    number: int


def identify(
    session: Session,
    identity: Identity,
    brought: Generation | None,
    lifetime: timedelta,
    now: datetime,
    client: Client = sessions.UNKNOWN,
    *,
    longest: timedelta = sessions.LONGEST,
) -> Issued:
    """Signs in whom the site names; made at first sight. A session of theirs goes on.

    One of somebody else's ends. Raises `Unauthenticated` for a token that was used, and for who was
    shut out.
    """
    _spend(session, identity)
    user = _person(session, identity, now)
    if not user.is_active:
        raise refused()
    if brought is not None and brought.user_id == user.id:
        goes_on = sessions.refresh(
            session,
            brought.session_id,
            brought.number,
            lifetime,
            now,
            user_id=user.id,
            longest=longest,
        )
        if goes_on is not None:
            return goes_on
    elif brought is not None:
        sessions.log_out(session, brought.session_id, now)
    session.flush()  # To open a session locks the row, and reads it anew.
    return sessions.open_session(session, user.id, lifetime, now, client=client)


def refused() -> Unauthenticated:
    return Unauthenticated("invalid_identity", "The site's token is not valid")


def _spend(session: Session, identity: Identity) -> None:
    """Of two that try, one goes on."""
    spent = insert(SpentIdentityToken).values(
        hash=token_hash(identity.token_id), expires_at=identity.expires_at
    )
    spent = spent.on_conflict_do_nothing()
    if session.scalar(spent.returning(SpentIdentityToken.hash)) is None:
        raise refused()


def _person(session: Session, identity: Identity, now: datetime) -> User:
    theirs = select(User).where(User.identity_subject == identity.subject)
    user = session.scalar(theirs)
    if user is None:
        new = insert(User).values(
            identity_subject=identity.subject,
            full_name=identity.name or NO_NAME,
            role=Role.USER,
        )
        session.execute(new.on_conflict_do_nothing())
        user = session.scalars(theirs).one()
    if identity.name is not None and user.full_name != identity.name:
        user.full_name = identity.name
    if identity.email is not None and user.visitor_email != identity.email:
        user.visitor_email, user.email_verified_at = identity.email, now
    return user


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what nobody can use again, as it is over; the number deleted."""
    old = select(SpentIdentityToken.hash).where(SpentIdentityToken.expires_at < now - LONGEST_LIFE)
    gone = delete(SpentIdentityToken).where(SpentIdentityToken.hash.in_(old.limit(limit)))
    return len(session.scalars(gone.returning(SpentIdentityToken.hash)).all())
