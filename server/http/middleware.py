"""Around every request: refusals as problems, one log line each, never a query string."""

import asyncio
import time
from dataclasses import replace

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

import logs
from desk.audit import CAME_FROM
from desk.errors import Forbidden, Merged, RateLimited
from server import audit
from server.http.browsers import HEADERS, preflight
from server.http.clients import network_of
from server.http.contract import PREFIX
from server.http.guard import ACTOR, LIMIT_HEADERS
from server.http.problems import Refusal, internal, refusal
from server.services import SERVICES

log = structlog.get_logger("server.http")

SWITCHED = 101
READS = {"GET", "HEAD"}
LONGEST_PATH = 200
NO_REQUEST = Refusal(
    400, "bad_request", "This is no HTTP request, or its address or a header is too long"
)


@web.middleware
async def around(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Has the connection cut off when its client does not read the answer, and what writes go on
    without its client: others have to be told of it, and a socket notices its end itself. A read
    is over with its client, and so is its query.
    """
    services = request.app[SERVICES]
    if request.transport is not None:
        services.slow_readers.watch(request.transport)
    if request.method in READS and request.rel_url.raw_path.startswith(PREFIX):
        return await _logged(request, handler)
    # What the audit log has of it says where it came from.
    CAME_FROM.set(network_of(request))
    task = asyncio.ensure_future(_logged(request, handler))
    services.unfinished.add(task)
    task.add_done_callback(services.unfinished.discard)
    return await asyncio.shield(task)


async def _logged(request: web.Request, handler: Handler) -> web.StreamResponse:
    began = time.perf_counter()
    response = await handler(request)
    seconds = time.perf_counter() - began
    resource = request.match_info.route.resource
    # A plain websocket's request lasts as long as the socket.
    if resource is not None and response.status != SWITCHED:
        route = resource.canonical
        request.app[SERVICES].metrics.request(request.method, route, response.status, seconds)
    # The path alone, as it was sent: a token may stand in the query of a websocket, and a line's
    # end in the path.
    logs.request(request.method, _path(request), response.status, round(seconds * 1000, 1))
    return response


@web.middleware
async def refusals(request: web.Request, handler: Handler) -> web.StreamResponse:
    """What the handler answers; a problem where it or we refuse."""
    if (allowed := preflight(request)) is not None:
        return allowed
    try:
        # A small body in a coding may unpack to any length.
        if "Content-Encoding" in request.headers:
            raise web.HTTPUnsupportedMediaType
        response = await handler(request)
    except Exception as error:
        if isinstance(error, Merged):
            error.headers["Location"] = _where_it_is(request, error)
        problem = _helpful(request, refusal(error))
        if problem is None:
            log.exception("request failed", method=request.method, path=_path(request))
            problem = internal()
        note(request, error)
        response = problem.as_response()
    if not response.prepared:
        for name, value in request.get(LIMIT_HEADERS, {}).items():
            response.headers.setdefault(name, value)
    return response


def _where_it_is(request: web.Request, merged: Merged) -> str:
    """The same address, of the ticket that the one in the path was merged into."""
    resource, names = request.match_info.route.resource, dict(request.match_info)
    assert resource is not None
    if "ticket_id" in names:
        names["ticket_id"] = str(merged.into)
    there = resource.url_for(**names)
    return str(there.with_query(request.rel_url.query))


def _helpful(request: web.Request, problem: Refusal | None) -> Refusal | None:
    if problem is not None and problem.code == "not_found" and request.path.endswith("/"):
        return replace(problem, detail=f'{problem.detail}; try it without the "/" at its end')
    return problem


def note(request: web.Request, error: Exception) -> None:
    """For the audit: who was refused what, where that tells of an attempt."""
    if isinstance(error, Forbidden | RateLimited):
        actor = request.get(ACTOR)
        resource = request.match_info.route.resource
        # The pattern, not the path: what stands in a path may be anything.
        what = f"{request.method} {resource.canonical}" if resource else None
        audit.note("refused", user_id=actor.id if actor else None, code=error.code, what=what)


def _path(request: web.Request) -> str:
    """As it was sent, and not at any length; without a token that stands in it."""
    resource = request.match_info.route.resource
    if resource is not None and "{token}" in resource.canonical:
        return resource.canonical
    path = request.rel_url.raw_path
    return path if len(path) <= LONGEST_PATH else f"{path[:LONGEST_PATH]}…"


def bad_request(status: int) -> web.Response:
    """The answer to what never became a request of ours, or failed outside of our middlewares."""
    problem = NO_REQUEST if status == NO_REQUEST.status else internal()
    response = problem.as_response()
    response.headers.update(HEADERS)
    return response


async def as_problem(_: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp refuses before our middlewares, as an `Expect` that nobody knows."""
    if isinstance(response, web.HTTPException) and (problem := refusal(response)) is not None:
        answer = problem.as_response()
        assert isinstance(answer.body, bytes)
        response.body = answer.body
        response.headers.update(answer.headers)
        response.headers["Content-Length"] = str(len(answer.body))
