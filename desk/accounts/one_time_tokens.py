"""Tokens that are mailed and good once: issued, used by whoever comes first, and dropped.

The tables hold hashes alone (`desk.notifications.account_mails.token`).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.crypto import token_hash
from desk.errors import Malformed
from desk.notifications import account_mails
from desk.notifications.account_mails import Link
from models import OneTimeToken

NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Use:
    """What a token was for. ``user_id``: None where there is no account yet."""

    user_id: UUID | None
    data: Mapping[str, Any]


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


def find(session: Session, purpose: str, token: str, now: datetime) -> Use:
    """What a token is for, which is not used by that. Raises `Malformed` (``invalid_token``)."""
    query = select(OneTimeToken.user_id, OneTimeToken.data)
    row = session.execute(query.where(_is_good(purpose, token, now))).one_or_none()
    if row is None:
        raise invalid_token()
    return Use(*row)


def use(session: Session, purpose: str, token: str, now: datetime) -> Use:
    """Uses a token up: of all who try, one does. Raises `Malformed` (``invalid_token``)."""
    gone = delete(OneTimeToken).where(_is_good(purpose, token, now))
    row = session.execute(gone.returning(OneTimeToken.user_id, OneTimeToken.data)).one_or_none()
    if row is None:
        raise invalid_token()
    return Use(*row)


def drop_all(session: Session, user_id: UUID) -> None:
    """Ends all tokens of an account."""
    session.execute(delete(OneTimeToken).where(OneTimeToken.user_id == user_id))


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
