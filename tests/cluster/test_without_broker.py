"""Chat and new tickets while those who help are gone."""

import asyncio
import socket
from collections.abc import Callable, Iterator

import pytest

from embedded.server import free_port
from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import people
from tests.sockets import Client
from wire.broker import SOCKET_TIMEOUT

TICKETS, JOBS_OF_A_TICKET = 8, 3


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.parametrize("broker", ["up without a worker", "down", "a black hole"])
async def test_tickets_open_and_messages_post_at_once_with_the_broker(
    start_cluster: Callable[..., Cluster], black_hole: int, broker: str
) -> None:
    port = {"down": free_port(), "a black hole": black_hole}.get(broker)
    cluster = start_cluster(
        environment={"BROKER_URL": f"redis://127.0.0.1:{port}/0"} if port else {}
    )
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    url = cluster.urls[0]
    shown = 0
    async with (
        Api(url) as api,
        Client(url, customer) as ann,
        Client(url, csr) as bob,
        # Less than if each had waited until the broker is given up.
        asyncio.timeout(TICKETS * JOBS_OF_A_TICKET * SOCKET_TIMEOUT),
    ):
        for number in range(TICKETS):
            ticket_id = (await api.a_ticket(customer))["id"]
            await ann.join(ticket_id)
            await bob.join(ticket_id)
            await ann.say(ticket_id, f"{number}?")
            # Both of these have jobs for a worker.
            change = {"assignee_id": None if number % 2 else str(csr.id)}
            await api.post(f"/csr/tickets/{ticket_id}/assign", csr, json=change)
            await api.patch(f"/csr/tickets/{ticket_id}", csr, json={"status": "resolved"})
            shown += 4 if number % 2 == 0 else 3
            await ann.until_shown(shown)
            await bob.until_shown(shown)
