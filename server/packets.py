"""What is taken from a Socket.IO client: strict packets, and whole bodies."""

from typing import Any

import engineio
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from socketio import packet

from server.routing import whole_body
from wire import codec
from wire.channel import NAMESPACE

LONGEST_FRAME = 64 * 1024
# aiohttp refuses what reaches its limit.
FRAME_LIMIT = LONGEST_FRAME + 1
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
# The name that an event goes by which is none, or is not JSON.
UNREADABLE = ""


class PacketRefusedError(ValueError):
    """What a client sent is no packet that we take. It carries nothing of it into a log."""


class StrictPacket(packet.Packet):  # type: ignore[misc]
    """Text packets only: an announced binary attachment would be waited for in memory."""

    json = codec

    def decode(self, encoded: Any) -> Any:
        if not isinstance(encoded, str) or encoded[:1] not in {"0", "1", "2", "3"}:
            raise PacketRefusedError
        try:
            attachments = super().decode(encoded)
        except ValueError:
            if self.packet_type != packet.EVENT:
                raise PacketRefusedError from None
            # Where its number was read it is answered nonetheless.
            attachments, self.data = 0, None
        if self.packet_type != packet.CONNECT and self.namespace != NAMESPACE:
            raise PacketRefusedError
        if self.packet_type == packet.EVENT and not _is_event(self.data):
            self.data = [UNREADABLE]
        return attachments


def _is_event(data: object) -> bool:
    return isinstance(data, list) and bool(data) and isinstance(data[0], str)


def is_frame(frame: object) -> bool:
    """Whether it looks like what Engine.IO clients send: close, probe, pong, message, upgrade."""
    return isinstance(frame, str) and frame[:1] in {"1", "2", "3", "4", "5"}


class _WholeBody:
    """A polling body, read to its end: one read of the stream returns only what has arrived.

    What the library could not decode is refused here: there it would become a traceback.
    """

    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, _: int) -> bytes:
        try:
            frames = self._body.decode().split("\x1e")
        except UnicodeDecodeError:
            raise engineio.exceptions.EngineIOError from None
        if len(frames) > MOST_PACKETS or not all(map(is_frame, frames)):
            raise engineio.exceptions.EngineIOError
        return self._body


async def environ_of(request: web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = driver.translate_request(request)
    # Engine.IO would wait for the client to fetch its farewell, if need be for ever.
    body = await whole_body(request, LONGEST_FRAME)
    environ["wsgi.input"] = _WholeBody(body)
    return environ
