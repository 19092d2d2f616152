"""Whether the process lives, and whether it can do its work."""

import asyncio

from aiohttp import web
from sqlalchemy import text
from sqlalchemy.orm import Session

from desk.errors import Unavailable
from server import keys
from server.routing import reply

PATIENCE = 3.0


def _ask(session: Session) -> None:
    session.execute(text("select 1"))


async def live(_: web.Request) -> web.Response:
    return reply({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """Ready with the database alone: without Redis a process still serves and delivers."""
    try:
        async with asyncio.timeout(PATIENCE):
            await request.app[keys.desk].read(_ask)
        database = "ok"
    except (Unavailable, TimeoutError):
        database = "down"
    redis = "ok" if request.app[keys.live].is_subscribed else "down"
    is_ready = database == "ok"
    return reply(
        {
            "status": "ready" if is_ready else "not_ready",
            "checks": {"database": database, "redis": redis},
        },
        status=200 if is_ready else 503,
    )
