"""Where a request comes from, and by what, as it is kept of it."""

from aiohttp import web

from desk.accounts.sessions import Client
from desk.factors.sign_in import SignIn
from server.identity.user_agents import browser_name
from server.limits.addresses import network
from server.services import SERVICES


def client_of(request: web.Request, signed_in_by: str, *, is_new: bool = False) -> Client:
    """``signed_in_by``, ``is_new``: as `Client` has them."""
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Client(browser, network_of(request) or "", signed_in_by, is_new)


def sign_in_of(request: web.Request, *, is_new: bool = False) -> SignIn:
    """How a session is opened by a request, whatever it will be opened by."""
    services = request.app[SERVICES]
    return SignIn(
        services.tokens.refresh_lifetime,
        client_of(request, "password", is_new=is_new),
        needs_factor=services.settings.staff_needs_factor,
    )


def network_of(request: web.Request) -> str | None:
    """Where a request came from, for the audit: the network alone."""
    return network(request.app[SERVICES].limits.address(request)) or None
