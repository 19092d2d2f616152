"""Visitors whom a site names by a token that it has signed: for programs of the site's own."""

from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from desk.accounts import identities
from desk.accounts.identities import Generation
from desk.accounts.sessions import Issued
from desk.text import Input
from server import audit
from server.clock import now
from server.http.clients import client_of
from server.http.contract import At, Right, ok
from server.http.guard import limit
from server.http.input import MIDDLING_BODY, body
from server.http.output import reply
from server.identity.tokens import Pair
from server.limits import shared
from server.services import SERVICES


class SiteToken(Input):
    token: Annotated[str, StringConstraints(max_length=8192)]


async def identify(request: web.Request) -> web.Response:
    """The token is good once: a JWT, with the site's own id of the person as `sub`. They are made
    at first sight, and are never of the staff.
    """
    issued = await identified(request, None)
    return reply(request.app[SERVICES].tokens.pair(issued, now()))


async def identified(request: web.Request, brought: Generation | None) -> Issued:
    """The session of whom the token in the body names. ``brought``: the session before."""
    services = request.app[SERVICES]
    await limit(request, shared.IDENTIFY, services.limits.address(request))
    sent = await body(request, SiteToken, MIDDLING_BODY)
    identity = services.site_tokens.read(sent.token, now())
    issued = await services.desk.run(
        identities.identify,
        identity,
        brought,
        services.tokens.refresh_lifetime,
        now(),
        client_of(request, "site"),
        longest=services.tokens.session_lifetime,
    )
    if brought is not None and brought.session_id != issued.session_id:
        services.authenticator.forget(brought.session_id)
    audit.note("visitor_identified", user_id=issued.user_id, session_id=issued.session_id)
    return issued


ROUTES = (
    At("POST", "/auth/identify", identify, Right.ANYONE).says(
        "Sign in whom a site names by its token",
        SiteToken,
        ok(Pair),
        refuses=("401 invalid_identity", "429 rate_limited"),
    ),
)
