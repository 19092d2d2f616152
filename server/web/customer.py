"""The customers' pages: whole as HTML, and live where the browser runs scripts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import ValidationError

from desk.errors import DeskError, Invalid, NotFound
from desk.files.content_types import PICTURES
from desk.tickets import (
    fast_path,
    history,
    messages,
    participants,
    people,
    ratings,
    tickets,
    views,
)
from desk.tickets import fields as ticket_fields
from desk.tickets.fields import FieldView
from desk.tickets.filters import OwnList
from desk.tickets.keyset import Sort
from desk.tickets.lists import ticket_list
from desk.tickets.views import TicketView
from server.http.guard import ACTOR, limit, limit_opening, ticket_numbered
from server.http.idempotency import FORM_KEY, once_as_statement
from server.http.input import (
    LONGEST_BODY,
    decode_cursor,
    encode_cursor,
    path_id,
    ticket_number,
    validated,
)
from server.limits import shared
from server.routes.tickets import POSITIONS
from server.services import SERVICES
from server.web import custom_fields
from server.web.custom_fields import MOST_BOXES
from server.web.file_forms import fields_and_files
from server.web.forms import SHEETS, WORDS, fields, form_page, form_shell, see_other
from server.web.pages import Shell, page
from server.web.parts import parts_of
from server.web.reader import Refused, for_readers, reader
from server.web.signing import (
    home,
    sign_in,
    sign_in_page,
    sign_in_second_step,
    sign_out,
    sign_up,
    sign_up_page,
)
from wire.shapes import timeline_event

TICKETS = Shell("tickets.html", "customer/tickets.js", SHEETS, WORDS)
TICKET = Shell("ticket.html", "customer/ticket.js", SHEETS, WORDS)
NEW = form_shell("new.html")
SORT = Sort.of("-updated_at")
# What the form of a new ticket asks besides the custom fields.
OPENING = ("title", "description", "category", "type")
A_PAGE = 50
MOST_EVENTS = 200
LINKS = {
    "docs": "/docs",
    "openapi": "/api/v1/openapi.json",
    "asyncapi": "/asyncapi",
    "sign_in": "/login",
    "sign_up": "/signup",
    "console": "/desk",
    "health": "/health/ready",
}


def add_customer_pages(app: web.Application) -> None:
    app.router.add_get("/", show_front)
    app.router.add_get("/login", show_sign_in)
    app.router.add_post("/login", sign_in)
    app.router.add_post("/login/second_factor", sign_in_second_step)
    app.router.add_get("/signup", show_sign_up)
    app.router.add_post("/signup", sign_up)
    app.router.add_post("/logout", sign_out)
    for path, show, take in (
        ("/tickets", show_tickets, None),
        ("/tickets/new", show_new, open_ticket),
        ("/tickets/{number}", show_ticket, write_on_ticket),
    ):
        app.router.add_get(path, for_readers(show))
        if take:
            app.router.add_post(path, for_readers(take))


async def show_front(request: web.Request) -> web.Response:
    """The sign-in; who is signed in comes to their tickets. Programs are told where things are."""
    accept = request.headers.get("Accept", "")
    if "application/json" in accept and "text/html" not in accept:
        body = {"name": "Ticket Desk", "description": "A real-time support desk", "links": LINKS}
        return web.json_response(body, headers={"Vary": "Accept"})
    return await show_sign_in(request)


async def show_sign_in(request: web.Request) -> web.Response:
    if (actor := await reader(request)) is not None:
        return see_other(home(actor.role))
    return sign_in_page(request, {})


async def show_sign_up(request: web.Request) -> web.Response:
    if (actor := await reader(request)) is not None:
        return see_other(home(actor.role))
    return sign_up_page(request, {})


async def show_tickets(request: web.Request) -> web.Response:
    actor, services = request[ACTOR], request.app[SERVICES]
    position = decode_cursor(request.query.get("cursor"), POSITIONS[SORT.field])
    after = position[1:] if position else None
    found = await services.desk.read(ticket_list, actor, OwnList(), SORT, A_PAGE, after)
    older = encode_cursor(SORT.field, *found.after) if found.after else None
    values = {"user": actor, "tickets": found.tickets, "older": older}
    return page(request, TICKETS, values)


async def show_ticket(request: web.Request) -> web.Response:
    """Mails link to it: the staff, whose ticket it is not, come to the console."""
    actor, number = request[ACTOR], request.match_info["number"]
    try:
        ticket = await own_ticket(request)
    except NotFound:
        if actor.is_staff and ticket_number(number):
            return see_other(f"/desk/tickets/{number}")
        raise
    if number != str(ticket.number):
        return see_other(f"/tickets/{ticket.number}")
    return await _ticket_page(request, ticket)


async def write_on_ticket(request: web.Request) -> web.Response:
    """A message, values of fields, or the customer's word that it is done."""
    actor, services = request[ACTOR], request.app[SERVICES]
    ticket = await own_ticket(request)
    sent: dict[str, str] = {}
    try:
        sent, uploaded = await fields_and_files(request, ticket.id, MOST_BOXES)
        if sent.get("do") == "close":
            await services.desk.run(tickets.close, actor, ticket.id)
        elif sent.get("do") == "fields":
            await limit(request, shared.POST, str(actor.id))
            known = custom_fields.asked_on(await _known_fields(request), ticket)
            changes = validated(tickets.OwnChange, {"fields": custom_fields.given(known, sent)})
            await services.desk.run(tickets.change_own, actor, ticket.id, changes, None)
        else:
            await limit(request, shared.POST, str(actor.id))
            given = {
                "content": sent.get("content", ""),
                "client_id": sent.get("client_id") or None,
                "attachment_ids": uploaded,
            }
            new = validated(messages.NewMessage, given)
            await services.desk.run_statement(fast_path.posting(actor, ticket.id, new))
    except Refused as error:
        return await _ticket_page(request, ticket, sent, error)
    except web.HTTPRequestEntityTooLarge:
        too_large = Invalid("content_too_large", "A file is too large")
        return await _ticket_page(request, ticket, sent, too_large)
    return see_other(f"/tickets/{ticket.number}")


