"""How many sockets one account, and one address, may have open; and that each end counts."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import aiohttp
import psycopg
import pytest
from aiohttp import web
from limits import parse

from server.limits import open_sockets, shared
from server.limits.open_sockets import Most
from server.services import SERVICES
from tests.api import Api
from tests.conftest import Backend
from tests.factories import Person
from tests.server.raw_sockets import NAMESPACE, POLLING, Raw, polling
from tests.waiting import PATIENCE, until
from wire.messages import SessionEnded

Served = tuple[web.Application, Api]
LONG_AGO = 1000.0
FULL = "too_many_sockets"


def asks(person: Person) -> str:
    return f"0{NAMESPACE},{json.dumps({'token': person.token})}"


def code(packet: str) -> str | None:
    """Of a refusal; None where a socket was let in."""
    if packet.startswith(f"0{NAMESPACE},"):
        return None
    told = json.loads(packet.removeprefix(f"4{NAMESPACE},"))
    assert told["message"] == told["data"]["detail"]
    return str(told["data"]["code"])


async def entered(socket: Raw, person: Person) -> str | None:
    await socket.send(asks(person))
    return code(await socket.receive())


async def entered_by_polling(api: Api, person: Person) -> tuple[str, str | None]:
    """The address of the polls, and the code of a refusal."""
    address = f"{POLLING}&sid={await polling(api)}"
    async with api.http.post(address, data=f"4{asks(person)}") as sent:
        assert sent.status == 200
    async with api.http.get(address) as told:
        return address, code((await told.text())[1:])


async def plain(api: Api, person: Person, ticket_id: str) -> aiohttp.ClientWebSocketResponse:
    return await api.http.ws_connect(f"/ws/tickets/{ticket_id}?token={person.token}")


async def refused(ws: aiohttp.ClientWebSocketResponse) -> tuple[int, str | None]:
    told = await ws.receive(PATIENCE)
    assert told.type is aiohttp.WSMsgType.CLOSE
    return told.data, told.extra


def abort(ws: aiohttp.ClientWebSocketResponse) -> None:
    connection = ws._response.connection
    assert connection is not None
    assert connection.transport is not None
    connection.transport.abort()


async def test_of_one_account_a_hundred_are_let_in_and_who_is_killed_leaves_their_place(
    application: Served, customer: Person, stranger: Person
) -> None:
    app, url = application[0], application[1].url
    async with Api(url, aiohttp.TCPConnector(limit=0)) as api, AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(Raw(api)) for _ in range(100)]
        for socket in sockets:
            assert await entered(socket, customer) is None
        async with Raw(api) as one_more, Raw(api) as other:
            assert await entered(one_more, customer) == FULL
            assert await entered(other, stranger) is None
        for socket in sockets:
            abort(socket.ws)
        await until(lambda: app[SERVICES].session_watch.count == 0)
        async with Raw(api) as again:
            assert await entered(again, customer) is None


async def test_sockets_of_all_kinds_count_together(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "OF_ACCOUNT", Most("account", 3))
    app, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Raw(api) as socket, Raw(api) as one_more:
        assert await entered(socket, customer) is None
        assert (await entered_by_polling(api, customer))[1] is None
        stays = await plain(api, customer, ticket_id)
        await until(lambda: app[SERVICES].session_watch.count == 3)
        assert await entered(one_more, customer) == FULL
        assert (await entered_by_polling(api, customer))[1] == FULL
        assert await refused(await plain(api, customer, ticket_id)) == (1013, FULL)
        await stays.send_str('{"content": "still here"}')
        assert (await stays.receive_json(timeout=PATIENCE))["content"] == "still here"
        await stays.close()


async def test_those_of_an_address_count_together_whoever_they_are(
    application: Served, customer: Person, stranger: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "OF_ADDRESS", Most("address", 1))
    app, api = application
    ticket_id = (await api.a_ticket(stranger))["id"]
    async with Raw(api) as first, Raw(api) as second:
        assert await entered(first, customer) is None
        assert await entered(second, stranger) == FULL
        assert await refused(await plain(api, stranger, ticket_id)) == (1013, FULL)
        abort(first.ws)
        await until(lambda: app[SERVICES].session_watch.count == 0)
        assert await entered(second, stranger) is None


async def by_leaving_the_namespace(_: web.Application, socket: Raw) -> None:
    await socket.send(f"1{NAMESPACE},")


async def by_closing(_: web.Application, socket: Raw) -> None:
    await socket.ws.close()


async def by_dying(_: web.Application, socket: Raw) -> None:
    abort(socket.ws)


async def by_sending_rubbish(_: web.Application, socket: Raw) -> None:
    await socket.ws.send_str("4x")


async def by_silence(app: web.Application, _: Raw) -> None:
    for connection in app[SERVICES].sockets.eio.sockets.values():
        connection.last_ping = time.time() - LONG_AGO


async def by_not_reading(app: web.Application, _: Raw) -> None:
    for eio_sid in app[SERVICES].sockets.eio.sockets:
        app[SERVICES].sockets._cut_off(eio_sid)


async def by_a_logout(app: web.Application, _: Raw) -> None:
    for session_id in list(app[SERVICES].session_watch._of_session):
        app[SERVICES].session_watch.end(SessionEnded(session_id, "logged_out"))


@pytest.mark.parametrize(
    "ends",
    [
        by_leaving_the_namespace,
        by_closing,
        by_dying,
        by_sending_rubbish,
        by_silence,
        by_not_reading,
        by_a_logout,
    ],
    ids=lambda ends: ends.__name__,
)
async def test_a_socket_leaves_its_place_however_it_ends(
    application: Served,
    customer: Person,
    monkeypatch: pytest.MonkeyPatch,
    ends: Callable[[web.Application, Raw], Awaitable[None]],
) -> None:
    monkeypatch.setattr(open_sockets, "OF_ACCOUNT", Most("account", 1))
    monkeypatch.setattr(open_sockets, "OF_ADDRESS", Most("address", 1))
    app, api = application
    async with Raw(api) as socket:
        assert await entered(socket, customer) is None
        async with Raw(api) as second:
            assert await entered(second, customer) == FULL
        await ends(app, socket)
        await until(lambda: app[SERVICES].session_watch.count == 0)
        async with Raw(api) as third:
            assert await entered(third, customer) is None


async def test_a_plain_socket_leaves_its_place_however_it_ends(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "OF_ACCOUNT", Most("account", 1))
    app, api = application
    count = app[SERVICES].session_watch
    ticket_id = (await api.a_ticket(customer))["id"]
    for ends in ("close", "abort", "signed out"):
        ws = await plain(api, customer, ticket_id)
        await until(lambda: count.count == 1)
        if ends == "close":
            await ws.close()
        elif ends == "abort":
            abort(ws)
        else:
            await by_a_logout(app, Raw(api))
        await until(lambda: count.count == 0)
        await ws.close()


async def test_who_is_gone_before_they_are_let_in_leaves_no_place(
    application: Served, backend: Backend, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The poll that closes the connection overtakes the one that waits for the database."""
    monkeypatch.setattr(open_sockets, "OF_ACCOUNT", Most("account", 1))
    app, api = application
    address = f"{POLLING}&sid={await polling(api)}"
    url = backend.database_url.replace("postgresql+psycopg", "postgresql")
    async with await psycopg.AsyncConnection.connect(url) as lock:
        await lock.execute("lock auth_sessions in access exclusive mode")
        asking = asyncio.create_task(api.http.post(address, data=f"4{asks(customer)}"))
        await until(lambda: app[SERVICES].session_watch.count == 1)
        async with api.http.post(address, data="1"):
            assert not app[SERVICES].sockets.eio.sockets
    (await asking).close()
    await until(lambda: app[SERVICES].session_watch.count == 0)
    async with Raw(api) as socket:
        assert await entered(socket, customer) is None


