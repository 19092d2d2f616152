"""Packets without a use, and beyond the limits: who goes on with them is hung up on."""

import asyncio
import json

import aiohttp
import pytest
from aiohttp import web
from limits import parse

from server.limits import shared
from server.limits.shared import Limit
from server.transport.strays import MOST_STRAYS
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import NAMESPACE, Raw
from tests.waiting import PATIENCE

Served = tuple[web.Application, Api]
NOTHING = "00000000-0000-0000-0000-000000000000"
JOIN = json.dumps(["join_ticket", {"ticket_id": NOTHING}])
ANYWHERE = [f"3{NAMESPACE},1[]", f"60-{NAMESPACE},1[]", "0/other,{}", f"0{NAMESPACE},{{}}"]


async def is_closed(socket: Raw) -> bool:
    async with asyncio.timeout(PATIENCE):
        return await socket.is_closed()


@pytest.mark.parametrize("stray", ANYWHERE)
async def test_who_is_in_may_send_a_few(api: Api, customer: Person, stray: str) -> None:
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        for _ in range(MOST_STRAYS - 1):  # The first connect is one.
            await socket.send(stray)
        assert (await socket.call(JOIN))["error"]["code"] == "ticket_not_found"
        await socket.send(stray)
        assert await is_closed(socket)


@pytest.mark.parametrize("stray", [*ANYWHERE, f"2{NAMESPACE},1{JOIN}"])
async def test_who_is_not_in_yet_may_send_a_few(
    api: Api, customer: Person, monkeypatch: pytest.MonkeyPatch, stray: str
) -> None:
    monkeypatch.setattr("server.transport.socket_server.CONNECT_SECONDS", 10 * PATIENCE)
    async with Raw(api) as socket, Raw(api) as other:
        for _ in range(MOST_STRAYS + 1):
            await socket.send(stray)
        assert await is_closed(socket)
        for _ in range(MOST_STRAYS // 2):
            await other.send(stray)
        if stray[0] != "0":  # Else the refusals come before the answer.
            await other.connect(customer.token)


async def test_who_goes_on_beyond_a_limit_is_hung_up_on(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, api = application
    monkeypatch.setattr(shared, "TYPING", Limit("typing-few", parse("3 per hour")))
    monkeypatch.setattr(shared, "POST", Limit("post-few", parse("3 per hour")))
    monkeypatch.setattr(shared, "BEYOND", Limit("beyond-few", parse("5 per hour")))
    ticket_id = (await api.a_ticket(customer))["id"]
    typing = json.dumps(["typing", {"ticket_id": ticket_id, "active": True}])
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        await socket.call(json.dumps(["join_ticket", {"ticket_id": ticket_id}]))
        told = [(await socket.call(typing)).get("error", {}).get("code") for _ in range(8)]
        assert told == [None] * 3 + ["rate_limited"] * 5
        await socket.send(f"2{NAMESPACE},9{typing}")
        assert await is_closed(socket)
    url = f"/ws/tickets/{ticket_id}?token={customer.token}"
    async with asyncio.timeout(PATIENCE), api.http.ws_connect(url) as ws:
        for _ in range(4):
            await ws.send_json({"content": "hello"})
        while (message := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        assert message.extra == "rate_limited"


async def test_new_tokens_for_sockets_are_limited(
    application: Served, customer: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, api = application
    monkeypatch.setattr(shared, "REFRESH_AUTH", Limit("refresh-few", parse("2 per hour")))
    refresh = json.dumps(["refresh_auth", {"token": customer.token}])
    async with Raw(api) as socket:
        await socket.connect(customer.token)
        told = [(await socket.call(refresh))["ok"] for _ in range(3)]
    assert told == [True, True, False]
