"""A client that follows the rules of docs/delivery.md and records all that it was sent.

It joins from its last number, joins again at a hole or a `resync`, comes back after a lost
connection, and repeats each message under its `client_id` until that is answered.
"""

import asyncio
import itertools
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import aiohttp

from tests.factories import Person
from tools.chaos.connection import PATIENCE, Connection, Gone, Refused, Silent
from tools.chaos.history import Arrival, Said, Sent, View

# Refusals that pass by themselves.
AGAIN = {"unavailable", "busy", "internal", "rate_limited", "too_many_requests"}
FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0


class Client:
    """``urls``: addresses that lead to the product, tried in turn as a proxy would."""

    def __init__(
        self, name: str, person: Person, urls: Sequence[str], views: Sequence[View]
    ) -> None:
        self.name = name
        self.person = person
        self.url = ""
        # Since when all tickets are joined; None while they are not.
        self.live_since: float | None = None
        # How many connections there have been, and how often one gave no answer.
        self.connections = 0
        self.silences = 0
        self._urls = itertools.cycle(urls)
        self._views = {view.ticket_id: view for view in views}
        # The number that each ticket was last joined from, and the joins that are not answered.
        self._after: dict[str, int] = {}
        self._inside: set[str] = set()
        self._rejoining: set[str] = set()
        self._to_join: asyncio.Queue[str] = asyncio.Queue()
        self._connection: Connection | None = None
        self._connected = asyncio.Event()

    async def run(self, http: aiohttp.ClientSession) -> None:
        """Stays connected until it is cancelled."""
        pauses = _pauses()
        while True:
            self.url = next(self._urls)
            try:
                await self._stay_connected(http)
            except (Gone, Refused):
                await asyncio.sleep(next(pauses))
            else:
                pauses = _pauses()

    async def _stay_connected(self, http: aiohttp.ClientSession) -> None:
        self.connections += 1
        self._inside.clear()
        self._rejoining.clear()
        connection = await Connection.open(http, self.url, self.person.token, self._take)
        self._connection = connection
        over = asyncio.create_task(connection.over())
        joining = asyncio.create_task(self._join_forever(connection))
        self._connected.set()
        try:
            await asyncio.wait({over, joining}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connected.clear()
            self._connection = None
            self.live_since = None
            for task in (over, joining):
                task.cancel()
            await asyncio.gather(over, joining, return_exceptions=True)
            await connection.close()

    async def _join_forever(self, connection: Connection) -> None:
        """Joins every ticket, then again what has to be."""
        self._to_join = asyncio.Queue()
        for ticket_id in self._views:
            await self._join(connection, ticket_id)
        self.live_since = time.monotonic()
        while True:
            await self._join(connection, await self._to_join.get())

    async def _join(self, connection: Connection, ticket_id: str) -> None:
        for pause in _pauses():
            if ticket_id in self._inside:
                self._rejoining.add(ticket_id)
            after = self._views[ticket_id].last
            self._after[ticket_id] = after
            try:
                joined = await connection.call(
                    "join_ticket", {"ticket_id": ticket_id, "after": after}
                )
            except Refused as error:
                self._inside.discard(ticket_id)
                if error.code not in AGAIN:
                    raise
                await asyncio.sleep(pause)
                continue
            finally:
                self._rejoining.discard(ticket_id)
            if not joined["more"]:
                self._inside.add(ticket_id)
                return

    def _take(self, event: str, payload: Any) -> None:
        if event == "resync":
            self._to_join.put_nowait(payload["ticket_id"])
        elif event == "timeline":
            self._take_event(payload)

    def _take_event(self, event: dict[str, Any]) -> None:
        ticket_id, seq = event["ticket_id"], event["seq"]
        view = self._views[ticket_id]
        data = event["data"]
        said = Said(event["kind"], event["actor_id"], data.get("client_id"), data.get("content"))
        is_rejoining = ticket_id in self._rejoining
        view.arrivals.append(
            Arrival(self.connections, self._after[ticket_id], seq, said, is_rejoining)
        )
        if seq == view.last + 1:
            view.taken.append((seq, said))
        elif seq > view.last + 1 and not is_rejoining:
            self._to_join.put_nowait(ticket_id)

    async def say(self, message: Sent) -> None:
        """Sends a message until it is acknowledged or definitely refused."""
        payload: dict[str, object] = {
            "ticket_id": message.ticket_id,
            "client_id": message.client_id,
            "content": message.content,
        }
        if message.internal:
            payload["internal"] = True
        for pause in _pauses():
            try:
                stored = await self._call("post_message", payload)
            except Silent:
                self.silences += 1
            except Gone:
                pass
            except Refused as error:
                if error.code not in AGAIN:
                    message.refused = error.code
                    return
            else:
                message.seq = stored["seq"]
                return
            await asyncio.sleep(pause)

    async def _call(self, event: str, payload: object) -> Any:
        try:
            await asyncio.wait_for(self._connected.wait(), PATIENCE)
        except TimeoutError as error:
            raise Gone from error
        if self._connection is None:
            raise Gone
        return await self._connection.call(event, payload)

    # What chaos does to it.

    def hang_up(self) -> bool:
        """Loses the connection; False where there is none."""
        if self._connection is not None:
            self._connection.abort()
        return self._connection is not None

    async def fall_asleep(self, seconds: float) -> None:
        """Does not read for a while."""
        if (connection := self._connection) is not None:
            connection.pause()
            await asyncio.sleep(seconds)
            connection.resume()

    async def live_again(self, after: int) -> float:
        """When it was live on a connection later than the given one."""
        while self.connections <= after or self.live_since is None:
            await asyncio.sleep(0.01)
        return self.live_since


def _pauses() -> Iterator[float]:
    """Doubling, each with some chance in it so that not all come at once."""
    pause = FIRST_PAUSE
    while True:
        yield pause * random.uniform(0.5, 1)
        pause = min(2 * pause, LONGEST_PAUSE)
