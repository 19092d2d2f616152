"""Never missed, never twice, never out of order, whatever is done to Redis, PostgreSQL and us."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any

import psycopg
import pytest
import redis
from sqlalchemy import make_url

from embedded.servers import Embedded
from server.live.sequencer import POLL_SECONDS
from tests.api import Api
from tests.cluster.conftest import Cluster, clusters, kill
from tests.cluster.crowd import crowd
from tests.conftest import Backend
from tests.sockets import Client
from tests.waiting import paced, until

TO_AND_FRO = 60


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
    with clusters(make_backend, tmp_path_factory.mktemp("cluster")) as start:
        yield start(webs=2, backend=backend)


@contextlib.asynccontextmanager
async def meanwhile(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until_subscribed(cluster: Cluster) -> None:
    for url in cluster.urls:
        async with Api(url) as api:

            async def is_subscribed(api: Api = api) -> bool:
                checks = (await api.get("/health/ready")).json["checks"]
                return bool(checks["redis"] == "ok")

            await until(is_subscribed)


async def test_a_crowd_on_two_processes_sees_one_talk(cluster: Cluster) -> None:
    async with crowd(cluster) as people:
        await people.talk(20, "calm")
        await people.agree()
        assert len(people.acked) == 6 * 20
        assert not people.refused


async def test_killed_subscriptions_lose_nothing(cluster: Cluster) -> None:
    async def kill_subscriptions() -> None:
        with redis.Redis.from_url(cluster.backend.redis_url) as client:
            async for _ in paced(0.1):
                client.execute_command("CLIENT", "KILL", "TYPE", "pubsub")

    async with crowd(cluster) as people:
        async with meanwhile(kill_subscriptions()):
            await people.talk(20, "killed")
        await people.agree()
        assert len(people.acked) == 6 * 20


async def test_without_valkey_one_process_stays_live_and_two_hear_of_each_other_soon(
    cluster: Cluster, own: Embedded
) -> None:
    await until_subscribed(cluster)
    async with crowd(cluster, size=4) as people:
        here, there, neighbour, _ = people.clients
        await asyncio.to_thread(own.valkey.stop)
        try:
            # By the poll alone each would wait for the next one.
            async with asyncio.timeout(TO_AND_FRO * POLL_SECONDS / 2):
                for number in range(TO_AND_FRO):
                    await people.say(here, f"down.{number}")
                    await neighbour.until_shown(len(people.acked) + 1)
            await there.until_shown(len(people.acked) + 1)
            await people.talk(10, "dark")
            await people.agree()
        finally:
            await asyncio.to_thread(own.valkey.start)
        await people.talk(5, "light")
        await people.agree()
        await until_subscribed(cluster)
        await people.talk(5, "well")
        await people.agree()
        assert not people.refused


async def test_messages_survive_that_every_database_connection_is_ended(
    cluster: Cluster,
) -> None:
    url = make_url(cluster.backend.database_url).set(drivername="postgresql")
    ended = 0

    async def end_connections() -> None:
        nonlocal ended
        query = """
            select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()
        """
        async with await psycopg.AsyncConnection.connect(
            url.render_as_string(hide_password=False), autocommit=True
        ) as connection:
            async for _ in paced(0.15):
                ended += len(await (await connection.execute(query)).fetchall())

    async with crowd(cluster) as people:
        async with meanwhile(end_connections()):
            await people.talk(20, "ended")
        assert ended > 20
        refused = len(people.refused)
        await people.repeat_refused()
        assert len(people.acked) == 6 * 20, refused
        await people.agree()


async def test_the_kill_of_one_process_costs_those_on_the_other_nothing(
    cluster: Cluster,
) -> None:
    async with crowd(cluster) as people:
        here, there = list(people.clients)[0::2], list(people.clients)[1::2]
        doomed = asyncio.create_task(people.talk(1000, "doomed", *here))
        talking = asyncio.create_task(people.talk(30, "safe", *there))
        await until(lambda: len(people.acked) > 2 * len(people.clients))
        kill(cluster.webs[0])
        await talking
        doomed.cancel()
        await asyncio.gather(doomed, return_exceptions=True)
        await people.agree(*there)
        assert len(people.acked) > 90
        await asyncio.to_thread(cluster.restart_web, 0)
        for client in here:
            person, last = people.clients[client], client.numbers[-1]
            async with Client(cluster.urls[0], person, "websocket") as again:
                await again.join(people.ticket_id, after=last)
                assert client.seen["timeline"] + again.seen["timeline"] == await people.stored(
                    person
                )
