"""What admins do with accounts: making, changing, deactivating them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, Strict
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import Session

from desk import sessions
from desk.access import Actor
from desk.accounts import create
from desk.errors import Conflict, Forbidden, NotFound
from desk.jobs import Job
from desk.outbox import outbox
from desk.text import Email, FullName, Input, Password
from models import Role, User

LARGEST_CAPACITY = 10_000
Capacity = Annotated[int, Field(ge=0, le=LARGEST_CAPACITY)]


class NewUser(Input):
    email: Email
    full_name: FullName
    role: Annotated[Role, Strict(False)]
    password: Password


class UserChange(Input):
    """Only the fields that were sent count."""

    role: Annotated[Role, Strict(False)] = Role.USER
    is_active: bool = True
    capacity: Capacity = 0
    full_name: FullName = ""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as admins see them."""

    id: UUID
    email: str
    full_name: str
    role: Role
    is_active: bool
    available: bool
    capacity: int
    created_at: datetime

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user.id,
            user.email,
            user.full_name,
            user.role,
            user.is_active,
            user.available,
            user.capacity,
            user.created_at,
        )


def add(session: Session, new: NewUser, password_hash: str) -> Account:
    profile = create(session, new.email, new.full_name, password_hash, new.role)
    return show(session, profile.id)


def show(session: Session, user_id: UUID) -> Account:
    return Account.of(_found(session.get(User, user_id)))


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("user_not_found", "User not found")
    return user


def accounts(
    session: Session,
    *,
    role: Role | None,
    is_active: bool | None,
    email: str | None,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> Sequence[Account]:
    """Accounts, the newest first."""
    keys: list[ColumnElement[Any]] = [User.created_at.expression, User.id.expression]
    query = select(User).order_by(*(key.desc() for key in keys)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*keys) < tuple_(*before))
    for column, wanted in (
        (User.role, role),
        (User.is_active, is_active),
        (User.email, email),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return [Account.of(user) for user in session.scalars(query)]


def change(
    session: Session, actor: Actor, user_id: UUID, wanted: UserChange, now: datetime
) -> Account:
    """Applies what was sent. Another role, or none of the house any more, ends all sessions.

    Raises `Forbidden` (no admin any more, since the door), `NotFound`, `Conflict`
    (``last_admin``).
    """
    admins = _lock_admins(session)
    if actor.id not in admins:
        raise Forbidden("admin_required", "Admin privileges required")
    user = _found(session.get(User, user_id, with_for_update={"key_share": True}))
    sent = wanted.model_fields_set
    role = wanted.role if "role" in sent else user.role
    is_active = wanted.is_active if "is_active" in sent else user.is_active
    if admins == [user.id] and (role is not Role.ADMIN or not is_active):
        raise Conflict("last_admin", "The last active admin stays one")
    if user.is_active and not is_active:
        sessions.end_all(session, user.id, "deactivated", now)
    elif role is not user.role:
        sessions.end_all(session, user.id, "role_changed", now)
    user.role, user.is_active = role, is_active
    if "capacity" in sent:
        user.capacity = wanted.capacity
    if "full_name" in sent:
        user.full_name = wanted.full_name
    session.flush()
    outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
    return Account.of(user)


def _lock_admins(session: Session) -> list[UUID]:
    """The active admins. Locked, so that two of them cannot demote each other at once."""
    query = select(User.id).where(User.role == Role.ADMIN, User.is_active).order_by(User.id)
    return list(session.scalars(query.with_for_update(key_share=True)))
