"""Clients that do not read, or say nothing: bounded, cut off, told on their return."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from models import Role
from tests.api import Api
from tests.cluster.conftest import Cluster
from tests.factories import Person, people
from tests.server.raw_sockets import small_sockets
from tests.sockets import Client
from tests.waiting import PATIENCE

# More than the kernel's buffer of a server's connection (4 MB on Linux) and our bound hold.
POSTS = 800
AT_ONCE = 20
LONG = "x" * 9_900


def memory(pid: int) -> int:
    """Resident bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


async def open_but_deaf(
    api: Api, person: Person, ticket_id: str
) -> aiohttp.ClientWebSocketResponse:
    """A socket that has joined and will not be read."""
    ws = await api.http.ws_connect("/socket.io/?EIO=4&transport=websocket", max_msg_size=0)
    await ws.receive()
    await ws.send_str("40/tickets," + json.dumps({"token": person.token}))
    await ws.receive()
    await ws.send_str('42/tickets,1["join_ticket",' + json.dumps({"ticket_id": ticket_id}) + "]")
    while not (await ws.receive_str()).startswith("43/tickets,1"):
        pass
    return ws


async def read(reader: aiohttp.ClientWebSocketResponse, count: int) -> None:
    for _ in range(count):
        await reader.receive_str()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads memory from /proc")
async def test_who_does_not_read_is_cut_off_and_called_back(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=1, environment={"RATE_LIMITS": "off"})
    slow, quick = people(cluster.settings, Role.CSR, Role.USER)
    async with (
        Api(cluster.urls[0]) as api,
        Api(api.url, small_sockets()) as behind,
    ):
        ticket_id = (await api.a_ticket(quick))["id"]
        url = f"/ws/tickets/{ticket_id}?token={quick.token}"
        reader = await api.http.ws_connect(url)
        reading = asyncio.create_task(read(reader, POSTS))
        before = memory(cluster.webs[0].pid)
        deaf = await open_but_deaf(behind, slow, ticket_id)
        path = f"/tickets/{ticket_id}/messages"
        for _ in range(POSTS // AT_ONCE):
            posts = [api.post(path, quick, json={"content": LONG}) for _ in range(AT_ONCE)]
            assert {answer.status for answer in await asyncio.gather(*posts)} == {201}
        await asyncio.wait_for(reading, PATIENCE)
        await reader.close()
        assert memory(cluster.webs[0].pid) - before < 50e6
        # The transport was aborted: what had been sent is read, then nothing more comes.
        async with asyncio.timeout(PATIENCE):
            received = [message async for message in deaf]
        assert len(received) < POSTS
        async with Client(api.url, slow, "websocket") as back:
            await back.until(lambda: bool(back.seen["resync"]))
            assert back.seen["resync"] == [{"ticket_id": ticket_id}]


async def test_who_opens_a_connection_and_does_not_enter_is_hung_up_on(
    start_cluster: Callable[..., Cluster],
) -> None:
    cluster = start_cluster(webs=1)
    async with Api(cluster.urls[0]) as api:
        ws = await api.http.ws_connect("/socket.io/?EIO=4&transport=websocket")
        async with asyncio.timeout(PATIENCE):
            seen = [message.data async for message in ws]
    assert seen[0].startswith("0")
    assert ws.closed
