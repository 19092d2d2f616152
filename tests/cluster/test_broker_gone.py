"""Brokers that are gone: what opened meanwhile is assigned when they are back, once."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select

from embedded.servers import Embedded
from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.cluster.jobs import assigned_once, down, open_ticket, stopped, until
from tests.cluster.storm import WITHIN, ready, supervised, unassigned
from tests.factories import database, people

Start = Callable[..., Cluster]


@pytest.mark.parametrize("gone", [down, stopped], ids=["down", "a black hole"])
def test_tickets_that_open_while_the_broker_is_gone_are_assigned_when_it_is_back(
    start_cluster: Start,
    broker: Embedded,
    gone: Callable[[Embedded], AbstractContextManager[None]],
) -> None:
    cluster = start_cluster(webs=0, workers=1, environment={"BROKER_URL": broker.redis_url})
    cluster.start_beat()
    cluster.start_beat()
    csrs = people(cluster.settings, Role.CSR, Role.CSR)
    (customer,) = people(cluster.settings, Role.USER)
    until(lambda: ready(cluster))
    open_ticket(cluster, customer)
    until(lambda: unassigned(cluster) == 0)
    with supervised(cluster):
        with gone(broker):
            for _ in range(3):
                open_ticket(cluster, customer, woken=False)
            time.sleep(3)
            assert unassigned(cluster) == 3
        until(lambda: unassigned(cluster) == 0)
    assigned_once(cluster, 4)
    with database(cluster.settings) as session:
        counts = Counter(session.scalars(select(Ticket.assigned_to_id)))
        assert counts == dict.fromkeys([csr.id for csr in csrs], 2)


async def test_100_tickets_that_open_in_30_seconds_without_a_broker_are_soon_assigned(
    start_cluster: Start, broker: Embedded
) -> None:
    """So long that pauses between two tries could grow beyond what anybody waits for."""
    cluster = start_cluster(
        webs=1, workers=1, environment={"BROKER_URL": broker.redis_url, "RATE_LIMITS": "off"}
    )
    cluster.start_beat()
    *csrs, customer = people(cluster.settings, *[Role.CSR] * 4, Role.USER, capacity=100)
    until(lambda: ready(cluster))
    slowest = 0.0
    with supervised(cluster):
        async with Api(cluster.urls[0]) as api:
            with down(broker):
                for _ in range(100):
                    began = time.monotonic()
                    await api.a_ticket(customer)
                    took = time.monotonic() - began
                    slowest = max(slowest, took)
                    await asyncio.sleep(0.3 - took)
                assert unassigned(cluster) == 100
        back = time.monotonic()
        until(lambda: unassigned(cluster) == 0)
        assert time.monotonic() - back < WITHIN
    # No request waited for the broker, whose time limits are longer.
    assert slowest < 1
    assigned_once(cluster, 100)
    with database(cluster.settings) as session:
        counts = Counter(session.scalars(select(Ticket.assigned_to_id)))
        assert counts == dict.fromkeys([csr.id for csr in csrs], 25)
