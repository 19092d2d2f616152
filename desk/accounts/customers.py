"""Customers as the staff look them up: by how words of their names and addresses begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from desk.access import Actor
from desk.errors import NotFound
from desk.tickets import participants, people, tickets
from desk.tickets.people import Person
from models import ADDRESS, IS_VERIFIED, Role, Ticket, User


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, as the staff see them; ``email``: none where a site named a visitor without one.

    ``is_verified``: whether the address is known to be theirs, or a site has named them.
    """

    id: UUID
    full_name: str
    email: str | None
    is_verified: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TicketCounts:
    """How many tickets somebody has opened; ``open``: those that are work for somebody."""

    open: int
    total: int


@dataclass(frozen=True, slots=True)
class CustomerDetails(Customer):
    """A customer with the number of their tickets."""

    tickets: TicketCounts


SHOWN = (User.id, User.full_name, ADDRESS, IS_VERIFIED, User.created_at)


def page(
    session: Session, *, q: str | None, limit: int, before: tuple[datetime, UUID] | None
) -> Sequence[Customer]:
    """Customers, the newest first."""
    keys = (User.created_at, User.id)
    query = _called(select(*SHOWN), q).order_by(*(key.desc() for key in keys)).limit(limit)
    if before is not None:
        query = query.where(tuple_(*keys) < tuple_(*before))
    return [Customer(*row) for row in session.execute(query)]


def count(session: Session, *, q: str | None) -> int:
    return session.scalar(_called(select(func.count()).select_from(User), q)) or 0


def show(session: Session, user_id: UUID) -> CustomerDetails:
    """Raises `NotFound`, also for somebody of the staff who is no ticket's customer."""
    is_customer = or_(User.role == Role.USER, exists().where(Ticket.user_id == User.id))
    query = select(*SHOWN).where(User.id == user_id, is_customer)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound("customer_not_found", "Customer not found")
    counts = select(func.count().filter(tickets.ACTIVE), func.count())
    theirs = session.execute(counts.where(Ticket.user_id == user_id)).one()
    shown: list[Any] = [*row, TicketCounts(*theirs)]
    return CustomerDetails(*shown)


def put_on_copy(
    session: Session, actor: Actor, ticket_id: UUID, address: str, now: datetime | None
) -> Person:
    """Puts who has an address on copy of a ticket: the account that has confirmed it, else a
    customer whose address that is known to be, else a new one, for whom the staff answer. Whoever
    signs up with somebody else's address has nothing of it.

    Raises as `participants.put`.
    """
    tickets.held(session, actor, ticket_id)  # Nobody is made for a ticket that there is not.
    # Two who do the same at once make one customer.
    session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    by_account = select(User.id).where(User.email == address, IS_VERIFIED)
    known = (User.visitor_email == address, User.is_active, IS_VERIFIED)
    by_visitor = select(User.id).where(*known).order_by(User.created_at, User.id).limit(1)
    user_id = session.scalar(by_account) or session.scalar(by_visitor)
    if user_id is None:
        name = address.partition("@")[0]
        new = User(full_name=name, visitor_email=address, role=Role.USER)
        new.email_verified_at = func.now()
        session.add(new)
        session.flush()  # It is looked up by its id.
        user_id = new.id
    return participants.put(session, actor, ticket_id, user_id, now)


def take_off_copy(
    session: Session, actor: Actor, ticket_id: UUID, address: str, now: datetime | None
) -> None:
    """Takes off who has the address, of those who are on copy. Raises `NotFound`."""
    ticket = tickets.get(session, actor, ticket_id)
    those = select(User.id, ADDRESS).where(User.id.in_(ticket.participant_ids))
    for user_id, theirs in session.execute(those).all():
        if theirs == address:
            participants.take_off(session, actor, ticket_id, user_id, now)


def take_copies(session: Session, user_id: UUID, now: datetime | None) -> None:
    """Gives an account what was put on copy of its address, as that is known to be theirs."""
    email = select(User.email).where(User.id == user_id).scalar_subquery()
    made = select(User.id).where(
        User.visitor_email == email,
        User.identity_subject.is_(None),
        User.email_verified_at.is_not(None),
    )
    for before in session.scalars(made.order_by(User.id)).all():
        participants.replace(session, before, user_id, now)


def _called(query: Select[*tuple[Any, ...]], q: str | None) -> Select[*tuple[Any, ...]]:
    query = query.where(User.role == Role.USER)
    return query if q is None else query.where(people.called(q))
