"""Shows an event to everybody who reads its ticket through this process."""

from collections.abc import Callable, Mapping

from desk.access import Audience
from server.live.rooms import ticket_room
from server.transport.send_queue import EncodedEvent
from server.transport.socket_server import SocketServer
from wire.server_events import TIMELINE
from wire.shapes import Recorded, TimelineEvent

Listener = Callable[[TimelineEvent], None]
Witness = Callable[[Recorded], None]


class Broadcast:
    """The last step of an event's way. The sequencer calls it, once for each event and in order.

    ``witnesses`` are called after the clients were sent to.
    """

    def __init__(self, sockets: SocketServer, *witnesses: Witness) -> None:
        self._sockets = sockets
        self._witnesses = witnesses
        # Plain WebSockets, by room and then by key.
        self._listeners: dict[str, dict[str, Listener]] = {}

    def __call__(self, recorded: Recorded) -> Mapping[Audience, EncodedEvent]:
        """Returns the event as it was encoded, for the audiences of whom somebody is here."""
        shown = {}
        for audience in Audience:
            event = recorded.for_audience(audience)
            if event is not None:
                room = ticket_room(recorded.event.ticket_id, audience)
                if (packet := self._sockets.send_local(TIMELINE, event, room)) is not None:
                    shown[audience] = packet
                for listener in self._listeners.get(room, {}).values():
                    listener(event)
        for witness in self._witnesses:
            witness(recorded)
        return shown

    def listen(self, room: str, key: str, listener: Listener) -> None:
        """Lets somebody who is no Socket.IO client get what is broadcast to a room."""
        self._listeners.setdefault(room, {})[key] = listener

    def unlisten(self, room: str, key: str) -> None:
        if listeners := self._listeners.get(room):
            listeners.pop(key, None)
            if not listeners:
                del self._listeners[room]

    def unlisten_all(self, key: str) -> None:
        for room in list(self._listeners):
            self.unlisten(room, key)
