"""Single sign-on of the staff: to their identity provider, and back."""

import hmac
from contextlib import suppress
from uuid import UUID

import structlog
from aiohttp import web
from pydantic import ValidationError

from desk.accounts import accounts, sessions, single_sign_on
from desk.accounts.sessions import Issued
from desk.accounts.single_sign_on import Terms, TurnedAway
from desk.errors import DeskError, Unauthenticated
from server.background import attempt
from server.clock import now
from server.http.clients import client_of
from server.http.guard import limit
from server.identity import oidc
from server.identity.named import named
from server.identity.sign_on_cookie import SignOn
from server.limits import shared
from server.services import SERVICES
from server.web.forms import form_shell
from server.web.pages import page
from server.web.session import set_cookie, token_of
from server.web.signing import OURS, home, sign_in_page

log = structlog.get_logger("server.web.sign_on")

START, CALLBACK = "/web/oidc/start", "/web/oidc/callback"
SIGNED_ON = form_shell("signed_on.html")


def add_sign_on(app: web.Application) -> None:
    """Nothing, where there is no provider. A look at the head of an answer must spend nothing."""
    if app[SERVICES].settings.has_sign_on:
        app.router.add_get(START, start, allow_head=False)
        app.router.add_get(CALLBACK, end, allow_head=False)


async def start(request: web.Request) -> web.Response:
    services = request.app[SERVICES]
    wanted = request.query.get("return_to", "")
    return_to = wanted if OURS.fullmatch(wanted) else ""
    started = SignOn.begin(return_to, _session_before(request))
    try:
        await limit(request, shared.SIGN_ON, services.limits.address(request))
        address = await services.identity_provider.address(started)
    except DeskError as error:
        return sign_in_page(request, {"next": return_to}, error)
    response = web.Response(status=302, headers={"Location": address, "Cache-Control": "no-store"})
    services.sign_on_cookie.set(response, started, now())
    return response


async def end(request: web.Request) -> web.Response:
    """The provider's answer, which a browser brings."""
    services = request.app[SERVICES]
    started = services.sign_on_cookie.read(request, now())
    state = request.query.get("state", "").encode(errors="replace")
    if started is None or not hmac.compare_digest(state, started.state.encode()):
        # Another one may be under way, and goes on.
        return sign_in_page(request, {}, single_sign_on.over())
    try:
        await limit(request, shared.SIGN_ON, services.limits.address(request))
        issued = await _signed_in(request, started)
        user = await services.desk.read(accounts.profile, issued.user_id)
    except (DeskError, ValidationError) as error:
        response = sign_in_page(request, {"next": started.return_to}, error)
        services.sign_on_cookie.clear(response)
        return response
    # What is Strict comes not with a request to which another site has led, nor with where that
    # redirects to, but with where a page of ours goes on to.
    path = started.return_to or home(user.role)
    response = page(request, SIGNED_ON, {"path": path})
    response.headers["Refresh"] = f"0;url={path}"
    # The code in the address is spent; nobody has to read it all the same.
    response.headers["Referrer-Policy"] = "no-referrer"
    services.sign_on_cookie.clear(response)
    set_cookie(request, response, services.tokens.pair(issued, now()).refresh_token)
    return await _replaced(request, response, started)


async def _signed_in(request: web.Request, started: SignOn) -> Issued:
    services, query = request.app[SERVICES], request.query
    settings = services.settings
    if query.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
        raise oidc.not_believed()
    if "error" in query:
        raise oidc.denied()
    code = query.get("code", "")
    if not 0 < len(code) <= oidc.LONGEST_CODE or not code.isascii():
        raise single_sign_on.over()
    try:
        claims = await services.identity_provider.redeem(code, started)
    except DeskError as error:
        await _failed(request, "", error)
        raise
    who = named(claims, settings.role_claim)
    terms = Terms(
        services.tokens.refresh_lifetime,
        settings.default_capacity,
        settings.oidc_link_admins == "on",
        client_of(request, single_sign_on.METHOD),
    )
    outcome = await services.desk.run(single_sign_on.sign_in, started.state, who, terms, now())
    if isinstance(outcome, TurnedAway):
        await _failed(request, who.subject, outcome.why, outcome.user_id)
        raise outcome.why
    return outcome


async def _failed(
    request: web.Request, subject: str, why: DeskError, user_id: UUID | None = None
) -> None:
    services = request.app[SERVICES]
    said = {"signed_in_by": single_sign_on.METHOD, "reason": why.code}
    address = services.limits.address(request)
    await services.failures.record("login_failed", subject, address, user_id, **said)


def _session_before(request: web.Request) -> UUID | None:
    """The session of this browser that a new one takes the place of."""
    try:
        return request.app[SERVICES].tokens.read(token_of(request), "refresh").session_id
    except Unauthenticated:
        return None


async def _replaced(request: web.Request, response: web.Response, started: SignOn) -> web.Response:
    """As `session.replaced`: the cookie of the session before did not come from the other site."""
    if (before := started.session_id) is not None:
        with suppress(ConnectionError):  # Its client has gone.
            await response.prepare(request)
            await response.write_eof()
        await attempt(_end(request, before), log, "session before not ended")
    return response


async def _end(request: web.Request, session_id: UUID) -> None:
    await request.app[SERVICES].desk.run(sessions.log_out, session_id, now())
    request.app[SERVICES].authenticator.forget(session_id)
