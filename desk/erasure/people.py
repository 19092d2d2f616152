"""What the desk keeps of a person beside tickets: their account, and the rows that are theirs."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from sqlalchemy import Column, Text, cast, delete, or_
from sqlalchemy.orm import Session

from models import AccountMail, AuthSession, Base, OneTimeToken, Role, User

SESSIONS = AuthSession.__tablename__
# What the account is called by then. It is told apart by `User.erased_at`.
NAME = "Erased person"


def own_columns() -> Iterator[Column[UUID]]:
    """What says whose a row is, in each table whose rows go with their person."""
    for table in Base.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is User.__table__.c.id and key.ondelete == "CASCADE":
                yield key.parent


def empty_account(user: User, now: datetime) -> None:
    """Nothing says any more who it was, and nobody logs in with it. It is not active by now."""
    user.full_name = NAME
    user.email = user.visitor_email = user.identity_subject = user.visitor_key = None
    user.password_hash = user.email_verified_at = None
    user.role, user.skills, user.notify_email = Role.USER, [], False
    user.erased_at = now


def delete_rows(session: Session, user_id: UUID, but: str = "") -> None:
    """Deletes what is theirs alone, in all tables but one. Harmless to repeat."""
    for column in own_columns():
        if column.table.name != but:
            session.execute(delete(column.table).where(column == user_id))


def delete_mails(session: Session, address: str) -> None:
    """Deletes mails to the address, and tokens for it, that are of no account (yet)."""
    session.execute(delete(AccountMail).where(AccountMail.to_email == address))
    names_it = cast(OneTimeToken.data, Text).contains(address, autoescape=True)
    session.execute(delete(OneTimeToken).where(or_(OneTimeToken.key == address, names_it)))