async def test_those_who_have_not_signed_in_are_bounded_by_address(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(open_sockets, "WAITING", Most("waiting", 2))
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    async with Raw(api) as first:
        sid = await polling(api)
        async with api.http.get(POLLING) as told:
            assert told.status == 429
            assert (await told.json(content_type=None))["code"] == FULL
        for path in ("/socket.io/?EIO=4&transport=websocket", f"/ws/tickets/{ticket_id}?token="):
            with pytest.raises(aiohttp.WSServerHandshakeError, match="429"):
                await api.http.ws_connect(path)
        # Who signs in or goes makes room for another.
        assert await entered(first, customer) is None
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(Raw(api))
            async with api.http.post(f"{POLLING}&sid={sid}", data="1"):
                pass
            await stack.enter_async_context(Raw(api))
            async with api.http.get(POLLING) as told:
                assert told.status == 429


@pytest.mark.parametrize("event", ["typing", "mark_read"])
async def test_what_each_socket_may_send_is_bounded_for_the_account_too(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch, event: str
) -> None:
    monkeypatch.setattr(shared, "TYPING_ACCOUNT", shared.Limit("typing-2", parse("3 per hour")))
    monkeypatch.setattr(shared, "READ_ACCOUNT", shared.Limit("read-2", parse("3 per hour")))
    _, api = application
    ticket_id = (await api.a_ticket(customer))["id"]
    more = '"active":true' if event == "typing" else '"seq":1'
    said = f'["{event}",{{"ticket_id":"{ticket_id}",{more}}}]'
    told = []
    for _ in range(4):
        async with Raw(api) as socket:
            await socket.connect(customer.token)
            await socket.call(json.dumps(["join_ticket", {"ticket_id": ticket_id}]))
            told.append((await socket.call(said)).get("error", {}).get("code"))
    assert told == [None, None, None, "rate_limited"]
    read = await api.post(f"/tickets/{ticket_id}/read", customer, json={"seq": 1})
    assert read.status == (204 if event == "typing" else 429)
