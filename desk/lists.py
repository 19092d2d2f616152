"""Lists of tickets: filters, sorts and keyset pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from desk import search
from desk.access import Actor, Audience, visible
from desk.views import TicketView, views
from models import Priority, Status, Ticket

SortField = Literal["created_at", "updated_at", "priority", "number"]
RANKS = {None: 0, Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 3, Priority.URGENT: 4}
# A filter's column, where it has another name.
COLUMNS = {
    "assigned_to": "assigned_to_id",
    "unassigned": "assigned_to_id",
    "tag": "tags",
    "priority": "priority_rank",
    "q": "id",
}
# Filters with an index for every order, and those with one for some.
LEADING = ("user_id", "assigned_to", "unassigned", "status")
LEADING_IF_SORTED_BY: dict[SortField, Sequence[str]] = {
    "created_at": ("category", "type"),
    "priority": ("priority", "category", "type"),
}
# So many tickets are looked at in a few milliseconds, so many in a tenth of a second; and so many
# are found and sorted in a part of that.
NEAR, FAR = 4_000, 64_000
MANY = 15_000
Rows = Select[*tuple[Any, ...]]
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
    wanted = _given(filters)
    leading = {name: wanted.pop(name) for name in _leading(wanted, sort.field)}
    walk = Walk(actor, leading, sort, after)
    if not wanted:
        rows = session.execute(walk.whole(limit + 1)).all()
    else:
        rows = _sought(session, walk, wanted, limit + 1)
    tickets = [TicketView(*row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(tickets, _position(tickets[-1], sort.field) if more else None)


def _sought(
    session: Session, walk: "Walk", wanted: Mapping[str, Any], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """What no index leads through is looked for along the list, first near and then farther off.

    Where it is too rare for that, or all at the list's other end, all there is of it is sorted: to
    go on along the list could mean to its very end.
    """
    for reach in (NEAR, FAR):
        rows = session.execute(walk.near(wanted, limit, reach)).all()
        if len(rows) == limit or not session.scalar(walk.goes_beyond(reach)):
            return rows
        if not session.scalar(walk.has_many(wanted)):
            break
    return session.execute(walk.among_all(wanted, limit)).all()


def count(session: Session, actor: Actor, filters: Filters) -> int:
    """Each of them is counted: the more there are the longer it takes."""
    wanted = _given(filters)
    conditions = [visible(actor), *_conditions(wanted, Ticket)]
    if "q" in wanted:
        conditions.append(Ticket.id.in_(search.found(actor, wanted["q"])))
    return session.scalar(select(func.count()).select_from(Ticket).where(*conditions)) or 0


class Walk:
    """Along a list in its order, from a position, as an index of `models.ticket` leads."""

    def __init__(
        self, actor: Actor, leading: Mapping[str, Any], sort: Sort, after: Position | None
    ) -> None:
        self._actor, self._descending = actor, sort.descending
        self._keys = _sorted_by(actor.audience, sort.field)
        self._order = self._keys
        self._conditions = [visible(actor), *_conditions(leading, Ticket)]
        if after is not None:
            self._begin(leading, after)

    def _begin(self, leading: Mapping[str, Any], after: Position) -> None:
        """Begins at a position of the one index that has the first of the leading filters.

        That filter is part of the comparison and of the order: else the planner, which believes
        that few tickets are behind a position among equals, may take the index of the whole list.
        Said as an equality, too, it would begin with the first that has it.
        """
        here, there = list(self._keys), list(after[: len(self._keys)])
        for name in [name for name in leading if name not in ("unassigned", "priority")][:1]:
            column, value = _column(name, Ticket), leading[name]
            others = {other: leading[other] for other in leading if other != name}
            end = column >= value if self._descending else column <= value
            self._conditions = [visible(self._actor), *_conditions(others, Ticket), end]
            self._order = [column.expression, *self._keys]
            here.insert(0, column)
            there.insert(0, value)
        keys, position = tuple_(*here), tuple_(*there)
        self._conditions.append(keys < position if self._descending else keys > position)

    def whole(self, limit: int) -> Rows:
        """The list as it is."""
        return self._sorted(views(self._actor).where(*self._conditions)).limit(limit)

    def near(self, wanted: Mapping[str, Any], limit: int, reach: int) -> Rows:
        """Those of the next ``reach`` that are wanted."""
        columns = {Ticket.id, *self._order, *(_column(name, Ticket) for name in wanted)}
        query = select(*columns).where(*self._conditions)
        here = self._sorted(query).limit(reach).subquery("here").c
        picked = select(here.id).where(*_conditions(wanted, here))
        if "q" in wanted:
            picked = picked.where(search.says(self._actor, wanted["q"], here.id))
        order = [here[key.name] for key in self._order]
        ids = self._sorted(picked, order).limit(limit)
        return self._sorted(views(self._actor).where(Ticket.id.in_(ids)))

    def goes_beyond(self, reach: int) -> Select[int]:
        """1 if there is more of the list than that."""
        query = select(literal(1)).select_from(Ticket).where(*self._conditions)
        return self._sorted(query).offset(reach).limit(1)

    def has_many(self, wanted: Mapping[str, Any]) -> Select[UUID]:
        """Something if more than `MANY` are wanted, wherever they are."""
        return self._found(wanted).offset(MANY).limit(1)

    def among_all(self, wanted: Mapping[str, Any], limit: int) -> Rows:
        """Those of the whole list that are wanted."""
        # Materialized: they are looked up by what is wanted, and not along the list after all.
        ids = self._found(wanted).cte("found").prefix_with("materialized")
        query = views(self._actor).where(Ticket.id.in_(select(ids)), *self._conditions)
        return self._sorted(query.where(*_conditions(wanted, Ticket))).limit(limit)

    def _found(self, wanted: Mapping[str, Any]) -> Select[UUID]:
        if "q" in wanted:
            return search.found(self._actor, wanted["q"])
        return select(Ticket.id).where(*self._conditions, *_conditions(wanted, Ticket))

    def _sorted(
        self, query: Select[*tuple[Any, ...]], order: Sequence[ColumnElement[Any]] = ()
    ) -> Rows:
        keys = order or self._order
        return query.order_by(*(key.desc() if self._descending else key.asc() for key in keys))


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


def _given(filters: Filters) -> dict[str, Any]:
    named = {field.name: getattr(filters, field.name) for field in fields(filters)}
    return {name: value for name, value in named.items() if value is not None}


def _leading(wanted: Mapping[str, Any], field: SortField) -> Sequence[str]:
    """Those of the filters that an index leads through in the order of the field."""
    # Who has an assignee is not in an index of its own.
    if always := [name for name in LEADING if wanted.get(name, False) is not False]:
        return always
    return [name for name in LEADING_IF_SORTED_BY.get(field, ()) if name in wanted][:1]


def _conditions(wanted: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
    """``ticket``: what has the columns of one. Not of words, which are not in them."""
    conditions = []
    for name in wanted.keys() - {"q"}:
        column, value = _column(name, ticket), wanted[name]
        if name == "unassigned":
            conditions.append(column.is_(None) if value else column.is_not(None))
        elif name == "tag":
            conditions.append(column.contains([value]))
        else:
            conditions.append(column == (RANKS[value] if name == "priority" else value))
    return conditions


def _column(name: str, ticket: Any) -> Any:
    return getattr(ticket, COLUMNS.get(name, name))
