"""Hints between processes make it live; what is lost of them the poll makes good."""

import asyncio
from collections.abc import Callable

from models import Role
from server.live.sequencer import POLL_SECONDS
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.conftest import Backend
from tests.factories import people
from tests.sockets import Client

MESSAGES = 80


async def test_what_is_said_on_one_process_is_live_on_the_other_without_waiting_for_the_poll(
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
        await there.join(ticket_id)
        # Said after a poll, each would wait for the next one.
        async with asyncio.timeout(MESSAGES * POLL_SECONDS / 2):
            for n in range(MESSAGES):
                await here.say(ticket_id, f"hello {n}")
                await there.until_shown(n + 2)


async def test_without_redis_the_lists_of_the_other_process_move_on_as_well(
    start_cluster: Callable[..., Cluster], backend_without_redis: Backend
) -> None:
    cluster = start_cluster(webs=2, backend=backend_without_redis)
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    async with (
        Api(cluster.urls[0]) as api,
        Client(cluster.urls[1], customer, "websocket") as ann,
        Client(cluster.urls[1], csr, "websocket") as bob,
    ):
        path = f"/csr/tickets/{(await api.a_ticket(customer))['id']}"
        await ann.until(lambda: len(ann.seen["ticket_changed"]) == 1)
        await bob.until(lambda: len(bob.seen["ticket_changed"]) == 1)
        await api.patch(path, csr, json={"tags": ["for the staff alone"]})
        await bob.until(lambda: len(bob.seen["ticket_changed"]) == 2)
        await api.patch(path, csr, json={"status": "resolved"})
        await ann.until(lambda: len(ann.seen["ticket_changed"]) == 2)
        await bob.until(lambda: len(bob.seen["ticket_changed"]) == 3)
    assert [ticket["status"] for ticket in ann.seen["ticket_changed"]] == ["open", "resolved"]
    assert [ticket["tags"] for ticket in ann.seen["ticket_changed"]] == [[], []]
    assert bob.seen["ticket_changed"][1]["tags"] == ["for the staff alone"]
