"""What accounts are mailed, as a mailer takes it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from desk.notifications import account_mails
from desk.notifications.account_mails import Notice
from models import AccountMail, OneTimeToken
from tests.conftest import SECRET
from tests.factories import now


def mails(session: Session) -> Sequence[Notice]:
    """All that is due, in the order in which it goes out."""
    found = []
    while (mail := account_mails.lease(session, now())) is not None:
        found.append(mail)
    return found


def kinds(session: Session) -> list[tuple[str, str]]:
    """Whom it goes to, and what it is."""
    return [(mail.to_email, mail.kind) for mail in mails(session)]


def token(session: Session, kind: str, to_email: str | None = None) -> str:
    """The token in the newest mail of a kind."""
    query = select(AccountMail.nonce).where(AccountMail.kind == kind)
    if to_email is not None:
        query = query.where(AccountMail.to_email == to_email)
    nonce = session.scalars(query.order_by(AccountMail.id.desc()).limit(1)).one()
    assert nonce is not None
    return account_mails.token(SECRET, kind, nonce)


def purposes(session: Session) -> set[str]:
    """What the tokens that are stored are for."""
    return {*session.scalars(select(OneTimeToken.purpose).where(OneTimeToken.expires_at > now()))}
