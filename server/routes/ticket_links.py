"""What tickets have to do with one another."""

from uuid import UUID

from aiohttp import web

from desk.tickets import links, views
from desk.tickets.links import LinkedTicket, NewLink
from models import LinkKind, Scope
from server.http.contract import NOTHING, At, Gives, Right, done
from server.http.guard import ACTOR, ticket_numbered
from server.http.input import Query, body, path_id, query, query_alone, ticket_number
from server.http.output import reply
from server.services import SERVICES


class LinkQuery(Query):
    kind: LinkKind | None = None


async def list_links(request: web.Request) -> web.Response:
    query(request, Query)
    actor, ticket_id = request[ACTOR], path_id(request)
    return reply(await request.app[SERVICES].desk.read(links.links, actor, ticket_id))


async def link(request: web.Request) -> web.Response:
    """Once a kind. A link that is there the other way is turned round."""
    new = await body(request, NewLink)
    actor, ticket_id = request[ACTOR], path_id(request)
    await request.app[SERVICES].desk.run(
        links.link, actor, ticket_id, await _other(request), new, None
    )
    return web.Response(status=204)


async def unlink(request: web.Request) -> web.Response:
    """Of a kind; or of all kinds, from whichever side."""
    kind = query(request, LinkQuery).kind
    await query_alone(request)
    actor, ticket_id = request[ACTOR], path_id(request)
    await request.app[SERVICES].desk.run(
        links.unlink, actor, ticket_id, await _other(request), kind, None
    )
    return web.Response(status=204)


async def _other(request: web.Request) -> UUID:
    """By its id, or its number."""
    number = ticket_number(request.match_info["other_id"])
    if number is None:
        return path_id(request, "other_id", "Ticket")
    found = await ticket_numbered(request.app[SERVICES], request[ACTOR], number)
    if found is None:
        raise views.not_found()
    return found


LINK = "/csr/tickets/{ticket_id}/links/{other_id}"
LISTED = Gives(200, list[LinkedTicket], (), names="other_id")
ROUTES = (
    At("GET", "/csr/tickets/{ticket_id}/links", list_links, Right.STAFF, Scope.TICKETS_READ).says(
        "List what a ticket is linked with", NOTHING, LISTED, refuses=()
    ),
    At("PUT", LINK, link, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Link a ticket with another",
        NewLink,
        done(),
        refuses=("308 merged", "409 too_many_links", "422 same_ticket"),
    ),
    At("DELETE", LINK, unlink, Right.STAFF, Scope.TICKETS_WRITE).says(
        "Take links of a ticket with another away",
        LinkQuery,
        done(),
        refuses=("308 merged", "422 same_ticket"),
    ),
)
