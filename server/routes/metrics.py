"""``/metrics``: how this process does, and what waits in the desk."""

import asyncio

from aiohttp import web

from desk.backlog import Backlog, backlog
from desk.errors import Unavailable
from server import keys
from server.metrics import CONTENT_TYPE
from server.routing import now

# A database that is slow must not hide the rest.
PATIENCE = 1.0


async def show(request: web.Request) -> web.Response:
    text = request.app[keys.metrics].text(await _backlog(request))
    return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


async def _backlog(request: web.Request) -> Backlog | None:
    try:
        async with asyncio.timeout(PATIENCE):
            return await request.app[keys.desk].read(backlog, now())
    except (Unavailable, TimeoutError):
        return None
