"""``demo --live``: two customers and an agent who talk in a desk that runs, as its clients."""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from random import Random
from typing import Any, Self
from uuid import uuid4

import aiohttp
import click
import socketio

from manage.demo_stories import STORIES, Story, Turn
from wire.server_events import NAMESPACE

CUSTOMERS = ("alice@example.com", "bilal@example.com")
AGENT = "carla@example.com"
# How long somebody reads, and writes, before a message is there: seconds, at the usual pace.
READING = (1.0, 3.0)
WRITING = (1.0, 4.0)
# After a desk that does not answer.
RETRY_SECONDS = 3.0
ANSWER_SECONDS = 10


class Refused(Exception):
    """The desk refused what somebody did. Its text says why."""


class Person:
    """``async with Person(url, email, password) as person``: signed in and connected."""

    def __init__(self, url: str, email: str, password: str) -> None:
        self._url = url
        self._account = {"email": email, "password": password}
        self._socket = socketio.AsyncClient()
        self._stack = AsyncExitStack()
        self._http: aiohttp.ClientSession
        self._tokens: dict[str, str] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
            self._http = await stack.enter_async_context(aiohttp.ClientSession(timeout=timeout))
            self._tokens = await self.request("POST", "/auth/login", self._account)
            stack.push_async_callback(self._sign_out)
            self._http.headers["Authorization"] = f"Bearer {self._tokens['access_token']}"
            await self._socket.connect(
                self._url,
                auth={"token": self._tokens["access_token"]},
                namespaces=[NAMESPACE],
                transports=["websocket"],
            )
            stack.push_async_callback(self._socket.disconnect)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _sign_out(self) -> None:
        await self.request("POST", "/auth/logout", {"refresh_token": self._tokens["refresh_token"]})

    async def request(self, method: str, path: str, body: object = None) -> Any:
        url = f"{self._url}/api/v1{path}"
        async with self._http.request(method, url, json=body) as answer:
            said = await answer.json()
        if not answer.ok:
            raise Refused(f"{said['code']}: {said['detail']}")
        return said

    async def emit(self, event: str, **payload: object) -> None:
        ack = await self._socket.call(event, payload, namespace=NAMESPACE, timeout=ANSWER_SECONDS)
        if not ack["ok"]:
            raise Refused(f"{ack['error']['code']}: {ack['error']['detail']}")


@dataclass(frozen=True, slots=True)
class Talk:
    """A story that two live through. ``pace``: 1 is as people are, 0 without a pause."""

    story: Story
    number: int
    random: Random
    pace: float

    async def run(self, customer: Person, agent: Person) -> None:
        ticket = await customer.request("POST", "/users/tickets", self._opening())
        click.echo(f"#{ticket['number']} is opened: {ticket['title']}")
        for person in (customer, agent):
            await person.emit("join_ticket", ticket_id=ticket["id"])
        await self._pause(READING)
        await _take(agent, ticket["id"])
        for turn in self.story.turns:
            await self._say(turn, customer if turn[0] == "customer" else agent, ticket["id"])
        await self._pause(READING)
        await agent.request("PATCH", f"/csr/tickets/{ticket['id']}", {"status": "resolved"})
        for person in (customer, agent):
            await person.emit("leave_ticket", ticket_id=ticket["id"])
        click.echo(f"#{ticket['number']} is resolved")

    def _opening(self) -> dict[str, str]:
        story = self.story
        texts = {"title": story.title, "description": story.description}
        texts = {name: text.replace("{n}", str(self.number)) for name, text in texts.items()}
        return {**texts, "category": story.category, "type": story.type}

    async def _say(self, turn: Turn, person: Person, ticket_id: str) -> None:
        speaker, text = turn
        internal = {"internal": True} if speaker == "note" else {}
        await self._pause(READING)
        await person.emit("typing", ticket_id=ticket_id, active=True, **internal)
        await self._pause(WRITING)
        await person.emit(
            "post_message",
            ticket_id=ticket_id,
            client_id=str(uuid4()),
            content=text.replace("{n}", str(self.number)),
            **internal,
        )

    async def _pause(self, seconds: tuple[float, float]) -> None:
        await asyncio.sleep(self.random.uniform(*seconds) * self.pace)


async def _take(agent: Person, ticket_id: str) -> None:
    """By hand, where the worker has not given it to somebody meanwhile; and begins to work."""
    ticket = await agent.request("GET", f"/csr/tickets/{ticket_id}")
    if ticket["assigned_to_id"] is None:
        try:
            await agent.request("POST", f"/csr/tickets/{ticket_id}/claim")
        except Refused as error:
            click.echo(error, err=True)
    if ticket["status"] == "open":
        await agent.request("PATCH", f"/csr/tickets/{ticket_id}", {"status": "in_progress"})


def talks(seed: int, pace: float) -> Iterator[Talk]:
    """Without an end; each customer's begin elsewhere. Stories that nobody answers are left out."""
    random = Random(seed)
    told = [story for story in STORIES if story.turns]
    random.shuffle(told)
    for story in cycle(told):
        yield Talk(story, random.randrange(1_000, 100_000), random, pace)


async def talk_forever(url: str, password: str) -> None:
    """Until it is cancelled. A desk that is away is waited for."""
    async with asyncio.TaskGroup() as group:
        for seed, email in enumerate(CUSTOMERS):
            group.create_task(_talk_on(url, email, password, seed))


async def _talk_on(url: str, email: str, password: str, seed: int) -> None:
    for talk in talks(seed, pace=1):
        try:
            # A session for each, which ends with it: none lives longer than its token.
            async with (
                Person(url, email, password) as customer,
                Person(url, AGENT, password) as agent,
            ):
                await talk.run(customer, agent)
        except (
            aiohttp.ClientError,
            socketio.exceptions.SocketIOError,
            TimeoutError,
            Refused,
        ) as error:
            click.echo(f"Waiting for {url}: {error or type(error).__name__}", err=True)
            await asyncio.sleep(RETRY_SECONDS)
