"""Honest clients: pairs that converse across two processes, and how long they wait."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import aiohttp

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import Person, people
from tools.chaos.connection import Connection

PAIRS = 8
# Between two messages of one pair.
BREATH = 0.15
SETTLE_SECONDS = 10.0


@dataclass
class Pair:
    """A customer and a CSR on a ticket, each on a process of their own."""

    ticket_id: str
    people: list[Person]
    connections: list[Connection] = field(default_factory=list)
    # What each was shown, as it came.
    shown: tuple[list[Any], list[Any]] = field(default_factory=lambda: ([], []))
    said: list[str] = field(default_factory=list)


@dataclass
class Latencies:
    """In seconds: until the acknowledgement, and until the other side has it."""

    acked: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)


class Honest:
    def __init__(self, pairs: Sequence[Pair], http: aiohttp.ClientSession) -> None:
        self.pairs = pairs
        self.latencies = Latencies()
        self._http = http
        self._sent_at: dict[str, float] = {}
        self._talks: list[asyncio.Task[None]] = []
        self._is_over = False

    async def connect(self, urls: Sequence[str]) -> None:
        for n, pair in enumerate(self.pairs):
            for side, person in enumerate(pair.people):
                url = urls[(n + side) % len(urls)]
                take = self._taker(pair, side)
                connection = await Connection.open(self._http, url, person.token, take)
                pair.connections.append(connection)
                await connection.call("join_ticket", {"ticket_id": pair.ticket_id})

    def _taker(self, pair: Pair, side: int) -> Any:
        def take(event: str, payload: Any) -> None:
            if event == "timeline" and payload["ticket_id"] == pair.ticket_id:
                pair.shown[side].append(payload)
                sent_at = self._sent_at.get(payload["data"].get("content"))
                if sent_at is not None and payload["actor_id"] != str(pair.people[side].id):
                    self.latencies.heard.append(time.perf_counter() - sent_at)

        return take

    def start(self) -> None:
        self._talks = [asyncio.create_task(self._talk(pair)) for pair in self.pairs]

    async def stop(self) -> list[str]:
        """Ends the conversation. Tells who had been refused or hung up on."""
        self._is_over = True
        ends = await asyncio.gather(*self._talks, return_exceptions=True)
        return [f"an honest client: {e!r}" for e in ends if isinstance(e, Exception)]

    async def _talk(self, pair: Pair) -> None:
        side = 0
        while not self._is_over:
            content = str(uuid4())
            message = {"ticket_id": pair.ticket_id, "client_id": content, "content": content}
            self._sent_at[content] = began = time.perf_counter()
            await pair.connections[side].call("post_message", message)
            self.latencies.acked.append(time.perf_counter() - began)
            pair.said.append(content)
            side = 1 - side
            await asyncio.sleep(max(0, began + BREATH - time.perf_counter()))

    def fresh(self) -> Latencies:
        """Begins to measure anew."""
        self.latencies = Latencies()
        return self.latencies

    async def judge(self, url: str) -> list[str]:
        """What is wrong with what the pairs were shown; nothing, if all is well."""
        wrong = []
        async with Api(url) as api:
            for pair in self.pairs:
                stored = await timeline(api, pair)
                with suppress(TimeoutError):
                    async with asyncio.timeout(SETTLE_SECONDS):
                        while min(map(len, pair.shown)) < len(stored):
                            await asyncio.sleep(0.05)
                said = [e["data"]["content"] for e in stored if e["kind"] == "message_posted"]
                if said != pair.said:
                    wrong.append(f"{pair.ticket_id}: stored is not what was acknowledged")
                for side, shown in enumerate(pair.shown):
                    if shown != stored:
                        wrong.append(f"{pair.ticket_id}: side {side} was shown something else")
        return wrong

    async def close(self) -> None:
        await self.stop()
        for pair in self.pairs:
            for connection in pair.connections:
                await connection.close()


async def timeline(api: Api, pair: Pair) -> list[Any]:
    events: list[Any] = []
    path = f"/tickets/{pair.ticket_id}/timeline?limit=200&after="
    while page := (await api.get(f"{path}{len(events)}", pair.people[0])).json:
        events += page
    return events


@asynccontextmanager
async def honest(cluster: Cluster) -> AsyncIterator[Honest]:
    """Connected pairs, each on a new ticket."""
    customers = people(cluster.settings, *[Role.USER] * PAIRS)
    csrs = people(cluster.settings, *[Role.CSR] * PAIRS)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        async with Api(cluster.urls[0]) as api:
            pairs = [
                Pair((await api.a_ticket(customer))["id"], [customer, csr])
                for customer, csr in zip(customers, csrs, strict=True)
            ]
        honest = Honest(pairs, http)
        stack.push_async_callback(honest.close)
        await honest.connect(cluster.urls)
        yield honest
