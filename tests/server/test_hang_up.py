"""Connections that a client would keep, and what it would have us log."""

import asyncio
import logging
from contextlib import suppress
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web

from server.services import SERVICES
from server.transport import engine_websocket, socket_server
from server.transport.packets import LONGEST_FRAME
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import ADDRESS, POLLING, polling
from tests.waiting import PATIENCE, until

PONG = "3"
CLOSED = {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING}


def connect(person: Person) -> str:
    return f'40/tickets,{{"token":"{person.token}"}}'


async def opened(api: Api) -> aiohttp.ClientWebSocketResponse:
    ws = await api.http.ws_connect(ADDRESS, autoclose=False)
    assert (await ws.receive_str()).startswith("0")
    return ws


async def entered(api: Api, person: Person) -> aiohttp.ClientWebSocketResponse:
    ws = await opened(api)
    await ws.send_str(connect(person))
    assert (await ws.receive_str()).startswith("40/tickets,")
    return ws


async def until_cut(ws: aiohttp.ClientWebSocketResponse) -> None:
    """Until we are hung up on though we neither leave nor fall silent."""
    async with asyncio.timeout(PATIENCE):
        with suppress(ConnectionError):
            while (await _answer(ws)) not in CLOSED:
                await ws.send_str(PONG)


async def _answer(ws: aiohttp.ClientWebSocketResponse) -> aiohttp.WSMsgType | None:
    try:
        return (await ws.receive(timeout=0.1)).type
    except TimeoutError:
        return None


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Patience of tenths of seconds."""
    monkeypatch.setattr(socket_server, "CONNECT_SECONDS", 0.2)
    monkeypatch.setattr(engine_websocket, "CLOSE_SECONDS", 0.2)


@pytest.mark.usefixtures("hasty")
async def test_who_never_enters_is_cut_off_even_if_they_will_not_go(api: Api) -> None:
    ws = await opened(api)
    await until_cut(ws)
    await ws.close()


@pytest.mark.usefixtures("hasty")
async def test_who_has_left_the_namespace_is_cut_off(api: Api, customer: Person) -> None:
    ws = await entered(api, customer)
    await ws.send_str("41/tickets,")
    await until_cut(ws)
    await ws.close()


FRAMES = [
    "x",
    "",
    "b!!",
    "9",
    "4",
    "4x",
    "4" + "[" * 60_000,
    '42/SECRET,["join_ticket"]',
    '42["join_ticket"]',
    "42/tickets,{}",
    "45-/tickets,[]",
    "44/tickets,{}",
]


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame[:20])
async def test_a_frame_that_is_none_ends_the_connection_without_a_word(
    api: Api, caplog: pytest.LogCaptureFixture, frame: str
) -> None:
    with caplog.at_level(logging.WARNING):
        ws = await opened(api)
        await ws.send_str(frame)
        await until_cut(ws)
        await ws.close()
    assert caplog.records == []


@pytest.mark.usefixtures("hasty")
async def test_events_from_outside_the_namespace_are_dropped_without_a_word(
    api: Api, customer: Person, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        ws = await opened(api)
        await ws.send_str('42/tickets,0["join_ticket",{}]')
        await ws.send_str('43/tickets,1["SECRET"]')
        await ws.send_str(connect(customer))
        assert (await ws.receive_str()).startswith("40/tickets,")
        await ws.close()
    assert caplog.records == []


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    "body",
    [b"\xff", b"SECRET", b"", b"\x1e" * 9, b"d=SECRET", b"4" * 65_537, b"4\x1e" * 2000 + b"4"],
)
async def test_a_bad_poll_is_refused_soon_and_leaves_nothing(
    application: tuple[web.Application, Api], caplog: pytest.LogCaptureFixture, body: bytes
) -> None:
    app, api = application
    sid = await polling(api)
    with caplog.at_level(logging.WARNING):
        async with api.http.post(f"{POLLING}&sid={sid}", data=body) as answer:
            assert answer.status == (413 if len(body) > LONGEST_FRAME else 400)
    # A body that is only too long is no reason to end the session: it was not read.
    assert (sid in app[SERVICES].sockets.eio.sockets) == (answer.status == 413)
    assert caplog.records == []


async def test_what_was_not_fetched_before_the_end_is_not_given_out_after_it(
    application: tuple[web.Application, Api], customer: Person, csr: Person
) -> None:
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    sid = await polling(api)
    poll = f"{POLLING}&sid={sid}"
    connection = app[SERVICES].sockets.eio.sockets[sid]

    async def send(packet: str) -> None:
        async with api.http.post(poll, data=packet) as answer:
            assert answer.status == 200

    async def fetch() -> str:
        async with api.http.get(poll) as answer:
            return await answer.text()

    await send(connect(customer))
    assert (await fetch()).startswith("40/tickets,")
    await send(f'42/tickets,1["join_ticket",{{"ticket_id":"{ticket_id}"}}]')
    assert "timeline" in await fetch()
    message = {"content": "between us"}
    assert (await api.post(f"/tickets/{ticket_id}/messages", csr, json=message)).status == 201
    await until(lambda: connection.queue.qsize())
    await api.post("/auth/logout_all", customer)
    await until(lambda: connection.closed)
    assert "between us" not in await fetch()


async def test_a_busy_room_does_not_hold_up_a_sign_out(
    application: tuple[web.Application, Api], customer: Person, csr: Person
) -> None:
    """A client of its own kind: it listens on after it was told to go."""
    app, api = application
    busy, other = [(await api.a_ticket(customer))["id"] for _ in range(2)]
    ws = await entered(api, customer)
    for ticket_id in (busy, other):
        await ws.send_str(f'42/tickets,1["join_ticket",{{"ticket_id":"{ticket_id}"}}]')
        while not (await ws.receive_str()).startswith("43/tickets,1"):
            pass
    async with app[SERVICES].sequencer._held(UUID(busy)):
        await api.post("/auth/logout_all", customer)
        while "signed_out" not in await ws.receive_str():
            pass
        await api.post(f"/tickets/{other}/messages", csr, json={"content": "late"})
        async with asyncio.timeout(PATIENCE):
            heard = [str(message.data) async for message in ws]
    assert not any("late" in frame for frame in heard)
    session_id = customer.actor.session_id
    assert session_id not in app[SERVICES].session_watch._of_session
