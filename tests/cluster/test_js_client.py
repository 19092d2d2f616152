"""Our JavaScript client in Node, against real servers that are killed under it."""

import asyncio
import json
import os
import re
import signal
from asyncio.subprocess import PIPE
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import select

from desk import sessions
from desk.text import Content
from dev.embedded import Embedded
from models import Event, Role
from server.tokens import Pair, Tokens
from tests.api import Api
from tests.chaos.faults import TERMINATE
from tests.cluster.conftest import Cluster, clusters
from tests.conftest import ROOT, Backend
from tests.factories import Person, database, now, people
from tests.node import node

CLIENT = ROOT / "client"
PATIENCE = 30.0
LONGEST_CONTENT = 10_000
LINES = 1024 * 1024


class Js:
    """One client in a Node process, with one ticket."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.seen: defaultdict[str, list[Any]] = defaultdict(list)
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            said = json.loads(line)
            self.seen[said["on"]].append(said)

    def tell(self, **what: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    def say(self, *contents: str) -> None:
        for content in contents:
            self.tell(content=content)

    @property
    def timeline(self) -> list[tuple[int, str | None]]:
        events = [said["event"] for said in self.seen["event"]]
        return [(event["seq"], event["data"].get("content")) for event in events]

    async def until(self, condition: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not condition():
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not seen: {dict(self.seen)}") from None

    async def until_seen(self, name: str, count: int = 1) -> None:
        await self.until(lambda: len(self.seen[name]) >= count)

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), PATIENCE)
        await self._reader


@asynccontextmanager
async def js(
    url: str, person: Person, ticket_id: str, pair: Pair | None = None
) -> AsyncIterator[Js]:
    process = await asyncio.create_subprocess_exec(
        node(CLIENT), "test/driver.js", stdin=PIPE, stdout=PIPE, cwd=CLIENT, limit=LINES
    )
    client = Js(process)
    tokens = pair or person.tokens
    both = {"access_token": tokens.access_token, "refresh_token": tokens.refresh_token}
    client.tell(url=url, tokens=both, ticket_id=ticket_id)
    try:
        await client.until_seen("live")
        yield client
    finally:
        await client.close()


def truth(cluster: Cluster, ticket_id: str) -> list[tuple[int | None, str | None]]:
    """The customer's timeline as the database holds it."""
    with database(cluster.settings) as session:
        query = select(Event.public_seq, Event.content).where(
            Event.ticket_id == ticket_id, Event.public_seq.is_not(None)
        )
        return [
            (row.public_seq, row.content)
            for row in session.execute(query.order_by(Event.public_seq))
        ]


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A Valkey that nobody else needs."""
    with Embedded(tmp_path_factory.mktemp("valkey"), postgres=False, fast=True) as own:
        yield own


@pytest.fixture(scope="module")
def cluster(
    own: Embedded,
    make_backend: Callable[[], Backend],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Cluster]:
    backend = Backend(make_backend().database_url, own.redis_url)
    with clusters(make_backend, tmp_path_factory.mktemp("logs")) as start:
        yield start(webs=1, backend=backend, environment={"ACCESS_TOKEN_EXPIRE_MINUTES": "1"})


@pytest.fixture
async def a_ticket(cluster: Cluster) -> tuple[Person, str]:
    (customer,) = people(cluster.settings, Role.USER)
    async with Api(cluster.urls[0]) as api:
        return customer, (await api.a_ticket(customer))["id"]


async def test_the_rules_of_the_client_hold_with_a_server_that_a_test_moves_by_hand() -> None:
    node(CLIENT)
    process = await asyncio.create_subprocess_exec("npm", "test", stdout=PIPE, cwd=CLIENT)
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, output.decode()


async def test_a_talk_goes_on_over_a_killed_server_and_what_was_said_meanwhile_is_sent(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    async with js(cluster.urls[0], customer, ticket_id) as client:
        client.say("before 1", "before 2")
        os.kill(cluster.webs[0].pid, signal.SIGKILL)
        await client.until_seen("disconnected")
        client.say("offline 1", "offline 2")
        await asyncio.to_thread(cluster.restart_web, 0)
        client.say("after")
        await client.until_seen("stored", 5)
        await client.until(lambda: len(client.timeline) == 6)
    told = ["before 1", "before 2", "offline 1", "offline 2", "after"]
    assert client.timeline == list(enumerate([None, *told], 1)) == truth(cluster, ticket_id)


async def test_what_can_never_be_sent_is_refused_alone_and_the_next_message_goes_out(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    longest = "😀" * LONGEST_CONTENT
    async with js(cluster.urls[0], customer, ticket_id) as client:
        client.say("x" * 70_000)
        client.tell(binary=[1])
        client.say(longest)
        await client.until_seen("stored")
        await client.until(lambda: len(client.timeline) == 2)
        assert [said["code"] for said in client.seen["not_stored"]] == ["invalid", "invalid"]
        assert len(client.seen["connected"]) == 1
        assert not client.seen["disconnected"]
    assert truth(cluster, ticket_id) == [(1, None), (2, longest)]


def test_the_client_knows_how_long_a_message_may_be() -> None:
    said = re.search(r"LONGEST_CONTENT = ([0-9_]+);", (CLIENT / "checks.js").read_text())
    assert said
    assert int(said[1]) == LONGEST_CONTENT
    content = TypeAdapter(Content)
    assert content.validate_python("x" * LONGEST_CONTENT)
    with pytest.raises(ValidationError):
        content.validate_python("x" * (LONGEST_CONTENT + 1))


async def test_nothing_is_missed_without_valkey_and_with_a_database_that_hangs_up(
    cluster: Cluster, own: Embedded, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    url = cluster.backend.database_url.replace("postgresql+psycopg", "postgresql")
    async with js(cluster.urls[0], customer, ticket_id) as client:
        os.kill(own.valkey.pid, signal.SIGKILL)
        client.say("without Valkey")
        await client.until_seen("stored", 1)
        for n in range(5):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(TERMINATE)
            client.say(f"hung up {n}")
        await client.until_seen("stored", 6)
        await asyncio.to_thread(own.valkey.start)
        client.say("all well")
        await client.until(lambda: len(client.timeline) == 8)
    assert [said["seq"] for said in client.seen["stored"]] == [2, 3, 4, 5, 6, 7, 8]
    assert client.timeline == truth(cluster, ticket_id)


async def test_a_socket_outlives_its_first_token(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    settings = cluster.settings.model_copy(update={"access_token_expire_minutes": 1})
    # Of the minute that a token lives 17 seconds are left, and it is replaced 12 before the end.
    issued_at = now() - timedelta(seconds=43)
    with database(cluster.settings) as session:
        issued = sessions.open_session(session, customer.id, timedelta(days=1), issued_at)
    pair = Tokens(settings).pair(issued, issued_at)
    async with js(cluster.urls[0], customer, ticket_id, pair) as client:
        await client.until_seen("tokens")
        # Past the expiry, the leeway for clocks, and the next look of the server.
        await asyncio.sleep(17 + 2 + 2)
        client.say("still here")
        await client.until_seen("stored")
        await client.until(lambda: len(client.timeline) == 2)
        assert len(client.seen["connected"]) == 1
        assert not client.seen["disconnected"]


async def test_who_is_signed_out_elsewhere_is_told_and_does_not_come_back(
    cluster: Cluster, a_ticket: tuple[Person, str]
) -> None:
    customer, ticket_id = a_ticket
    async with Api(cluster.urls[0]) as api, js(api.url, customer, ticket_id) as client:
        await api.post("/auth/logout_all", customer)
        await client.until_seen("signed_out")
        client.say("too late")
        await client.until_seen("not_stored")
    assert client.seen["signed_out"] == [{"on": "signed_out", "what": {"code": "logged_out"}}]
    assert len(client.seen["connected"]) == 1


async def test_presence_reaches_the_handle(cluster: Cluster, a_ticket: tuple[Person, str]) -> None:
    customer, ticket_id = a_ticket
    (csr,) = people(cluster.settings, Role.CSR)
    async with (
        js(cluster.urls[0], customer, ticket_id) as client,
        js(cluster.urls[0], csr, ticket_id),
    ):
        await client.until(
            lambda: (
                bool(client.seen["presence"])
                and {v["user_id"] for v in client.seen["presence"][-1]["viewers"]}
                == {str(customer.id), str(csr.id)}
            )
        )
