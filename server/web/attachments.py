"""Files as browsers get them: by the cookie of whoever reads our pages, or by a signed link."""

from aiohttp import web

from desk.access import Actor
from desk.tickets import attachments
from server.clock import now
from server.http.downloads import PATH, file_response
from server.http.guard import ACTOR
from server.http.input import path_id
from server.services import SERVICES
from server.web import signing
from server.web.forms import problem_page
from server.web.reader import Refused, reader


def add_attachments(app: web.Application) -> None:
    app.router.add_get(f"{PATH}/{{attachment_id}}", show)


async def show(request: web.Request) -> web.StreamResponse:
    """With a token the answer is a program's; without one, mails and pages link to it."""
    services = request.app[SERVICES]
    if (token := request.query.get("token")) is not None:
        attachment_id = path_id(request, "attachment_id", "Attachment")
        session_id = services.attachment_links.session(attachment_id, token, now())
        return await _file(request, await services.authenticator.of_session(session_id))
    actor = await reader(request)
    if actor is None:
        return signing.sign_in_page(request, {"next": request.path})
    request[ACTOR] = actor
    try:
        return await _file(request, actor)
    except Refused as error:
        return problem_page(request, error)


async def _file(request: web.Request, actor: Actor) -> web.StreamResponse:
    attachment_id = path_id(request, "attachment_id", "Attachment")
    desk = request.app[SERVICES].desk
    return await file_response(
        request, await desk.read(attachments.for_reading, actor, attachment_id)
    )
