"""Files on a ticket: uploaded first, then named by a message or note, and read with it."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from aiohttp import web

from desk.tickets import attachments
from desk.tickets.attachments import AttachmentView
from models import Scope
from server.clock import now
from server.http.contract import (
    ETAG,
    KEYED,
    NOTHING,
    PREFIX,
    At,
    FileBody,
    Right,
    done,
    file,
    file_part,
    made,
    not_modified,
    ok,
)
from server.http.downloads import address, file_response
from server.http.guard import ACTOR
from server.http.idempotency import once
from server.http.input import Query, no_body, path_id, query
from server.http.output import reply
from server.http.uploads import is_scanned, limit_upload, stored_file
from server.limits import shared
from server.services import SERVICES
from server.transport.uploads import incoming_file


@dataclass(frozen=True, slots=True)
class AttachmentLink:
    """``url``: needs no sign-in until it expires, and ends with your session."""

    url: str
    expires_at: datetime


async def upload(request: web.Request) -> web.Response:
    """The body is the file, and `Content-Disposition: attachment; filename="…"` says its name; or
    it is a form whose first part is the file. It is read as it comes, and nobody but you sees it
    until a message or note of yours names it in `attachment_ids`; what none has named after a day
    is deleted. What it is, its bytes say. Of the same bytes on one ticket one copy is kept.
    """
    query(request, Query)
    actor, ticket_id = request[ACTOR], path_id(request)
    await limit_upload(request)
    file_id, stored = await stored_file(request, ticket_id, await incoming_file(request))

    def write(added: AttachmentView) -> web.Response:
        return reply(added, 201, {"Location": f"{PREFIX}/attachments/{added.id}"})

    add = partial(attachments.add, is_scanned=is_scanned(request))
    return await once(request, stored, write, add, actor, ticket_id, file_id, stored)


async def show(request: web.Request) -> web.StreamResponse:
    """For whoever reads the message that has it; before there is one, for its uploader. Pictures
    and plain text may be shown as they are, all else is for saving.
    """
    query(request, Query)
    desk, attachment_id = request.app[SERVICES].desk, path_id(request, "attachment_id", WHAT)
    found = await desk.read(attachments.for_reading, request[ACTOR], attachment_id)
    return await file_response(request, found)


async def make_link(request: web.Request) -> web.Response:
    """A link for an `<img>` or a download manager, which send no token. Good for five minutes."""
    await no_body(request)
    services, actor = request.app[SERVICES], request[ACTOR]
    services.limits.spend_here(shared.LOOK, str(actor.id))
    attachment_id = path_id(request, "attachment_id", WHAT)
    await services.desk.read(attachments.readable, actor, attachment_id)
    assert actor.session_id is not None
    token, expires_at = services.attachment_links.token(attachment_id, actor.session_id, now())
    base = services.settings.public_url.rstrip("/") or str(request.url.origin())
    return reply(AttachmentLink(f"{base}{address(attachment_id)}?token={token}", expires_at))


async def discard(request: web.Request) -> web.Response:
    """Only while no message has it."""
    await no_body(request)
    attachment_id = path_id(request, "attachment_id", WHAT)
    await request.app[SERVICES].desk.run(attachments.discard, request[ACTOR], attachment_id)
    return web.Response(status=204)


WHAT = "Attachment"
ROUTES = (
    At("POST", "/tickets/{ticket_id}/attachments", upload, Right.VIEWER, Scope.MESSAGES_WRITE).says(
        "Upload a file for a message",
        FileBody,
        made(AttachmentView, names="attachment_id"),
        refuses=(
            "308 merged",
            "409 ticket_closed",
            "429 rate_limited",
            "503 files_unavailable",
            "503 upload_expired",
            *KEYED,
        ),
    ),
    At("GET", "/attachments/{attachment_id}", show, Right.PERSON, Scope.TICKETS_READ).says(
        "Get a file",
        NOTHING,
        file(ETAG),
        file_part(ETAG),
        not_modified(),
        refuses=(
            "409 attachment_infected",
            "409 scan_pending",
            "416 range_not_satisfiable",
            "503 files_unavailable",
        ),
    ),
    At(
        "POST", "/attachments/{attachment_id}/link", make_link, Right.PERSON, Scope.TICKETS_READ
    ).says("Make a link to a file", NOTHING, ok(AttachmentLink), refuses=("429 rate_limited",)),
    At("DELETE", "/attachments/{attachment_id}", discard, Right.PERSON, Scope.MESSAGES_WRITE).says(
        "Remove a file that no message has",
        NOTHING,
        done(),
        refuses=("409 attachment_unavailable",),
    ),
)
