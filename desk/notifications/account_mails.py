"""The queue of the mails about accounts: links that are good once, and notices of what was done.

Each goes out once, whatever its person thinks of mails about tickets. A mail with a token that is
good no more stays where it is.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from desk import leases
from desk.crypto import base64url, derived_key
from desk.jobs import Job
from desk.leases import MOST_ATTEMPTS
from desk.outbox import outbox
from models import AccountMail, OneTimeToken, Outcome

# For questions about what was mailed.
KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Link:
    """A token of `desk.accounts.one_time_tokens` that a mail holds."""

    nonce: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Notice:
    """What a mailer needs for a mail about an account. ``link``: none in most."""

    id: UUID
    kind: str
    to_email: str
    data: Mapping[str, Any]
    link: Link | None
    at: datetime


def token(secret: str, kind: str, nonce: bytes) -> str:
    """The token in a mail of this kind: 256 bits that follow from the nonce and our key alone.

    So the mail can be made again, the same to the byte, and who reads the tables can make none.
    """
    key = derived_key(secret, f"mail of an account: {kind}, 1".encode())
    return base64url(hmac.digest(key, nonce, hashlib.sha256))


def send(
    session: Session,
    user_id: UUID | None,
    to_email: str,
    kind: str,
    data: Mapping[str, Any],
    now: datetime,
    *,
    link: Link | None = None,
    is_sent: bool = True,
) -> None:
    """Has a mail sent after the commit: ``worker/mail/templates/account/<kind>.j2``.

    ``data``: what that template fills in, plain JSON. ``is_sent``: else a row is written all the
    same, for nobody, so that no time tells whether there was somebody to write to.
    """
    new = insert(AccountMail).values(
        id=uuid7(),
        kind=kind,
        user_id=user_id,
        to_email=to_email,
        data=dict(data),
        nonce=link.nonce if link else None,
        hash=link.hash if link else None,
        created_at=now,
        due_at=now,
        attempts=0,
        done_at=None if is_sent else now,
    )
    session.execute(new)
    outbox(session).wakes.add(Job.DRAIN_NOTIFICATIONS)


def lease(session: Session, now: datetime) -> Notice | None:
    """Takes the next; None if nothing is due."""
    is_good = exists().where(OneTimeToken.hash == AccountMail.hash, OneTimeToken.expires_at > now)
    query = select(AccountMail).where(
        leases.is_due(AccountMail, now),
        AccountMail.attempts < MOST_ATTEMPTS,
        or_(AccountMail.hash.is_(None), is_good),
    )
    mail = session.scalar(leases.first(AccountMail, query))
    if mail is None:
        return None
    leases.take(mail, now)
    link = Link(mail.nonce, mail.hash) if mail.nonce and mail.hash else None
    return Notice(mail.id, mail.kind, mail.to_email, mail.data, link, mail.created_at)


def finished(session: Session, mail: Notice, outcome: Outcome, now: datetime) -> None:
    leases.finish(session, AccountMail, AccountMail.id == mail.id, now)


def failed(session: Session, mail: Notice, error: str, now: datetime) -> None:
    leases.fail(session, AccountMail, AccountMail.id == mail.id, now)


def prune(session: Session, now: datetime, limit: int) -> int:
    """Deletes what was mailed, or was not to be, a while ago; the number deleted."""
    old = select(AccountMail.id).where(AccountMail.created_at < now - KEPT).limit(limit)
    gone = delete(AccountMail).where(AccountMail.id.in_(old)).returning(AccountMail.id)
    return len(session.scalars(gone).all())
