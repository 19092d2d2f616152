"""What is taken from a Socket.IO client: strict packets, and whole bodies."""

import base64
import re
from typing import Any

import engineio
from aiohttp import web
from engineio.async_drivers import aiohttp as driver
from socketio import packet

from server.transport.bodies import whole_body
from wire import codec
from wire.server_events import NAMESPACE

LONGEST_FRAME = 64 * 1024
# aiohttp refuses what reaches its limit.
FRAME_LIMIT = LONGEST_FRAME + 1
# A client that was offline flushes what it kept in one body; its bytes are bounded anyway.
MOST_PACKETS = 1000
# The head of an event or an acknowledgement that announces so much binary.
ANNOUNCING = re.compile(r"([56])([0-9]{1,9})-")
# The names that an event goes by which is none, or is not JSON, and which brings binary.
UNREADABLE = ""
BINARY = "\0binary"


class PacketRefusedError(ValueError):
    """What a client sent is no packet that we take. It carries nothing of it into a log."""


class StrictPacket(packet.Packet):  # type: ignore[misc]
    """Strict, and text alone: the library would wait in memory for the binary that is announced.
    Who brings some is answered at once; see `server.transport.attachments`.
    """

    json = codec

    def decode(self, encoded: Any) -> Any:
        head = ANNOUNCING.match(encoded)
        text = encoded if head is None else _as_text(encoded, head)
        if text[0] not in {"0", "1", "2", "3"}:
            raise PacketRefusedError
        try:
            super().decode(text)
        except ValueError:
            if self.packet_type != packet.EVENT:
                raise PacketRefusedError from None
            # Where its number was read it is answered nonetheless.
            self.data = None
        if self.packet_type != packet.CONNECT and self.namespace != NAMESPACE:
            raise PacketRefusedError
        if self.packet_type == packet.EVENT:
            self.data = _event(self.data, is_binary=head is not None)


def announced(encoded: str) -> int:
    """How many attachments follow a packet."""
    head = ANNOUNCING.match(encoded)
    return 0 if head is None else int(head[2])


def _as_text(encoded: str, head: re.Match[str]) -> str:
    """The packet as it would be without its binary."""
    return str(int(head[1]) - packet.BINARY_EVENT + packet.EVENT) + encoded[head.end() :]


def _event(data: object, *, is_binary: bool) -> list[Any]:
    if is_binary:
        return [BINARY]
    if isinstance(data, list) and data and isinstance(data[0], str) and data[0] != BINARY:
        return data
    return [UNREADABLE]


def is_frame(frame: str) -> bool:
    """Whether it looks like what Engine.IO clients send: close, probe, pong, message, upgrade."""
    return frame[:1] in {"1", "2", "3", "4", "5"}


def _is_attachment(frame: str) -> bool:
    """Whether it is binary, as long polling sends it."""
    try:
        base64.b64decode(frame[1:], validate=True)
    except ValueError:
        return False
    return frame[:1] == "b"


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
        if len(frames) > MOST_PACKETS or not all(is_frame(f) or _is_attachment(f) for f in frames):
            raise engineio.exceptions.EngineIOError
        return self._body


async def environ_of(request: web.Request) -> dict[str, Any]:
    environ: dict[str, Any] = driver.translate_request(request)
    # Engine.IO would wait for the client to fetch its close packet, if need be for ever.
    body = await whole_body(request, LONGEST_FRAME)
    environ["wsgi.input"] = _WholeBody(body)
    return environ
