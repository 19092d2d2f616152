"""A visitor's session, in the widget's frame on another site, and what is framed there.

The refresh token is in a partitioned cookie: in a frame of another site a browser sends nothing
else back, and to our page on one site not what it got on another.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from aiohttp import web
from pydantic import StringConstraints

from config import Settings
from desk.accounts import identities, visitors
from desk.accounts.full_names import require_own
from desk.accounts.identities import Generation
from desk.accounts.sessions import Issued
from desk.accounts.visitors import FirstMessage, Terms
from desk.errors import Unauthenticated
from desk.text import Input
from desk.tickets.views import TicketView
from server import audit
from server.clock import now
from server.http.clients import client_of
from server.http.guard import limit
from server.http.idempotency import REPEATED, asked_by_nobody
from server.http.input import LONGEST_BODY, MIDDLING_BODY, body, no_body
from server.http.output import reply
from server.limits import shared
from server.routes import auth
from server.services import SERVICES
from server.web.session import no_session, require_own_page

PATH = "/web/visitor"
# Browsers take such a name with `Secure` alone; so by http it is kept on this machine only, where
# they trust it.
COOKIE = "__Host-visitor"


class SiteToken(Input):
    token: Annotated[str, StringConstraints(max_length=8192)]


@dataclass(frozen=True, slots=True)
class Visiting:
    """``expires_in``: seconds that the access token has left. ``ticket``: the newest, if any."""

    access_token: str
    expires_in: int
    ticket: TicketView | None


def add_visitor(app: web.Application) -> None:
    app.router.add_post(PATH, begin)
    app.router.add_post(f"{PATH}/identify", identify)
    app.router.add_post(f"{PATH}/refresh", refresh)
    app.router.add_delete(PATH, end)


async def begin(request: web.Request) -> web.Response:
    """A first message: a visitor, their ticket and their session. As often as one may sign up."""
    require_own_page(request)
    services = request.app[SERVICES]
    await limit(request, shared.VISIT, services.limits.address(request))
    first = await body(request, FirstMessage, LONGEST_BODY)
    await limit(request, shared.VISIT_ADDRESS, first.email)
    require_own(first.name, services.settings.desk_name, "/name")
    asked, terms = asked_by_nobody(request, first), _terms(request)
    visit = await services.desk.run(visitors.begin, first, asked, terms, now())
    if not visit.is_repeated:
        issued = visit.issued
        audit.note("visitor_began", user_id=issued.user_id, session_id=issued.session_id)
    response = _visiting(request, visit.issued, visit.ticket, status=201)
    if visit.is_repeated:
        response.headers[REPEATED] = "true"
    return response


def _terms(request: web.Request) -> Terms:
    services = request.app[SERVICES]
    settings = services.settings
    category, kind = labels(settings)
    lifetime = services.tokens.refresh_lifetime
    client = client_of(request, "visitor")
    return Terms(lifetime, settings.jwt_secret_key, category, kind, client)


def labels(settings: Settings) -> tuple[str, str]:
    """The category and the type of what a visitor writes: of those offered, the last and the first.

    The last category is the one for all else.
    """
    return settings.categories_offered[-1], settings.types_offered[0]


async def identify(request: web.Request) -> web.Response:
    """Whom a site has named by a token of its own; the session of somebody else ends."""
    require_own_page(request)
    services = request.app[SERVICES]
    await limit(request, shared.IDENTIFY, services.limits.address(request))
    sent = await body(request, SiteToken, MIDDLING_BODY)
    identity = services.site_tokens.read(sent.token, now())
    brought = _brought(request)
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
    ticket = await services.desk.read(visitors.newest, issued.user_id)
    return _visiting(request, issued, ticket)


def _brought(request: web.Request) -> Generation | None:
    """The session in the cookie, if there is one."""
    try:
        token = request.cookies.get(COOKIE, "")
        claims = request.app[SERVICES].tokens.read(token, "refresh")
    except Unauthenticated:
        return None
    return Generation(claims.session_id, claims.user_id, claims.generation)


async def refresh(request: web.Request) -> web.Response:
    require_own_page(request)
    await no_body(request)
    services = request.app[SERVICES]
    await limit(request, shared.TOKENS, services.limits.address(request))
    try:
        issued = await auth.refreshed(request, request.cookies.get(COOKIE, ""))
    except Unauthenticated:
        response = no_session("No visitor is known here")
        _set_cookie(response, "", 0)
        return response
    ticket = await services.desk.read(visitors.newest, issued.user_id)
    return _visiting(request, issued, ticket)


async def end(request: web.Request) -> web.Response:
    require_own_page(request)
    await no_body(request)
    await limit(request, shared.TOKENS, request.app[SERVICES].limits.address(request))
    response = web.Response(status=204)
    _set_cookie(response, "", 0)
    with suppress(Unauthenticated):  # There is nothing to end.
        await auth.end_session(request, request.cookies.get(COOKIE, ""))
    return response


def _visiting(
    request: web.Request, issued: Issued, ticket: TicketView | None, status: int = 200
) -> web.Response:
    tokens = request.app[SERVICES].tokens
    pair = tokens.pair(issued, now())
    response = reply(Visiting(pair.access_token, pair.expires_in, ticket), status)
    _set_cookie(response, pair.refresh_token, int(tokens.refresh_lifetime.total_seconds()))
    return response


def _set_cookie(response: web.Response, value: str, max_age: int) -> None:
    # Python's cookies know `Partitioned` since 3.14.
    flags = f"Max-Age={max_age}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
    response.headers.add("Set-Cookie", f"{COOKIE}={value}; {flags}")
