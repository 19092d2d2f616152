"""The binary that comes with an event of Socket.IO: counted as it comes, none of it is kept."""

from engineio.async_socket import AsyncSocket

from server.packets import PacketRefusedError, announced

# With one event; each is a frame, and as long as one at most.
MOST_ATTACHMENTS = 64


def is_attachment(connection: AsyncSocket, data: str | bytes) -> bool:
    """Whether it belongs to the event before it.

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
