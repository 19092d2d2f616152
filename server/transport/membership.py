"""Which sockets of this process are in which room."""

from typing import Any

import socketio


class Membership(socketio.AsyncManager):  # type: ignore[misc]
    """Does the work of `BaseManager` of python-socketio 5.18.1 with a part of its memory, and
    without going through all rooms when a socket leaves.

    ``rooms[namespace][None]`` is everybody, by both ids, as there. A socket's own room is known
    by its name alone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rooms_of: dict[str, list[str]] = {}

    def get_participants(self, namespace: str, room: str | None) -> list[tuple[str, str]]:
        rooms = self.rooms.get(namespace, {})
        eio_sid = rooms.get(None, {}).get(room)
        return list(rooms.get(room, {}).items()) if eio_sid is None else [(str(room), eio_sid)]

    def basic_enter_room(
        self, sid: str, namespace: str, room: str | None, eio_sid: str | None = None
    ) -> None:
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid)
        elif room != sid:
            members = self.rooms[namespace].setdefault(room, {})
            if sid not in members:
                members[sid] = self.rooms[namespace][None][sid]
                self._rooms_of.setdefault(sid, []).append(room)

    def basic_leave_room(self, sid: str, namespace: str, room: str | None) -> None:
        super().basic_leave_room(sid, namespace, room)
        if room in (rooms := self._rooms_of.get(sid, [])):
            rooms.remove(room)

    def basic_disconnect(self, sid: str, namespace: str, **_: Any) -> None:
        for room in [*self._rooms_of.pop(sid, ()), None]:
            self.basic_leave_room(sid, namespace, room)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
