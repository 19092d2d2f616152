"""A Socket.IO client that sends whatever it is told to, packet by packet."""

import json
import socket
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientWebSocketResponse, TCPConnector, WSMsgType

from tests.api import Api
from tests.waiting import PATIENCE

ADDRESS = "/socket.io/?EIO=4&transport=websocket"
POLLING = "/socket.io/?EIO=4&transport=polling"
NAMESPACE = "/tickets"
# What a kernel keeps of a connection whose client does not read, or little more.
SMALL = 4096


async def polling(api: Api) -> str:
    """The id of a new session that polls."""
    async with api.http.get(POLLING) as hello:
        opened: dict[str, Any] = json.loads((await hello.text())[1:])
    return str(opened["sid"])


def small_sockets() -> TCPConnector:
    """For clients that are soon behind while they do not read."""
    return TCPConnector(socket_factory=_small_socket, limit=0)


def _small_socket(info: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = info
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    return made


class Raw:
    """``async with Raw(api) as socket``: an Engine.IO session that is connected to nothing yet."""

    ws: ClientWebSocketResponse

    def __init__(self, api: Api) -> None:
        self._api = api
        self._ids = 0

    async def __aenter__(self) -> Self:
        self.ws = await self._api.http.ws_connect(ADDRESS, max_msg_size=0)
        opened = await self.ws.receive_str(timeout=PATIENCE)
        assert opened[0] == "0"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.ws.close()

    async def send(self, packet: str) -> None:
        """A Socket.IO packet, as an Engine.IO message."""
        await self.ws.send_str(f"4{packet}")

    async def receive(self) -> str:
        """The next Socket.IO packet."""
        while True:
            message = await self.ws.receive(timeout=PATIENCE)
            assert message.type is WSMsgType.TEXT, message
            if message.data[0] == "4":
                packet: str = message.data[1:]
                return packet

    async def connect(self, token: str) -> None:
        await self.send(f"0{NAMESPACE},{json.dumps({'token': token})}")
        answer = await self.receive()
        assert answer.startswith(f"0{NAMESPACE},"), answer
        greeting = await self.receive()
        assert greeting.startswith(f'2{NAMESPACE},["connected",'), greeting

    async def call(self, event: str) -> Any:
        """Sends an event, as raw JSON, and returns its acknowledgement."""
        self._ids += 1
        await self.send(f"2{NAMESPACE},{self._ids}{event}")
        prefix = f"3{NAMESPACE},{self._ids}"
        while not (answer := await self.receive()).startswith(prefix):
            pass
        [data] = json.loads(answer.removeprefix(prefix))
        return data

    async def is_closed(self) -> bool:
        """Whether the server hangs up; what it sent before is passed over."""
        while (message := await self.ws.receive(timeout=PATIENCE)).type is WSMsgType.TEXT:
            pass
        return message.type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}
