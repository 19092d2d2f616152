"""Addresses that nobody has confirmed yet, and the links that confirm them.

Whoever signs up names an address, which may be anybody's. Until a link that was mailed to it has
been used, mails to it hold nothing that people wrote, and are few.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk.access import Actor
from desk.accounts import accounts
from desk.crypto import base64url, derived_key, token_hash
from desk.errors import Malformed
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Input
from models import EmailConfirmation, User

LIFETIME = timedelta(days=3)
# Mails of a day to an address that nobody has confirmed, without those with the links.
MOST_OTHERS = 5
DAY = timedelta(days=1)
NONCE_BYTES = 16
PURPOSE = b"confirm an address, 1"


class Verification(Input):
    token: Annotated[str, StringConstraints(max_length=200)]


def token(secret: str, nonce: bytes) -> str:
    """The token of a link: 256 bits that follow from the nonce and our key alone.

    So the mail can be made again, the same to the byte, and who reads the table can make none.
    """
    return base64url(hmac.digest(derived_key(secret, PURPOSE), nonce, hashlib.sha256))


def sign_up(
    session: Session, new: accounts.Signup, password_hash: str, secret: str, now: datetime
) -> accounts.Profile:
    """A customer who names their address themselves, and is mailed the link that confirms it.

    `Conflict` if the address has an account already.
    """
    profile = accounts.create(session, new.email, new.full_name, password_hash, is_confirmed=False)
    ask(session, profile.id, profile.email, secret, now)
    return profile


def send(session: Session, actor: Actor, secret: str, now: datetime) -> None:
    """Mails a new link; nothing where the address is confirmed, or its person wants no mail."""
    user = session.get_one(User, actor.id)
    if user.email_verified_at is None and user.notify_email:
        ask(session, user.id, user.email, secret, now)


def ask(session: Session, user_id: UUID, email: str, secret: str, now: datetime) -> None:
    """Has a link mailed; one that was sent before is good no more."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    link = {
        "email": email,
        "nonce": nonce,
        "hash": token_hash(token(secret, nonce)),
        "created_at": now,
        "expires_at": now + LIFETIME,
        "mail_id": uuid7(),
        "due_at": now,
        "leased_until": None,
        "attempts": 0,
        "done_at": None,
    }
    row = insert(EmailConfirmation).values(user_id=user_id, others=0, others_since=now, **link)
    session.execute(row.on_conflict_do_update(index_elements=["user_id"], set_=link))
    outbox(session).wakes.add(Job.DRAIN_NOTIFICATIONS)


def verify(session: Session, given: Verification, now: datetime) -> UUID:
    """Spends a token: of two who try, one confirms. Raises `Malformed` (``invalid_token``)."""
    spent = delete(EmailConfirmation).where(EmailConfirmation.hash == token_hash(given.token))
    found = session.execute(
        spent.returning(
            EmailConfirmation.user_id, EmailConfirmation.email, EmailConfirmation.expires_at
        )
    ).one_or_none()
    confirmed: UUID | None = None
    if found is not None and found.expires_at > now:
        confirmed = session.scalar(
            update(User)
            .where(User.id == found.user_id, User.email == found.email)
            .values(email_verified_at=now)
            .returning(User.id)
        )
    if confirmed is None:
        raise Malformed("invalid_token", "This link was used, or is too old: ask for a new one")
    return confirmed


def told(session: Session, user: User, secret: str, now: datetime) -> None:
    """Counts a mail to an address that nobody has confirmed; with no good link, one is mailed."""
    mine = EmailConfirmation.user_id == user.id
    link = session.scalar(select(EmailConfirmation).where(mine).with_for_update())
    if link is None or link.expires_at <= now or link.email != user.email:
        ask(session, user.id, user.email, secret, now)
        link = session.scalars(
            select(EmailConfirmation).where(mine).execution_options(populate_existing=True)
        ).one()
    if link.others_since <= now - DAY:
        link.others, link.others_since = 0, now
    link.others += 1
