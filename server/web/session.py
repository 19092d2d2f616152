"""A browser's session: its refresh token is in a cookie that no script can read.

The access token is in the answers, which are never cached and never compressed.
"""

from contextlib import suppress
from dataclasses import dataclass

import structlog
from aiohttp import web

from config import Settings
from desk.accounts import accounts
from desk.accounts.sessions import Issued
from desk.errors import Forbidden, Unauthenticated
from server.background import attempt
from server.clock import now
from server.http.guard import limit
from server.http.input import body, no_body
from server.http.output import reply
from server.http.problems import refusal
from server.limits import shared
from server.routes import auth
from server.services import SERVICES

log = structlog.get_logger("server.web.session")

PATH = "/web/session"
# Tells our scripts that asking for a session is worth it, and nothing else.
MARKER = "signed_in"
# What a browser says of a request that a page of ours makes.
OWN = "same-origin"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """``expires_in``: seconds that the access token has left."""

    access_token: str
    expires_in: int
    user: accounts.Profile


def add_session(app: web.Application) -> None:
    app.router.add_post(PATH, sign_in)
    app.router.add_post(f"{PATH}/refresh", refresh)
    app.router.add_delete(PATH, sign_out)


async def sign_in(request: web.Request) -> web.Response:
    """As a log-in. A page of others must not sign their reader in as somebody else."""
    refuse_other_pages(request)
    await limit(request, shared.LOGIN, request.app[SERVICES].limits.address(request))
    issued, stored = await auth.log_in(request, await body(request, accounts.Login))
    response = await signed_in(request, issued)
    request.app[SERVICES].devices.remember(request, response, stored, now())
    return await replaced(request, response)


async def refresh(request: web.Request) -> web.Response:
    require_own_page(request)
    await no_body(request)
    await limit(request, shared.TOKENS, request.app[SERVICES].limits.address(request))
    try:
        issued = await auth.refreshed(request, token_of(request))
    except Unauthenticated:
        response = no_session("Nobody is signed in here")
        clear_cookie(request, response)
        return response
    return await signed_in(request, issued)


async def sign_out(request: web.Request) -> web.Response:
    refuse_other_pages(request)
    await no_body(request)
    return await leave(request, web.Response(status=204))


async def leave(request: web.Request, response: web.Response) -> web.Response:
    """The answer, with which the browser's session is over."""
    await limit(request, shared.TOKENS, request.app[SERVICES].limits.address(request))
    clear_cookie(request, response)
    await _end(request)
    return response


async def replaced(request: web.Request, response: web.Response) -> web.Response:
    """Sends the answer, which brings a session; then the one that the browser had before is over.

    In this order: another tab, which is told of the end, asks at once for what is in the cookie.
    """
    if token_of(request):
        with suppress(ConnectionError):  # Its client has gone.
            await response.prepare(request)
            await response.write_eof()
        await attempt(_end(request), log, "session before not ended")
    return response


async def _end(request: web.Request) -> None:
    # Where nobody is signed in, there is nothing to end.
    with suppress(Unauthenticated):
        await auth.end_session(request, token_of(request))


def no_session(detail: str) -> web.Response:
    """What is answered where a cookie's session is over, or there is none."""
    problem = refusal(Unauthenticated("no_session", detail))
    assert problem is not None
    return problem.as_response()


async def signed_in(request: web.Request, issued: Issued) -> web.Response:
    pair = request.app[SERVICES].tokens.pair(issued, now())
    user = await request.app[SERVICES].desk.read(accounts.profile, issued.user_id)
    response = reply(SignedIn(pair.access_token, pair.expires_in, user))
    set_cookie(request, response, pair.refresh_token)
    return response


def refuse_other_pages(request: web.Request) -> None:
    """`Forbidden` if a page of another origin asks; what is no browser says nothing of pages."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_own = site == OWN if site else origin is None or _is_own(request)
    if not is_own:
        raise Forbidden("cross_origin", "Only pages of this desk may do this")


def require_own_page(request: web.Request) -> None:
    """`Forbidden` unless a page of ours asks."""
    refuse_other_pages(request)
    if not request.headers.keys() & {"Sec-Fetch-Site", "Origin"}:
        raise Forbidden("cross_origin", "Only pages of this desk may do this")


def _is_own(request: web.Request) -> bool:
    return request.app[SERVICES].origins.is_own(request)


def cookie_name(settings: Settings) -> str:
    # A browser takes a name with this prefix from us alone, not from a neighbour's page.
    return "__Host-session" if settings.public_url.startswith("https:") else "session"


def set_cookie(request: web.Request, response: web.Response, refresh_token: str) -> None:
    services = request.app[SERVICES]
    seconds = int(services.tokens.refresh_lifetime.total_seconds())
    is_secure = services.settings.public_url.startswith("https:")
    response.set_cookie(
        cookie_name(services.settings),
        refresh_token,
        max_age=seconds,
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="Strict",
    )
    response.set_cookie(MARKER, "1", max_age=seconds, path="/", secure=is_secure, samesite="Strict")


def clear_cookie(request: web.Request, response: web.Response) -> None:
    settings = request.app[SERVICES].settings
    response.del_cookie(
        cookie_name(settings),
        path="/",
        secure=settings.public_url.startswith("https:"),
        httponly=True,
        samesite="Strict",
    )
    response.del_cookie(MARKER, path="/")


def token_of(request: web.Request) -> str:
    """The refresh token; empty, and so not valid, where there is none."""
    return request.cookies.get(cookie_name(request.app[SERVICES].settings), "")
