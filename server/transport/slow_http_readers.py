"""Cuts off who does not read what they have asked for over HTTP.

For sockets: `server.transport.send_queue`.
"""

import asyncio

# Who has read nothing between two looks is cut off.
LOOK_SECONDS = 15.0


class SlowReaders:
    """The connections that HTTP is spoken on, and how much each has not read yet."""

    def __init__(self) -> None:
        # By connection: what it had not taken yet when it was last looked at.
        self._unsent: dict[asyncio.Transport, int] = {}

    def __len__(self) -> int:
        return len(self._unsent)

    def watch(self, transport: asyncio.Transport) -> None:
        """From a request on: it begins once what the last answer left has become little."""
        self._unsent[transport] = 0

    def forget(self, transport: asyncio.Transport | None) -> None:
        """A WebSocket is no answer, and has bounds of its own."""
        if transport is not None:
            self._unsent.pop(transport, None)

    def look(self) -> None:
        for transport, before in list(self._unsent.items()):
            unsent = transport.get_write_buffer_size()
            if unsent >= before > 0:
                transport.abort()
            if unsent >= before > 0 or (not unsent and transport.is_closing()):
                del self._unsent[transport]
            else:
                self._unsent[transport] = unsent

    async def look_forever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()
