"""Lists of tickets: filters, sorts and keyset pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, literal, select, tuple_
from sqlalchemy.orm import Session

from desk import search
from desk.access import Actor, Audience, visible, visible_to
from desk.prepared import Prepared, value
from desk.views import ME, TicketView, seen, views
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
# So many tickets are looked at in a few milliseconds.
NEAR = 4_000
# The names of a position's values.
AFTER = ("after_key", "after_id")
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
    if plain := plainly(actor, filters, sort, limit, after):
        return list_page(plain.query.all(session, **plain.values), sort, limit)
    wanted = _given(filters)
    leading = {name: wanted.pop(name) for name in _leading(wanted, sort.field)}
    walk = Walk(actor.audience, literal(actor.id, Ticket.user_id.type), leading, sort, after)
    rows = session.execute(walk.near(wanted, limit + 1)).all()
    if len(rows) <= limit and session.scalar(walk.is_longer()):
        rows = session.execute(walk.among_all(wanted, limit + 1)).all()
    return list_page([TicketView(*row) for row in rows], sort, limit)


def list_page(found: Sequence[TicketView], sort: Sort, limit: int) -> Page:
    """The first ``limit`` of what was found by looking for one more."""
    tickets = found[:limit]
    more = len(found) > limit
    return Page(tickets, _position(tickets[-1], sort.field) if more else None)


class Plain(NamedTuple):
    """A prepared list, and what it is to be run with."""

    query: Prepared[TicketView]
    values: dict[str, Any]


def plainly(
    actor: Actor, filters: Filters, sort: Sort, limit: int, after: Position | None
) -> Plain | None:
    """The query of a `ticket_list` that an index leads through by itself; None for any other."""
    wanted = _given(filters)
    leading = _leading(wanted, sort.field)
    if len(leading) < len(wanted):
        return None
    unassigned = wanted.pop("unassigned", None)
    names = tuple(name for name in leading if name in wanted)
    query = _prepared(actor.audience, names, unassigned, sort, is_further=after is not None)
    if after is not None:
        wanted |= zip(AFTER, after, strict=True)
    return Plain(query, {**wanted, "me": actor.id, "limit": limit + 1})


@lru_cache(maxsize=512)
def _prepared(
    audience: Audience,
    names: tuple[str, ...],
    unassigned: bool | None,
    sort: Sort,
    *,
    is_further: bool,
) -> Prepared[TicketView]:
    leading: dict[str, Any] = {name: value(name, _column(name, Ticket).type) for name in names}
    if unassigned is not None:
        leading["unassigned"] = unassigned
    keys = _sorted_by(audience, sort.field)
    after = [value(name, key.type) for name, key in zip(AFTER, keys, strict=False)]
    walk = Walk(audience, ME, leading, sort, after if is_further else None)
    return Prepared.of(walk.whole(value("limit")), seen)


def count(session: Session, actor: Actor, filters: Filters) -> int:
    """Each of them is counted: the more there are the longer it takes."""
    wanted = _given(filters)
    conditions = [visible(actor), *_conditions(wanted, Ticket)]
    if "q" in wanted:
        conditions.append(Ticket.id.in_(search.found(actor.audience, wanted["q"])))
    return session.scalar(select(func.count()).select_from(Ticket).where(*conditions)) or 0


class Walk:
    """Along a list in its order, from a position, as an index of `models.ticket` leads.

    What no index leads through is looked for `NEAR` first, along the list. Where it is too rare
    for that, all there is of it is sorted: to go on along the list could mean to its very end.
    """

    def __init__(
        self,
        audience: Audience,
        me: ColumnElement[UUID],
        leading: Mapping[str, Any],
        sort: Sort,
        after: Sequence[Any] | None,
    ) -> None:
        self._audience, self._me, self._descending = audience, me, sort.descending
        self._keys = _sorted_by(audience, sort.field)
        self._conditions = [visible_to(audience, me), *_conditions(leading, Ticket)]
        if after is not None:
            self._conditions.append(self._is_behind(leading, after))

    def _is_behind(self, leading: Mapping[str, Any], after: Sequence[Any]) -> ColumnElement[bool]:
        """The first of the leading filters is part of the comparison: so it fits its index alone.

        Else the planner may take the whole list's, as it believes that few tickets are behind a
        position among equals.
        """
        here, there = list(self._keys), list(after[: len(self._keys)])
        for name in [name for name in leading if name not in ("unassigned", "priority")][:1]:
            here.insert(0, _column(name, Ticket))
            there.insert(0, leading[name])
        keys, position = tuple_(*here), tuple_(*there)
        return keys < position if self._descending else keys > position

    def whole(self, limit: Any) -> Rows:
        """The list as it is."""
        return self._sorted(views(self._audience, self._me).where(*self._conditions)).limit(limit)

    def near(self, wanted: Mapping[str, Any], limit: int) -> Rows:
        """Those of the next `NEAR` that are wanted."""
        columns = {Ticket.id, *self._keys, *(_column(name, Ticket) for name in wanted)}
        query = select(*columns).where(*self._conditions)
        here = self._sorted(query).limit(NEAR).subquery("here").c
        picked = select(here.id).where(*_conditions(wanted, here))
        if "q" in wanted:
            picked = picked.where(search.says(self._audience, wanted["q"], here.id))
        keys = [here[key.name] for key in self._keys]
        ids = self._sorted(picked, keys).limit(limit)
        return self._sorted(views(self._audience, self._me).where(Ticket.id.in_(ids)))

    def is_longer(self) -> Select[int]:
        """1 if there is more of the list than what is near."""
        query = select(literal(1)).select_from(Ticket).where(*self._conditions)
        return self._sorted(query).offset(NEAR).limit(1)

    def among_all(self, wanted: Mapping[str, Any], limit: int) -> Rows:
        """Those of the whole list that are wanted."""
        conditions = [*self._conditions, *_conditions(wanted, Ticket)]
        if "q" in wanted:
            found = search.found(self._audience, wanted["q"])
        else:
            found = select(Ticket.id).where(*conditions)
        # Materialized: they are looked up by what is wanted, and not along the list after all.
        ids = found.cte("found").prefix_with("materialized")
        query = views(self._audience, self._me).where(Ticket.id.in_(select(ids)), *conditions)
        return self._sorted(query).limit(limit)

    def _sorted(
        self, query: Select[*tuple[Any, ...]], keys: Sequence[ColumnElement[Any]] = ()
    ) -> Rows:
        order = keys or self._keys
        return query.order_by(*(key.desc() if self._descending else key.asc() for key in order))


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
    """What is asked for, as the columns have it."""
    named = {field.name: getattr(filters, field.name) for field in fields(filters)}
    if filters.priority is not None:
        named["priority"] = RANKS[filters.priority]
    return {name: wanted for name, wanted in named.items() if wanted is not None}


def _leading(wanted: Mapping[str, Any], field: SortField) -> Sequence[str]:
    """Those of the filters that an index leads through in the order of the field."""
    # Who has an assignee is not in an index of its own.
    if always := [name for name in LEADING if wanted.get(name, False) is not False]:
        return always
    return [name for name in LEADING_IF_SORTED_BY.get(field, ()) if name in wanted][:1]


def _conditions(wanted: Mapping[str, Any], ticket: Any) -> list[ColumnElement[bool]]:
    """``ticket``: what has the columns of one. Not of words, which are not in them."""
    conditions = []
    for name in wanted:
        if name == "q":
            continue
        column, value = _column(name, ticket), wanted[name]
        if name == "unassigned":
            conditions.append(column.is_(None) if value else column.is_not(None))
        elif name == "tag":
            conditions.append(column.contains([value]))
        else:
            conditions.append(column == value)
    return conditions


def _column(name: str, ticket: Any) -> Any:
    return getattr(ticket, COLUMNS.get(name, name))
