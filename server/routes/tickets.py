"""A customer's own tickets, and what both sides do on a ticket."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from aiohttp import web
from pydantic import BeforeValidator, Field, TypeAdapter

from desk.access import Actor, Audience
from desk.statements import Statement
from desk.text import Input, Label, Seq, Words
from desk.tickets import fast_path, history, messages, reading, tickets, views
from desk.tickets.keyset import Sort, SortField
from desk.tickets.lists import Filters, Position, any_of, count, list_page, plainly, ticket_list
from desk.tickets.views import TicketView
from models import Status
from server import keys
from server.http.contract import (
    ETAG,
    KEYED,
    NOTHING,
    TOTAL,
    At,
    Gives,
    Right,
    done,
    listed,
    made,
    not_modified,
    ok,
)
from server.http.idempotency import once_as_statement
from server.http.routing import (
    LONGEST_BODY,
    PREFIX,
    Countable,
    Paged,
    Query,
    body,
    counted,
    decode_cursor,
    encode_cursor,
    fitting,
    limit,
    no_body,
    page,
    page_of,
    path_id,
    query,
    reply,
)
from server.limits import shared
from wire.shapes import TimelineEvent, timeline_event

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
# As the column of ranks is bounded.
SmallInt = Annotated[int, Field(ge=-(2**15), le=2**15 - 1)]
POSITIONS: dict[SortField, TypeAdapter[Any]] = {
    "created_at": TypeAdapter(tuple[Literal["created_at"], datetime, UUID]),
    "updated_at": TypeAdapter(tuple[Literal["updated_at"], datetime, UUID]),
    "priority": TypeAdapter(tuple[Literal["priority"], SmallInt, UUID]),
    "number": TypeAdapter(tuple[Literal["number"], Seq, UUID]),
}


def _several(given: object) -> object:
    return [given] if isinstance(given, str) else given


class TicketQuery(Paged):
    """What every list of tickets takes."""

    repeatable = frozenset({"status"})

    status: Annotated[list[Status], BeforeValidator(_several)] | None = Field(
        None, max_length=len(Status), description="Any of these: `status=open&status=in_progress`"
    )
    category: Label | None = None
    type: Label | None = None
    q: Words | None = Field(
        None,
        description='Any text: `two words`, `"a phrase"`, `this or that`, `-without`, `begi`',
    )
    sort: SortParameter = "-created_at"


class TimelineQuery(Countable):
    after: Seq = 0
    limit: int = Field(200, ge=1, le=200)


class Read(Input):
    seq: Seq


async def ticket_page(
    request: web.Request, actor: Actor, given: TicketQuery, filters: Filters
) -> web.Response:
    """A page of tickets by filters, sort and cursor."""
    if given.q is not None and not actor.is_staff:
        await limit(request, shared.SEARCH, str(actor.id))
    desk = request.app[keys.desk]
    sort = Sort(sort_field(given.sort), descending=given.sort.startswith("-"))
    position = decode_cursor(given.cursor, POSITIONS[sort.field])
    after: Position | None = position[1:] if position else None
    if plain := plainly(actor, filters, sort, given.limit, after):
        found = list_page(await desk.fetch(plain.query, **plain.values), sort, given.limit)
    else:
        found = await desk.read(ticket_list, actor, filters, sort, given.limit, after)
    headers = await counted(request, given, count, actor, filters)
    cursor = {"cursor": encode_cursor(sort.field, *found.after)} if found.after else None
    return page(request, found.tickets, cursor, headers)


def sort_field(sort: SortParameter) -> SortField:
    names: dict[str, SortField] = {field: field for field in POSITIONS}
    return names[sort.removeprefix("-")]


# What compressing proxies add to a tag, inside of its quotes.
CODING = re.compile(r'[-;](?:gzip|deflate|br|zstd)"$')


def tags_of(request: web.Request, header: str) -> list[str]:
    """The tags in a header, as we gave them out: not weak, and without what a proxy has added."""
    given = ",".join(request.headers.getall(header, ())).split(",")
    return [CODING.sub('"', tag.strip().removeprefix("W/")) for tag in given]


def _tag(ticket: TicketView) -> str:
    """The ticket as its reader sees it: ``unread`` changes without a new version, by reading.

    `If-Match` takes the version of it alone: reading is no change that others could overwrite.
    """
    return f'"{ticket.version}.{ticket.unread}"' if ticket.unread else f'"{ticket.version}"'


def ticket_reply(
    ticket: TicketView, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return reply(ticket, status, {"ETag": _tag(ticket), **(headers or {})})


async def ticket_shown(
    request: web.Request, among: Mapping[Audience, Statement[TicketView]]
) -> web.Response:
    """The ticket, if it is among these; 304 where the caller's copy is still the same."""
    query(request, Query)
    actor, ticket_id = request[keys.actor], path_id(request)
    shown = among[actor.audience]
    found = await request.app[keys.desk].fetch(shown, me=actor.id, ticket_id=ticket_id)
    if not found:
        raise views.not_found()
    ticket = found[0]
    if {*tags_of(request, "If-None-Match")} & {_tag(ticket), "*"}:
        return web.Response(status=304, headers={"ETag": _tag(ticket)})
    return ticket_reply(ticket)


