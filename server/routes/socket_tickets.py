"""Socket tickets: the better way into a plain WebSocket."""

from dataclasses import dataclass

from aiohttp import web

from desk.accounts import socket_tickets
from server.clock import now
from server.http.contract import NOTHING, At, Gives, Right
from server.http.guard import ACTOR, bearer, limit
from server.http.input import no_body, path_id
from server.http.output import reply
from server.limits import shared
from server.services import SERVICES


@dataclass(frozen=True, slots=True)
class SocketTicketOut:
    """For `/ws/tickets/{ticket_id}?ticket=…`, once. ``expires_in``: seconds until it is too old."""

    ticket: str
    expires_in: int


async def issue(request: web.Request) -> web.Response:
    await no_body(request)
    actor = request[ACTOR]
    await limit(request, shared.SOCKET_TICKET, str(actor.id))
    claims = request.app[SERVICES].authenticator.claims(bearer(request))
    ticket = await request.app[SERVICES].desk.run(
        socket_tickets.issue, actor, path_id(request), claims.expires_at, now()
    )
    lifetime = int(socket_tickets.LIFETIME.total_seconds())
    return reply(SocketTicketOut(ticket, lifetime), 201, {"Cache-Control": "no-store"})


ROUTES = (
    At("POST", "/tickets/{ticket_id}/socket_ticket", issue, Right.VIEWER).says(
        "Get a ticket for the plain WebSocket: for one use, within 30 seconds",
        NOTHING,
        Gives(201, SocketTicketOut, ()),
        refuses=("429 rate_limited",),
    ),
)
