"""Many people in one ticket at once, on every web process, who all talk and compare notes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import Person, people
from tests.sockets import Client
from tests.waiting import paced

# Between two messages of one person, so that a talk lasts as long as what is done to it.
BREATH = 0.03


@dataclass
class Crowd:
    """``acked``: what was acknowledged, by its client_id; ``refused``: what got an error."""

    cluster: Cluster
    ticket_id: str
    clients: dict[Client, Person]
    acked: dict[str, dict[str, Any]] = field(default_factory=dict)
    refused: dict[str, Client] = field(default_factory=dict)

    async def talk(self, count: int, name: str, *only: Client) -> None:
        """Everybody (or who is named) says so many things at the same time as the others."""

        async def speak(speaker: int, client: Client) -> None:
            async for number in paced(BREATH, count):
                await self.say(client, f"{name}.{speaker}.{number}", twice=number % 5 == 0)

        await asyncio.gather(*(speak(*each) for each in enumerate(only or self.clients)))

    async def say(self, client: Client, client_id: str, *, twice: bool = False) -> None:
        """Says it once, or a second time at once as a client does that heard no answer."""
        message = {"ticket_id": self.ticket_id, "client_id": client_id, "content": client_id}
        calls = [client.call("post_message", message) for _ in range(1 + twice)]
        for ack in await asyncio.gather(*calls):
            if ack["ok"]:
                assert self.acked.setdefault(client_id, ack["data"]) == ack["data"]
            else:
                assert ack["error"]["code"] == "unavailable", ack
                self.refused[client_id] = client

    async def repeat_refused(self) -> None:
        refused, self.refused = self.refused, {}
        for client_id, client in refused.items():
            await self.say(client, client_id)
        assert not self.refused

    async def agree(self, *only: Client) -> None:
        """All saw the timeline that REST tells, and what was acknowledged is once in it."""
        for client, person in self.clients.items():
            if not only or client in only:
                stored = await self.stored(person)
                await client.until_shown(len(stored))
                assert client.numbers == list(range(1, len(stored) + 1))
                assert client.seen["timeline"] == stored
                said = [event["data"].get("client_id") for event in stored]
                assert all(said.count(client_id) == 1 for client_id in self.acked)
                assert all(event in stored for event in self.acked.values())

    async def stored(self, person: Person) -> list[Any]:
        events: list[Any] = []
        path = f"/tickets/{self.ticket_id}/timeline?after="
        async with Api(self.cluster.urls[-1]) as api:
            while page := (await api.get(f"{path}{len(events)}", person)).json:
                events += page
        return events


@asynccontextmanager
async def crowd(cluster: Cluster, *, size: int = 6) -> AsyncIterator[Crowd]:
    """So many clients on one new ticket, a customer's and CSRs', on the processes in turn."""
    customer, *csrs = people(cluster.settings, Role.USER, *[Role.CSR] * (size // 2))
    async with AsyncExitStack() as stack:
        async with Api(cluster.urls[0]) as api:
            ticket_id = (await api.a_ticket(customer))["id"]
        clients = {}
        for number in range(size):
            person = csrs[number // 2] if number % 3 else customer
            url = cluster.urls[number % len(cluster.urls)]
            client = await stack.enter_async_context(Client(url, person, "websocket"))
            await client.join(ticket_id)
            clients[client] = person
        yield Crowd(cluster, ticket_id, clients)
