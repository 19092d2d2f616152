"""Customers whose account is there once they used the link that was mailed to its address."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from desk import audit
from desk.accounts import accounts, one_time_tokens
from desk.accounts.accounts import Signup
from desk.errors import Forbidden
from desk.notifications import account_mails

PURPOSE = "sign_up"
LIFETIME = timedelta(days=3)


def closed() -> Forbidden:
    return Forbidden("signup_closed", "Nobody can make an account here themselves")


def ask(session: Session, new: Signup, password_hash: str, secret: str, now: datetime) -> None:
    """Mails the link that makes the account; an address that has one is mailed that it has.

    Whoever asks is told neither.
    """
    taken_by = accounts.holder(session, new.email)
    is_free = taken_by is None
    lifetime = LIFETIME if is_free else timedelta(0)
    wanted = {"email": new.email, "full_name": new.full_name, "password_hash": password_hash}
    link = one_time_tokens.issue(
        session, PURPOSE, None, secret, now, lifetime, key=new.email, data=wanted
    )
    kind = PURPOSE if is_free else "email_taken"
    account_mails.send(session, taken_by, new.email, kind, {}, now, link=link if is_free else None)


def confirm(session: Session, token: str, now: datetime) -> UUID:
    """Makes the account. Raises `Malformed` (``invalid_token``), and `Conflict` if the address has
    got one in the meantime.
    """
    wanted = one_time_tokens.use(session, PURPOSE, token, now).data
    made = accounts.create(session, wanted["email"], wanted["full_name"], wanted["password_hash"])
    audit.record_own(session, "signed_up", made.id)
    return made.id
