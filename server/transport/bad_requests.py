"""Refusals that aiohttp makes before a request is ours."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from aiohttp import web

_handle_error = web.RequestHandler.handle_error


class _Nameless(web.Response):
    """An answer that does not name the software. It passes none of the application's hooks."""

    async def _prepare_headers(self) -> None:
        await super()._prepare_headers()
        self.headers.popall("Server", None)


def install(answer_for: Callable[[int], web.Response]) -> None:
    """Has aiohttp answer what is no HTTP request, and its own faults, as ``answer_for`` a status.

    Replaces a method of aiohttp's class, which leaves no other place for it.
    """

    @wraps(_handle_error)
    def handle_error(
        protocol: web.RequestHandler, request: web.BaseRequest, status: int = 500, *said: Any
    ) -> web.StreamResponse:
        # aiohttp logs the error, or gives the request up by raising.
        _handle_error(protocol, request, status, *said)
        made = answer_for(status)
        response = _Nameless(body=made.body, status=made.status, headers=made.headers)
        response.force_close()
        return response

    web.RequestHandler.handle_error = handle_error  # type: ignore[method-assign,assignment]
