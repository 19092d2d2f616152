"""Lists of tickets: filters, sorts and keyset pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Row, func, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, visible
from desk.statements import Statement, param
from desk.tickets import search
from desk.tickets.keyset import Sort, SortField, Walk, column_of, conditions, sorted_by
from desk.tickets.views import ME, TicketView, seen
from models import Priority, Status, Ticket

RANKS = {None: 0, Priority.LOW: 1, Priority.MEDIUM: 2, Priority.HIGH: 3, Priority.URGENT: 4}
# Filters with an index for every order, and those with one for some.
LEADING = ("user_id", "assigned_to", "unassigned", "status")
LEADING_IF_SORTED_BY: dict[SortField, Sequence[str]] = {
    "created_at": ("category", "type"),
    "priority": ("priority", "category", "type"),
}
# So many tickets are looked at, in a few milliseconds and at last in a tenth of a second; and so
# many are found and sorted in a part of that.
REACHES = (4_000, 16_000, 64_000)
MANY = 15_000
# The names of a position's values.
AFTER = ("after_key", "after_id")
# Where a page ended: the value it is sorted by and, as that may repeat, the id.
Position = tuple[datetime | int, UUID]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None means any."""

    # Several: any of them.
    status: Status | Sequence[Status] | None = None
    category: str | None = None
    type: str | None = None
    priority: Priority | None = None
    tag: str | None = None
    user_id: UUID | None = None
    assigned_to: UUID | None = None
    unassigned: bool | None = None
    # Full text.
    q: str | None = None


def any_of(statuses: Sequence[Status] | None) -> Status | Sequence[Status] | None:
    """One as it is: an index leads through it. All of them are no filter."""
    several = sorted(set(statuses or ()))
    if len(several) == 1:
        return several[0]
    return several if 0 < len(several) < len(Status) else None


FILTERS = [field.name for field in fields(Filters)]


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
    rows = _sought(session, walk, wanted, limit + 1)
    return list_page([TicketView(*row) for row in rows], sort, limit)


def _sought(
    session: Session, walk: Walk, wanted: Mapping[str, Any], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """What no index leads through is looked for along the list, first near and then farther off.

    Where it is too rare for that, or all at the list's other end, all there is of it is sorted: to
    go on along the list could mean to its very end.
    """
    for reach, next_reach in zip(REACHES, (*REACHES[1:], 0), strict=True):
        rows = session.execute(walk.near(wanted, limit, reach)).all()
        if len(rows) == limit or not session.scalar(walk.goes_beyond(reach)):
            return rows
        fills_next = len(rows) * next_reach >= limit * reach
        if not fills_next and not session.scalar(walk.are_over(MANY, wanted)):
            break
    return session.execute(walk.among_all(wanted, limit)).all()


def list_page(found: Sequence[TicketView], sort: Sort, limit: int) -> Page:
    """The first ``limit`` of what was found by looking for one more."""
    tickets = found[:limit]
    more = len(found) > limit
    return Page(tickets, _position(tickets[-1], sort.field) if more else None)


class Plain(NamedTuple):
    """A prepared list, and what it is to be run with."""

    query: Statement[TicketView]
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
) -> Statement[TicketView]:
    leading: dict[str, Any] = {name: param(name, column_of(name, Ticket).type) for name in names}
    if unassigned is not None:
        leading["unassigned"] = unassigned
    keys = sorted_by(audience, sort.field)
    after = [param(name, key.type) for name, key in zip(AFTER, keys, strict=False)]
    walk = Walk(audience, ME, leading, sort, after if is_further else None)
    return Statement.of(walk.whole(param("limit")), seen)


def count(session: Session, actor: Actor, filters: Filters) -> int:
    """Each of them is counted: the more there are the longer it takes."""
    wanted = _given(filters)
    me = literal(actor.id, Ticket.user_id.type)
    if "user_id" in wanted:
        # Theirs first, wherever they stand: to meet them with all that are, say, closed would go
        # through everybody's.
        theirs = [visible(actor), Ticket.user_id == wanted.pop("user_id")]
        columns = {Ticket.id, *(column_of(name, Ticket) for name in wanted)}
        here = select(*columns).where(*theirs).offset(0).subquery("here").c
        asked = conditions(wanted, here)
        if "q" in wanted:
            asked.append(search.says(actor.audience, wanted["q"], here.id, me))
        return session.scalar(select(func.count(here.id)).where(*asked)) or 0
    asked = [visible(actor), *conditions(wanted, Ticket)]
    if "q" in wanted:
        asked.append(Ticket.id.in_(search.found(actor.audience, wanted["q"], me)))
    return session.scalar(select(func.count()).select_from(Ticket).where(*asked)) or 0


def _position(ticket: TicketView, field: SortField) -> Position:
    values: dict[SortField, datetime | int] = {
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        # As the column has it for what it does not know.
        "priority": RANKS.get(ticket.priority, 0),
        "number": ticket.number,
    }
    return values[field], ticket.id


def _given(filters: Filters) -> dict[str, Any]:
    """What is asked for, as the columns have it."""
    named = {name: getattr(filters, name) for name in FILTERS}
    if filters.priority is not None:
        named["priority"] = RANKS[filters.priority]
    return {name: wanted for name, wanted in named.items() if wanted is not None}


def _leading(wanted: Mapping[str, Any], field: SortField) -> Sequence[str]:
    """Those of the filters that an index leads through in the order of the field."""
    # Who has an assignee is not in an index of its own; several statuses are in no order in one.
    leads = [name for name in LEADING if wanted.get(name, False) is not False]
    if "q" in wanted and "user_id" in leads:
        return ["user_id"]  # As in `count`.
    if always := [name for name in leads if not isinstance(wanted[name], list)]:
        return always
    return [name for name in LEADING_IF_SORTED_BY.get(field, ()) if name in wanted][:1]
