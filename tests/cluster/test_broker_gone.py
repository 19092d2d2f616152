"""Brokers that are gone: what opened meanwhile is assigned when they are back, once."""

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select

from embedded.servers import Embedded
from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.cluster.jobs import assigned_once, down, open_ticket, stopped
from tests.cluster.storm import FULL, ready, supervised, unassigned
from tests.factories import database, people
from tests.waiting import paced, until

Start = Callable[..., Cluster]


@pytest.mark.parametrize("gone", [down, stopped], ids=["down", "a black hole"])
async def test_tickets_that_open_while_the_broker_is_gone_are_assigned_when_it_is_back(
    start_cluster: Start,
    broker: Embedded,
    gone: Callable[[Embedded], AbstractContextManager[None]],
) -> None:
    cluster = start_cluster(webs=0, workers=1, environment={"BROKER_URL": broker.redis_url})
    cluster.start_beat()
    cluster.start_beat()
    csrs = people(cluster.settings, Role.CSR, Role.CSR)
    (customer,) = people(cluster.settings, Role.USER)
    await until(lambda: ready(cluster))
    open_ticket(cluster, customer)
    await until(lambda: unassigned(cluster) == 0)
    with supervised(cluster):
        with gone(broker):
            # So long that each beat tries.
            async for _ in paced(1, 3):
                open_ticket(cluster, customer, woken=False)
            # A wake-up that the worker had taken before may have found those that opened first.
            assert unassigned(cluster)
        await until(lambda: unassigned(cluster) == 0)
    assigned_once(cluster, 4)
    with database(cluster.settings) as session:
        counts = Counter(session.scalars(select(Ticket.assigned_to_id)))
        assert counts == dict.fromkeys([csr.id for csr in csrs], 2)


async def test_tickets_that_open_for_long_without_a_broker_are_soon_assigned(
    start_cluster: Start, broker: Embedded
) -> None:
    """At full size so long that pauses between two tries could grow beyond what anybody waits
    for.
    """
    tickets = 100 if FULL else 20
    cluster = start_cluster(
        webs=1, workers=1, environment={"BROKER_URL": broker.redis_url, "RATE_LIMITS": "off"}
    )
    cluster.start_beat()
    *csrs, customer = people(cluster.settings, *[Role.CSR] * 4, Role.USER, capacity=100)
    await until(lambda: ready(cluster))
    with supervised(cluster):
        async with Api(cluster.urls[0]) as api:
            with down(broker):
                async for _ in paced(0.3, tickets):
                    await api.a_ticket(customer)
                assert unassigned(cluster)
        await until(lambda: unassigned(cluster) == 0)
    assigned_once(cluster, tickets)
    with database(cluster.settings) as session:
        counts = Counter(session.scalars(select(Ticket.assigned_to_id)))
        assert counts == dict.fromkeys([csr.id for csr in csrs], tickets // 4)
