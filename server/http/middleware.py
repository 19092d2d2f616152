"""Around every request: refusals as problems, one log line each, never a query string."""

import asyncio
import time
from dataclasses import replace

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from desk.errors import Forbidden, RateLimited
from server import audit, keys
from server.http.problems import Refusal, internal, refusal
from server.http.routing import PREFIX

log = structlog.get_logger("server.http")

SWITCHED = 101
READS = {"GET", "HEAD"}
LONGEST_PATH = 200


@web.middleware
async def finished(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Goes on without its client, except for a read: its query is cancelled with the request.

    What writes has to tell others of it, and a socket notices its end itself.
    """
    if request.method in READS and request.rel_url.raw_path.startswith(PREFIX):
        return await handler(request)
    return await asyncio.shield(asyncio.ensure_future(handler(request)))


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except Exception as error:
        told = _helpful(request, refusal(error))
        if told is None:
            log.exception("request failed", method=request.method, path=_path(request))
            told = internal()
        _note(request, error)
        response = told.as_response()
    if not response.prepared:
        for name, value in request.get(keys.headers, {}).items():
            response.headers.setdefault(name, value)
    return response


def _helpful(request: web.Request, told: Refusal | None) -> Refusal | None:
    if told is not None and told.code == "not_found" and request.path.endswith("/"):
        return replace(told, detail=f'{told.detail}; try it without the "/" at its end')
    return told


def _note(request: web.Request, error: Exception) -> None:
    if isinstance(error, Forbidden | RateLimited):
        actor = request.get(keys.actor)
        resource = request.match_info.route.resource
        # The pattern, not the path: what stands in a path may be anything.
        what = f"{request.method} {resource.canonical}" if resource else None
        audit.note("refused", user_id=actor.id if actor else None, code=error.code, what=what)


def _path(request: web.Request) -> str:
    """As it was sent, and not at any length."""
    path = request.rel_url.raw_path
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


@web.middleware
async def plain(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuses a body in a coding: a small one may unpack to any length."""
    if "Content-Encoding" in request.headers:
        raise web.HTTPUnsupportedMediaType
    return await handler(request)


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.perf_counter()
    response = await handler(request)
    seconds = time.perf_counter() - began
    resource = request.match_info.route.resource
    # A plain websocket's request lasts as long as the socket.
    if resource is not None and response.status != SWITCHED:
        route = resource.canonical
        request.app[keys.metrics].request(request.method, route, response.status, seconds)
    # The path alone, as it was sent: a token may stand in the query of a websocket, and a line's
    # end in the path.
    log.info(
        "request",
        method=request.method,
        path=_path(request),
        status=response.status,
        ms=round(seconds * 1000, 1),
    )
    return response
