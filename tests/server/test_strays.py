"""Packets without a use: a few are passed over, who goes on with them is hung up on."""

import asyncio
import json

import pytest

from server.strays import MOST_STRAYS
from tests.api import Api
from tests.factories import Person
from tests.server.raw_sockets import NAMESPACE, Raw

# Less than a silent client has.
PATIENCE = 15.0
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
    monkeypatch.setattr("server.engine.CONNECT_SECONDS", 10 * PATIENCE)
    async with Raw(api) as socket, Raw(api) as other:
        for _ in range(MOST_STRAYS + 1):
            await socket.send(stray)
        assert await is_closed(socket)
        for _ in range(MOST_STRAYS // 2):
            await other.send(stray)
        if stray[0] != "0":  # Else the refusals come before the answer.
            await other.connect(customer.token)