async def own_ticket(request: web.Request) -> TicketView:
    """The reader's own, by its number or its id; or what it was merged into."""
    if (number := ticket_number(request.match_info["number"])) is None:
        return await _own(request, path_id(request, "number"))
    services, actor = request.app[SERVICES], request[ACTOR]
    if (ticket_id := await ticket_numbered(services, actor, number)) is None:
        raise views.not_found()
    return await _own(request, ticket_id)


async def _known_fields(request: web.Request) -> Sequence[FieldView]:
    return await request.app[SERVICES].desk.read(ticket_fields.fields, request[ACTOR])


async def _own(request: web.Request, ticket_id: UUID) -> TicketView:
    actor = request[ACTOR]
    found = await request.app[SERVICES].desk.fetch(
        views.OWN[actor.audience], me=actor.id, ticket_id=ticket_id
    )
    if not found:
        raise views.not_found()
    ticket = found[0]
    # What it was merged into is a part of no other.
    return await _own(request, ticket.merged_into_id) if ticket.merged_into_id else ticket


async def _ticket_page(
    request: web.Request,
    ticket: TicketView,
    sent: dict[str, str] | None = None,
    error: DeskError | ValidationError | None = None,
) -> web.Response:
    """With the newest of what happened: what came before is read by scripts."""
    actor, services = request[ACTOR], request.app[SERVICES]
    after = max(0, ticket.seq - MOST_EVENTS)
    read = await services.desk.read(history.read, actor, ticket.id, after, MOST_EVENTS)
    events = [timeline_event(event, actor.audience) for event in read.events]
    names = await services.desk.read(people.in_timeline, actor, ticket.id)
    parts = await parts_of(services.desk, actor, events)
    readers = await services.desk.read(participants.others, actor, ticket)
    known = await _known_fields(request)
    rating = await services.desk.read(ratings.show, actor, ticket.id)
    asked = custom_fields.asked_on(known, ticket)
    is_about_fields = (sent or {}).get("do") == "fields"
    values = {
        "user": actor,
        "ticket": ticket,
        "fields": asked,
        "facts": custom_fields.shown_on(known, ticket),
        "values": custom_fields.given(asked, sent or {}) if is_about_fields else ticket.fields,
        "wrong": custom_fields.blamed(error),
        "events": events,
        "parts": {part_id: part.events for part_id, part in parts.items()},
        "names": {
            person.id: person.full_name
            for person in (*names, *(one for part in parts.values() for one in part.people))
        },
        "readers": readers,
        "client_id": str(uuid4()),
        "pictures": PICTURES,
        "asks_rating": rating.asked and services.settings.csat == "auto",
        "content": (sent or {}).get("content", ""),
    }
    return form_page(request, TICKET, values, error)


async def show_new(request: web.Request) -> web.Response:
    return await _new_page(request, {})


async def _new_page(
    request: web.Request,
    sent: dict[str, str],
    error: DeskError | ValidationError | None = None,
) -> web.Response:
    settings = request.app[SERVICES].settings
    asked = custom_fields.asked(await _known_fields(request))
    values: dict[str, Any] = {
        "user": request[ACTOR],
        "fields": asked,
        "values": custom_fields.given(asked, sent),
        "wrong": custom_fields.blamed(error),
        "categories": settings.categories_offered,
        "types": settings.types_offered,
        "key": sent.get("key") or str(uuid4()),
        **{name: sent.get(name, "") for name in OPENING},
    }
    return form_page(request, NEW, values, error)


async def open_ticket(request: web.Request) -> web.Response:
    actor = request[ACTOR]
    sent = await fields(request, LONGEST_BODY, MOST_BOXES)
    try:
        await limit_opening(request)
        given = {name: sent.get(name, "") for name in OPENING}
        asked = custom_fields.given(custom_fields.asked(await _known_fields(request)), sent)
        values = {key: value for key, value in asked.items() if value is not None}
        new = validated(tickets.NewTicket, {**given, "fields": values})
        # Whoever presses the button twice opens one ticket.
        if key := sent.get("key"):
            request[FORM_KEY] = key
        return await once_as_statement(request, new, _opened, fast_path.opening(actor, new))
    except Refused as error:
        return await _new_page(request, sent, error)


def _opened(ticket: TicketView) -> web.Response:
    return see_other(f"/tickets/{ticket.number}")
