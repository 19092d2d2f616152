"""A writer that dies between its commit and its delivery: stored, and nobody was told."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from desk.access import Actor
from desk.tickets import messages
from desk.tickets.messages import NewMessage
from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import database, now, people
from tests.sockets import Client


def commit_and_die(cluster: Cluster, writer: Actor, ticket_id: str, text: str) -> None:
    """What a process has done that was killed before it could tell anybody."""
    with database(cluster.settings) as session:
        messages.post(session, writer, UUID(ticket_id), NewMessage(content=text), now())


async def test_what_a_dead_writer_had_committed_is_delivered_everywhere(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=2)
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    async with (
        Api(cluster.urls[0]) as api,
        Client(cluster.urls[0], customer, "websocket") as here,
        Client(cluster.urls[1], csr, "websocket") as there,
    ):
        ticket_id = (await api.a_ticket(customer))["id"]
        await here.join(ticket_id)
        await there.join(ticket_id)
        await asyncio.to_thread(commit_and_die, cluster, csr.actor, ticket_id, "my last words")
        await here.until_shown(2)
        await there.until_shown(2)
        # The next writer lives, and nothing comes twice or out of order.
        await here.say(ticket_id, "are you there?")
        await there.until_shown(3)
        await here.until_shown(3)
    assert here.numbers == there.numbers == [1, 2, 3]
