"""Where it happens: two web processes, worker and beat, a desk of 60,000 tickets, limits on."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench import machine
from bench.hostile.attacker import Account
from bench.house import House
from bench.lists import filled
from models import Role
from server.identity import passwords
from tests.cluster.conftest import Cluster
from tests.conftest import Backend
from tests.factories import PASSWORD, Person, a_past, a_ticket, database, people

TICKETS = 60_000
WEBS = 2
CUSTOMERS, CSRS = 8, 4
SETTINGS = {"RATE_LIMITS": "on", "LOG_LEVEL": "INFO"}
# A customer who searches has some tickets; a long one has pages of the longest messages there are.
TICKETS_EACH = 8
LONG, LONGEST = 220, "\N{SMILING FACE WITH OPEN MOUTH}" * 10_000


@dataclass
class Scene:
    """The product as it runs, and its honest people."""

    cluster: Cluster
    house: House
    customers: list[Person]
    csrs: list[Person]

    @property
    def pids(self) -> list[int]:
        return [web.pid for web in self.cluster.webs]

    @property
    def memory(self) -> list[int]:
        """Bytes of each web process."""
        return [machine.resident(pid) for pid in self.pids]

    @property
    def cpu(self) -> tuple[float, float, float]:
        """Seconds of the web processes, the database and Redis, since they began."""
        webs = sum(machine.cpu_seconds(pid) for pid in self.pids)
        others = (self.house.database_pid, self.house.redis_pid)
        database, redis = map(machine.cpu_seconds, others)
        return webs, database, redis

    def attackers(self, count: int, *, is_long: bool) -> list[Account]:
        """New accounts, each with tickets of its own."""
        persons = people(self.cluster.settings, *[Role.USER] * count)
        found = []
        with database(self.cluster.settings) as session:
            for person in persons:
                *_, ticket = [a_ticket(session, person.actor) for _ in range(TICKETS_EACH)]
                if is_long:
                    a_past(session, person.id, ticket.id, LONG, LONGEST)
                found.append(Account(person.token, str(ticket.id)))
        _give_password(self.cluster.settings.database_url, persons)
        return found


@contextmanager
def scene(house: House) -> Iterator[Scene]:
    """The desk is filled at the first time, and shared by all attacks; the processes are new."""
    backend = Backend(filled(house.servers.database_url, TICKETS), house.backend.redis_url)
    _begin_anew(backend.database_url)
    with everywhere(house), ExitStack() as stack:
        logs = house.folder / "hostile"
        logs.mkdir(exist_ok=True)
        cluster = Cluster(backend, Path(logs), stack, SETTINGS)
        cluster.start_worker()
        cluster.start_beat()
        for _ in range(WEBS):
            cluster.start_web()
        customers = people(backend.settings, *[Role.USER] * CUSTOMERS)
        csrs = people(backend.settings, *[Role.CSR] * CSRS, capacity=10_000)
        _give_password(backend.database_url, customers)
        yield Scene(cluster, house, customers, csrs)


@contextmanager
def everywhere(house: House) -> Iterator[None]:
    """Nothing has a core of its own: attackers do not ask."""
    pids = (0, house.database_pid, house.redis_pid)
    before = [os.sched_getaffinity(pid) for pid in pids]
    for pid in pids:
        os.sched_setaffinity(pid, house.cores.all)
    try:
        yield
    finally:
        for pid, cores in zip(pids, before, strict=True):
            os.sched_setaffinity(pid, cores)


def _begin_anew(database_url: str) -> None:
    """Nobody who was here before is given a ticket, and none waits."""
    with psycopg.connect(_plain(database_url)) as connection:
        connection.execute("update users set available = false where available")
        connection.execute("update tickets set status = 'closed' where assigned_to_id is null")


def _give_password(database_url: str, persons: list[Person]) -> None:
    """One that takes as long to check as those that people set."""
    with psycopg.connect(_plain(database_url)) as connection:
        connection.execute(
            "update users set password_hash = %s where id = any(%s)",
            [passwords.hashed(PASSWORD), [person.id for person in persons]],
        )


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://")
