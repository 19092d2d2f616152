"""One run: people talk on their tickets, chaos reigns, and then the history is judged."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from uuid import UUID, uuid4

import aiohttp
from sqlalchemy import select

from desk.tickets.tickets import WAITING
from embedded.servers import Embedded
from models import Event, Role, Ticket
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.conftest import Backend, migrated
from tests.factories import Person, database, people
from tools.chaos.checker import Violation, check
from tools.chaos.client import Client
from tools.chaos.faults import Chaos
from tools.chaos.history import History, Row, Said, Sent, Stored, View
from tools.chaos.teams import Teams, make

# A lost event shows itself within 5 seconds; what comes twice does so soon after.
SETTLE_SECONDS = 8.0
QUIET_SECONDS = 30.0
ECHO_SECONDS = 1.0
# Beyond the planned time: a slow machine is no violation, a client that hangs is one.
PATIENCE = 120.0
STAFF_PAUSE = 0.1


@dataclass(frozen=True)
class Plan:
    seconds: float = 60.0
    seed: int = 1
    clients: int = 20
    sends: int = 10_000
    faults: int = 110
    webs: int = 3
    workers: int = 2


@dataclass
class Outcome:
    sends: int
    acked: int
    events: int
    shown: int
    given: int
    seconds: float
    faults: Counter[str]
    back_after: list[float]
    silences: int
    violations: list[Violation] = field(default_factory=list)


@contextmanager
def product(plan: Plan, folder: Path) -> Iterator[tuple[Cluster, Embedded]]:
    """Embedded servers and the processes of the product, all of this run's own."""
    with ExitStack() as stack:
        embedded = stack.enter_context(Embedded(folder / "servers", fast=True))
        backend = Backend(embedded.database_url, embedded.redis_url)
        migrated(backend.database_url)
        cluster = Cluster(backend, folder, stack, {"RATE_LIMITS": "off"})
        for _ in range(plan.workers):
            cluster.start_worker()
        cluster.start_beat()
        for _ in range(plan.webs):
            cluster.start_web()
        yield cluster, embedded


async def run(plan: Plan, cluster: Cluster, embedded: Embedded) -> Outcome:
    began = time.monotonic()
    chance = random.Random(plan.seed)
    history, clients = await _cast(plan, cluster)
    staff = [client.person for client in clients if client.person.actor.is_staff]
    teams = make(cluster.settings, staff)
    chaos = Chaos(cluster, embedded, clients, plan.seed)
    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        staying = [group.create_task(client.run(http)) for client in clients]
        watching = group.create_task(teams.watch())
        work = group.create_task(_work(cluster, staff, history, teams, chance))
        talking = [
            _talk(plan, client, messages) for client, messages in _script(plan, clients, history)
        ]
        try:
            async with asyncio.timeout(plan.seconds + PATIENCE):
                await asyncio.gather(chaos.run(plan.seconds, plan.faults), *talking)
        except TimeoutError:
            pass  # Whoever hangs has unanswered messages: the checker says so.
        work.cancel()
        await _quiet(cluster, teams)
        await _settle(cluster, history)
        for task in (*staying, watching):
            task.cancel()
    history.stored = stored(cluster)
    return Outcome(
        sends=len(history.sent),
        acked=sum(sent.seq is not None for sent in history.sent),
        events=sum(len(timeline.rows) for timeline in history.stored.values()),
        shown=sum(len(view.arrivals) for view in history.views),
        given=sum(people.total() for people in teams.given().values()),
        seconds=time.monotonic() - began,
        faults=chaos.counts,
        back_after=chaos.back_after,
        silences=sum(client.silences for client in clients),
        violations=[*check(history), *teams.check()],
    )


