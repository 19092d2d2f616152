"""Who reads a page: by the cookie of their session, which a page's HTML does not spend."""

from collections.abc import Awaitable, Callable
from contextlib import nullcontext

from aiohttp import web
from pydantic import ValidationError

from desk.access import Actor
from desk.accounts import sessions
from desk.errors import DeskError, Unauthenticated
from server.clock import now
from server.http.guard import ACTOR, spend_look
from server.identity.authenticator import setup_required
from server.limits import shared
from server.services import SERVICES
from server.web import signing
from server.web.forms import problem_page, see_other
from server.web.session import token_of

# Where a second factor is set up.
SETUP_PATH = "/account/second_factor"

Handler = Callable[[web.Request], Awaitable[web.Response]]
Refused = (DeskError, ValidationError)


async def reader(request: web.Request) -> Actor | None:
    """Who is signed in; None where nobody is, or the cookie did not come with the request."""
    return await holder(request, token_of(request))


async def holder(request: web.Request, refresh_token: str) -> Actor | None:
    """Whose refresh token it is, which is not spent by that."""
    try:
        claims = request.app[SERVICES].tokens.read(refresh_token, "refresh")
    except Unauthenticated:
        return None
    services = request.app[SERVICES]
    return await services.desk.read(
        sessions.holder,
        claims.session_id,
        claims.user_id,
        claims.generation,
        now(),
        needs_factor=services.settings.staff_needs_factor,
    )


def for_readers(handler: Handler, *, for_setup: bool = False) -> Handler:
    """The page for who is signed in; the sign-in for others, and for refusals a page, too.

    Who has to set up a second factor comes to where that is done, unless this is ``for_setup``.
    """

    async def handle(request: web.Request) -> web.Response:
        actor = await reader(request)
        if actor is None:
            status = 200 if request.method in ("GET", "HEAD") else 401
            return signing.sign_in_page(request, {"next": request.path}, status=status)
        request[ACTOR] = actor
        try:
            if actor.must_set_up and not for_setup:
                if request.method == "POST":
                    raise setup_required()
                return see_other(SETUP_PATH)
            if request.method == "POST":
                return await handler(request)
            spend_look(request, shared.LOOK)
            slots = request.app[SERVICES].read_slots.of(actor.id)
            async with nullcontext() if actor.is_staff else slots:
                return await handler(request)
        except Refused as error:
            return problem_page(request, error)

    return handle
