"""Exports as browsers get them: by a signed link alone."""

from aiohttp import web

from models import Scope
from server.clock import now
from server.http.contract import Right
from server.http.exports import PATH, export_response
from server.http.guard import ACTOR, admit, limit
from server.http.input import path_id
from server.limits import shared
from server.services import SERVICES


def add_exports(app: web.Application) -> None:
    app.router.add_get(f"{PATH}/{{user_id}}", show, allow_head=False)


async def show(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    user_id = path_id(request, "user_id", "User")
    token = request.query.get("token", "")
    actor = await services.authenticator.of_session(
        services.export_links.session(user_id, token, now())
    )
    admit(Right.ADMIN, Scope.ADMIN, actor)
    request[ACTOR] = actor
    await limit(request, shared.EXPORT, str(actor.id))
    return await export_response(request, actor, user_id)
