"""All that the desk has of a person, for them: an admin takes it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from aiohttp import web

from desk.accounts import administration
from models import Scope
from server.clock import now
from server.http.contract import DISPOSITION, NOTHING, At, Gives, Right, ok
from server.http.exports import MEDIA, address, export_response
from server.http.guard import ACTOR, limit
from server.http.input import Query, no_body, path_id, query
from server.http.output import reply
from server.limits import shared
from server.services import SERVICES


@dataclass(frozen=True, slots=True)
class ExportLink:
    """``url``: needs no sign-in until it expires, and ends with your session."""

    url: str
    expires_at: datetime


async def export(request: web.Request) -> web.StreamResponse:
    """A ZIP file: `profile.json`, `sessions.json`, of each ticket of theirs `tickets/<number>.json`
    with its timeline as they see it, without notes, and its files in `attachments/<number>/`. It is
    sent as it is made: what breaks off has no end, and does not open.
    """
    query(request, Query)
    await limit(request, shared.EXPORT, str(request[ACTOR].id))
    return await export_response(request, request[ACTOR], _user_id(request))


async def make_link(request: web.Request) -> web.Response:
    """For a browser, which saves what is sent as it comes. Good for five minutes."""
    await no_body(request)
    services, actor, user_id = request.app[SERVICES], request[ACTOR], _user_id(request)
    await services.desk.read(administration.show, user_id)
    assert actor.session_id is not None
    token, expires_at = services.export_links.token(user_id, actor.session_id, now())
    base = services.settings.public_url.rstrip("/") or str(request.url.origin())
    return reply(ExportLink(f"{base}{address(user_id)}?token={token}", expires_at))


def _user_id(request: web.Request) -> UUID:
    return path_id(request, "user_id", "User")


ROUTES = (
    At("GET", "/admin/users/{user_id}/export", export, Right.ADMIN, Scope.ADMIN).says(
        "Export what there is of a person",
        NOTHING,
        Gives(200, bytes, (DISPOSITION,), media=MEDIA),
        refuses=("429 rate_limited",),
    ),
    At("POST", "/admin/users/{user_id}/export/link", make_link, Right.ADMIN).says(
        "Make a link to an export", NOTHING, ok(ExportLink), refuses=()
    ),
)
