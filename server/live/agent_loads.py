"""``agents_changed``: shows the staff who of them takes tickets, and how many each has.

What may have changed somebody's load marks them; those who are marked are read together, and those
whose load is another than was told are told of.
"""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import structlog

from desk.assignment.agents import LOADS, Load
from desk.outbox import AgentChanged
from desk.statements import ids
from server.background import whenever
from server.database.transaction import Desk
from server.live.bus import Subscribed
from server.live.watching import Watching
from server.transport.socket_server import SocketServer
from wire.server_events import AGENTS_CHANGED

log = structlog.get_logger("server.live.agent_loads")

PAUSE_SECONDS = 1.0


class AgentLoads:
    def __init__(self, desk: Desk, sockets: SocketServer, watching: Watching) -> None:
        self._desk = desk
        self._sockets = sockets
        self._watching = watching
        self._marked: set[UUID] = set()
        # What was told last of each.
        self._told: dict[UUID, Load] = {}
        self._wake = asyncio.Event()

    def mark(self, user_ids: Iterable[UUID | None]) -> None:
        """Their loads may have changed; None is nobody."""
        if marked := {user_id for user_id in user_ids if user_id is not None}:
            self._marked |= marked
            self._wake.set()

    def agent_changed(self, changed: AgentChanged) -> None:
        self.mark([changed.user_id])

    def subscribed(self, _: Subscribed) -> None:
        """What the others said meanwhile was lost: all of whom something was told are marked."""
        self.mark(self._told)

    async def send_forever(self) -> None:
        await whenever(self._wake, self.send, log, "agents not shown", lambda _: PAUSE_SECONDS)

    async def send(self) -> None:
        marked, self._marked = self._marked, set()
        try:
            loads = await self._desk.fetch(LOADS, user_ids=ids(marked))
        except BaseException:
            self.mark(marked)
            raise
        new = [load for load in loads if self._told.get(load.user_id) != load]
        self._told |= {load.user_id: load for load in new}
        if new and (sockets := self._watching.sockets):
            self._sockets.send_local(AGENTS_CHANGED, new, *sockets)
