"""Lists of tickets: filters, sorts and keyset pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, select, tuple_
from sqlalchemy.orm import Session

from desk import search
from desk.access import Actor, Audience, visible
from desk.views import TicketView, views
from models import Priority, Status, Ticket

SortField = Literal["created_at", "updated_at", "priority", "number"]
RANKS = {None: 0, Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 3, Priority.URGENT: 4}
# Where a page ended: the value it is sorted by and, as that may repeat, the id.
Position = tuple[datetime | int, UUID]


@dataclass(frozen=True, slots=True)
class Sort:
    field: SortField = "created_at"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means any."""

    status: Status | None = None
    category: str | None = None
    type: str | None = None
    priority: Priority | None = None
    tag: str | None = None
    user_id: UUID | None = None
    assigned_to: UUID | None = None
    unassigned: bool | None = None
    # Full text.
    q: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    tickets: Sequence[TicketView]
    # Where the next page begins; None at the end.
    after: Position | None


def ticket_list(
    session: Session,
    actor: Actor,
    filters: Filters,
    sort: Sort,
    limit: int,
    after: Position | None,
) -> Page:
    """At most ``limit`` tickets that the actor may see, after a position."""
    columns = _sorted_by(actor.audience, sort.field)
    query = _filtered(views(actor), session, actor, filters)
    if after is not None:
        here = tuple_(*columns)
        there = tuple_(*after[: len(columns)])
        query = query.where(here < there if sort.descending else here > there)
    query = query.order_by(*(c.desc() if sort.descending else c.asc() for c in columns))
    rows = session.execute(query.limit(limit + 1)).all()
    tickets = [TicketView(*row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(tickets, _position(tickets[-1], sort.field) if more else None)


def count(session: Session, actor: Actor, filters: Filters) -> int:
    query = _filtered(
        select(func.count()).select_from(Ticket).where(visible(actor)), session, actor, filters
    )
    return session.scalar(query) or 0


def _sorted_by(audience: Audience, field: SortField) -> list[ColumnElement[Any]]:
    """The keys of the order; they match the indexes of `models.ticket`."""
    staff = audience is Audience.STAFF
    updated = Ticket.updated_at if staff else Ticket.public_updated_at
    column: ColumnElement[Any] = {
        "created_at": Ticket.created_at,
        "updated_at": updated,
        "priority": Ticket.priority_rank,
        "number": Ticket.number,
    }[field].expression
    return [column] if field == "number" else [column, Ticket.id.expression]


def _position(ticket: TicketView, field: SortField) -> Position:
    values: dict[SortField, datetime | int] = {
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "priority": RANKS[ticket.priority],
        "number": ticket.number,
    }
    return values[field], ticket.id


def _filtered(
    query: Select[*tuple[Any, ...]], session: Session, actor: Actor, filters: Filters
) -> Select[*tuple[Any, ...]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.q is not None:
        conditions.append(search.matches(session, actor, filters.q))
    if filters.unassigned is not None:
        nobody = Ticket.assigned_to_id.is_(None)
        conditions.append(nobody if filters.unassigned else ~nobody)
    if filters.tag is not None:
        conditions.append(Ticket.tags.contains([filters.tag]))
    equal = {
        Ticket.status: filters.status,
        Ticket.category: filters.category,
        Ticket.type: filters.type,
        Ticket.priority: filters.priority,
        Ticket.user_id: filters.user_id,
        Ticket.assigned_to_id: filters.assigned_to,
    }
    conditions += [column == value for column, value in equal.items() if value is not None]
    return query.where(and_(*conditions)) if conditions else query
