"""``/metrics``: how this process does, and what waits in the desk."""

import asyncio
import hmac
from functools import partial
from ipaddress import ip_address

from aiohttp import web

from desk.backlog import Backlog, backlog
from desk.errors import Forbidden, Unauthenticated, Unavailable
from server.clock import now
from server.http.guard import bearer
from server.metrics import CONTENT_TYPE
from server.services import SERVICES

# A database that is slow must not hide the rest.
PATIENCE = 1.0
# What proxies add to what they pass on.
FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", "Via")


async def show(request: web.Request) -> web.Response:
    _admit(request)
    metrics = request.app[SERVICES].metrics
    text = await metrics.shared.get(partial(_text, request.app))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


def _admit(request: web.Request) -> None:
    """Who knows the token; without one, who asks from this machine and not through a proxy."""
    if token := request.app[SERVICES].settings.metrics_token:
        if not hmac.compare_digest(bearer(request).encode(), token.encode()):
            raise Unauthenticated("invalid_token", "Not the token of the metrics")
    elif not _is_near(request):
        raise Forbidden("metrics_refused", "Set METRICS_TOKEN to ask from elsewhere")


def _is_near(request: web.Request) -> bool:
    try:
        near = ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
    return near and not any(name in request.headers for name in FORWARDING)


async def _text(app: web.Application) -> bytes:
    # Off the event loop, as it takes milliseconds.
    return await asyncio.to_thread(app[SERVICES].metrics.text, await _backlog(app))


async def _backlog(app: web.Application) -> Backlog | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await app[SERVICES].desk.read(backlog, now())
    except (Unavailable, TimeoutError):
        return None
