"""Refusals that aiohttp makes before a request is ours: problems too, that name no software."""

from typing import Any

from aiohttp import web

from server.http.browsers import HEADERS
from server.http.problems import Refusal, internal, refusal

NO_REQUEST = Refusal(
    400, "bad_request", "This is no HTTP request, or its address or a header is too long"
)
_handle_error = web.RequestHandler.handle_error


class _Nameless(web.Response):
    """What no request of ours brought forth passes none of our hooks."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def _told(
    protocol: web.RequestHandler, request: web.BaseRequest, status: int = 500, *said: Any
) -> web.StreamResponse:
    """Logged, or given up, as aiohttp does it."""
    _handle_error(protocol, request, status, *said)
    problem = (NO_REQUEST if status == NO_REQUEST.status else internal()).as_response()
    response = _Nameless(
        body=problem.body, status=problem.status, headers={**problem.headers, **HEADERS}
    )
    response.force_close()
    return response


def install() -> None:
    """Into aiohttp's class: it leaves no other place for it."""
    web.RequestHandler.handle_error = _told  # type: ignore[method-assign,assignment]


async def as_problem(_: web.Request, response: web.StreamResponse) -> None:
    """What aiohttp refuses before our middlewares, as an `Expect` that nobody knows."""
    if isinstance(response, web.HTTPException) and (told := refusal(response)) is not None:
        problem = told.as_response()
        assert isinstance(problem.body, bytes)
        response.body = problem.body
        response.headers.update(problem.headers)
        response.headers["Content-Length"] = str(len(problem.body))
