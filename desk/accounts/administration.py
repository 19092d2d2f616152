"""What admins do with accounts: making, changing, deactivating them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import MISSING, Strict, with_config
from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.accounts import sessions
from desk.accounts.accounts import create
from desk.accounts.full_names import FullName
from desk.accounts.passwords import Password
from desk.assignment import absences, agents, departures
from desk.assignment.agents import Capacity
from desk.assignment.cursors import lock_all
from desk.errors import Conflict, Forbidden, NotFound
from desk.jobs import Job
from desk.outbox import AgentChanged, outbox
from desk.text import Email, Input, Skills
from models import DEFAULT_CAPACITY, Role, TeamMember, User, UserKind


class NewUser(Input):
    email: Email
    full_name: FullName
    role: Annotated[Role, Strict(False)]
    password: Password


class UserChange(Input):
    """Only the fields that were sent count."""

    role: Annotated[Role, Strict(False)] | MISSING = MISSING
    is_active: bool | MISSING = MISSING
    capacity: Capacity | MISSING = MISSING
    full_name: FullName | MISSING = MISSING
    skills: Skills | MISSING = MISSING


@with_config(title="User")
@dataclass(frozen=True, slots=True)
class Account:
    """A user as admins see them. ``is_visitor``: wrote from the widget, and has no log-in.

    ``kind``: a program acts by a key, and has no log-in either. ``erased_at``: since when nobody
    knows who they were.
    """

    id: UUID
    email: str | None
    full_name: str
    role: Role
    is_active: bool
    available: bool
    capacity: int
    created_at: datetime
    email_verified_at: datetime | None
    is_visitor: bool
    kind: UserKind
    skills: list[str]
    erased_at: datetime | None

    @classmethod
    def of(cls, user: User) -> Self:
        return cls(
            user.id,
            user.address,
            user.full_name,
            user.role,
            user.is_active,
            user.available,
            user.capacity,
            user.created_at,
            user.email_verified_at,
            user.is_visitor,
            user.kind,
            user.skills,
            user.erased_at,
        )


def add(
    session: Session, new: NewUser, password_hash: str, capacity: int = DEFAULT_CAPACITY
) -> Account:
    profile = create(session, new.email, new.full_name, password_hash, new.role, capacity)
    return show(session, profile.id)


def show(session: Session, user_id: UUID) -> Account:
    return Account.of(_existing(session.get(User, user_id)))


def _existing(user: User | None) -> User:
    if user is None:
        raise NotFound("user_not_found", "User not found")
    return user


def accounts(
    session: Session,
    *,
    role: Role | None,
    is_active: bool | None,
    email: str | None,
    q: str | None,
    kind: UserKind = UserKind.PERSON,
    is_visitor: bool = False,
    limit: int,
    before: tuple[datetime, UUID] | None,
) -> Sequence[Account]:
    """Accounts that one logs in to, or those of programs, or the visitors, the newest first."""
    keys: list[ColumnElement[Any]] = [User.created_at.expression, User.id.expression]
    query = select(User).order_by(*(key.desc() for key in keys)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*keys) < tuple_(*before))
    query = query.where(*_matching(role, is_active, email, q, kind, is_visitor))
    return [Account.of(user) for user in session.scalars(query)]


def count(
    session: Session,
    *,
    role: Role | None,
    is_active: bool | None,
    email: str | None,
    q: str | None,
    kind: UserKind = UserKind.PERSON,
    is_visitor: bool = False,
) -> int:
    query = select(func.count()).select_from(User)
    matching = _matching(role, is_active, email, q, kind, is_visitor)
    return session.scalar(query.where(*matching)) or 0


def _matching(
    role: Role | None,
    is_active: bool | None,
    email: str | None,
    q: str | None,
    kind: UserKind,
    is_visitor: bool,
) -> list[ColumnElement[bool]]:
    known = User.visitor_email.is_not(None) | User.identity_subject.is_not(None)
    address: Any = User.visitor_email if is_visitor else User.email
    filters: Any = ((User.role, role), (User.is_active, is_active), (address, email))
    matching: list[ColumnElement[bool]] = [
        User.kind == kind,
        known if is_visitor else or_(User.email.is_not(None), User.kind == UserKind.PROGRAM),
        *(column == value for column, value in filters if value is not None),
    ]
    if q is not None:
        begins, name = q.lower(), func.lower(User.full_name)
        matching.append(
            or_(
                name.startswith(begins, autoescape=True),
                name.contains(f" {begins}", autoescape=True),
                address.startswith(begins, autoescape=True),
            )
        )
    return matching


def change(
    session: Session,
    actor: Actor,
    user_id: UUID,
    changes: UserChange,
    now: datetime,
    default_capacity: int = DEFAULT_CAPACITY,
) -> Account:
    """Applies what was sent. Another role, or none of the house any more, ends all sessions.

    Who joins the staff has an address that an admin vouches for, as whom an admin makes.
    Whoever can hold no tickets any more gives theirs back, a new CSR begins with the default
    capacity. Raises `Forbidden` (no admin any more, since the door), `NotFound`, `Conflict`
    (``erased``; ``last_admin``; ``program``; ``visitor``: nobody is of the staff without a log-in).
    """
    if changes.role is not MISSING or changes.is_active is not MISSING:
        _release_if_leaving(session, actor, user_id, changes)
    admins = lock_admins(session)
    if actor.id not in {admin.id for admin in admins}:
        raise Forbidden("admin_required", "Admin privileges required")
    user = _existing(session.get(User, user_id, with_for_update={"key_share": True}))
    return _apply(session, user, admins, changes, now, default_capacity)


def set_role(
    session: Session, user: User, admins: Sequence[User], role: Role, now: datetime, capacity: int
) -> None:
    """As `change`, of somebody whom no admin changes: their identity provider says what they are.

    For who holds the locks of `lock_all` and `lock_admins`, and then the account's. Raises
    `Conflict` (``last_admin``).
    """
    _apply(session, user, admins, UserChange(role=role), now, capacity)


def _apply(
    session: Session,
    user: User,
    admins: Sequence[User],
    changes: UserChange,
    now: datetime,
    default_capacity: int,
) -> Account:
    role = user.role if changes.role is MISSING else changes.role
    if user.kind is UserKind.PROGRAM:
        raise Conflict("program", "A program is what its key says; delete that, or make another")
    if user.erased_at is not None:
        raise Conflict("erased", "The person was erased")
    if user.is_visitor and role is not Role.USER:
        raise Conflict("visitor", "A visitor has no log-in; make an account")
    is_active = user.is_active if changes.is_active is MISSING else changes.is_active
    people = [admin.id for admin in admins if admin.works_here]
    if people == [user.id] and (role is not Role.ADMIN or not is_active):
        raise Conflict("last_admin", "The last active admin stays one")
    if user.is_active and not is_active:
        sessions.end_all(session, user.id, "deactivated", now)
    elif role is not user.role:
        sessions.end_all(session, user.id, "role_changed", now)
    if user.role is Role.USER and role is Role.CSR:
        user.capacity = default_capacity
    if user.role is Role.USER and role is not Role.USER and user.email_verified_at is None:
        user.email_verified_at = now
    if is_active and role is Role.CSR and (role, is_active) != (user.role, user.is_active):
        absences.start_catching_up(session, user.id)
    if Role.USER not in (user.role, role) or role is not user.role:
        outbox(session).agents.append(AgentChanged(user.id))
    if role is Role.USER and user.role is not Role.USER:
        session.execute(delete(TeamMember).where(TeamMember.user_id == user.id))
    user.role, user.is_active = role, is_active
    if changes.capacity is not MISSING:
        agents.set_capacity(session, user, changes.capacity)
    if changes.full_name is not MISSING:
        user.full_name = changes.full_name
    if changes.skills is not MISSING and changes.skills != user.skills:
        user.skills = changes.skills
        outbox(session).agents.append(AgentChanged(user.id))
        outbox(session).wakes.add(Job.DRAIN_ASSIGNMENT)
    session.flush()
    absences.note_availability(session, user.id)
    return Account.of(user)


def _release_if_leaving(session: Session, actor: Actor, user_id: UUID, changes: UserChange) -> None:
    """First of all, for the order of the locks: cursors, then tickets, then users."""
    lock_all(session)
    if changes.role is Role.USER or changes.is_active is False:
        departures.release(session, user_id, actor.id, None)


def lock_admins(session: Session) -> Sequence[User]:
    """The active admins. Locked, so that two of them cannot demote each other at once."""
    query = select(User).where(User.role == Role.ADMIN, User.is_active).order_by(User.id)
    locking = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    return session.scalars(locking).all()
