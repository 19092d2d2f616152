"""What goes out to one client: at once where its WebSocket is ready, else from a bounded queue."""

import asyncio
import contextlib
from collections.abc import Callable
from struct import Struct
from typing import Any, Protocol

from engineio import packet

# Packets and bytes that may wait for one client, those in its transport's buffer included.
MOST_WAITING = 1000
LONGEST_WAITING = 1024 * 1024

# The head of a whole text frame that is not masked, by the length of what follows (RFC 6455).
TEXT = 0x81
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


class Ready(packet.Packet):  # type: ignore[misc]
    """A packet of Socket.IO for one socket or for all in a room, encoded and framed once."""

    def __init__(self, text: bytes) -> None:
        super().__init__(packet.MESSAGE)
        self.text = b"%d%b" % (packet.MESSAGE, text)
        self.frame = frame(self.text)

    def encode(self, b64: bool = False) -> str:
        return self.text.decode()


class ReadyEvent(Ready):
    """One that has lost its meaning when the client is signed out."""


def frame_of(item: packet.Packet) -> bytes:
    if isinstance(item, Ready):
        return item.frame
    return frame(item.encode().encode())


class Wire(Protocol):
    """The WebSocket that takes what is in a queue."""

    @property
    def is_over(self) -> bool:
        """Nothing can be sent any more."""

    @property
    def is_idle(self) -> bool:
        """Whoever writes now writes after all that was written before."""

    @property
    def unsent(self) -> int:
        """Bytes that wait in the transport."""

    def write(self, frame: bytes) -> None: ...

    def fetch(self) -> None:
        """Says that the queue has something."""


class Outgoing(asyncio.Queue[Any]):
    """What waits to be sent to one client, bounded: who does not read is cut off.

    The library's queue has no bound, and a client that answers pings but reads nothing else would
    fill the memory. Once there is a WebSocket, a packet waits only behind others: where none do,
    it is written at once, without a turn of the loop or a task that wakes up for it.
    ``_put`` and ``_get`` are where `asyncio.Queue` wants to be extended.
    """

    def __init__(self) -> None:
        super().__init__()
        self._size = 0
        self._wire: Wire | None = None
        self.is_cut_off = False
        self.on_overflow: Callable[[], object] = lambda: None

    def connect(self, wire: Wire) -> None:
        """From now on what is put leaves through a WebSocket."""
        self._wire = wire
        if not self.empty():
            wire.fetch()

    def put_nowait(self, item: Any) -> None:
        wire = self._wire
        if wire is None:
            super().put_nowait(item)
        elif not wire.is_over:
            if wire.is_idle and item is not None and not self.is_cut_off:
                wire.write(frame_of(item))
            else:
                super().put_nowait(item)
                wire.fetch()

    def _put(self, item: Any) -> None:
        # None ends the writer and always gets through.
        if self.is_cut_off and item is not None:
            return
        super()._put(item)
        self._size += _length(item)
        unsent = self._wire.unsent if self._wire is not None else 0
        if self.qsize() > MOST_WAITING or self._size + unsent > LONGEST_WAITING:
            self.is_cut_off = True
            self.on_overflow()

    def _get(self) -> Any:
        item = super()._get()
        self._size -= _length(item)
        return item

    def drop_events(self) -> None:
        """Forgets the events that have not been fetched yet; acknowledgements stay."""
        for item in self._taken():
            if not isinstance(item, ReadyEvent):
                super().put_nowait(item)

    def drop_all(self) -> None:
        """For a connection that is over: nobody waits for its end in vain."""
        self._taken()

    def _taken(self) -> list[Any]:
        unsent = []
        with contextlib.suppress(asyncio.QueueEmpty):
            while True:
                unsent.append(self.get_nowait())
                self.task_done()
        return unsent


def _length(item: Any) -> int:
    if isinstance(item, Ready):
        return len(item.text)
    data = getattr(item, "data", None)
    return len(data) if isinstance(data, str) else 0
