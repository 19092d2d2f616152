"""``python -m bench.assignment``: how fast tickets are assigned, and what a large house costs.

With embedded servers and their production settings it measures

- the tickets per second that one and two workers assign, of a queue that was full before,
- one batch (25 tickets) with 200 CSRs who have 100,000 open tickets, and its parts,
- the size of a decision among 200 CSRs,

and prints them as tables. ``--storm`` runs the storm of the tests at its full size, too: 1,000
tickets over 10 and over 7 CSRs under 20 kills.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import click
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.orm import Session

from bench.machine import cpu_seconds
from desk.assignment import assignment, departures
from desk.assignment.assignment import BATCH, Strategy
from desk.tickets.tickets import WAITING
from embedded.servers import Embedded
from models import AssignmentDecision, Role, Status, Ticket, User
from tests import ledger
from tests.cluster.conftest import Cluster
from tests.cluster.storm import ready, storm, supervised
from tests.conftest import Backend, migrated
from tests.factories import database, now, people

CHUNK = 10_000
# As the desk counts them, but for the list of the CSRs.
LOADS = text(
    "select assigned_to_id, count(*) from tickets where status in ('open', 'in_progress') "
    "and assigned_to_id in (select id from users where role = 'csr') group by 1"
)
LEFT = select(func.count()).where(WAITING)
# Of the others' transactions, those that wait for a lock now, and all that are open.
LOCK_WAITS = text(
    "select count(*) filter (where wait_event_type = 'Lock'), count(*) from pg_stat_activity "
    "where datname = current_database() and xact_start is not null and pid <> pg_backend_pid()"
)


@contextmanager
def product() -> Iterator[Cluster]:
    """An empty database and no process yet."""
    with served() as (cluster, _):
        yield cluster


@contextmanager
def served() -> Iterator[tuple[Cluster, int]]:
    """As `product`, and PostgreSQL's process."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(Embedded(folder / "servers"))
        backend = Backend(servers.database_url, servers.redis_url)
        migrated(backend.database_url)
        yield Cluster(backend, folder, stack, {"RATE_LIMITS": "off"}), servers.postgres.pid


def fill(session: Session, count: int, **columns: object) -> None:
    """Tickets without a timeline; ``assigned_to_id``: a list that is gone through."""
    customer = session.scalars(select(User.id).where(User.role == Role.USER)).first()
    holders = columns.pop("assigned_to_id", [None])
    assert isinstance(holders, list)
    start = now()
    for first in range(0, count, CHUNK):
        rows = [
            {
                "title": f"Ticket {n}",
                "description": "Help!",
                "category": "billing",
                "type": "bug",
                "status": Status.OPEN,
                "user_id": customer,
                "assigned_to_id": holders[n % len(holders)],
                "created_at": start,
                "updated_at": start,
                "public_updated_at": start,
                "last_seq": 0,
                "last_public_seq": 0,
            }
            for n in range(first, min(first + CHUNK, count))
        ]
        session.execute(insert(Ticket), rows)


@dataclass(frozen=True, slots=True)
class Drained:
    """How tickets were assigned. CPU seconds are those of one ticket."""

    per_second: float
    worker_cpu: float
    database_cpu: float
    # Of the moments of all open transactions, those in which one waited for a lock: 0 to 1.
    waiting: float


def draining(cluster: Cluster, database_pid: int, count: int) -> Drained:
    """From so full queues, once the first of them are assigned."""

    def used() -> tuple[float, float, float]:
        workers = sum(cpu_seconds(worker.pid) for worker in cluster.workers)
        return time.perf_counter(), workers, cpu_seconds(database_pid)

    cluster.start_beat()
    engine = create_engine(cluster.settings.database_url, isolation_level="AUTOCOMMIT")
    # One connection: to make another for each look would cost as much as a ticket.
    with engine.connect() as connection:
        while (left := connection.scalar(LEFT) or 0) == count:
            time.sleep(0.01)
        first, began, waiting, open_ = left, used(), 0, 0
        while left:
            time.sleep(0.05)
            row = connection.execute(LOCK_WAITS).one()
            waiting, open_ = waiting + row[0], open_ + row[1]
            left = connection.scalar(LEFT) or 0
    engine.dispose()
    seconds, workers, database = (after - b for after, b in zip(used(), began, strict=True))
    return Drained(first / seconds, workers / first, database / first, waiting / max(open_, 1))


