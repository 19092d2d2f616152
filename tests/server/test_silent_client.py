"""A client that has fallen silent without saying goodbye."""

import gc
import time
import weakref
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from server.app import create_app
from server.services import SERVICES
from server.transport import engine_websocket, pings
from server.transport.send_queue import EncodedPacket
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.server.raw_sockets import Raw
from tests.sockets import Client
from tests.waiting import PATIENCE, until

LONG_AGO = 1000.0


@pytest.fixture
async def served(backend: Backend) -> AsyncIterator[tuple[str, Any]]:
    """An application's URL, and its engine.io server."""
    app = create_app(backend.settings)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    yield f"http://{host}:{port}", app[SERVICES].sockets.eio
    await runner.cleanup()


async def test_the_message_that_finds_it_dead_reaches_the_others_and_so_does_the_next(
    served: tuple[str, Any], customer: Person, csr: Person
) -> None:
    url, sockets = served
    async with Api(url) as api, Client(url, csr) as bob, Client(url, customer, "websocket") as ann:
        ticket_id = (await api.a_ticket(customer))["id"]
        await ann.join(ticket_id)
        await bob.join(ticket_id)
        # A ping was sent and has not been answered for longer than the timeout.
        sockets.sockets[ann.sio.eio.sid].last_ping = time.time() - LONG_AGO
        await bob.say(ticket_id, "one")
        await bob.say(ticket_id, "two")
        await bob.until(lambda: bob.numbers == [1, 2, 3])
        assert ann.numbers == [1]


async def test_several_that_find_it_dead_in_the_same_moment_are_no_failure(
    served: tuple[str, Any], customer: Person, caplog: pytest.LogCaptureFixture
) -> None:
    url, sockets = served
    async with Client(url, customer, "websocket") as ann:
        sid = ann.sio.eio.sid
        sockets.sockets[sid].last_ping = time.time() - LONG_AGO
        for _ in range(3):
            sockets.post(EncodedPacket(b"2"), sid)
        await until(lambda: sid not in sockets.sockets)
        await ann.until(lambda: not ann.sio.connected)
    gc.collect()
    assert not [record for record in caplog.records if record.name == "asyncio"]


async def test_of_a_connection_that_is_over_nothing_is_kept(
    served: tuple[str, Any], customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the server ended it, and would have cut it off later."""
    monkeypatch.setattr(engine_websocket, "CLOSE_SECONDS", 3600.0)
    url, sockets = served
    async with Client(url, customer, "websocket") as ann:
        sid = ann.sio.eio.sid
        connection = weakref.ref(sockets.sockets[sid].websocket.transport)
        await sockets.disconnect(sid)
        await ann.until(lambda: not ann.sio.connected)

    async def is_gone() -> bool:
        gc.collect()
        return connection() is None

    await until(is_gone)


async def test_it_is_given_up_though_nobody_has_a_message_for_it(
    served: tuple[str, Any], customer: Person
) -> None:
    url, sockets = served
    async with Client(url, customer, "websocket") as ann:
        sid = ann.sio.eio.sid
        sockets.sockets[sid].last_ping = time.time() - LONG_AGO
        await until(lambda: sid not in sockets.sockets)
        await ann.until(lambda: not ann.sio.connected)


async def test_who_is_pinged_and_answers_stays(
    monkeypatch: pytest.MonkeyPatch, application: tuple[web.Application, Api]
) -> None:
    monkeypatch.setattr(pings, "PING_INTERVAL", 0.05)
    _, api = application
    async with Raw(api) as socket:
        for _ in range(3):
            assert await socket.ws.receive_str(timeout=PATIENCE) == "2"
            await socket.ws.send_str("3")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_poll_of_a_session_that_was_given_up_is_refused(
    served: tuple[str, Any], method: str
) -> None:
    url, sockets = served
    async with aiohttp.ClientSession(url) as http:
        path = "/socket.io/?EIO=4&transport=polling"
        async with http.get(path) as opened:
            assert opened.status == 200
        ((sid, socket),) = sockets.sockets.items()
        socket.closed = True
        async with http.request(method, f"{path}&sid={sid}", data=b"3") as answer:
            assert answer.status == 400
