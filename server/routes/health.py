"""Whether the process lives, and whether it can do its work."""

import asyncio

from aiohttp import web

from desk.errors import Unavailable
from server.http.output import reply
from server.services import SERVICES

PATIENCE = 3.0


async def live(_: web.Request) -> web.Response:
    return reply({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """Ready with a database that takes changes: without Redis a process serves and delivers."""
    try:
        async with asyncio.timeout(PATIENCE):
            can_write = await request.app[SERVICES].desk.can_write()
        database = "ok" if can_write else "read_only"
    except (Unavailable, TimeoutError):
        database = "down"
    redis = "ok" if request.app[SERVICES].bus.is_subscribed else "down"
    is_ready = database == "ok"
    return reply(
        {
            "status": "ready" if is_ready else "not_ready",
            "checks": {"database": database, "redis": redis},
        },
        status=200 if is_ready else 503,
    )
