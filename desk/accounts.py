"""Accounts: making them and finding them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from desk.errors import Conflict
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Email, FullName, GivenPassword, Input, Password
from models import Role, User


class Signup(Input):
    email: Email
    password: Password
    full_name: FullName


class Login(Input):
    email: Email
    password: GivenPassword


@dataclass(frozen=True, slots=True)
class Profile:
    id: UUID
    email: str
    full_name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Credentials:
    user_id: UUID
    password_hash: str


def create(
    session: Session, email: str, full_name: str, password_hash: str, role: Role = Role.USER
) -> Profile:
    """A new account; `Conflict` if the address has one already, in whatever case."""
    values = {
        "email": email,
        "full_name": full_name,
        "password_hash": password_hash,
        "role": role,
    }
    # Asking first and inserting then would let two at once through to a constraint error.
    user = session.scalar(insert(User).values(values).on_conflict_do_nothing().returning(User))
    if user is None:
        raise Conflict("email_taken", "User already registered")
    if role is Role.CSR:
        outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
    return _profile(user)


def credentials(session: Session, email: str) -> Credentials | None:
    """What a password is checked against; None if there is no such active account."""
    user = session.scalar(select(User).where(User.email == email, User.is_active))
    return Credentials(user.id, user.password_hash) if user else None


def profile(session: Session, user_id: UUID) -> Profile:
    return _profile(session.get_one(User, user_id))


def _profile(user: User) -> Profile:
    return Profile(user.id, user.email, user.full_name, user.role)
