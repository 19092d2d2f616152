"""Packets without a use: acknowledgements, connects again or elsewhere, events before one is in.

An honest client sends next to none. Each costs as much as an event, and none is limited otherwise.
"""

from engineio.async_socket import AsyncSocket

from server.transport.packets import PacketRefusedError

# Of one connection, with the connect that lets it in.
MOST_STRAYS = 60


def count_stray(connection: AsyncSocket | None) -> None:
    """One more. Raises `PacketRefusedError` for who goes on with them."""
    if connection is not None:
        connection.strays = getattr(connection, "strays", 0) + 1
        if connection.strays > MOST_STRAYS:
            raise PacketRefusedError
