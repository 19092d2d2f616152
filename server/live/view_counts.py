"""``view_counts``: how many tickets are in the views that the staff watch, when that changes.

A change of a ticket marks the lists that it touches. What is marked is counted once a second, in
one statement for each person who watches it, and each socket is sent what is new to it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

import structlog

from desk.outbox import CursorMoved, ViewChanged
from desk.tickets.view_counts import Counts, counting, is_counted
from server.background import whenever
from server.database.transaction import Desk
from server.live.watching import WatchedList, Watching
from server.transport.socket_server import SocketServer
from wire.server_events import VIEW_COUNTS

log = structlog.get_logger("server.live.view_counts")

# Between two countings: at least so long, and so many times what the last one took, so that it
# stays a small part of what the database does, however many people watch.
PAUSE_SECONDS = 1.0
PAUSE_TIMES = 4
LONGEST_PAUSE_SECONDS = 30.0


def _pause(took: float) -> float:
    return min(max(PAUSE_SECONDS, PAUSE_TIMES * took), LONGEST_PAUSE_SECONDS)


class ViewCounts:
    def __init__(self, desk: Desk, sockets: SocketServer, watching: Watching) -> None:
        self._desk = desk
        self._sockets = sockets
        self._watching = watching
        # Lists whose numbers may have changed for all who watch them, and for one person.
        self._changed: set[WatchedList] = set()
        self._changed_for: defaultdict[UUID, set[WatchedList]] = defaultdict(set)
        # What each socket was sent last, by view.
        self._sent: defaultdict[str, dict[str, Counts]] = defaultdict(dict)
        self._wake = asyncio.Event()

    def began(self, key: str) -> None:
        """A socket watches something else: it is sent the numbers of all that it watches."""
        self._sent.pop(key, None)
        self._mark_person(self._watching.person(key), self._lists_of(key))

    def left(self, key: str) -> None:
        self._sent.pop(key, None)

    def mark(self, lists: Iterable[WatchedList]) -> None:
        """Lists are not what they were."""
        if counted := {watched for watched in lists if is_counted(watched.asked)}:
            self._changed |= counted
            self._wake.set()

    def read(self, moved: CursorMoved) -> None:
        """Somebody's mark has moved, on a ticket which may be in any of their lists."""
        lists = (self._lists_of(key) for key in self._watching.sockets_of(moved.user_id))
        self._mark_person(moved.user_id, set().union(*lists))

    def view_changed(self, changed: ViewChanged) -> None:
        """A saved view asks for something else from now on, or is gone."""
        view_id, query, but_for = str(changed.view_id), changed.query, changed.but_for
        self.mark(self._watching.change(view_id, query, but_for))

    def _lists_of(self, key: str) -> set[WatchedList]:
        watcher = self._watching.watcher(key)
        return set() if watcher is None else set(watcher.lists.values())

    def _mark_person(self, user_id: UUID, lists: Iterable[WatchedList]) -> None:
        if counted := {watched for watched in lists if is_counted(watched.asked)}:
            self._changed_for[user_id] |= counted
            self._wake.set()

    async def count_forever(self) -> None:
        await whenever(self._wake, self.count, log, "views not counted", _pause)

    async def count(self) -> None:
        """Counts what was marked. Who could not be counted for comes again."""
        changed, self._changed = self._changed, set()
        for watched in changed:
            for key in watched.sockets:
                self._changed_for[self._watching.person(key)].add(watched)
        for user_id in list(self._changed_for):
            # In an order, so that the same lists are the same statement.
            marked = sorted(self._changed_for.pop(user_id), key=lambda watched: watched.name)
            lists = [watched for watched in marked if watched.sockets]
            try:
                found = await self._counted(user_id, lists)
            except BaseException:
                self._changed_for[user_id].update(lists)
                self._wake.set()
                raise
            self._send(user_id, dict(zip(lists, found, strict=True)))

    async def _counted(self, user_id: UUID, lists: Sequence[WatchedList]) -> list[Counts]:
        if not lists:
            return []
        statement = counting(user_id, [watched.asked for watched in lists])
        [found] = await self._desk.fetch(statement, me=user_id)
        return found

    def _send(self, user_id: UUID, found: dict[WatchedList, Counts]) -> None:
        for key in self._watching.sockets_of(user_id):
            sent = self._sent[key]
            numbers = {
                view_id: numbers
                for watched, numbers in found.items()
                for view_id in watched.sockets.get(key, ())
                if sent.get(view_id) != numbers
            }
            if numbers:
                sent |= numbers
                self._sockets.send_local(VIEW_COUNTS, numbers, key)
