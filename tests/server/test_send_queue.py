"""What is written at once and what waits for a slow reader: one order, one bound, one end."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any, Self

import pytest
from aiohttp import web

from server.services import SERVICES
from server.transport.send_queue import LONGEST_MIDDLE, LONGEST_SHORT, LONGEST_WAITING, SendQueue
from server.transport.socket_server import encoded_event
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import NAMESPACE, SMALL, Raw, small_sockets
from tests.waiting import turns
from wire.server_events import TYPING

LONG = "x" * 9000
# Below what may wait, above what the buffers between the two ends hold.
MANY = 100


class Small(Raw):
    """A client whose kernel takes little, so that it is soon behind while it does not read."""

    def __init__(self, api: Api, app: web.Application, person: Person) -> None:
        super().__init__(api)
        self.api = api
        self._person = person
        self.sockets = app[SERVICES].sockets

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        await self.connect(self._person.token)
        [self.connection] = self.sockets.eio.sockets.values()
        kernel = self.connection.websocket.transport.get_extra_info("socket")
        kernel.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
        [(self.sid, _)] = self.sockets.manager.get_participants(NAMESPACE, None)
        return self

    @property
    def queue(self) -> SendQueue:
        queue: SendQueue = self.connection.queue
        return queue

    def tell(self, n: int, text: str = "") -> None:
        self.sockets.send_local(TYPING, {"n": n, "text": text}, self.sid)

    async def event(self) -> Any:
        packet = await self.receive()
        assert packet.startswith(f"2{NAMESPACE},"), packet
        return json.loads(packet.partition(",")[2])


@pytest.fixture
async def small(application: tuple[web.Application, Api], customer: Person) -> AsyncIterator[Small]:
    app, api = application
    async with Api(api.url, small_sockets()) as behind, Small(behind, app, customer) as client:
        yield client


async def test_the_order_holds_between_what_is_written_at_once_and_what_waits(
    small: Small,
) -> None:
    small.tell(0)
    assert small.queue.empty()
    for n in range(1, MANY):
        small.tell(n, LONG)
        await asyncio.sleep(0)
    assert not small.queue.empty()
    # The answer to what the client says meanwhile, and what comes after, wait behind.
    await small.send(f'2{NAMESPACE},7["leave_ticket",{{}}]')
    await turns()
    assert not small.queue.empty()
    for n in range(MANY):
        assert (await small.event())[1]["n"] == n
        small.tell(MANY + n)
    assert (await small.receive()).startswith(f"3{NAMESPACE},7")
    for n in range(MANY, 2 * MANY):
        assert (await small.event())[1]["n"] == n
    small.tell(2 * MANY)
    assert small.queue.empty()
    assert (await small.event())[1]["n"] == 2 * MANY


async def test_what_waits_at_a_sign_out_is_never_sent(small: Small, customer: Person) -> None:
    for n in range(MANY):
        small.tell(n, LONG)
        await asyncio.sleep(0)
    assert not small.queue.empty()
    token = customer.tokens.refresh_token
    await small.api.post("/auth/logout", json={"refresh_token": token})
    small.tell(MANY)
    numbers = []
    while (event := await small.event())[0] == TYPING:
        numbers.append(event[1]["n"])
    # What the transport had already goes out, all of it before the farewell.
    assert numbers == list(range(len(numbers)))
    assert len(numbers) < MANY
    assert event == ["signed_out", {"code": "logged_out"}]
    assert await small.receive() == f"1{NAMESPACE},"
    assert await small.is_closed()


async def test_what_the_transport_holds_counts_towards_the_bound(small: Small) -> None:
    """One event that the transport takes at once, and does not get rid of."""
    small.tell(0, "x" * (LONGEST_WAITING - 1000))
    assert small.queue.empty()
    assert not small.queue.is_cut_off
    small.tell(1, LONG)
    assert small.queue.is_cut_off


@pytest.mark.parametrize("length", [LONGEST_SHORT, LONGEST_MIDDLE])
@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_a_frame_of_each_kind_of_length_is_read(small: Small, length: int, more: int) -> None:
    around = len(f'42{NAMESPACE},["{TYPING}",{{"n":0,"text":""}}]')
    text = "x" * (length + more - around)
    small.tell(0, text)
    assert await small.event() == [TYPING, {"n": 0, "text": text}]


async def test_what_is_put_together_is_in_order_and_waits_where_it_does_not_fit(
    small: Small,
) -> None:
    events = [encoded_event(TYPING, {"n": n, "text": LONG}) for n in range(MANY)]
    small.sockets.send_all(events[:7], small.sid)
    assert small.queue.empty()
    small.sockets.send_all(events[7:], small.sid)
    small.tell(MANY)
    await turns()
    assert 0 < small.queue.qsize() < MANY
    assert small.queue.size >= small.queue.qsize() * len(LONG) - len(LONG)
    for n in range(MANY + 1):
        assert (await small.event())[1]["n"] == n
    small.sockets.send_all(events, small.sid)
    await turns()
    small.sockets.drop_events(small.sid)
    assert small.queue.empty()
