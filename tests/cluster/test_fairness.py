"""Assignment under concurrency, as it runs in production."""

import asyncio
from collections import Counter
from collections.abc import Callable

from sqlalchemy import func, select

from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import database, people
from tests.waiting import until


async def test_200_tickets_of_20_customers_at_once_are_20_for_each_of_10_csrs(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=2, workers=1)
    cluster.start_beat()
    csrs = people(cluster.settings, *[Role.CSR] * 10)
    customers = people(cluster.settings, *[Role.USER] * 20)
    async with Api(cluster.urls[0]) as first, Api(cluster.urls[1]) as second:
        await asyncio.gather(
            *(
                (first, second)[n % 2].a_ticket(customer, title=f"Ticket {n}")
                for customer in customers
                for n in range(10)
            )
        )
    await until(lambda: not waiting(cluster))
    with database(cluster.settings) as session:
        assert Counter(session.scalars(select(Ticket.assigned_to_id))) == {
            csr.id: 20 for csr in csrs
        }


def waiting(cluster: Cluster) -> int:
    with database(cluster.settings) as session:
        query = select(func.count()).where(Ticket.assigned_to_id.is_(None))
        return session.scalars(query).one()
