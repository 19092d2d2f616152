"""Many tickets at once, while workers are killed: who got how many, and did anybody get too many?

``python -m bench.assignment`` runs it at full size, the tests at a smaller one.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Event

from sqlalchemy import func, select, update

from desk.events import Assigned
from desk.tickets.tickets import WAITING
from models import Event as TimelineEvent
from models import Role, Ticket, User
from tests import ledger
from tests.api import Api
from tests.cluster.conftest import PATIENCE, Cluster
from tests.factories import Person, database, people

# From the last fault on, on a machine that has nothing else to do.
WITHIN = 10.0
AT_ONCE = 40


@dataclass(frozen=True)
class Outcome:
    # How many each of the CSRs got, from the most to the fewest.
    counts: list[int]
    unassigned: int
    # ``assigned`` events; more than tickets would mean that one was given twice.
    decisions: int
    most_held: int
    # From the last fault until nothing waited.
    seconds: float


def pool(pid: int) -> list[int]:
    """The processes of a worker that work."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for child, parent in rows if int(parent) == pid]


def kill_pool(cluster: Cluster, number: int = 0) -> None:
    """SIGKILL for every process that works; the worker itself stays."""
    for pid in pool(cluster.workers[number].pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_worker(cluster: Cluster, number: int = 0) -> None:
    """SIGKILL for a whole worker."""
    with suppress(ProcessLookupError):
        os.kill(cluster.workers[number].pid, signal.SIGKILL)


@contextmanager
def supervised(cluster: Cluster) -> Iterator[None]:
    """Starts workers that have ended again, as every runner of a Procfile does.

    Celery's worker ends by itself where its pool dies just after the start, or where a connection
    to the broker breaks at a bad moment.
    """
    enough = Event()

    def look() -> None:
        while not enough.wait(0.2):
            for number, worker in enumerate(cluster.workers):
                if worker.gone():
                    cluster.start_worker()
                    cluster.workers[number] = cluster.workers.pop()

    with ThreadPoolExecutor(1) as thread:
        looking = thread.submit(look)
        try:
            yield
        finally:
            enough.set()
            looking.result()


async def until_ready(cluster: Cluster) -> None:
    async with asyncio.timeout(PATIENCE):
        while not ready(cluster):
            await asyncio.sleep(0.1)


def ready(cluster: Cluster) -> bool:
    """Whether the workers have their pools: what they are sent now they begin at once."""
    return all(not w.gone() and len(pool(w.pid)) >= 2 for w in cluster.workers)


def unassigned(cluster: Cluster) -> int:
    with database(cluster.settings) as session:
        return session.scalars(select(func.count()).where(WAITING)).one()


async def storm(
    cluster: Cluster, *, tickets: int, csrs: int, kills: int, capacity: int | None = None
) -> Outcome:
    """Opens tickets in as many waves as there are kills, each wave at once, with its kill in it.

    With a ``capacity`` the CSRs resolve what they have, all the time; else they have room for all.
    """
    with database(cluster.settings) as session:
        session.execute(update(User).values(available=False))
        session.execute(update(Ticket).values(status="closed"))
    staff = people(cluster.settings, *[Role.CSR] * csrs, capacity=capacity or tickets)
    customers = people(cluster.settings, *[Role.USER] * 20)
    with database(cluster.settings) as session:
        before = (
            session.scalar(select(func.count()).where(TimelineEvent.kind == Assigned.kind)) or 0
        )
    resolving = asyncio.create_task(_resolve(cluster, staff)) if capacity else None
    waves, began = kills or 1, 0.0
    for wave in range(waves):
        numbers = range(tickets * wave // waves, tickets * (wave + 1) // waves)
        opening = asyncio.create_task(_open(cluster, customers, numbers))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        if kills:
            (kill_pool if wave % 2 else kill_worker)(cluster, wave // 2 % len(cluster.workers))
        await opening
        if wave + 1 < waves:
            await until_ready(cluster)
    while unassigned(cluster) and time.monotonic() < began + 2 * PATIENCE:
        await asyncio.sleep(0.05)
    seconds = time.monotonic() - began
    if resolving:
        resolving.cancel()
        with suppress(asyncio.CancelledError):
            await resolving
    return _outcome(cluster, staff, before, seconds)


async def _open(cluster: Cluster, customers: list[Person], numbers: range) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(api: Api, number: int) -> None:
        async with gate:
            await api.a_ticket(customers[number % len(customers)])

    async with Api(cluster.urls[0]) as api, asyncio.TaskGroup() as group:
        for number in numbers:
            group.create_task(one(api, number))


async def _resolve(cluster: Cluster, staff: list[Person]) -> None:
    held = "/csr/tickets?status=open&limit=100&assigned_to=me"
    async with Api(cluster.urls[0]) as api:
        while True:
            for person in staff:
                for ticket in (await api.get(held, person)).json:
                    resolved = {"status": "resolved"}
                    await api.patch(f"/csr/tickets/{ticket['id']}", person, json=resolved)
            await asyncio.sleep(0.1)


def _outcome(cluster: Cluster, staff: list[Person], before: int, seconds: float) -> Outcome:
    ids = {person.id for person in staff}
    with database(cluster.settings) as session:
        held = Counter(
            session.scalars(select(Ticket.assigned_to_id).where(Ticket.assigned_to_id.in_(ids)))
        )
        decisions = (
            session.scalar(select(func.count()).where(TimelineEvent.kind == Assigned.kind)) or 0
        )
        return Outcome(
            sorted((held[person] for person in ids), reverse=True),
            unassigned(cluster),
            decisions - before,
            ledger.most_held(session, ids),
            seconds,
        )
