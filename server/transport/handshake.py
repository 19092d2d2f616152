"""Where a WebSocket of Socket.IO leaves aiohttp, which answers its handshake."""

from functools import partial
from typing import Any, cast

from aiohttp import web
from aiohttp.http import WebSocketReader, WebSocketWriter
from engineio.async_socket import AsyncSocket

from server.transport.engine_websocket import EngineWebSocket, websocket_of


def websocket(handler: Any, _: Any) -> Any:
    """What python-engineio calls with the environ of a request that wants to be a WebSocket."""
    return partial(_take_over, handler.__self__)


async def _take_over(connection: AsyncSocket, environ: dict[str, Any]) -> web.StreamResponse:
    request: web.Request = environ["aiohttp.request"]
    answer = _Handshake()
    await answer.prepare(request)
    transport, http = request.transport, request.protocol
    if transport is None:
        pass  # It has gone before we could answer.
    elif connection.upgraded or connection.closed:
        transport.abort()  # Another one was faster, or it was given up.
    else:
        if earlier := websocket_of(connection):
            earlier.transport.abort()
        connection.server.slow_readers.forget(transport)
        connection.websocket = websocket = EngineWebSocket(connection, transport)
        # Gets what came right behind the handshake.
        http.set_parser(cast(WebSocketReader, websocket))
        transport.set_protocol(websocket)
        # To aiohttp the connection is lost: it forgets the request and ends its tasks.
        http.transport = None
        http.connection_lost(None)
        websocket.begin()
    return answer


class _Handshake(web.WebSocketResponse):
    """Answers as aiohttp does, and neither reads nor writes frames."""

    def __init__(self) -> None:
        super().__init__(compress=False)

    def _post_start(self, request: web.BaseRequest, _: str | None, __: WebSocketWriter) -> None:
        """Nothing: aiohttp 3.14.5 would begin to read."""

    async def write_eof(self, _: bytes = b"") -> None:
        """The end of the answer is not that of the connection."""
