"""Addresses are confirmed by the links that are mailed to them: those of
`desk.notifications.confirmations`, of a new address and of an account that waits for it.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import accounts, customers, email_changes, one_time_tokens, sign_ups
from desk.accounts.one_time_tokens import Token
from desk.crypto import token_hash
from desk.notifications import confirmations
from desk.text import Input
from models import ADDRESS, EmailConfirmation, User

# What else a link does, which proves that the address is read.
CONFIRMS = {email_changes.CHANGE: email_changes.confirm, sign_ups.PURPOSE: sign_ups.confirm}


class Verification(Input):
    token: Token


def sign_up(
    session: Session, new: accounts.Signup, password_hash: str, secret: str, now: datetime
) -> accounts.Profile:
    """A customer who names their address themselves, and is mailed the link that confirms it.

    `Conflict` if the address has an account already.
    """
    profile = accounts.create(session, new.email, new.full_name, password_hash, is_confirmed=False)
    confirmations.ask(session, profile.id, new.email, secret, now)
    audit.record_own(session, "signed_up", profile.id)
    return profile


def send(session: Session, actor: Actor, secret: str, now: datetime) -> None:
    """Mails a new link; nothing where the address is confirmed, or its person wants no mail.

    Nor for a visitor: whoever says hello with somebody's address could ask again and again.
    """
    user = session.get_one(User, actor.id)
    if user.email and user.email_verified_at is None and user.notify_email:
        confirmations.ask(session, user.id, user.email, secret, now)


def verify(session: Session, verification: Verification, now: datetime) -> UUID:
    """Spends a token: of two who try, one confirms. The account whose address it is.

    Raises `Malformed` (``invalid_token``), and `Conflict` where another has the address by now.
    """
    purpose = one_time_tokens.purpose_of(session, verification.token)
    if purpose in CONFIRMS:
        confirmed = CONFIRMS[purpose](session, verification.token, now)
    else:
        confirmed = _confirm(session, verification.token, now)
    customers.take_copies(session, confirmed, None)
    return confirmed


def _confirm(session: Session, token: str, now: datetime) -> UUID:
    spent = delete(EmailConfirmation).where(EmailConfirmation.hash == token_hash(token))
    link = session.execute(
        spent.returning(
            EmailConfirmation.user_id, EmailConfirmation.email, EmailConfirmation.expires_at
        )
    ).one_or_none()
    confirmed: UUID | None = None
    if link is not None and link.expires_at > now:
        confirmed = session.scalar(
            update(User)
            .where(User.id == link.user_id, link.email == ADDRESS)
            .values(email_verified_at=now)
            .returning(User.id)
        )
    if confirmed is None:
        raise one_time_tokens.invalid_token()
    return confirmed
