"""Who signs in by a request: what their owner is shown of it later."""

from aiohttp import web

from desk.accounts.sessions import Client
from desk.factors.sign_in import SignIn
from server.identity.user_agents import browser_name
from server.limits.addresses import network
from server.services import SERVICES


def client_of(request: web.Request, signed_in_by: str) -> Client:
    """``signed_in_by``: an open word, as `Client` has it."""
    address = request.app[SERVICES].limits.address(request)
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Client(browser, network(address), signed_in_by)


def sign_in_of(request: web.Request) -> SignIn:
    """How a session is opened by a request, whatever it will be opened by."""
    services = request.app[SERVICES]
    return SignIn(
        services.tokens.refresh_lifetime,
        client_of(request, "password"),
        needs_factor=services.settings.staff_needs_factor,
    )


def noted_network(request: web.Request) -> str | None:
    """Where a request came from, for the audit, where that is wanted."""
    services = request.app[SERVICES]
    if services.settings.audit_addresses == "off":
        return None
    return network(services.limits.address(request))
