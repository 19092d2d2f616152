"""Erasing a person."""

from uuid import UUID

from aiohttp import web

from desk.erasure import erasures, requests
from desk.erasure.erasures import Erasing, ErasureShown
from desk.tickets.views import TicketView
from models import Scope
from server.clock import now
from server.http.contract import ETAG, NOTHING, PREFIX, At, Gives, Right, made, ok
from server.http.guard import ACTOR, limit_opening
from server.http.input import Query, body, no_body, path_id, query
from server.http.output import reply
from server.routes.tickets import ticket_reply
from server.services import SERVICES


async def erase(request: web.Request) -> web.Response:
    """At once the account is nobody's: name, address, sessions and what else signs in are gone.
    Then what they wrote is erased ticket by ticket, and their files; of staff, on tickets of their
    own. Nothing comes back. A repeat changes nothing, but for `keep_tickets` once it is false.
    """
    asked = await body(request, Erasing)
    desk, actor = request.app[SERVICES].desk, request[ACTOR]
    return reply(await desk.run(erasures.ask, actor, _user_id(request), asked, now()), 202)


async def ask(request: web.Request) -> web.Response:
    """A customer asks for their own: it is a ticket, and somebody of the staff decides. Who asks
    again while it is open gets the same one.
    """
    await no_body(request)
    await limit_opening(request)
    ticket = await request.app[SERVICES].desk.run(requests.ask, request[ACTOR])
    return ticket_reply(ticket, 201, {"Location": f"{PREFIX}/users/tickets/{ticket.id}"})


async def show(request: web.Request) -> web.Response:
    query(request, Query)
    return reply(await request.app[SERVICES].desk.read(erasures.show, _user_id(request)))


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "user_id", "User")


ROUTES = (
    At("POST", "/users/erasure", ask, Right.PERSON).says(
        "Ask for one's data to be erased",
        NOTHING,
        made(TicketView, ETAG, names="ticket_id"),
        refuses=("429 rate_limited",),
    ),
    At("POST", "/admin/users/{user_id}/erase", erase, Right.ADMIN, Scope.ADMIN).says(
        "Erase a person",
        Erasing,
        Gives(202, ErasureShown, ()),
        refuses=("409 last_admin", "409 program"),
    ),
    At("GET", "/admin/users/{user_id}/erasure", show, Right.ADMIN, Scope.ADMIN).says(
        "Show how far an erasure is", NOTHING, ok(ErasureShown), refuses=("404 erasure_not_found",)
    ),
)
