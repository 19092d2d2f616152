"""A socket without a request: how it begins, what it keeps, how it ends."""

import asyncio
import gc
import json
import time
from operator import le
from uuid import UUID, uuid4

import pytest
from aiohttp import WSCloseCode, WSMsgType, web
from aiohttp.web_protocol import RequestHandler

from server.services import SERVICES
from server.transport import engine_websocket, socket_server
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.server.conftest import serving
from tests.server.raw_sockets import ADDRESS, NAMESPACE, POLLING, Raw, polling
from tests.waiting import PATIENCE, turns, until
from tools.frames.wire import PING, TEXT, Frame, Socket

FRAMES = 1000
NOTHING = "00000000-0000-0000-0000-000000000000"
ENDS = {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.ERROR}
JOIN_NOTHING = json.dumps(["join_ticket", {"ticket_id": NOTHING}])


def entering(person: Person) -> bytes:
    return Frame(f"40{NAMESPACE},{json.dumps({'token': person.token})}".encode()).encode()


def kept() -> tuple[int, int]:
    """Tasks of connections, and aiohttp's own objects for them."""
    tasks = [task.get_coro().__qualname__ for task in asyncio.all_tasks()]  # type: ignore[union-attr]
    gc.collect()
    objects = [type(found) for found in gc.get_objects()]
    return (
        sum(name.startswith(("RequestHandler.", "EngineWebSocket.")) for name in tasks),
        sum(kind in (RequestHandler, web.Request) for kind in objects),
    )


async def test_an_idle_socket_keeps_no_task_and_no_request(api: Api, customer: Person) -> None:
    async with Raw(api) as first:
        await first.connect(customer.token)
        before = kept()
        async with Raw(api) as second, Raw(api) as third:
            for socket in (second, third):
                await socket.connect(customer.token)
            assert (await third.call(JOIN_NOTHING))["error"]["code"] == "ticket_not_found"
            assert (await second.call(JOIN_NOTHING))["error"]["code"] == "ticket_not_found"
            # Those of the tests before may still go.
            await until(lambda: all(map(le, kept(), before)))


async def test_what_comes_right_behind_the_handshake_is_taken(api: Api, customer: Person) -> None:
    socket = await Socket.open(api.url, ADDRESS, behind=entering(customer))
    assert await socket.said(f"40{NAMESPACE},".encode())
    await socket.close()


@pytest.mark.parametrize("kind", [PING, TEXT])
async def test_each_frame_of_a_flood_leaves_the_others_a_turn(
    api: Api, customer: Person, kind: int
) -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    socket = await Socket.open(api.url, ADDRESS, behind=entering(customer))
    assert await socket.said(f"40{NAMESPACE},".encode())
    counting = asyncio.create_task(others())
    last = Frame(f"42{NAMESPACE},7{JOIN_NOTHING}".encode()).encode()
    await socket.write(Frame(b"3", kind).encode() * FRAMES + last)
    assert await socket.said(f"43{NAMESPACE},7".encode())
    counting.cancel()
    await socket.close()
    assert turns >= FRAMES


def post(ticket_id: str, content: str) -> bytes:
    data = {"ticket_id": ticket_id, "content": content, "client_id": str(uuid4())}
    return Frame(f"42{NAMESPACE},{json.dumps(['post_message', data])}".encode()).encode()


async def said_on(api: Api, ticket_id: str, person: Person) -> list[str]:
    timeline = (await api.get(f"/tickets/{ticket_id}/timeline", person)).json
    return [e["data"]["content"] for e in timeline if e["kind"] == "message_posted"]


async def test_what_was_sent_before_the_connection_broke_is_kept(
    api: Api, customer: Person
) -> None:
    ticket_id = (await api.a_ticket(customer))["id"]
    socket = await Socket.open(api.url, ADDRESS, behind=entering(customer))
    assert await socket.said(f"40{NAMESPACE},".encode())
    await socket.write(b"".join(post(ticket_id, str(n)) for n in range(5)))
    await socket.close()

    async def is_all_said() -> bool:
        return await said_on(api, ticket_id, customer) == ["0", "1", "2", "3", "4"]

    await until(is_all_said)


