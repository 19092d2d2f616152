"""The queue of mails with the links that confirm addresses, beside `mail_queue` with the others."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from desk.notifications.mail_queue import LEASE, MOST_ATTEMPTS, next_try
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
    """Takes the next for `LEASE`; None if nothing is due."""
    link = session.scalar(
        select(EmailConfirmation)
        .join(User, User.id == EmailConfirmation.user_id)
        .where(
            EmailConfirmation.done_at.is_(None),
            EmailConfirmation.due_at <= now,
            EmailConfirmation.attempts < MOST_ATTEMPTS,
            or_(EmailConfirmation.leased_until.is_(None), EmailConfirmation.leased_until < now),
            EmailConfirmation.expires_at > now,
            # Who confirms while they are asked again need not.
            User.email_verified_at.is_(None),
            User.is_active,
            User.notify_email,
        )
        .order_by(EmailConfirmation.due_at)
        .limit(1)
        .with_for_update(of=EmailConfirmation, skip_locked=True)
    )
    if link is None:
        return None
    link.leased_until, link.attempts = now + LEASE, link.attempts + 1
    return Confirmation(
        link.mail_id, link.user_id, link.email, link.nonce, link.hash, link.created_at
    )


def finished(session: Session, link: Confirmation, outcome: Outcome, now: datetime) -> None:
    """Nothing if it was asked for anew in the meantime."""
    mine = EmailConfirmation.mail_id == link.id
    session.execute(update(EmailConfirmation).where(mine).values(done_at=now, leased_until=None))


def failed(session: Session, link: Confirmation, error: str, now: datetime) -> None:
    """Puts it back, with a longer wait each time; after `MOST_ATTEMPTS` it is over."""
    mine = EmailConfirmation.mail_id == link.id
    if row := session.scalar(select(EmailConfirmation).where(mine).with_for_update()):
        row.leased_until = None
        row.due_at = now + next_try(row.attempts)
        if row.attempts >= MOST_ATTEMPTS:
            row.done_at = now
