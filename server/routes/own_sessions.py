"""Where one is signed in, and the end of one of these sessions."""

from aiohttp import web

from desk.accounts import own_sessions
from desk.accounts.own_sessions import OwnSession
from server.clock import now
from server.http.contract import NOTHING, At, Gives, Right, done
from server.http.guard import ACTOR
from server.http.input import Query, no_body, path_id, query
from server.http.output import reply
from server.services import SERVICES


async def list_sessions(request: web.Request) -> web.Response:
    query(request, Query)
    actor, services = request[ACTOR], request.app[SERVICES]
    return reply(await services.desk.read(own_sessions.show_all, actor, now()))


async def end_session(request: web.Request) -> web.Response:
    """With its sockets, within moments; your own present one, too."""
    await no_body(request)
    session_id = path_id(request, "session_id", "Session")
    services = request.app[SERVICES]
    await services.desk.run(own_sessions.end, request[ACTOR], session_id, now())
    services.authenticator.forget(session_id)
    return web.Response(status=204)


ROUTES = (
    At("GET", "/auth/sessions", list_sessions, Right.PERSON).says(
        "List your sessions, the one that was used last first",
        NOTHING,
        Gives(200, list[OwnSession], (), names="session_id"),
        refuses=(),
    ),
    At("DELETE", "/auth/sessions/{session_id}", end_session, Right.PERSON).says(
        "End one of your sessions", NOTHING, done(), refuses=()
    ),
)