async def open_ticket(request: web.Request) -> web.Response:
    actor = request[keys.actor]
    if not actor.is_staff:
        await limit(request, shared.OPEN, str(actor.id))
        await limit(request, shared.OPEN_ADDRESS, request.app[keys.limits].address(request))
    new = await body(request, tickets.NewTicket, LONGEST_BODY)

    def write(ticket: TicketView) -> web.Response:
        return ticket_reply(ticket, 201, {"Location": f"{PREFIX}/users/tickets/{ticket.id}"})

    return await once_as_statement(request, new, write, fast_path.opening(actor, new))


async def list_own(request: web.Request) -> web.Response:
    given = query(request, TicketQuery)
    actor = request[keys.actor]
    filters = Filters(
        status=any_of(given.status),
        category=given.category,
        type=given.type,
        user_id=actor.id,
        q=given.q,
    )
    return await ticket_page(request, actor, given, filters)


async def show_own(request: web.Request) -> web.Response:
    return await ticket_shown(request, views.OWN)


async def show_timeline(request: web.Request) -> web.Response:
    given = query(request, TimelineQuery)
    actor = request[keys.actor]
    read = await request.app[keys.desk].read(
        history.read, actor, path_id(request), given.after, given.limit + 1
    )
    events = fitting([timeline_event(e, actor.audience) for e in read.events[: given.limit]])
    more = len(read.events) > len(events)
    following = {"after": events[-1].seq} if more else None
    total = await counted(
        request, given, history.count, actor, path_id(request), messages_only=False
    )
    return page(request, events, following, total)


async def list_messages(request: web.Request) -> web.Response:
    given = query(request, Paged)
    actor = request[keys.actor]
    after = decode_cursor(given.cursor, TypeAdapter(tuple[Seq])) or (0,)
    found = await request.app[keys.desk].read(
        history.messages, actor, path_id(request), after[0], given.limit + 1
    )
    events = [timeline_event(e, actor.audience) for e in found]
    total = await counted(
        request, given, history.count, actor, path_id(request), messages_only=True
    )
    shown = len(fitting(events[: given.limit]))
    return page_of(request, events, shown, lambda event: (event.seq,), total)


async def post_message(request: web.Request) -> web.Response:
    actor = request[keys.actor]
    await limit(request, shared.POST, str(actor.id))
    new = await body(request, messages.NewMessage, LONGEST_BODY)

    def write(posted: messages.Posted) -> web.Response:
        event = timeline_event(posted.event, actor.audience)
        return reply(event, status=201 if posted.is_new else 200)

    posting = fast_path.posting(actor, path_id(request), new)
    return await once_as_statement(request, new, write, posting)


async def close_own(request: web.Request) -> web.Response:
    await no_body(request)
    desk, actor = request.app[keys.desk], request[keys.actor]
    return ticket_reply(await desk.run(tickets.close, actor, path_id(request)))


async def mark_read(request: web.Request) -> web.Response:
    given = await body(request, Read)
    request.app[keys.limits].spend_here(shared.READ_ACCOUNT, str(request[keys.actor].id))
    await request.app[keys.desk].run(
        reading.mark_read, request[keys.actor], path_id(request), given.seq
    )
    return web.Response(status=204)


ROUTES = (
    At("POST", "/users/tickets", open_ticket, Right.PERSON).says(
        "Open a ticket",
        tickets.NewTicket,
        made(TicketView, ETAG, names="ticket_id"),
        refuses=("429 rate_limited", *KEYED),
    ),
    At("GET", "/users/tickets", list_own, Right.PERSON).says(
        "List your own tickets",
        TicketQuery,
        listed(TicketView, TOTAL, names="ticket_id"),
        refuses=("429 rate_limited",),
    ),
    At("GET", "/users/tickets/{ticket_id}", show_own, Right.OWNER).says(
        "Show a ticket of your own", NOTHING, ok(TicketView, ETAG), not_modified(), refuses=()
    ),
    At("POST", "/users/tickets/{ticket_id}/close", close_own, Right.OWNER).says(
        "Close a ticket of your own", NOTHING, ok(TicketView, ETAG), refuses=()
    ),
    At("GET", "/tickets/{ticket_id}/timeline", show_timeline, Right.VIEWER).says(
        "Show what happened on a ticket", TimelineQuery, listed(TimelineEvent, TOTAL), refuses=()
    ),
    At("GET", "/tickets/{ticket_id}/messages", list_messages, Right.VIEWER).says(
        "List the messages of a ticket", Paged, listed(TimelineEvent, TOTAL), refuses=()
    ),
    At("POST", "/tickets/{ticket_id}/messages", post_message, Right.VIEWER).says(
        "Post a message on a ticket",
        messages.NewMessage,
        Gives(201, TimelineEvent, ()),
        ok(TimelineEvent, description="The client_id was used before: the message of that time"),
        refuses=(
            "403 csr_required",
            "409 client_id_reused",
            "409 ticket_closed",
            "429 rate_limited",
            *KEYED,
        ),
    ),
    At("POST", "/tickets/{ticket_id}/read", mark_read, Right.VIEWER).says(
        "Say how far you have read", Read, done(), refuses=("429 rate_limited",)
    ),
)
