"""Addresses are confirmed by the links of `desk.notifications.confirmations`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import accounts, customers
from desk.crypto import token_hash
from desk.errors import Malformed
from desk.notifications import confirmations
from desk.text import Input
from models import ADDRESS, EmailConfirmation, User


class Verification(Input):
    token: Annotated[str, StringConstraints(max_length=200)]


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
    """Spends a token: of two who try, one confirms. Raises `Malformed` (``invalid_token``)."""
    spent = delete(EmailConfirmation).where(
        EmailConfirmation.hash == token_hash(verification.token)
    )
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
        raise Malformed("invalid_token", "This link was used, or is too old: ask for a new one")
    customers.take_copies(session, confirmed, None)
    audit.record_own(session, "email_verified", confirmed)
    return confirmed
