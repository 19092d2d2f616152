"""What goes wrong: processes that are killed, servers that stop, connections that are cut."""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Sequence

import psycopg
import redis

from embedded.servers import Embedded
from tests.cluster.conftest import Cluster
from tools.chaos.client import Client

SHORT, LONG = 0.2, 2.0
TERMINATE = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)

Fault = Callable[[], Awaitable[str]]


class Chaos:
    """Makes faults from a seed, counts them, and repairs what it broke."""

    def __init__(
        self, cluster: Cluster, embedded: Embedded, clients: Sequence[Client], seed: int
    ) -> None:
        self.counts: Counter[str] = Counter()
        # Seconds until each client of a killed web process had all its tickets joined again.
        self.back_after: list[float] = []
        self._cluster = cluster
        self._embedded = embedded
        self._clients = clients
        self._random = random.Random(seed)
        # Repairs under way, by what they are of: that is not broken again meanwhile.
        self._repairs: dict[str, asyncio.Task[None]] = {}
        self._watching: list[asyncio.Task[None]] = []

    async def run(self, seconds: float, count: int) -> None:
        """Spreads the faults over the time; then waits until all is repaired."""
        began = time.monotonic()
        for n, fault in enumerate(self._plan(count), 1):
            jitter = self._random.uniform(-0.4, 0.4)
            self.counts[await fault()] += 1
            await asyncio.sleep(max(0, began + seconds * (n + jitter) / count - time.monotonic()))
        await asyncio.gather(*self._repairs.values(), *self._watching)

    def _plan(self, count: int) -> list[Fault]:
        weights: dict[Fault, int] = {
            self._kill_web: 3,
            self._kill_worker: 1,
            self._kill_valkey: 1,
            self._freeze_valkey: 1,
            self._cut_subscriptions: 4,
            self._terminate_database_backends: 3,
            self._cut_client: 4,
            self._deafen_client: 3,
        }
        more = self._random.choices(list(weights), list(weights.values()), k=count - len(weights))
        # Each kind at least once.
        return self._random.sample([*weights, *more], count)

    async def _repaired(self, what: str) -> None:
        if what in self._repairs:
            await self._repairs.pop(what)

    def _repair(self, what: str, work: Coroutine[None, None, None]) -> None:
        self._repairs[what] = asyncio.create_task(work)

    # Processes

    async def _kill_web(self) -> str:
        n = self._random.randrange(len(self._cluster.webs))
        await self._repaired(f"web {n}")
        await self._another_web()
        url = self._cluster.urls[n]
        hit = [client for client in self._clients if client.url == url and client.live_since]
        watching = [self._live_again(client, client.connections) for client in hit]
        self._watching += [asyncio.create_task(watch) for watch in watching]
        self._repair(f"web {n}", asyncio.to_thread(self._cluster.restart_web, n))
        return "web process killed"

    async def _another_web(self) -> None:
        """Waits until two are up, so that who loses one has somebody to turn to."""
        starting = {t for name, t in self._repairs.items() if name.startswith("web")}
        while len(starting := {t for t in starting if not t.done()}) > len(self._cluster.webs) - 2:
            await asyncio.wait(starting, return_when=asyncio.FIRST_COMPLETED)

    async def _live_again(self, client: Client, connection: int) -> None:
        began = time.monotonic()
        self.back_after.append(await client.live_again(connection) - began)

    async def _kill_worker(self) -> str:
        n = self._random.randrange(len(self._cluster.workers))
        await asyncio.to_thread(self._cluster.restart_worker, n)
        return "worker killed"

    # Servers

    async def _kill_valkey(self) -> str:
        await self._repaired("valkey")
        os.kill(self._embedded.valkey.pid, signal.SIGKILL)
        self._repair("valkey", self._start_valkey(self._random.uniform(SHORT, LONG)))
        return "Valkey killed"

    async def _start_valkey(self, after: float) -> None:
        await asyncio.sleep(after)
        await asyncio.to_thread(self._embedded.valkey.start)

    async def _freeze_valkey(self) -> str:
        await self._repaired("valkey")
        pid = self._embedded.valkey.pid
        os.kill(pid, signal.SIGSTOP)
        self._repair("valkey", self._thaw(pid, self._random.uniform(SHORT, LONG)))
        return "Valkey frozen"

    async def _thaw(self, pid: int, after: float) -> None:
        try:
            await asyncio.sleep(after)
        finally:
            os.kill(pid, signal.SIGCONT)

    async def _cut_subscriptions(self) -> str:
        await self._repaired("valkey")
        await asyncio.to_thread(_kill_pubsub, self._embedded.redis_url)
        return "subscriptions cut"

    async def _terminate_database_backends(self) -> str:
        url = self._cluster.backend.database_url.replace("postgresql+psycopg", "postgresql")
        await asyncio.to_thread(_terminate_backends, url)
        return "database backends terminated"

    # Clients

    async def _cut_client(self) -> str:
        for client in self._shuffled():
            if client.hang_up():
                break
        return "client cut off"

    async def _deafen_client(self) -> str:
        client, seconds = self._shuffled()[0], self._random.uniform(SHORT, LONG)
        self._watching.append(asyncio.create_task(client.fall_asleep(seconds)))
        return "client not reading"

    def _shuffled(self) -> list[Client]:
        return self._random.sample(self._clients, len(self._clients))


def _kill_pubsub(url: str) -> None:
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        client.client_kill_filter(_type="pubsub")


def _terminate_backends(url: str) -> None:
    with contextlib.closing(psycopg.connect(url, autocommit=True)) as connection:
        connection.execute(TERMINATE)
