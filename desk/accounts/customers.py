"""Customers as the staff look them up: by how words of their names and addresses begin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from desk.errors import NotFound
from desk.tickets import people, tickets
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


def _called(query: Select[*tuple[Any, ...]], q: str | None) -> Select[*tuple[Any, ...]]:
    query = query.where(User.role == Role.USER)
    return query if q is None else query.where(people.called(q))
