"""One run: honest clients converse, at first alone, then under attack; who noticed?"""

import asyncio
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from embedded.servers import Embedded
from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.conftest import ROOT, Backend, migrated
from tests.factories import a_past, database, people
from tools.frames.attack import Orders, Toll
from tools.frames.honest import Latencies, honest

STAFF = 5
# A past that is more than what is kept for a client that does not read.
PAST, LONG = 1000, "x" * 2000
WEBS = 2
LIMITS_ON = {"RATE_LIMITS": "on"}
# Of the time that the pace asks for, and beyond it: a busy machine does not keep it.
SLOWEST, PATIENCE = 4, 60.0
# What the log of a process holds once something was not foreseen.
UNFORESEEN = ("Traceback (most recent call last)", "never retrieved", "never awaited")


@dataclass(frozen=True)
class Plan:
    """``quiet``: seconds for which the honest are alone; ``warm_up``: frames before that.

    ``release``: seconds by which the memory comes back that the last connections held.
    """

    frames: int = 100_000
    accounts: int = 200
    seed: int = 1
    pace: float = 400.0
    warm_up: int = 5000
    quiet: float = 20.0
    release: float = 15.0


@dataclass
class Outcome:
    toll: Toll
    seconds: float
    before: Latencies
    during: Latencies
    # Bytes of each web process; the highest is of a look each second.
    memory_before: list[int]
    memory_highest: list[int]
    memory_after: list[int]
    messages: int
    dead: list[str] = field(default_factory=list)
    unforeseen: list[str] = field(default_factory=list)
    disturbed: list[str] = field(default_factory=list)

    @property
    def growth(self) -> int:
        """Of the process that grew most."""
        pairs = zip(self.memory_before, self.memory_after, strict=True)
        return max(after - before for before, after in pairs)

    @property
    def wrong(self) -> list[str]:
        return [*self.dead, *self.unforeseen, *self.disturbed]


@contextmanager
def product(logs: Path) -> Iterator[Cluster]:
    """Two web processes with rate limits on, and embedded servers of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        embedded = stack.enter_context(Embedded(folder, fast=True))
        backend = Backend(embedded.database_url, embedded.redis_url)
        migrated(backend.database_url)
        cluster = Cluster(backend, logs, stack, LIMITS_ON)
        for _ in range(WEBS):
            cluster.start_web()
        yield cluster


async def run(plan: Plan, cluster: Cluster) -> Outcome:
    accounts, staff = await _attackers(cluster, plan.accounts)
    async with honest(cluster) as friends:
        rooms = [pair.ticket_id for pair in friends.pairs]

        def orders(seed: int, frames: int) -> Orders:
            return Orders(cluster.urls, seed, frames, plan.pace, accounts, rooms, staff)

        friends.start()
        await _attack(orders(-plan.seed, plan.warm_up))
        before = friends.fresh()
        await asyncio.sleep(plan.quiet)
        memory_before = [memory(web.pid) for web in cluster.webs]
        memory_highest = list(memory_before)
        watching = asyncio.create_task(_watch(cluster, memory_highest))
        during = friends.fresh()
        began = time.monotonic()
        toll = await _attack(orders(plan.seed, plan.frames))
        seconds = time.monotonic() - began
        friends.fresh()
        watching.cancel()
        memory_after = await _released(cluster, memory_before, plan.release)
        disturbed = [*await friends.stop(), *await friends.judge(cluster.urls[0])]
    return Outcome(
        toll=toll,
        seconds=seconds,
        before=before,
        during=during,
        memory_before=memory_before,
        memory_highest=memory_highest,
        memory_after=memory_after,
        messages=sum(len(pair.said) for pair in friends.pairs),
        dead=await _dead(cluster),
        unforeseen=list(_unforeseen(cluster.logs)),
        disturbed=disturbed,
    )


async def _attackers(
    cluster: Cluster, count: int
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    customers = people(cluster.settings, *[Role.USER] * count)
    csrs = people(cluster.settings, *[Role.CSR] * STAFF)
    async with Api(cluster.urls[0]) as api:
        tickets = [(await api.a_ticket(person))["id"] for person in (*customers, *csrs)]
    with database(cluster.settings) as session:
        for ticket_id in tickets[count:]:
            a_past(session, csrs[0].id, ticket_id, PAST, LONG)
    tokens = [person.token for person in (*customers, *csrs)]
    armed = list(zip(tokens, tickets, strict=True))
    return armed[:count], armed[count:]


async def _attack(orders: Orders) -> Toll:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.frames.attack", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    try:
        async with asyncio.timeout(orders.frames / orders.pace * SLOWEST + PATIENCE):
            told, _ = await process.communicate(orjson.dumps(orders) + b"\n")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, "the attackers failed"
    toll = orjson.loads(told)
    return Toll(**toll | {"frames": Counter(toll["frames"])})


def memory(pid: int) -> int:
    """Bytes of a process alone, its share of what is shared included."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(pid)


async def _watch(cluster: Cluster, highest: list[int]) -> None:
    while True:
        for n, web in enumerate(cluster.webs):
            highest[n] = max(highest[n], memory(web.pid))
        await asyncio.sleep(1)


async def _released(cluster: Cluster, before: list[int], seconds: float) -> list[int]:
    """The memory once it is down to what it was, or after that time."""
    deadline = time.monotonic() + seconds
    while True:
        now = [memory(web.pid) for web in cluster.webs]
        if time.monotonic() > deadline or all(n <= b for n, b in zip(now, before, strict=True)):
            return now
        await asyncio.sleep(1)


async def _dead(cluster: Cluster) -> list[str]:
    found = []
    for url in cluster.urls:
        async with Api(url) as api:
            if (await api.get("/health/ready")).status != 200:
                found.append(f"{url} is not ready")
    return found


def _unforeseen(logs: Path) -> Iterator[str]:
    for path in sorted(logs.glob("*.log")):
        lines = path.read_text(errors="replace").splitlines()
        for n, line in enumerate(lines):
            if any(sign in line for sign in UNFORESEEN):
                yield f"{path.name}:{n + 1}: " + " | ".join(lines[max(0, n - 1) : n + 40])[:4000]


def percentile(seconds: list[float], n: int) -> float:
    return statistics.quantiles(seconds, n=100, method="inclusive")[n - 1]
