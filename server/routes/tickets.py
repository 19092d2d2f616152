"""A customer's own tickets, and what both sides do on a ticket."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID
from zlib import crc32

from aiohttp import web
from pydantic import Field, TypeAdapter

from desk.access import Actor, Audience
from desk.errors import Merged
from desk.statements import Statement
from desk.text import Input, Seq
from desk.tickets import fast_path, history, keyset, messages, reading, tickets, views
from desk.tickets.field_index import PREFIX as FIELD
from desk.tickets.filters import Filters, OwnFilters, OwnList
from desk.tickets.keyset import Sort, SortName
from desk.tickets.lists import Position, count, list_page, plainly, ticket_list
from desk.tickets.views import TicketRow, TicketView
from models import Scope
from server.http.contract import (
    ETAG,
    KEYED,
    NOTHING,
    PREFIX,
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
from server.http.guard import ACTOR, limit, limit_opening
from server.http.idempotency import once_as_statement
from server.http.input import (
    LONGEST_BODY,
    MIDDLING_BODY,
    Countable,
    Paged,
    Query,
    body,
    decode_cursor,
    encode_cursor,
    no_body,
    path_id,
    query,
)
from server.http.output import counted, fitting, page, page_of, reply
from server.http.tags import tags_of
from server.limits import shared
from server.services import SERVICES
from wire.codec import encode
from wire.shapes import TimelineEvent, timeline_event

TUPLE: Any = tuple  # Of types that mypy cannot know.
# What is in a cursor: the sort, and where the page ended in it.
POSITIONS: dict[str, TypeAdapter[Any]] = {
    field: TypeAdapter(TUPLE[Annotated[str, keyset.one_of([field])], keyset.key_type(field), UUID])
    for field in keyset.SORTS
}


class TicketQuery(OwnFilters, Paged):
    """What every list of tickets takes."""

    repeatable = frozenset({"status"})
    prefix = FIELD

    sort: SortName = "-created_at"


class TimelineQuery(Countable):
    after: Seq = 0
    limit: int = Field(200, ge=1, le=200)


class Read(Input):
    seq: Seq


async def ticket_page(
    request: web.Request, actor: Actor, params: TicketQuery, filters: Filters
) -> web.Response:
    """A page of tickets by filters, sort and cursor."""
    if params.q is not None and not actor.is_staff:
        await limit(request, shared.SEARCH, str(actor.id))
    desk = request.app[SERVICES].desk
    sort = Sort.of(params.sort)
    position = decode_cursor(params.cursor, POSITIONS[sort.field])
    after: Position | None = position[1:] if position else None
    if plain := plainly(actor, filters, sort, params.limit, after):
        result = list_page(await desk.fetch(plain.query, **plain.values), sort, params.limit)
    else:
        result = await desk.read(ticket_list, actor, filters, sort, params.limit, after)
    headers = await counted(request, params, count, actor, filters)
    cursor = {"cursor": encode_cursor(sort.field, *result.after)} if result.after else None
    return page(request, result.tickets, cursor, headers)


def _tag(ticket: TicketView) -> str:
    """The ticket as its reader sees it: reading, another name of its people, and fields that become
    theirs to see change it without a new version.

    `If-Match` takes the version of it alone: these are no changes that others could overwrite.
    """
    people = [person.full_name for person in (ticket.customer, ticket.assignee) if person]
    shown = encode([people, ticket.fields])
    return f'"{ticket.version}.{ticket.unread}.{crc32(shown):x}"'


def ticket_reply(
    ticket: TicketView, status: int = 200, headers: dict[str, str] | None = None
) -> web.Response:
    return reply(ticket, status, {"ETag": _tag(ticket), **(headers or {})})


async def ticket_shown(
    request: web.Request, among: Mapping[Audience, Statement[TicketView]]
) -> web.Response:
    """The ticket, if it is among these, or the way to what it was merged into; 304 where the
    caller's copy is still the same.
    """
    query(request, Query)
    actor, ticket_id = request[ACTOR], path_id(request)
    statement = among[actor.audience]
    tickets = await request.app[SERVICES].desk.fetch(statement, me=actor.id, ticket_id=ticket_id)
    if not tickets:
        raise views.not_found()
    ticket = tickets[0]
    if ticket.merged_into_id is not None:
        raise Merged(ticket.merged_into_id)
    tag = {"ETag": _tag(ticket)}
    if {*tags_of(request, "If-None-Match")} & {*tag.values(), "*"}:
        return web.Response(status=304, headers=tag)
    return reply(ticket, headers=tag)


async def open_ticket(request: web.Request) -> web.Response:
    actor = request[ACTOR]
    await limit_opening(request)
    new = await body(request, tickets.NewTicket, LONGEST_BODY)

    def write(ticket: TicketView) -> web.Response:
        return ticket_reply(ticket, 201, {"Location": f"{PREFIX}/users/tickets/{ticket.id}"})

    return await once_as_statement(request, new, write, fast_path.opening(actor, new))


async def list_own(request: web.Request) -> web.Response:
    params = query(request, TicketQuery)
    actor = request[ACTOR]
    own = params.model_dump(include=set(OwnFilters.model_fields))
    return await ticket_page(request, actor, params, OwnList(**own))


async def show_own(request: web.Request) -> web.Response:
    return await ticket_shown(request, views.OWN)


async def show_timeline(request: web.Request) -> web.Response:
    params = query(request, TimelineQuery)
    actor = request[ACTOR]
    read = await request.app[SERVICES].desk.read(
        history.read, actor, path_id(request), params.after, params.limit + 1
    )
    events = fitting([timeline_event(e, actor.audience) for e in read.events[: params.limit]])
    more = len(read.events) > len(events)
    following = {"after": events[-1].seq} if more else None
    total = await counted(
        request, params, history.count, actor, path_id(request), messages_only=False
    )
    return page(request, events, following, total)


async def list_messages(request: web.Request) -> web.Response:
    params = query(request, Paged)
    actor = request[ACTOR]
    after = decode_cursor(params.cursor, TypeAdapter(tuple[Seq])) or (0,)
    rows = await request.app[SERVICES].desk.read(
        history.messages, actor, path_id(request), after[0], params.limit + 1
    )
    events = [timeline_event(e, actor.audience) for e in rows]
    total = await counted(
        request, params, history.count, actor, path_id(request), messages_only=True
    )
    fits = len(fitting(events[: params.limit]))
    return page_of(request, events, fits, lambda event: (event.seq,), total)


async def post_message(request: web.Request) -> web.Response:
    actor = request[ACTOR]
    await limit(request, shared.POST, str(actor.id))
    new = await body(request, messages.NewMessage, LONGEST_BODY)

    def write(posted: messages.Posted) -> web.Response:
        event = timeline_event(posted.event, actor.audience)
        return reply(event, status=201 if posted.is_new else 200)

    posting = fast_path.posting(actor, path_id(request), new)
    return await once_as_statement(request, new, write, posting)


async def close_own(request: web.Request) -> web.Response:
    await no_body(request)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    return ticket_reply(await desk.run(tickets.close, actor, path_id(request)))


async def change_own(request: web.Request) -> web.Response:
    actor, changed = request[ACTOR], await body(request, tickets.OwnChange, MIDDLING_BODY)
    await limit(request, shared.POST, str(actor.id))
    desk = request.app[SERVICES].desk
    return ticket_reply(await desk.run(tickets.change_own, actor, path_id(request), changed, None))


async def mark_read(request: web.Request) -> web.Response:
    sent = await body(request, Read)
    request.app[SERVICES].limits.spend_here(shared.READ_ACCOUNT, str(request[ACTOR].id))
    await request.app[SERVICES].desk.run(
        reading.mark_read, request[ACTOR], path_id(request), sent.seq
    )
    return web.Response(status=204)


async def mark_unread(request: web.Request) -> web.Response:
    """Moves your own mark back, so that the event is unread. Nobody else is told."""
    sent = await body(request, Read)
    request.app[SERVICES].limits.spend_here(shared.READ_ACCOUNT, str(request[ACTOR].id))
    await request.app[SERVICES].desk.run(
        reading.mark_unread, request[ACTOR], path_id(request), sent.seq
    )
    return web.Response(status=204)


# What a route refuses that sets custom fields.
FIELDS = ("422 field_removed", "422 fields_too_large", "422 unknown_field")
ROUTES = (
    At("POST", "/users/tickets", open_ticket, Right.PERSON, Scope.TICKETS_WRITE).says(
        "Open a ticket",
        tickets.NewTicket,
        made(TicketView, ETAG, names="ticket_id"),
        refuses=(
            *FIELDS,
            "422 field_read_only",
            "422 field_required",
            "429 rate_limited",
            *KEYED,
        ),
    ),
    At("GET", "/users/tickets", list_own, Right.PERSON, Scope.TICKETS_READ).says(
        "List your own tickets",
        TicketQuery,
        listed(TicketRow, TOTAL, names="ticket_id"),
        refuses=("422 unknown_field", "429 rate_limited"),
    ),
    At("GET", "/users/tickets/{ticket_id}", show_own, Right.OWNER, Scope.TICKETS_READ).says(
        "Show a ticket of your own",
        NOTHING,
        ok(TicketView, ETAG),
        not_modified(),
        refuses=("308 merged",),
    ),
    At("PATCH", "/users/tickets/{ticket_id}", change_own, Right.OWNER, Scope.TICKETS_WRITE).says(
        "Set fields of a ticket of your own",
        tickets.OwnChange,
        ok(TicketView, ETAG),
        refuses=("308 merged", *FIELDS, "422 field_read_only", "429 rate_limited"),
    ),
    At(
        "POST", "/users/tickets/{ticket_id}/close", close_own, Right.OWNER, Scope.TICKETS_WRITE
    ).says("Close a ticket of your own", NOTHING, ok(TicketView, ETAG), refuses=("308 merged",)),
    At(
        "GET", "/tickets/{ticket_id}/timeline", show_timeline, Right.VIEWER, Scope.TICKETS_READ
    ).says(
        "Show what happened on a ticket", TimelineQuery, listed(TimelineEvent, TOTAL), refuses=()
    ),
    At(
        "GET", "/tickets/{ticket_id}/messages", list_messages, Right.VIEWER, Scope.TICKETS_READ
    ).says("List the messages of a ticket", Paged, listed(TimelineEvent, TOTAL), refuses=()),
    At(
        "POST", "/tickets/{ticket_id}/messages", post_message, Right.VIEWER, Scope.MESSAGES_WRITE
    ).says(
        "Post a message on a ticket",
        messages.NewMessage,
        Gives(201, TimelineEvent, ()),
        ok(TimelineEvent, description="The client_id was used before: the message of that time"),
        refuses=(
            "308 merged",
            "403 csr_required",
            "409 attachment_unavailable",
            "409 client_id_reused",
            "409 ticket_closed",
            "412 answered_meanwhile",
            "422 not_mentionable",
            "429 rate_limited",
            *KEYED,
        ),
    ),
    At("POST", "/tickets/{ticket_id}/read", mark_read, Right.VIEWER).says(
        "Say how far you have read", Read, done(), refuses=("429 rate_limited",)
    ),
    At("POST", "/tickets/{ticket_id}/unread", mark_unread, Right.VIEWER).says(
        "Mark as unread from an event on", Read, done(), refuses=("429 rate_limited",)
    ),
)
