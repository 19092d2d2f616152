"""Our JavaScript client in Node, against real servers that are killed under it."""

import asyncio
import os
import re
import signal
from asyncio.subprocess import PIPE
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from pydantic import TypeAdapter, ValidationError

from desk.text import Content
from embedded.servers import Embedded
from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster, clusters
from tests.cluster.scripted import CLIENT, js, signed_in, truth
from tests.conftest import Backend
from tests.factories import Person, database, people
from tests.node import node
from tests.waiting import PATIENCE
from tools.chaos.faults import TERMINATE

LONGEST_CONTENT = 10_000


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
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
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
    # Of the minute that a token lives ten seconds are left, and it is replaced 12 before the end.
    pair, _ = signed_in(cluster, customer, timedelta(seconds=50))
    async with (
        Api(cluster.urls[0]) as api,
        api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={pair.access_token}") as forgetful,
        js(api.url, customer, ticket_id, pair) as client,
    ):
        await client.until_seen("tokens")
        # The server has looked for who is past their time.
        assert (await forgetful.receive(timeout=PATIENCE)).data == 1008
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
    with database(cluster.settings) as session:
        # Whom the customer knows, then.
        session.get_one(Ticket, UUID(ticket_id)).assigned_to_id = csr.id
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
