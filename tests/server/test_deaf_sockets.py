"""Sockets that ask for much and do not read: what waits for each is bounded."""

import asyncio
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import WSMsgType, web

from server.identity.session_watch import Connection
from server.services import SERVICES
from server.sockets.member import PlainMember, SocketMember
from server.transport.engine_websocket import MOST_UNSENT
from server.transport.send_queue import LONGEST_WAITING, SendQueue
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person, a_past, database
from tests.server.conftest import serving
from tests.server.raw_sockets import ADDRESS, NAMESPACE, SMALL, small_sockets
from tests.waiting import PATIENCE, until

# Each takes 40 kB of a message's 64.
LONG = "🦆" * 10_000
PAST = 60
LIVE = 60
MANY = 20
# What one connection may keep: the bound, what the transport may hold, and a message each that
# goes over it.
MOST = LONGEST_WAITING + MOST_UNSENT + 2 * 45_000
# More than what stands between the two ends and the queue.
ENOUGH = 16


class Deaf:
    """Connections of one customer to one ticket with a long past, none of which is read."""

    def __init__(self, app: web.Application, api: Api, person: Person, ticket_id: str) -> None:
        self.app = app
        self._api = api
        self._person = person
        self.ticket_id = ticket_id
        self._opened: list[aiohttp.ClientWebSocketResponse] = []

    async def open(self, way: str) -> aiohttp.ClientWebSocketResponse:
        """``way``: joins by Socket.IO over and over, or once from now on; a plain WebSocket, from
        the beginning or from now on.
        """
        path = f"/ws/tickets/{self.ticket_id}?token={self._person.token}"
        match way:
            case "joins":
                ws = await self._socketio([0] * 5)
            case "joined":
                ws = await self._socketio([PAST + 1])
            case "plain past":
                ws = await self._api.http.ws_connect(f"{path}&after=0")
            case _:
                ws = await self._api.http.ws_connect(path)
        self._opened.append(ws)
        return ws

    async def _socketio(self, joins: list[int]) -> aiohttp.ClientWebSocketResponse:
        ws = await self._api.http.ws_connect(ADDRESS)
        await ws.send_str(f"40{NAMESPACE},{json.dumps({'token': self._person.token})}")
        for number, after in enumerate(joins):
            join = json.dumps(["join_ticket", {"ticket_id": self.ticket_id, "after": after}])
            await ws.send_str(f"42{NAMESPACE},{number}{join}")
        return ws

    async def one(self, way: str) -> tuple[aiohttp.ClientWebSocketResponse, Connection]:
        """Has one in the room, and nothing waits for it."""
        ws = await self.open(way)
        async with asyncio.timeout(PATIENCE):
            while not self.app[SERVICES].sequencer._joined:
                await asyncio.sleep(0)
        [member] = self.members
        return ws, member

    async def post(self, person: Person) -> None:
        path = f"/tickets/{self.ticket_id}/messages"
        answer = await self._api.post(path, person, json={"content": LONG})
        assert answer.status == 201

    @property
    def members(self) -> list[Connection]:
        of_session = self.app[SERVICES].session_watch._of_session
        return [member for members in of_session.values() for member in members]

    def inside(self) -> int:
        """How many are in the room."""
        return sum(len(room.members) for room in self.app[SERVICES].sequencer._rooms.values())

    def transport(self, member: Connection) -> asyncio.Transport:
        return self._way(member)[0]

    def kept(self, member: Connection) -> int:
        """The bytes that wait for a connection."""
        transport, queue = self._way(member)
        return transport.get_write_buffer_size() + queue.size

    def _way(self, member: Connection) -> tuple[asyncio.Transport, SendQueue]:
        if isinstance(member, PlainMember):
            assert member._transport is not None
            return member._transport, member.send_queue
        assert isinstance(member, SocketMember)
        sockets = self.app[SERVICES].sockets
        eio_sid = sockets.manager.eio_sid_from_sid(member.key, NAMESPACE)
        connection = sockets.eio.sockets[eio_sid]
        return connection.websocket.transport, connection.queue

    def most(self) -> int:
        return max(map(self.kept, self.members), default=0)


@pytest.fixture
async def deaf(backend: Backend, customer: Person) -> AsyncIterator[Deaf]:
    async with (
        serving(backend.settings, SMALL) as (app, api),
        Api(api.url, small_sockets()) as behind,
    ):
        ticket_id = (await api.a_ticket(customer))["id"]
        with database(backend.settings) as session:
            a_past(session, customer.id, ticket_id, PAST, LONG)
        yield Deaf(app, behind, customer, ticket_id)


@pytest.mark.parametrize("way", ["joins", "joined", "plain past", "plain"])
async def test_what_waits_for_who_does_not_read_is_bounded(
    deaf: Deaf, csr: Person, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("server.transport.send_queue.READY_SECONDS", 0.2)
    for _ in range(MANY):
        await deaf.open(way)
    if way in ("joined", "plain"):  # Who comes later has less that waits.
        await until(lambda: deaf.inside() == MANY)
    most = 0
    for _ in range(LIVE):
        await deaf.post(csr)
        most = max(most, deaf.most())
    # All are cut off, with no word from them.
    async with asyncio.timeout(PATIENCE):
        while deaf.members:
            most = max(most, deaf.most())
            await asyncio.sleep(0)
    assert LONGEST_WAITING / 2 < most < MOST


@pytest.mark.parametrize("way", ["joined", "plain"])
async def test_who_takes_nothing_of_little_is_cut_off_in_the_end(
    deaf: Deaf, csr: Person, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("server.transport.send_queue.WRITE_SECONDS", 0.2)
    _, member = await deaf.one(way)
    for _ in range(ENOUGH):
        await deaf.post(csr)
    # So much may wait: it is not the bound that ends it.
    assert deaf.kept(member) < LONGEST_WAITING
    async with asyncio.timeout(PATIENCE):
        while deaf.members:
            await asyncio.sleep(0)


@pytest.mark.parametrize("way", ["joined", "plain"])
async def test_who_reads_is_not_taken_for_one_who_does_not(
    deaf: Deaf, csr: Person, way: str
) -> None:
    """Whatever waits for them at two looks, or more at the second."""
    client, member = await deaf.one(way)
    slow_readers, given_up = deaf.app[SERVICES].slow_readers, 0
    for count in (ENOUGH, ENOUGH + 1, ENOUGH + 2):
        for _ in range(count):
            await deaf.post(csr)
        async with asyncio.timeout(PATIENCE):
            while not deaf.kept(member):
                await asyncio.sleep(0)
        slow_readers.look()
        given_up += deaf.transport(member).is_closing()
        while count:
            frame = await client.receive(timeout=PATIENCE)
            assert frame.type is WSMsgType.TEXT, frame
            count -= "🦆" in frame.data
    assert not given_up
    assert deaf.members == [member]
