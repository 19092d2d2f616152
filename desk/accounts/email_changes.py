"""An account gets another address: a link that was mailed to it makes the change.

The old address is mailed a link that takes it back. It outlives all that a thief can do with the
account, other changes of the address, too.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import accounts, customers, one_time_tokens, password_resets, sessions
from desk.accounts.one_time_tokens import UNDO, Token
from desk.accounts.passwords import GivenPassword
from desk.errors import Conflict, Invalid
from desk.notifications import account_mails
from desk.text import Email, Input
from models import User

CHANGE = "email_change"
CHANGE_LIFETIME = timedelta(days=3)
UNDO_LIFETIME = timedelta(days=7)


class EmailChange(Input):
    new_email: Email
    current_password: GivenPassword


class LinkToken(Input):
    token: Token


def ask(
    session: Session,
    actor: Actor,
    new_email: str,
    verified_hash: str,
    secret: str,
    now: datetime,
) -> None:
    """Mails a link to the new address, and one that keeps the old one to that.

    An address that has an account is mailed that somebody wanted it: whoever asks is told nothing.
    Raises `Forbidden` if the password is no longer the one that was verified.
    """
    user = session.get_one(User, actor.id, with_for_update={"key_share": True})
    if user.email is None or user.password_hash != verified_hash:
        raise accounts.wrong_password()
    if new_email == user.email:
        raise Invalid("email_unchanged", "This is your address already", pointer="/new_email")
    taken_by = accounts.holder(session, new_email)
    is_free = taken_by in (None, user.id)
    lifetime = CHANGE_LIFETIME if is_free else timedelta(0)
    data = {"email": new_email}
    link = one_time_tokens.issue(session, CHANGE, user.id, secret, now, lifetime, data=data)
    kind, whom = (CHANGE, user.id) if is_free else ("email_taken", taken_by)
    account_mails.send(session, whom, new_email, kind, {}, now, link=link if is_free else None)
    undo = one_time_tokens.issue(
        session,
        UNDO,
        user.id,
        secret,
        now,
        UNDO_LIFETIME,
        key=user.email,  # One for each address that the account had.
        data={"email": user.email},
    )
    account_mails.send(session, user.id, user.email, UNDO, {}, now, link=undo)
    audit.record_own(session, "email_change_asked", user.id)


def confirm(session: Session, token: str, now: datetime) -> UUID:
    """Makes the change. Raises `Malformed` (``invalid_token``), and `Conflict` if the address has
    an account by now.
    """
    user, used = one_time_tokens.use_locked(session, CHANGE, token, now)
    assert user.email is not None
    one_time_tokens.extend(session, UNDO, user.email, now + UNDO_LIFETIME)
    _set(session, user, used.data["email"], now)
    one_time_tokens.drop(session, user.id)
    audit.record_own(session, "email_changed", user.id)
    return user.id


def undo(session: Session, token: str, secret: str, now: datetime) -> None:
    """Brings the old address back, or keeps it, and ends all sessions and all other links.

    But for the ways back to still older addresses: this one may be the thief's.

    Whoever asked for the change knew the password: the address is mailed a link for a new one.
    Raises as `confirm`.
    """
    user, used = one_time_tokens.use_locked(session, UNDO, token, now)
    email = used.data["email"]
    if user.email != email:
        _set(session, user, email, now)
        customers.take_copies(session, user.id, None)
    one_time_tokens.drop_since(session, user.id, used.created_at)
    sessions.end_all(session, user.id, "email_change_undone", now)
    password_resets.send(session, user.id, email, secret, now)
    audit.record_own(session, "email_change_undone", user.id)


def _set(session: Session, user: User, email: str, now: datetime) -> None:
    taken = Conflict("email_taken", "This address has an account by now")
    try:
        with session.begin_nested():  # Two who take one address at once: the constraint decides.
            user.email, user.email_verified_at = email, now
            session.flush()
    except IntegrityError:
        raise taken from None
    if session.scalar(one_time_tokens.kept_for(email)) not in (None, user.id):
        raise taken
