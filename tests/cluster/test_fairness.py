"""Assignment under concurrency, as it runs in production."""

import asyncio
from collections import Counter
from collections.abc import Callable

from sqlalchemy import func, select

from desk.assignment import teams
from desk.assignment.teams import NewTeam
from models import Role, Ticket, User
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import a_ticket, an_actor, database, people
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


async def test_three_teams_on_two_workers_are_each_served_by_their_members_in_turn(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(workers=0)
    *csrs, both, full = people(cluster.settings, *[Role.CSR] * 8, capacity=1_000)
    with database(cluster.settings) as session:
        customers = [an_actor(session) for _ in range(10)]
        session.get_one(User, full.id).capacity = 5
        members = [[*csrs[n : n + 2], both, full] for n in (0, 2, 4)]
        ids = [
            teams.add(session, NewTeam(name=f"Team {n}", members=[csr.id for csr in each])).id
            for n, each in enumerate(members)
        ]
        for n in range(180):
            ticket = a_ticket(session, customers[n % 10])
            session.get_one(Ticket, ticket.id).team_id = ids[n % 3]
    for _ in range(2):
        cluster.start_worker()
    cluster.start_beat()
    await until(lambda: not waiting(cluster))
    with database(cluster.settings) as session:
        query = select(Ticket.team_id, Ticket.assigned_to_id)
        shares = Counter((row[0], row[1]) for row in session.execute(query))
    assert sum(shares[team_id, full.id] for team_id in ids) == 5
    for team_id, each in zip(ids, members, strict=True):
        even = [shares[team_id, csr.id] for csr in each if csr is not full]
        assert max(even) - min(even) <= 1
        assert sum(even) + shares[team_id, full.id] == 60


def waiting(cluster: Cluster) -> int:
    with database(cluster.settings) as session:
        query = select(func.count()).where(Ticket.assigned_to_id.is_(None))
        return session.scalars(query).one()
