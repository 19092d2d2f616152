"""Files as browsers get them: by the cookie of whoever reads our pages, or by a signed link."""

from aiohttp import web

from desk.access import Actor
from desk.errors import DeskError
from desk.tickets import attachments
from server.clock import now
from server.http.downloads import PATH, file_response
from server.http.guard import ACTOR, spend_look
from server.http.input import path_id
from server.identity.authenticator import setup_required
from server.limits import shared
from server.services import SERVICES
from server.web import signing
from server.web.forms import problem_page
from server.web.reader import holder, reader
from server.web.visitor import COOKIE as VISITOR


def add_attachments(app: web.Application) -> None:
    app.router.add_get(f"{PATH}/{{attachment_id}}", show)


async def show(request: web.Request) -> web.StreamResponse:
    """With a token the answer is a program's; without one, mails and pages link to it."""
    services = request.app[SERVICES]
    if (token := request.query.get("token")) is not None:
        attachment_id = path_id(request, "attachment_id", "Attachment")
        session_id = services.attachment_links.session(attachment_id, token, now())
        return await _file(request, await services.authenticator.of_session(session_id))
    # On a page of ours somebody may be signed in and a visitor, too.
    readers = [await reader(request), await holder(request, request.cookies.get(VISITOR, ""))]
    refused: DeskError | None = None
    for actor in filter(None, readers):
        request[ACTOR] = actor
        try:
            spend_look(request, shared.LOOK)
            return await _file(request, actor)
        except DeskError as error:
            refused = error
    if refused is None:
        return signing.sign_in_page(request, {"next": request.path})
    return problem_page(request, refused)


async def _file(request: web.Request, actor: Actor) -> web.StreamResponse:
    if actor.must_set_up:
        raise setup_required()
    attachment_id = path_id(request, "attachment_id", "Attachment")
    desk = request.app[SERVICES].desk
    return await file_response(
        request, await desk.read(attachments.for_reading, actor, attachment_id)
    )
