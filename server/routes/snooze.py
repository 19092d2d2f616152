"""Snoozing tickets: they are no work until a time."""

from aiohttp import web

from desk.tickets import snooze
from desk.tickets.snooze import Snooze
from desk.tickets.views import TicketView
from models import Scope
from server.http.contract import ETAG, NOTHING, At, Right, ok
from server.http.guard import ACTOR
from server.http.input import LONGEST_BODY, body, no_body, path_id
from server.http.tags import expected_versions
from server.routes.tickets import ticket_reply
from server.services import SERVICES


async def start(request: web.Request) -> web.Response:
    sent = await body(request, Snooze, LONGEST_BODY)
    versions = expected_versions(request)
    ticket = await request.app[SERVICES].desk.run(
        snooze.snooze, request[ACTOR], path_id(request), sent, None, versions
    )
    return ticket_reply(ticket)


async def end(request: web.Request) -> web.Response:
    await no_body(request)
    ticket = await request.app[SERVICES].desk.run(
        snooze.end_snooze, request[ACTOR], path_id(request), expected_versions(request)
    )
    return ticket_reply(ticket)


ROUTES = (
    At("POST", "/csr/tickets/{ticket_id}/snooze", start, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Let a ticket sleep until a time",
        Snooze,
        ok(TicketView, ETAG),
        refuses=(
            "308 merged",
            "409 not_active",
            "412 version_mismatch",
            "422 in_the_past",
            "422 too_long",
        ),
    ),
    At("DELETE", "/csr/tickets/{ticket_id}/snooze", end, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Wake a ticket",
        NOTHING,
        ok(TicketView, ETAG),
        refuses=("308 merged", "412 version_mismatch"),
    ),
)
