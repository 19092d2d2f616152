"""Tokens that are mailed and good once: issued, used by whoever comes first, and dropped.

The tables hold hashes alone (`desk.notifications.account_mails.token`).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.crypto import token_hash
from desk.errors import Malformed
from desk.notifications import account_mails
from desk.notifications.account_mails import Link
from models import OneTimeToken, User

NONCE_BYTES = 16
# Takes a change of the address back: no thief ends it by what else they can do with the account.
UNDO = "email_undo"
Token = Annotated[str, StringConstraints(max_length=200)]


@dataclass(frozen=True, slots=True)
class Use:
    """What a token was for. ``user_id``: None where there is no account yet."""

    user_id: UUID | None
    data: Mapping[str, Any]
    created_at: datetime


USE = (OneTimeToken.user_id, OneTimeToken.data, OneTimeToken.created_at)


def issue(
    session: Session,
    purpose: str,
    user_id: UUID | None,
    secret: str,
    now: datetime,
    lifetime: timedelta,
    *,
    key: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> Link:
    """A token for the mail whose kind is the purpose; the one before is good no more.

    ``key``: what there is one token for, if that is not the account.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    link = Link(nonce, token_hash(account_mails.token(secret, purpose, nonce)))
    fresh = {
        "hash": link.hash,
        "user_id": user_id,
        "data": dict(data or {}),
        "created_at": now,
        "expires_at": now + lifetime,
    }
    row = insert(OneTimeToken).values(purpose=purpose, key=key or str(user_id), **fresh)
    session.execute(row.on_conflict_do_update(index_elements=["purpose", "key"], set_=fresh))
    return link


def purpose_of(session: Session, token: str) -> str | None:
    """What a token was made for, whether or not it is good; None for what is none."""
    query = select(OneTimeToken.purpose).where(OneTimeToken.hash == token_hash(token))
    return session.scalar(query)


def find(session: Session, purpose: str, token: str, now: datetime) -> Use:
    """What a token is for, which is not used by that. Raises `Malformed` (``invalid_token``)."""
    row = session.execute(select(*USE).where(_is_good(purpose, token, now))).one_or_none()
    if row is None:
        raise invalid_token()
    return Use(*row)


def use(session: Session, purpose: str, token: str, now: datetime) -> Use:
    """Uses a token up: of all who try, one does. Raises `Malformed` (``invalid_token``)."""
    gone = delete(OneTimeToken).where(_is_good(purpose, token, now))
    row = session.execute(gone.returning(*USE)).one_or_none()
    if row is None:
        raise invalid_token()
    return Use(*row)


def use_locked(session: Session, purpose: str, token: str, now: datetime) -> tuple[User, Use]:
    """`use`, of an account's; the account, locked first: whoever locks it drops its tokens then.

    Raises as `use`, also where it is no active account any more.
    """
    user_id = find(session, purpose, token, now).user_id
    user = session.get(User, user_id, with_for_update={"key_share": True})
    used = use(session, purpose, token, now)
    if user is None or not user.is_active or user.email is None:
        raise invalid_token()
    return user, used


def drop(session: Session, user_id: UUID) -> None:
    """Ends the tokens of an account, but for `UNDO`."""
    theirs = (OneTimeToken.user_id == user_id, OneTimeToken.purpose != UNDO)
    session.execute(delete(OneTimeToken).where(*theirs))


def drop_since(session: Session, user_id: UUID, issued_at: datetime) -> None:
    """Ends the tokens of an account; of `UNDO` those that were not issued before then."""
    is_newer = or_(OneTimeToken.purpose != UNDO, OneTimeToken.created_at >= issued_at)
    session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id, is_newer))


def kept_for(email: str) -> Select[UUID | None]:
    """The account that left an address and can still come back to it: nobody else takes it."""
    mine = (OneTimeToken.purpose == UNDO, OneTimeToken.key == email)
    return select(OneTimeToken.user_id).where(*mine, OneTimeToken.expires_at > func.now())


def extend(session: Session, purpose: str, key: str, expires_at: datetime) -> None:
    """Has what is still good be good until then."""
    mine = (OneTimeToken.purpose == purpose, OneTimeToken.key == key)
    session.execute(update(OneTimeToken).where(*mine).values(expires_at=expires_at))


def invalid_token() -> Malformed:
    return Malformed("invalid_token", "This link was used, or is too old: ask for a new one")


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what nobody can use any more; the number deleted."""
    old = select(OneTimeToken.hash).where(OneTimeToken.expires_at < now).limit(limit)
    gone = delete(OneTimeToken).where(OneTimeToken.hash.in_(old)).returning(OneTimeToken.hash)
    return len(session.scalars(gone).all())


def _is_good(purpose: str, token: str, now: datetime) -> ColumnElement[bool]:
    return and_(
        OneTimeToken.hash == token_hash(token),
        OneTimeToken.purpose == purpose,
        OneTimeToken.expires_at > now,
    )
