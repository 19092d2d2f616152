"""How near a WebSocket is to its end."""

from enum import Enum, auto


class State(Enum):
    """The transitions:

    OPEN → DRAINING: the process stops. Nothing more is taken; what is being handled is answered.
    OPEN, DRAINING → CLOSING: what was sent before goes out, and our close frame after it.
    CLOSING → PEER_CLOSED: the client's close frame is here, and ours has still to go.
    CLOSING, PEER_CLOSED → OVER: our close frame has gone.
    any → OVER: the connection is lost. Nothing can be sent any more.
    """

    OPEN = auto()
    DRAINING = auto()
    CLOSING = auto()
    PEER_CLOSED = auto()
    OVER = auto()
