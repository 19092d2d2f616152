"""The links by which people confirm their addresses, and the queue of the mails that hold them.

Whoever signs up names an address, which may be anybody's. Until a link that was mailed to it has
been used, mails to it hold nothing that people wrote, and are few.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk import leases
from desk.crypto import base64url, derived_key, token_hash
from desk.jobs import Job
from desk.leases import MOST_ATTEMPTS
from desk.outbox import outbox
from models import EmailConfirmation, Outcome, User

LIFETIME = timedelta(days=3)
# Mails of a day to an address that nobody has confirmed, without those with the links.
MOST_OTHERS = 5
DAY = timedelta(days=1)
NONCE_BYTES = 16
PURPOSE = b"confirm an address, 1"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a mailer needs to ask whether an address is its owner's."""

    id: UUID
    user_id: UUID
    to_email: str
    nonce: bytes
    hash: bytes
    asked_at: datetime
    # Somebody wrote with the address; else they made an account with it.
    is_visitor: bool


def token(secret: str, nonce: bytes) -> str:
    """The token of a link: 256 bits that follow from the nonce and our key alone.

    So the mail can be made again, the same to the byte, and who reads the table can make none.
    """
    return base64url(hmac.digest(derived_key(secret, PURPOSE), nonce, hashlib.sha256))


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


def count_mail(session: Session, user: User, secret: str, now: datetime) -> None:
    """Counts a mail to an address that nobody has confirmed; with no good link, one is mailed."""
    assert user.address is not None  # There is one to which the mail goes.
    mine = EmailConfirmation.user_id == user.id
    link = session.scalar(select(EmailConfirmation).where(mine).with_for_update())
    if link is None or link.expires_at <= now or link.email != user.address:
        ask(session, user.id, user.address, secret, now)
        link = session.scalars(
            select(EmailConfirmation).where(mine).execution_options(populate_existing=True)
        ).one()
    if link.others_since <= now - DAY:
        link.others, link.others_since = 0, now
    link.others += 1


def is_enough(now: datetime) -> ColumnElement[bool]:
    """Whether a `User` has got as many mails of a day as there are without a confirmation.

    A visitor, who had to prove nothing to be heard, gets none but the link.
    """
    has_many = exists().where(
        EmailConfirmation.user_id == User.id,
        EmailConfirmation.others >= MOST_OTHERS,
        EmailConfirmation.others_since > now - DAY,
    )
    return and_(User.email_verified_at.is_(None), or_(User.email.is_(None), has_many))


def lease(session: Session, now: datetime) -> Confirmation | None:
    """Takes the next; None if nothing is due."""
    query = (
        select(EmailConfirmation, User.email.is_(None))
        .join(User, User.id == EmailConfirmation.user_id)
        .where(
            leases.is_due(EmailConfirmation, now),
            EmailConfirmation.attempts < MOST_ATTEMPTS,
            EmailConfirmation.expires_at > now,
            # Who confirms while they are asked again need not.
            User.email_verified_at.is_(None),
            User.is_active,
            User.notify_email,
        )
    )
    found = session.execute(leases.first(EmailConfirmation, query)).one_or_none()
    if found is None:
        return None
    link, is_visitor = found
    leases.take(link, now)
    return Confirmation(
        id=link.mail_id,
        user_id=link.user_id,
        to_email=link.email,
        nonce=link.nonce,
        hash=link.hash,
        asked_at=link.created_at,
        is_visitor=is_visitor,
    )


def finished(session: Session, link: Confirmation, outcome: Outcome, now: datetime) -> None:
    """Nothing if it was asked for anew in the meantime."""
    leases.finish(session, EmailConfirmation, EmailConfirmation.mail_id == link.id, now)


def failed(session: Session, link: Confirmation, error: str, now: datetime) -> None:
    mine = EmailConfirmation.mail_id == link.id
    leases.fail(session, EmailConfirmation, mine, now)
