"""A customer's own tickets, and what both sides do on a ticket."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk import history, messages, tickets, views
from desk.access import Actor
from desk.lists import Filters, Position, Sort, SortField, count, ticket_list
from desk.text import Input, Label, Seq
from desk.views import TicketView
from models import Status
from server import keys, limits
from server.routing import (
    PREFIX,
    Paged,
    Query,
    Right,
    Route,
    body,
    decode_cursor,
    encode_cursor,
    limit,
    now,
    page,
    path_id,
    query,
    reply,
)
from wire.shapes import timeline_event

SortParameter = Literal[
    "created_at",
    "-created_at",
    "updated_at",
    "-updated_at",
    "priority",
    "-priority",
    "number",
    "-number",
]
POSITIONS: dict[SortField, TypeAdapter[Any]] = {
    "created_at": TypeAdapter(tuple[Literal["created_at"], datetime, UUID]),
    "updated_at": TypeAdapter(tuple[Literal["updated_at"], datetime, UUID]),
    "priority": TypeAdapter(tuple[Literal["priority"], int, UUID]),
    "number": TypeAdapter(tuple[Literal["number"], int, UUID]),
}


class TicketQuery(Paged):
    """What every list of tickets takes."""

    status: Status | None = None
    category: Label | None = None
    type: Label | None = None
    sort: SortParameter = "-created_at"
    count: bool = False


class TimelineQuery(Query):
    after: Seq = 0
    limit: int = Field(200, ge=1, le=200)


class Read(Input):
    seq: Seq


async def ticket_page(
    request: web.Request, actor: Actor, given: TicketQuery, filters: Filters
) -> web.Response:
    """A page of tickets by filters, sort and cursor."""
    desk = request.app[keys.desk]
    sort = Sort(_field(given.sort), descending=given.sort.startswith("-"))
    position = decode_cursor(given.cursor, POSITIONS[sort.field])
    after: Position | None = position[1:] if position else None
    found = await desk.read(ticket_list, actor, filters, sort, given.limit, after)
    headers = {}
    if given.count:
        headers["X-Total-Count"] = str(await desk.read(count, actor, filters))
    cursor = {"cursor": encode_cursor(sort.field, *found.after)} if found.after else None
    return page(request, found.tickets, cursor, headers)


def _field(sort: SortParameter) -> SortField:
    names: dict[str, SortField] = {field: field for field in POSITIONS}
    return names[sort.removeprefix("-")]


def ticket_reply(
    ticket: TicketView, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return reply(ticket, status, {"ETag": f'"{ticket.version}"', **(headers or {})})


async def open_ticket(request: web.Request) -> web.Response:
    new = await body(request, tickets.NewTicket)
    actor = request[keys.actor]
    ticket = await request.app[keys.desk].run(tickets.open_ticket, actor, new, now())
    location = f"{PREFIX}/users/tickets/{ticket.id}"
    return ticket_reply(ticket, 201, {"Location": location})


async def list_own(request: web.Request) -> web.Response:
    given = query(request, TicketQuery)
    actor = request[keys.actor]
    filters = Filters(
        status=given.status, category=given.category, type=given.type, user_id=actor.id
    )
    return await ticket_page(request, actor, given, filters)


async def show_own(request: web.Request) -> web.Response:
    query(request, Query)
    ticket = await request.app[keys.desk].read(
        views.show, request[keys.actor], path_id(request), own_only=True
    )
    return ticket_reply(ticket)


async def show_timeline(request: web.Request) -> web.Response:
    given = query(request, TimelineQuery)
    actor = request[keys.actor]
    read = await request.app[keys.desk].read(
        history.read, actor, path_id(request), given.after, given.limit + 1
    )
    events = [timeline_event(e, actor.audience) for e in read.events[: given.limit]]
    more = len(read.events) > given.limit
    return page(request, events, {"after": events[-1].seq} if more else None)


async def list_messages(request: web.Request) -> web.Response:
    given = query(request, Paged)
    actor = request[keys.actor]
    after = decode_cursor(given.cursor, TypeAdapter(tuple[Seq])) or (0,)
    found = await request.app[keys.desk].read(
        history.messages, actor, path_id(request), after[0], given.limit + 1
    )
    events = [timeline_event(e, actor.audience) for e in found[: given.limit]]
    more = len(found) > given.limit
    cursor = {"cursor": encode_cursor(events[-1].seq)} if more else None
    return page(request, events, cursor)


async def post_message(request: web.Request) -> web.Response:
    actor = request[keys.actor]
    await limit(request, limits.POST, str(actor.id))
    new = await body(request, messages.NewMessage)
    posted = await request.app[keys.desk].run(messages.post, actor, path_id(request), new, now())
    event = timeline_event(posted.event, actor.audience)
    return reply(event, status=201 if posted.is_new else 200)


async def mark_read(request: web.Request) -> web.Response:
    given = await body(request, Read)
    await request.app[keys.desk].run(
        tickets.mark_read, request[keys.actor], path_id(request), given.seq
    )
    return web.Response(status=204)


ROUTES = (
    Route("POST", "/users/tickets", open_ticket, Right.PERSON),
    Route("GET", "/users/tickets", list_own, Right.PERSON),
    Route("GET", "/users/tickets/{ticket_id}", show_own, Right.OWNER),
    Route("GET", "/tickets/{ticket_id}/timeline", show_timeline, Right.VIEWER),
    Route("GET", "/tickets/{ticket_id}/messages", list_messages, Right.VIEWER),
    Route("POST", "/tickets/{ticket_id}/messages", post_message, Right.VIEWER),
    Route("POST", "/tickets/{ticket_id}/read", mark_read, Right.VIEWER),
)
