"""Many tickets at once, while workers are killed: who got how many, and did anybody get too many?

``python -m bench.assignment`` runs it at full size, the tests at a smaller one.
"""

import asyncio
import os
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import func, select, update

from models import Event, Kind, Role, Ticket, User
from tests import ledger
from tests.api import Api
from tests.cluster.conftest import Cluster, kill
from tests.factories import Person, database, people

# From the last fault on.
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
    # From the last fault until nothing waited, at most `WITHIN`.
    seconds: float


def children(pid: int) -> list[int]:
    """The pool of a worker."""
    listed = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True)
    rows = (line.split() for line in listed.stdout.splitlines())
    return [int(child) for child, parent in rows if int(parent) == pid]


def kill_pool(cluster: Cluster, number: int = 0) -> None:
    """SIGKILL for every process that works; the worker itself stays."""
    for pid in children(cluster.workers[number].pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def replace_worker(cluster: Cluster, number: int = 0) -> None:
    """SIGKILL for a whole worker, and a new one."""
    kill(cluster.workers.pop(number))
    cluster.start_worker()


def unassigned(cluster: Cluster) -> int:
    with database(cluster.settings) as session:
        query = select(func.count()).where(Ticket.assigned_to_id.is_(None))
        return session.scalars(query).one()


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
        before = session.scalar(select(func.count()).where(Event.kind == Kind.ASSIGNED)) or 0
    resolving = asyncio.create_task(_resolve(cluster, staff)) if capacity else None
    waves = kills or 1
    for wave in range(waves):
        numbers = range(tickets * wave // waves, tickets * (wave + 1) // waves)
        opening = asyncio.create_task(_open(cluster, customers, numbers))
        await asyncio.sleep(0.05)
        if kills:
            hurt = kill_pool if wave % 2 else replace_worker
            await asyncio.to_thread(hurt, cluster, wave % len(cluster.workers))
        await opening
    began = time.monotonic()
    while unassigned(cluster) and time.monotonic() < began + WITHIN:
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
        decisions = session.scalar(select(func.count()).where(Event.kind == Kind.ASSIGNED)) or 0
        return Outcome(
            sorted((held[person] for person in ids), reverse=True),
            unassigned(cluster),
            decisions - before,
            ledger.most_held(session, ids),
            seconds,
        )
