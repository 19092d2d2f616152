"""Who signs in by a request: what their owner is shown of it later."""

from aiohttp import web

from desk.accounts.sessions import Client
from server.identity.user_agents import browser_name
from server.limits.addresses import network
from server.services import SERVICES


def client_of(request: web.Request, signed_in_by: str) -> Client:
    """``signed_in_by``: an open word, as `Client` has it."""
    address = request.app[SERVICES].limits.address(request)
    browser = browser_name(request.headers.get("User-Agent", ""))
    return Client(browser, network(address), signed_in_by)
