"""The queue of mails with the links that confirm addresses, beside `mail_queue` with the others."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import leases
from desk.notifications.mail_queue import MOST_ATTEMPTS
from models import EmailConfirmation, Outcome, User


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a mailer needs to ask whether an address is its owner's."""

    id: UUID
    user_id: UUID
    to_email: str
    nonce: bytes
    hash: bytes
    asked_at: datetime


def lease(session: Session, now: datetime) -> Confirmation | None:
    """Takes the next; None if nothing is due."""
    query = (
        select(EmailConfirmation)
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
    link = session.scalar(leases.first(EmailConfirmation, query))
    if link is None:
        return None
    leases.take(link, now)
    return Confirmation(
        link.mail_id, link.user_id, link.email, link.nonce, link.hash, link.created_at
    )


def finished(session: Session, link: Confirmation, outcome: Outcome, now: datetime) -> None:
    """Nothing if it was asked for anew in the meantime."""
    leases.finish(session, EmailConfirmation, EmailConfirmation.mail_id == link.id, now)


def failed(session: Session, link: Confirmation, error: str, now: datetime) -> None:
    mine = EmailConfirmation.mail_id == link.id
    leases.fail(session, EmailConfirmation, mine, now, MOST_ATTEMPTS)
