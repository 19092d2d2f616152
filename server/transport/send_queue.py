"""What goes out to one client: at once where its WebSocket is ready, else from a bounded queue."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from struct import Struct
from typing import Any, Protocol

from engineio import packet

# Packets and bytes that may wait for one client, those in its transport's buffer included.
MOST_WAITING = 1000
LONGEST_WAITING = 1024 * 1024
# Beside so much of it a page of history fits as well; who takes too long to get there is slow.
FEW_WAITING = 400
LITTLE_WAITING = 64 * 1024
READY_SECONDS = 10.0
# Who is behind and in so long a time takes next to nothing of what the transport holds is cut off.
WRITE_SECONDS = 30.0
# Of packets that are put together, those up to so many bytes are one write: with these a transport
# is full, and sends at once.
LONGEST_WRITE = 64 * 1024

# The head of a whole text frame that is not masked, by the length of what follows (RFC 6455).
WHOLE = 0x80
TEXT = WHOLE | 1
LONGEST_SHORT = 125
LONGEST_MIDDLE = 0xFFFF
_short, _middle, _long = Struct("!BB").pack, Struct("!BBH").pack, Struct("!BBQ").pack


def frame(text: bytes) -> bytes:
    """A text as the WebSocket frame that carries it."""
    length = len(text)
    if length <= LONGEST_SHORT:
        return _short(TEXT, length) + text
    if length <= LONGEST_MIDDLE:
        return _middle(TEXT, 126, length) + text
    return _long(TEXT, 127, length) + text


def control(opcode: int, text: bytes) -> bytes:
    """A control frame, of 125 bytes at most."""
    return _short(WHOLE | opcode, len(text)) + text


class EncodedPacket(packet.Packet):  # type: ignore[misc]
    """A packet of Socket.IO for one socket or for all in a room, encoded and framed once."""

    def __init__(self, text: bytes) -> None:
        super().__init__(packet.MESSAGE)
        self.frame = frame(b"%d%b" % (packet.MESSAGE, text))
        # As the frame has it, which may be kept for long, and once is enough.
        self.length = len(text) + 1

    @property
    def text(self) -> bytes:
        return self.frame[-self.length :]

    def encode(self, b64: bool = False) -> str:
        return self.text.decode()


class EncodedEvent(EncodedPacket):
    """One that has lost its meaning when the client is signed out."""


def frame_of(item: packet.Packet) -> bytes:
    if isinstance(item, EncodedPacket):
        return item.frame
    return frame(item.encode().encode())


class Transport(Protocol):
    """The WebSocket that takes what is in a queue."""

    @property
    def is_over(self) -> bool:
        """Nothing can be sent any more."""

    @property
    def unsent(self) -> int:
        """Bytes that wait in the transport."""

    def writes(self, frame: bytes) -> bool:
        """Writes at once, or says that it can't: what was there before has to go first."""

    def fetch(self) -> None:
        """Says that the queue has something."""


class SendQueue:
    """What waits to be sent to one client, bounded: who does not read is cut off. Packets of
    Engine.IO, or the texts of a plain WebSocket.

    The library's queue has no bound, and a client that answers pings but reads nothing else would
    fill the memory. Once there is a WebSocket, a packet waits only behind others: where none do,
    it is written at once, without a turn of the loop or a task that wakes up for it. To the
    library it looks like an `asyncio.Queue`, which would be 4 kB for each socket.
    """

    __slots__ = (
        "_arrived",
        "_emptied",
        "_items",
        "_size",
        "_transport",
        "is_cut_off",
        "on_overflow",
    )

    def __init__(self) -> None:
        # Those that are seldom needed are made when they are.
        self._items: deque[Any] | None = None
        self._arrived: asyncio.Event | None = None
        self._emptied: asyncio.Event | None = None
        self._size = 0
        self._transport: Transport | None = None
        self.is_cut_off = False
        self.on_overflow: Callable[[], object] = _nothing

    def connect(self, transport: Transport) -> None:
        """From now on what is put leaves through a WebSocket."""
        self._transport = transport
        if not self.empty():
            transport.fetch()

    @property
    def size(self) -> int:
        """In bytes, without what the transport holds."""
        return self._size

    def qsize(self) -> int:
        return len(self._items) if self._items else 0

    def empty(self) -> bool:
        return not self._items

    async def put(self, item: Any) -> None:
        self.put_nowait(item)

    def put_nowait(self, item: Any) -> None:
        transport = self._transport
        if transport is None:
            self._keep(item)
            return
        may_go = item is not None and not self.is_cut_off
        is_written = may_go and transport.writes(frame_of(item))
        if not (is_written or transport.is_over):
            self._keep(item)
            transport.fetch()

    def put_all(self, items: Sequence[EncodedPacket]) -> None:
        """As one after the other, in few writes."""
        transport = self._transport
        for part in _parts(items):
            frames = b"".join([item.frame for item in part])
            if transport is None or self.is_cut_off or not transport.writes(frames):
                for item in part:
                    self.put_nowait(item)

    def _keep(self, item: Any) -> None:
        # None ends the writer and always gets through.
        if self.is_cut_off and item is not None:
            return
        if self._items is None:
            self._items = deque()
        self._items.append(item)
        self._size += _length(item)
        if self._arrived is not None:
            self._arrived.set()
        unsent = self._transport.unsent if self._transport is not None else 0
        if len(self._items) > MOST_WAITING or self._size + unsent > LONGEST_WAITING:
            self.is_cut_off = True
            self.on_overflow()

    async def get(self) -> Any:
        while not self._items:
            if self._arrived is None:
                self._arrived = asyncio.Event()
            self._arrived.clear()
            await self._arrived.wait()
        return self.get_nowait()

    def get_nowait(self) -> Any:
        if not self._items:
            raise asyncio.QueueEmpty
        item = self._items.popleft()
        self._size -= _length(item)
        if not self._items:
            self._items = None
            if self._emptied is not None:
                self._emptied.set()
        return item

    def task_done(self) -> None:
        """The library says so as soon as it has fetched."""

    async def join(self) -> None:
        """Waits until all is fetched."""
        while self._items:
            if self._emptied is None:
                self._emptied = asyncio.Event()
            self._emptied.clear()
            await self._emptied.wait()

    async def ready(self) -> None:
        """Waits until little waits, no longer than a client that reads may take."""
        if self.qsize() > FEW_WAITING or self._size > LITTLE_WAITING:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(READY_SECONDS):
                    await self.join()

    def drop_events(self) -> None:
        """Forgets the events that have not been fetched yet; acknowledgements stay."""
        for item in self._taken():
            if not isinstance(item, EncodedEvent):
                self._keep(item)

    def drop_all(self) -> None:
        """For a connection that is over: nobody waits for its end in vain."""
        self._taken()

    def _taken(self) -> list[Any]:
        return [self.get_nowait() for _ in range(self.qsize())]


def _nothing() -> None: ...


def _parts(items: Sequence[EncodedPacket]) -> Iterator[list[EncodedPacket]]:
    """Each as much as one write takes."""
    part: list[EncodedPacket] = []
    size = 0
    for item in items:
        part.append(item)
        size += item.length
        if size >= LONGEST_WRITE:
            yield part
            part, size = [], 0
    if part:
        yield part


def _length(item: Any) -> int:
    if isinstance(item, EncodedPacket):
        return item.length
    if isinstance(item, bytes):
        return len(item)
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0
