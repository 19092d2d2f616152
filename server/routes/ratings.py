"""Satisfaction: customers rate how their tickets were resolved."""

from aiohttp import web

from desk.errors import Conflict
from desk.tickets import ratings
from desk.tickets.ratings import Rate, RatingShown
from server.http.contract import NOTHING, At, Right, ok
from server.http.guard import ACTOR, limit
from server.http.input import LONGEST_BODY, Query, body, path_id, query
from server.http.output import reply
from server.limits import shared
from server.services import SERVICES


async def show(request: web.Request) -> web.Response:
    query(request, Query)
    require_asked(request)
    desk = request.app[SERVICES].desk
    return reply(await desk.read(ratings.show, request[ACTOR], path_id(request)))


async def rate(request: web.Request) -> web.Response:
    actor, sent = request[ACTOR], await body(request, Rate, LONGEST_BODY)
    require_asked(request)
    await limit(request, shared.POST, str(actor.id))
    desk = request.app[SERVICES].desk
    return reply(await desk.run(ratings.rate, actor, path_id(request), sent, None))


def require_asked(request: web.Request) -> None:
    """Raises `Conflict` where the desk wants no ratings."""
    if request.app[SERVICES].settings.csat == "off":
        raise Conflict("ratings_off", "This desk asks for no ratings")


ROUTES = (
    At("GET", "/users/tickets/{ticket_id}/rating", show, Right.OWNER).says(
        "Show how you rated a ticket of your own, and whether you may",
        NOTHING,
        ok(RatingShown),
        refuses=("308 merged", "409 ratings_off"),
    ),
    At("POST", "/users/tickets/{ticket_id}/rating", rate, Right.OWNER).says(
        "Rate how a ticket of your own was resolved",
        Rate,
        ok(RatingShown),
        refuses=(
            "308 merged",
            "409 not_resolved",
            "409 rating_over",
            "409 ratings_off",
            "429 rate_limited",
        ),
    ),
)
