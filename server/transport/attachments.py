"""Counts the binary frames that come with an event of Socket.IO; none of them is kept.

These are the attachments of Socket.IO's protocol, not files: the desk has none.
"""

from engineio.async_socket import AsyncSocket

from server.transport.packets import PacketRefusedError, announced

# One event may bring so many; each is a frame of its own, with the bound of a frame.
MOST_ATTACHMENTS = 64


def is_attachment(connection: AsyncSocket, data: str | bytes) -> bool:
    """Whether a frame is binary that the event before it has announced: then it is passed over.

    How many are still to come is noted on the connection, as ``missing``.

    Raises `PacketRefusedError` for binary that nobody has announced, for what comes in the place
    of binary, and for who announces too much.
    """
    missing = getattr(connection, "missing", 0)
    if isinstance(data, bytes) != (missing > 0):
        raise PacketRefusedError
    if isinstance(data, bytes):
        connection.missing = missing - 1
        return True
    if count := announced(data):
        if count > MOST_ATTACHMENTS:
            raise PacketRefusedError
        connection.missing = count
    return False
