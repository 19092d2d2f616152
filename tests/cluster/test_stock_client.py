"""The stock socket.io-client with its default options, when the server is killed under it."""

import asyncio
import os
import signal
from collections.abc import Callable

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import people
from tests.node import JsClient, node


async def test_a_stock_client_comes_back_misses_nothing_and_says_nothing_twice(
    start_cluster: Callable[..., Cluster],
) -> None:
    node()
    cluster = start_cluster(webs=1)
    customer, csr = people(cluster.settings, Role.USER, Role.CSR)
    async with Api(cluster.urls[0]) as api, JsClient(api.url, customer) as ann:
        ticket_id = (await api.a_ticket(customer))["id"]
        await ann.join(ticket_id)
        await ann.until(lambda: ann.transports == ["polling", "websocket"])
        first = await ann.say(ticket_id, "one")
        await ann.until_shown(2)
        os.kill(cluster.webs[0].pid, signal.SIGKILL)
        await ann.until(lambda: ann.lives[-1]["on"] == "disconnect")
        offline = asyncio.create_task(ann.say(ticket_id, "offline"))
        await asyncio.to_thread(cluster.restart_web, 0)
        path = f"/tickets/{ticket_id}/messages"
        assert (await api.post(path, csr, json={"content": "meanwhile"})).status == 201
        await offline
        joined = await ann.join(ticket_id, after=2)
        assert (joined["seq"], joined["more"]) == (4, False)
        assert await ann.say(ticket_id, "one") == first
        assert (await ann.say(ticket_id, "two"))["seq"] == 5
        await ann.until(lambda: ann.numbers == [1, 2, 3, 4, 5])
        said = [event["data"]["content"] for event in ann.seen["timeline"][1:]]
        assert sorted(said) == ["meanwhile", "offline", "one", "two"]
        await ann.until(lambda: ann.transports == ["polling", "websocket"] * 2)
