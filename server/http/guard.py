"""Who may use a route, and how often."""

from contextlib import nullcontext
from uuid import UUID

from aiohttp import web

from desk.access import Actor
from desk.errors import Forbidden, Unauthenticated
from desk.tickets import views
from models import Role, Scope
from server.http.compression import compress
from server.http.contract import Handler, Right, Route
from server.http.input import TICKET, ticket_number
from server.limits import shared
from server.limits.shared import Limit, Spent
from server.services import SERVICES, Services

ACTOR: web.RequestKey[Actor] = web.RequestKey("actor")
# What is left of a limit that the request counted against: the answer says it, whatever it is.
LIMIT_HEADERS: web.RequestKey[dict[str, str]] = web.RequestKey("limit_headers")
# Where answers let somebody in, as do those that anybody may ask for: none of them is compressed.
SECRET = "/auth/"


def guarded(route: Route) -> Handler:
    """The handler behind its right."""

    async def handle(request: web.Request) -> web.StreamResponse:
        if route.right is not Right.ANYONE:
            services = request.app[SERVICES]
            actor, _ = await services.authenticator.of_token(
                bearer(request),
                services.limits.address(request),
                for_setup=route.right is Right.SETUP,
            )
            request[ACTOR] = actor
            admit(route.right, route.scope, actor)
            if route.method == "GET" and not actor.is_staff:
                spend_look(request, shared.LOOK)
                slots = services.read_slots.of(actor.id)
                # A file that is read slowly holds up no other read.
                async with nullcontext() if route.gives_files else slots:
                    response = await _handled(request, route)
            else:
                response = await _handled(request, route)
            if not route.path.startswith(SECRET):
                await compress(request, response)
            return response
        return await route.handler(request)

    return handle


async def _handled(request: web.Request, route: Route) -> web.StreamResponse:
    """The answer for a known actor. A ticket's number in the path is looked up first, once."""
    number = ticket_number(request.match_info.get("ticket_id", ""))
    if number is not None:
        request[TICKET] = await ticket_numbered(request.app[SERVICES], request[ACTOR], number)
    return await route.handler(request)


async def ticket_numbered(services: Services, actor: Actor, number: int) -> UUID | None:
    """The id of the ticket with the number, if the actor may see it."""
    ticket_ids = await services.desk.fetch(
        views.BY_NUMBER[actor.audience], me=actor.id, number=number
    )
    return ticket_ids[0] if ticket_ids else None


def admit(right: Right, scope: Scope | None, actor: Actor) -> None:
    if actor.scopes is not None and scope not in actor.scopes:
        raise Forbidden(
            "scope_required", f"The key needs the scope {scope}" if scope else "Not for programs"
        )
    if right is Right.STAFF and not actor.is_staff:
        raise Forbidden("csr_required", "CSR privileges required")
    if right is Right.ADMIN and actor.role is not Role.ADMIN:
        raise Forbidden("admin_required", "Admin privileges required")


def require_role(actor: Actor, before: Actor) -> None:
    """Whose role has changed is in rooms that are not theirs any more, and has to connect anew."""
    if actor.role is not before.role:
        raise Unauthenticated("role_changed", "The role has changed; log in again")


def bearer(request: web.Request) -> str:
    headers = request.headers.getall("Authorization", ())
    scheme, _, token = headers[0].partition(" ") if len(headers) == 1 else ("", "", "")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("not_authenticated", "Send Authorization: Bearer <access token>")
    return token.strip()


async def limit(request: web.Request, limited: Limit, *who: str) -> None:
    """Counts the request against a limit; the answer will say what is left of it."""
    await limit_each(request, Spent(limited, who))


async def limit_each(request: web.Request, *spent: Spent) -> None:
    """As `limit`, one after the other; the answer will say what is left of the last."""
    request[LIMIT_HEADERS] = await request.app[SERVICES].limits.hit_each(*spent)


async def limit_opening(request: web.Request) -> None:
    """Counts a ticket that somebody opens who is no staff."""
    actor = request[ACTOR]
    if not actor.is_staff:
        address = request.app[SERVICES].limits.address(request)
        opened = Spent(shared.OPEN, (str(actor.id),)), Spent(shared.OPEN_ADDRESS, (address,))
        await limit_each(request, *opened)


def spend_look(request: web.Request, limited: Limit) -> None:
    """Counts a read of a customer's, here alone: it costs this process and the database."""
    actor = request[ACTOR]
    if not actor.is_staff:
        request.app[SERVICES].limits.spend_here(limited, str(actor.id))
