"""For admins: taking away what somebody signs in with besides their password, who has lost it."""

from aiohttp import web

from desk.factors import administration
from server.clock import now
from server.http.contract import NOTHING, At, Right, done
from server.http.guard import ACTOR
from server.http.input import no_body, path_id
from server.services import SERVICES


async def take_away(request: web.Request) -> web.Response:
    """Second factor, recovery codes and passkeys. Their sessions end, and they are mailed."""
    await no_body(request)
    user_id = path_id(request, "user_id", "User")
    await request.app[SERVICES].desk.run(administration.take_away, request[ACTOR], user_id, now())
    return web.Response(status=204)


ROUTES = (
    At("DELETE", "/admin/users/{user_id}/factors", take_away, Right.ADMIN).says(
        "Take away somebody's second factor and passkeys",
        NOTHING,
        done(),
        refuses=("409 own_factors",),
    ),
)
