"""Where a request comes from, and by what, as it is kept of it."""

from aiohttp import web

from desk.accounts.sessions import Client
from server.identity.user_agents import browser_name
from server.limits.addresses import network
from server.services import SERVICES


def client_of(request: web.Request, signed_in_by: str, *, is_new: bool = False) -> Client:
    """``signed_in_by``, ``is_new``: as `Client` has them."""
    address = request.app[SERVICES].limits.address(request)
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Client(browser, network(address), signed_in_by, is_new)


def audited_network(request: web.Request) -> str | None:
    """Where a request came from, for the audit, where that is wanted: the network alone."""
    if request.app[SERVICES].settings.audit_addresses == "off":
        return None
    return network(request.app[SERVICES].limits.address(request))
