"""``python -m bench.teams``: what teams cost the assignment, and whether they are served at once.

With embedded servers and their production settings it measures

- the tickets per second that four worker processes assign of one team's full queue, and of as many
  in the queues of eight, in turn; what CPU one of them takes the workers and PostgreSQL, which on a
  few cores says more; and how much of the time somebody waits for a lock,
- how long a ticket waits from being moved into a team until it is assigned, 20 teams, 200 CSRs, 40
  a second, by the database's clock.
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import cycle
from uuid import UUID

import click
from sqlalchemy import Row, select, text, update

from bench.assignment import Drained, draining, fill, product, served
from desk.assignment import teams
from models import Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.cluster.storm import ready
from tests.factories import Person, database, people

WORKERS = 2  # Of two processes each.
PER_SECOND = 40.0
PATIENCE = 60.0
# Of each ticket that was moved: the last move, and when it was given to somebody.
WAITED = text(
    "select m.ticket_id, min(a.at) - m.at as waited from events m join events a using (ticket_id) "
    "where m.kind = 'team_changed' and a.kind = 'assigned' and a.seq > m.seq group by 1, m.at"
)


def make_teams(cluster: Cluster, count: int, csrs: Sequence[Person]) -> list[UUID]:
    """Each with its share of the CSRs; every tenth is in the next team, too."""
    with database(cluster.settings) as session:
        made = []
        for n in range(count):
            own = {person.id for person in csrs[n::count]}
            guests = {person.id for person in csrs[n - 1 :: count * 10]}
            new = teams.NewTeam(name=f"Team {n}", members=sorted(own | guests))
            made.append(teams.add(session, new).id)
        return made


def start(cluster: Cluster) -> None:
    for _ in range(WORKERS):
        cluster.start_worker()
    while not ready(cluster):
        time.sleep(0.1)


def drained(team_count: int, tickets: int) -> Drained:
    """From full queues; the workers' start is not counted."""
    with served() as (cluster, database_pid):
        csrs = people(cluster.settings, *[Role.CSR] * 24, Role.USER, capacity=tickets)[:-1]
        made = make_teams(cluster, team_count, csrs)
        start(cluster)
        with database(cluster.settings) as session:
            fill(session, tickets)
            ids = session.scalars(select(Ticket.id).order_by(Ticket.id)).all()
            for n, team_id in enumerate(made):
                own = ids[n::team_count]
                session.execute(update(Ticket).where(Ticket.id.in_(own)).values(team_id=team_id))
        return draining(cluster, database_pid, tickets)


FIGURES: dict[str, Callable[[Drained], float]] = {
    "tickets/s": lambda d: d.per_second,
    "worker CPU µs a ticket": lambda d: 1e6 * d.worker_cpu,
    "PostgreSQL CPU µs a ticket": lambda d: 1e6 * d.database_cpu,
    "all CPU µs a ticket": lambda d: 1e6 * (d.worker_cpu + d.database_cpu),
    "% of open transactions' time in lock waits": lambda d: 100 * d.waiting,
}


def _shown(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.0f} ({', '.join(f'{value:.0f}' for value in values)})"


async def move(cluster: Cluster, csr: Person, tickets: Sequence[UUID], made: list[UUID]) -> None:
    async with Api(cluster.urls[0]) as api, asyncio.TaskGroup() as group:
        began = time.perf_counter()
        for n, (ticket_id, team_id) in enumerate(zip(tickets, cycle(made))):
            await asyncio.sleep(max(0, began + n / PER_SECOND - time.perf_counter()))
            moved = {"team_id": str(team_id)}
            group.create_task(api.patch(f"/csr/tickets/{ticket_id}", csr, json=moved))


def waits(team_count: int, csr_count: int, tickets: int) -> list[timedelta]:
    with product() as cluster:
        csrs = people(cluster.settings, *[Role.CSR] * csr_count, Role.USER, capacity=0)[:-1]
        made = make_teams(cluster, team_count, csrs)
        with database(cluster.settings) as session:
            fill(session, tickets)
            session.execute(text("update users set capacity = 10000"))
            # Nobody's until it is in a team.
            session.execute(text("update users set available = false"))
            ids = session.scalars(select(Ticket.id).order_by(Ticket.id)).all()
        cluster.start_beat()
        cluster.start_web()
        start(cluster)
        with database(cluster.settings) as session:
            session.execute(text("update tickets set assigned_to_id = :who"), {"who": csrs[0].id})
            session.execute(text("update users set available = true"))
        asyncio.run(move(cluster, csrs[0], ids, made))
        deadline = time.monotonic() + PATIENCE
        while len(found := waited(cluster)) < tickets * 0.9 and time.monotonic() < deadline:
            time.sleep(0.1)
        return [row.waited for row in found]


def waited(cluster: Cluster) -> Sequence[Row[tuple[UUID, timedelta]]]:
    with database(cluster.settings) as session:
        return session.execute(WAITED).all()


@click.command()
@click.option("--queue", default=2000, show_default=True, help="Tickets to be drained.")
@click.option("--rounds", default=3, show_default=True)
@click.option("--moved", default=1200, show_default=True, help="Tickets moved into teams.")
def main(queue: int, rounds: int, moved: int) -> None:
    found: dict[int, list[Drained]] = {1: [], 8: []}
    for _ in range(rounds):
        for team_count, measured in found.items():
            measured.append(drained(team_count, queue))
    for what, of in FIGURES.items():
        one, eight = ([of(each) for each in measured] for measured in found.values())
        ratio = statistics.median(b / a if a else 0 for a, b in zip(one, eight, strict=True))
        click.echo(f"{what}: 1 team {_shown(one)}, 8 teams {_shown(eight)}, {ratio:.2f} times")
    milliseconds = [wait / timedelta(milliseconds=1) for wait in waits(20, 200, moved)]
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    median, slowest = cuts[49], cuts[98]
    count = len(milliseconds)
    click.echo(f"moved to assigned, {count} tickets: p50 {median:.1f} ms, p99 {slowest:.1f} ms")


if __name__ == "__main__":
    sys.exit(main())
