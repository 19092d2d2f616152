"""Who follows a ticket: they are told of what its assignee is told of."""

from collections.abc import Callable
from uuid import UUID

from aiohttp import web

from desk.tickets import followers
from desk.tickets.people import Person
from models import Scope
from server.http.contract import NOTHING, At, Gives, Right, done
from server.http.guard import ACTOR
from server.http.input import Query, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES


async def list_followers(request: web.Request) -> web.Response:
    """Customers are told of nobody but themselves."""
    query(request, Query)
    actor, ticket_id = request[ACTOR], path_id(request)
    return reply(await request.app[SERVICES].desk.read(followers.followers, actor, ticket_id))


async def follow(request: web.Request) -> web.Response:
    return await _changed(request, followers.follow, request[ACTOR].id)


async def unfollow(request: web.Request) -> web.Response:
    return await _changed(request, followers.unfollow, request[ACTOR].id)


async def add_follower(request: web.Request) -> web.Response:
    """For the staff: another of them."""
    return await _changed(request, followers.follow, path_id(request, "user_id", "User"))


async def remove_follower(request: web.Request) -> web.Response:
    """For the staff: whoever follows."""
    return await _changed(request, followers.unfollow, path_id(request, "user_id", "User"))


async def _changed(request: web.Request, rule: Callable[..., None], user_id: UUID) -> web.Response:
    await no_body(request)
    await request.app[SERVICES].desk.run(rule, request[ACTOR], path_id(request), user_id)
    return web.Response(status=204)


ME = "/tickets/{ticket_id}/followers/me"
SOMEBODY = "/tickets/{ticket_id}/followers/{user_id}"
FOLLOWS = (
    "308 merged",
    "409 too_many_followers",
)
LISTED = Gives(200, list[Person], (), names="user_id")
ROUTES = (
    At(
        "GET", "/tickets/{ticket_id}/followers", list_followers, Right.VIEWER, Scope.TICKETS_READ
    ).says("List who follows a ticket", NOTHING, LISTED, refuses=()),
    At("PUT", ME, follow, Right.VIEWER).says("Follow a ticket", NOTHING, done(), refuses=FOLLOWS),
    At("DELETE", ME, unfollow, Right.VIEWER).says(
        "Follow a ticket no longer", NOTHING, done(), refuses=("308 merged",)
    ),
    At("PUT", SOMEBODY, add_follower, Right.VIEWER, Scope.TICKETS_WRITE).says(
        "Have somebody follow a ticket",
        NOTHING,
        done(),
        refuses=("403 not_yourself", *FOLLOWS, "422 not_staff"),
    ),
    At("DELETE", SOMEBODY, remove_follower, Right.VIEWER, Scope.TICKETS_WRITE).says(
        "Have somebody follow a ticket no longer",
        NOTHING,
        done(),
        refuses=("308 merged", "403 not_yourself"),
    ),
)
