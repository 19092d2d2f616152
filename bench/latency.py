"""``python -m bench.latency``: how long the main job takes, from its clients' point of view.

Two web processes, one worker and embedded servers with their production settings. It measures

- open → assigned: from sending ``POST /users/tickets`` until a CSR's socket hears ``notification``,
- message → ack: from emitting ``post_message`` until its acknowledgement,
- message → other side: until a member of the room on the other process has the event,

at a moderate, constant rate, and prints medians and 99th percentiles in milliseconds.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from config import Settings
from embedded.servers import Embedded
from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.conftest import Backend, migrated
from tests.factories import Person, people
from tests.sockets import Client

Milliseconds = list[float]


@contextmanager
def product() -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = stack.enter_context(Embedded(folder / "servers"))
        backend = Backend(servers.database_url, servers.redis_url)
        migrated(backend.database_url)
        cluster = Cluster(backend, folder, stack)
        cluster.start_worker()
        cluster.start_beat()
        for _ in range(2):
            cluster.start_web()
        yield cluster


async def opening(
    settings: Settings, opened_at: str, heard_at: str, count: int, rate: float
) -> Milliseconds:
    """Open → assigned, with all CSRs listening at the second URL."""
    csrs = people(settings, *[Role.CSR] * 5, capacity=count)
    customer = people(settings, Role.USER)[0]
    began: dict[str, float] = {}
    took: Milliseconds = []

    def heard(notification: dict[str, Any]) -> None:
        took.append((time.perf_counter() - began[notification["data"]["title"]]) * 1000)

    async with Connected(heard_at, csrs) as clients, Api(opened_at) as api:
        for client in clients:
            client.on("notification", heard)
        posts = []
        for n in range(count):
            began[f"Ticket {n}"] = time.perf_counter()
            posts.append(asyncio.create_task(api.a_ticket(customer, title=f"Ticket {n}")))
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*posts)
        async with asyncio.timeout(30):
            while len(took) < count:
                await asyncio.sleep(0.05)
    return took


async def talking(cluster: Cluster, count: int, rate: float) -> tuple[Milliseconds, Milliseconds]:
    """Message → ack, and message → other side, in ten rooms of two."""
    rooms = 10
    customers = people(cluster.settings, *[Role.USER] * rooms)
    csrs = people(cluster.settings, *[Role.CSR] * rooms)
    began: dict[str, float] = {}
    acked: Milliseconds = []
    heard: Milliseconds = []

    def hear(event: dict[str, dict[str, str]]) -> None:
        if content := event["data"].get("content"):
            heard.append((time.perf_counter() - began[content]) * 1000)

    async with (
        Api(cluster.urls[0]) as api,
        Connected(cluster.urls[0], customers) as senders,
        Connected(cluster.urls[1], csrs) as receivers,
    ):
        tickets = [(await api.a_ticket(customer))["id"] for customer in customers]
        for ticket_id, sender, receiver in zip(tickets, senders, receivers, strict=True):
            await sender.join(ticket_id)
            await receiver.join(ticket_id)
            receiver.on("timeline", hear)

        async def say(n: int) -> None:
            content = f"Message {n}"
            began[content] = time.perf_counter()
            await senders[n % rooms].say(tickets[n % rooms], content)
            acked.append((time.perf_counter() - began[content]) * 1000)

        says = []
        for n in range(count):
            says.append(asyncio.create_task(say(n)))
            await asyncio.sleep(1 / rate)
        await asyncio.gather(*says)
        async with asyncio.timeout(30):
            while len(heard) < count:
                await asyncio.sleep(0.05)
    return acked, heard


class Connected:
    """The people, each connected over a socket."""

    def __init__(self, url: str, persons: list[Person]) -> None:
        self._clients = [Client(url, person, "websocket") for person in persons]

    async def __aenter__(self) -> list[Client]:
        for client in self._clients:
            await client.__aenter__()
        return self._clients

    async def __aexit__(self, *_: object) -> None:
        for client in self._clients:
            await client.sio.disconnect()


def row(what: str, took: Milliseconds) -> str:
    cut = statistics.quantiles(took, n=100)
    return f"{what:24} {len(took):6} {statistics.median(took):8.1f} {cut[98]:8.1f}"


@click.command()
@click.option("--tickets", default=400, show_default=True)
@click.option("--messages", default=2000, show_default=True)
@click.option("--rate", default=40.0, show_default=True, help="Tickets per second.")
@click.option("--message-rate", default=100.0, show_default=True, help="Messages per second.")
def main(tickets: int, messages: int, rate: float, message_rate: float) -> None:
    with product() as cluster:
        first, second = cluster.urls
        opened = asyncio.run(opening(cluster.settings, first, second, tickets, rate))
        acked, heard = asyncio.run(talking(cluster, messages, message_rate))
    click.echo(f"{'':24} {'count':>6} {'p50 ms':>8} {'p99 ms':>8}")
    click.echo(row(f"open → assigned, {rate:g}/s", opened))
    click.echo(row(f"message → ack, {message_rate:g}/s", acked))
    click.echo(row("message → other process", heard))


if __name__ == "__main__":
    sys.exit(main())