def drain_rate(workers: int, count: int) -> float:
    """Tickets per second, 10 CSRs, from a full queue; the worker's start is not counted."""
    with served() as (cluster, database_pid):
        people(cluster.settings, *[Role.CSR] * 10, Role.USER, capacity=count)
        for _ in range(workers):
            cluster.start_worker()
        while not ready(cluster):
            time.sleep(0.1)
        with database(cluster.settings) as session:
            fill(session, count)
        return draining(cluster, database_pid, count).per_second


def timed(rule: Callable[[], object], times: int = 7) -> float:
    """The median in milliseconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        rule()
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)[times // 2]


@contextmanager
def large_house(csrs: int, tickets: int) -> Iterator[Cluster]:
    with product() as cluster:
        staff = people(cluster.settings, *[Role.CSR] * csrs, Role.USER, capacity=10_000)[:-1]
        with database(cluster.settings) as session:
            fill(session, tickets, assigned_to_id=[person.id for person in staff])
            fill(session, 20 * BATCH)
        # As autovacuum leaves a table that has been in use for a while.
        engine = create_engine(cluster.settings.database_url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("vacuum analyze"))
        engine.dispose()
        yield cluster


def cost_of_a_batch(cluster: Cluster) -> list[tuple[str, str]]:
    def in_transaction(rule: Callable[[Session], object]) -> Callable[[], None]:
        def run() -> None:
            with database(cluster.settings) as session:
                rule(session)

        return run

    def batch(session: Session) -> None:
        done = assignment.drain(session, Strategy.ROUND_ROBIN, now(), Random(1))
        assert done == BATCH

    rows = [
        ("connect, begin, commit", timed(in_transaction(lambda s: s.connection()))),
        ("count the loads", timed(in_transaction(lambda s: s.execute(LOADS).all()))),
        ("look for leavers", timed(in_transaction(departures.departed))),
        (f"a batch of {BATCH}", timed(in_transaction(batch))),
    ]
    with database(cluster.settings) as session:
        plan = session.scalars(text(f"explain (analyze, costs off, timing off) {LOADS}")).all()
        stored = AssignmentDecision.candidates
        size = session.scalar(select(func.avg(func.pg_column_size(stored)))) or 0
    click.echo("\n".join(plan))
    return [*((what, f"{took:.1f} ms") for what, took in rows), ("a decision", f"{size:.0f} bytes")]


def storms() -> None:
    with product() as cluster:
        for _ in range(2):
            cluster.start_worker()
        cluster.start_beat()
        cluster.start_web()
        with database(cluster.settings) as session:
            ledger.keep(session)
        for csrs in (10, 7):
            with supervised(cluster):
                found = asyncio.run(storm(cluster, tickets=1000, csrs=csrs, kills=20))
            click.echo(
                f"storm, {csrs:2} CSRs: {min(found.counts)} to {max(found.counts)} each, "
                f"{found.unassigned} unassigned, all assigned {found.seconds:.1f} s after the last "
                f"kill"
            )


@click.command()
@click.option("--queue", default=2000, show_default=True, help="Tickets to be drained.")
@click.option("--csrs", default=200, show_default=True)
@click.option("--tickets", default=100_000, show_default=True, help="That the CSRs have.")
@click.option("--storm", "with_storm", is_flag=True, help="The storm at its full size, too.")
def main(queue: int, csrs: int, tickets: int, with_storm: bool) -> None:
    for workers in (1, 2):
        rate = drain_rate(workers, queue)
        click.echo(f"{workers} worker{'s' * (workers > 1):1} {rate:10.0f} tickets/s")
    with large_house(csrs, tickets) as cluster:
        for what, took in cost_of_a_batch(cluster):
            click.echo(f"{what:24} {took:>14}")
    if with_storm:
        storms()


if __name__ == "__main__":
    sys.exit(main())