async def test_a_stop_answers_what_is_being_handled_takes_no_more_and_says_goodbye(
    backend: Backend, customer: Person
) -> None:
    async with serving(backend.settings) as (app, api):
        ticket_id = (await api.a_ticket(customer))["id"]
        async with api.http.ws_connect(ADDRESS) as ws:
            await ws.send_str(f"40{NAMESPACE},{json.dumps({'token': customer.token})}")
            while not (await ws.receive_str()).startswith("40"):
                pass
            async with app[SERVICES].sequencer._held(UUID(ticket_id)) as room:
                join = json.dumps(["join_ticket", {"ticket_id": ticket_id}])
                for number in (1, 2):
                    await ws.send_str(f"42{NAMESPACE},{number}{join}")
                await until(lambda: room.users == 2)
                stopping = asyncio.create_task(app[SERVICES].sockets.eio.close_all())
                await turns()
            heard = [message.data async for message in ws]
            assert [text for text in heard if text.startswith("43")] == [heard[-1]]
            assert heard[-1].startswith(f"43{NAMESPACE},1")
            assert ws.close_code == WSCloseCode.GOING_AWAY
            await stopping


async def test_a_stop_says_goodbye_to_plain_sockets(backend: Backend, customer: Person) -> None:
    async with serving(backend.settings) as (app, api):
        ticket_id = (await api.a_ticket(customer))["id"]
        address = f"/ws/tickets/{ticket_id}?token={customer.token}"
        async with api.http.ws_connect(address) as ws:
            await ws.send_json({"content": "hello"})
            assert (await ws.receive_json(timeout=PATIENCE))["content"] == "hello"
            stopping = asyncio.create_task(app.shutdown())
            assert (await ws.receive(timeout=PATIENCE)).type is WSMsgType.CLOSE
            assert ws.close_code == WSCloseCode.GOING_AWAY
            await stopping


async def test_a_stop_ends_polls(backend: Backend) -> None:
    async with serving(backend.settings) as (app, api):
        sid = await polling(api)
        [connection] = app[SERVICES].sockets.eio.sockets.values()
        poll = asyncio.create_task(api.http.get(f"{POLLING}&sid={sid}"))
        await until(lambda: connection.queue._arrived is not None)
        await app[SERVICES].sockets.eio.close_all()
        # Sooner than who never enters is hung up on.
        async with asyncio.timeout(socket_server.CONNECT_SECONDS / 2), await poll as answer:
            assert await answer.text() == "1"


async def test_of_two_that_go_on_for_one_poller_the_later_one_does(
    application: tuple[web.Application, Api], customer: Person
) -> None:
    app, api = application
    sid = await polling(api)
    address = f"{ADDRESS}&sid={sid}"
    async with api.http.ws_connect(address) as first:
        await first.send_str("2probe")
        assert await first.receive_str(timeout=PATIENCE) == "3probe"
        async with api.http.ws_connect(address) as second:
            assert (await first.receive(timeout=PATIENCE)).type in ENDS
            connection = app[SERVICES].sockets.eio.sockets[sid]
            assert connection.upgrading
            await second.send_str("2probe")
            assert await second.receive_str(timeout=PATIENCE) == "3probe"
            await second.send_str("5")
            await until(lambda: connection.upgraded)
            token = json.dumps({"token": customer.token})
            await second.send_str(f"40{NAMESPACE},{token}")
            while not (await second.receive_str(timeout=PATIENCE)).startswith(f"40{NAMESPACE},"):
                pass
            assert '["connected"' in await second.receive_str(timeout=PATIENCE)
            await app[SERVICES].sockets.eio.cut_off(sid)
            assert (await second.receive(timeout=PATIENCE)).type in ENDS


async def test_who_is_given_up_and_will_not_go_is_cut_off(
    application: tuple[web.Application, Api], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its end would be left to the kernel, hours later."""
    monkeypatch.setattr(engine_websocket, "CLOSE_SECONDS", 0.2)
    app, api = application
    socket = await Socket.open(api.url, ADDRESS, is_deaf=True)
    [connection] = app[SERVICES].sockets.eio.sockets.values()
    connection.last_ping = time.time() - 1000
    await until(lambda: connection.websocket.transport.is_closing())
    await socket.close()
