"""A Redis that takes connections and does not answer is worse than none: talk goes on."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator

import pytest

from embedded.servers import Embedded
from models import Role
from server.live.presence_store import TIMEOUT_SECONDS
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.conftest import Backend
from tests.factories import people
from tests.sockets import Client

TICKETS = 10


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A Valkey that nobody else needs."""
    with Embedded(tmp_path_factory.mktemp("valkey"), postgres=False, fast=True) as own:
        yield own


async def test_who_comes_back_while_redis_is_frozen_is_live_on_all_their_tickets_soon(
    own: Embedded, make_backend: Callable[[], Backend], start_cluster: Callable[..., Cluster]
) -> None:
    backend = Backend(make_backend().database_url, own.redis_url)
    cluster = start_cluster(backend=backend)
    (customer,) = people(cluster.settings, Role.USER)
    async with Api(cluster.urls[0]) as api, Client(api.url, customer, "websocket") as client:
        tickets = [(await api.a_ticket(customer))["id"] for _ in range(TICKETS)]
        os.kill(own.valkey.pid, signal.SIGSTOP)
        try:
            # Each join could wait for two answers.
            async with asyncio.timeout(TICKETS * 2 * TIMEOUT_SECONDS):
                for ticket_id in tickets:
                    await client.join(ticket_id)
                await client.say(tickets[0], "still live")
        finally:
            os.kill(own.valkey.pid, signal.SIGCONT)
        await client.until_shown(TICKETS + 1)
