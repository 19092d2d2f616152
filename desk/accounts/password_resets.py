"""A forgotten password is replaced by whoever reads the mails of the account's address.

Whether an address has an account is told by nothing but that mail: for one that has none the same
is done, for nobody.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk import audit
from desk.accounts import customers, one_time_tokens, sessions
from desk.accounts.one_time_tokens import Token
from desk.accounts.passwords import Password
from desk.notifications import account_mails
from desk.text import Email, Input
from models import Role, User

PURPOSE = "password_reset"
LIFETIME = timedelta(minutes=30)


class Forgotten(Input):
    email: Email


class Reset(Input):
    token: Token
    new_password: Password


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose password a token is for."""

    id: UUID
    email: str
    full_name: str
    is_staff: bool


def ask(
    session: Session,
    email: str,
    secret: str,
    now: datetime,
    *,
    staff_have_passwords: bool = True,
) -> None:
    """Mails a link, if the address is that of an active account which may have a password; one that
    was sent before is good no more.

    The lock waits for who is changing the address, and makes them wait for us.
    """
    mine = select(User.id).where(User.email == email, User.is_active)
    if not staff_have_passwords:
        mine = mine.where(User.role == Role.USER)
    user_id = session.scalar(mine.with_for_update(read=True))
    send(session, user_id, email, secret, now)
    audit.record(
        session,
        "password_reset_asked",
        actor_id=None,
        subject_type="user",
        subject_id=user_id,
    )


def send(session: Session, user_id: UUID | None, email: str, secret: str, now: datetime) -> None:
    """The link for an account; for none a token that was never good, and a mail to nobody."""
    is_known = user_id is not None
    lifetime = LIFETIME if is_known else timedelta(0)
    key = str(user_id or uuid4())
    link = one_time_tokens.issue(session, PURPOSE, user_id, secret, now, lifetime, key=key)
    to_email = email if is_known else ""
    account_mails.send(session, user_id, to_email, PURPOSE, {}, now, link=link, is_sent=is_known)


def owner(session: Session, token: str, now: datetime) -> Owner:
    """Whose password a token may change; it stays good. Raises `Malformed` (``invalid_token``)."""
    found = one_time_tokens.find(session, PURPOSE, token, now)
    user = session.get(User, found.user_id)
    if user is None or not user.is_active or user.email is None:
        raise one_time_tokens.invalid_token()
    return Owner(user.id, user.email, user.full_name, user.role is not Role.USER)


def reset(session: Session, token: str, new_hash: str, now: datetime) -> None:
    """Sets the password and ends all sessions of the account; of two who try, one does.

    The links that were mailed before are good no more, but for those that bring an address back.
    Who reads the address's mails has confirmed it by that. Raises `Malformed` (``invalid_token``).
    """
    user, _ = one_time_tokens.use_locked(session, PURPOSE, token, now)
    assert user.email is not None
    user.password_hash = new_hash
    if user.email_verified_at is None:
        user.email_verified_at = now
        customers.take_copies(session, user.id, None)
    sessions.end_all(session, user.id, "password_reset", now)
    one_time_tokens.drop(session, user.id)
    account_mails.send(session, user.id, user.email, "password_changed", {}, now)
    audit.record_own(session, "password_reset", user.id)
