"""Hints between processes make it live; what is lost of them the poll makes good."""

import statistics
import time
from collections.abc import Callable

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import people
from tests.sockets import Client

# The poll alone needs half a second in the middle.
LIVE = 0.25
MESSAGES = 15


async def test_what_is_said_on_one_process_is_live_on_the_other_without_waiting_for_the_poll(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=2)
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    took = []
    async with (
        Api(cluster.urls[0]) as api,
        Client(cluster.urls[0], customer, "websocket") as here,
        Client(cluster.urls[1], csr, "websocket") as there,
    ):
        ticket_id = (await api.a_ticket(customer))["id"]
        await there.join(ticket_id)
        for n in range(MESSAGES):
            await here.say(ticket_id, f"hello {n}")
            began = time.monotonic()
            await there.until_shown(n + 2)
            took.append(time.monotonic() - began)
    assert statistics.median(took) < LIVE
