"""Accounts: making them and finding them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import MISSING
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk import audit
from desk.access import Actor
from desk.accounts import one_time_tokens, sessions
from desk.accounts.full_names import FullName, require_own
from desk.accounts.passwords import GivenPassword, Password
from desk.assignment import absences
from desk.errors import Conflict, Forbidden, Unauthenticated
from desk.jobs import Job
from desk.notifications import account_mails
from desk.outbox import outbox
from desk.text import Email, Input
from models import DEFAULT_CAPACITY, Role, User


class Signup(Input):
    email: Email
    password: Password
    full_name: FullName


class Login(Input):
    email: Email
    password: GivenPassword


class ProfileChange(Input):
    """Only the fields that were sent count."""

    full_name: FullName | MISSING = MISSING
    notify_email: bool | MISSING = MISSING


class PasswordChange(Input):
    current_password: GivenPassword
    new_password: Password


@dataclass(frozen=True, slots=True)
class Profile:
    """An account, or a visitor, as its owner sees it."""

    id: UUID
    email: str | None
    full_name: str
    role: Role
    notify_email: bool
    email_verified_at: datetime | None


@dataclass(frozen=True, slots=True)
class StoredPassword:
    user_id: UUID
    password_hash: str
    is_staff: bool = False


def create(
    session: Session,
    email: str,
    full_name: str,
    password_hash: str | None,
    role: Role = Role.USER,
    capacity: int = DEFAULT_CAPACITY,
    *,
    is_confirmed: bool = True,
) -> Profile:
    """A new account; `Conflict` if the address has one, in whatever case, or is kept for one.

    ``is_confirmed``: whether whoever makes it answers for the address. No ``password_hash``: they
    come by single sign-on.
    """
    values = {
        "email_verified_at": func.now() if is_confirmed else None,
        "email": email,
        "full_name": full_name,
        "password_hash": password_hash,
        "role": role,
        "capacity": capacity,
    }
    # Asking first and inserting then would let two at once through to a constraint error.
    user = session.scalar(insert(User).values(values).on_conflict_do_nothing().returning(User))
    # Asked afterwards: who has just left the address, so that it is free, had the token before.
    if user is None or session.scalar(one_time_tokens.kept_for(email)):
        raise Conflict("email_taken", "User already registered")
    if role is Role.CSR:
        outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
        absences.note_availability(session, user.id)
    return _profile(user)


def holder(session: Session, email: str) -> UUID | None:
    """Whose account an address is, or is kept for."""
    theirs = select(User.id).where(User.email == email).scalar_subquery()
    kept = one_time_tokens.kept_for(email).scalar_subquery()
    return session.scalar(select(func.coalesce(theirs, kept)))


def credentials(session: Session, email: str) -> StoredPassword | None:
    """What a password is checked against; None if there is no such active account."""
    user = session.scalar(select(User).where(User.email == email, User.is_active))
    if user is None or not user.password_hash:
        return None
    return StoredPassword(user.id, user.password_hash, is_staff=user.role is not Role.USER)


def stored_hash(session: Session, user_id: UUID) -> str | None:
    """What the password of somebody signed in is checked against; None: a visitor has none."""
    return session.get_one(User, user_id).password_hash


def change_profile(
    session: Session, actor: Actor, changes: ProfileChange, desk_name: str
) -> Profile:
    """Raises `Unauthenticated` for who was deactivated meanwhile: an erased person gets no name."""
    if changes.full_name is not MISSING and not actor.is_staff:
        require_own(changes.full_name, desk_name)
    user = session.get_one(
        User, actor.id, with_for_update={"key_share": True}, populate_existing=True
    )
    if not user.is_active:
        raise Unauthenticated("session_ended", "The session is over; log in again")
    others = {
        name: value for name, value in changes.model_dump().items() if value != getattr(user, name)
    }
    for name, value in others.items():
        setattr(user, name, value)
    if others:
        audit.record_own(session, "profile_changed", actor.id, fields=sorted(others))
    return _profile(user)


def end_mails(session: Session, user_id: UUID) -> None:
    """For whoever holds the link of a mail; nothing where there are none any more."""
    theirs = update(User).where(User.id == user_id, User.notify_email)
    ended = theirs.values(notify_email=False).returning(User.id)
    if session.scalar(ended) is not None:
        audit.record_own(session, "unsubscribed", user_id)


def change_password(
    session: Session, actor: Actor, verified_hash: str, new_hash: str, now: datetime
) -> None:
    """Sets a new password and ends the account's other sessions and its links.

    A confirmed address is told: nobody has a stranger's mailed again and again.

    Raises `Forbidden` if the password is no longer the one that was verified: of two changes at
    once, with the same old password, one wins.
    """
    user = session.get_one(User, actor.id, with_for_update={"key_share": True})
    if user.password_hash != verified_hash:
        raise wrong_password()
    user.password_hash = new_hash
    audit.record_own(session, "password_changed", actor.id)
    sessions.end_all(session, actor.id, "password_changed", now, but=actor.session_id)
    one_time_tokens.drop(session, actor.id)
    if user.email is not None and user.email_verified_at is not None:
        account_mails.send(session, actor.id, user.email, "password_changed", {}, now)


def wrong_password() -> Forbidden:
    return Forbidden("invalid_credentials", "Invalid credentials")


def profile(session: Session, user_id: UUID) -> Profile:
    return _profile(session.get_one(User, user_id))


def _profile(user: User) -> Profile:
    return Profile(
        user.id,
        user.address,
        user.full_name,
        user.role,
        user.notify_email,
        user.email_verified_at,
    )
