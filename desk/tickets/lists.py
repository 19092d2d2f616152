"""Lists of tickets: sorts and keyset pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, literal, select
from sqlalchemy.orm import Session

from desk.access import Actor, Audience, owned_by, owned_ids, visible
from desk.statements import Statement, param
from desk.tickets import field_values, search, views
from desk.tickets.field_index import in_index, is_field
from desk.tickets.field_walk import FieldWalk, has_few
from desk.tickets.filters import Filters, asked_of
from desk.tickets.keyset import (
    ABSENCES,
    FILTERS,
    OWN,
    UNREAD,
    UPDATED_AFTER,
    WORDS,
    Sort,
    Walk,
    before_all,
    column_of,
    columns_of,
    conditions,
    is_unread,
    sorted_by,
)
from desk.tickets.own_walk import OwnWalk
from desk.tickets.search_queries import number_in
from desk.tickets.views import ME, TicketRow, to_row
from models import RANKS, Ticket

# So many tickets are looked at, in a few milliseconds and at last in a tenth of a second; and so
# many are found and sorted in a part of that.
REACHES = (4_000, 16_000, 64_000)
# Of a value of a custom field that many tickets have, some are nearer than that.
NEAREST = 1_000
MANY = 15_000
# The names of a position's values.
AFTER = ("after_key", "after_id")
# Where a page ended: the value it is sorted by and, as that may repeat, the id.
Position = tuple[datetime | int, UUID]


@dataclass(frozen=True, slots=True)
class Page:
    tickets: Sequence[TicketRow]
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
    """At most ``limit`` tickets that the actor may see, after a position.

    Raises `Invalid` for what no custom field has.
    """
    if plain := plainly(actor, filters, sort, limit, after):
        return list_page(plain.query.all(session, **plain.values), sort, limit)
    filters = with_fields(session, actor, filters)
    values = asked_of(filters, actor.id)
    leading = {name: values.pop(name) for name in _leading(values, sort.field)}
    me = literal(actor.id, Ticket.user_id.type)
    walk = _kind_of(leading)(actor.audience, me, leading, sort, after)
    first = _of_number(session, actor, filters)
    if first is not None:
        walk.leave_out(first.id)
    if first is None or after is not None:
        found = _along_or_sorted(session, walk, values, limit + 1)
        return list_page([to_row(*row) for row in found], sort, limit)
    rest = [to_row(*row) for row in _along_or_sorted(session, walk, values, limit)]
    if limit == 1:  # The list goes on at its beginning, from where that ticket is not.
        return Page([first], before_all(sort) if rest else None)
    return list_page([first, *rest], sort, limit)


def _kind_of(leading: Iterable[str]) -> type[Walk]:
    if OWN in leading:
        return OwnWalk
    return FieldWalk if any(map(is_field, leading)) else Walk


def with_fields(session: Session, actor: Actor, filters: Filters) -> Filters:
    """The filters with what is asked of custom fields in the words of their values."""
    if not filters.fields:
        return filters
    asked = field_values.asked_for(session, actor.audience, filters.fields)
    return filters.model_copy(update={"fields": asked})


def _of_number(session: Session, actor: Actor, filters: Filters) -> TicketRow | None:
    """The ticket whose number is searched for, if it is of the list: it comes first in each."""
    if filters.q is None or (number := number_in(filters.q)) is None:
        return None
    values, me = asked_of(filters, actor.id), literal(actor.id, Ticket.user_id.type)
    query = views.rows(actor.audience, me)
    query = query.where(Ticket.number == number, *conditions(values, Ticket))
    if OWN in values:
        query = query.where(owned_by(me))
    if UNREAD in values:
        query = query.where(is_unread(actor.audience, me, values[UNREAD], Ticket.id))
    row = session.execute(query).one_or_none()
    return to_row(*row) if row else None


def _along_or_sorted(
    session: Session, walk: Walk, filters: Mapping[str, Any], limit: int
) -> Sequence[Row[*tuple[Any, ...]]]:
    """What no index leads through is looked for along the list, first near and then farther off.

    Where it is too rare for that, or all at the list's other end, all there is of it is sorted: to
    go on along the list could mean to its very end. Of a value of a custom field it is known at
    once how rare it is.
    """
    rare = has_few(filters) if walk.is_long else None
    if rare is not None and session.scalar(rare):
        return session.execute(walk.among_all(filters, limit)).all()
    reaches = REACHES if rare is None else (NEAREST, *REACHES)
    for reach, next_reach in zip(reaches, (*reaches[1:], 0), strict=True):
        rows = session.execute(walk.near(filters, limit, reach)).all()
        if len(rows) == limit or not session.scalar(walk.goes_beyond(reach)):
            return rows
        if len(rows) * next_reach >= limit * reach:
            continue  # As many as are missing are in the next reach.
        is_along = rows if rare is not None else session.scalar(walk.are_over(MANY, filters))
        if not is_along:
            break
    return session.execute(walk.among_all(filters, limit)).all()


def list_page(rows: Sequence[TicketRow], sort: Sort, limit: int) -> Page:
    """The first ``limit`` of the rows, of which there is one more where the list goes on."""
    tickets = rows[:limit]
    more = len(rows) > limit
    return Page(tickets, _position(tickets[-1], sort.field) if more else None)


class Plain(NamedTuple):
    """A prepared list, and what it is to be run with."""

    query: Statement[TicketRow]
    values: dict[str, Any]


def plainly(
    actor: Actor, filters: Filters, sort: Sort, limit: int, after: Position | None
) -> Plain | None:
    """The query of a `ticket_list` that an index leads through by itself; None for any other."""
    values = asked_of(filters, actor.id)
    leading = _leading(values, sort.field)
    if len(leading) < len(values) or isinstance(values.get("status"), list) or filters.fields:
        return None
    absences = tuple((name, values.pop(name)) for name in leading if name in ABSENCES)
    names = tuple(name for name in leading if name in values)
    query = _prepared(actor.audience, names, absences, sort, is_further=after is not None)
    if after is not None:
        values |= zip(AFTER, after, strict=True)
    return Plain(query, {**values, "me": actor.id, "limit": limit + 1})


@lru_cache(maxsize=512)
def _prepared(
    audience: Audience,
    names: tuple[str, ...],
    absences: tuple[tuple[str, bool], ...],
    sort: Sort,
    *,
    is_further: bool,
) -> Statement[TicketRow]:
    leading: dict[str, Any] = {
        name: ME if name == OWN else param(name, column_of(name, Ticket).type) for name in names
    }
    leading |= absences
    keys = sorted_by(audience, sort.field)
    after = [param(name, key.type) for name, key in zip(AFTER, keys, strict=False)]
    walk = _kind_of(leading)(audience, ME, leading, sort, after if is_further else None)
    return Statement.of(walk.whole(param("limit")), to_row)


def count(session: Session, actor: Actor, filters: Filters) -> int:
    """Each of them is counted: the more there are the longer it takes."""
    filters = with_fields(session, actor, filters)
    values = asked_of(filters, actor.id)
    me = literal(actor.id, Ticket.user_id.type)
    words, unread = values.pop(WORDS, None), values.pop(UNREAD, None)
    if {OWN, "user_id"} & values.keys():
        # Theirs first, wherever they stand: to meet them with all that are, say, closed would go
        # through everybody's.
        theirs: list[ColumnElement[bool]]
        if values.pop(OWN, None):
            theirs = [Ticket.id.in_(owned_ids(me))]
        else:
            theirs = [visible(actor), *conditions({"user_id": values.pop("user_id")}, Ticket)]
        named = {each for name in values for each in columns_of(name, Ticket)}
        columns = {Ticket.id, Ticket.user_id, *named}
        here = select(*columns).where(*theirs).offset(0).subquery("here").c
        asked = conditions(values, here)
        if words is not None:
            asked.append(search.says(actor.audience, words, here, me))
        if unread is not None:
            asked.append(is_unread(actor.audience, me, unread, here.id))
        return session.scalar(select(func.count(here.id)).where(*asked)) or 0
    asked = [visible(actor), *conditions(values, Ticket), *in_index(values)]
    if words is not None:
        asked.append(Ticket.id.in_(search.found(actor.audience, words, me)))
    if unread is not None:
        asked.append(is_unread(actor.audience, me, unread, Ticket.id))
    return session.scalar(select(func.count()).select_from(Ticket).where(*asked)) or 0


def _position(ticket: TicketRow, field: str) -> Position:
    # Of a priority the rank, as the column has it also for one that it does not know.
    key = RANKS.get(ticket.priority, 0) if field == "priority" else getattr(ticket, field)
    return key, ticket.id


def _leading(values: Mapping[str, Any], field: str) -> Sequence[str]:
    """Those of the filters that an index leads through in the order of the field."""
    # Who has an assignee is not in an index of its own.
    able = [name for name in (OWN, *FILTERS) if values.get(name, False) is not False]
    if WORDS in values and able[:1] in ([OWN], ["user_id"]):
        return able[:1]  # As in `count`.
    # Where the list goes by the time of a change, another one is where it begins, or ends.
    since = [UPDATED_AFTER] if UPDATED_AFTER in able and field == "updated_at" else []
    if always := [name for name in able if name == OWN or FILTERS[name].always_leads]:
        return [*always, *since]
    # In the order of their age tickets are in the index of values, whichever list they are on.
    if field == "created_at" and (by_value := [name for name in values if is_field(name)]):
        return by_value[:1]
    return [name for name in able if field in FILTERS[name].leads_in][:1]
