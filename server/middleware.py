"""Around every request: refusals as problems, one log line each, never a query string."""

import time

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from server import keys
from server.refusals import internal, refusal

log = structlog.get_logger("server.http")


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except Exception as error:
        told = refusal(error)
        if told is None:
            log.exception("request failed", method=request.method, path=request.path)
            told = internal()
        response = told.as_response()
    if not response.prepared:
        response.headers.update(request.get(keys.headers, {}) | dict(response.headers))
    return response


@web.middleware
async def access_log(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.perf_counter()
    response = await handler(request)
    # The path alone: a token may stand in the query of a websocket.
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status,
        ms=round((time.perf_counter() - began) * 1000, 1),
    )
    return response
