"""The staff's side: all tickets, assigning and changing them."""

from collections.abc import Callable

from aiohttp import web

from desk.assignment import assignment, routing
from desk.text import Input
from desk.tickets import views
from desk.tickets.filters import Filters
from desk.tickets.views import TicketRow, TicketView
from models import Scope
from server.http.contract import ETAG, NOTHING, TOTAL, At, Right, listed, not_modified, ok
from server.http.guard import ACTOR
from server.http.input import MIDDLING_BODY, body, no_body, path_id, query
from server.http.tags import expected_versions
from server.routes.tickets import FIELDS, TicketQuery, ticket_page, ticket_reply, ticket_shown
from server.services import SERVICES


class StaffTicketQuery(Filters, TicketQuery):
    pass


async def list_tickets(request: web.Request) -> web.Response:
    actor = request[ACTOR]
    params = query(request, StaffTicketQuery, {"assigned_to": {"me": str(actor.id)}})
    return await ticket_page(request, actor, params, params)


async def show_ticket(request: web.Request) -> web.Response:
    return await ticket_shown(request, views.VISIBLE)


async def claim(request: web.Request) -> web.Response:
    await no_body(request)
    ticket = await request.app[SERVICES].desk.run(
        assignment.claim, request[ACTOR], path_id(request), None
    )
    return ticket_reply(ticket)


async def assign(request: web.Request) -> web.Response:
    return await _changed(request, assignment.Assign, assignment.assign)


async def change(request: web.Request) -> web.Response:
    return await _changed(request, routing.Change, routing.change)


async def _changed(
    request: web.Request, shape: type[Input], rule: Callable[..., TicketView]
) -> web.Response:
    """The ticket after a rule has made the wanted of it, if it is still as ``If-Match`` says."""
    changed = await body(request, shape, MIDDLING_BODY)
    ticket = await request.app[SERVICES].desk.run(
        rule, request[ACTOR], path_id(request), changed, None, expected_versions(request)
    )
    return ticket_reply(ticket)


ROUTES = (
    At("GET", "/csr/tickets", list_tickets, Right.STAFF, Scope.TICKETS_READ).says(
        "List tickets of everybody",
        StaffTicketQuery,
        listed(TicketRow, TOTAL, names="ticket_id"),
        refuses=("422 unknown_field",),
    ),
    At("GET", "/csr/tickets/{ticket_id}", show_ticket, Right.STAFF, Scope.TICKETS_READ).says(
        "Show any ticket", NOTHING, ok(TicketView, ETAG), not_modified(), refuses=("308 merged",)
    ),
    At("POST", "/csr/tickets/{ticket_id}/assign", assign, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Give a ticket to somebody of the staff, or back to the queue",
        assignment.Assign,
        ok(TicketView, ETAG),
        refuses=("308 merged", "409 ticket_closed", "412 version_mismatch", "422 not_assignable"),
    ),
    At("POST", "/csr/tickets/{ticket_id}/claim", claim, Right.STAFF).says(
        "Take a ticket that nobody has",
        NOTHING,
        ok(TicketView, ETAG),
        refuses=("308 merged", "409 already_assigned", "409 ticket_closed"),
    ),
    At("PATCH", "/csr/tickets/{ticket_id}", change, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Change a ticket",
        routing.Change,
        ok(TicketView, ETAG),
        refuses=(
            "308 merged",
            *FIELDS,
            "409 invalid_transition",
            "409 ticket_closed",
            "412 version_mismatch",
            "422 field_required",
            "422 no_such_team",
            "422 not_assignable",
        ),
    ),
)
