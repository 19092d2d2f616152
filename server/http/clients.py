"""Where a request comes from, and by what, as it is kept of it."""

from aiohttp import web

from desk.accounts.sessions import Client
from server.identity.user_agents import browser_name
from server.limits.addresses import network
from server.services import SERVICES


def client_of(request: web.Request, signed_in_by: str, *, is_new: bool = False) -> Client:
    """``signed_in_by``, ``is_new``: as `Client` has them."""
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Client(browser, network_of(request) or "", signed_in_by, is_new)


def network_of(request: web.Request) -> str | None:
    """Where a request came from, for the audit: the network alone."""
    return network(request.app[SERVICES].limits.address(request)) or None