async def _cast(plan: Plan, cluster: Cluster) -> tuple[History, list[Client]]:
    """Customers with a ticket each, and staff who have joined two of these."""
    owners = max(1, plan.clients * 2 // 5)
    customers = people(cluster.settings, *[Role.USER] * owners)
    staff = people(cluster.settings, *[Role.CSR] * (plan.clients - owners), capacity=1000)
    async with Api(cluster.urls[0]) as api:
        tickets = [(await api.a_ticket(customer))["id"] for customer in customers]
    history = History()
    clients = []
    for n, person in enumerate([*customers, *staff]):
        is_staff = person.actor.is_staff
        joined = {tickets[n % owners], tickets[(n * 3 + 1) % owners]} if is_staff else {tickets[n]}
        name = f"{person.actor.role} {n}"
        views = [View(name, ticket_id, is_staff) for ticket_id in sorted(joined)]
        history.views += views
        history.actors[name] = str(person.id)
        clients.append(Client(name, person, _rotated(cluster.urls, n), views))
    return history, clients


def _rotated(urls: Sequence[str], n: int) -> list[str]:
    first = n % len(urls)
    return [*urls[first:], *urls[:first]]


def _script(
    plan: Plan, clients: Sequence[Client], history: History
) -> Iterator[tuple[Client, list[Sent]]]:
    """What each client will say; a fifth of what the staff say are notes."""
    share, rest = divmod(plan.sends, len(clients))
    for n, client in enumerate(clients):
        tickets = cycle(view.ticket_id for view in history.views if view.client == client.name)
        messages = []
        for k in range(share + (n < rest)):
            internal = client.person.actor.is_staff and k % 5 == 0
            content = f"{client.name}: {k}"
            sent = Sent(client.name, next(tickets), str(uuid4()), content, internal)
            messages.append(sent)
        history.sent += messages
        yield client, messages


async def _talk(plan: Plan, client: Client, messages: Sequence[Sent]) -> None:
    """Evenly over the time; who was held up catches up."""
    began = time.monotonic()
    for n, message in enumerate(messages):
        due = began + plan.seconds * n / len(messages)
        await asyncio.sleep(max(0, due - time.monotonic()))
        await client.say(message)


async def _work(
    cluster: Cluster,
    staff: Sequence[Person],
    history: History,
    teams: Teams,
    chance: random.Random,
) -> None:
    """The staff's other work, over REST: it writes events from web processes and workers."""
    tickets = sorted({view.ticket_id for view in history.views})
    while True:
        await asyncio.sleep(STAFF_PAUSE)
        try:
            async with asyncio.timeout(2), Api(chance.choice(cluster.urls)) as api:
                await _change(api, chance.choice(staff), chance.choice(tickets), teams, chance)
        except (aiohttp.ClientError, OSError):
            pass  # Nobody was promised anything.


async def _change(
    api: Api, person: Person, ticket_id: str, teams: Teams, chance: random.Random
) -> None:
    path = f"/csr/tickets/{ticket_id}"
    tags = chance.sample(["paid", "late", "angry"], 2)
    match chance.randrange(6):
        case 0:
            await api.post(f"{path}/assign", person, json={"assignee_id": None})
        case 1:
            await api.patch(path, person, json={"tags": tags})
        case 2 | 3 | 4:
            team_id = chance.choice([*map(str, teams.members), None])
            await api.patch(path, person, json={"team_id": team_id})
        case _:
            priority = chance.choice(["low", "high", "urgent"])
            await api.patch(path, person, json={"priority": priority})


async def _quiet(cluster: Cluster, teams: Teams) -> None:
    """Waits until the workers have nothing left to assign, so that nobody writes any more."""
    deadline = time.monotonic() + QUIET_SECONDS
    has_room = Ticket.team_id.is_distinct_from(teams.tight)
    while time.monotonic() < deadline:
        with database(cluster.settings) as session:
            if session.scalar(select(Ticket.id).where(WAITING, has_room).limit(1)) is None:
                return
        await asyncio.sleep(0.2)


async def _settle(cluster: Cluster, history: History) -> None:
    """Waits until everybody has everything, no longer than a loss may stay hidden."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        timelines = stored(cluster)
        if all(_is_complete(view, timelines[view.ticket_id]) for view in history.views):
            break
        await asyncio.sleep(0.2)
    await asyncio.sleep(ECHO_SECONDS)


def _is_complete(view: View, timeline: Stored) -> bool:
    return view.last == (timeline.last_seq if view.is_staff else timeline.last_public_seq)


def stored(cluster: Cluster) -> dict[str, Stored]:
    """The timelines as the database holds them at one moment."""
    rows: dict[UUID, list[Row]] = {}
    with database(cluster.settings) as session:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        for event in session.scalars(select(Event).order_by(Event.ticket_id, Event.seq)):
            actor_id = str(event.actor_id) if event.actor_id else None
            said = Said(event.kind, actor_id, event.client_id, event.content)
            rows.setdefault(event.ticket_id, []).append(Row(event.seq, event.public_seq, said))
        return {
            str(ticket.id): Stored(ticket.last_seq, ticket.last_public_seq, rows[ticket.id])
            for ticket in session.scalars(select(Ticket))
        }
